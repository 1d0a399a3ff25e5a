// IPv6 Address Specific Extended Communities. RFC 5701; errors: RFC 7606 §7.15.

import { type Bytes, toHex } from "../../base/bytes.js";
import { ATTRIBUTE, FLAG_OPTIONAL, FLAG_TRANSITIVE } from "../codes.js";
import { type AttributeSpec, withdraw } from "./attribute.js";

const BAD_LENGTH = withdraw("IPV6_EXTENDED_COMMUNITIES length is not a non-zero multiple of 20", "RFC 7606 §7.15");
const COMMUNITY_LENGTH = 20;

function decode(bytes: Bytes, at: number, length: number): Bytes[] {
  const communities: Bytes[] = [];
  for (let i = at; i < at + length; i += COMMUNITY_LENGTH) communities.push(bytes.slice(i, i + COMMUNITY_LENGTH));
  return communities;
}

export const IPV6_EXTENDED_COMMUNITIES: AttributeSpec = {
  code: ATTRIBUTE.IPV6_EXTENDED_COMMUNITIES,
  name: "IPV6_EXTENDED_COMMUNITIES",
  flags: FLAG_OPTIONAL | FLAG_TRANSITIVE,
  check: (_bytes, _at, length) => (length > 0 && length % COMMUNITY_LENGTH === 0 ? undefined : BAD_LENGTH),
  decode: (bytes, at, length, _asLength, draft) => {
    draft.ipv6ExtendedCommunities = decode(bytes, at, length);
  },
  encode: ({ ipv6ExtendedCommunities }, _asLength, out) => {
    if (ipv6ExtendedCommunities === undefined || ipv6ExtendedCommunities.length === 0) return false;
    for (const community of ipv6ExtendedCommunities) out.append(community);
    return true;
  },
  text: (bytes, at, length) =>
    decode(bytes, at, length)
      .map((community) => `0x${toHex(community)}`)
      .join(" "),
};
