// Back-off of a peer that keeps failing: DampPeerOscillations of RFC 4271 §8.1.1, whose method the RFC leaves open.
//
// The pause doubles with each damped failure between two bounds; a session that outlived the longest pause resets it.

export class IdleHold {
  #minSeconds: number;
  #maxSeconds: number;
  #failures = 0;

  constructor(bounds: readonly [number, number]) {
    [this.#minSeconds, this.#maxSeconds] = bounds;
  }

  /** New bounds; failures so far still count. */
  setBounds(bounds: readonly [number, number]): void {
    [this.#minSeconds, this.#maxSeconds] = bounds;
  }

  /** The pause before the next start. */
  get delayMs(): number {
    const doublings = Math.max(0, this.#failures - 1);
    return Math.min(this.#maxSeconds, this.#minSeconds * 2 ** Math.min(doublings, 31)) * 1000;
  }

  /** A failure that shall be damped: the first one gives the shortest pause. */
  damp(): void {
    this.#failures++;
  }

  /** A session that was Established for `durationMs` has ended. */
  sessionEnded(durationMs: number): void {
    if (durationMs > this.#maxSeconds * 1000) this.reset();
  }

  /** Someone intervened: start afresh. */
  reset(): void {
    this.#failures = 0;
  }
}
