// One family's wished and actual routes as columns over a PrefixIndex: no object per route. The table keeps the columns
// consistent (status, counters, references to paths); when to write what is decided by fib-sync.ts.
//
// A prefix may have several routes of ours that differ in their metric: while one takes the place of the other, or left
// over from an earlier run. One of them, the wished one if it is there, stands in the column, the others in a map.

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
/** Found at the start and not written by us since. */
export const ADOPTED = 16;
/** Another program's route has the place of the wish: what we hold with another metric is to go at once. */
export const UNSEATED = 32;

/** A route of ours beside the one in the column. */
interface OtherRoute {
  readonly metric: number;
  /** As in the column; never 0. */
  actual: number;
  seen: number;
}

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
  /** Rows with routes beside `actual`, none of them with its metric. */
  readonly #others = new Map<number, OtherRoute[]>();
  /** Routes held that are an observed path. */
  #observedRoutes = 0;

  /** `metric`: of wishes that name none. */
  constructor(family: Family, devices: DeviceIndexes, metric: number, seed: number) {
    this.family = family;
    this.paths = new PathTable(family, devices, metric);
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
    if (this.#wish[row] !== 0 || this.#actual[row] !== 0 || (this.#flags[row] & ~(ADOPTED | UNSEATED)) !== 0) return;
    this.setStatus(row, FREE);
    this.#flags[row] = 0;
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
    this.#flags[row] &= ~UNSEATED;
    if (this.hasOthers(row)) this.#prefer(row);
  }

  actual(row: number): number {
    return this.#actual[row];
  }

  /** The kernel holds `actual`, not 0, for the row, instead of what it held with that metric. */
  learn(row: number, actual: number, generation: number): void {
    const held = this.#actual[row];
    if (held === 0 || this.metricOf(held) === this.metricOf(actual)) {
      this.#setActual(row, actual);
      this.#seen[row] = generation;
    } else this.#learnOther(row, actual, generation);
  }

  /** The kernel has no route of ours with this metric; false if none was known. */
  forget(row: number, metric: number, generation: number): boolean {
    const held = this.#actual[row];
    if (held !== 0 && this.metricOf(held) === metric) {
      this.#setActual(row, 0);
      this.#seen[row] = generation;
      if (this.hasOthers(row)) this.#promote(row, this.#others.get(row)?.at(-1)?.metric);
      return true;
    }
    return this.#takeOther(row, metric) !== undefined;
  }

  metricOf(actual: number): number {
    return actual < 0 ? this.paths.wishMetric(-actual) : this.paths.observedMetric(actual);
  }

  hasOthers(row: number): boolean {
    return this.#others.size > 0 && this.#others.has(row);
  }

  /** Metric of a route of ours beside the one in the column. */
  otherMetric(row: number): number | undefined {
    return this.#others.get(row)?.[0].metric;
  }

  /** True if nothing newer is known of the row's route with this metric than a dump of this generation tells. */
  isNews(row: number, metric: number, generation: number): boolean {
    const held = this.#actual[row];
    if (held === 0 || this.metricOf(held) === metric) return this.#seen[row] !== generation;
    const other = this.#others.get(row)?.find((candidate) => candidate.metric === metric);
    return other === undefined || other.seen !== generation;
  }

  /** Removes what a dump of this generation has not shown beside the route in the column; true if there was any. */
  forgetUnseenOthers(row: number, generation: number): boolean {
    const gone = (this.#others.get(row) ?? []).filter(({ seen }) => seen !== generation);
    for (const { metric } of gone) this.#takeOther(row, metric);
    return gone.length > 0;
  }

  /** A dump of this generation shows a route whose row is not to be touched. */
  touchOther(row: number, metric: number, generation: number): void {
    const other = this.#others.get(row)?.find((candidate) => candidate.metric === metric);
    if (other !== undefined) other.seen = generation;
  }

  /** True if the kernel holds what is wished; an observed path that fits is then remembered as the wish itself. */
  isFulfilled(row: number): boolean {
    const wish = this.#wish[row];
    const actual = this.#actual[row];
    if (actual <= 0) return wish === -actual;
    if (wish === 0 || !this.paths.matches(wish, actual)) return false;
    this.#setActual(row, -wish);
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

  /** The last request for the row was refused, although what is wished for stands. */
  noteError(row: number, words: string): void {
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

  #setActual(row: number, actual: number): void {
    this.#hold(actual);
    const old = this.#actual[row];
    this.#actual[row] = actual;
    this.#drop(old);
  }

  #hold(actual: number): void {
    if (actual < 0) this.paths.retain(-actual);
    else if (actual > 0) this.#observedRoutes++;
  }

  #drop(actual: number): void {
    if (actual < 0) this.paths.release(-actual);
    else if (actual > 0) this.#observedRoutes--;
    // Observed paths pile up where interfaces come and go; once every route is claimed they are not needed.
    if (this.#observedRoutes === 0 && this.paths.observedCount > 1024) this.paths.clearObserved();
  }

  #learnOther(row: number, actual: number, generation: number): void {
    const metric = this.metricOf(actual);
    const others = this.#others.get(row);
    const known = others?.find((other) => other.metric === metric);
    this.#hold(actual);
    if (known !== undefined) {
      this.#drop(known.actual);
      known.actual = actual;
      known.seen = generation;
    } else if (others !== undefined) others.push({ metric, actual, seen: generation });
    else this.#others.set(row, [{ metric, actual, seen: generation }]);
    this.#prefer(row);
  }

  /** Puts the route with the metric of the wish into the column. */
  #prefer(row: number): void {
    const wish = this.#wish[row];
    if (wish === 0) return;
    const held = this.#actual[row];
    const metric = this.paths.wishMetric(wish);
    if (held === 0 || this.metricOf(held) !== metric) this.#promote(row, metric);
  }

  #promote(row: number, metric: number | undefined): void {
    const other = metric === undefined ? undefined : this.#takeOther(row, metric, true);
    if (other === undefined) return;
    const held = this.#actual[row];
    if (held !== 0) {
      const beside: OtherRoute = { metric: this.metricOf(held), actual: held, seen: this.#seen[row] };
      const others = this.#others.get(row);
      if (others === undefined) this.#others.set(row, [beside]);
      else others.push(beside);
    }
    this.#actual[row] = other.actual;
    this.#seen[row] = other.seen;
  }

  /** Takes a route out of the map; `kept`: it goes on being held. */
  #takeOther(row: number, metric: number, kept = false): OtherRoute | undefined {
    const others = this.#others.get(row);
    const at = others?.findIndex((other) => other.metric === metric) ?? -1;
    if (others === undefined || at < 0) return undefined;
    const [other] = others.splice(at, 1);
    if (others.length === 0) this.#others.delete(row);
    if (!kept) this.#drop(other.actual);
    return other;
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
