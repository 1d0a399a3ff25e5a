// From best paths to wishes for the kernel's table: next hop and device of each path, equal-cost paths, blackholes (of the
// node's own blocks, or asked for by peers, RFC 7999), and Calico's encapsulation through a tunnel device.

import type { Clock } from "../base/clock.js";
import { FAMILIES, type Family } from "../base/family.js";
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

export class FibPlan implements RibReader {
  readonly #deps: FibPlanDependencies;
  readonly #logs: readonly ChangeLog[];
  readonly #cursor: RouteCursor;
  /** Equal wishes share one object: by next hop and tunnel. Emptied when the way to any next hop changes. */
  readonly #single = new Map<number, FibRoute | undefined>();
  readonly #multiple = new Map<string, FibRoute | undefined>();
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
    this.#single.clear();
    this.#multiple.clear();
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
    const word = (i: number): number => prefixes.word(prefix, i);
    const route = this.#wish(rib, prefix);
    this.#deps.fib.set(family, word(0), word(1), word(2), word(3), prefixes.length(prefix), route);
  }

  #wish(rib: LocRib, prefix: PrefixId): FibRoute | undefined {
    const best = rib.best(prefix);
    if (best === 0) return undefined;
    const source = this.#deps.rib.sources.get(rib.routes.source(best));
    const isLocal = source.options.kind !== "bgp";
    if (isLocal) return this.#deps.localRoute(source.options.name, formatPrefix(prefixOf(rib.routes.prefixes, prefix)));
    if (!this.#isWanted(rib, prefix, best)) return undefined;
    if (this.#deps.rib.attrs.isBlackhole(rib.routes.attrs(best))) return BLACKHOLE;
    const encapsulation = this.#encapsulation(rib, prefix);
    if (rib.decision.options.multipathEbgp <= 1 && rib.decision.options.multipathIbgp <= 1) {
      return this.#toOne(this.#nextHopOf(rib, best), encapsulation);
    }
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

  #toOne(nextHop: number, encapsulation: number): FibRoute | undefined {
    const key = nextHop * 64 + encapsulation + 1;
    if (this.#single.has(key)) return this.#single.get(key);
    const hop = this.#fibNextHop(nextHop, encapsulation);
    const route: FibRoute | undefined = hop === undefined ? undefined : { kind: "unicast", nextHops: [hop] };
    this.#single.set(key, route);
    return route;
  }

  #toMany(nextHops: readonly number[], encapsulation: number): FibRoute | undefined {
    const distinct = [...new Set(nextHops)].sort((a, b) => a - b);
    if (distinct.length === 1) return this.#toOne(distinct[0], encapsulation);
    const key = `${encapsulation}:${distinct.join(",")}`;
    if (this.#multiple.has(key)) return this.#multiple.get(key);
    const hops = distinct.map((nextHop) => this.#fibNextHop(nextHop, encapsulation)).filter((hop) => hop !== undefined);
    const route: FibRoute | undefined = hops.length === 0 ? undefined : { kind: "unicast", nextHops: sorted(hops) };
    this.#multiple.set(key, route);
    return route;
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

function sorted(hops: FibNextHop[]): readonly FibNextHop[] {
  const text = (hop: FibNextHop): string => `${hop.gateway?.join(".") ?? ""}%${hop.device ?? ""}`;
  return hops.sort((a, b) => (text(a) < text(b) ? -1 : 1));
}

/** Blackhole, as Calico wants it for the node's blocks, and a peer with BLACKHOLE (RFC 7999) for its own prefix. */
export const BLACKHOLE: FibRoute = { kind: "blackhole", nextHops: [] };

export function isInside(outer: IpPrefix, inner: IpPrefix): boolean {
  return outer.family === inner.family && outer.length <= inner.length && prefixContains(outer, inner.bytes);
}
