// The node's own routes as sources of the RIB: address blocks, borrowed addresses, static routes, connected prefixes and
// alien kernel routes by interface pattern. Desired against announced, so that a reload touches only what differs.

import { formatPrefix, type IpPrefix, isLinkLocal } from "../base/ip.js";
import type { NodeRoutesConfig, StaticRouteConfig } from "../config/speaker-config.js";
import type { PathAttributes } from "../packet/attributes/attribute.js";
import type { RouteOrigin } from "../policy/route.js";
import type { LocalFacts } from "../rib/local-facts.js";
import type { Rib } from "../rib/rib.js";
import { RELATION, type Source } from "../rib/sources.js";
import { BLACKHOLE } from "./fib-plan.js";
import { matchesPatterns } from "./interface-pattern.js";
import type { AlienRoute, FibRoute, KernelView } from "./ports.js";

/** A route as it should be announced. */
interface Wish {
  readonly prefix: IpPrefix;
  readonly attributes: PathAttributes;
  /** What it wants in the kernel. */
  readonly fib: FibRoute | undefined;
  /** What scripts may read of it; undefined: there are none. */
  readonly facts: LocalFacts | undefined;
}

interface LocalRoute extends Wish {
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
  #keepsFacts = false;

  constructor(rib: Rib, view: KernelView | undefined) {
    this.#rib = rib;
    this.#view = view;
    for (const [name, kind] of Object.entries(KINDS)) {
      const options = { kind, name, relation: RELATION.local, localAs: 0, peer: undefined, address: undefined };
      this.#sources.set(name, rib.addSource(options));
      this.#announced.set(name, new Map());
    }
  }

  /** Announces what is new, withdraws what is gone. `keepsFacts`: there are scripts, which may read where routes lead and
   *  what metric the kernel has for them. Gives how many routes changed. */
  apply(config: NodeRoutesConfig, keepsFacts = false): number {
    this.#config = config;
    this.#keepsFacts = keepsFacts;
    const changed = this.#sync("block", config.blocks.map(block)) + this.#syncStatic(config);
    return changed + this.refresh();
  }

  /** Connected prefixes or alien routes may have changed. */
  refresh(): number {
    const config = this.#config;
    const { direct, kernelRoutes } = config ?? { direct: [], kernelRoutes: [] };
    const view = this.#view;
    // The interface of a gateway is a fact that changes.
    const changed = config !== undefined && this.#keepsFacts ? this.#syncStatic(config) : 0;
    const connected = direct.length === 0 || view === undefined ? [] : view.addresses();
    const alien = kernelRoutes.length === 0 || view === undefined ? [] : view.alienRoutes();
    return (
      changed +
      this.#sync(
        "direct",
        connected
          .filter((entry) => matchesPatterns(entry.device, direct) && !isLinkLocal(entry.address.bytes))
          .map(({ prefix, device }) =>
            make(prefix, ORIGINATED, undefined, { destination: "device", interfaceName: device }),
          ),
      ) +
      this.#sync(
        "kernel",
        alien
          .filter((route) => route.protocol !== CONNECTED && matchesPatterns(route.device, kernelRoutes))
          .map(fromKernel),
      )
    );
  }

  /** What the node's own route wants in the kernel. */
  fibRoute(source: string, prefix: string): FibRoute | undefined {
    return this.#announced.get(source)?.get(prefix)?.fib;
  }

  #syncStatic(config: NodeRoutesConfig): number {
    return this.#sync("static", [
      ...config.borrowed.map(borrowed),
      ...config.static.map((route) => fromStatic(route, this.#view)),
    ]);
  }

  #sync(name: LocalSourceName, wanted: readonly Wish[]): number {
    const source = this.#sources.get(name);
    const announcedRoutes = this.#announced.get(name);
    if (source === undefined || announcedRoutes === undefined) return 0;
    const desired = new Map(wanted.map((route) => [formatPrefix(route.prefix), this.#identified(route)]));
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
      this.#rib.announceLocal(source, route.prefix, route.attributes, undefined, route.facts);
      if (before !== undefined) this.#lookAgain(route.prefix);
      changed++;
    }
    return changed;
  }

  #identified({ facts, ...route }: Wish): LocalRoute {
    const kept = this.#keepsFacts ? facts : undefined;
    const texts = [route.attributes, route.fib, kept];
    return { ...route, facts: kept, identity: JSON.stringify(texts, (_key, value: unknown) => plain(value)) };
  }

  /** To BGP the route may be the same as before: the kernel's table would not hear of it. */
  #lookAgain(prefix: IpPrefix): void {
    const row = this.#rib.find(prefix);
    if (row !== 0) this.#rib.families[prefix.family].redecide(row);
  }
}

const NO_FACTS: LocalFacts = {
  destination: "unreachable",
  gateway: new Uint8Array(0),
  interfaceName: "",
  kernelMetric: undefined,
  kernelSource: undefined,
};

function make(
  prefix: IpPrefix,
  attributes: PathAttributes,
  fib: FibRoute | undefined,
  facts: Partial<LocalFacts>,
): Wish {
  return { prefix, attributes, fib, facts: { ...NO_FACTS, ...facts } };
}

function plain(value: unknown): unknown {
  return value instanceof Uint8Array ? [...value] : value;
}

function block(prefix: IpPrefix): Wish {
  return make(prefix, ORIGINATED, BLACKHOLE, { destination: "blackhole" });
}

function borrowed(prefix: IpPrefix): Wish {
  // The workload's own host route is Felix's business: advertised, not written.
  return make(prefix, ORIGINATED, undefined, { destination: "device" });
}

function fromKernel({ prefix, device, gateway, metric, protocol }: AlienRoute): Wish {
  return make(prefix, ORIGINATED, undefined, {
    destination: gateway === undefined ? "device" : "router",
    gateway: gateway ?? NO_FACTS.gateway,
    interfaceName: device,
    kernelMetric: metric,
    kernelSource: protocol,
  });
}

function fromStatic(route: StaticRouteConfig, view: KernelView | undefined): Wish {
  const { via, prefix, install } = route;
  switch (via.kind) {
    case "gateway": {
      const hop = { gateway: via.address.bytes, device: via.device, onlink: false, weight: 1 };
      const attributes = { ...ORIGINATED, nextHop: via.address.bytes };
      const facts: Partial<LocalFacts> = {
        destination: "router",
        gateway: via.address.bytes,
        interfaceName: via.device ?? view?.resolve(via.address.bytes, undefined)?.device ?? "",
      };
      return make(prefix, attributes, install ? { kind: "unicast", nextHops: [hop] } : undefined, facts);
    }
    case "device": {
      const hop = { gateway: undefined, device: via.device, onlink: false, weight: 1 };
      const facts: Partial<LocalFacts> = { destination: "device", interfaceName: via.device };
      return make(prefix, ORIGINATED, install ? { kind: "unicast", nextHops: [hop] } : undefined, facts);
    }
    case "none":
      return make(prefix, ORIGINATED, undefined, {});
    default: {
      const facts: Partial<LocalFacts> = { destination: via.kind };
      return make(prefix, ORIGINATED, install ? { kind: via.kind, nextHops: [] } : undefined, facts);
    }
  }
}
