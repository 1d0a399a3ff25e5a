// Long jobs in slices: peer-down walks, dumps, policy re-evaluation. Between two slices the event loop runs, so
// keepalives are never late because of a large table.

import type { Clock } from "./clock.js";

/** One slice of a job: works until `clock.now()` passes `until` (it may overrun by one step); true when all is done. */
export type Job = (until: number) => boolean;

export const SLICE_MS = 2;

/** Runs jobs in turn, a slice each. */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #sliceMs: number;
  readonly #jobs: Job[] = [];
  #scheduled = false;

  constructor(clock: Clock, sliceMs = SLICE_MS) {
    this.#clock = clock;
    this.#sliceMs = sliceMs;
  }

  get length(): number {
    return this.#jobs.length;
  }

  /** Appends a job; its first slice runs after the I/O that is already waiting. */
  add(job: Job): void {
    this.#jobs.push(job);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.soon(() => this.#slice());
  }

  #slice(): void {
    this.#scheduled = false;
    const job = this.#jobs.shift();
    if (job === undefined) return;
    if (!job(this.#clock.now() + this.#sliceMs)) this.#jobs.push(job);
    if (this.#jobs.length > 0) this.#schedule();
  }
}
