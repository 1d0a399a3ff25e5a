// One path of the tables as a row of `show route`: where it leads, who told it, what it carries.

import type { Clock } from "../../base/clock.js";
import type { Family } from "../../base/family.js";
import { formatAddress, formatBytes } from "../../base/ip.js";
import { decodeAttributes, type PathAttributes } from "../../packet/attributes/index.js";
import type { AttrsId } from "../../rib/attrs-table.js";
import type { Rib } from "../../rib/rib.js";
import { RELATION, type Source } from "../../rib/sources.js";
import { type NextHopWay, resolveNextHop } from "../../speaker/next-hop-tracking.js";
import type { KernelView } from "../../speaker/ports.js";
import type { BgpDeclaration } from "../language/declarations.js";
import { attributeLines, originAs, originName } from "./attribute-texts.js";
import type { BgpPathView, Destination, PathView } from "./bird-view.js";
import type { PathChanges, ShownPath } from "./export-views.js";
import type { LocalWays } from "./local-ways.js";

export interface PathViewSources {
  readonly rib: Rib;
  readonly family: Family;
  readonly clock: Clock;
  readonly view: KernelView | undefined;
  readonly ways: LocalWays;
  /** Prefixes whose routes the kernel refused. */
  readonly refused: ReadonlySet<string>;
  /** Name of the protocol that stands for a source in the configuration. */
  readonly protocolOf: (source: Source, staticName: string | undefined) => string;
  readonly findBgp: (name: string) => BgpDeclaration | undefined;
  /** When the present configuration was applied: for what has no time of its own. */
  readonly startedAt: number;
}

/** The community of RFC 9494, 4.6. */
const LLGR_STALE = 0xffff0006;

export class PathViews {
  readonly #sources: PathViewSources;

  constructor(sources: PathViewSources) {
    this.#sources = sources;
  }

  view(prefix: string, path: ShownPath, isBest: boolean): PathView {
    const { rib } = this.#sources;
    const source = rib.sources.get(rib.attrs.source(path.attrs));
    const mark = !isBest ? undefined : this.#sources.refused.has(prefix) ? "refused" : "best";
    const changedAt = this.#changedAt(path.route);
    return source.options.relation === RELATION.local
      ? this.#local(prefix, path, source, mark, changedAt)
      : this.#learned(path, source, mark, changedAt);
  }

  #local(prefix: string, path: ShownPath, source: Source, mark: PathView["mark"], changedAt: number): PathView {
    const way = this.#sources.ways.find(source.options.kind, prefix);
    const name = this.#sources.protocolOf(source, way.protocol);
    const { changes } = path;
    const preference = this.#preferenceOf(path);
    return {
      destination: path.destination ?? way.destination,
      ...{ protocol: name, changedAt, mark, preference: changes?.preference ?? preference },
      from: undefined,
      source: way.source,
      bgp: undefined,
      attributes: () => [...this.#localAttributes(path), ...withChanges(way.attributes, changes)],
    };
  }

  #learned(path: ShownPath, source: Source, mark: PathView["mark"], changedAt: number): PathView {
    const { rib, view, family } = this.#sources;
    const name = this.#sources.protocolOf(source, undefined);
    // Packets go where the table says, whatever a peer is told.
    const inTable = rib.families[family].routes.attrs(path.route);
    const preference = this.#preferenceOf(path);
    const nextHop = rib.attrs.nextHop(inTable);
    const bytes = rib.nextHops.bytes(nextHop);
    const way =
      view === undefined || bytes.length === 0 ? undefined : resolveNextHop(view, bytes, rib.nextHops.zone(nextHop));
    const destination = path.destination ?? destinationOf(way, rib.attrs.isBlackhole(path.attrs));
    const attributes = this.#attributes(path);
    const { changes } = path;
    return {
      destination,
      ...{ protocol: name, changedAt, mark, preference: changes?.preference ?? preference },
      from: fromText(source, destination),
      source: "BGP",
      bgp: this.#bgp(name, attributes, way),
      attributes: () => [...attributeLines(attributes), ...withChanges([], changes)],
    };
  }

  /** That of the protocol, or what its import filter has made of it. */
  #preferenceOf(path: ShownPath): number {
    const { rib, family } = this.#sources;
    return rib.attrs.weight(rib.families[family].routes.attrs(path.route));
  }

  #bgp(name: string, attributes: PathAttributes, way: NextHopWay | undefined): BgpPathView {
    const declaration = this.#sources.findBgp(name);
    const isRecursive = declaration?.gateway === "recursive" || (declaration?.multihop ?? 0) > 0;
    return {
      igpMetric: isRecursive ? metricOf(way) : undefined,
      isStale: attributes.communities?.includes(LLGR_STALE) ?? false,
      originAs: originAs(attributes.asPath ?? []),
      origin: originName(attributes.origin),
    };
  }

  /** What the node's own routes have of BGP's attributes: to the members of a group all, otherwise what a filter has set. */
  #localAttributes(path: ShownPath): readonly string[] {
    if (path.group !== undefined) return attributeLines(this.#attributes(path));
    const attributes = path.changes?.attributes;
    if (attributes === undefined) return [];
    const before = attributeLines(decoded(this.#sources.rib, path.attrs));
    return attributeLines(attributes).filter((line) => !before.includes(line));
  }

  /** As they are in the table, or as the members of a group see them. */
  #attributes({ attrs, group, changes }: ShownPath): PathAttributes {
    const { rib } = this.#sources;
    if (changes?.attributes !== undefined) return changes.attributes;
    const inTable = decoded(rib, attrs);
    if (group === undefined) return inTable;
    const nextHop = group.rules.nextHop(attrs);
    return { ...group.writer.previewAttributes(attrs), ...(nextHop.length === 0 ? {} : { nextHop }) };
  }

  /** Tables know when paths came by Clock.now. */
  #changedAt(route: number): number {
    const { rib, family, clock, startedAt } = this.#sources;
    const arrivedAt = rib.families[family].routes.arrivedAt(route);
    return arrivedAt === 0 ? startedAt : clock.wallTime() - (clock.now() - arrivedAt);
  }
}

/** The kernel's attributes of a route, with those that a filter has set. */
function withChanges(lines: readonly string[], changes: PathChanges | undefined): readonly string[] {
  if (changes === undefined) return lines;
  const { metric, tunnel = "" } = changes;
  const isKept = (line: string): boolean => metric === undefined || !line.startsWith(METRIC);
  return [
    ...lines.filter((line) => line.startsWith("Kernel.source") || (line.startsWith(METRIC) && isKept(line))),
    ...(metric === undefined ? [] : [`${METRIC} ${metric}`]),
    ...lines.filter((line) => !line.startsWith("Kernel.source") && !line.startsWith(METRIC)),
    ...(tunnel === "" ? [] : [`Kernel.tunnel: ${tunnel}`]),
  ];
}

const METRIC = "Kernel.metric:";

function decoded({ attrs }: Rib, id: AttrsId): PathAttributes {
  const at = attrs.bodyOffset(id);
  return decodeAttributes(attrs.bodyChunk(id), at, at + attrs.bodyLength(id));
}

function destinationOf(way: NextHopWay | undefined, isBlackhole: boolean): Destination {
  if (isBlackhole) return { kind: "blackhole" };
  if (way === undefined || way.kind === "local") return { kind: "unreachable" };
  return { kind: "via", gateway: formatBytes(way.gateway ?? way.address), device: way.device };
}

/** A next hop on a link of ours costs nothing; what lies behind the kernel's routes is not known. */
function metricOf(way: NextHopWay | undefined): BgpPathView["igpMetric"] {
  if (way === undefined || way.kind === "local") return "-";
  return way.kind === "connected" ? 0 : "?";
}

/** The peer, unless packets go to itself. */
function fromText({ options }: Source, destination: Destination): string | undefined {
  if (options.address === undefined) return undefined;
  const address = formatAddress({ bytes: options.address });
  return destination.kind === "via" && destination.gateway === address ? undefined : address;
}
