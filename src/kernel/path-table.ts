// Paths, each with its metric, as small numbers, so that 100,000 routes are compared by integers: wished ones (a FibRoute,
// ids from 1) and observed ones (what the kernel says, ids from 1 as well). Whether an observed path fulfils a wish is decided once per
// pair: a wish may leave the interface to the kernel, so the relation is not equality.

import { type Bytes, equalBytes, toHex } from "../base/bytes.js";
import type { Family } from "../base/family.js";
import type { FibNextHop, FibRoute } from "../speaker/ports.js";
import {
  effectiveMetric,
  type EncodedPath,
  encodePath,
  type ObservedHop,
  type ObservedPath,
  readPath,
  type RouteMessage,
  RTN_UNICAST,
  typeOf,
} from "./route-message.js";

/** Names and indexes of interfaces; `version` changes with them. */
export interface DeviceIndexes {
  readonly version: number;
  indexOf(device: string): number | undefined;
}

interface WishedPath {
  id: number;
  readonly route: FibRoute;
  readonly key: string;
  /** As the kernel has it: see effectiveMetric. */
  readonly metric: number;
  /** Rows and requests that mention it. */
  references: number;
  /** Interface version that `encoded` and `fulfilledBy` hold for. */
  version: number;
  encoded: EncodedPath | string;
  readonly fulfilledBy: Map<number, boolean>;
}

interface StoredPath {
  readonly bytes: Bytes;
  readonly metric: number;
  readonly path: ObservedPath;
}

export class PathTable {
  readonly #family: Family;
  readonly #devices: DeviceIndexes;
  readonly #defaultMetric: number;
  /** By id; id 0 means none. */
  readonly #wished: (WishedPath | undefined)[] = [undefined];
  readonly #freeIds: number[] = [];
  readonly #byKey = new Map<string, WishedPath>();
  readonly #byObject = new WeakMap<FibRoute, WishedPath>();
  #lastRoute: FibRoute | undefined;
  #lastWish: WishedPath | undefined;
  #observed: StoredPath[] = [];
  /** Hash of the canonical octets → observed ids. */
  #byHash = new Map<number, number[]>();

  /** `defaultMetric`: of wishes that name none. */
  constructor(family: Family, devices: DeviceIndexes, defaultMetric: number) {
    this.#family = family;
    this.#devices = devices;
    this.#defaultMetric = defaultMetric;
  }

  /** Id of a wish. Equal routes have one id, whether they are one object or not. Not retained yet. */
  wish(route: FibRoute): number {
    if (route === this.#lastRoute && this.#lastWish !== undefined && this.#lastWish.id !== 0) return this.#lastWish.id;
    const wished = this.#wishedPath(route);
    this.#lastRoute = route;
    this.#lastWish = wished;
    return wished.id;
  }

  retain(id: number): void {
    const wished = this.#wished[id];
    if (wished !== undefined) wished.references++;
  }

  /** Forgets the wish with its last mention; the id will be given out again. */
  release(id: number): void {
    const wished = this.#wished[id];
    if (wished === undefined || --wished.references > 0) return;
    this.#wished[id] = undefined;
    this.#byKey.delete(wished.key);
    this.#freeIds.push(id);
    wished.id = 0;
  }

  route(id: number): FibRoute | undefined {
    return this.#wished[id]?.route;
  }

  /** Metric of a wish that is mentioned somewhere. */
  wishMetric(id: number): number {
    return this.#wished[id]?.metric ?? 0;
  }

  observedMetric(id: number): number {
    return this.#observed[id - 1].metric;
  }

  /** The wish as a request carries it, or in words why it cannot be written. */
  encoded(id: number): EncodedPath | string {
    const wished = this.#wished[id];
    if (wished === undefined) return "no such path";
    this.#refresh(wished);
    return wished.encoded;
  }

  /** Id of the path and metric of a decoded route. */
  observe(message: RouteMessage): number {
    const { path, pathLength, metric } = message;
    let hash = Math.imul(0x811c9dc5 ^ metric, 0x01000193);
    for (let i = 0; i < pathLength; i++) hash = Math.imul(hash ^ path[i], 0x01000193);
    const ids = this.#byHash.get(hash);
    if (ids !== undefined) {
      for (const id of ids) {
        const stored = this.#observed[id - 1];
        if (stored.metric !== metric || stored.bytes.length !== pathLength) continue;
        if (equalBytes(stored.bytes, 0, path, 0, pathLength)) return id;
      }
    }
    const bytes = path.slice(0, pathLength);
    const id = this.#observed.push({ bytes, metric, path: readPath(bytes) });
    if (ids === undefined) this.#byHash.set(hash, [id]);
    else ids.push(id);
    return id;
  }

  /** True if a route with the observed path is what was wished for. */
  matches(wishId: number, observedId: number): boolean {
    const wished = this.#wished[wishId];
    if (wished === undefined) return false;
    this.#refresh(wished);
    let fulfils = wished.fulfilledBy.get(observedId);
    if (fulfils === undefined) {
      const { metric, path } = this.#observed[observedId - 1];
      fulfils = metric === wished.metric && pathFulfils(wished.route, path, this.#devices);
      wished.fulfilledBy.set(observedId, fulfils);
    }
    return fulfils;
  }

  get observedCount(): number {
    return this.#observed.length;
  }

  /** Forgets the observed paths. Only when no row mentions one. */
  clearObserved(): void {
    this.#observed = [];
    this.#byHash = new Map();
    for (const wished of this.#wished) wished?.fulfilledBy.clear();
  }

  #wishedPath(route: FibRoute): WishedPath {
    const known = this.#byObject.get(route);
    if (known !== undefined && known.id !== 0) return known;
    const metric = effectiveMetric(this.#family, route.metric ?? this.#defaultMetric);
    const key = `${metric} ${keyOf(route)}`;
    const equal = this.#byKey.get(key);
    if (equal !== undefined) {
      this.#byObject.set(route, equal);
      return equal;
    }
    const id = this.#freeIds.pop() ?? this.#wished.length;
    const fulfilledBy = new Map<number, boolean>();
    const wished: WishedPath = { id, route, key, metric, references: 0, version: 0, encoded: "", fulfilledBy };
    this.#wished[id] = wished;
    this.#byKey.set(key, wished);
    this.#byObject.set(route, wished);
    return wished;
  }

  #refresh(wished: WishedPath): void {
    if (wished.version === this.#devices.version) return;
    wished.version = this.#devices.version;
    wished.fulfilledBy.clear();
    wished.encoded = encodePath(this.#family, wished.route, (device) => this.#devices.indexOf(device));
  }
}

function keyOf(route: FibRoute): string {
  const hops = route.kind === "unicast" ? route.nextHops.map(hopKey).join(" ") : "";
  return `${route.kind} ${hops}`;
}

function hopKey(hop: FibNextHop): string {
  const gateway = hop.gateway === undefined ? "" : toHex(hop.gateway);
  return `${gateway}%${hop.device ?? ""}*${hop.weight}${hop.onlink ? "!" : ""}`;
}

/** True if `observed` is how the kernel would show `route`. Order of the next hops does not count. */
export function pathFulfils(route: FibRoute, observed: ObservedPath, devices: DeviceIndexes): boolean {
  if (typeOf(route.kind) !== observed.type) return false;
  if (observed.type !== RTN_UNICAST) return true;
  const { nextHops } = route;
  if (nextHops.length !== observed.hops.length) return false;
  const rest = [...observed.hops];
  for (const hop of nextHops) {
    const at = rest.findIndex((candidate) => hopFulfils(hop, candidate, nextHops.length > 1, devices));
    if (at < 0) return false;
    rest.splice(at, 1);
  }
  return true;
}

function hopFulfils(hop: FibNextHop, observed: ObservedHop, weighted: boolean, devices: DeviceIndexes): boolean {
  if (hop.device !== undefined && devices.indexOf(hop.device) !== observed.interfaceIndex) return false;
  if (hop.onlink !== observed.onlink || (weighted && hop.weight !== observed.weight)) return false;
  const { gateway } = hop;
  if (gateway === undefined || observed.gateway === undefined) return gateway === observed.gateway;
  return gateway.length === observed.gateway.length && equalBytes(gateway, 0, observed.gateway, 0, gateway.length);
}
