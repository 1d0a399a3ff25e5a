// Which prefixes changed since a reader last looked: each prefix at most once, in order of its first change.
//
// A reader is an update group or the kernel's table. Marking is a bit and an append; memory follows the number of
// distinct prefixes that wait, never the speed of the changes. A prefix in the log is held, so that its row stays.

import { Bitset } from "../base/bitset.js";
import type { PrefixId, RouteTable } from "./route-table.js";

const FIRST_ENTRIES = 1024;

export class ChangeLog {
  readonly #routes: RouteTable;
  readonly #dirty = new Bitset();
  #entries = new Int32Array(FIRST_ENTRIES);
  #tail = 0;
  #head = 0;

  constructor(routes: RouteTable) {
    this.#routes = routes;
  }

  get length(): number {
    return this.#head - this.#tail;
  }

  /** Notes that something about the prefix changed. */
  mark(prefix: PrefixId): void {
    if (!this.#dirty.add(prefix)) return;
    this.#routes.hold(prefix);
    if (this.#head === this.#entries.length) this.#makeRoom();
    this.#entries[this.#head++] = prefix;
  }

  /** The oldest prefix of the log: taken out and no longer dirty, but still held; the caller unholds it when done. 0 if none. */
  take(): PrefixId {
    if (this.#tail === this.#head) return 0;
    const prefix = this.#entries[this.#tail++];
    // Cleared when the prefix is taken, not by comparing log positions: a change after this must mark again.
    this.#dirty.delete(prefix);
    if (this.#tail === this.#head) this.#tail = this.#head = 0;
    return prefix;
  }

  /** Gives back memory that is not needed now. */
  trim(): void {
    this.#dirty.trim();
    if (this.length === 0 && this.#entries.length > FIRST_ENTRIES) this.#entries = new Int32Array(FIRST_ENTRIES);
  }

  /** Forgets everything. */
  clear(): void {
    for (let prefix = this.take(); prefix !== 0; prefix = this.take()) this.#routes.unhold(prefix);
  }

  #makeRoom(): void {
    if (this.#tail > this.#entries.length >> 1) {
      this.#entries.copyWithin(0, this.#tail, this.#head);
      this.#head -= this.#tail;
      this.#tail = 0;
      return;
    }
    const larger = new Int32Array(this.#entries.length * 2);
    larger.set(this.#entries.subarray(this.#tail, this.#head));
    this.#head -= this.#tail;
    this.#tail = 0;
    this.#entries = larger;
  }
}
