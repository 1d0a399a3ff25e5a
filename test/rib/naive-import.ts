// What becomes of a route on its way in, on plain objects: RFC 4271 §6.3 and §9.1.2, RFC 4456 §8, RFC 7606 §7, RFC 7705
// §3.3, RFC 7999 §3, RFC 8326 §4, RFC 9234 §5. Written without a look at import-rewriting.ts and set-marks.ts.

import type { IpPrefix } from "../../src/base/ip.js";
import type { PathAttributes } from "../../src/packet/attributes/attribute.js";
import type { Filter } from "../../src/policy/route.js";
import type { Identity } from "../../src/rib/set-context.js";
import { LOCAL_WEIGHT } from "../../src/rib/rib.js";
import { RELATION, type ImportOptions, type SourceOptions } from "../../src/rib/sources.js";
import { type Carried, NaiveRoute } from "./naive-route.js";

const GRACEFUL_SHUTDOWN = 0xffff0000;
const BLACKHOLE = 0xffff029a;
const NO_EXPORT = 0xffffff01;
const NO_ADVERTISE = 0xffffff02;
const NO_EXPORT_SUBCONFED = 0xffffff03;

/** RFC 7606 §7.5, §7.9, §7.10: what external neighbours may not say. */
export function fromExternal(attributes: PathAttributes): PathAttributes {
  const { localPref: _localPref, originatorId: _originatorId, clusterList: _clusterList, ...rest } = attributes;
  return rest;
}

/** RFC 4271 §6.3, RFC 7606 §7.2: the routes count as withdrawn. */
export function isTreatedAsWithdrawn(attributes: PathAttributes, options: SourceOptions): boolean {
  if (options.relation !== RELATION.ebgp || options.import?.enforcesFirstAs !== true) return false;
  const first = attributes.asPath?.[0];
  return first?.type !== 2 || first.asNumbers[0] !== options.peer?.as;
}

/** Loops, leaks, ourselves as next hop: whatever the policy says, the route is not used. */
export function isRefused(attributes: PathAttributes, options: SourceOptions, identity: Identity): boolean {
  const { localAs, import: taken } = options;
  const own = [localAs, taken?.globalAs ?? localAs];
  const asNumbers = (attributes.asPath ?? []).flatMap((segment) => segment.asNumbers);
  if (asNumbers.filter((as) => own.includes(as)).length > (taken?.allowAsIn ?? 0)) return true;
  if (attributes.originatorId === identity.routerId) return true;
  if ((attributes.clusterList ?? []).includes(identity.clusterId)) return true;
  const nextHop = attributes.nextHop?.slice(0, 16);
  const { localAddress } = taken ?? {};
  if (nextHop !== undefined && localAddress !== undefined && Buffer.compare(nextHop, localAddress) === 0) return true;
  const { onlyToCustomer } = attributes;
  if (onlyToCustomer === undefined) return false;
  if (taken?.role === "provider" || taken?.role === "routeServer") return true;
  return taken?.role === "peer" && onlyToCustomer !== options.peer?.as;
}

/** What the options make of a route before the policy sees it. */
function shown(attributes: PathAttributes, options: SourceOptions): Carried {
  const { relation, localAs, peer, import: taken } = options;
  const plain = { medIsOurs: false, nextHopIsOurs: false, dropsPackets: false };
  if (taken === undefined) return { ...plain, attributes, weight: relation === RELATION.local ? LOCAL_WEIGHT : 0 };
  const [first, ...rest] = attributes.asPath ?? [];
  const joined = first?.type === 2 ? [{ type: 2, asNumbers: [localAs, ...first.asNumbers] }, ...rest] : undefined;
  const prepended = joined ?? [{ type: 2, asNumbers: [localAs] }, ...(attributes.asPath ?? [])];
  const marks = taken.role === "customer" || taken.role === "peer" || taken.role === "routeServerClient";
  const otc = marks ? (attributes.onlyToCustomer ?? peer?.as) : attributes.onlyToCustomer;
  const localPref = attributes.localPref ?? taken.localPref;
  return {
    ...plain,
    weight: taken.weight,
    attributes: {
      ...attributes,
      ...(taken.prependsLocalAs ? { asPath: prepended } : {}),
      ...(localPref === undefined ? {} : { localPref }),
      ...(otc === undefined ? {} : { onlyToCustomer: otc }),
    },
  };
}

/** What they make of it behind the policy. */
function settled(carried: Carried, taken: ImportOptions | undefined): Carried {
  if (taken === undefined) return carried;
  let { attributes, dropsPackets = false } = carried;
  const has = (community: number): boolean => (attributes.communities ?? []).includes(community);
  const add = (community: number): void => {
    if (!has(community)) attributes = { ...attributes, communities: [...(attributes.communities ?? []), community] };
  };
  if (taken.isDraining || (taken.honoursGracefulShutdown && has(GRACEFUL_SHUTDOWN))) {
    attributes = { ...attributes, localPref: 0 };
    add(GRACEFUL_SHUTDOWN);
  }
  if (taken.honoursBlackhole && has(BLACKHOLE)) {
    dropsPackets = true;
    if (![NO_EXPORT, NO_EXPORT_SUBCONFED, NO_ADVERTISE].some(has)) add(NO_EXPORT);
  }
  return { ...carried, attributes, dropsPackets };
}

/** The route that takes part in the decision; undefined: the policy refuses it. */
export function imported(
  attributes: PathAttributes,
  prefix: IpPrefix,
  options: SourceOptions,
  filter: Filter,
): Carried | undefined {
  const route = new NaiveRoute(shown(attributes, options), prefix, options.kind, options.peer);
  return filter(route).accept ? settled(route.carried, options.import) : undefined;
}
