// A clock that stands still unless it is told to move on: for what is played again instead of lived through. `soon` jobs and
// alarms run inside settle() and advance(), in order of time.

import type { Alarm, Clock } from "./clock.js";

interface Entry {
  readonly at: number;
  readonly run: () => void;
}

export class VirtualClock implements Clock {
  #now: number;
  readonly #start: number;
  readonly #wallTimeMs: number;
  readonly #mostJobs: number;
  #alarms: Entry[] = [];
  #soon: (() => void)[] = [];

  /** `wallTimeMs`: what to tell people at the start, milliseconds since 1970; `start`: the first reading of now().
   *  More than `mostJobs` in one settle() are an error: something spins. */
  constructor(wallTimeMs: number, start = 0, mostJobs = 1e8) {
    this.#wallTimeMs = wallTimeMs;
    this.#now = this.#start = start;
    this.#mostJobs = mostJobs;
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#wallTimeMs + this.#now - this.#start;
  }

  at(deadline: number, run: () => void): Alarm {
    const entry = { at: deadline, run };
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

  /** Runs everything that was to happen soon, and what comes of it, without time passing. */
  settle(): void {
    for (let n = 0; this.#soon.length > 0; n += this.#soon.length) {
      if (n > this.#mostJobs) throw new Error("jobs never end");
      const jobs = this.#soon;
      this.#soon = [];
      for (const run of jobs) run();
    }
  }

  /** Moves time on by `ms`, ringing the alarms on the way. */
  advance(ms: number): void {
    const end = this.#now + ms;
    this.settle();
    for (;;) {
      // Sorting keeps the order of those for the same moment.
      const [next] = this.#alarms.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#alarms = this.#alarms.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      this.settle();
    }
    this.#now = end;
    this.settle();
  }
}
