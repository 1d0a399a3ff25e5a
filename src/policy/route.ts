// What a filter may read and set, independent of syntax (YAML, bird.cfg) and of how the RIB stores routes.
//
// The RIB implements Route with a reused cursor over its tables; a test writes a literal object. Setting a property is
// the edit: the cursor records it and the RIB interns the changed attribute set when the filter accepts.

import type { Family } from "../base/family.js";
import type { Bytes } from "../base/bytes.js";

/** Where a route comes from. `bgp` includes every peer. */
export type RouteOrigin = "bgp" | "static" | "direct" | "kernel" | "aggregate";

export interface AsPathSegment {
  /** 1 AS_SET, 2 AS_SEQUENCE (RFC 4271 §4.3). */
  readonly type: number;
  readonly asNumbers: readonly number[];
}

export type AsPath = readonly AsPathSegment[];

/** RFC 8092: global administrator and two data words. */
export type LargeCommunity = readonly [number, number, number];

/** RFC 4360: the eight octets as two unsigned words. */
export type ExtendedCommunity = readonly [number, number];

export interface PeerFacts {
  /** Text of the peer's address. */
  readonly address: string;
  readonly name: string;
  readonly group: string;
  readonly as: number;
  readonly isEbgp: boolean;
}

/** Where a route leads: through a router, onto a link, nowhere, or over several ways. */
export type RouteDestination = "router" | "device" | "blackhole" | "unreachable" | "prohibit" | "multipath";

/** RFC 4271 §5.1.7. */
export interface Aggregator {
  readonly as: number;
  /** Unsigned. */
  readonly id: number;
}

/** A route as a filter sees it. Valid only during the call. What comes after `weight` is for scripts (script.ts). */
export interface Route {
  readonly family: Family;
  /** Address as four Int32 words (IPv4: the first). */
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
  readonly prefixLength: number;
  readonly from: RouteOrigin;
  /** The peer it was learned from; undefined for the node's own routes. */
  readonly learnedFrom: PeerFacts | undefined;
  /** The peer it would be sent to; undefined on import. Peers of one update group share what filters can see here. */
  readonly sentTo: PeerFacts | undefined;
  /** 0 IGP, 1 EGP, 2 INCOMPLETE. */
  origin: number;
  asPath: AsPath;
  /** 4 or 16 octets; empty where the route has none (blackhole). */
  nextHop: Bytes;
  med: number | undefined;
  localPref: number | undefined;
  communities: readonly number[];
  extendedCommunities: readonly ExtendedCommunity[];
  largeCommunities: readonly LargeCommunity[];
  /** Local preference among sources before the decision process: higher wins; not sent to anyone. */
  weight: number;
  /** A route of the node's own that nothing was made ready of for BGP: scripts find no ORIGIN, AS_PATH and NEXT_HOP, whatever
   *  the properties above say. */
  readonly isBare: boolean;
  originatorId: number | undefined;
  clusterList: readonly number[] | undefined;
  atomicAggregate: boolean;
  aggregator: Aggregator | undefined;
  /** Name of the peer or of the node's own protocol that the route is of. */
  readonly protocolName: string;
  /** Address of the peer that told it; empty for the node's own routes. */
  readonly fromAddress: Bytes;
  /** Where packets go, for BGP routes as their next hop resolves at present; that may change while the attributes stay. */
  readonly destination: RouteDestination;
  /** Address of the next router; empty where there is none. */
  readonly gateway: Bytes;
  /** "" where there is none. */
  readonly interfaceName: string;
  /** Metric in the kernel. Setting it counts for the run of the filter and whoever asks afterwards, never for the route. */
  kernelMetric: number | undefined;
  /** rtm_protocol of a route learned from the kernel. */
  readonly kernelSource: number | undefined;
  /** Tunnel device asked for by a filter for the kernel; as kernelMetric. */
  kernelTunnel: string | undefined;
}

/** `accept` or `reject`; `by` says which line decided, for explain. */
export interface Verdict {
  readonly accept: boolean;
  /** `policy NAME, file:line` or the default that applied. */
  readonly by: string;
}

/** A compiled filter. May set properties of the route, which count only when it accepts. */
export interface Filter {
  (route: Route): Verdict;
  /** False: the verdict is the same for every prefix with equal attributes, so it is asked once per attribute set. */
  readonly readsPrefix: boolean;
  /** True: it looks at `sentTo`, so peers that differ there cannot share an update group. */
  readonly readsPeer: boolean;
  /** True: it looks at where next hops lead (Route.destination, gateway, interfaceName), which no attribute set says. */
  readonly readsWay?: boolean;
  /** True: the verdict is the same for all routes of a source, and no route is edited. Absent: maybe not. */
  readonly isPerSource?: boolean;
  /** Equal texts mean equal filters: update groups and reloads compare it. */
  readonly identity: string;
  /** Names of the policies it was made of, in order. */
  readonly policies?: readonly string[];
  /** Name of the script it was made of instead. */
  readonly script?: string;
}

/** True if a verdict holds for one route only: it depends on the prefix, or on where the next hop leads just now. */
export function isPerRoute(filter: Filter): boolean {
  return filter.readsPrefix || filter.readsWay === true;
}

export const ACCEPT_ALL: Filter = Object.assign((): Verdict => ACCEPTED_BY_DEFAULT, {
  readsPrefix: false,
  readsPeer: false,
  isPerSource: true,
  identity: "accept-all",
});
const ACCEPTED_BY_DEFAULT: Verdict = { accept: true, by: "no policy: accept" };

export const REJECT_ALL: Filter = Object.assign((): Verdict => REJECTED_BY_DEFAULT, {
  readsPrefix: false,
  readsPeer: false,
  isPerSource: true,
  identity: "reject-all",
});
const REJECTED_BY_DEFAULT: Verdict = { accept: false, by: "RFC 8212: eBGP peer without a policy" };
