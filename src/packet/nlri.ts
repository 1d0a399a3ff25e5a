// Prefixes as objects: the NLRI fields of UPDATE, MP_REACH_NLRI and MP_UNREACH_NLRI.
// RFC 4271 §4.3, RFC 4760 §3–§5, RFC 7911 §3.
//
// For people, tests and replay; the RIB walks the octets itself. Soundness was checked by decodeUpdate.

import { ByteWriter, type Bytes, readU16, readU32 } from "../base/bytes.js";
import { FAMILIES, type Family, familyOf } from "../base/family.js";
import { type IpPrefix, makePrefix } from "../base/ip.js";

/** A prefix, with its path identifier where add-path was negotiated. */
export interface NlriEntry {
  readonly prefix: IpPrefix;
  readonly pathId?: number;
}

/** MP_REACH_NLRI; `nlri` holds the octets where we do not speak AFI/SAFI. */
export interface MpReach {
  readonly afi: number;
  readonly safi: number;
  readonly nextHop: Bytes;
  readonly prefixes: readonly NlriEntry[];
  readonly nlri?: Bytes;
}

/** MP_UNREACH_NLRI. */
export interface MpUnreach {
  readonly afi: number;
  readonly safi: number;
  readonly prefixes: readonly NlriEntry[];
  readonly nlri?: Bytes;
}

/** The prefixes in `bytes[at, end)`, which must be sound. Bits beyond a prefix's length are cleared (RFC 4271 §4.3:
 *  their value is irrelevant). Nothing in the result points into `bytes`. */
export function decodePrefixes(bytes: Bytes, at: number, end: number, family: Family, addPath: boolean): NlriEntry[] {
  const entries: NlriEntry[] = [];
  while (at < end) {
    const pathId = addPath ? readU32(bytes, at) : undefined;
    if (addPath) at += 4;
    const length = bytes[at++];
    const octets = (length + 7) >>> 3;
    const address = new Uint8Array(FAMILIES[family].addressLength);
    address.set(bytes.subarray(at, at + octets));
    at += octets;
    const prefix = makePrefix(address, length);
    entries.push(pathId === undefined ? { prefix } : { prefix, pathId });
  }
  return entries;
}

/** Appends one prefix: path identifier if given, length, and as few octets as hold it. */
export function encodePrefix(out: ByteWriter, prefix: IpPrefix, pathId?: number): void {
  if (pathId !== undefined) out.u32(pathId);
  out.u8(prefix.length).append(prefix.bytes, 0, (prefix.length + 7) >>> 3);
}

/** Appends entries one by one. */
export function encodePrefixes(out: ByteWriter, entries: readonly NlriEntry[]): void {
  for (const { prefix, pathId } of entries) encodePrefix(out, prefix, pathId);
}

/** Object form of a sound MP_REACH_NLRI value. */
export function decodeMpReach(bytes: Bytes, at: number, end: number, addPath: readonly [boolean, boolean]): MpReach {
  const afi = readU16(bytes, at);
  const safi = bytes[at + 2];
  const nextHopEnd = at + 4 + bytes[at + 3];
  const nextHop = bytes.slice(at + 4, nextHopEnd);
  return { afi, safi, nextHop, ...decodeNlri(bytes, nextHopEnd + 1, end, familyOf(afi, safi), addPath) };
}

/** Object form of a sound MP_UNREACH_NLRI value. */
export function decodeMpUnreach(
  bytes: Bytes,
  at: number,
  end: number,
  addPath: readonly [boolean, boolean],
): MpUnreach {
  const afi = readU16(bytes, at);
  const safi = bytes[at + 2];
  return { afi, safi, ...decodeNlri(bytes, at + 3, end, familyOf(afi, safi), addPath) };
}

function decodeNlri(
  bytes: Bytes,
  at: number,
  end: number,
  family: Family | undefined,
  addPath: readonly [boolean, boolean],
): { prefixes: readonly NlriEntry[]; nlri?: Bytes } {
  if (family === undefined) return { prefixes: [], nlri: bytes.slice(at, end) };
  return { prefixes: decodePrefixes(bytes, at, end, family, addPath[family]) };
}

/** The value of MP_REACH_NLRI; the reserved octet is 0. */
export function encodeMpReach(reach: MpReach): Bytes {
  const out = new ByteWriter();
  out.u16(reach.afi).u8(reach.safi).u8(reach.nextHop.length).append(reach.nextHop).u8(0);
  encodePrefixes(out, reach.prefixes);
  if (reach.nlri !== undefined) out.append(reach.nlri);
  return out.finish();
}

/** The value of MP_UNREACH_NLRI. */
export function encodeMpUnreach(unreach: MpUnreach): Bytes {
  const out = new ByteWriter();
  out.u16(unreach.afi).u8(unreach.safi);
  encodePrefixes(out, unreach.prefixes);
  if (unreach.nlri !== undefined) out.append(unreach.nlri);
  return out.finish();
}
