// Repairs of routes that another program keeps changing: at once the first time, then ever more slowly (FightDamper). Keeps
// who waits for how long; what a repair is, the one who asks knows.

import type { Alarm, Clock } from "../base/clock.js";
import { FightDamper } from "./back-off.js";

export class DelayedRepairs {
  readonly #clock: Clock;
  readonly #onDue: (key: number) => void;
  readonly #damper: FightDamper;
  #waiting: { readonly key: number; readonly at: number }[] = [];
  #earliest = Infinity;
  #alarm: Alarm | undefined;

  /** `onDue`: the wait of a key is over. */
  constructor(clock: Clock, onDue: (key: number) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
    this.#damper = new FightDamper(clock);
  }

  /** Notes one more repair of `key`; gives how many there were lately. `isDelayed`: onDue will be called. */
  add(key: number): { readonly count: number; readonly isDelayed: boolean } {
    const { count, delayMs } = this.#damper.repair(key);
    if (delayMs > 0) {
      const at = this.#clock.now() + delayMs;
      this.#waiting.push({ key, at });
      this.#arm(at);
    }
    return { count, isDelayed: delayMs > 0 };
  }

  /** Forgets fights that ended. */
  prune(): void {
    this.#damper.prune();
  }

  stop(): void {
    this.#alarm?.cancel();
    this.#waiting = [];
  }

  #arm(at: number): void {
    if (at >= this.#earliest) return;
    this.#earliest = at;
    this.#alarm?.cancel();
    this.#alarm = this.#clock.at(Math.max(at, this.#clock.now()), () => this.#release());
  }

  #release(): void {
    const now = this.#clock.now();
    this.#earliest = Infinity;
    const due = this.#waiting.filter(({ at }) => at <= now);
    this.#waiting = this.#waiting.filter(({ at }) => at > now);
    for (const { key } of due) this.#onDue(key);
    this.#arm(this.#waiting.reduce((least, { at }) => Math.min(least, at), Infinity));
  }
}
