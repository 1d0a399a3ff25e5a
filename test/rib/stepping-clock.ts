// A clock for jobs in slices: the test runs what was asked for `soon` one at a time, and every look at the clock moves it
// on, so that a job which minds its slice stops after the first look. Alarms ring when nothing else is left to run.

import type { Alarm, Clock } from "../../src/base/clock.js";

export class SteppingClock implements Clock {
  /** Milliseconds that pass with each look at the clock. */
  stepMs: number;
  #now = 1000;
  readonly #soon: (() => void)[] = [];
  readonly #alarms = new Set<{ readonly deadline: number; readonly run: () => void }>();

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

  at(deadline: number, run: () => void): Alarm {
    const alarm = { deadline, run };
    this.#alarms.add(alarm);
    return { cancel: () => void this.#alarms.delete(alarm) };
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** Runs the next job; false if there is none. */
  step(): boolean {
    const run = this.#soon.shift() ?? this.#nextAlarm();
    run?.();
    return run !== undefined;
  }

  /** The next alarm; time has come to it. */
  #nextAlarm(): (() => void) | undefined {
    const [next] = [...this.#alarms].sort((a, b) => a.deadline - b.deadline);
    if (next === undefined) return undefined;
    this.#alarms.delete(next);
    this.#now = Math.max(this.#now, next.deadline);
    return next.run;
  }

  /** Runs jobs until none is left; gives how many. Throws if they never end. */
  settle(): number {
    for (let count = 0; ; count++) {
      if (!this.step()) return count;
      if (count > 200_000) throw new Error("SteppingClock.settle: jobs never end");
    }
  }
}
