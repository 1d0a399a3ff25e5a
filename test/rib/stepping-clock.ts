// A clock for jobs in slices: the test runs what was asked for `soon` one at a time, and every look at the clock moves it
// on, so that a job which minds its slice stops after the first look.

import type { Alarm, Clock } from "../../src/base/clock.js";

export class SteppingClock implements Clock {
  /** Milliseconds that pass with each look at the clock. */
  stepMs: number;
  #now = 1000;
  readonly #soon: (() => void)[] = [];

  constructor(stepMs = 0) {
    this.stepMs = stepMs;
  }

  now(): number {
    this.#now += this.stepMs;
    return this.#now;
  }

  wallTime(): number {
    return this.#now;
  }

  at(): Alarm {
    throw new Error("the RIB sets no alarms");
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** Runs the next job; false if there is none. */
  step(): boolean {
    const run = this.#soon.shift();
    run?.();
    return run !== undefined;
  }

  /** Runs jobs until none is left; gives how many. Throws if they never end. */
  settle(): number {
    for (let count = 0; ; count++) {
      if (!this.step()) return count;
      if (count > 200_000) throw new Error("SteppingClock.settle: jobs never end");
    }
  }
}
