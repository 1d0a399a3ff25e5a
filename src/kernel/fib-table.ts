// One family's wished and actual routes as columns over a PrefixIndex: no object per route. The table keeps the columns
// consistent (status, counters, references to paths); when to write what is decided by fib-sync.ts.

import { writeU32 } from "../base/bytes.js";
import { type Family, IPV4_UNICAST } from "../base/family.js";
import { formatBytes } from "../base/ip.js";
import { PrefixIndex } from "../base/prefix-index.js";
import type { FibEntry, FibState } from "../speaker/ports.js";
import { type DeviceIndexes, PathTable } from "./path-table.js";
import type { PrefixWords } from "./route-message.js";

/** What a row is, as counted. */
export const FREE = 0;
export const PENDING = 1;
export const INSTALLED = 2;
export const FAILED = 3;
/** In the kernel, of an earlier run or a stranger using our protocol number; nobody wished for it yet. */
export const STALE = 4;
/** In the kernel, to be deleted. */
export const LEAVING = 5;
export type RowStatus = typeof FREE | typeof PENDING | typeof INSTALLED | typeof FAILED | typeof STALE | typeof LEAVING;

/** Row flags. */
export const QUEUED = 1;
export const IN_FLIGHT = 2;
/** The kernel changed it while a request of ours was under way: the answer does not tell what is there. */
export const DOUBTFUL = 4;
/** Waits for the end of a back-off. */
export const DELAYED = 8;

export class FibTable {
  readonly family: Family;
  readonly paths: PathTable;
  readonly #index: PrefixIndex;
  /** Wish id; 0: no route of ours. */
  #wish: Int32Array<ArrayBuffer>;
  /** What the kernel holds: 0 nothing of ours, −wish as written for it, otherwise an observed path. */
  #actual: Int32Array<ArrayBuffer>;
  #status: Uint8Array<ArrayBuffer>;
  #flags: Uint8Array<ArrayBuffer>;
  /** Generation in which the kernel's state of the row was last learned. */
  #seen: Int32Array<ArrayBuffer>;
  readonly #counts = new Int32Array(6);
  /** Row → the kernel's words, for rows whose last request was refused: FAILED, or LEAVING that would not go. */
  readonly errors = new Map<number, string>();
  /** Rows whose `actual` is an observed path. */
  #observedRows = 0;

  constructor(family: Family, devices: DeviceIndexes, seed: number) {
    this.family = family;
    this.paths = new PathTable(family, devices);
    this.#index = new PrefixIndex(family, seed);
    const rows = this.#index.capacity;
    this.#wish = new Int32Array(rows);
    this.#actual = new Int32Array(rows);
    this.#status = new Uint8Array(rows);
    this.#flags = new Uint8Array(rows);
    this.#seen = new Int32Array(rows);
  }

  /** Bound for walks by row number, from 1. */
  get end(): number {
    return this.#index.end;
  }

  count(status: RowStatus): number {
    return this.#counts[status];
  }

  find(prefix: PrefixWords): number {
    return this.#index.find(prefix.w0, prefix.w1, prefix.w2, prefix.w3, prefix.length);
  }

  /** As find, for one who has no object at hand. */
  lookup(w0: number, w1: number, w2: number, w3: number, length: number): number {
    return this.#index.find(w0, w1, w2, w3, length);
  }

  insert(w0: number, w1: number, w2: number, w3: number, length: number): number {
    const row = this.#index.insert(w0, w1, w2, w3, length);
    if (this.#index.capacity > this.#wish.length) this.#grow();
    return row;
  }

  /** Gives the row back if nothing is wished, held or under way. */
  freeIfEmpty(row: number): void {
    if (this.#wish[row] !== 0 || this.#actual[row] !== 0 || this.#flags[row] !== 0) return;
    this.setStatus(row, FREE);
    this.#seen[row] = 0;
    this.#index.delete(row);
  }

  isUsed(row: number): boolean {
    return this.#index.isUsed(row);
  }

  wish(row: number): number {
    return this.#wish[row];
  }

  setWish(row: number, wishId: number): void {
    this.paths.retain(wishId);
    const old = this.#wish[row];
    this.#wish[row] = wishId;
    this.paths.release(old);
  }

  actual(row: number): number {
    return this.#actual[row];
  }

  setActual(row: number, actual: number): void {
    if (actual < 0) this.paths.retain(-actual);
    const old = this.#actual[row];
    this.#actual[row] = actual;
    if (old < 0) this.paths.release(-old);
    this.#observedRows += Number(actual > 0) - Number(old > 0);
    // Observed paths pile up where interfaces come and go; once every route is claimed they are not needed.
    if (this.#observedRows === 0 && this.paths.observedCount > 1024) this.paths.clearObserved();
  }

  /** True if the kernel holds what is wished; an observed path that fits is then remembered as the wish itself. */
  isFulfilled(row: number): boolean {
    const wish = this.#wish[row];
    const actual = this.#actual[row];
    if (actual <= 0) return wish === -actual;
    if (wish === 0 || !this.paths.matches(wish, actual)) return false;
    this.setActual(row, -wish);
    return true;
  }

  status(row: number): number {
    return this.#status[row];
  }

  setStatus(row: number, status: RowStatus): void {
    if (this.errors.size > 0) this.errors.delete(row);
    const old = this.#status[row];
    if (old === status) return;
    if (old !== FREE) this.#counts[old]--;
    if (status !== FREE) this.#counts[status]++;
    this.#status[row] = status;
  }

  /** The last request for the row was refused. */
  fail(row: number, words: string): void {
    this.setStatus(row, this.#wish[row] === 0 ? LEAVING : FAILED);
    this.errors.set(row, words);
  }

  has(row: number, flag: number): boolean {
    return (this.#flags[row] & flag) !== 0;
  }

  raise(row: number, flag: number): void {
    this.#flags[row] |= flag;
  }

  lower(row: number, flag: number): void {
    this.#flags[row] &= ~flag;
  }

  seenIn(row: number): number {
    return this.#seen[row];
  }

  setSeen(row: number, generation: number): void {
    this.#seen[row] = generation;
  }

  /** Copies the row's prefix into `out`. */
  readPrefix(row: number, out: { w0: number; w1: number; w2: number; w3: number; length: number }): void {
    out.w0 = this.#index.word(row, 0);
    out.w1 = this.#index.word(row, 1);
    out.w2 = this.#index.word(row, 2);
    out.w3 = this.#index.word(row, 3);
    out.length = this.#index.length(row);
  }

  prefixText(row: number): string {
    const bytes = new Uint8Array(this.family === IPV4_UNICAST ? 4 : 16);
    for (let i = 0; i < bytes.length; i += 4) writeU32(bytes, i, this.#index.word(row, i >> 2));
    return `${formatBytes(bytes)}/${this.#index.length(row)}`;
  }

  /** The wished routes with what became of them. */
  *entries(): Generator<FibEntry> {
    for (let row = 1; row < this.#index.end; row++) {
      const route = this.paths.route(this.#wish[row]);
      if (route === undefined) continue;
      const state = STATES[this.#status[row]] ?? "pending";
      yield { family: this.family, prefix: this.prefixText(row), route, state, error: this.errors.get(row) };
    }
  }

  #grow(): void {
    const rows = this.#index.capacity;
    this.#wish = copyInto(new Int32Array(rows), this.#wish);
    this.#actual = copyInto(new Int32Array(rows), this.#actual);
    this.#status = copyInto(new Uint8Array(rows), this.#status);
    this.#flags = copyInto(new Uint8Array(rows), this.#flags);
    this.#seen = copyInto(new Int32Array(rows), this.#seen);
  }
}

const STATES: Readonly<Record<number, FibState>> = { [INSTALLED]: "installed", [FAILED]: "failed" };

function copyInto<T extends Int32Array | Uint8Array>(larger: T, column: T): T {
  larger.set(column);
  return larger;
}
