// AS path segments: walking, checking, object form and text. Shared by AS_PATH and AS4_PATH.
//
// RFC 4271 §4.3 b) and §9.1.2.2 a), RFC 6793, RFC 5065 §3 (confederation segments, which we never accept in AS_PATH).

import { type ByteWriter, type Bytes, readU16, readU32 } from "../../base/bytes.js";
import { AS_TRANS, SEGMENT } from "../codes.js";
import type { AsLength, AsPath, AsPathSegment } from "./attribute.js";

/** Most AS numbers in one segment: its length field has one octet. */
export const MAX_SEGMENT_COUNT = 255;
const SEGMENT_HEADER = 2;

/** What is wrong with a path. */
export type PathFlaw = "type" | "confederation" | "empty" | "overrun" | "underrun" | "zero";

/** The first flaw of the segments in `bytes[at, end)`, or undefined. RFC 7606 §7.2, RFC 7607 §2 (AS 0). */
export function findPathFlaw(bytes: Bytes, at: number, end: number, asLength: AsLength): PathFlaw | undefined {
  while (at < end) {
    if (end - at < SEGMENT_HEADER) return "underrun";
    const type = bytes[at];
    const count = bytes[at + 1];
    if (type === 0 || type > SEGMENT.AS_CONFED_SET) return "type";
    if (count === 0) return "empty";
    at += SEGMENT_HEADER;
    const last = at + count * asLength;
    if (last > end) return "overrun";
    if (type > SEGMENT.AS_SEQUENCE) return "confederation";
    for (; at < last; at += asLength) {
      if (bytes[at] === 0 && bytes[at + 1] === 0 && (asLength === 2 || readU16(bytes, at + 2) === 0)) return "zero";
    }
  }
  return undefined;
}

/** Number of AS numbers as RFC 4271 §9.1.2.2 a) counts them: an AS_SET is one, confederation segments are none. */
export function countPath(bytes: Bytes, at: number, end: number, asLength: AsLength): number {
  let count = 0;
  while (at < end) {
    if (bytes[at] === SEGMENT.AS_SEQUENCE) count += bytes[at + 1];
    else if (bytes[at] === SEGMENT.AS_SET) count++;
    at += SEGMENT_HEADER + bytes[at + 1] * asLength;
  }
  return count;
}

/** Object form of sound segments. */
export function decodeAsPath(bytes: Bytes, at: number, end: number, asLength: AsLength): AsPath {
  const path: AsPathSegment[] = [];
  while (at < end) {
    const type = bytes[at];
    const last = at + SEGMENT_HEADER + bytes[at + 1] * asLength;
    const asNumbers: number[] = [];
    for (at += SEGMENT_HEADER; at < last; at += asLength) {
      asNumbers.push(asLength === 2 ? readU16(bytes, at) : readU32(bytes, at));
    }
    path.push({ type, asNumbers });
  }
  return path;
}

/** Appends the segments. Those of more than 255 AS numbers are split (which an AS_SET does not survive: RangeError).
 *  In two octets, numbers that do not fit become AS_TRANS. */
export function encodeAsPath(path: AsPath, asLength: AsLength, out: ByteWriter): void {
  for (const { type, asNumbers } of path) {
    if (type !== SEGMENT.AS_SEQUENCE && asNumbers.length > MAX_SEGMENT_COUNT) {
      throw new RangeError(`a segment of ${asNumbers.length} AS numbers that is no AS_SEQUENCE cannot be split`);
    }
    for (let i = 0; i < asNumbers.length; i += MAX_SEGMENT_COUNT) {
      const part = asNumbers.slice(i, i + MAX_SEGMENT_COUNT);
      out.u8(type).u8(part.length);
      for (const as of part) writeAs(as, asLength, out);
    }
  }
}

/** Appends an AS number; AS_TRANS where two octets are too few. */
export function writeAs(as: number, asLength: AsLength, out: ByteWriter): void {
  if (asLength === 4) out.u32(as);
  else out.u16(as > 0xffff ? AS_TRANS : as);
}

/** `65001 65002 {65003 65004}`; confederation segments in `( )` and `[ ]`. Empty for an empty path. */
export function asPathText(path: AsPath): string {
  return path.map(segmentText).join(" ");
}

function segmentText({ type, asNumbers }: AsPathSegment): string {
  const text = asNumbers.join(" ");
  switch (type) {
    case SEGMENT.AS_SEQUENCE:
      return text;
    case SEGMENT.AS_SET:
      return `{${text}}`;
    case SEGMENT.AS_CONFED_SEQUENCE:
      return `(${text})`;
    case SEGMENT.AS_CONFED_SET:
      return `[${text}]`;
    default:
      return `type ${type}: ${text}`;
  }
}
