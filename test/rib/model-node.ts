// What the node itself adds to the tables in the model's world, real and naive: routes of its own, static routes,
// aggregates, the kernel's table.

import { formatPrefix, type IpPrefix } from "../../src/base/ip.js";
import type { KernelConfig, NodeRoutesConfig, StaticRouteConfig } from "../../src/config/speaker-config.js";
import type { Clock } from "../../src/base/clock.js";
import type { PathAttributes } from "../../src/packet/attributes/attribute.js";
import type { Rib } from "../../src/rib/rib.js";
import { RELATION, type Source, type SourceOptions } from "../../src/rib/sources.js";
import { Aggregates } from "../../src/speaker/aggregates.js";
import { BLACKHOLE, FibPlan } from "../../src/speaker/fib-plan.js";
import { LocalRoutes } from "../../src/speaker/local-routes.js";
import { nextHopResolver } from "../../src/speaker/next-hop-tracking.js";
import type { FibRoute } from "../../src/speaker/ports.js";
import { ModelKernel, PLAIN_KERNEL } from "../speaker/model-kernel.js";
import { naiveWish, wishFault } from "../speaker/naive-fib.js";
import type { ModelStatic, Way } from "./model-commands.js";
import { NEXT_HOPS, PREFIXES } from "./model-universe.js";
import { type NaiveAggregate, type NaiveRib, NaiveSource } from "./naive-rib.js";
import type { NaiveTable } from "./naive-table.js";

const NO_ROUTES: NodeRoutesConfig = {
  blocks: [],
  borrowed: [],
  static: [],
  aggregates: [],
  direct: [],
  kernelRoutes: [],
  learnsAllKernelRoutes: false,
  weights: undefined,
};

const localOptions = (name: string): SourceOptions => ({
  kind: "static",
  name,
  relation: RELATION.local,
  localAs: 0,
  peer: undefined,
  address: undefined,
});

export class ModelNode {
  readonly kernel = new ModelKernel();
  readonly #rib: Rib;
  readonly #naive: NaiveRib;
  readonly #local: LocalRoutes;
  readonly #aggregates: Aggregates;
  readonly #plan: FibPlan;
  readonly #own: Source;
  readonly #naiveOwn: NaiveSource;
  readonly #naiveStatic: NaiveSource;
  #kernelConfig: KernelConfig = PLAIN_KERNEL;
  #routes: readonly ModelStatic[] = [];
  #statics = new Map<string, FibRoute | undefined>();

  constructor(rib: Rib, naive: NaiveRib, clock: Clock) {
    this.#rib = rib;
    this.#naive = naive;
    rib.nextHops.reresolve(nextHopResolver(this.kernel));
    // In the order in which sources without an address win.
    this.#local = new LocalRoutes(rib, this.kernel);
    this.#own = rib.addSource(localOptions("own"));
    this.#aggregates = new Aggregates(rib);
    this.#naiveStatic = new NaiveSource(localOptions("static"), 0, naive.identity);
    this.#naiveOwn = new NaiveSource(localOptions("own"), 0, naive.identity);
    naive.sources.add(this.#naiveStatic).add(this.#naiveOwn);
    const localRoute = (source: string, text: string): FibRoute | undefined =>
      source === "aggregate" ? this.#aggregates.fibRoute(text) : this.#local.fibRoute(source, text);
    this.#plan = new FibPlan(PLAIN_KERNEL, { clock, rib, fib: this.kernel, view: this.kernel, localRoute });
    rib.addReader(this.#plan);
  }

  announce(prefix: IpPrefix, med: number | undefined): boolean {
    const attributes = { origin: 0, asPath: [], ...(med === undefined ? {} : { med }) };
    this.#rib.announceLocal(this.#own, prefix, attributes);
    return this.#naiveOwn.announce(prefix, 0, attributes);
  }

  withdraw(prefix: IpPrefix): boolean {
    this.#rib.withdrawLocal(this.#own, prefix);
    return this.#naiveOwn.withdraw(prefix, 0);
  }

  /** Gives the prefixes concerned. */
  setStatics(routes: readonly ModelStatic[]): readonly IpPrefix[] {
    const before = this.#naiveStatic.prefixes;
    this.#routes = routes;
    this.#local.apply({ ...NO_ROUTES, static: routes.map(staticConfig) });
    this.#announceStatics();
    return [...before, ...this.#naiveStatic.prefixes];
  }

  /** Those through a gateway only while it is on a link. */
  #announceStatics(): void {
    this.#naiveStatic.paths.clear();
    this.#statics = new Map();
    for (const route of this.#routes) {
      const prefix = PREFIXES[route.prefix];
      const gateway = gatewayOf(route);
      if (gateway !== undefined && this.kernel.resolve(gateway)?.kind !== "connected") continue;
      const attributes: PathAttributes = {
        origin: 0,
        asPath: [],
        ...(gateway === undefined ? {} : { nextHop: gateway }),
      };
      this.#naiveStatic.announce(prefix, 0, attributes);
      this.#statics.set(formatPrefix(prefix), staticWish(route));
    }
  }

  setAggregates(aggregates: readonly NaiveAggregate[]): void {
    this.#naive.aggregates = aggregates;
    this.#aggregates.apply(aggregates);
  }

  /** As the speaker does when links, addresses or routes of the kernel have changed. */
  setWays(addresses: readonly Uint8Array[], way: Way): void {
    for (const address of addresses) this.kernel.setWay(address, way);
    this.#plan.waysChanged();
    this.#rib.reresolveNextHops();
    this.#local.refresh();
    this.#announceStatics();
  }

  setKernel(changes: Pick<KernelConfig, "exportPolicy" | "encapsulation">): void {
    this.#kernelConfig = { ...PLAIN_KERNEL, ...changes };
    this.#plan.reconfigure(this.#kernelConfig);
  }

  /** Why the kernel would not do what it should; undefined: it would. */
  kernelFault(table: NaiveTable): string | undefined {
    const wishes = this.kernel.wishes();
    const { multipathEbgp, multipathIbgp } = this.#rib.families[0].decision.options;
    const facts = {
      kernel: this.#kernelConfig,
      multipathEbgp,
      multipathIbgp,
      resolve: (address: Uint8Array) => this.kernel.resolve(address),
      localRoute: (source: string, text: string) =>
        source === "aggregate" ? BLACKHOLE : source === "static" ? this.#statics.get(text) : undefined,
    };
    for (const [text, prefix] of table.prefixes) {
      const fault = wishFault(naiveWish(table, prefix, facts), wishes.get(text));
      if (fault !== undefined) return `${text} in the kernel ${fault}`;
    }
    for (const text of wishes.keys()) if (!table.prefixes.has(text)) return `${text} is still wished for in the kernel`;
    return undefined;
  }

  clear(): void {
    for (const prefix of this.#naiveOwn.prefixes) this.withdraw(prefix);
    this.setStatics([]);
    this.setAggregates([]);
  }
}

function gatewayOf({ prefix, via, nextHop }: ModelStatic): Uint8Array | undefined {
  return via === "gateway" ? NEXT_HOPS[PREFIXES[prefix].family][nextHop].slice(0, 16) : undefined;
}

function staticConfig(route: ModelStatic): StaticRouteConfig {
  const prefix = PREFIXES[route.prefix];
  const install = route.install && route.via !== "none";
  const gateway = gatewayOf(route);
  if (gateway !== undefined) {
    return { prefix, install, via: { kind: "gateway", address: { bytes: gateway }, device: undefined } };
  }
  if (route.via === "device") return { prefix, install, via: { kind: "device", device: "eth7" } };
  return { prefix, install, via: { kind: route.via === "gateway" ? "none" : route.via } };
}

function staticWish(route: ModelStatic): FibRoute | undefined {
  const { via, install } = route;
  if (!install || via === "none") return undefined;
  if (via === "blackhole" || via === "unreachable") return { kind: via, nextHops: [] };
  const device = via === "device" ? "eth7" : undefined;
  return { kind: "unicast", nextHops: [{ gateway: gatewayOf(route), device, onlink: false, weight: 1 }] };
}
