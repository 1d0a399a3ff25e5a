// What the members of a group must find in an attribute set, on plain objects: RFC 4271 §5.1, RFC 4456 §8, RFC 6793
// §4.2.2, RFC 6996 §5, RFC 7705 §3.3, RFC 8326 §4.2, RFC 9234 §5. The next hop is left out.

import type { AsPath, PathAttributes } from "../../src/packet/attributes/attribute.js";
import type { GroupOptions } from "../../src/rib/export-rules.js";
import { RELATION, type Relation } from "../../src/rib/sources.js";

const AS_TRANS = 23456;
const GRACEFUL_SHUTDOWN = 0xffff0000;
/** T bit of an extended community. */
const NON_TRANSITIVE = 0x40000000;

/** A set and what it is known by. */
export interface RewrittenSet {
  readonly attributes: PathAttributes;
  readonly relation: Relation;
  readonly bgpIdentifier: number;
  readonly medIsOurs: boolean;
  readonly clusterId: number;
}

const isPrivate = (as: number): boolean => (as > 64511 && as < 65535) || (as > 4199999999 && as < 4294967295);
const isWide = (as: number): boolean => as > 65535;

function sentNumbers(as: number, { localAs, overrideAs, removePrivateAs }: GroupOptions): readonly number[] {
  if (isPrivate(as) && removePrivateAs === "remove") return [];
  if (isPrivate(as) && removePrivateAs === "replace") return [localAs];
  return [overrideAs !== 0 && as === overrideAs ? localAs : as];
}

function sentPath(path: AsPath, to: GroupOptions): AsPath {
  const kept = path
    .map(({ type, asNumbers }) => ({ type, asNumbers: asNumbers.flatMap((as) => sentNumbers(as, to)) }))
    .filter(({ asNumbers }) => asNumbers.length > 0);
  if (to.relation !== RELATION.ebgp) return kept;
  return [{ type: 2, asNumbers: [...new Set([to.localAs, to.globalAs])] }, ...kept];
}

function inTwoOctets(attributes: PathAttributes): PathAttributes {
  const { aggregator, asPath = [] } = attributes;
  const narrow = (as: number): number => (isWide(as) ? AS_TRANS : as);
  return {
    ...attributes,
    asPath: asPath.map(({ type, asNumbers }) => ({ type, asNumbers: asNumbers.map(narrow) })),
    ...(asPath.some(({ asNumbers }) => asNumbers.some(isWide)) ? { as4Path: asPath } : {}),
    ...(aggregator === undefined ? {} : { aggregator: { ...aggregator, as: narrow(aggregator.as) } }),
    ...(aggregator !== undefined && isWide(aggregator.as) ? { as4Aggregator: aggregator } : {}),
  };
}

function sentCommunities(communities: readonly number[] = [], to: GroupOptions): readonly number[] {
  if (!to.isDraining || communities.includes(GRACEFUL_SHUTDOWN)) return communities;
  return [...communities, GRACEFUL_SHUTDOWN];
}

/** Facts of our own routes (local-facts.ts) are nobody's business. */
function withoutFacts({ unknown, ...rest }: PathAttributes): PathAttributes {
  return unknown === undefined ? rest : { ...rest, unknown: unknown.filter(({ code }) => code !== 255) };
}

/** The attributes as the members decode them, without the next hop; `asWide`: before numbers are narrowed. */
export function rewritten(set: RewrittenSet, to: GroupOptions, asWide = false): PathAttributes {
  const {
    med,
    localPref,
    originatorId,
    clusterList,
    extendedCommunities,
    nextHop: _nextHop,
    ...others
  } = set.attributes;
  const rest = set.relation === RELATION.local ? withoutFacts(others) : others;
  const isEbgp = to.relation === RELATION.ebgp;
  const reflects = !isEbgp && (set.relation === RELATION.ibgpClient || set.relation === RELATION.ibgpNonClient);
  const keepsMed = med !== undefined && (!isEbgp || set.medIsOurs || set.relation === RELATION.local);
  const marks = to.role === "provider" || to.role === "peer" || to.role === "routeServer";
  const extended = extendedCommunities?.filter(([high]) => !isEbgp || (high & NON_TRANSITIVE) === 0);
  const told: PathAttributes = {
    ...rest,
    asPath: sentPath(rest.asPath ?? [], to),
    communities: sentCommunities(rest.communities, to),
    ...(extended === undefined ? {} : { extendedCommunities: extended }),
    ...(keepsMed ? { med } : {}),
    ...(isEbgp ? {} : { localPref: to.isDraining ? 0 : (localPref ?? 100) }),
    ...(isEbgp || originatorId === undefined ? {} : { originatorId }),
    ...(isEbgp || clusterList === undefined ? {} : { clusterList }),
    ...(reflects ? { originatorId: originatorId ?? set.bgpIdentifier } : {}),
    ...(reflects ? { clusterList: [set.clusterId, ...(clusterList ?? [])] } : {}),
    ...(marks ? { onlyToCustomer: rest.onlyToCustomer ?? to.localAs } : {}),
  };
  return to.fourOctetAs || asWide ? told : inTwoOctets(told);
}
