// The tables of the speaker as `show route` goes through them: network by network, in slices.

import type { Clock } from "../../base/clock.js";
import type { Family } from "../../base/family.js";
import { formatPrefix, makePrefix, parsePrefix } from "../../base/ip.js";
import type { AttrsTable } from "../../rib/attrs-table.js";
import type { LocRib } from "../../rib/loc-rib.js";
import { prefixOf } from "../../rib/prefix-view.js";
import { REJECT } from "../../rib/reject-reason.js";
import type { Rib } from "../../rib/rib.js";
import { RouteCursor } from "../../rib/route-cursor.js";
import type { PrefixId, RouteId } from "../../rib/route-table.js";
import type { NetworkView, RouteQuery, RoutesEnd } from "./bird-view.js";
import type { ExportView, ShownPath } from "./export-views.js";
import type { PathViews } from "./path-views.js";

export interface ListingSources {
  readonly rib: Rib;
  readonly family: Family;
  readonly clock: Clock;
  readonly paths: PathViews;
  /** Undefined: what was imported, not what goes out. */
  readonly exported: ExportView | undefined;
  /** Ids of the sources of RouteQuery.protocol; undefined: all. */
  readonly isFrom: ((route: RouteId, prefix: string) => boolean) | undefined;
  /** Another configuration than at the beginning is in force. */
  readonly isOutdated: () => boolean;
}

const SLICE_MS = 2;
const ROWS_PER_LOOK = 32;
const CHUNK = 200;

/** Each next() works for some milliseconds at most. */
export function* listNetworks(
  query: RouteQuery,
  sources: ListingSources,
): Generator<readonly NetworkView[], RoutesEnd> {
  const { clock, family, rib } = sources;
  const table = rib.families[family];
  const cursor = query.filter === undefined ? undefined : new RouteCursor(rib.attrs, rib.sources);
  if (query.network !== undefined) {
    const prefix = findNetwork(query.network, sources, table);
    if (prefix !== 0) yield [networkView(prefix, query, sources, table, cursor)];
    return "complete";
  }
  let chunk: NetworkView[] = [];
  let until = clock.now() + SLICE_MS;
  for (let prefix = 1; prefix < table.routes.prefixes.end; prefix++) {
    if (table.routes.prefixes.isUsed(prefix) && hasPath(prefix, query, table))
      chunk.push(networkView(prefix, query, sources, table, cursor));
    if (chunk.length < CHUNK && (prefix % ROWS_PER_LOOK !== 0 || clock.now() < until)) continue;
    yield chunk;
    if (sources.isOutdated()) return "reconfigured";
    chunk = [];
    until = clock.now() + SLICE_MS;
  }
  if (chunk.length > 0) yield chunk;
  return "complete";
}

function findNetwork(
  { prefix: text, match }: NonNullable<RouteQuery["network"]>,
  { rib }: ListingSources,
  table: LocRib,
): PrefixId {
  const wanted = parsePrefix(text);
  if (wanted === undefined) return 0;
  const isThere = (prefix: PrefixId): boolean => prefix !== 0 && visible(prefix, false, table).length > 0;
  if (match === "exact") {
    const prefix = rib.find(wanted);
    return isThere(prefix) ? prefix : 0;
  }
  for (let length = wanted.length; length >= 0; length--) {
    const prefix = rib.find(makePrefix(wanted.bytes, length));
    if (isThere(prefix)) return prefix;
  }
  return 0;
}

/** Paths that take part, or with `filtered` those that an import filter refused. */
function visible(prefix: PrefixId, filtered: boolean, table: LocRib): readonly RouteId[] {
  const paths: RouteId[] = [];
  const { routes } = table;
  const wanted = filtered ? REJECT.importPolicy : REJECT.none;
  for (let route = routes.head(prefix); route !== 0; route = routes.next(route))
    if (routes.reason(route) === wanted) paths.push(route);
  return paths;
}

function hasPath(prefix: PrefixId, query: RouteQuery, table: LocRib): boolean {
  return visible(prefix, query.onlyFiltered, table).length > 0;
}

function networkView(
  prefix: PrefixId,
  query: RouteQuery,
  sources: ListingSources,
  table: LocRib,
  cursor: RouteCursor | undefined,
): NetworkView {
  const text = formatPrefix(prefixOf(table.routes.prefixes, prefix));
  const all = visible(prefix, query.onlyFiltered, table);
  const best = table.best(prefix);
  const looked = query.onlyBest ? all.filter((route) => route === best) : all;
  const offered: readonly ShownPath[] =
    sources.exported === undefined
      ? looked.map((route) => ({ route, attrs: table.routes.attrs(route) }))
      : sources.exported.paths(prefix, text, looked);
  const shown = offered.flatMap((path) => {
    if (sources.isFrom !== undefined && !sources.isFrom(path.route, text)) return [];
    if (cursor === undefined) return [path];
    return isAccepted(query, cursor, path.attrs, prefix, table) ? [withChanges(path, cursor, sources.rib.attrs)] : [];
  });
  return {
    prefix: text,
    looked: looked.length,
    shown: shown.length,
    paths: query.countsOnly ? [] : shown.map((path) => sources.paths.view(text, path, path.route === best)),
  };
}

function isAccepted(query: RouteQuery, cursor: RouteCursor, attrs: number, prefix: PrefixId, table: LocRib): boolean {
  const { prefixes } = table.routes;
  cursor.seek(attrs, undefined);
  const word = (i: number): number => prefixes.word(prefix, i);
  cursor.setPrefix(table.family, word(0), word(1), word(2), word(3), prefixes.length(prefix));
  return query.filter?.(cursor).accept ?? true;
}

/** The route as the filter has left it. */
function withChanges(path: ShownPath, cursor: RouteCursor, table: AttrsTable): ShownPath {
  const { changes: attributes, weight, kernelMetric: metric, kernelTunnel: tunnel } = cursor;
  const preference = weight === table.weight(path.attrs) ? undefined : weight;
  if (attributes === undefined && metric === undefined && tunnel === undefined) return path;
  const before = path.changes;
  const changes = {
    attributes: attributes === undefined ? before?.attributes : { ...attributes },
    preference,
    metric: metric ?? before?.metric,
    tunnel: tunnel ?? before?.tunnel,
  };
  return { ...path, changes };
}
