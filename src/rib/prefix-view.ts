// Rows of a prefix table as values for people and for other rooms; off the hot path.

import type { PrefixIndex } from "../base/prefix-index.js";
import { FAMILIES } from "../base/family.js";
import type { IpPrefix } from "../base/ip.js";
import { writeU32 } from "../base/bytes.js";
import type { PrefixId } from "./route-table.js";

/** The prefix of a used row. */
export function prefixOf(prefixes: PrefixIndex, prefix: PrefixId): IpPrefix {
  const bytes = new Uint8Array(FAMILIES[prefixes.family].addressLength);
  for (let i = 0; i * 4 < bytes.length; i++) writeU32(bytes, i * 4, prefixes.word(prefix, i));
  return { family: prefixes.family, bytes, length: prefixes.length(prefix) };
}
