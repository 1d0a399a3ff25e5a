// What a peer must be told of a route: RFC 4271 §5.1.3, §9.2.1, RFC 4456 §6, RFC 1997, RFC 9234 §5, on plain objects. Gives
// the attributes as the peer decodes them; naive-rewriting.ts works them out.

import type { IpPrefix } from "../../src/base/ip.js";
import { toHex } from "../../src/base/bytes.js";
import type { AsPath, AsPathSegment, PathAttributes } from "../../src/packet/attributes/attribute.js";
import type { PeerFacts, RouteOrigin } from "../../src/policy/route.js";
import type { GroupOptions } from "../../src/rib/export-rules.js";
import type { Identity } from "../../src/rib/set-context.js";
import { RELATION, type Relation } from "../../src/rib/sources.js";
import { type Carried, NaiveRoute } from "./naive-route.js";
import { rewritten } from "./naive-rewriting.js";

/** A path of a prefix, as far as export cares. */
export interface ExportedPath {
  readonly carried: Carried;
  readonly prefix: IpPrefix;
  readonly from: RouteOrigin;
  readonly learnedFrom: PeerFacts | undefined;
  readonly relation: Relation;
  readonly bgpIdentifier: number;
}

/** What a peer is told of a path. */
export interface Told {
  readonly attributes: PathAttributes;
  /** In hexadecimal; undefined where it is ourselves. */
  readonly nextHop: string | undefined;
}

const NO_EXPORT = 0xffffff01;
const NO_ADVERTISE = 0xffffff02;
const NO_EXPORT_SUBCONFED = 0xffffff03;

function isAllowed(path: ExportedPath, { relation, role }: GroupOptions): boolean {
  const { communities = [], onlyToCustomer } = path.carried.attributes;
  if (communities.includes(NO_ADVERTISE)) return false;
  const hears = role === "customer" || role === "peer" || role === "routeServerClient";
  if (hears && onlyToCustomer !== undefined) return false;
  if (relation === RELATION.ebgp) return !communities.includes(NO_EXPORT) && !communities.includes(NO_EXPORT_SUBCONFED);
  return !(path.relation === RELATION.ibgpNonClient && relation === RELATION.ibgpNonClient);
}

/** The next hop told, and whether it is ourselves. */
function nextHopFor(relation: Relation, carried: Carried, to: GroupOptions): readonly [Uint8Array, boolean] {
  const own = carried.attributes.nextHop ?? new Uint8Array(0);
  const isSelf =
    own.length === 0 ||
    (!carried.nextHopIsOurs &&
      (to.nextHop === "self" ||
        relation === RELATION.local ||
        (to.nextHop === "selfExternal" && relation === RELATION.ebgp) ||
        (to.relation === RELATION.ebgp && to.nextHop !== "keep")));
  if (isSelf) return [to.selfNextHop, true];
  return [own.length === 32 ? own.slice(0, 16) : own, false];
}

/** The longest attributes of the model's world are COMMUNITIES; whatever else there is fits any message. */
function fits(nextHop: Uint8Array, { communities = [] }: PathAttributes, to: GroupOptions): boolean {
  if (communities.length * 4 > to.maxMessageLength) return false;
  if (to.family === 1) return nextHop.length === 16;
  return nextHop.length === 4 || (nextHop.length === 16 && to.extendedNextHop);
}

/** What is told of a path, or undefined. */
export function exportedTo(path: ExportedPath, to: GroupOptions, identity: Identity): Told | undefined {
  if (!isAllowed(path, to)) return undefined;
  const route = new NaiveRoute(path.carried, path.prefix, path.from, path.learnedFrom, to.sentTo);
  if (!to.exportFilter(route).accept) return undefined;
  const { relation, bgpIdentifier } = path;
  return sent(route.carried, relation, bgpIdentifier, to, identity);
}

/** The default route that a group is told whatever the table says; undefined: it cannot be told. */
export function originatedTo(to: GroupOptions, identity: Identity): Told | undefined {
  const attributes = { origin: 0, asPath: [] };
  const carried = { attributes, weight: 0, medIsOurs: false, nextHopIsOurs: false, dropsPackets: false };
  return sent(carried, RELATION.local, 0, to, identity);
}

function sent(
  carried: Carried,
  relation: Relation,
  bgpIdentifier: number,
  to: GroupOptions,
  { clusterId }: Identity,
): Told | undefined {
  const [nextHop, isSelf] = nextHopFor(relation, carried, to);
  const { attributes, medIsOurs } = carried;
  if (!fits(nextHop, attributes, to)) return undefined;
  const told = rewritten({ attributes, relation, bgpIdentifier, medIsOurs, clusterId }, to);
  return { attributes: { ...told, nextHop }, nextHop: isSelf ? undefined : toHex(nextHop) };
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
