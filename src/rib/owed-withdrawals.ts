// What the members of a walk may have been told and must hear withdrawn if it is no longer advertised: prefixes, or, with
// ADD-PATH, single paths (RFC 7911 §5: a withdrawal takes back one path). One too many does no harm, one too few leaves a
// route that does not exist.

import { Bitset } from "../base/bitset.js";
import { ONLY_PATH } from "./adj-rib-out.js";
import { PathLists, type PathNode } from "./path-lists.js";
import type { PrefixId } from "./route-table.js";

export interface OwedWithdrawals {
  add(prefix: PrefixId, pathId: number): void;
  /** The paths of a prefix in ascending order of their identifiers; 0: no more. */
  first(prefix: PrefixId): PathNode;
  next(node: PathNode): PathNode;
  pathId(node: PathNode): number;
  /** Forgets what is owed of the prefix. */
  clear(prefix: PrefixId): void;
  copy(): OwedWithdrawals;
}

/** Without path identifiers: a bit per prefix. */
export class OwedPrefixes implements OwedWithdrawals {
  readonly #prefixes: Bitset;

  constructor(prefixes = new Bitset()) {
    this.#prefixes = prefixes;
  }

  add(prefix: PrefixId, _pathId: number): void {
    this.#prefixes.add(prefix);
  }

  first(prefix: PrefixId): PathNode {
    return this.#prefixes.has(prefix) ? prefix : 0;
  }

  next(_node: PathNode): PathNode {
    return 0;
  }

  pathId(_node: PathNode): number {
    return ONLY_PATH;
  }

  clear(prefix: PrefixId): void {
    this.#prefixes.delete(prefix);
  }

  copy(): OwedPrefixes {
    return new OwedPrefixes(this.#prefixes.copy());
  }
}

/** With path identifiers. */
export class OwedPaths implements OwedWithdrawals {
  readonly #paths: PathLists;

  constructor(paths = new PathLists()) {
    this.#paths = paths;
  }

  add(prefix: PrefixId, pathId: number): void {
    this.#paths.set(prefix, pathId, 1);
  }

  first(prefix: PrefixId): PathNode {
    return this.#paths.first(prefix);
  }

  next(node: PathNode): PathNode {
    return this.#paths.next(node);
  }

  pathId(node: PathNode): number {
    return this.#paths.pathId(node);
  }

  clear(prefix: PrefixId): void {
    for (let node = this.first(prefix); node !== 0; node = this.first(prefix)) {
      this.#paths.set(prefix, this.pathId(node), 0);
    }
  }

  copy(): OwedPaths {
    return new OwedPaths(this.#paths.copy());
  }
}
