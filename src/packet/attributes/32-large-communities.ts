// LARGE_COMMUNITY. RFC 8092; errors: §6. Redundant values are removed on receipt (§3).

import { type Bytes, equalBytes, readU32 } from "../../base/bytes.js";
import { ATTRIBUTE, FLAG_OPTIONAL, FLAG_TRANSITIVE } from "../codes.js";
import { type AttributeSpec, type LargeCommunity, withdraw } from "./attribute.js";

const BAD_LENGTH = withdraw("LARGE_COMMUNITY length is not a non-zero multiple of 12", "RFC 8092 §6");
const COMMUNITY_LENGTH = 12;

/** `64496:4294967295:2`, the canonical form of RFC 8092 §5. */
export function largeCommunityText(community: LargeCommunity): string {
  return community.join(":");
}

function decode(bytes: Bytes, at: number, length: number): LargeCommunity[] {
  const communities: LargeCommunity[] = [];
  for (let i = at; i < at + length; i += COMMUNITY_LENGTH) {
    communities.push([readU32(bytes, i), readU32(bytes, i + 4), readU32(bytes, i + 8)]);
  }
  return communities;
}

// Copies each community unless an equal one is already in the copy.
function copyDistinct(bytes: Bytes, at: number, length: number, target: Bytes, to: number): number {
  let end = to;
  for (let i = at; i < at + length; i += COMMUNITY_LENGTH) {
    let known = to;
    while (known < end && !equalBytes(bytes, i, target, known, COMMUNITY_LENGTH)) known += COMMUNITY_LENGTH;
    if (known < end) continue;
    for (let octet = 0; octet < COMMUNITY_LENGTH; octet++) target[end + octet] = bytes[i + octet];
    end += COMMUNITY_LENGTH;
  }
  return end - to;
}

export const LARGE_COMMUNITIES: AttributeSpec = {
  code: ATTRIBUTE.LARGE_COMMUNITIES,
  name: "LARGE_COMMUNITY",
  flags: FLAG_OPTIONAL | FLAG_TRANSITIVE,
  check: (_bytes, _at, length) => (length > 0 && length % COMMUNITY_LENGTH === 0 ? undefined : BAD_LENGTH),
  normalize: copyDistinct,
  decode: (bytes, at, length, _asLength, draft) => {
    draft.largeCommunities = decode(bytes, at, length);
  },
  encode: ({ largeCommunities }, _asLength, out) => {
    if (largeCommunities === undefined || largeCommunities.length === 0) return false;
    for (const [administrator, data1, data2] of largeCommunities) out.u32(administrator).u32(data1).u32(data2);
    return true;
  },
  text: (bytes, at, length) => decode(bytes, at, length).map(largeCommunityText).join(" "),
};
