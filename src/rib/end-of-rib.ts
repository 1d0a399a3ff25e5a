// End-of-RIB markers, RFC 4724 §2: an UPDATE without anything for IPv4 unicast, an empty MP_UNREACH_NLRI for the others.

import type { Bytes } from "../base/bytes.js";
import { fromHex } from "../base/bytes.js";
import type { Family } from "../base/family.js";

const MARKERS: readonly Bytes[] = [
  fromHex("ffffffffffffffffffffffffffffffff 0017 02 0000 0000"),
  fromHex("ffffffffffffffffffffffffffffffff 001d 02 0000 0006 800f03 0002 01"),
];

/** The whole message; shared, not to be changed. */
export function endOfRibMessage(family: Family): Bytes {
  return MARKERS[family];
}
