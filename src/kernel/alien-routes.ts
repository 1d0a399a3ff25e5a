// The kernel's routes that are not ours, for resolving next hops and for advertising them: longest match by prefix, then
// the lowest metric. One prefix may have several (fe80::/64 of each interface).

import { type Bytes, equalBytes, readI32 } from "../base/bytes.js";
import { FAMILIES, type Family, IPV4_UNICAST, IPV6_UNICAST } from "../base/family.js";
import { makePrefix } from "../base/ip.js";
import { writeU32 } from "../base/bytes.js";
import { PrefixIndex } from "../base/prefix-index.js";
import type { AlienDetails, AlienRoute, FibRoute } from "../speaker/ports.js";
import {
  type ObservedHop,
  type ObservedPath,
  type PrefixWords,
  type RouteMessage,
  type RouteOwner,
  RTN_BLACKHOLE,
  RTN_PROHIBIT,
  RTN_UNICAST,
  RTN_UNREACHABLE,
} from "./route-message.js";

interface AlienEntry {
  readonly table: number;
  readonly metric: number;
  readonly protocol: number;
  readonly key: Bytes;
  readonly path: ObservedPath;
  readonly details: AlienDetails;
  generation: number;
}

/** What the longest match says. A route that rejects ends the search: what it covers cannot be reached. */
export type AlienMatch =
  | { readonly kind: "via"; readonly hop: ObservedHop; readonly metric: number; readonly protocol: number }
  | { readonly kind: "rejected" };

export class AlienRoutes {
  readonly #families: readonly [AlienFamily, AlienFamily];
  readonly #owner: RouteOwner;
  #generation = 1;

  constructor(owner: RouteOwner, seed: number) {
    this.#owner = owner;
    this.#families = [new AlienFamily(IPV4_UNICAST, seed), new AlienFamily(IPV6_UNICAST, seed)];
  }

  /** A new dump begins. */
  mark(): void {
    this.#generation++;
  }

  /** The dump is over: removes what it did not show. True if there was anything. */
  sweep(): boolean {
    const removed = this.#families.map((family) => family.sweep(this.#generation));
    return removed.includes(true);
  }

  /** A route of a dump or a notification. `replaced`: it took the place of those with its metric and table. True if
   *  it was not known. */
  add(route: RouteMessage, replaced: boolean): boolean {
    return this.#families[route.family].add(route, replaced, this.#generation);
  }

  /** A route went away. `unclear`: there is one like it but with other next hops, so one hop of several may have gone. */
  remove(route: RouteMessage): "removed" | "unknown" | "unclear" {
    return this.#families[route.family].remove(route);
  }

  /** Protocol of the route that stands where ours with this metric would. */
  protocolInOurPlace(family: Family, prefix: PrefixWords, metric: number): number | undefined {
    const entries = this.#families[family].entriesAt(prefix);
    return entries.find((entry) => entry.table === this.#owner.table && entry.metric === metric)?.protocol;
  }

  /** Longest match for an address over routes with a next hop whose interface is up. */
  match(address: Bytes, isUp: (interfaceIndex: number) => boolean): AlienMatch | undefined {
    return this.#families[address.length === 4 ? IPV4_UNICAST : IPV6_UNICAST].match(address, isUp);
  }

  /** Routes that could be advertised: neither loopback, link-local nor multicast, and leading through a known interface, or
   *  nowhere. */
  list(nameOf: (interfaceIndex: number) => string | undefined): AlienRoute[] {
    return this.#families.flatMap((family) => family.list(nameOf));
  }
}

class AlienFamily {
  readonly #family: Family;
  readonly #index: PrefixIndex;
  readonly #entries = new Map<number, AlienEntry[]>();
  /** Prefixes held by length: lengths without any are not looked up. */
  readonly #lengths: Int32Array;

  constructor(family: Family, seed: number) {
    this.#family = family;
    this.#index = new PrefixIndex(family, seed);
    this.#lengths = new Int32Array(FAMILIES[family].maxPrefixLength + 1);
  }

  entriesAt(prefix: PrefixWords): readonly AlienEntry[] {
    return this.#entries.get(this.#index.find(prefix.w0, prefix.w1, prefix.w2, prefix.w3, prefix.length)) ?? [];
  }

  add(route: RouteMessage, replaced: boolean, generation: number): boolean {
    const row = this.#index.insert(route.w0, route.w1, route.w2, route.w3, route.length);
    let entries = this.#entries.get(row);
    if (entries === undefined) {
      this.#entries.set(row, (entries = []));
      this.#lengths[route.length]++;
    }
    const known = entries.find((entry) => isSame(entry, route));
    if (known !== undefined) {
      known.generation = generation;
      return false;
    }
    // IPv6 tells a grown ECMP group as a new route with all its hops.
    const grown = this.#family === IPV6_UNICAST && route.path[1] > 1;
    const kept = replaced || grown ? entries.filter((entry) => !isInPlaceOf(entry, route)) : entries;
    const { table, metric, protocol } = route;
    kept.push({
      table,
      metric,
      protocol,
      key: route.path.slice(0, route.pathLength),
      path: route.observedPath(),
      details: detailsOf(route),
      generation,
    });
    kept.sort((a, b) => a.metric - b.metric);
    this.#entries.set(row, kept);
    return true;
  }

  remove(route: RouteMessage): "removed" | "unknown" | "unclear" {
    const row = this.#index.find(route.w0, route.w1, route.w2, route.w3, route.length);
    const entries = this.#entries.get(row);
    if (entries === undefined) return "unknown";
    const at = entries.findIndex((entry) => isSame(entry, route));
    if (at < 0) return entries.some((entry) => isInPlaceOf(entry, route)) ? "unclear" : "unknown";
    entries.splice(at, 1);
    if (entries.length === 0) this.#free(row);
    return "removed";
  }

  sweep(generation: number): boolean {
    let removed = false;
    for (const [row, entries] of this.#entries) {
      const kept = entries.filter((entry) => entry.generation === generation);
      if (kept.length === entries.length) continue;
      removed = true;
      if (kept.length === 0) this.#free(row);
      else this.#entries.set(row, kept);
    }
    return removed;
  }

  match(address: Bytes, isUp: (interfaceIndex: number) => boolean): AlienMatch | undefined {
    for (let length = this.#lengths.length - 1; length >= 0; length--) {
      if (this.#lengths[length] === 0) continue;
      const words = maskedWords(address, length);
      const row = this.#index.find(words.w0, words.w1, words.w2, words.w3, length);
      for (const entry of this.#entries.get(row) ?? []) {
        const { type, hops } = entry.path;
        if (type === RTN_BLACKHOLE || type === RTN_UNREACHABLE || type === RTN_PROHIBIT) return { kind: "rejected" };
        const hop = type === RTN_UNICAST ? hops.find((candidate) => isUp(candidate.interfaceIndex)) : undefined;
        if (hop !== undefined) return { kind: "via", hop, metric: entry.metric, protocol: entry.protocol };
      }
    }
    return undefined;
  }

  list(nameOf: (interfaceIndex: number) => string | undefined): AlienRoute[] {
    const routes: AlienRoute[] = [];
    for (const [row, entries] of this.#entries) {
      const bytes = this.#addressOf(row);
      if (isLinkScoped(bytes)) continue;
      const prefix = makePrefix(bytes, this.#index.length(row));
      for (const { table, metric, protocol, path, details } of entries) {
        const kind = kindOf(path.type);
        const nextHops = path.hops.flatMap(({ interfaceIndex, gateway, onlink, weight }) => {
          const device = nameOf(interfaceIndex);
          return device === undefined ? [] : [{ gateway, device, onlink, weight }];
        });
        if (kind === undefined || (kind === "unicast" && nextHops.length === 0)) continue;
        routes.push({ prefix, table, kind, nextHops, metric, protocol, details });
      }
    }
    return routes;
  }

  #addressOf(row: number): Bytes {
    const bytes = new Uint8Array(FAMILIES[this.#family].addressLength);
    for (let at = 0; at < bytes.length; at += 4) writeU32(bytes, at, this.#index.word(row, at >> 2));
    return bytes;
  }

  #free(row: number): void {
    this.#lengths[this.#index.length(row)]--;
    this.#entries.delete(row);
    this.#index.delete(row);
  }
}

/** One of the routes that a replacing one with this metric and table removes. */
function isInPlaceOf(entry: AlienEntry, route: RouteMessage): boolean {
  return entry.table === route.table && entry.metric === route.metric;
}

function isSame(entry: AlienEntry, route: RouteMessage): boolean {
  if (!isInPlaceOf(entry, route) || entry.protocol !== route.protocol) return false;
  if (!hasDetails(entry.details, route)) return false;
  return entry.key.length === route.pathLength && equalBytes(entry.key, 0, route.path, 0, route.pathLength);
}

function detailsOf({ scope, realm, preferredSource, preferredSourceLength }: RouteMessage): AlienDetails {
  return { scope, realm, preferredSource: preferredSource.slice(0, preferredSourceLength) };
}

function hasDetails({ scope, realm, preferredSource }: AlienDetails, route: RouteMessage): boolean {
  const { length } = preferredSource;
  if (scope !== route.scope || realm !== route.realm || length !== route.preferredSourceLength) return false;
  return equalBytes(preferredSource, 0, route.preferredSource, 0, length);
}

/** 127.0.0.0/8, fe80::/10 and ff00::/8, 224.0.0.0/4: never routed beyond the link. */
function isLinkScoped(bytes: Bytes): boolean {
  if (bytes.length === 4) return bytes[0] === 127 || bytes[0] >= 224;
  return bytes[0] === 0xff || (bytes[0] === 0xfe && (bytes[1] & 0xc0) === 0x80);
}

/** Undefined for what is no way of forwarding: local, broadcast, multicast … */
function kindOf(type: number): FibRoute["kind"] | undefined {
  switch (type) {
    case RTN_UNICAST:
      return "unicast";
    case RTN_BLACKHOLE:
      return "blackhole";
    case RTN_UNREACHABLE:
      return "unreachable";
    case RTN_PROHIBIT:
      return "prohibit";
    default:
      return undefined;
  }
}

function maskedWords(address: Bytes, length: number): PrefixWords {
  const word = (i: number): number => {
    const kept = Math.min(32, Math.max(0, length - 32 * i));
    if (kept === 0 || 4 * i >= address.length) return 0;
    return readI32(address, 4 * i) & (kept === 32 ? -1 : ~(0xffffffff >>> kept));
  };
  return { w0: word(0), w1: word(1), w2: word(2), w3: word(3), length };
}
