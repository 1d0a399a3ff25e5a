// Next hops of routes (RFC 4271 §5.1.3, §9.1.2.1): interned by their octets, resolved once each, re-resolved on events.
//
// A next hop is 4 octets, 16, or 32 where an IPv6 global address brings its link-local one along (RFC 2545). The table
// does not know the kernel: whoever does gives it a NextHopResolver.

import { type Bytes, equalBytes } from "../base/bytes.js";
import { isLinkLocal } from "../base/ip.js";

/** Row of NextHopTable; 0: the route has no next hop (blackhole, connected). */
export type NextHopId = number;

/** What the rest of the system knows about the way to a next hop. `route` is opaque to the RIB. */
export interface NextHopResolution {
  readonly reachable: boolean;
  /** IGP cost, RFC 4271 §9.1.2.2 e). */
  readonly cost: number;
  /** Names the way, so that another one is noticed even at equal cost: `eth0`, `eth1 10.0.0.1`. */
  readonly via: string;
  /** The same for scripts: interface, and the router there where that is not the next hop itself. */
  readonly device?: string | undefined;
  readonly gateway?: Bytes | undefined;
}

/** Finds the way to a next hop. `zone`: for link-local ones, the interface of the session it came from. */
export type NextHopResolver = (nextHop: Bytes, zone: string | undefined) => NextHopResolution;

/** A reflector that does not forward takes every next hop as reachable. */
export const ALWAYS_REACHABLE: NextHopResolver = () => REACHABLE;
const REACHABLE: NextHopResolution = { reachable: true, cost: 0, via: "" };
/** A way through ourselves leads nowhere (RFC 4271 §5.1.3). */
export const OWN_ADDRESS: NextHopResolution = { reachable: false, cost: 0, via: "ourselves" };

export class NextHopTable {
  /** Columns by NextHopId: 1 reachable, 0 not; IGP cost; the peer that has this address, or 0. */
  reachable = new Uint8Array(256);
  cost = new Int32Array(256);
  peer = new Int32Array(256);
  readonly #bytes: Bytes[] = [new Uint8Array(0)];
  readonly #refs: number[] = [1];
  readonly #ways: NextHopResolution[] = [REACHABLE];
  readonly #zones: (string | undefined)[] = [undefined];
  /** By row: packets are dropped here, so no way is needed. */
  readonly #drops: boolean[] = [true];
  readonly #ids = new Map<string, NextHopId>();
  /** The rows with an address, whatever their interface: those that a peer of this address is. */
  readonly #byAddress = new Map<string, Set<NextHopId>>();
  readonly #free: NextHopId[] = [];
  readonly #peers = new Map<string, number>();
  /** How often `peer` may have changed for next hops that were there. */
  peerChanges = 0;
  /** Row of the last next hop asked for; 0: forgotten. */
  #latest: NextHopId = 0;
  #resolver: NextHopResolver;

  constructor(resolver: NextHopResolver = ALWAYS_REACHABLE) {
    this.#resolver = resolver;
    this.reachable[0] = 1;
  }

  /** Row of the next hop at `bytes[at, at + length)`; one reference is taken for the caller. `zone`: the interface of the
   *  session it came from, which is part of a link-local address. `drops`: packets are dropped here (RFC 7999 §3.3); the
   *  row is another one, always reachable. */
  acquire(bytes: Bytes, at: number, length: number, zone?: string, drops = false): NextHopId {
    if (length === 0) return 0;
    if (this.#isLatest(bytes, at, length, drops)) {
      this.#refs[this.#latest]++;
      return this.#latest;
    }
    if (length === 32) {
      // A peer with nothing but a link-local address says it twice, or behind an unspecified one.
      if (isUnspecified(bytes, at)) {
        at += 16;
        length = 16;
      } else if (isLinkLocal(bytes, at, 16)) length = 16;
    }
    const scope = zone !== undefined && (length === 32 || isLinkLocal(bytes, at, length)) ? zone : undefined;
    const key = rowKey(bytes, at, length, scope, drops);
    const known = this.#ids.get(key);
    if (known !== undefined) {
      this.#refs[known]++;
      this.#latest = known;
      return known;
    }
    const id = this.#free.pop() ?? this.#bytes.length;
    if (id >= this.cost.length) this.#grow();
    this.#bytes[id] = bytes.slice(at, at + length);
    this.#zones[id] = scope;
    this.#drops[id] = drops;
    this.#refs[id] = 1;
    this.#ways[id] = UNRESOLVED;
    this.#ids.set(key, id);
    this.#latest = id;
    this.#resolve(id);
    const address = addressKey(this.#bytes[id]);
    this.peer[id] = this.#peers.get(address) ?? 0;
    const rows = this.#byAddress.get(address);
    if (rows === undefined) this.#byAddress.set(address, new Set([id]));
    else rows.add(id);
    return id;
  }

  retain(id: NextHopId): void {
    this.#refs[id]++;
  }

  release(id: NextHopId): void {
    if (id === 0 || --this.#refs[id] > 0) return;
    const bytes = this.#bytes[id];
    this.#ids.delete(rowKey(bytes, 0, bytes.length, this.#zones[id], this.#drops[id]));
    const address = addressKey(bytes);
    const rows = this.#byAddress.get(address);
    rows?.delete(id);
    if (rows?.size === 0) this.#byAddress.delete(address);
    this.#bytes[id] = NONE;
    this.#latest = 0;
    this.#free.push(id);
  }

  /** Octets of a next hop; owned by the table. A row that is given out again has another array. */
  bytes(id: NextHopId): Bytes {
    return this.#bytes[id];
  }

  /** Interface of a link-local next hop, also of one beside a global address. */
  zone(id: NextHopId): string | undefined {
    return this.#zones[id];
  }

  /** Nothing but a link-local address: it means nothing beyond its link. */
  isLinkLocal(id: NextHopId): boolean {
    return this.#zones[id] !== undefined && this.#bytes[id].length === 16;
  }

  /** The next hop is an address of our own. */
  isOwn(id: NextHopId): boolean {
    return this.#ways[id].via === OWN_ADDRESS.via;
  }

  /** Where the next hop leads at present. */
  way(id: NextHopId): NextHopResolution {
    return this.#ways[id];
  }

  get size(): number {
    return this.#ids.size;
  }

  /** Tells which source has `address`, so that it is not sent its own address as a next hop; 0 takes it back. */
  setPeer(address: Bytes, source: number): void {
    const key = addressKey(address);
    this.peerChanges++;
    if (source === 0) this.#peers.delete(key);
    else this.#peers.set(key, source);
    for (const id of this.#byAddress.get(key) ?? []) this.peer[id] = source;
  }

  /** Takes another resolver, or asks the present one again. Gives the next hops whose reachability, cost or way changed. */
  reresolve(resolver: NextHopResolver = this.#resolver): Set<NextHopId> {
    this.#resolver = resolver;
    const changed = new Set<NextHopId>();
    for (const id of this.#ids.values()) if (this.#resolve(id)) changed.add(id);
    return changed;
  }

  /** Sets that come one after another mostly have the same next hop: the table need not look it up. Link-local ones differ
   *  by interface as well. */
  #isLatest(bytes: Bytes, at: number, length: number, drops: boolean): boolean {
    const latest = this.#bytes[this.#latest];
    if (latest.length !== length || this.#drops[this.#latest] !== drops) return false;
    return this.#zones[this.#latest] === undefined && equalBytes(latest, 0, bytes, at, length);
  }

  #resolve(id: NextHopId): boolean {
    const way = this.#drops[id] ? REACHABLE : this.#resolver(this.#bytes[id], this.#zones[id]);
    const { reachable, cost, via } = way;
    const bit = reachable ? 1 : 0;
    const changed = this.reachable[id] !== bit || this.cost[id] !== cost || this.#ways[id].via !== via;
    this.#ways[id] = way;
    this.reachable[id] = bit;
    this.cost[id] = cost;
    return changed;
  }

  #grow(): void {
    const length = this.cost.length * 2;
    const reachable = new Uint8Array(length);
    reachable.set(this.reachable);
    this.reachable = reachable;
    const cost = new Int32Array(length);
    cost.set(this.cost);
    this.cost = cost;
    const peer = new Int32Array(length);
    peer.set(this.peer);
    this.peer = peer;
  }
}

const NONE = new Uint8Array(0);
const UNRESOLVED: NextHopResolution = { reachable: false, cost: 0, via: "" };

function rowKey(bytes: Bytes, at: number, length: number, zone: string | undefined, drops: boolean): string {
  return keyOf(bytes, at, length) + (zone === undefined ? "" : `%${zone}`) + (drops ? "!" : "");
}

/** The address of a next hop; of a pair (RFC 2545) the global one. */
function addressKey(nextHop: Bytes): string {
  return keyOf(nextHop, 0, Math.min(nextHop.length, 16));
}

function isUnspecified(bytes: Bytes, at: number): boolean {
  for (let i = at; i < at + 16; i++) if (bytes[i] !== 0) return false;
  return true;
}

function keyOf(bytes: Bytes, at: number, length: number): string {
  let key = "";
  for (let i = 0; i < length; i++) key += String.fromCharCode(bytes[at + i]);
  return key;
}
