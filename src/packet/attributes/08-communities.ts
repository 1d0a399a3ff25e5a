// COMMUNITIES. RFC 1997; errors: RFC 7606 §7.8. Names of well-known values: RFC 1997, 7999, 8326, 9494.

import { type Bytes, readU32 } from "../../base/bytes.js";
import { ATTRIBUTE, FLAG_OPTIONAL, FLAG_TRANSITIVE } from "../codes.js";
import { type AttributeSpec, withdraw } from "./attribute.js";

const BAD_LENGTH = withdraw("COMMUNITIES length is not a non-zero multiple of 4", "RFC 7606 §7.8");

const WELL_KNOWN: ReadonlyMap<number, string> = new Map([
  [0xffff0000, "graceful-shutdown"],
  [0xffff0006, "llgr-stale"],
  [0xffff0007, "no-llgr"],
  [0xffff029a, "blackhole"],
  [0xffffff01, "no-export"],
  [0xffffff02, "no-advertise"],
  [0xffffff03, "no-export-subconfed"],
]);

/** `65001:100`, or the name of a well-known community. */
export function communityText(community: number): string {
  return WELL_KNOWN.get(community) ?? `${community >>> 16}:${community & 0xffff}`;
}

/** The unsigned 32-bit words of a value. */
export function decodeWords(bytes: Bytes, at: number, length: number): number[] {
  const words: number[] = [];
  for (let i = at; i < at + length; i += 4) words.push(readU32(bytes, i));
  return words;
}

export const COMMUNITIES: AttributeSpec = {
  code: ATTRIBUTE.COMMUNITIES,
  name: "COMMUNITIES",
  flags: FLAG_OPTIONAL | FLAG_TRANSITIVE,
  check: (_bytes, _at, length) => (length > 0 && length % 4 === 0 ? undefined : BAD_LENGTH),
  decode: (bytes, at, length, _asLength, draft) => {
    draft.communities = decodeWords(bytes, at, length);
  },
  encode: ({ communities }, _asLength, out) => {
    if (communities === undefined || communities.length === 0) return false;
    for (const community of communities) out.u32(community);
    return true;
  },
  text: (bytes, at, length) => decodeWords(bytes, at, length).map(communityText).join(" "),
};
