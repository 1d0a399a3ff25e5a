// What the normal form of an attribute set says at a glance: well-known communities (RFC 1997, RFC 7999, RFC 8326), OTC
// (RFC 9234), and why routes with it take no part in the decision: a loop, a leak, ourselves as next hop. Found once per
// set; bits of the flags column of AttrsTable.

import type { Bytes } from "../base/bytes.js";
import { equalBytes, readU32 } from "../base/bytes.js";
import type { ByteWriter } from "../base/bytes.js";
import { ATTRIBUTE } from "../packet/codes.js";
import { REJECT } from "./reject-reason.js";
import type { SourceOptions } from "./sources.js";

export const MARK = {
  noExport: 1 << 6,
  noAdvertise: 1 << 7,
  /** Four bits: RejectReason. */
  reasonShift: 8,
  reasonMask: 15,
  blackhole: 1 << 12,
  gracefulShutdown: 1 << 13,
  onlyToCustomer: 1 << 14,
} as const;

/** Well-known communities that we act upon. */
export const COMMUNITY = {
  gracefulShutdown: 0xffff0000,
  blackhole: 0xffff029a,
  noExport: 0xffffff01,
  noAdvertise: 0xffffff02,
  noExportSubconfed: 0xffffff03,
} as const;

/** The marks of a set in normal form that came from the source; the first reason not to use it counts. */
export function marksOf(body: ByteWriter, source: SourceOptions, routerId: number, clusterId: number): number {
  const { bytes, length: end } = body;
  let bits = 0;
  let reason: number = REJECT.none;
  for (let at = 0; at < end;) {
    const type = bytes[at + 1];
    const long = (bytes[at] & 0x10) !== 0;
    const length = long ? (bytes[at + 2] << 8) | bytes[at + 3] : bytes[at + 2];
    at += long ? 4 : 3;
    if (type === ATTRIBUTE.COMMUNITIES) bits |= wellKnown(bytes, at, at + length);
    else if (type === ATTRIBUTE.ONLY_TO_CUSTOMER) bits |= MARK.onlyToCustomer;
    if (reason === REJECT.none) reason = reasonOf(type, bytes, at, length, source, routerId, clusterId);
    at += length;
  }
  return bits | (reason << MARK.reasonShift);
}

function reasonOf(
  type: number,
  bytes: Bytes,
  at: number,
  length: number,
  source: SourceOptions,
  routerId: number,
  clusterId: number,
): number {
  switch (type) {
    case ATTRIBUTE.AS_PATH:
      return isAsLoop(bytes, at, at + length, source) ? REJECT.asLoop : REJECT.none;
    case ATTRIBUTE.NEXT_HOP:
      return isOwnAddress(bytes, at, length, source) ? REJECT.ownNextHop : REJECT.none;
    case ATTRIBUTE.ORIGINATOR_ID:
      return readU32(bytes, at) === routerId ? REJECT.originatorLoop : REJECT.none;
    case ATTRIBUTE.CLUSTER_LIST:
      if (source.import?.ignoresClusterList === true) return REJECT.none;
      return hasWord(bytes, at, at + length, clusterId) ? REJECT.clusterLoop : REJECT.none;
    case ATTRIBUTE.ONLY_TO_CUSTOMER:
      return isLeak(readU32(bytes, at), source) ? REJECT.routeLeak : REJECT.none;
    default:
      return REJECT.none;
  }
}

/** RFC 4271 §9.1.2, RFC 7705 §3.3: our AS as the peer sees it and our real one, more often than the peer may. */
function isAsLoop(bytes: Bytes, at: number, end: number, source: SourceOptions): boolean {
  const { localAs } = source;
  const globalAs = source.import?.globalAs ?? localAs;
  let left = source.import?.allowAsIn ?? 0;
  while (at < end) {
    const last = at + 2 + bytes[at + 1] * 4;
    for (at += 2; at < last; at += 4) {
      const as = readU32(bytes, at);
      if ((as === localAs || as === globalAs) && --left < 0) return true;
    }
  }
  return false;
}

/** RFC 4271 §6.3: NEXT_HOP must not be the address of the receiver; of a pair (RFC 2545) the global one counts. */
function isOwnAddress(bytes: Bytes, at: number, length: number, source: SourceOptions): boolean {
  const own = source.import?.localAddress;
  if (own === undefined || Math.min(length, 16) !== own.length) return false;
  return equalBytes(own, 0, bytes, at, own.length);
}

/** RFC 9234 §5, ingress 1 and 2. */
function isLeak(onlyToCustomer: number, source: SourceOptions): boolean {
  const role = source.import?.role;
  if (role === "provider" || role === "routeServer") return true;
  return role === "peer" && onlyToCustomer !== source.peer?.as;
}

function hasWord(bytes: Bytes, at: number, end: number, word: number): boolean {
  for (; at < end; at += 4) if (readU32(bytes, at) === word) return true;
  return false;
}

/** True if the normal form `bytes[at, end)` has the cluster id in its CLUSTER_LIST. */
export function holdsCluster(bytes: Bytes, at: number, end: number, clusterId: number): boolean {
  while (at < end) {
    const type = bytes[at + 1];
    const long = (bytes[at] & 0x10) !== 0;
    const length = long ? (bytes[at + 2] << 8) | bytes[at + 3] : bytes[at + 2];
    at += long ? 4 : 3;
    if (type === ATTRIBUTE.CLUSTER_LIST) return hasWord(bytes, at, at + length, clusterId >>> 0);
    at += length;
  }
  return false;
}

function wellKnown(bytes: Bytes, at: number, end: number): number {
  let bits = 0;
  for (; at < end; at += 4) bits |= wellKnownMark(readU32(bytes, at));
  return bits;
}

/** The MARK bit of a community (RFC 1997, RFC 7999, RFC 8326), or 0. */
export function wellKnownMark(community: number): number {
  if (community < COMMUNITY.gracefulShutdown) return 0;
  // RFC 1997: outside a confederation NO_EXPORT_SUBCONFED means the same as NO_EXPORT.
  if (community === COMMUNITY.noExport || community === COMMUNITY.noExportSubconfed) return MARK.noExport;
  if (community === COMMUNITY.noAdvertise) return MARK.noAdvertise;
  if (community === COMMUNITY.blackhole) return MARK.blackhole;
  return community === COMMUNITY.gracefulShutdown ? MARK.gracefulShutdown : 0;
}
