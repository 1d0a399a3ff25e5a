// Where the parts of an UPDATE lie, found without judging them: as much as can be told of a broken message too.
// RFC 4271 §4.3, RFC 4760 §3–§4.

import { type Bytes, readU16 } from "../../base/bytes.js";
import { type Family, familyOf, IPV4_UNICAST } from "../../base/family.js";
import { ATTRIBUTE, FLAG_EXTENDED_LENGTH } from "../../packet/codes.js";

/** Prefixes at [at, end). */
export interface PrefixField {
  readonly verb: "announce" | "withdraw";
  readonly afi: number;
  readonly safi: number;
  /** Undefined where we do not speak AFI/SAFI. */
  readonly family: Family | undefined;
  readonly at: number;
  readonly end: number;
  /** Octets of the next hop in MP_REACH_NLRI. */
  readonly nextHop: Bytes | undefined;
}

export interface UpdateParts {
  readonly bytes: Bytes;
  readonly attributesAt: number;
  readonly attributesEnd: number;
  /** In the order of the message; empty ones among them. */
  readonly prefixFields: readonly PrefixField[];
}

/** The parts of the body `bytes[start, end)`. Lengths that run over are cut where their container ends. */
export function partsOfUpdate(bytes: Bytes, start: number, end: number): UpdateParts {
  const withdrawnAt = Math.min(end, start + 2);
  const withdrawnEnd = Math.min(end, withdrawnAt + (end - start < 2 ? 0 : readU16(bytes, start)));
  const attributesAt = Math.min(end, withdrawnEnd + 2);
  const attributesEnd = Math.min(end, attributesAt + (end - withdrawnEnd < 2 ? 0 : readU16(bytes, withdrawnEnd)));
  return {
    bytes,
    attributesAt,
    attributesEnd,
    prefixFields: [
      plainField("withdraw", withdrawnAt, withdrawnEnd),
      ...multiprotocolFields(bytes, attributesAt, attributesEnd),
      plainField("announce", attributesEnd, end),
    ],
  };
}

function plainField(verb: PrefixField["verb"], at: number, end: number): PrefixField {
  return { verb, afi: 1, safi: 1, family: IPV4_UNICAST, at, end, nextHop: undefined };
}

function multiprotocolFields(bytes: Bytes, start: number, attributesEnd: number): PrefixField[] {
  const fields: PrefixField[] = [];
  let at = start;
  while (at + 3 <= attributesEnd) {
    const isExtended = (bytes[at] & FLAG_EXTENDED_LENGTH) !== 0;
    const valueAt = at + (isExtended ? 4 : 3);
    const type = bytes[at + 1];
    const end = Math.min(attributesEnd, valueAt + (isExtended ? readU16(bytes, at + 2) : bytes[at + 2]));
    if (type === ATTRIBUTE.MP_REACH_NLRI && end - valueAt >= 5) fields.push(reachField(bytes, valueAt, end));
    if (type === ATTRIBUTE.MP_UNREACH_NLRI && end - valueAt >= 3) {
      fields.push({ verb: "withdraw", ...familyAt(bytes, valueAt), at: valueAt + 3, end, nextHop: undefined });
    }
    at = Math.max(end, valueAt);
  }
  return fields;
}

function reachField(bytes: Bytes, at: number, end: number): PrefixField {
  const nextHopEnd = Math.min(end, at + 4 + bytes[at + 3]);
  return {
    verb: "announce",
    ...familyAt(bytes, at),
    at: Math.min(end, nextHopEnd + 1),
    end,
    nextHop: bytes.slice(at + 4, nextHopEnd),
  };
}

function familyAt(bytes: Bytes, at: number): Pick<PrefixField, "afi" | "safi" | "family"> {
  const afi = readU16(bytes, at);
  const safi = bytes[at + 2];
  return { afi, safi, family: familyOf(afi, safi) };
}
