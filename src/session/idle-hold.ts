// Back-off of a peer that keeps failing: DampPeerOscillations of RFC 4271 §8.1.1, whose method the RFC leaves open.
//
// The pause doubles with each damped failure between two bounds; a session that outlived the longest pause resets it. In
// BIRD's way only errors (NOTIFICATIONs other than Cease) make pauses, and they are forgotten after a time without any; before
// every other attempt there is one short pause.

/** Seconds that BIRD 1.6 waits, under its own names. */
export interface BirdWaits {
  /** `connect delay time`: before an attempt that no error delays. */
  readonly connectDelaySeconds: number;
  /** `error forget time`. */
  readonly errorForgetSeconds: number;
  /** `startup hold time`: for the OPEN. */
  readonly startupHoldSeconds: number;
}

export class IdleHold {
  #minSeconds: number;
  #maxSeconds: number;
  #waits: BirdWaits | undefined;
  readonly #now: () => number;
  #failures = 0;
  #failedAt = 0;
  /** The pause at hand is because of an error. */
  #isError = false;

  /** `waits`: in BIRD's way; `now` as Clock.now. */
  constructor(bounds: readonly [number, number], waits: BirdWaits | undefined, now: () => number) {
    [this.#minSeconds, this.#maxSeconds] = bounds;
    this.#waits = waits;
    this.#now = now;
  }

  /** New bounds; failures so far still count. */
  setBounds(bounds: readonly [number, number], waits: BirdWaits | undefined): void {
    [this.#minSeconds, this.#maxSeconds] = bounds;
    this.#waits = waits;
  }

  /** The pause before the next start. */
  get delayMs(): number {
    if (this.#waits !== undefined && !this.#isError) return Math.max(1, this.#waits.connectDelaySeconds) * 1000;
    const doublings = Math.max(0, this.#failures - 1);
    return Math.min(this.#maxSeconds, this.#minSeconds * 2 ** Math.min(doublings, 31)) * 1000;
  }

  /** In BIRD's way: the pause is because of an error. */
  get isError(): boolean {
    return this.#isError;
  }

  /** A failure that shall be damped: the first one gives the shortest pause. */
  damp(): void {
    this.#failures++;
  }

  /** In BIRD's way, before each pause: whether an error is why. */
  pause(isError: boolean): void {
    this.#isError = isError;
    if (!isError) return;
    const forgetMs = (this.#waits?.errorForgetSeconds ?? Infinity) * 1000;
    if (this.#now() - this.#failedAt >= forgetMs) this.#failures = 0;
    this.#failedAt = this.#now();
    this.#failures++;
  }

  /** A session that was Established for `durationMs` has ended. */
  sessionEnded(durationMs: number): void {
    if (this.#waits === undefined && durationMs > this.#maxSeconds * 1000) this.reset();
  }

  /** Someone intervened: start afresh. */
  reset(): void {
    this.#failures = 0;
    this.#isError = false;
  }
}
