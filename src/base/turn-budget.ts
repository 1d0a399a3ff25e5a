// One allowance of time per turn of the event loop for everybody who handles input: five hundred peers that send at once
// must not take five hundred slices in one turn. Who finds it used up waits in line for a later one.
//
// A turn begins behind the I/O that was waiting (Clock.soon) with those in line, and what is left of it is for the I/O
// that comes next. While nobody waits it begins with whoever comes first.

import type { Clock } from "./clock.js";

const TURN_MS = 3;

export class TurnBudget {
  readonly #clock: Clock;
  readonly #turnMs: number;
  #waiting: (() => void)[] = [];
  #isOpen = false;
  #until = 0;

  constructor(clock: Clock, turnMs = TURN_MS) {
    this.#clock = clock;
    this.#turnMs = turnMs;
  }

  /** When this turn's time is used up, in milliseconds of Clock.now. */
  get until(): number {
    if (!this.#isOpen) this.#open();
    return this.#until;
  }

  get isUsedUp(): boolean {
    return this.#isOpen && this.#clock.now() >= this.#until;
  }

  /** Calls `run` in a later turn, behind those who have asked before; it works until `until`. */
  wait(run: () => void): void {
    if (!this.#isOpen) this.#open();
    this.#waiting.push(run);
  }

  #open(): void {
    this.#isOpen = true;
    this.#until = this.#clock.now() + this.#turnMs;
    this.#clock.soon(() => this.#turn());
  }

  #turn(): void {
    this.#isOpen = false;
    const line = this.#waiting;
    if (line.length === 0) return;
    this.#waiting = [];
    this.#open();
    let served = 0;
    // The first one always gets on, whatever the clock says.
    do line[served++]();
    while (served < line.length && this.#clock.now() < this.#until);
    if (served < line.length) this.#waiting = [...line.slice(served), ...this.#waiting];
  }
}
