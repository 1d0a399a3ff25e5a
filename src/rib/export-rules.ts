// Who may hear which route, and with which next hop: RFC 4271 §5.1.3, §9.2; RFC 4456 §6; RFC 1997; RFC 9234 §5.
//
// All of it depends on the group and the attribute set only, never on the single member: that is what lets alike peers
// share one encoded stream. What differs between peers is part of the group's key.

import type { Bytes } from "../base/bytes.js";
import { toHex } from "../base/bytes.js";
import { type Family, IPV6_UNICAST } from "../base/family.js";
import type { BgpRole } from "../packet/codes.js";
import type { Filter, PeerFacts } from "../policy/route.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";
import { CONTEXT } from "./set-context.js";
import type { NextHopTable } from "./next-hop-table.js";
import { holdsCluster } from "./set-marks.js";
import { RELATION, type Relation, type SourceTable } from "./sources.js";

/** Everything in which members of one update group are alike. */
export interface GroupOptions {
  readonly family: Family;
  /** What the members are to us. */
  readonly relation: Relation;
  readonly localAs: number;
  /** The speaker's own AS, seen behind localAs by external peers where it is another one (RFC 7705 §3.3); equal to localAs
   *  where it must not be seen. */
  readonly globalAs: number;
  /** The AS to be replaced by ours in AS_PATHs; 0: none. */
  readonly overrideAs: number;
  readonly removePrivateAs: "no" | "remove" | "replace";
  /** RFC 9234: what we are to the members. */
  readonly role: BgpRole | undefined;
  /** RFC 8326: routes go out with GRACEFUL_SHUTDOWN, inside the AS also with LOCAL_PREF 0. */
  readonly isDraining: boolean;
  readonly defaultOriginate: boolean;
  /** RFC 7911: paths per prefix; 0: the best one, without path identifiers. */
  readonly addPathSend: number | "all";
  /** RFC 6793: both sides speak 4-octet AS numbers. */
  readonly fourOctetAs: boolean;
  /** 4096, or 65535 (RFC 8654). */
  readonly maxMessageLength: number;
  readonly nextHop: "default" | "self" | "selfExternal" | "keep";
  /** Our address as next hop: 4 or 16 octets; empty if the session has none of this family. */
  readonly selfNextHop: Bytes;
  /** RFC 8950: IPv4 routes may go out with IPv6 next hops. */
  readonly extendedNextHop: boolean;
  /** CompatibilityConfig.zeroMedToExternal, where it concerns the members. */
  readonly zeroesMed: boolean;
  /** CompatibilityConfig.announcesGateways, where it concerns the members. */
  readonly announcesGateways: boolean;
  /** CompatibilityConfig.separatesLocalAs: internal sources with another local AS are strangers. */
  readonly separatesLocalAs: boolean;
  /** Routes that have been through our cluster are not told: they may have come from sessions that do not look. */
  readonly checksClusterList: boolean;
  /** CompatibilityConfig.preparedExport: sets are made ready for the members before the policy sees them, and go out as it
   *  leaves them. */
  readonly preparesExport: boolean;
  readonly exportFilter: Filter;
  /** Only where the filter looks at the peer it sends to. */
  readonly sentTo: PeerFacts | undefined;
}

/** What most groups have none of. */
export const PLAIN_EXPORT = {
  overrideAs: 0,
  removePrivateAs: "no",
  role: undefined,
  isDraining: false,
  defaultOriginate: false,
  addPathSend: 0,
  zeroesMed: false,
  announcesGateways: false,
  separatesLocalAs: false,
  checksClusterList: false,
  preparesExport: false,
} as const satisfies Partial<GroupOptions>;

/** Equal texts: the peers may share a group. Derived from every field, so that a new one cannot be forgotten. */
export function groupKey(options: GroupOptions): string {
  const parts: Record<keyof GroupOptions, string> = {
    family: String(options.family),
    relation: String(options.relation),
    localAs: String(options.localAs),
    globalAs: String(options.globalAs),
    overrideAs: String(options.overrideAs),
    removePrivateAs: options.removePrivateAs,
    role: options.role ?? "",
    isDraining: String(options.isDraining),
    defaultOriginate: String(options.defaultOriginate),
    addPathSend: String(options.addPathSend),
    fourOctetAs: String(options.fourOctetAs),
    maxMessageLength: String(options.maxMessageLength),
    nextHop: options.nextHop,
    selfNextHop: toHex(options.selfNextHop),
    extendedNextHop: String(options.extendedNextHop),
    zeroesMed: String(options.zeroesMed),
    announcesGateways: String(options.announcesGateways),
    separatesLocalAs: String(options.separatesLocalAs),
    checksClusterList: String(options.checksClusterList),
    preparesExport: String(options.preparesExport),
    exportFilter: options.exportFilter.identity,
    sentTo: options.sentTo === undefined ? "" : JSON.stringify(options.sentTo),
  };
  return JSON.stringify(parts);
}

/** NLRI and next hop travel in MP_REACH_NLRI instead of the fields of RFC 4271. */
export function usesMultiprotocol(options: GroupOptions): boolean {
  return options.family === IPV6_UNICAST || options.extendedNextHop;
}

/** True if equal sets go out as the same octets under both options: these differ at most in which routes are chosen. */
export function isSameRewriting(a: GroupOptions, b: GroupOptions): boolean {
  const { exportFilter, sentTo, defaultOriginate, addPathSend } = b;
  return groupKey({ ...a, exportFilter, sentTo, defaultOriginate, addPathSend }) === groupKey(b);
}

/** RFC 9234 §5, egress 1: to customers, peers and clients of a route server nothing goes without OTC. */
export function marksOnlyToCustomer({ role }: GroupOptions): boolean {
  return role === "provider" || role === "peer" || role === "routeServer";
}

/** RFC 9234 §5, egress 2: to providers, peers and route servers nothing goes with OTC. */
function withholdsOnlyToCustomer({ role }: GroupOptions): boolean {
  return role === "customer" || role === "peer" || role === "routeServerClient";
}

export class ExportRules {
  readonly options: GroupOptions;
  readonly #attrs: AttrsTable;
  readonly #nextHops: NextHopTable;
  readonly #sources: SourceTable;
  readonly #isEbgp: boolean;
  readonly #withholdsOnlyToCustomer: boolean;

  constructor(options: GroupOptions, attrs: AttrsTable, nextHops: NextHopTable, sources: SourceTable) {
    this.options = options;
    this.#attrs = attrs;
    this.#nextHops = nextHops;
    this.#sources = sources;
    this.#isEbgp = options.relation === RELATION.ebgp;
    this.#withholdsOnlyToCustomer = withholdsOnlyToCustomer(options);
  }

  /** True if protocol rules let the members hear routes with this set. The export policy is asked after that. */
  permits(id: AttrsId): boolean {
    const relation = this.#sources.relation[this.#attrs.source(id)];
    // RFC 4456 §6: what a non-client told us goes to clients only; RFC 4271 §9.2.1 without reflection.
    const isBetweenNonClients = relation === RELATION.ibgpNonClient && this.options.relation === RELATION.ibgpNonClient;
    if (isBetweenNonClients && this.#isOneInternal(id)) return false;
    if (this.options.checksClusterList && this.#hasOurCluster(id)) return false;
    if (this.#attrs.isNoAdvertise(id)) return false;
    if (this.#withholdsOnlyToCustomer && this.#attrs.hasOnlyToCustomer(id)) return false;
    return !(this.#isEbgp && this.#attrs.isNoExport(id));
  }

  /** Why the set, as it would be sent, cannot be expressed to the members; undefined: it can. */
  misfit(id: AttrsId): string | undefined {
    const { family, extendedNextHop, fourOctetAs, maxMessageLength } = this.options;
    const nextHopLength = this.nextHop(id).length;
    if (nextHopLength === 0) return "route withheld: we have no address of its family to be its next hop";
    if (family !== IPV6_UNICAST && nextHopLength !== 4 && !extendedNextHop) {
      return "route withheld: the peer takes no IPv6 next hop for IPv4 (RFC 8950)";
    }
    if (family === IPV6_UNICAST && nextHopLength === 4) return "route withheld: an IPv6 route with an IPv4 next hop";
    // Header, fixed fields, MP_REACH with one IPv6 prefix, and all that the rules may add.
    if (this.#attrs.bodyLength(id) * (fourOctetAs ? 1 : 2) + 128 <= maxMessageLength) return undefined;
    return `route withheld: its attributes do not fit into messages of ${maxMessageLength} octets`;
  }

  /** The next hop that the members are told; owned by the table. */
  nextHop(id: AttrsId): Bytes {
    if (this.rewritesNextHop(id)) return this.options.selfNextHop;
    const bytes = this.#nextHops.bytes(this.#attrs.nextHop(id));
    // RFC 2545 §3: a link-local address is for neighbours on its link; what is passed on is the global one.
    return bytes.length === 32 ? bytes.subarray(0, 16) : bytes;
  }

  /** True if the route goes out with ourselves as next hop. */
  rewritesNextHop(id: AttrsId): boolean {
    if (this.options.preparesExport) return false;
    if ((this.#attrs.context(id) & CONTEXT.nextHopIsOurs) !== 0) return false;
    if (this.options.nextHop === "self" || this.#attrs.nextHop(id) === 0) return true;
    const relation = this.#sources.relation[this.#attrs.source(id)];
    if (relation === RELATION.local) return !this.options.announcesGateways || this.options.nextHop === "selfExternal";
    // A link-local next hop means nothing beyond its link.
    if (this.#nextHops.isLinkLocal(this.#attrs.nextHop(id))) return true;
    if (this.#isEbgp) return this.options.nextHop !== "keep";
    return this.options.nextHop === "selfExternal" && relation === RELATION.ebgp;
  }

  /** True if telling the members is reflection (RFC 4456): from an internal source to internal members. */
  isReflection(id: AttrsId): boolean {
    if (this.#isEbgp || this.#sources.relation[this.#attrs.source(id)] < RELATION.ibgpClient) return false;
    return this.#isOneInternal(id);
  }

  /** The internal source of the set and the members are in one AS. */
  #isOneInternal(id: AttrsId): boolean {
    if (!this.options.separatesLocalAs) return true;
    return this.#sources.get(this.#attrs.source(id)).options.localAs === this.options.localAs;
  }

  #hasOurCluster(id: AttrsId): boolean {
    const attrs = this.#attrs;
    if (attrs.clusterCount(id) === 0) return false;
    const at = attrs.bodyOffset(id);
    return holdsCluster(attrs.bodyChunk(id), at, at + attrs.bodyLength(id), attrs.identity.clusterId);
  }

  /** The peer that must not be sent the route because it is its next hop (RFC 4271 §5.1.3), or 0. */
  nextHopPeer(id: AttrsId): number {
    return this.rewritesNextHop(id) ? 0 : this.#nextHops.peer[this.#attrs.nextHop(id)];
  }
}
