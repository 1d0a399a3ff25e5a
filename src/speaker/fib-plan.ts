// From best paths to wishes for the kernel's table: next hop and device of each path, equal-cost paths, blackholes (of the
// node's own blocks, or asked for by peers, RFC 7999), Calico's encapsulation through a tunnel device, and the metric and
// tunnel that a policy for the kernel sets.

import type { Bytes } from "../base/bytes.js";
import type { Clock } from "../base/clock.js";
import { FAMILIES, type Family, IPV4_UNICAST } from "../base/family.js";
import { formatPrefix, type IpPrefix, prefixContains } from "../base/ip.js";
import type { KernelConfig } from "../config/speaker-config.js";
import { ACCEPT_ALL } from "../policy/route.js";
import type { ChangeLog } from "../rib/change-log.js";
import type { LocRib } from "../rib/loc-rib.js";
import type { NextHopId } from "../rib/next-hop-table.js";
import { prefixOf } from "../rib/prefix-view.js";
import type { Rib, RibReader } from "../rib/rib.js";
import type { PrefixId, RouteId } from "../rib/route-table.js";
import { RouteCursor } from "../rib/route-cursor.js";
import { resolveNextHop } from "./next-hop-tracking.js";
import type { Fib, FibNextHop, FibRoute, KernelView } from "./ports.js";

export interface FibPlanDependencies {
  readonly clock: Clock;
  readonly rib: Rib;
  readonly fib: Fib;
  readonly view: KernelView;
  /** What the node's own route of this source and prefix wants in the kernel; undefined: nothing. */
  readonly localRoute: (source: string, prefix: string) => FibRoute | undefined;
}

/** Rows marked between two looks at the clock. */
const ROWS = 1024;
/** Sets of equal paths that are remembered. */
const MOST_SETS = 4096;
/** Metrics of one route that are remembered. */
const MOST_METRICS = 1024;
/** More rows of encapsulation than anyone has. */
const ENCAPSULATION_ROWS = 1 << 16;

/** A rule of the configuration, or a tunnel that the policy named. */
interface Encapsulation {
  /** Also for next hops on the link. */
  readonly always: boolean;
  readonly device: string;
}

/** A tunnel that the policy named. */
interface Tunnel {
  readonly row: number;
  /** Without the device the route goes the way it would go otherwise. */
  exists: boolean;
}

/** Where a next hop leads under a row of the encapsulations (0: none). */
interface Way {
  /** The octets of the next hop as NextHopTable holds them. */
  readonly bytes: Bytes;
  readonly encapsulation: number;
  /** No other way ever has it. */
  readonly number: number;
  /** The route that all prefixes with this way share; undefined: it leads nowhere. */
  readonly route: FibRoute | undefined;
}

export class FibPlan implements RibReader {
  readonly #deps: FibPlanDependencies;
  readonly #logs: readonly ChangeLog[];
  readonly #cursor: RouteCursor;
  /** By next hop and encapsulation rule. Emptied when the way to any next hop changes. */
  readonly #ways = new Map<number, Way>();
  /** Equal wishes share one object: by the numbers of their ways. */
  readonly #multiple = new Map<string, FibRoute | undefined>();
  /** The way that was asked for last: routes come in runs. */
  #lastWay: Way | undefined;
  #nextNumber = 1;
  /** How far a look at everything has come. */
  #lookedAt: { family: number; prefix: PrefixId } | undefined;
  #kernel: KernelConfig;
  #keepsUnresolved: boolean;
  /** Row 0 is none, then come the rules of the configuration, then the tunnels. */
  #encapsulations: (Encapsulation | undefined)[] = [];
  readonly #tunnels = new Map<string, Tunnel>();
  /** What the policy has set for the route it was last asked about. */
  #metric: number | undefined;
  #tunnel: string | undefined;
  /** The same routes with metrics of their own. */
  readonly #variants = new WeakMap<FibRoute, Map<number, FibRoute>>();

  /** `keepsUnresolved`: a best path whose next hop leads nowhere is unreachable in the kernel, instead of no route. */
  constructor(kernel: KernelConfig, deps: FibPlanDependencies, keepsUnresolved = false) {
    this.#kernel = kernel;
    this.#keepsUnresolved = keepsUnresolved;
    this.#readRules();
    this.#deps = deps;
    this.#cursor = new RouteCursor(deps.rib.attrs, deps.rib.sources);
    this.#logs = deps.rib.families.map((rib) => rib.subscribeMultipath());
  }

  /** Takes another kernel configuration; everything is looked at again. */
  reconfigure(kernel: KernelConfig, keepsUnresolved = false): void {
    this.#kernel = kernel;
    this.#keepsUnresolved = keepsUnresolved;
    this.#readRules();
    this.waysChanged();
    this.lookAgain();
  }

  /** Links, addresses or routes changed: what was known about ways is outdated. The RIB marks the routes concerned; a
   *  tunnel that has come or gone concerns next hops of which it does not know. */
  waysChanged(): void {
    this.#ways.clear();
    this.#multiple.clear();
    this.#lastWay = undefined;
    let isOther = false;
    for (const [device, tunnel] of this.#tunnels) {
      const exists = this.#deps.view.hasDevice(device);
      isOther ||= exists !== tunnel.exists;
      tunnel.exists = exists;
    }
    if (isOther) this.lookAgain();
  }

  /** Nothing is wished any more: what stands in the kernel stays there, whatever becomes of the routes. */
  stop(): void {
    const { rib } = this.#deps;
    this.#lookedAt = undefined;
    rib.removeReader(this);
    for (const [family, log] of this.#logs.entries()) rib.families[family].unsubscribe(log);
  }

  /** Looks at every prefix again, in slices. */
  lookAgain(): void {
    const isUnderWay = this.#lookedAt !== undefined;
    this.#lookedAt = { family: 0, prefix: 1 };
    if (!isUnderWay) this.#deps.rib.queue.add((until) => this.#lookFurther(until));
  }

  #lookFurther(until: number): boolean {
    const { rib, clock } = this.#deps;
    const at = this.#lookedAt;
    for (let n = 1; at !== undefined && at.family < rib.families.length; n++) {
      const { prefixes } = rib.families[at.family].routes;
      if (at.prefix < prefixes.end) {
        if (prefixes.isUsed(at.prefix)) this.#logs[at.family].mark(at.prefix);
        at.prefix++;
      } else {
        at.family++;
        at.prefix = 1;
      }
      if (n % ROWS === 0 && clock.now() >= until) {
        rib.requestFlush();
        return false;
      }
    }
    this.#lookedAt = undefined;
    rib.requestFlush();
    return true;
  }

  /** Resolves when everything heard so far has become a wish: routes wait in the logs and in long walks of the RIB, and
   *  both go on in slices. */
  async settled(): Promise<void> {
    const { clock, rib } = this.#deps;
    do await new Promise<void>((resolve) => clock.soon(resolve));
    while (rib.queue.length > 0 || this.#logs.some((log) => log.length > 0));
  }

  flush(until: number): boolean {
    for (const { family } of FAMILIES) {
      const rib = this.#deps.rib.families[family];
      const log = this.#logs[family];
      for (let n = 1; log.length > 0; n++) {
        const prefix = log.take();
        this.#plan(rib, family, prefix);
        rib.routes.unhold(prefix);
        if ((n & 63) === 0 && this.#deps.clock.now() >= until) return true;
      }
    }
    return false;
  }

  #plan(rib: LocRib, family: Family, prefix: PrefixId): void {
    const { prefixes } = rib.routes;
    const route = this.#wish(rib, prefix);
    const length = prefixes.length(prefix);
    if (family === IPV4_UNICAST) this.#deps.fib.set(family, prefixes.word(prefix, 0), 0, 0, 0, length, route);
    else {
      const word = (i: number): number => prefixes.word(prefix, i);
      this.#deps.fib.set(family, word(0), word(1), word(2), word(3), length, route);
    }
  }

  #wish(rib: LocRib, prefix: PrefixId): FibRoute | undefined {
    const best = rib.best(prefix);
    if (best === 0) return undefined;
    const source = this.#deps.rib.sources.get(rib.routes.source(best));
    const { kind, name } = source.options;
    if (kind !== "bgp") {
      const route = this.#deps.localRoute(name, formatPrefix(prefixOf(rib.routes.prefixes, prefix)));
      if (route === undefined || !this.#kernel.readsKernelFacts) return route;
      return this.#isWanted(rib, prefix, best) ? this.#withMetric(route) : undefined;
    }
    if (!this.#isWanted(rib, prefix, best)) return undefined;
    if (this.#deps.rib.attrs.isBlackhole(rib.routes.attrs(best))) return this.#withMetric(BLACKHOLE);
    return this.#withMetric(this.#forwarding(rib, prefix, best, this.#encapsulation(rib, prefix)));
  }

  #forwarding(rib: LocRib, prefix: PrefixId, best: RouteId, encapsulation: number): FibRoute | undefined {
    if (rib.routes.next(best) === 0) return this.#toOne(this.#nextHopOf(rib, best), encapsulation);
    const paths = rib.decision.multipath(prefix).map((route) => this.#nextHopOf(rib, route));
    return paths.length === 1 ? this.#toOne(paths[0], encapsulation) : this.#toMany(paths, encapsulation);
  }

  #nextHopOf(rib: LocRib, route: RouteId): number {
    return this.#deps.rib.attrs.nextHop(rib.routes.attrs(route));
  }

  /** Asks the policy; what it sets is in `#metric` and `#tunnel` then. */
  #isWanted(rib: LocRib, prefix: PrefixId, best: RouteId): boolean {
    this.#metric = this.#tunnel = undefined;
    const filter = this.#kernel.exportPolicy;
    if (filter === ACCEPT_ALL) return true;
    const { prefixes } = rib.routes;
    const word = (i: number): number => prefixes.word(prefix, i);
    const cursor = this.#cursor;
    cursor.seek(rib.routes.attrs(best), undefined);
    cursor.setPrefix(rib.family, word(0), word(1), word(2), word(3), prefixes.length(prefix));
    if (!filter(cursor).accept) return false;
    if (this.#kernel.readsKernelFacts) {
      this.#metric = cursor.kernelMetric;
      this.#tunnel = cursor.kernelTunnel;
    }
    return true;
  }

  #readRules(): void {
    const rules = this.#kernel.encapsulation.map(({ mode, device }) =>
      mode === "never" ? undefined : { always: mode === "always", device },
    );
    this.#encapsulations = [undefined, ...rules];
    this.#tunnels.clear();
  }

  /** Row of the encapsulation that applies. Of the rules of the configuration the first match decides. */
  #encapsulation(rib: LocRib, prefix: PrefixId): number {
    if (this.#tunnel !== undefined && this.#tunnel !== "") {
      const tunnel = this.#tunnels.get(this.#tunnel) ?? this.#addTunnel(this.#tunnel);
      if (tunnel.exists) return tunnel.row;
    }
    const rules = this.#kernel.encapsulation;
    if (rules.length === 0) return 0;
    const route = prefixOf(rib.routes.prefixes, prefix);
    const applies = (rule: (typeof rules)[number]): boolean =>
      rule.prefix.length <= route.length && prefixContains(rule.prefix, route.bytes);
    return rules.findIndex(applies) + 1;
  }

  #addTunnel(device: string): Tunnel {
    const tunnel = { row: this.#encapsulations.length, exists: this.#deps.view.hasDevice(device) };
    this.#encapsulations.push({ always: true, device });
    this.#tunnels.set(device, tunnel);
    return tunnel;
  }

  /** The route with the metric that the policy has set. Equal wishes share one object. */
  #withMetric(route: FibRoute | undefined): FibRoute | undefined {
    const metric = this.#metric;
    if (route === undefined || metric === undefined || metric === route.metric) return route;
    let variants = this.#variants.get(route);
    if (variants === undefined || variants.size >= MOST_METRICS)
      this.#variants.set(route, (variants = new Map<number, FibRoute>()));
    let variant = variants.get(metric);
    if (variant === undefined) variants.set(metric, (variant = { ...route, metric }));
    return variant;
  }

  #toOne(nextHop: NextHopId, encapsulation: number): FibRoute | undefined {
    return this.#way(nextHop, encapsulation).route;
  }

  #toMany(nextHops: readonly NextHopId[], encapsulation: number): FibRoute | undefined {
    const distinct = [...new Set(nextHops)].sort((a, b) => a - b);
    if (distinct.length === 1) return this.#toOne(distinct[0], encapsulation);
    const ways = distinct.map((nextHop) => this.#way(nextHop, encapsulation));
    const key = ways.map((way) => way.number).join(",");
    if (this.#multiple.has(key)) return this.#multiple.get(key);
    const hops = distinctHops(ways.flatMap((way) => way.route?.nextHops ?? []));
    const route = hops.length === 0 ? ways[0].route : unicast(hops);
    // Sets of ways that are no more pile up where next hops come and go.
    if (this.#multiple.size >= MOST_SETS) this.#multiple.clear();
    this.#multiple.set(key, route);
    return route;
  }

  #way(nextHop: NextHopId, encapsulation: number): Way {
    const bytes = this.#deps.rib.nextHops.bytes(nextHop);
    const last = this.#lastWay;
    // A row of the next hop table is given out again, its octets are not: the same array is the same next hop.
    if (last !== undefined && last.bytes === bytes && last.encapsulation === encapsulation) return last;
    const key = nextHop * ENCAPSULATION_ROWS + encapsulation;
    let way = this.#ways.get(key);
    if (way === undefined || way.bytes !== bytes) {
      way = { bytes, encapsulation, number: this.#nextNumber++, route: this.#routeTo(nextHop, encapsulation) };
      this.#ways.set(key, way);
    }
    this.#lastWay = way;
    return way;
  }

  #routeTo(id: NextHopId, encapsulation: number): FibRoute | undefined {
    const { nextHops } = this.#deps.rib;
    const resolution = resolveNextHop(this.#deps.view, nextHops.bytes(id), nextHops.zone(id));
    if (resolution === undefined) return this.#keepsUnresolved ? UNREACHABLE : undefined;
    if (resolution.kind === "local") return undefined;
    const { address, gateway = address, device } = resolution;
    const rule = this.#encapsulations[encapsulation];
    // As Calico's krt_tunnel: on-link through the tunnel, the BGP next hop is the far end.
    if (rule !== undefined && (rule.always || resolution.kind !== "connected"))
      return unicast([{ gateway: address, device: rule.device, onlink: true, weight: 1 }]);
    return unicast([{ gateway, device, onlink: false, weight: 1 }]);
  }
}

function unicast(nextHops: readonly FibNextHop[]): FibRoute {
  return { kind: "unicast", nextHops, metric: undefined };
}

/** In order of their gateways, each once: next hops behind one gateway lead the same way, and an IPv6 route must not name
 *  it twice. */
function distinctHops(hops: readonly FibNextHop[]): readonly FibNextHop[] {
  const byText = new Map(hops.map((hop) => [`${hop.gateway?.join(".") ?? ""}%${hop.device ?? ""} ${hop.onlink}`, hop]));
  return [...byText.values()].sort(byGateway);
}

function byGateway(a: FibNextHop, b: FibNextHop): number {
  const difference = Buffer.compare(a.gateway ?? NO_GATEWAY, b.gateway ?? NO_GATEWAY);
  return difference !== 0 ? difference : (a.device ?? "") < (b.device ?? "") ? -1 : 1;
}

const NO_GATEWAY: Bytes = new Uint8Array(0);

/** Blackhole, as Calico wants it for the node's blocks, and a peer with BLACKHOLE (RFC 7999) for its own prefix. */
export const BLACKHOLE: FibRoute = { kind: "blackhole", nextHops: [], metric: undefined };
const UNREACHABLE: FibRoute = { kind: "unreachable", nextHops: [], metric: undefined };

export function isInside(outer: IpPrefix, inner: IpPrefix): boolean {
  return outer.family === inner.family && outer.length <= inner.length && prefixContains(outer, inner.bytes);
}
