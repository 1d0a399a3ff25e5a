// What a peer must be told of a route: RFC 4271 §5.1, §9.2.1, RFC 4456 §6 and §8, RFC 1997, RFC 6793 §4.2.2, on plain
// objects. Gives the attributes as the peer decodes them.

import type { IpPrefix } from "../../src/base/ip.js";
import { toHex } from "../../src/base/bytes.js";
import type { AsPath, AsPathSegment, PathAttributes } from "../../src/packet/attributes/attribute.js";
import type { PeerFacts, RouteOrigin } from "../../src/policy/route.js";
import type { GroupOptions } from "../../src/rib/export-rules.js";
import type { Identity } from "../../src/rib/attrs-table.js";
import { RELATION, type Relation } from "../../src/rib/sources.js";
import { type Carried, NaiveRoute } from "./naive-route.js";

/** The best path of a prefix, as far as export cares. */
export interface ExportedPath {
  readonly carried: Carried;
  readonly prefix: IpPrefix;
  readonly from: RouteOrigin;
  readonly learnedFrom: PeerFacts | undefined;
  readonly relation: Relation;
  readonly bgpIdentifier: number;
}

const AS_TRANS = 23456;
const NO_EXPORT = 0xffffff01;
const NO_ADVERTISE = 0xffffff02;
const NO_EXPORT_SUBCONFED = 0xffffff03;

function isAllowed(path: ExportedPath, to: Relation): boolean {
  const communities = path.carried.attributes.communities ?? [];
  if (communities.includes(NO_ADVERTISE)) return false;
  if (to === RELATION.ebgp) return !communities.includes(NO_EXPORT) && !communities.includes(NO_EXPORT_SUBCONFED);
  return !(path.relation === RELATION.ibgpNonClient && to === RELATION.ibgpNonClient);
}

/** The next hop told, and whether it is ourselves. */
function nextHopFor(path: ExportedPath, carried: Carried, to: GroupOptions): readonly [Uint8Array, boolean] {
  const own = carried.attributes.nextHop ?? new Uint8Array(0);
  const isSelf =
    own.length === 0 ||
    (!carried.nextHopIsOurs &&
      (to.nextHop === "self" ||
        path.relation === RELATION.local ||
        (to.relation === RELATION.ebgp && to.nextHop === "default")));
  if (isSelf) return [to.selfNextHop, true];
  return [own.length === 32 ? own.slice(0, 16) : own, false];
}

function fits(nextHop: Uint8Array, to: GroupOptions): boolean {
  if (to.family === 1) return nextHop.length === 16;
  return nextHop.length === 4 || (nextHop.length === 16 && to.extendedNextHop);
}

function prepended(path: AsPath, as: number): AsPath {
  const [first, ...rest] = path;
  if (first?.type === 2 && first.asNumbers.length < 255) {
    return [{ type: 2, asNumbers: [as, ...first.asNumbers] }, ...rest];
  }
  return [{ type: 2, asNumbers: [as] }, ...path];
}

const isWide = (as: number): boolean => as > 0xffff;

function inTwoOctets(attributes: PathAttributes): PathAttributes {
  const path = attributes.asPath ?? [];
  const narrow = path.map(({ type, asNumbers }) => ({
    type,
    asNumbers: asNumbers.map((as) => (isWide(as) ? AS_TRANS : as)),
  }));
  const { aggregator } = attributes;
  const wideAggregator = aggregator !== undefined && isWide(aggregator.as);
  return {
    ...attributes,
    asPath: narrow,
    ...(path.some(({ asNumbers }) => asNumbers.some(isWide)) ? { as4Path: path } : {}),
    ...(wideAggregator ? { aggregator: { as: AS_TRANS, id: aggregator.id }, as4Aggregator: aggregator } : {}),
  };
}

/** The attributes told, or undefined; with the address of the next hop if it is not ourselves. */
export function exportedTo(
  path: ExportedPath,
  to: GroupOptions,
  identity: Identity,
): { readonly attributes: PathAttributes; readonly nextHop: string | undefined } | undefined {
  if (!isAllowed(path, to.relation)) return undefined;
  const route = new NaiveRoute(path.carried, path.prefix, path.from, path.learnedFrom, to.sentTo);
  if (!to.exportFilter(route).accept) return undefined;
  const { carried } = route;
  const [nextHop, isSelf] = nextHopFor(path, carried, to);
  if (!fits(nextHop, to)) return undefined;
  const { med, localPref, originatorId, clusterList, ...rest } = carried.attributes;
  let told: PathAttributes = { ...rest, nextHop };
  if (to.relation === RELATION.ebgp) {
    const keepsMed = med !== undefined && (carried.medIsOurs || path.relation === RELATION.local);
    told = { ...told, asPath: prepended(rest.asPath ?? [], to.localAs), ...(keepsMed ? { med } : {}) };
  } else {
    told = { ...told, localPref: localPref ?? 100, ...(med === undefined ? {} : { med }) };
    if (path.relation === RELATION.ibgpClient || path.relation === RELATION.ibgpNonClient) {
      told = {
        ...told,
        originatorId: originatorId ?? path.bgpIdentifier,
        clusterList: [identity.clusterId, ...(clusterList ?? [])],
      };
    }
  }
  if (!to.fourOctetAs) told = inTwoOctets(told);
  return { attributes: told, nextHop: isSelf ? undefined : toHex(nextHop) };
}

/** Touching sequences are one: how they are cut says nothing. */
function joined(path: AsPath | undefined): AsPath | undefined {
  const out: AsPathSegment[] = [];
  for (const segment of path ?? []) {
    const last = out.at(-1);
    if (last?.type === 2 && segment.type === 2) {
      out[out.length - 1] = { type: 2, asNumbers: [...last.asNumbers, ...segment.asNumbers] };
    } else out.push(segment);
  }
  return path === undefined ? undefined : out;
}

/** Text by which told and expected attributes are compared. */
export function attributesText(attributes: PathAttributes): string {
  const { asPath, as4Path, nextHop, unknown, ...rest } = attributes;
  const sorted = Object.entries(rest)
    .filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({
    ...Object.fromEntries(sorted),
    asPath: joined(asPath),
    as4Path: joined(as4Path),
    nextHop: toHex(nextHop ?? new Uint8Array(0)),
    unknown: (unknown ?? []).map(({ flags, code, value }) => [flags, code, toHex(value)]),
  });
}
