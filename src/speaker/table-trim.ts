// Memory that is not needed goes back. Large tables that have left leave it behind: looks now and then whether most of it holds
// nothing any more, and has the tables moved to as much as they need. Not at once: a peer that went away often comes back with
// the same table. And what changes without end leaves holes between blocks that are in use; those go back once a minute.

import type { Alarm, Clock } from "../base/clock.js";
import type { Rib } from "../rib/rib.js";

/** Between two looks; a table is trimmed at the second one that finds it sparse. */
const LOOK_MS = 10_000;
const LOOKS_PER_MINUTE = 6;

export interface TrimActions {
  /** The tables have let go of memory. */
  readonly onTrimmed: () => void;
  /** Once a minute, whatever there is: must cost next to nothing. */
  readonly onMinute: () => void;
}

export class TableTrim {
  readonly #clock: Clock;
  readonly #rib: Rib;
  readonly #actions: TrimActions;
  #alarm: Alarm | undefined;
  #wasSparse = false;
  #looks = 0;

  constructor(clock: Clock, rib: Rib, actions: TrimActions) {
    this.#clock = clock;
    this.#rib = rib;
    this.#actions = actions;
  }

  start(): void {
    this.#alarm ??= this.#clock.at(this.#clock.now() + LOOK_MS, () => this.#look());
  }

  stop(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
  }

  #look(): void {
    this.#alarm = undefined;
    const { isSparse } = this.#rib;
    if (isSparse && this.#wasSparse) {
      this.#rib.trim(() => this.#actions.onTrimmed());
      this.#wasSparse = false;
    } else this.#wasSparse = isSparse;
    if (++this.#looks % LOOKS_PER_MINUTE === 0) this.#actions.onMinute();
    this.start();
  }
}
