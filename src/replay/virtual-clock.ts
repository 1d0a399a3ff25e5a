// A clock that stands still unless it is told to move on: replayed sessions neither wait nor expire.

import type { Alarm, Clock } from "../base/clock.js";

interface Entry {
  readonly at: number;
  readonly run: () => void;
}

/** Jobs that beget jobs for ever are a bug of ours. */
const MOST_JOBS = 1e8;

export class VirtualClock implements Clock {
  #now = 0;
  readonly #wallTimeMs: number;
  #alarms: Entry[] = [];
  #soon: (() => void)[] = [];

  /** `wallTimeMs`: what to tell people, milliseconds since 1970. */
  constructor(wallTimeMs: number) {
    this.#wallTimeMs = wallTimeMs;
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#wallTimeMs + this.#now;
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

  /** Runs everything that was to happen soon, and what comes of it, without time passing. */
  settle(): void {
    for (let n = 0; this.#soon.length > 0; n += this.#soon.length) {
      if (n > MOST_JOBS) throw new Error("jobs never end");
      const jobs = this.#soon;
      this.#soon = [];
      for (const run of jobs) run();
    }
  }

  /** Moves time on, ringing the alarms on the way. */
  advance(ms: number): void {
    const end = this.#now + ms;
    this.settle();
    for (;;) {
      const [next] = this.#alarms.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#alarms = this.#alarms.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      this.settle();
    }
    this.#now = end;
  }
}
