// Where the node's own routes lead: static ones as the configuration says, connected and learned ones as the kernel says.

import type { Bytes } from "../../base/bytes.js";
import { formatBytes, formatPrefix } from "../../base/ip.js";
import type { AlienRoute, KernelView } from "../../speaker/ports.js";
import type { StaticDeclaration, StaticRouteDeclaration } from "../language/declarations.js";
import type { Destination, RouteSource, StaticRouteView, StaticTarget } from "./bird-view.js";

const MAIN_TABLE = 254;

export interface LocalWay {
  readonly destination: Destination;
  readonly source: RouteSource;
  /** Name of the static protocol; undefined: the source tells. */
  readonly protocol: string | undefined;
  readonly attributes: readonly string[];
}

/** The ways at one moment, by prefix: made once for a listing. */
export class LocalWays {
  readonly #static = new Map<string, { readonly route: StaticRouteDeclaration; readonly protocol: string }>();
  readonly #devices = new Map<string, string>();
  readonly #alien = new Map<string, AlienRoute>();
  readonly #view: KernelView | undefined;

  constructor(statics: readonly StaticDeclaration[], view: KernelView | undefined) {
    this.#view = view;
    for (const { name, routes } of statics)
      for (const route of routes) this.#static.set(formatPrefix(route.prefix), { route, protocol: name });
    for (const { prefix, device } of view?.addresses() ?? []) this.#devices.set(formatPrefix(prefix), device);
    for (const route of view?.alienRoutes() ?? []) {
      if (route.table !== MAIN_TABLE) continue;
      const text = formatPrefix(route.prefix);
      const known = this.#alien.get(text);
      // The kernel uses the one with the lowest metric.
      if (known === undefined || route.metric < known.metric) this.#alien.set(text, route);
    }
  }

  /** `kind` as SourceOptions has it. */
  find(kind: string, prefix: string): LocalWay {
    if (kind === "direct") return { ...BARE, source: "device", destination: deviceOr(this.#devices.get(prefix)) };
    if (kind === "kernel") return this.#fromKernel(prefix);
    const found = this.#static.get(prefix);
    if (found === undefined) return { ...BARE, source: "static", destination: { kind: "blackhole" } };
    const { route, protocol } = found;
    const source = route.to.kind === "device" ? "static-device" : "static";
    return { source, protocol, attributes: [], destination: this.#staticDestination(route) };
  }

  /** The static protocol that has the prefix, where the source is of this kind. */
  staticProtocol(kind: string, prefix: string): string | undefined {
    return kind === "static" ? this.#static.get(prefix)?.protocol : undefined;
  }

  #fromKernel(prefix: string): LocalWay {
    const route = this.#alien.get(prefix);
    if (route === undefined) return { ...BARE, source: "inherit", destination: { kind: "unreachable" } };
    return {
      source: "inherit",
      protocol: undefined,
      destination: kernelDestination(route),
      attributes: kernelAttributes(route),
    };
  }

  #staticDestination({ to }: StaticRouteDeclaration): Destination {
    switch (to.kind) {
      case "device":
        return { kind: "device", device: to.device };
      case "recursive":
        return this.#through(to.address.bytes);
      case "via": {
        const hops = to.gateways.flatMap(({ address, weight }) => {
          const way = this.#through(address.bytes, address.zone);
          return way.kind === "via" ? [{ gateway: way.gateway, device: way.device, weight }] : [];
        });
        if (hops.length > 1) return { kind: "multipath", hops };
        return hops.length === 1 ? { kind: "via", ...hops[0] } : { kind: "unreachable" };
      }
      default:
        return { kind: to.kind === "prohibit" ? "prohibited" : to.kind };
    }
  }

  #through(address: Bytes, zone?: string): Destination {
    const way = this.#view?.resolve(address, zone);
    if (way === undefined || way.kind === "local") return { kind: "unreachable" };
    return { kind: "via", gateway: formatBytes(way.gateway ?? address), device: way.device };
  }
}

/** rtm_scope of routes that lead to a gateway, and of those that end on a link. */
const UNIVERSE = 0;
const LINK = 253;

function kernelAttributes({ protocol, metric, kind, nextHops, details }: AlienRoute): readonly string[] {
  const lines = [`Kernel.source: ${protocol}`, `Kernel.metric: ${metric}`];
  if (details === undefined) return lines;
  const { preferredSource, realm, scope } = details;
  if (preferredSource.length > 0) lines.push(`Kernel.prefsrc: ${formatBytes(preferredSource)}`);
  if (realm !== 0) lines.push(`Kernel.realm: ${realm}`);
  const isOfLink = kind === "unicast" && nextHops.length === 1 && nextHops[0].gateway === undefined;
  if (scope !== (isOfLink ? LINK : UNIVERSE)) lines.push(`Kernel.scope: ${scope}`);
  return lines;
}

function kernelDestination({ kind, nextHops }: AlienRoute): Destination {
  if (kind !== "unicast") return { kind: kind === "prohibit" ? "prohibited" : kind };
  const hops = nextHops.map(({ gateway, device, weight }) => ({
    gateway: gateway === undefined ? "" : formatBytes(gateway),
    device: device ?? "",
    weight,
  }));
  if (hops.length > 1) return { kind: "multipath", hops };
  const [{ gateway, device }] = hops;
  return gateway === "" ? deviceOr(device) : { kind: "via", gateway, device };
}

const BARE = { protocol: undefined, attributes: [] };

function deviceOr(device: string | undefined): Destination {
  return device === undefined ? { kind: "unreachable" } : { kind: "device", device };
}

/** `show static`: what is declared, and whether there is a way. */
export function staticRouteView(route: StaticRouteDeclaration, view: KernelView | undefined): StaticRouteView {
  const { to } = route;
  const prefix = formatPrefix(route.prefix);
  switch (to.kind) {
    case "device":
      return { prefix, target: { kind: "device", device: to.device }, isDormant: view?.isUp(to.device) === false };
    case "recursive":
      return { prefix, target: { kind: "recursive", address: formatBytes(to.address.bytes) }, isDormant: false };
    case "via": {
      const hops = to.gateways.map(({ address, weight }) => ({
        address: formatBytes(address.bytes),
        weight,
        isDormant: !isOnLink(address.bytes, address.zone, view),
      }));
      if (hops.length > 1) return { prefix, target: { kind: "multipath", hops }, isDormant: false };
      const [{ address, isDormant }] = hops;
      return { prefix, target: { kind: "via", address }, isDormant };
    }
    default: {
      const target: StaticTarget = { kind: to.kind === "prohibit" ? "prohibited" : to.kind };
      return { prefix, target, isDormant: false };
    }
  }
}

/** A gateway must be a neighbour. */
function isOnLink(address: Bytes, zone: string | undefined, view: KernelView | undefined): boolean {
  return view === undefined || view.resolve(address, zone)?.kind === "connected";
}
