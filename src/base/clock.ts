// The only door to time. Logic asks a Clock, so that tests turn the hands themselves.
//
// Deadlines are numbers (milliseconds of Clock.now): restarting a hold timer is an assignment, not a clearTimeout.

/** Something that was asked to happen later. */
export interface Alarm {
  cancel(): void;
}

export interface Clock {
  /** Monotonic milliseconds, fractional, from an arbitrary origin. */
  now(): number;
  /** Milliseconds since 1970, for people. Never used for intervals. */
  wallTime(): number;
  /** Calls `run` once, when now() has reached `deadline`. Does not keep the process alive by itself. */
  at(deadline: number, run: () => void): Alarm;
  /** Calls `run` after the I/O that is already waiting has been handled (setImmediate). */
  soon(run: () => void): void;
}

/** The real clock. */
export class SystemClock implements Clock {
  now(): number {
    return performance.now();
  }

  wallTime(): number {
    return Date.now();
  }

  at(deadline: number, run: () => void): Alarm {
    // setTimeout truncates to whole milliseconds: round up, or the alarm rings before its deadline.
    const delay = Math.min(Math.max(0, Math.ceil(deadline - performance.now())), 0x7fffffff);
    const timer = setTimeout(run, delay);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  }

  soon(run: () => void): void {
    setImmediate(run);
  }
}

/** Named deadlines of one owner behind a single alarm; the earliest rings first, equal ones in order of their names' first use.
 *  `onDeadline` is called with the name after the deadline was cleared, so that it may be set again inside. */
export class Deadlines<Name extends string> {
  readonly #clock: Clock;
  readonly #onDeadline: (name: Name) => void;
  readonly #at = new Map<Name, number>();
  #alarm: Alarm | undefined;
  #alarmAt = Infinity;

  constructor(clock: Clock, onDeadline: (name: Name) => void) {
    this.#clock = clock;
    this.#onDeadline = onDeadline;
  }

  /** Starts or restarts `name`, `delayMs` from now. Moving a deadline later costs no system timer. */
  start(name: Name, delayMs: number): void {
    const at = this.#clock.now() + delayMs;
    this.#at.set(name, at);
    if (at < this.#alarmAt) this.#arm(at);
  }

  stop(name: Name): void {
    this.#at.delete(name);
  }

  stopAll(): void {
    this.#at.clear();
    this.#alarm?.cancel();
    this.#alarm = undefined;
    this.#alarmAt = Infinity;
  }

  isRunning(name: Name): boolean {
    return this.#at.has(name);
  }

  /** Milliseconds until `name` rings, or undefined if it does not run. */
  remaining(name: Name): number | undefined {
    const at = this.#at.get(name);
    return at === undefined ? undefined : Math.max(0, at - this.#clock.now());
  }

  #arm(at: number): void {
    this.#alarm?.cancel();
    this.#alarmAt = at;
    this.#alarm = this.#clock.at(at, () => this.#ring());
  }

  #ring(): void {
    this.#alarm = undefined;
    this.#alarmAt = Infinity;
    for (;;) {
      const due = this.#earliest();
      if (due === undefined) return;
      const at = this.#at.get(due) ?? Infinity;
      if (at > this.#clock.now()) {
        if (at < this.#alarmAt) this.#arm(at);
        return;
      }
      this.#at.delete(due);
      this.#onDeadline(due);
    }
  }

  #earliest(): Name | undefined {
    let name: Name | undefined;
    let earliest = Infinity;
    for (const [candidate, at] of this.#at) {
      if (at < earliest) {
        earliest = at;
        name = candidate;
      }
    }
    return name;
  }
}
