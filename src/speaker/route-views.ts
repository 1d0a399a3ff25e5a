// Routes as the control API shows them: received, best, advertised and kernel, in slices, so that a listing of a full
// table never holds up sessions.

import type { Clock } from "../base/clock.js";
import { FAMILIES, type FamilyName } from "../base/family.js";
import { formatPrefix, type IpPrefix, makePrefix, parseAddress, parsePrefixLoosely } from "../base/ip.js";
import type { AttrsId } from "../rib/attrs-table.js";
import type { LocRib } from "../rib/loc-rib.js";
import type { PrefixId, RouteId } from "../rib/route-table.js";
import { prefixOf } from "../rib/prefix-view.js";
import type { Rib } from "../rib/rib.js";
import { attributeFields, familyName, importNotes, nextHopText, prefixText, reasonText } from "../rib/route-text.js";
import type { UpdateGroup } from "../rib/update-group.js";
import { isInside } from "./fib-plan.js";
import { RouteQueryError } from "./command-error.js";
import type { Peer } from "./peer.js";
import type { Fib } from "./ports.js";
import { fibEntryView } from "./fib-views.js";
import type { KernelRouteView, RouteQuery, RouteView } from "./snapshot.js";
import { formatBytes } from "../base/ip.js";

export interface RouteSources {
  readonly rib: Rib;
  readonly fib: Fib | undefined;
  readonly findPeer: (keyOrName: string) => Peer | undefined;
  readonly clock: Clock;
}

const SLICE_MS = 2;
const CHUNK = 256;
const ROWS_PER_LOOK = 64;

/** Chunks of routes; each next() does a few milliseconds of work at most. Throws RouteQueryError. */
export function* routeChunks(
  query: RouteQuery,
  sources: RouteSources,
): Generator<readonly RouteView[] | readonly KernelRouteView[]> {
  const wanted = parseQuery(query, sources);
  if (query.stage === "kernel") yield* kernelChunks(wanted, sources);
  else yield* slices(wanted, sources, (rib, prefix) => viewsOf(query, wanted, sources, rib, prefix));
}

/** How many routes the query has, without making views of them. */
export function countRoutes(query: RouteQuery, sources: RouteSources): number {
  let count = 0;
  for (const part of countChunks(query, sources)) count += part;
  return count;
}

/** Their number in parts to be added up; each next() does a few milliseconds of work at most. */
export function* countChunks(query: RouteQuery, sources: RouteSources): Generator<number> {
  const wanted = parseQuery(query, sources);
  if (query.stage === "kernel") {
    for (const chunk of kernelChunks(wanted, sources)) yield chunk.length;
    return;
  }
  const { clock } = sources;
  let count = 0;
  let until = clock.now() + SLICE_MS;
  for (const row of rows(wanted, sources)) {
    if (row !== undefined) count += countAt(query, wanted, row.rib, row.prefix);
    else if (clock.now() >= until) {
      yield count;
      count = 0;
      until = clock.now() + SLICE_MS;
    }
  }
  yield count;
}

interface Wanted {
  readonly families: readonly FamilyName[];
  readonly peer: Peer | undefined;
  readonly prefix: IpPrefix | undefined;
  readonly longer: boolean;
  readonly isAddress: boolean;
}

function parseQuery(query: RouteQuery, { findPeer }: RouteSources): Wanted {
  const peer = query.peer === undefined ? undefined : findPeer(query.peer);
  if (query.peer !== undefined && peer === undefined) throw new RouteQueryError(`no peer ${query.peer}`);
  if (query.stage === "advertised" && peer === undefined)
    throw new RouteQueryError("advertised routes are those of one peer: name it");
  const prefix = query.prefix === undefined ? undefined : parsePrefixLoosely(query.prefix);
  if (query.prefix !== undefined && prefix === undefined)
    throw new RouteQueryError(`not a prefix or address: ${query.prefix}`);
  const isAddress = query.prefix !== undefined && parseAddress(query.prefix) !== undefined;
  const all: readonly FamilyName[] = query.family === undefined ? ["ipv4", "ipv6"] : [query.family];
  const families = prefix === undefined ? all : all.filter((name) => name === FAMILIES[prefix.family].name);
  return { families, peer, prefix, longer: query.longer ?? false, isAddress };
}

interface Row {
  readonly rib: LocRib;
  readonly prefix: PrefixId;
}

/** The prefixes a query is about; undefined: a look at the clock is due, whether one was found or not. */
function* rows(wanted: Wanted, { rib }: RouteSources): Generator<Row | undefined> {
  for (const family of rib.families) {
    if (!wanted.families.includes(familyName(family))) continue;
    if (wanted.prefix !== undefined && !wanted.longer) {
      const prefix = wanted.isAddress ? longestMatch(rib, family, wanted.prefix) : rib.find(wanted.prefix);
      if (prefix !== 0) yield { rib: family, prefix };
      continue;
    }
    const { prefixes } = family.routes;
    for (let prefix = 1; prefix < prefixes.end; prefix++) {
      if (prefix % ROWS_PER_LOOK === 0) yield undefined;
      if (!prefixes.isUsed(prefix)) continue;
      if (wanted.prefix !== undefined && !isInside(wanted.prefix, prefixOf(prefixes, prefix))) continue;
      yield { rib: family, prefix };
    }
  }
}

function longestMatch(rib: Rib, family: LocRib, address: IpPrefix): PrefixId {
  for (let length = address.length; length >= 0; length--) {
    const prefix = rib.find(makePrefix(address.bytes, length));
    if (prefix !== 0 && family.best(prefix) !== 0) return prefix;
  }
  return 0;
}

function* slices(
  wanted: Wanted,
  sources: RouteSources,
  views: (rib: LocRib, prefix: PrefixId) => readonly RouteView[],
): Generator<readonly RouteView[]> {
  const { clock } = sources;
  let chunk: RouteView[] = [];
  let until = clock.now() + SLICE_MS;
  for (const row of rows(wanted, sources)) {
    if (row !== undefined) chunk.push(...views(row.rib, row.prefix));
    if (chunk.length < CHUNK && (row !== undefined || clock.now() < until)) continue;
    yield chunk;
    chunk = [];
    until = clock.now() + SLICE_MS;
  }
  if (chunk.length > 0) yield chunk;
}

function viewsOf(
  query: RouteQuery,
  wanted: Wanted,
  sources: RouteSources,
  rib: LocRib,
  prefix: PrefixId,
): readonly RouteView[] {
  if (query.stage === "advertised") {
    return advertisedTo(wanted.peer, rib, prefix).map((path) => advertisedView(sources.rib, rib, prefix, path));
  }
  const best = rib.best(prefix);
  const paths = pathsOf(query, wanted, rib, prefix, best);
  return paths.map((route) => pathView(sources, rib, prefix, route, best));
}

function countAt(query: RouteQuery, wanted: Wanted, rib: LocRib, prefix: PrefixId): number {
  if (query.stage === "advertised") return advertisedTo(wanted.peer, rib, prefix).length;
  return pathsOf(query, wanted, rib, prefix, rib.best(prefix)).length;
}

/** The paths of a prefix that a query of received or best routes is about. */
function pathsOf(query: RouteQuery, wanted: Wanted, rib: LocRib, prefix: PrefixId, best: RouteId): readonly RouteId[] {
  const ofPeer = (route: RouteId): boolean =>
    wanted.peer === undefined || rib.routes.source(route) === wanted.peer.source.id;
  if (query.stage === "best") return best !== 0 && ofPeer(best) ? [best] : [];
  const paths: RouteId[] = [];
  for (let route = rib.routes.head(prefix); route !== 0; route = rib.routes.next(route))
    if (ofPeer(route)) paths.push(route);
  return paths;
}

interface AdvertisedPath {
  readonly group: UpdateGroup;
  readonly pathId: number;
  readonly attrs: AttrsId;
}

/** The paths of a prefix that the peer has been told: one, or several with ADD-PATH (RFC 7911). */
function advertisedTo(peer: Peer | undefined, rib: LocRib, prefix: PrefixId): readonly AdvertisedPath[] {
  const group = peer?.group(rib.family);
  if (peer === undefined || group === undefined) return [];
  const { advertised } = group;
  const paths: AdvertisedPath[] = [];
  for (let path = advertised.first(prefix); path !== 0; path = advertised.next(path)) {
    const attrs = advertised.attrs(path);
    const isOwn = group.attrs.source(attrs) === peer.source.id || group.rules.nextHopPeer(attrs) === peer.source.id;
    if (!isOwn) paths.push({ group, pathId: advertised.pathId(path), attrs });
  }
  return paths;
}

function pathView(
  { rib, clock }: RouteSources,
  family: LocRib,
  prefix: PrefixId,
  route: RouteId,
  best: RouteId,
): RouteView {
  const arrivedAt = family.routes.arrivedAt(route);
  const attrs = family.routes.attrs(route);
  const notes = importNotes(rib, family, route);
  return {
    family: familyName(family),
    prefix: prefixText(family, prefix),
    pathId: family.routes.pathId(route) >>> 0,
    from: rib.sources.get(family.routes.source(route)).options.name,
    best: route === best,
    multipath: route !== best && best !== 0 && family.decision.multipath(prefix).includes(route),
    stale: family.isStale(route),
    reason: reasonText(rib, family, prefix, route),
    ...(notes.length === 0 ? {} : { notes }),
    ...(arrivedAt === 0 ? {} : { since: new Date(clock.wallTime() - (clock.now() - arrivedAt)).toISOString() }),
    nextHop: nextHopText(rib.attrs, rib.nextHops, attrs),
    nextHopReachable: rib.nextHops.reachable[rib.attrs.nextHop(attrs)] === 1,
    ...attributeFields(rib.attrs, attrs),
  };
}

/** As the peer hears it: with our next hop, and what the rules add or leave out. */
function advertisedView(rib: Rib, family: LocRib, prefix: PrefixId, path: AdvertisedPath): RouteView {
  const { group, attrs } = path;
  const best = family.best(prefix);
  const nextHop = group.rules.nextHop(attrs);
  return {
    family: familyName(family),
    prefix: prefixText(family, prefix),
    pathId: path.pathId,
    from: rib.sources.get(rib.attrs.source(attrs)).options.name,
    // With path identifiers, which are rows of the table, it is known whether the path is the best one.
    best: group.options.addPathSend === 0 || path.pathId === best,
    multipath: false,
    stale: false,
    reason: undefined,
    nextHopReachable: true,
    ...group.writer.preview(attrs),
    nextHop: nextHop.length === 0 ? undefined : formatBytes(nextHop),
  };
}

function* kernelChunks(wanted: Wanted, { fib, clock }: RouteSources): Generator<readonly KernelRouteView[]> {
  if (fib === undefined) return;
  let chunk: KernelRouteView[] = [];
  let until = clock.now() + SLICE_MS;
  let looked = 0;
  for (const entry of fib.entries()) {
    const view = fibEntryView(entry);
    if (wanted.families.includes(view.family) && isAsked(wanted, view.prefix)) chunk.push(view);
    if (chunk.length < CHUNK && ((++looked & 63) !== 0 || clock.now() < until)) continue;
    yield chunk;
    chunk = [];
    until = clock.now() + SLICE_MS;
  }
  if (chunk.length > 0) yield chunk;
}

function isAsked(wanted: Wanted, text: string): boolean {
  if (wanted.prefix === undefined) return true;
  if (!wanted.longer && !wanted.isAddress) return text === formatPrefix(wanted.prefix);
  const prefix = parsePrefixLoosely(text);
  if (prefix === undefined) return false;
  return wanted.longer ? isInside(wanted.prefix, prefix) : isInside(prefix, wanted.prefix);
}
