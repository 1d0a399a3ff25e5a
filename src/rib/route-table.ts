// Destinations and their paths, one table per family: the chain of a destination, best first, is Adj-RIB-In and Loc-RIB
// at once (RFC 4271 §3.2).
//
// A path is four Int32: attribute set, next path of the chain, source with flags, ADD-PATH id (RFC 7911). A destination
// is a row of PrefixIndex with the head of its chain and the number of its holders: Adj-RIB-Outs and logs that still
// speak of it. It is freed when nobody needs it any more.

import type { Clock } from "../base/clock.js";
import type { Family } from "../base/family.js";
import { PrefixIndex } from "../base/prefix-index.js";
import type { AttrsId } from "./attrs-table.js";
import type { SourceId } from "./sources.js";

/** Row of a prefix in RouteTable.prefixes; 0 = none. */
export type PrefixId = number;
/** Row of a path; 0 = none. */
export type RouteId = number;

const ATTRS = 0;
const NEXT = 1;
const SOURCE = 2;
const PATH_ID = 3;

/** Milliseconds, added exactly: no two paths arrive at the same time. */
const BETWEEN_ARRIVALS = 2 ** -10;

const SOURCE_MASK = 0xfffff;
const REASON_SHIFT = 20;
const REASON_MASK = 15 << REASON_SHIFT;
/** 8 bits: see SourceTable.epoch. */
const EPOCH_SHIFT = 24;
const BELOW_EPOCH = (1 << EPOCH_SHIFT) - 1;
/** Rows of prefixes and paths; less memory than theirs is not worth the while. */
const LEAST_TRIMMED = 32768;

export class RouteTable {
  readonly prefixes: PrefixIndex;
  /** Paths held. */
  size = 0;
  #destinations: Int32Array; // head, holders
  #paths: Int32Array;
  #pathCapacity: number;
  #nextPath = 1;
  #freePath = 0;
  /** Free paths below #nextPath that are in no list, and a row below which there are none; see trim. */
  #pathHoles = 0;
  #firstPathHole = 1;
  readonly #reserve: number;
  /** As received, where the import policy changed the set; made when first needed. */
  #received: Int32Array | undefined;
  /** When paths came or changed, by the clock below; undefined: nobody asks. */
  #arrivals: Float64Array | undefined;
  #clock: Pick<Clock, "now"> | undefined;
  #latestArrival = 0;

  constructor(family: Family, seed: number, reserve: number) {
    this.prefixes = new PrefixIndex(family, seed, reserve);
    this.#reserve = reserve;
    this.#destinations = new Int32Array(reserve * 2);
    this.#pathCapacity = reserve * 2;
    this.#paths = new Int32Array(this.#pathCapacity * 4);
  }

  /** From now on it is known when paths came or last changed. */
  keepTimes(clock: Pick<Clock, "now">): void {
    this.#clock = clock;
    this.#arrivals ??= new Float64Array(this.#pathCapacity);
  }

  /** When the path came or last changed: milliseconds of the clock, larger for each later one; 0: not known. */
  arrivedAt(route: RouteId): number {
    return this.#arrivals === undefined ? 0 : this.#arrivals[route];
  }

  /** Row of the prefix, made if needed. */
  destination(w0: number, w1: number, w2: number, w3: number, length: number): PrefixId {
    const prefix = this.prefixes.insert(w0, w1, w2, w3, length);
    if (prefix * 2 >= this.#destinations.length) this.#growDestinations();
    return prefix;
  }

  /** `destination` where the hash (PrefixIndex.hash) is known. */
  destinationHashed(hash: number, w0: number, w1: number, w2: number, w3: number, length: number): PrefixId {
    const prefix = this.prefixes.insertHashed(hash, w0, w1, w2, w3, length);
    if (prefix * 2 >= this.#destinations.length) this.#growDestinations();
    return prefix;
  }

  head(prefix: PrefixId): RouteId {
    return this.#destinations[prefix << 1];
  }

  setHead(prefix: PrefixId, route: RouteId): void {
    this.#destinations[prefix << 1] = route;
  }

  hold(prefix: PrefixId): void {
    this.#destinations[(prefix << 1) + 1]++;
  }

  /** Takes a hold back; frees the destination if that was the last reason for it to exist. */
  unhold(prefix: PrefixId): void {
    const at = prefix << 1;
    if (--this.#destinations[at + 1] === 0 && this.#destinations[at] === 0) this.prefixes.delete(prefix);
  }

  /** Frees the destination if it has neither paths nor holders. */
  freeIfUnused(prefix: PrefixId): void {
    const at = prefix << 1;
    if (this.#destinations[at] === 0 && this.#destinations[at + 1] === 0) this.prefixes.delete(prefix);
  }

  /** A new path, in no chain yet. References to attribute sets are the caller's business. */
  makePath(attrs: AttrsId, source: SourceId, pathId: number, reason: number, epoch: number): RouteId {
    let route = this.#freePath;
    if (route !== 0) this.#freePath = this.#paths[(route << 2) + NEXT];
    else if (this.#pathHoles > 0) route = this.#takePathHole();
    else {
      route = this.#nextPath++;
      if (route >= this.#pathCapacity) this.#growPaths();
    }
    const at = route << 2;
    this.#paths[at + ATTRS] = attrs;
    this.#paths[at + NEXT] = 0;
    this.#paths[at + SOURCE] = source | (reason << REASON_SHIFT) | (epoch << EPOCH_SHIFT);
    this.#paths[at + PATH_ID] = pathId;
    if (this.#arrivals !== undefined) this.#stamp(this.#arrivals, route);
    this.size++;
    return route;
  }

  freePath(route: RouteId): void {
    this.#paths[(route << 2) + NEXT] = this.#freePath;
    this.#freePath = route;
    if (this.#received !== undefined) this.#received[route] = 0;
    this.size--;
  }

  attrs(route: RouteId): AttrsId {
    return this.#paths[route << 2];
  }

  next(route: RouteId): RouteId {
    return this.#paths[(route << 2) + NEXT];
  }

  setNext(route: RouteId, next: RouteId): void {
    this.#paths[(route << 2) + NEXT] = next;
  }

  source(route: RouteId): SourceId {
    return this.#paths[(route << 2) + SOURCE] & SOURCE_MASK;
  }

  /** RejectReason: 0 takes part in the decision process. */
  reason(route: RouteId): number {
    return (this.#paths[(route << 2) + SOURCE] & REASON_MASK) >> REASON_SHIFT;
  }

  epoch(route: RouteId): number {
    return this.#paths[(route << 2) + SOURCE] >>> EPOCH_SHIFT;
  }

  setEpoch(route: RouteId, epoch: number): void {
    const at = (route << 2) + SOURCE;
    this.#paths[at] = (this.#paths[at] & BELOW_EPOCH) | (epoch << EPOCH_SHIFT);
  }

  pathId(route: RouteId): number {
    return this.#paths[(route << 2) + PATH_ID];
  }

  /** The set as the peer sent it, where the import policy changed it; otherwise the effective one. */
  received(route: RouteId): AttrsId {
    const received = this.#received === undefined ? 0 : this.#received[route];
    return received === 0 ? this.#paths[route << 2] : received;
  }

  /** Changes what a path carries; that is as new as a path that has just come. `received` 0: the same as `attrs`. */
  replace(route: RouteId, attrs: AttrsId, received: AttrsId, reason: number, epoch: number): void {
    const at = route << 2;
    this.#paths[at + ATTRS] = attrs;
    this.#paths[at + SOURCE] =
      (this.#paths[at + SOURCE] & SOURCE_MASK) | (reason << REASON_SHIFT) | (epoch << EPOCH_SHIFT);
    this.setReceived(route, received);
    if (this.#arrivals !== undefined) this.#stamp(this.#arrivals, route);
  }

  setReceived(route: RouteId, received: AttrsId): void {
    if (this.#received === undefined) {
      if (received === 0) return;
      this.#received = new Int32Array(this.#pathCapacity);
    }
    this.#received[route] = received;
  }

  /** The path of (source, path id) in the chain, or 0. */
  find(prefix: PrefixId, source: SourceId, pathId: number): RouteId {
    const paths = this.#paths;
    let route = this.#destinations[prefix << 1];
    while (route !== 0) {
      const at = route << 2;
      if ((paths[at + SOURCE] & SOURCE_MASK) === source && paths[at + PATH_ID] === pathId) return route;
      route = paths[at + NEXT];
    }
    return 0;
  }

  /** The path in front of `route` in its chain, or 0 if it is the head. */
  previous(prefix: PrefixId, route: RouteId): RouteId {
    let previous = 0;
    let other = this.#destinations[prefix << 1];
    while (other !== route) {
      previous = other;
      other = this.#paths[(other << 2) + NEXT];
    }
    return previous;
  }

  /** Takes a path out of its chain. */
  unlink(prefix: PrefixId, route: RouteId): void {
    const previous = this.previous(prefix, route);
    const next = this.next(route);
    if (previous === 0) this.setHead(prefix, next);
    else this.setNext(previous, next);
  }

  /** Puts a path that is in no chain behind the head; if the chain is empty it becomes the head. */
  linkBehindHead(prefix: PrefixId, route: RouteId): void {
    const head = this.head(prefix);
    if (head === 0) {
      this.setNext(route, 0);
      this.setHead(prefix, route);
    } else {
      this.setNext(route, this.next(head));
      this.setNext(head, route);
    }
  }

  /** Puts a path that is in no chain in front. */
  linkHead(prefix: PrefixId, route: RouteId): void {
    this.setNext(route, this.head(prefix));
    this.setHead(prefix, route);
  }

  /** True if most of the memory in use holds nothing any more. */
  get isSparse(): boolean {
    const touched = this.prefixes.touched + this.#nextPath - 1 - this.#pathHoles;
    return touched > LEAST_TRIMMED && (this.prefixes.size + this.size) * 4 < touched;
  }

  /** Moves what is left of a large table to new memory, of which it touches no more than it needs. Rows keep their numbers.
   *  A walk over all of them: for tables of which little is left. The hash shards are trimmed apart (PrefixIndex). */
  trim(): void {
    const old = { destinations: this.#destinations, paths: this.#paths, received: this.#received };
    this.prefixes.trimRows();
    const { end, capacity } = this.prefixes;
    this.#destinations = new Int32Array(capacity * 2);
    let highest = 0;
    for (let prefix = 1; prefix < end; prefix++) {
      if (!this.prefixes.isUsed(prefix)) continue;
      const at = prefix << 1;
      this.#destinations[at] = old.destinations[at];
      this.#destinations[at + 1] = old.destinations[at + 1];
      for (let route = old.destinations[at]; route !== 0; route = old.paths[(route << 2) + NEXT]) {
        highest = Math.max(highest, route);
      }
    }
    this.#pathCapacity = this.#reserve * 2;
    while (this.#pathCapacity <= highest + 1) this.#pathCapacity *= 2;
    this.#paths = new Int32Array(this.#pathCapacity * 4);
    if (old.received !== undefined) this.#received = new Int32Array(this.#pathCapacity);
    for (let prefix = 1; prefix < end; prefix++) {
      for (let route = this.#destinations[prefix << 1]; route !== 0; route = this.next(route)) {
        for (let at = route << 2; at < (route + 1) << 2; at++) this.#paths[at] = old.paths[at];
        if (this.#received !== undefined && old.received !== undefined) this.#received[route] = old.received[route];
      }
    }
    this.#arrivals = this.#arrivals === undefined ? undefined : resized(this.#arrivals, this.#pathCapacity);
    this.#nextPath = highest + 1;
    this.#freePath = 0;
    this.#pathHoles = highest - this.size;
    this.#firstPathHole = 1;
  }

  #stamp(arrivals: Float64Array, route: RouteId): void {
    this.#latestArrival = Math.max(this.#clock?.now() ?? 0, this.#latestArrival + BETWEEN_ARRIVALS);
    arrivals[route] = this.#latestArrival;
  }

  /** Holes are handed out in order when the list is empty: every path that has no source is one of them then. */
  #takePathHole(): RouteId {
    while (this.#paths[(this.#firstPathHole << 2) + SOURCE] !== 0) this.#firstPathHole++;
    this.#pathHoles--;
    return this.#firstPathHole++;
  }

  #growDestinations(): void {
    const larger = new Int32Array(this.prefixes.capacity * 2);
    larger.set(this.#destinations);
    this.#destinations = larger;
  }

  #growPaths(): void {
    this.#pathCapacity *= 2;
    const paths = new Int32Array(this.#pathCapacity * 4);
    paths.set(this.#paths);
    this.#paths = paths;
    if (this.#arrivals !== undefined) this.#arrivals = resized(this.#arrivals, this.#pathCapacity);
    if (this.#received === undefined) return;
    const received = new Int32Array(this.#pathCapacity);
    received.set(this.#received);
    this.#received = received;
  }
}

function resized(column: Float64Array, length: number): Float64Array {
  const other = new Float64Array(length);
  other.set(column.length > length ? column.subarray(0, length) : column);
  return other;
}
