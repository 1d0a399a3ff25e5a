// What goes out to a protocol, what it refuses, and what it is offered: to a BGP peer or to the kernel.

import { formatBytes } from "../../base/ip.js";
import type { Family } from "../../base/family.js";
import type { PathAttributes } from "../../packet/attributes/index.js";
import type { AttrsId } from "../../rib/attrs-table.js";
import type { Rib } from "../../rib/rib.js";
import { RELATION } from "../../rib/sources.js";
import type { PrefixId, RouteId } from "../../rib/route-table.js";
import type { UpdateGroup } from "../../rib/update-group.js";
import type { Peer } from "../../speaker/peer.js";
import type { Fib, FibRoute } from "../../speaker/ports.js";
import type { Destination, RouteQuery } from "./bird-view.js";

/** A path with the attributes it is shown with. */
export interface ShownPath {
  readonly route: RouteId;
  readonly attrs: AttrsId;
  /** The group to whose members it looks like this. */
  readonly group?: UpdateGroup;
  /** Where the kernel has it lead. */
  readonly destination?: Destination;
  /** What a filter has made of it, where that is not in the tables. */
  readonly changes?: PathChanges;
}

/** What a filter has left of a route. */
export interface PathChanges {
  /** Undefined: as in the table. */
  readonly attributes?: PathAttributes | undefined;
  readonly preference?: number | undefined;
  /** For the kernel; undefined: none was set. */
  readonly metric: number | undefined;
  readonly tunnel: string | undefined;
}

export type ExportStage = NonNullable<RouteQuery["exported"]>["stage"];

export interface ExportView {
  /** Of the paths that are looked at (`text` is the prefix), those of the stage. */
  paths(prefix: PrefixId, text: string, looked: readonly RouteId[]): readonly ShownPath[];
}

/** The export to a BGP peer; nothing while there is no session. */
export class PeerExport implements ExportView {
  readonly #rib: Rib;
  readonly #peer: Peer;
  readonly #family: Family;
  readonly #stage: ExportStage;

  constructor(rib: Rib, peer: Peer, family: Family, stage: ExportStage) {
    this.#rib = rib;
    this.#peer = peer;
    this.#family = family;
    this.#stage = stage;
  }

  paths(prefix: PrefixId, _text: string, looked: readonly RouteId[]): readonly ShownPath[] {
    const group = this.#peer.group(this.#family);
    if (group === undefined) return [];
    const table = this.#rib.families[this.#family];
    const best = table.best(prefix);
    const isAddPath = group.options.addPathSend !== 0;
    const told = this.#told(group, prefix, isAddPath, best);
    const shown: ShownPath[] = [];
    for (const route of looked) {
      if (!isAddPath && route !== best) continue;
      const attrs = table.routes.attrs(route);
      const advertised = told.get(route);
      if (!this.#isOffered(group, attrs)) continue;
      if (this.#stage === "preexport") shown.push({ route, attrs, group });
      else if (this.#stage === "noexport" && advertised === undefined) shown.push({ route, attrs, group });
      else if (this.#stage === "export" && advertised !== undefined) shown.push({ route, attrs: advertised, group });
    }
    return shown;
  }

  /** Sets that went out, by route. */
  #told(group: UpdateGroup, prefix: PrefixId, isAddPath: boolean, best: RouteId): ReadonlyMap<RouteId, AttrsId> {
    const told = new Map<RouteId, AttrsId>();
    const { advertised } = group;
    for (let path = advertised.first(prefix); path !== 0; path = advertised.next(path))
      told.set(isAddPath ? advertised.pathId(path) : best, advertised.attrs(path));
    return told;
  }

  /** Nobody hears their own routes back, or what the rules of BGP keep from them. */
  #isOffered(group: UpdateGroup, attrs: AttrsId): boolean {
    return this.#rib.attrs.source(attrs) !== this.#peer.source.id && group.rules.permits(attrs);
  }
}

/** The export to the kernel: its routes by prefix, as they were when the listing began. */
export class KernelExport implements ExportView {
  readonly #rib: Rib;
  readonly #family: Family;
  readonly #stage: ExportStage;
  readonly #wanted = new Map<string, FibRoute>();

  constructor(rib: Rib, fib: Fib | undefined, family: Family, stage: ExportStage) {
    this.#rib = rib;
    this.#family = family;
    this.#stage = stage;
    for (const entry of fib?.entries() ?? []) if (entry.family === family) this.#wanted.set(entry.prefix, entry.route);
  }

  paths(prefix: PrefixId, text: string, looked: readonly RouteId[]): readonly ShownPath[] {
    const table = this.#rib.families[this.#family];
    const best = table.best(prefix);
    if (!looked.includes(best)) return [];
    const attrs = table.routes.attrs(best);
    const wanted = this.#wanted.get(text);
    const { kind, relation } = this.#rib.sources.get(this.#rib.attrs.source(attrs)).options;
    // What came from the kernel is not offered to it, and connected prefixes are not its business.
    if (relation === RELATION.local && (kind === "kernel" || kind === "direct")) return [];
    if (this.#stage === "preexport") return [{ route: best, attrs }];
    if (this.#stage === "noexport") return wanted === undefined ? [{ route: best, attrs }] : [];
    return wanted === undefined ? [] : [{ route: best, attrs, ...several(wanted), changes: kernelChanges(wanted) }];
  }
}

/** A device that a route leads through whatever link its gateway is on: a tunnel. */
function kernelChanges({ metric, nextHops }: FibRoute): PathChanges {
  return { metric, tunnel: nextHops.find(({ onlink }) => onlink)?.device };
}

/** Only a merged route leads elsewhere than its best path. */
function several({ nextHops }: FibRoute): { readonly destination?: Destination } {
  if (nextHops.length < 2) return {};
  const hops = nextHops.map(({ gateway, device, weight }) => ({
    gateway: gateway === undefined ? "" : formatBytes(gateway),
    device: device ?? "",
    weight,
  }));
  return { destination: { kind: "multipath", hops } };
}
