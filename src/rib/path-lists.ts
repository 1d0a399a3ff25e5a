// For each prefix a list of path identifiers in ascending order, each with a number (RFC 7911): linked nodes of three
// Int32 in one typed array, so that lists of a million prefixes are no objects.

import type { PrefixId } from "./route-table.js";

/** Place of a path in a list; 0 = none. Valid until the list of its prefix changes there. */
export type PathNode = number;

const PATH_ID = 0;
const VALUE = 1;
const NEXT = 2;
const NODE = 3;
const FIRST_ROWS = 1024;

export class PathLists {
  /** Paths in all lists. */
  size = 0;
  #heads = new Int32Array(FIRST_ROWS);
  #nodes = new Int32Array(FIRST_ROWS * NODE);
  #nextNode = 1;
  #freeNode = 0;

  /** Rows from here on have empty lists. */
  get end(): PrefixId {
    return this.#heads.length;
  }

  first(prefix: PrefixId): PathNode {
    return prefix < this.#heads.length ? this.#heads[prefix] : 0;
  }

  next(node: PathNode): PathNode {
    return this.#nodes[node * NODE + NEXT];
  }

  pathId(node: PathNode): number {
    return this.#nodes[node * NODE + PATH_ID];
  }

  value(node: PathNode): number {
    return this.#nodes[node * NODE + VALUE];
  }

  /** Gives the path a number, 0 takes it out of the list. Returns what it had, or 0. Nodes of other paths stay valid. */
  set(prefix: PrefixId, pathId: number, value: number): number {
    let previous = 0;
    let node = this.first(prefix);
    while (node !== 0 && this.pathId(node) < pathId) {
      previous = node;
      node = this.next(node);
    }
    const isThere = node !== 0 && this.pathId(node) === pathId;
    const was = isThere ? this.value(node) : 0;
    if (value === 0) {
      if (isThere) this.#remove(prefix, previous, node);
    } else if (isThere) this.#nodes[node * NODE + VALUE] = value;
    else this.#insert(prefix, previous, node, pathId, value);
    return was;
  }

  /** Moves the lists to new memory, as small as it can be. Nodes do not stay valid. */
  trim(): void {
    const old = { heads: this.#heads, nodes: this.#nodes };
    let end = old.heads.length;
    while (end > FIRST_ROWS && old.heads[end - 1] === 0) end--;
    this.#heads = new Int32Array(end);
    let nodes = FIRST_ROWS;
    while (nodes <= this.size) nodes *= 2;
    this.#nodes = new Int32Array(nodes * NODE);
    this.#nextNode = 1;
    this.#freeNode = this.size = 0;
    for (let prefix = 0; prefix < end; prefix++) {
      let previous = 0;
      for (let node = old.heads[prefix]; node !== 0; node = old.nodes[node * NODE + NEXT]) {
        this.#insert(prefix, previous, 0, old.nodes[node * NODE + PATH_ID], old.nodes[node * NODE + VALUE]);
        previous = this.#nextNode - 1;
      }
    }
  }

  copy(): PathLists {
    const other = new PathLists();
    other.#heads = this.#heads.slice();
    other.#nodes = this.#nodes.slice();
    other.#nextNode = this.#nextNode;
    other.#freeNode = this.#freeNode;
    other.size = this.size;
    return other;
  }

  #insert(prefix: PrefixId, previous: PathNode, next: PathNode, pathId: number, value: number): void {
    let node = this.#freeNode;
    if (node !== 0) this.#freeNode = this.next(node);
    else {
      node = this.#nextNode++;
      if (node * NODE >= this.#nodes.length) this.#nodes = grown(this.#nodes, this.#nodes.length * 2);
    }
    if (prefix >= this.#heads.length) this.#heads = grown(this.#heads, Math.max(prefix + 1, this.#heads.length * 2));
    const at = node * NODE;
    this.#nodes[at + PATH_ID] = pathId;
    this.#nodes[at + VALUE] = value;
    this.#nodes[at + NEXT] = next;
    this.#link(prefix, previous, node);
    this.size++;
  }

  #remove(prefix: PrefixId, previous: PathNode, node: PathNode): void {
    this.#link(prefix, previous, this.next(node));
    this.#nodes[node * NODE + NEXT] = this.#freeNode;
    this.#freeNode = node;
    this.size--;
  }

  #link(prefix: PrefixId, previous: PathNode, node: PathNode): void {
    if (previous === 0) this.#heads[prefix] = node;
    else this.#nodes[previous * NODE + NEXT] = node;
  }
}

function grown(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(array);
  return larger;
}
