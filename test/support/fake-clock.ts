// A clock whose hands the test turns. `soon` jobs and alarms run inside advance() and settle(), in order of time.

import type { Alarm, Clock } from "../../src/base/clock.js";

interface Entry {
  at: number;
  sequence: number;
  run: () => void;
}

export class FakeClock implements Clock {
  #now = 1000;
  #sequence = 0;
  #alarms: Entry[] = [];
  #soon: (() => void)[] = [];
  /** Wall time at now() = 1000. */
  readonly epoch = Date.UTC(2026, 0, 1);

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.epoch + this.#now - 1000;
  }

  at(deadline: number, run: () => void): Alarm {
    const entry = { at: deadline, sequence: this.#sequence++, run };
    this.#alarms.push(entry);
    return {
      cancel: () => {
        this.#alarms = this.#alarms.filter((other) => other !== entry);
      },
    };
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** Number of alarms that wait. */
  get pending(): number {
    return this.#alarms.length;
  }

  /** Runs `soon` jobs (and those they add) until none is left; throws after 100,000: something spins. */
  settle(): void {
    for (let n = 0; this.#soon.length > 0; n++) {
      if (n > 100_000) throw new Error("FakeClock.settle: jobs never end");
      this.#soon.shift()?.();
    }
  }

  /** Moves time on by `ms`, ringing the alarms on the way. */
  advance(ms: number): void {
    const end = this.#now + ms;
    this.settle();
    for (;;) {
      const next = this.#alarms
        .filter((entry) => entry.at <= end)
        .sort((a, b) => a.at - b.at || a.sequence - b.sequence)[0];
      if (next === undefined) break;
      this.#alarms = this.#alarms.filter((entry) => entry !== next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      this.settle();
    }
    this.#now = end;
    this.settle();
  }
}
