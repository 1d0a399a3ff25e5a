// How long the routes of a restarting peer stay, per family (RFC 4724 §4.2).

import { type Clock, Deadlines } from "../base/clock.js";
import type { Family } from "../base/family.js";

export class StaleTimers {
  readonly #deadlines: Deadlines<"0" | "1">;

  constructor(clock: Clock, onExpired: (family: Family) => void) {
    this.#deadlines = new Deadlines(clock, (name) => onExpired(name === "0" ? 0 : 1));
  }

  start(family: Family, delayMs: number): void {
    this.#deadlines.start(nameOf(family), delayMs);
  }

  stop(family: Family): void {
    this.#deadlines.stop(nameOf(family));
  }

  stopAll(): void {
    this.#deadlines.stopAll();
  }

  /** Milliseconds until the time of the family is up; undefined: nothing is kept. */
  remaining(family: Family): number | undefined {
    return this.#deadlines.remaining(nameOf(family));
  }

  isRunning(family: Family): boolean {
    return this.#deadlines.isRunning(nameOf(family));
  }
}

function nameOf(family: Family): "0" | "1" {
  return family === 0 ? "0" : "1";
}
