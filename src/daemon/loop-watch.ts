// How late the event loop is, measured by the daemon itself: a clock that looks on while it is used.
//
// While there is work an alarm is set every 10 ms; how much later than asked it rings is how late a keepalive, or an answer
// on the control socket, would have been at that moment. Work shows itself by what it asks to be done `soon`: a received
// table, a flush, a request. Where nothing was asked for since the last alarm none is set again, so that an idle daemon is
// not woken for its own sake, and its idle hours do not hide its busy seconds in the percentiles.
//
// perf_hooks.monitorEventLoopDelay would wake the process a hundred times a second for ever, counts its own interval as
// delay, and records a standstill of a second once, which hundred callers would have suffered.

import type { Alarm, Clock } from "../base/clock.js";
import type { EventLoopDelay } from "../speaker/snapshot.js";
import { DelayHistogram } from "./delay-histogram.js";

const INTERVAL_MS = 10;

/** What was measured, for status. */
export class LoopDelay {
  readonly #clock: Clock;
  readonly #histogram = new DelayHistogram();
  #since: number;
  #due = 0;
  #isWatching = false;
  #hasWork = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** There is work: looks on from now, until there is none any more. */
  work(): void {
    this.#hasWork = true;
    if (!this.#isWatching) this.#watch(this.#clock.now());
  }

  snapshot(): EventLoopDelay {
    const histogram = this.#histogram;
    return {
      p50Ms: hundredths(histogram.percentile(0.5)),
      p99Ms: hundredths(histogram.percentile(0.99)),
      maxMs: hundredths(histogram.maxMs),
      samples: histogram.count,
      sinceSeconds: Math.floor((this.#clock.now() - this.#since) / 1000),
    };
  }

  /** Forgets what was measured. */
  reset(): void {
    this.#histogram.clear();
    this.#since = this.#clock.now();
  }

  #watch(now: number): void {
    this.#isWatching = true;
    this.#hasWork = false;
    this.#due = now + INTERVAL_MS;
    this.#clock.at(this.#due, () => this.#ring());
  }

  #ring(): void {
    const now = this.#clock.now();
    const late = Math.max(0, now - this.#due);
    // Whoever had come every 10 ms meanwhile would have waited too, each a little less.
    for (let wait = late; wait >= 0; wait -= INTERVAL_MS) this.#histogram.record(wait);
    if (this.#hasWork) this.#watch(now);
    else this.#isWatching = false;
  }
}

/** The clock of the daemon; everything that uses it is measured. */
export class LoopWatch implements Clock {
  readonly delay: LoopDelay;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.delay = new LoopDelay(clock);
  }

  now(): number {
    return this.#clock.now();
  }

  wallTime(): number {
    return this.#clock.wallTime();
  }

  at(deadline: number, run: () => void): Alarm {
    return this.#clock.at(deadline, run);
  }

  soon(run: () => void): void {
    this.delay.work();
    this.#clock.soon(run);
  }
}

function hundredths(ms: number): number {
  return Math.round(ms * 100) / 100;
}
