// Large tables that have left leave memory behind: looks now and then whether most of it holds nothing any more, and has the
// tables moved to as much as they need. Not at once: a peer that went away often comes back with the same table.

import type { Alarm, Clock } from "../base/clock.js";
import type { Rib } from "../rib/rib.js";

/** Between two looks; a table is trimmed at the second one that finds it sparse. */
const LOOK_MS = 10_000;

export class TableTrim {
  readonly #clock: Clock;
  readonly #rib: Rib;
  readonly #onTrimmed: () => void;
  #alarm: Alarm | undefined;
  #wasSparse = false;

  /** `onTrimmed`: the tables have let go of memory. */
  constructor(clock: Clock, rib: Rib, onTrimmed: () => void) {
    this.#clock = clock;
    this.#rib = rib;
    this.#onTrimmed = onTrimmed;
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
      this.#rib.trim(() => this.#onTrimmed());
      this.#wasSparse = false;
    } else this.#wasSparse = isSparse;
    this.start();
  }
}
