// AS4_PATH: the path in four octets, carried through speakers of two-octet AS numbers. RFC 6793 §3, errors: §6.
//
// Judging merges it into AS_PATH (as4-merge.ts); between speakers of four octets it is discarded.

import { ATTRIBUTE, FLAG_OPTIONAL, FLAG_TRANSITIVE, SEGMENT } from "../codes.js";
import { asPathText, decodeAsPath, encodeAsPath } from "./as-path.js";
import { type AttributeSpec, discard } from "./attribute.js";
import { type Bytes, readU32 } from "../../base/bytes.js";

const MALFORMED = discard("AS4_PATH malformed", "RFC 6793 §6");
const AS_ZERO = discard("AS4_PATH contains AS 0", "RFC 7607 §2");
const MIN_LENGTH = 6;

function isSound(bytes: Bytes, at: number, end: number): boolean {
  while (end - at >= 2) {
    const type = bytes[at];
    const count = bytes[at + 1];
    // RFC 6793 §6: confederation segments do not make it malformed; merging leaves them out.
    if (type === 0 || type > SEGMENT.AS_CONFED_SET || count === 0) return false;
    at += 2 + 4 * count;
  }
  return at === end;
}

function containsZero(bytes: Bytes, at: number, end: number): boolean {
  while (at < end) {
    const last = at + 2 + 4 * bytes[at + 1];
    for (at += 2; at < last; at += 4) if (readU32(bytes, at) === 0) return true;
  }
  return false;
}

export const AS4_PATH: AttributeSpec = {
  code: ATTRIBUTE.AS4_PATH,
  name: "AS4_PATH",
  flags: FLAG_OPTIONAL | FLAG_TRANSITIVE,
  check: (bytes, at, length) => {
    if (length < MIN_LENGTH || !isSound(bytes, at, at + length)) return MALFORMED;
    return containsZero(bytes, at, at + length) ? AS_ZERO : undefined;
  },
  decode: (bytes, at, length, _asLength, draft) => {
    draft.as4Path = decodeAsPath(bytes, at, at + length, 4);
  },
  encode: ({ as4Path }, _asLength, out) => {
    if (as4Path === undefined || as4Path.length === 0) return false;
    encodeAsPath(as4Path, 4, out);
    return true;
  },
  text: (bytes, at, length) => asPathText(decodeAsPath(bytes, at, at + length, 4)),
};
