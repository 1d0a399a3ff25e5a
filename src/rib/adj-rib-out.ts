// What an update group has told its members, RFC 4271 §3.2: for each prefix the one path that went out, or, with ADD-PATH
// (RFC 7911), several of them by path identifier. Two kinds of storage behind one way to read them.
//
// It holds references to the attribute sets and holds on the prefixes, so that rows of both stay while they are advertised.

import type { AttrsId, AttrsTable } from "./attrs-table.js";
import { PathLists, type PathNode } from "./path-lists.js";
import type { PrefixId, RouteTable } from "./route-table.js";

/** Path identifier of the only path, where there are no path identifiers. */
export const ONLY_PATH = 0;

export interface AdjRibOut {
  /** Paths advertised. */
  readonly count: number;
  /** Of rows from here on nothing is advertised. */
  readonly end: PrefixId;
  /** The paths of a prefix in ascending order of their identifiers; 0: no more. */
  first(prefix: PrefixId): PathNode;
  next(node: PathNode): PathNode;
  pathId(node: PathNode): number;
  attrs(node: PathNode): AttrsId;
  /** Advertises another set for the path, 0: none. True if nothing of the prefix is left: the caller unholds it when it has
   *  written what it has to write about it. */
  set(prefix: PrefixId, pathId: number, is: AttrsId): boolean;
  /** Gives back the memory of rows for which nothing is advertised any more. A walk over all of them. */
  trim(): void;
}

/** Of the prefix both have the same paths with the same sets, or none. */
export function isToldAlike(a: AdjRibOut, b: AdjRibOut, prefix: PrefixId): boolean {
  let pathA = a.first(prefix);
  let pathB = b.first(prefix);
  while (pathA !== 0 && pathB !== 0) {
    if (a.pathId(pathA) !== b.pathId(pathB) || a.attrs(pathA) !== b.attrs(pathB)) return false;
    pathA = a.next(pathA);
    pathB = b.next(pathB);
  }
  return pathA === 0 && pathB === 0;
}

const FIRST_ROWS = 4096;

/** The best path only: a set per prefix, and a prefix is its own node. */
export class BestPathOut implements AdjRibOut {
  count = 0;
  readonly #routes: RouteTable;
  readonly #attrs: AttrsTable;
  #sets = new Int32Array(FIRST_ROWS);

  constructor(routes: RouteTable, attrs: AttrsTable) {
    this.#routes = routes;
    this.#attrs = attrs;
  }

  get end(): PrefixId {
    return Math.min(this.#sets.length, this.#routes.prefixes.end);
  }

  first(prefix: PrefixId): PathNode {
    return this.attrs(prefix) === 0 ? 0 : prefix;
  }

  next(_node: PathNode): PathNode {
    return 0;
  }

  pathId(_node: PathNode): number {
    return ONLY_PATH;
  }

  /** The set advertised for the prefix, or 0. */
  attrs(prefix: PrefixId): AttrsId {
    return prefix < this.#sets.length ? this.#sets[prefix] : 0;
  }

  set(prefix: PrefixId, _pathId: number, is: AttrsId): boolean {
    if (prefix >= this.#sets.length) this.#grow(prefix);
    const was = this.#sets[prefix];
    this.#sets[prefix] = is;
    if (is !== 0) this.#attrs.retain(is);
    if (was !== 0) this.#attrs.release(was);
    if (was === 0 && is !== 0) {
      this.#routes.hold(prefix);
      this.count++;
    } else if (was !== 0 && is === 0) {
      this.count--;
      return true;
    }
    return false;
  }

  trim(): void {
    if (this.#sets.length === FIRST_ROWS) return;
    let end = this.#sets.length;
    while (end > FIRST_ROWS && this.#sets[end - 1] === 0) end--;
    let length = FIRST_ROWS;
    while (length < end) length *= 2;
    const sets = new Int32Array(length);
    // Not by set(): pages that hold nothing are not to be touched.
    for (let prefix = 1; prefix < end; prefix++) if (this.#sets[prefix] !== 0) sets[prefix] = this.#sets[prefix];
    this.#sets = sets;
  }

  #grow(prefix: PrefixId): void {
    const larger = new Int32Array(Math.max(prefix + 1, this.#sets.length * 2));
    larger.set(this.#sets);
    this.#sets = larger;
  }
}

/** Several paths of each prefix. */
export class PathsOut implements AdjRibOut {
  readonly #routes: RouteTable;
  readonly #attrs: AttrsTable;
  readonly #lists = new PathLists();

  constructor(routes: RouteTable, attrs: AttrsTable) {
    this.#routes = routes;
    this.#attrs = attrs;
  }

  get count(): number {
    return this.#lists.size;
  }

  get end(): PrefixId {
    return Math.min(this.#lists.end, this.#routes.prefixes.end);
  }

  first(prefix: PrefixId): PathNode {
    return this.#lists.first(prefix);
  }

  next(node: PathNode): PathNode {
    return this.#lists.next(node);
  }

  pathId(node: PathNode): number {
    return this.#lists.pathId(node);
  }

  attrs(node: PathNode): AttrsId {
    return this.#lists.value(node);
  }

  set(prefix: PrefixId, pathId: number, is: AttrsId): boolean {
    const wasEmpty = this.#lists.first(prefix) === 0;
    const was = this.#lists.set(prefix, pathId, is);
    if (is !== 0) this.#attrs.retain(is);
    if (was !== 0) this.#attrs.release(was);
    const isEmpty = this.#lists.first(prefix) === 0;
    if (wasEmpty && !isEmpty) this.#routes.hold(prefix);
    return isEmpty && !wasEmpty;
  }

  trim(): void {
    this.#lists.trim();
  }
}
