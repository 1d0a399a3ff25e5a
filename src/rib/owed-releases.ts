// References to attribute sets that are given up in slices: a policy that made a set of every set it was asked about holds
// hundreds of thousands, and the sets go with them.

import type { Clock } from "../base/clock.js";
import type { WorkQueue } from "../base/work-queue.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";

/** Releases between two looks at the clock. */
const RELEASES = 256;

export class OwedReleases {
  readonly #attrs: AttrsTable;
  readonly #queue: WorkQueue;
  readonly #clock: Clock;
  readonly #owed: AttrsId[] = [];

  constructor(attrs: AttrsTable, queue: WorkQueue, clock: Clock) {
    this.#attrs = attrs;
    this.#queue = queue;
    this.#clock = clock;
  }

  /** Takes over one reference to the set; it is released in a later turn. */
  add(id: AttrsId): void {
    this.#owed.push(id);
    if (this.#owed.length === 1) this.#queue.add((until) => this.#work(until));
  }

  #work(until: number): boolean {
    for (let n = 1; this.#owed.length > 0; n++) {
      const id = this.#owed.pop();
      if (id !== undefined) this.#attrs.release(id);
      if (n % RELEASES === 0 && this.#clock.now() >= until) break;
    }
    return this.#owed.length === 0;
  }
}
