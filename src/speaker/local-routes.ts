// The node's own routes as sources of the RIB: address blocks, borrowed addresses, static routes, connected prefixes and
// alien kernel routes by interface pattern. Desired against announced, so that a reload touches only what differs.

import { formatPrefix, type IpPrefix, isLinkLocal } from "../base/ip.js";
import type { KernelConfig, LocalWeights, NodeRoutesConfig } from "../config/speaker-config.js";
import { ACCEPT_ALL, type RouteOrigin } from "../policy/route.js";
import { LOCAL_WEIGHT, type Rib } from "../rib/rib.js";
import { RELATION, type Source } from "../rib/sources.js";
import { matchesPatterns } from "./interface-pattern.js";
import { bestByPrefix, block, borrowed, direct, fromStatic, learned, type LocalRoute, named } from "./local-route.js";
import type { AlienRoute, FibRoute, InterfaceAddress, KernelView } from "./ports.js";

/** rtm_protocol of routes the kernel makes for its own addresses: `direct` is there for these. */
const CONNECTED = 2;
/** rtm_protocol of what an ICMP redirect has made. */
const REDIRECT = 1;
const MAIN_TABLE = 254;

/** The kernel's table, and what becomes of the routes that are learned from it. */
export type KernelSide = Pick<KernelConfig, "table" | "importPolicy">;

const ALL_OF_MAIN: KernelSide = { table: MAIN_TABLE, importPolicy: ACCEPT_ALL };

type LocalSourceName = "block" | "static" | "direct" | "kernel";

const KINDS: Readonly<Record<LocalSourceName, keyof LocalWeights & RouteOrigin>> = {
  block: "static",
  static: "static",
  direct: "direct",
  kernel: "kernel",
};

export class LocalRoutes {
  readonly #rib: Rib;
  readonly #view: KernelView | undefined;
  readonly #sources = new Map<string, Source>();
  /** What stands in the RIB, by text of the prefix, and with which weight. */
  readonly #announced = new Map<string, Map<string, LocalRoute>>();
  readonly #weights = new Map<string, number>();
  #config: NodeRoutesConfig | undefined;
  #table = MAIN_TABLE;
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

  /** Announces what is new, withdraws what is gone. Gives how many routes changed. `keepsFacts`: there are scripts, which may
   *  read where routes lead and what metric the kernel has for them. */
  apply(config: NodeRoutesConfig, kernel: KernelSide = ALL_OF_MAIN, keepsFacts = false): number {
    this.#config = config;
    this.#table = kernel.table;
    const learned = this.#sources.get("kernel");
    if (learned !== undefined) this.#rib.setImportFilter(learned, kernel.importPolicy);
    if (keepsFacts !== this.#keepsFacts) this.#weights.clear();
    this.#keepsFacts = keepsFacts;
    return this.#sync("block", config.blocks.map(block)) + this.refresh();
  }

  /** Connected prefixes, gateways on the link or alien routes may have changed. */
  refresh(): number {
    const config = this.#config;
    if (config === undefined) return 0;
    const view = this.#view;
    const statics = config.static.flatMap((route) => fromStatic(route, view) ?? []);
    return (
      this.#sync("static", [...config.borrowed.map(borrowed), ...statics]) +
      this.#sync("direct", this.#connected(config)) +
      this.#sync("kernel", this.#learned(config))
    );
  }

  #connected({ direct: patterns, protocolNames }: NodeRoutesConfig): readonly LocalRoute[] {
    if (patterns.length === 0 || this.#view === undefined) return [];
    const isMeant = ({ device, address: { bytes } }: InterfaceAddress): boolean =>
      matchesPatterns(device, patterns, bytes) && !isLinkLocal(bytes) && !isLoopback(bytes);
    return this.#view
      .addresses()
      .filter(isMeant)
      .map((each) => named(direct(each), protocolNames?.direct));
  }

  #learned({
    kernelRoutes: patterns,
    learnsAllKernelRoutes: learnsAll,
    protocolNames,
  }: NodeRoutesConfig): readonly LocalRoute[] {
    const view = this.#view;
    if ((patterns.length === 0 && !learnsAll) || view === undefined) return [];
    const aliens = view.alienRoutes().filter(({ protocol }) => protocol !== CONNECTED && protocol !== REDIRECT);
    const isMeant = learnsAll
      ? ({ table }: AlienRoute) => table === this.#table
      : ({ nextHops }: AlienRoute) => nextHops.length > 0 && matchesPatterns(nextHops[0].device ?? "", patterns);
    return bestByPrefix(aliens.filter(isMeant)).map((route) =>
      named(learned(route, this.#keepsFacts ? view : undefined), protocolNames?.kernel),
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
    const weight = this.#config?.weights?.[KINDS[name]] ?? LOCAL_WEIGHT;
    const isReweighted = this.#weights.get(name) !== weight;
    this.#weights.set(name, weight);
    let changed = 0;
    for (const [text, route] of announcedRoutes) {
      if (desired.has(text)) continue;
      announcedRoutes.delete(text);
      this.#rib.withdrawLocal(source, route.prefix);
      changed++;
    }
    for (const [text, route] of desired) {
      const before = announcedRoutes.get(text);
      if (!isReweighted && before?.identity === route.identity) continue;
      announcedRoutes.set(text, route);
      this.#announce(source, route, weight);
      if (before !== undefined) this.#lookAgain(route.prefix);
      changed++;
    }
    return changed;
  }

  /** The only way from here into the RIB. */
  #announce(source: Source, { prefix, attributes, facts }: LocalRoute, weight: number): void {
    this.#rib.announceLocal(source, prefix, attributes, weight, this.#keepsFacts ? facts : undefined);
  }

  /** To BGP the route may be the same as before: the kernel's table would not hear of it. */
  #lookAgain(prefix: IpPrefix): void {
    const row = this.#rib.find(prefix);
    if (row !== 0) this.#rib.families[prefix.family].redecide(row);
  }
}

/** 127.0.0.0/8 and ::1. */
function isLoopback(bytes: Uint8Array): boolean {
  return bytes.length === 4 ? bytes[0] === 127 : bytes.every((octet, i) => octet === (i === 15 ? 1 : 0));
}
