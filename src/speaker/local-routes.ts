// The node's own routes as sources of the RIB: address blocks, borrowed addresses, static routes, connected prefixes and
// alien kernel routes by interface pattern. Desired against announced, so that a reload touches only what differs.

import { formatPrefix, type IpPrefix, isLinkLocal } from "../base/ip.js";
import type { NodeRoutesConfig, StaticRouteConfig } from "../config/speaker-config.js";
import type { PathAttributes } from "../packet/attributes/attribute.js";
import type { RouteOrigin } from "../policy/route.js";
import type { Rib } from "../rib/rib.js";
import { RELATION, type Source } from "../rib/sources.js";
import { BLACKHOLE } from "./fib-plan.js";
import { matchesPatterns } from "./interface-pattern.js";
import type { FibRoute, KernelView } from "./ports.js";

/** A route as it should be announced. */
interface LocalRoute {
  readonly prefix: IpPrefix;
  readonly attributes: PathAttributes;
  /** What it wants in the kernel. */
  readonly fib: FibRoute | undefined;
  /** Equal texts: nothing to do. */
  readonly identity: string;
}

/** A locally originated route has ORIGIN IGP and an empty AS_PATH (RFC 4271 §5.1.1, §5.1.2). */
const ORIGINATED: PathAttributes = { origin: 0, asPath: [] };

/** rtm_protocol of routes the kernel makes for its own addresses: `direct` is there for these. */
const CONNECTED = 2;

type LocalSourceName = "block" | "static" | "direct" | "kernel";

const KINDS: Readonly<Record<LocalSourceName, RouteOrigin>> = {
  block: "static",
  static: "static",
  direct: "direct",
  kernel: "kernel",
};

export class LocalRoutes {
  readonly #rib: Rib;
  readonly #view: KernelView | undefined;
  readonly #sources = new Map<string, Source>();
  readonly #announced = new Map<string, Map<string, LocalRoute>>();
  #config: NodeRoutesConfig | undefined;

  constructor(rib: Rib, view: KernelView | undefined) {
    this.#rib = rib;
    this.#view = view;
    for (const [name, kind] of Object.entries(KINDS)) {
      const options = { kind, name, relation: RELATION.local, localAs: 0, peer: undefined, address: undefined };
      this.#sources.set(name, rib.addSource(options));
      this.#announced.set(name, new Map());
    }
  }

  /** Announces what is new, withdraws what is gone. Gives how many routes changed. */
  apply(config: NodeRoutesConfig): number {
    this.#config = config;
    const changed =
      this.#sync("block", config.blocks.map(block)) +
      this.#sync("static", [...config.borrowed.map(borrowed), ...config.static.map(fromStatic)]);
    return changed + this.refresh();
  }

  /** Connected prefixes or alien routes may have changed. */
  refresh(): number {
    const { direct, kernelRoutes } = this.#config ?? { direct: [], kernelRoutes: [] };
    const view = this.#view;
    const connected = direct.length === 0 || view === undefined ? [] : view.addresses();
    const alien = kernelRoutes.length === 0 || view === undefined ? [] : view.alienRoutes();
    return (
      this.#sync(
        "direct",
        connected
          .filter((entry) => matchesPatterns(entry.device, direct) && !isLinkLocal(entry.address.bytes))
          .map((entry) => announced(entry.prefix)),
      ) +
      this.#sync(
        "kernel",
        alien
          .filter((route) => route.protocol !== CONNECTED && matchesPatterns(route.device, kernelRoutes))
          .map((route) => announced(route.prefix)),
      )
    );
  }

  /** What the node's own route wants in the kernel. */
  fibRoute(source: string, prefix: string): FibRoute | undefined {
    return this.#announced.get(source)?.get(prefix)?.fib;
  }

  #sync(name: LocalSourceName, wanted: readonly LocalRoute[]): number {
    const source = this.#sources.get(name);
    const announcedRoutes = this.#announced.get(name);
    if (source === undefined || announcedRoutes === undefined) return 0;
    const desired = new Map(wanted.map((route) => [formatPrefix(route.prefix), route]));
    let changed = 0;
    for (const [text, route] of announcedRoutes) {
      if (desired.has(text)) continue;
      announcedRoutes.delete(text);
      this.#rib.withdrawLocal(source, route.prefix);
      changed++;
    }
    for (const [text, route] of desired) {
      const before = announcedRoutes.get(text);
      if (before?.identity === route.identity) continue;
      announcedRoutes.set(text, route);
      this.#rib.announceLocal(source, route.prefix, route.attributes);
      if (before !== undefined) this.#lookAgain(route.prefix);
      changed++;
    }
    return changed;
  }

  /** To BGP the route may be the same as before: the kernel's table would not hear of it. */
  #lookAgain(prefix: IpPrefix): void {
    const row = this.#rib.find(prefix);
    if (row !== 0) this.#rib.families[prefix.family].redecide(row);
  }
}

function make(prefix: IpPrefix, attributes: PathAttributes, fib: FibRoute | undefined): LocalRoute {
  return {
    prefix,
    attributes,
    fib,
    identity: JSON.stringify([attributes, fib], (_key, value: unknown) => plain(value)),
  };
}

function plain(value: unknown): unknown {
  return value instanceof Uint8Array ? [...value] : value;
}

function block(prefix: IpPrefix): LocalRoute {
  return make(prefix, ORIGINATED, BLACKHOLE);
}

function borrowed(prefix: IpPrefix): LocalRoute {
  // The workload's own host route is Felix's business: advertised, not written.
  return make(prefix, ORIGINATED, undefined);
}

function announced(prefix: IpPrefix): LocalRoute {
  return make(prefix, ORIGINATED, undefined);
}

function fromStatic(route: StaticRouteConfig): LocalRoute {
  const { via, prefix, install } = route;
  switch (via.kind) {
    case "gateway": {
      const hop = { gateway: via.address.bytes, device: via.device, onlink: false, weight: 1 };
      const attributes = { ...ORIGINATED, nextHop: via.address.bytes };
      return make(prefix, attributes, install ? { kind: "unicast", nextHops: [hop] } : undefined);
    }
    case "device": {
      const hop = { gateway: undefined, device: via.device, onlink: false, weight: 1 };
      return make(prefix, ORIGINATED, install ? { kind: "unicast", nextHops: [hop] } : undefined);
    }
    case "none":
      return make(prefix, ORIGINATED, undefined);
    default:
      return make(prefix, ORIGINATED, install ? { kind: via.kind, nextHops: [] } : undefined);
  }
}
