// Extended communities of a kind, a key and a value, as filters write them: `(rt, 65000, 1)`, `(generic, 0x20000, 7)`.

import type { ExtendedCommunity } from "../../policy/route.js";

/** `rt`, `ro`, `generic`, or the number behind `unknown`. */
export type CommunityKind = "rt" | "ro" | "generic" | number;

const LARGEST_HALF = 0xffff;
/** Types of RFC 4360 and RFC 5668: route target and route origin, for 2-octet AS numbers. */
const ROUTE_TARGET = 0x0002;
const ROUTE_ORIGIN = 0x0003;
const FOUR_OCTET_AS = 0x0200;
const IPV4_ADDRESS = 0x0100;

/** The greatest value that fits beside this key. */
export function greatestOfKind(kind: CommunityKind, key: number): number {
  return kind === "generic" || key <= LARGEST_HALF ? 0xffffffff : LARGEST_HALF;
}

/** Undefined if the value does not fit beside the key. A key of type `quad` is an address. */
export function packExtendedCommunity(
  kind: CommunityKind,
  key: { readonly type: "int" | "quad" | "pair"; readonly value: number },
  value: number,
): ExtendedCommunity | undefined {
  if (kind === "generic") return [key.value, value];
  const type = kind === "rt" ? ROUTE_TARGET : kind === "ro" ? ROUTE_ORIGIN : kind & 0xffff;
  const isAddress = key.type === "quad";
  if (!isAddress && key.value <= LARGEST_HALF) return [((type << 16) | key.value) >>> 0, value];
  if (value > LARGEST_HALF) return undefined;
  const long = type | (isAddress ? IPV4_ADDRESS : FOUR_OCTET_AS);
  return [((long << 16) | (key.value >>> 16)) >>> 0, ((key.value << 16) | value) >>> 0];
}
