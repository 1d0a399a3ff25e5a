// From best paths to wishes for the kernel's table: next hop and device of each path, equal-cost paths, blackholes (of the
// node's own blocks, or asked for by peers, RFC 7999), and Calico's encapsulation through a tunnel device.

import type { Bytes } from "../base/bytes.js";
import type { Clock } from "../base/clock.js";
import { FAMILIES, type Family, IPV4_UNICAST } from "../base/family.js";
import { formatPrefix, type IpPrefix, prefixContains } from "../base/ip.js";
import type { EncapsulationConfig, KernelConfig } from "../config/speaker-config.js";
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

/** Sets of equal paths that are remembered. */
const MOST_SETS = 4096;

/** Where a next hop leads under an encapsulation rule (−1: none). */
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
  #kernel: KernelConfig;

  constructor(kernel: KernelConfig, deps: FibPlanDependencies) {
    this.#kernel = kernel;
    this.#deps = deps;
    this.#cursor = new RouteCursor(deps.rib.attrs, deps.rib.sources);
    this.#logs = deps.rib.families.map((rib) => rib.subscribeMultipath());
  }

  /** Takes another kernel configuration; everything is looked at again. */
  reconfigure(kernel: KernelConfig): void {
    this.#kernel = kernel;
    this.waysChanged();
    this.lookAgain();
  }

  /** Links, addresses or routes changed: what was known about ways is outdated. The RIB marks the routes concerned. */
  waysChanged(): void {
    this.#ways.clear();
    this.#multiple.clear();
    this.#lastWay = undefined;
  }

  /** Looks at every prefix again. */
  lookAgain(): void {
    for (const [family, rib] of this.#deps.rib.families.entries()) {
      const { prefixes } = rib.routes;
      for (let prefix = 1; prefix < prefixes.end; prefix++)
        if (prefixes.isUsed(prefix)) this.#logs[family].mark(prefix);
    }
    this.#deps.rib.requestFlush();
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
    const isLocal = source.options.kind !== "bgp";
    if (isLocal) return this.#deps.localRoute(source.options.name, formatPrefix(prefixOf(rib.routes.prefixes, prefix)));
    if (!this.#isWanted(rib, prefix, best)) return undefined;
    if (this.#deps.rib.attrs.isBlackhole(rib.routes.attrs(best))) return BLACKHOLE;
    if (!rib.decision.isResolved(best)) return UNREACHABLE;
    const encapsulation = this.#encapsulation(rib, prefix);
    if (rib.routes.next(best) === 0) return this.#toOne(this.#nextHopOf(rib, best), encapsulation);
    const paths = rib.decision.multipath(prefix).map((route) => this.#nextHopOf(rib, route));
    return paths.length === 1 ? this.#toOne(paths[0], encapsulation) : this.#toMany(paths, encapsulation);
  }

  #nextHopOf(rib: LocRib, route: RouteId): number {
    return this.#deps.rib.attrs.nextHop(rib.routes.attrs(route));
  }

  #isWanted(rib: LocRib, prefix: PrefixId, best: RouteId): boolean {
    const filter = this.#kernel.exportPolicy;
    if (filter === ACCEPT_ALL) return true;
    const { prefixes } = rib.routes;
    const word = (i: number): number => prefixes.word(prefix, i);
    this.#cursor.seek(rib.routes.attrs(best), undefined);
    this.#cursor.setPrefix(rib.family, word(0), word(1), word(2), word(3), prefixes.length(prefix));
    return filter(this.#cursor).accept;
  }

  /** Row of the rule that applies, or −1. First match decides. */
  #encapsulation(rib: LocRib, prefix: PrefixId): number {
    const rules = this.#kernel.encapsulation;
    if (rules.length === 0) return -1;
    const route = prefixOf(rib.routes.prefixes, prefix);
    return rules.findIndex((rule) => rule.prefix.length <= route.length && prefixContains(rule.prefix, route.bytes));
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
    const route: FibRoute | undefined = hops.length === 0 ? undefined : { kind: "unicast", nextHops: hops };
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
    const key = nextHop * (this.#kernel.encapsulation.length + 1) + encapsulation + 1;
    let way = this.#ways.get(key);
    if (way === undefined || way.bytes !== bytes) {
      const hop = this.#fibNextHop(nextHop, encapsulation);
      const route: FibRoute | undefined = hop === undefined ? undefined : { kind: "unicast", nextHops: [hop] };
      way = { bytes, encapsulation, number: this.#nextNumber++, route };
      this.#ways.set(key, way);
    }
    this.#lastWay = way;
    return way;
  }

  #fibNextHop(id: NextHopId, encapsulation: number): FibNextHop | undefined {
    const { nextHops } = this.#deps.rib;
    const nextHop = nextHops.bytes(id);
    const resolution = resolveNextHop(this.#deps.view, nextHop, nextHops.zone(id));
    if (resolution === undefined || resolution.kind === "local") return undefined;
    const { address } = resolution;
    const rule: EncapsulationConfig | undefined = this.#kernel.encapsulation[encapsulation];
    if (
      rule !== undefined &&
      (rule.mode === "always" || (rule.mode === "crossSubnet" && resolution.kind !== "connected"))
    ) {
      // As Calico's krt_tunnel: on-link through the tunnel, the BGP next hop is the far end.
      return { gateway: address, device: rule.device, onlink: true, weight: 1 };
    }
    return { gateway: resolution.gateway ?? address, device: resolution.device, onlink: false, weight: 1 };
  }
}

/** In order, each once: next hops behind one gateway lead the same way, and an IPv6 route must not name it twice. */
function distinctHops(hops: readonly FibNextHop[]): readonly FibNextHop[] {
  const byText = new Map(hops.map((hop) => [`${hop.gateway?.join(".") ?? ""}%${hop.device ?? ""} ${hop.onlink}`, hop]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, hop]) => hop);
}

/** Blackhole, as Calico wants it for the node's blocks, and a peer with BLACKHOLE (RFC 7999) for its own prefix. */
export const BLACKHOLE: FibRoute = { kind: "blackhole", nextHops: [] };

/** A path that counts although its next hop does not resolve (CompatibilityConfig.keepsUnresolved). */
const UNREACHABLE: FibRoute = { kind: "unreachable", nextHops: [] };

export function isInside(outer: IpPrefix, inner: IpPrefix): boolean {
  return outer.family === inner.family && outer.length <= inner.length && prefixContains(outer, inner.bytes);
}
