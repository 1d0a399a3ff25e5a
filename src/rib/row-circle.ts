// A way through all rows of a table that is gone a few rows at a time, and may be begun again before its end: then it goes
// round once more from where it stands, so that beginning again costs nothing however often it happens.

import type { PrefixId } from "./route-table.js";

export class RowCircle {
  #next: PrefixId = 1;
  #end: PrefixId = 1;
  /** Rows still to be looked at. */
  #left = 0;

  get isDone(): boolean {
    return this.#left === 0;
  }

  /** Every row below `end` is to be looked at from now on. */
  begin(end: PrefixId): void {
    if (this.#left === 0) this.#next = this.#end = 1;
    this.#end = Math.max(this.#end, end);
    this.#left = this.#end - 1;
  }

  /** The next row; only while it is not done. */
  take(): PrefixId {
    if (this.#next >= this.#end) this.#next = 1;
    this.#left--;
    return this.#next++;
  }

  copy(): RowCircle {
    const other = new RowCircle();
    other.#next = this.#next;
    other.#end = this.#end;
    other.#left = this.#left;
    return other;
  }
}
