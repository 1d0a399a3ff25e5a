// NEXT_HOP: where packets go. RFC 4271 §5.1.3; errors: §6.3 with RFC 7606 §3(e) and §7.3.
//
// In normal form it also holds what MP_REACH_NLRI said: 16 octets, or 32 with a link-local address behind the global
// one (RFC 2545 §3). On the wire NEXT_HOP has 4 octets; decodeUpdate sees to that before the two forms meet.

import type { Bytes } from "../../base/bytes.js";
import { formatBytes, isLinkLocal } from "../../base/ip.js";
import { ATTRIBUTE, FLAG_TRANSITIVE } from "../codes.js";
import { type AttributeSpec, withdraw } from "./attribute.js";

const BAD_LENGTH = withdraw("NEXT_HOP length is not 4", "RFC 7606 §7.3");
const BAD_ADDRESS = withdraw("NEXT_HOP is no host address", "RFC 4271 §6.3, RFC 7606 §3(e)");

// RFC 4271 §6.3: "a valid IP host address", so neither unspecified nor multicast nor broadcast. Loopback addresses
// pass: speakers of one host use them.
function isHost(bytes: Bytes, at: number, length: number): boolean {
  if (length === 4) {
    if (bytes[at] >= 224 && bytes[at] < 240) return false;
    return !isFilled(bytes, at, 4, 0) && !isFilled(bytes, at, 4, 255);
  }
  if (bytes[at] === 0xff) return false;
  if (!isFilled(bytes, at, 16, 0)) return true;
  // A peer with nothing but link-local addresses may leave the global one unspecified.
  return length === 32 && isLinkLocal(bytes, at + 16, 16);
}

function isFilled(bytes: Bytes, at: number, length: number, octet: number): boolean {
  for (let i = at; i < at + length; i++) if (bytes[i] !== octet) return false;
  return true;
}

/** Text of a next hop of 4, 16 or 32 octets; the link-local part follows after a space. */
export function nextHopText(bytes: Bytes, at: number, length: number): string {
  if (length !== 32) return formatBytes(bytes, at, length);
  return `${formatBytes(bytes, at, 16)} ${formatBytes(bytes, at + 16, 16)}`;
}

export const NEXT_HOP: AttributeSpec = {
  code: ATTRIBUTE.NEXT_HOP,
  name: "NEXT_HOP",
  flags: FLAG_TRANSITIVE,
  check: (bytes, at, length) => {
    if (length !== 4 && length !== 16 && length !== 32) return BAD_LENGTH;
    return isHost(bytes, at, length) ? undefined : BAD_ADDRESS;
  },
  // Where it lies is known to judging, which writes the normal form.
  decode: (bytes, at, length, _asLength, draft) => {
    draft.nextHop = bytes.slice(at, at + length);
  },
  encode: ({ nextHop }, _asLength, out) => {
    if (nextHop === undefined) return false;
    out.append(nextHop);
    return true;
  },
  text: nextHopText,
};
