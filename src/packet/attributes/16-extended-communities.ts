// EXTENDED COMMUNITIES. RFC 4360, 5668 (four-octet AS), 7153 (registry); errors: RFC 7606 §7.14.

import { type Bytes, readU32, writeU32 } from "../../base/bytes.js";
import { formatIpv4Word } from "../../base/ip.js";
import { ATTRIBUTE, FLAG_OPTIONAL, FLAG_TRANSITIVE } from "../codes.js";
import { type AttributeSpec, type ExtendedCommunity, withdraw } from "./attribute.js";

const BAD_LENGTH = withdraw("EXTENDED_COMMUNITIES length is not a non-zero multiple of 8", "RFC 7606 §7.14");

const TYPE_AS2 = 0x00;
const TYPE_IPV4 = 0x01;
const TYPE_AS4 = 0x02;
const TYPE_AS2_NON_TRANSITIVE = 0x40;
const SUBTYPE_LINK_BANDWIDTH = 0x04;
const SUBTYPE_NAMES: Readonly<Record<number, string>> = { 0x02: "rt", 0x03: "ro" };

/** `rt:65001:100`, `ro:192.0.2.1:7`, `bandwidth:65001:125000000` (octets per second), else 16 hexadecimal digits. */
export function extendedCommunityText([high, low]: ExtendedCommunity): string {
  const type = high >>> 24;
  const subtype = (high >>> 16) & 0xff;
  const middle = high & 0xffff;
  const name = SUBTYPE_NAMES[subtype];
  if (name !== undefined) {
    if (type === TYPE_AS2) return `${name}:${middle}:${low}`;
    const administrator = ((middle << 16) | (low >>> 16)) >>> 0;
    if (type === TYPE_IPV4) return `${name}:${formatIpv4Word(administrator)}:${low & 0xffff}`;
    if (type === TYPE_AS4) return `${name}:${administrator}:${low & 0xffff}`;
  }
  if (subtype === SUBTYPE_LINK_BANDWIDTH && (type === TYPE_AS2 || type === TYPE_AS2_NON_TRANSITIVE)) {
    return `bandwidth:${middle}:${floatOf(low)}`;
  }
  return `0x${hex8(high)}${hex8(low)}`;
}

function floatOf(word: number): number {
  const octets = new Uint8Array(4);
  writeU32(octets, 0, word);
  return new DataView(octets.buffer).getFloat32(0);
}

function hex8(word: number): string {
  return word.toString(16).padStart(8, "0");
}

function decode(bytes: Bytes, at: number, length: number): ExtendedCommunity[] {
  const communities: ExtendedCommunity[] = [];
  for (let i = at; i < at + length; i += 8) communities.push([readU32(bytes, i), readU32(bytes, i + 4)]);
  return communities;
}

export const EXTENDED_COMMUNITIES: AttributeSpec = {
  code: ATTRIBUTE.EXTENDED_COMMUNITIES,
  name: "EXTENDED_COMMUNITIES",
  flags: FLAG_OPTIONAL | FLAG_TRANSITIVE,
  check: (_bytes, _at, length) => (length > 0 && length % 8 === 0 ? undefined : BAD_LENGTH),
  decode: (bytes, at, length, _asLength, draft) => {
    draft.extendedCommunities = decode(bytes, at, length);
  },
  encode: ({ extendedCommunities }, _asLength, out) => {
    if (extendedCommunities === undefined || extendedCommunities.length === 0) return false;
    for (const [high, low] of extendedCommunities) out.u32(high).u32(low);
    return true;
  },
  text: (bytes, at, length) => decode(bytes, at, length).map(extendedCommunityText).join(" "),
};
