// One route of the node itself: what BGP is told of it, what it wants in the kernel, and the facts that scripts read.

import { type Bytes, toHex } from "../base/bytes.js";
import { formatPrefix, type IpPrefix } from "../base/ip.js";
import type { StaticGateway, StaticRouteConfig } from "../config/speaker-config.js";
import type { PathAttributes } from "../packet/attributes/attribute.js";
import type { LocalFacts } from "../rib/local-facts.js";
import { BLACKHOLE } from "./fib-plan.js";
import type { AlienRoute, FibNextHop, FibRoute, InterfaceAddress, KernelView } from "./ports.js";

/** A route as it should be announced. */
export interface LocalRoute {
  readonly prefix: IpPrefix;
  readonly attributes: PathAttributes;
  /** What it wants in the kernel; undefined: it stands there already, or is not to. */
  readonly fib: FibRoute | undefined;
  readonly facts: LocalFacts;
  /** Equal texts: nothing to do. */
  readonly identity: string;
}

/** A locally originated route has ORIGIN IGP and an empty AS_PATH (RFC 4271 §5.1.1, §5.1.2). */
const ORIGINATED: PathAttributes = { origin: 0, asPath: [] };
const NO_GATEWAY: Bytes = new Uint8Array(0);

function make(prefix: IpPrefix, attributes: PathAttributes, fib: FibRoute | undefined, facts: LocalFacts): LocalRoute {
  const { kernelMetric, kernelSource, interfaceName, gateway, destination } = facts;
  const identity = [
    attributes.nextHop === undefined ? "" : toHex(attributes.nextHop),
    fib === undefined ? "" : `${fib.kind} ${fib.metric ?? ""} ${fib.nextHops.map(hopText).join("+")}`,
    `${destination} ${toHex(gateway)} ${interfaceName} ${kernelSource ?? ""} ${kernelMetric ?? ""}`,
  ].join("|");
  return { prefix, attributes, fib, facts, identity };
}

function hopText({ gateway, device, weight }: FibNextHop): string {
  return `${gateway === undefined ? "" : toHex(gateway)}%${device ?? ""}*${weight}`;
}

/** `kernelMetric` as the kernel would have it. */
function factsOf(route: FibRoute, kernelSource: number | undefined, device?: string): LocalFacts {
  const { kind, nextHops, metric: kernelMetric } = route;
  if (kind !== "unicast")
    return { kernelMetric, kernelSource, interfaceName: "", gateway: NO_GATEWAY, destination: kind, protocolName: "" };
  const several = nextHops.length > 1;
  return {
    kernelMetric,
    kernelSource,
    interfaceName: several ? "" : (nextHops[0]?.device ?? device ?? ""),
    gateway: several ? NO_GATEWAY : (nextHops[0]?.gateway ?? NO_GATEWAY),
    destination: several ? "multipath" : nextHops[0]?.gateway === undefined ? "device" : "router",
    protocolName: "",
  };
}

/** The route as one of that protocol of the configuration; undefined: they have no names there. */
export function named(route: LocalRoute, protocolName: string | undefined): LocalRoute {
  if (protocolName === undefined) return route;
  return { ...route, facts: { ...route.facts, protocolName }, identity: `${route.identity}|${protocolName}` };
}

/** An address block of the node: a blackhole, as Calico does. */
export function block(prefix: IpPrefix): LocalRoute {
  return make(prefix, ORIGINATED, BLACKHOLE, factsOf(BLACKHOLE, undefined));
}

/** A borrowed address. The workload's own host route is Felix's business: advertised, not written. */
export function borrowed(prefix: IpPrefix): LocalRoute {
  return make(prefix, ORIGINATED, undefined, factsOf({ kind: "unreachable", nextHops: [] }, undefined));
}

/** A connected prefix. */
export function direct({ prefix, device }: InterfaceAddress): LocalRoute {
  const hop = { gateway: undefined, device, onlink: false, weight: 1 };
  return make(prefix, ORIGINATED, undefined, factsOf({ kind: "unicast", nextHops: [hop] }, undefined));
}

/** A route of the kernel that someone else has made. A gateway on a link of ours is its next hop, as with static routes. */
export function learned(route: AlienRoute, view?: KernelView): LocalRoute {
  const { prefix, kind, nextHops, metric, protocol } = route;
  const facts = factsOf({ kind, nextHops, metric }, protocol);
  const gateway = nextHops.length === 1 ? nextHops[0].gateway : undefined;
  const isOnLink = gateway !== undefined && view?.resolve(gateway, nextHops[0].device)?.kind === "connected";
  return make(prefix, isOnLink ? { ...ORIGINATED, nextHop: gateway } : ORIGINATED, undefined, facts);
}

/** A static route; undefined while none of its gateways is on a link of the node. */
export function fromStatic(route: StaticRouteConfig, view: KernelView | undefined): LocalRoute | undefined {
  const made = unnamedStatic(route, view);
  return made === undefined ? undefined : named(made, route.protocolName);
}

function unnamedStatic(route: StaticRouteConfig, view: KernelView | undefined): LocalRoute | undefined {
  const { via, prefix, install, metric } = route;
  switch (via.kind) {
    case "gateway":
      return throughGateways(route, [via], view);
    case "gateways":
      return throughGateways(route, via.gateways, view);
    case "device": {
      const hop = { gateway: undefined, device: via.device, onlink: false, weight: 1 };
      const fib: FibRoute = { kind: "unicast", nextHops: [hop], metric };
      return make(prefix, ORIGINATED, install ? fib : undefined, factsOf(fib, undefined));
    }
    case "none":
      return borrowed(prefix);
    default: {
      const fib: FibRoute = { kind: via.kind, nextHops: [], metric };
      return make(prefix, ORIGINATED, install ? fib : undefined, factsOf(fib, undefined));
    }
  }
}

function throughGateways(
  { prefix, install, metric }: StaticRouteConfig,
  gateways: readonly StaticGateway[],
  view: KernelView | undefined,
): LocalRoute | undefined {
  const active = gateways.flatMap((gateway) => {
    const link = linkOf(gateway, view);
    return link === undefined ? [] : [{ gateway, link }];
  });
  if (active.length === 0) return undefined;
  const nextHops = active.map(({ gateway: { address, device } }) => {
    return { gateway: address.bytes, device: device ?? address.zone, onlink: false, weight: 1 };
  });
  const fib: FibRoute = { kind: "unicast", nextHops, metric };
  const attributes = active.length > 1 ? ORIGINATED : { ...ORIGINATED, nextHop: nextHops[0].gateway };
  return make(prefix, attributes, install ? fib : undefined, factsOf(fib, undefined, active[0].link));
}

/** Name of the link on which the gateway is, "" where nothing is known of links; undefined: it is on none. */
function linkOf({ address, device }: StaticGateway, view: KernelView | undefined): string | undefined {
  if (view === undefined) return device ?? "";
  const way = view.resolve(address.bytes, device ?? address.zone);
  const isOnLink = way?.kind === "connected" && (device === undefined || way.device === device);
  return isOnLink ? way.device : undefined;
}

/** Of the routes with one prefix the one that the kernel prefers. */
export function bestByPrefix(routes: readonly AlienRoute[]): readonly AlienRoute[] {
  const best = new Map<string, AlienRoute>();
  for (const route of routes) {
    const text = formatPrefix(route.prefix);
    const other = best.get(text);
    if (other === undefined || route.metric < other.metric) best.set(text, route);
  }
  return [...best.values()];
}
