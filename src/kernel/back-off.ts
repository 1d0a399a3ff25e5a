// When to try again: failed routes as a whole, and single routes that another program keeps changing.

import type { Alarm, Clock } from "../base/clock.js";

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;
/** Links and addresses change in bursts; a retry may cost a request per failed route. */
const SETTLE_MS = 50;

/** One alarm for everything that failed: after 1 s, 2 s, 4 s … 60 s, or soon after the world changed. */
export class RetryTimer {
  readonly #clock: Clock;
  readonly #retry: () => void;
  #delayMs = FIRST_RETRY_MS;
  #alarm: Alarm | undefined;
  #deadline = Infinity;
  #rangAt = -Infinity;

  constructor(clock: Clock, retry: () => void) {
    this.#clock = clock;
    this.#retry = retry;
  }

  /** Something failed: makes sure that it will be tried again. */
  start(): void {
    if (this.#alarm !== undefined) return;
    // What failed long ago is another story.
    if (this.#clock.now() - this.#rangAt > 2 * LONGEST_RETRY_MS) this.#delayMs = FIRST_RETRY_MS;
    this.#arm(this.#clock.now() + this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, LONGEST_RETRY_MS);
  }

  /** What failed may work now. */
  hasten(): void {
    this.#delayMs = FIRST_RETRY_MS;
    const soon = this.#clock.now() + SETTLE_MS;
    if (this.#deadline > soon) this.#arm(soon);
  }

  stop(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    this.#deadline = Infinity;
  }

  #arm(deadline: number): void {
    this.#alarm?.cancel();
    this.#deadline = deadline;
    this.#alarm = this.#clock.at(deadline, () => {
      this.stop();
      this.#rangAt = this.#clock.now();
      this.#retry();
    });
  }
}

const FORGET_MS = 60_000;
const MOST_FIGHTS = 65_536;

/** Counts how often a key had to be put right, and says how long to wait before doing it again: at once the first time,
 *  then 1 s, 2 s, 4 s … 60 s, until it was left alone for a minute. */
export class FightDamper {
  readonly #clock: Clock;
  readonly #fights = new Map<number, { count: number; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes one more repair of `key`; gives how many there were lately and the wait. */
  repair(key: number): { readonly count: number; readonly delayMs: number } {
    const now = this.#clock.now();
    const fight = this.#fights.get(key);
    if (fight === undefined || now - fight.at > FORGET_MS) {
      if (this.#fights.size >= MOST_FIGHTS) this.#fights.clear();
      this.#fights.set(key, { count: 1, at: now });
      return { count: 1, delayMs: 0 };
    }
    fight.count++;
    const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(fight.count - 2, 10));
    fight.at = now + delayMs;
    return { count: fight.count, delayMs };
  }

  /** Forgets fights that ended. */
  prune(): void {
    const now = this.#clock.now();
    for (const [key, fight] of this.#fights) if (now - fight.at > FORGET_MS) this.#fights.delete(key);
  }
}
