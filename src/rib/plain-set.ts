// The short way for attribute sets that are sound and in normal form as they came, as nearly all are: one walk over the
// octets gives what judging (packet/attributes/judge.ts) and set-marks.ts would give. Whatever looks unusual is left to
// those two: nothing is refused here, and a set that this file takes needs no copy of its own.
//
// RFC 4271 §4.3, §5, RFC 4456, RFC 1997, RFC 8092. A property test holds the two ways against each other.

import { type Bytes, equalBytes, readI32, readU32 } from "../base/bytes.js";
import type { AttributeFacts } from "../packet/attributes/attribute.js";
import { SPEC_BY_CODE } from "../packet/attributes/registry.js";
import { ATTRIBUTE, SEGMENT } from "../packet/codes.js";
import { REJECT } from "./reject-reason.js";
import type { Identity } from "./set-context.js";
import { MARK, wellKnownMark } from "./set-marks.js";
import type { SourceOptions } from "./sources.js";

/** The set must be judged. */
export const NOT_PLAIN = -1;

const HEADER = 3;
/** By type: the flags octet of a plain attribute; 0 for types that are left to judging. */
const PLAIN_FLAGS = new Uint8Array(256);
for (const code of [
  ATTRIBUTE.ORIGIN,
  ATTRIBUTE.AS_PATH,
  ATTRIBUTE.NEXT_HOP,
  ATTRIBUTE.MULTI_EXIT_DISC,
  ATTRIBUTE.LOCAL_PREF,
  ATTRIBUTE.ATOMIC_AGGREGATE,
  ATTRIBUTE.AGGREGATOR,
  ATTRIBUTE.COMMUNITIES,
  ATTRIBUTE.ORIGINATOR_ID,
  ATTRIBUTE.CLUSTER_LIST,
  ATTRIBUTE.EXTENDED_COMMUNITIES,
  ATTRIBUTE.LARGE_COMMUNITIES,
]) {
  PLAIN_FLAGS[code] = SPEC_BY_CODE[code]?.flags ?? 0;
}
const MANDATORY = (1 << ATTRIBUTE.ORIGIN) | (1 << ATTRIBUTE.AS_PATH) | (1 << ATTRIBUTE.NEXT_HOP);
/** More than these are rare enough to be compared by judging. */
const MOST_LARGE_COMMUNITIES = 8;

/** Who sent the set, and how its AS numbers stand. */
export interface PlainContext {
  readonly ebgp: boolean;
  /** Made by ourselves: no attribute is missed. */
  readonly own: boolean;
}

/** Reads `bytes[at, end)`, type-length-values with AS numbers of four octets. Fills `facts` and gives the set's MARK bits,
 *  or NOT_PLAIN: then `facts` means nothing. */
export function readPlainSet(
  bytes: Bytes,
  at: number,
  end: number,
  context: PlainContext,
  source: SourceOptions,
  identity: Identity,
  facts: AttributeFacts,
): number {
  facts.reset();
  const start = at;
  let marks = 0;
  let reason: number = REJECT.none;
  let last = 0;
  let seen = 0;
  while (at < end) {
    if (end - at < HEADER) return NOT_PLAIN;
    const type = bytes[at + 1];
    const length = bytes[at + 2];
    const flags = bytes[at];
    at += HEADER;
    const next = at + length;
    // The Extended Length and Partial bits are not plain.
    if (type <= last || next > end || flags !== PLAIN_FLAGS[type] || flags === 0) return NOT_PLAIN;
    last = type;
    let found: number = REJECT.none;
    switch (type) {
      case ATTRIBUTE.ORIGIN:
        if (length !== 1 || bytes[at] > 2) return NOT_PLAIN;
        facts.origin = bytes[at];
        seen |= 1 << type;
        break;
      case ATTRIBUTE.AS_PATH:
        found = readPath(bytes, at, next, source, facts);
        if (found < 0) return NOT_PLAIN;
        seen |= 1 << type;
        break;
      case ATTRIBUTE.NEXT_HOP:
        if (!isPlainNextHop(bytes, at, length)) return NOT_PLAIN;
        facts.nextHopAt = at - start;
        facts.nextHopLength = length;
        if (isOwnAddress(bytes, at, length, source)) found = REJECT.ownNextHop;
        seen |= 1 << type;
        break;
      case ATTRIBUTE.MULTI_EXIT_DISC:
        if (length !== 4) return NOT_PLAIN;
        facts.hasMed = true;
        facts.med = readU32(bytes, at);
        break;
      case ATTRIBUTE.LOCAL_PREF:
        if (length !== 4 || context.ebgp) return NOT_PLAIN;
        facts.localPref = readU32(bytes, at);
        break;
      case ATTRIBUTE.ATOMIC_AGGREGATE:
        if (length !== 0) return NOT_PLAIN;
        break;
      case ATTRIBUTE.AGGREGATOR:
        if (length !== 8 || readI32(bytes, at) === 0) return NOT_PLAIN;
        break;
      case ATTRIBUTE.COMMUNITIES:
        if (length === 0 || (length & 3) !== 0) return NOT_PLAIN;
        for (let i = at; i < next; i += 4) if (bytes[i] === 0xff) marks |= wellKnownMark(readU32(bytes, i));
        break;
      case ATTRIBUTE.ORIGINATOR_ID:
        if (length !== 4 || context.ebgp) return NOT_PLAIN;
        facts.hasOriginatorId = true;
        facts.originatorId = readU32(bytes, at);
        if ((facts.originatorId | 0) === (identity.routerId | 0)) found = REJECT.originatorLoop;
        break;
      case ATTRIBUTE.CLUSTER_LIST:
        if (length === 0 || (length & 3) !== 0 || context.ebgp) return NOT_PLAIN;
        facts.clusterCount = length >> 2;
        if (source.import !== undefined && source.import.ignoresClusterList) break;
        for (let i = at; i < next; i += 4) {
          if (readI32(bytes, i) === (identity.clusterId | 0)) found = REJECT.clusterLoop;
        }
        break;
      case ATTRIBUTE.EXTENDED_COMMUNITIES:
        if (length === 0 || (length & 7) !== 0) return NOT_PLAIN;
        break;
      default:
        // Large communities.
        if (!areDistinct(bytes, at, length)) return NOT_PLAIN;
    }
    if (reason === REJECT.none) reason = found;
    at = next;
  }
  if (!context.own && seen !== MANDATORY) return NOT_PLAIN;
  return marks | (reason << MARK.reasonShift);
}

/** The reason not to use the path (a loop) or REJECT.none; −1 if it is not plain. */
function readPath(bytes: Bytes, at: number, end: number, source: SourceOptions, facts: AttributeFacts): number {
  const localAs = source.localAs | 0;
  const globalAs = source.import === undefined ? localAs : source.import.globalAs | 0;
  let own = 0;
  let count = 0;
  if (at < end && bytes[at] === SEGMENT.AS_SEQUENCE) facts.neighborAs = readU32(bytes, at + 2);
  while (at < end) {
    const type = bytes[at];
    const members = bytes[at + 1];
    const last = at + 2 + members * 4;
    if (last > end || members === 0 || (type !== SEGMENT.AS_SEQUENCE && type !== SEGMENT.AS_SET)) return NOT_PLAIN;
    count += type === SEGMENT.AS_SEQUENCE ? members : 1;
    for (at += 2; at < last; at += 4) {
      const as = readI32(bytes, at);
      if (as === 0) return NOT_PLAIN;
      if (as === localAs || as === globalAs) own++;
    }
  }
  facts.asPathLength = count;
  return own > (source.import === undefined ? 0 : source.import.allowAsIn) ? REJECT.asLoop : REJECT.none;
}

/** RFC 4271 §6.3: a host address. Addresses that begin like a special one are left to judging. */
function isPlainNextHop(bytes: Bytes, at: number, length: number): boolean {
  if (length === 4) return bytes[at] > 0 && bytes[at] < 224;
  if (length !== 16 && length !== 32) return false;
  return bytes[at] > 0 && bytes[at] < 0xff;
}

function isOwnAddress(bytes: Bytes, at: number, length: number, source: SourceOptions): boolean {
  const own = source.import === undefined ? undefined : source.import.localAddress;
  if (own === undefined || (length === 32 ? 16 : length) !== own.length) return false;
  return equalBytes(own, 0, bytes, at, own.length);
}

/** RFC 8092 §3: duplicates are removed, which changes the octets. */
function areDistinct(bytes: Bytes, at: number, length: number): boolean {
  if (length === 0 || length % 12 !== 0 || length > MOST_LARGE_COMMUNITIES * 12) return false;
  const end = at + length;
  for (let a = at; a < end; a += 12) {
    for (let b = a + 12; b < end; b += 12) if (equalBytes(bytes, a, bytes, b, 12)) return false;
  }
  return true;
}
