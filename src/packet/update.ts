// UPDATE body → UpdateView: where its sections lie, what is wrong with their framing (RFC 4271 §4.3, RFC 7606 §3–§5).
//
// Hot: integers only, nothing is allocated unless the message is broken. Prefixes are checked here, in every section,
// so that whoever walks them later need not; the values of the attributes are judged in attributes/judge.ts.

import { type Bytes, readU16 } from "../base/bytes.js";
import { type Family, IPV4_UNICAST } from "../base/family.js";
import { ATTRIBUTE, ERROR_CODE, FLAG_EXTENDED_LENGTH, FLAG_OPTIONAL, FLAG_TRANSITIVE, UPDATE_ERROR } from "./codes.js";
import { NotificationError } from "./notification.js";

export interface UpdateContext {
  /** Prefixes of the family carry a path identifier (RFC 7911), by Family. */
  readonly addPathReceive: readonly [boolean, boolean];
  /** Both sides have sent the capability of RFC 6793. */
  readonly fourOctetAs: boolean;
  /** False: an IPv4 route with an IPv6 next hop is malformed (RFC 8950 was not negotiated). */
  readonly extendedNextHop?: boolean;
}

/** Family of a section: a Family, or -1 where the section is absent or of a family we do not speak. */
export type FamilyOrNone = Family | -1;

/** Where the parts of an UPDATE lie in `bytes`. Reused: valid until the next decodeUpdate into it. */
export class UpdateView {
  bytes: Bytes = new Uint8Array(0);
  withdrawnAt = 0;
  withdrawnEnd = 0;
  /** All path attributes, MP_REACH_NLRI and MP_UNREACH_NLRI among them. */
  attributesAt = 0;
  attributesEnd = 0;
  nlriAt = 0;
  nlriEnd = 0;
  reachFamily: FamilyOrNone = -1;
  reachNextHopAt = 0;
  reachNextHopLength = 0;
  /** Prefixes of MP_REACH_NLRI. */
  reachAt = 0;
  reachEnd = 0;
  unreachFamily: FamilyOrNone = -1;
  /** Prefixes of MP_UNREACH_NLRI. */
  unreachAt = 0;
  unreachEnd = 0;
  /** MP_REACH_NLRI or MP_UNREACH_NLRI is present, of whatever family. */
  hasMultiprotocol = false;
  /** RFC 7606 §2: all prefixes of the message count as withdrawn. */
  treatAsWithdraw = false;
  /** Why treatAsWithdraw is set. */
  faultText: string | undefined = undefined;
  /** There are path attributes beside MP_UNREACH_NLRI but no reachable prefix: errors in them that ask for
   *  treat-as-withdraw reset the session instead (RFC 7606 §5.2, judgeWithoutNlri). */
  attributesWithoutNlri = false;
  /** The message says: that was all of this family (RFC 4724 §2). */
  endOfRib: FamilyOrNone = -1;
}

const MIN_BODY_LENGTH = 4;
const NEXT_HOP_LENGTH = 4;
const CATEGORY = FLAG_OPTIONAL | FLAG_TRANSITIVE;
const FLAGS_OF_MULTIPROTOCOL = FLAG_OPTIONAL;

const OVERRUN = "path attribute runs over Total Attribute Length (RFC 7606 §4)";
const REMAINDER = "too few octets left for a path attribute (RFC 7606 §4)";
const NEXT_HOP_FAULT = "NEXT_HOP malformed (RFC 7606 §3(c), §7.3)";

// What was met while walking the attributes: bits.
const SAW_REACH = 1;
const SAW_UNREACH = 2;
const SAW_REACHABLE = 4; // MP_REACH_NLRI with prefixes, even of a family we do not speak
const SAW_NEXT_HOP = 8;
const SAW_BAD_NEXT_HOP = 16;
const SAW_OTHER = 32; // any attribute that is not MP_UNREACH_NLRI

/** Decodes an UPDATE body, `bytes[start, end)` behind the header, into `view`; offsets point into `bytes`.
 *  All prefixes are known to be sound afterwards: lengths within the family's, nothing cut off.
 *  Throws NotificationError 3/x where RFC 7606 still resets the session. RFC 4271 §6.3, RFC 7606 §3–§5. */
export function decodeUpdate(bytes: Bytes, start: number, end: number, context: UpdateContext, view: UpdateView): void {
  if (end - start < MIN_BODY_LENGTH) throw malformedList("UPDATE is too short");
  const withdrawnAt = start + 2;
  const withdrawnEnd = withdrawnAt + readU16(bytes, start);
  if (withdrawnEnd + 2 > end) throw malformedList("Withdrawn Routes Length is too large");
  const attributesAt = withdrawnEnd + 2;
  const attributesEnd = attributesAt + readU16(bytes, withdrawnEnd);
  if (attributesEnd > end) throw malformedList("Total Path Attribute Length is too large");
  view.bytes = bytes;
  view.withdrawnAt = withdrawnAt;
  view.withdrawnEnd = withdrawnEnd;
  view.attributesAt = attributesAt;
  view.attributesEnd = attributesEnd;
  view.nlriAt = attributesEnd;
  view.nlriEnd = end;
  const addPath = context.addPathReceive[IPV4_UNICAST];
  if (!prefixesAreSound(bytes, withdrawnAt, withdrawnEnd, 32, addPath)) throw invalidNetwork("Withdrawn Routes");
  if (!prefixesAreSound(bytes, attributesEnd, end, 32, addPath)) throw invalidNetwork("NLRI");
  view.reachFamily = -1;
  view.reachNextHopLength = 0;
  view.reachAt = view.reachEnd = 0;
  view.unreachFamily = -1;
  view.unreachAt = view.unreachEnd = 0;
  view.treatAsWithdraw = false;
  view.faultText = undefined;
  const saw = attributesAt === attributesEnd ? 0 : walkAttributes(bytes, attributesAt, attributesEnd, context, view);
  conclude(view, saw);
}

function conclude(view: UpdateView, saw: number): void {
  const hasNlri = view.nlriEnd > view.nlriAt;
  if ((saw & SAW_BAD_NEXT_HOP) !== 0) treatAsWithdraw(view, NEXT_HOP_FAULT);
  const hasReachable = hasNlri || (saw & SAW_REACHABLE) !== 0;
  view.hasMultiprotocol = (saw & (SAW_REACH | SAW_UNREACH)) !== 0;
  view.attributesWithoutNlri = !hasReachable && (saw & SAW_OTHER) !== 0;
  // RFC 7606 §5.2: without reachable NLRI we cannot be sure to have found what is to be withdrawn.
  if (view.treatAsWithdraw && !hasReachable) throw malformedList(view.faultText);
  view.endOfRib = -1;
  if (hasReachable || (saw & SAW_OTHER) !== 0 || view.withdrawnEnd > view.withdrawnAt) return;
  if (saw === 0) view.endOfRib = IPV4_UNICAST;
  else if (view.unreachAt === view.unreachEnd) view.endOfRib = view.unreachFamily;
}

// Gives what was met, in SAW_… bits.
function walkAttributes(bytes: Bytes, at: number, end: number, context: UpdateContext, view: UpdateView): number {
  let saw = 0;
  while (at < end) {
    const headerAt = at;
    const isExtended = (bytes[at] & FLAG_EXTENDED_LENGTH) !== 0;
    const valueAt = at + (isExtended ? 4 : 3);
    if (valueAt > end) {
      treatAsWithdraw(view, REMAINDER);
      return saw | SAW_OTHER;
    }
    const type = bytes[at + 1];
    const length = isExtended ? readU16(bytes, at + 2) : bytes[at + 2];
    at = valueAt + length;
    if (at > end) {
      // RFC 7606 §3(j): prefixes that cannot be read cannot be withdrawn.
      if (isMultiprotocol(type)) throw optionalError(bytes, headerAt, end, OVERRUN);
      treatAsWithdraw(view, OVERRUN);
      return saw | SAW_OTHER;
    }
    if (type === ATTRIBUTE.MP_REACH_NLRI) {
      if ((saw & SAW_REACH) !== 0) throw malformedList("MP_REACH_NLRI twice (RFC 7606 §3(g))");
      saw |= SAW_REACH | SAW_OTHER;
      if (decodeReach(bytes, headerAt, valueAt, at, context, view)) saw |= SAW_REACHABLE;
    } else if (type === ATTRIBUTE.MP_UNREACH_NLRI) {
      if ((saw & SAW_UNREACH) !== 0) throw malformedList("MP_UNREACH_NLRI twice (RFC 7606 §3(g))");
      saw |= SAW_UNREACH;
      decodeUnreach(bytes, headerAt, valueAt, at, context, view);
    } else {
      // RFC 7606 §3(g): of several NEXT_HOPs the first one counts. It is judged here, also where MP_REACH_NLRI makes it
      // superfluous: the RIB puts that one's next hop, of other lengths, in its place later.
      if (type === ATTRIBUTE.NEXT_HOP && (saw & SAW_NEXT_HOP) === 0) {
        const isSound = length === NEXT_HOP_LENGTH && (bytes[headerAt] & CATEGORY) === FLAG_TRANSITIVE;
        saw |= isSound ? SAW_NEXT_HOP : SAW_NEXT_HOP | SAW_BAD_NEXT_HOP;
      }
      saw |= SAW_OTHER;
    }
  }
  return saw;
}

function isMultiprotocol(type: number): boolean {
  return type === ATTRIBUTE.MP_REACH_NLRI || type === ATTRIBUTE.MP_UNREACH_NLRI;
}

// RFC 4760 §3, RFC 2545 §3, RFC 8950 §3. True if there are prefixes. The attribute's header lies at `headerAt`.
function decodeReach(
  bytes: Bytes,
  headerAt: number,
  at: number,
  end: number,
  context: UpdateContext,
  view: UpdateView,
): boolean {
  checkFlags(bytes, headerAt, end);
  if (end - at < 5) throw optionalError(bytes, headerAt, end, "MP_REACH_NLRI is too short");
  const nextHopLength = bytes[at + 3];
  const nlriAt = at + 5 + nextHopLength; // one reserved octet behind the next hop
  if (nlriAt > end) throw optionalError(bytes, headerAt, end, "next hop runs over MP_REACH_NLRI (RFC 7606 §7.11)");
  const family = familyAt(bytes, at);
  if (family === -1) return nlriAt < end;
  if (!nextHopFits(family, nextHopLength, context)) {
    throw optionalError(bytes, headerAt, end, `next hop of ${nextHopLength} octets (RFC 7606 §7.11)`);
  }
  checkPrefixes(bytes, headerAt, nlriAt, end, family, context);
  view.reachFamily = family;
  view.reachNextHopAt = at + 4;
  view.reachNextHopLength = nextHopLength;
  view.reachAt = nlriAt;
  view.reachEnd = end;
  return nlriAt < end;
}

function nextHopFits(family: Family, length: number, context: UpdateContext): boolean {
  if (family !== IPV4_UNICAST) return length === 16 || length === 32;
  if (length === 4) return true;
  return context.extendedNextHop !== false && (length === 16 || length === 32);
}

function decodeUnreach(
  bytes: Bytes,
  headerAt: number,
  at: number,
  end: number,
  context: UpdateContext,
  view: UpdateView,
): void {
  checkFlags(bytes, headerAt, end);
  if (end - at < 3) throw optionalError(bytes, headerAt, end, "MP_UNREACH_NLRI is too short");
  const family = familyAt(bytes, at);
  if (family === -1) {
    // Prefixes there may be, but none of ours; and certainly no End-of-RIB that concerns us.
    return;
  }
  checkPrefixes(bytes, headerAt, at + 3, end, family, context);
  view.unreachFamily = family;
  view.unreachAt = at + 3;
  view.unreachEnd = end;
}

function familyAt(bytes: Bytes, at: number): FamilyOrNone {
  if (bytes[at] !== 0 || bytes[at + 2] !== 1) return -1;
  const afi = bytes[at + 1];
  return afi === 1 ? 0 : afi === 2 ? 1 : -1;
}

// RFC 7606 §5.3: wrong flags make the attribute incorrect, RFC 4760 §7 says what then.
function checkFlags(bytes: Bytes, headerAt: number, end: number): void {
  if ((bytes[headerAt] & CATEGORY) !== FLAGS_OF_MULTIPROTOCOL) {
    throw optionalError(bytes, headerAt, end, "flags conflict with the attribute type");
  }
}

function checkPrefixes(
  bytes: Bytes,
  headerAt: number,
  at: number,
  end: number,
  family: Family,
  context: UpdateContext,
): void {
  const longest = family === IPV4_UNICAST ? 32 : 128;
  if (prefixesAreSound(bytes, at, end, longest, context.addPathReceive[family])) return;
  throw optionalError(bytes, headerAt, end, "prefix too long or cut off (RFC 7606 §5.3)");
}

/** True if `bytes[at, end)` is a whole number of prefixes, none longer than `longest` bits.
 *  RFC 7606 §5.3, RFC 7911 §3. */
export function prefixesAreSound(bytes: Bytes, at: number, end: number, longest: number, addPath: boolean): boolean {
  while (at < end) {
    if (addPath) {
      at += 4;
      if (at >= end) return false;
    }
    const length = bytes[at];
    if (length > longest) return false;
    at += 1 + ((length + 7) >>> 3);
  }
  return at === end;
}

function treatAsWithdraw(view: UpdateView, text: string): void {
  view.treatAsWithdraw = true;
  view.faultText ??= text;
}

function malformedList(detail: string | undefined): NotificationError {
  return new NotificationError(ERROR_CODE.UPDATE_MESSAGE, UPDATE_ERROR.MALFORMED_ATTRIBUTE_LIST, undefined, detail);
}

function invalidNetwork(field: string): NotificationError {
  const detail = `${field}: prefix too long or cut off`;
  return new NotificationError(ERROR_CODE.UPDATE_MESSAGE, UPDATE_ERROR.INVALID_NETWORK_FIELD, undefined, detail);
}

// The data is the attribute: type, length and value (RFC 4271 §6.3).
function optionalError(bytes: Bytes, headerAt: number, end: number, detail: string): NotificationError {
  const data = bytes.slice(headerAt, end);
  return new NotificationError(ERROR_CODE.UPDATE_MESSAGE, UPDATE_ERROR.OPTIONAL_ATTRIBUTE_ERROR, data, detail);
}
