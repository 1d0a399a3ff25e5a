// Communities as literals: standard ones of two parts, extended ones of a kind and two parts, large ones of three.

import type { ExtendedCommunity } from "../../policy/route.js";
import type { ScriptExpression, ScriptValue } from "../../policy/script-ast.js";
import type { Reader } from "./reader.js";

/** `rt`, `ro`, `generic`, or the number behind `unknown`. */
export type CommunityKind = "rt" | "ro" | "generic" | number;

export const COMMUNITY_KINDS: ReadonlySet<string> = new Set(["rt", "ro", "unknown", "generic"]);

const LARGEST_HALF = 0xffff;
/** Types of RFC 4360 and RFC 5668: route target and route origin, for 2-octet AS numbers. */
const ROUTE_TARGET = 0x0002;
const ROUTE_ORIGIN = 0x0003;
const FOUR_OCTET_AS = 0x0200;
const IPV4_ADDRESS = 0x0100;

/** Reads the kind of an extended community. */
export function parseCommunityKind(r: Reader): CommunityKind {
  const word = r.take();
  if (word !== "unknown") return word as "rt" | "ro" | "generic";
  r.expect("NUMBER");
  return r.number;
}

export function checkHalf(r: Reader, value: number): number {
  return value <= LARGEST_HALF ? value : r.fail(`Value ${value} out of range (0-65535)`);
}

export function pair(r: Reader, high: number, low: number): number {
  return ((checkHalf(r, high) << 16) | checkHalf(r, low)) >>> 0;
}

/** The greatest value that fits beside this key. */
export function greatestOfKind(kind: CommunityKind, key: number): number {
  return kind === "generic" || key <= LARGEST_HALF ? 0xffffffff : LARGEST_HALF;
}

export function extendedCommunity(r: Reader, kind: CommunityKind, key: number, value: number): ExtendedCommunity {
  if (kind === "generic") return [key, value];
  const type = kind === "rt" ? ROUTE_TARGET : kind === "ro" ? ROUTE_ORIGIN : kind & 0xffff;
  if (key <= LARGEST_HALF) return [((type << 16) | key) >>> 0, value];
  return packed(r, type | FOUR_OCTET_AS, key, value);
}

/** A 4-octet key and a 2-octet value. */
function packed(r: Reader, type: number, key: number, value: number): ExtendedCommunity {
  return [((type << 16) | (key >>> 16)) >>> 0, ((key << 16) | checkHalf(r, value)) >>> 0];
}

/** `(a, b)`: checked and folded where both parts are written as literals, otherwise put together when it runs. */
export function pairOf(r: Reader, parts: readonly [ScriptExpression, ScriptExpression]): ScriptExpression {
  const [high, low] = parts.map((part) => r.literal(part));
  if (high === undefined || low === undefined) return { kind: "pairOf", parts };
  if (high.type !== "int" || low.type !== "int") {
    return r.fail("Can't operate with value of non-integer type in pair constructor");
  }
  return { kind: "value", value: { type: "pair", value: pair(r, high.value, low.value) } };
}

export function extendedCommunityOf(
  r: Reader,
  kind: CommunityKind,
  parts: readonly [ScriptExpression, ScriptExpression],
): ScriptExpression {
  const [key, value] = parts.map((part) => r.literal(part));
  if (key !== undefined && value !== undefined) {
    return { kind: "value", value: { type: "extendedCommunity", value: literalCommunity(r, kind, key, value) } };
  }
  if (typeof kind === "number") return r.notSupported("an extended community of unknown kind with computed parts");
  return { kind: "extendedCommunityOf", of: kind, parts };
}

function literalCommunity(r: Reader, kind: CommunityKind, key: ScriptValue, value: ScriptValue): ExtendedCommunity {
  if (key.type !== "int" && key.type !== "quad") {
    return r.fail("Can't operate with key of non-integer/IPv4 type in EC constructor");
  }
  if (value.type !== "int") return r.fail("Can't operate with value of non-integer type in EC constructor");
  if (key.type === "int" || kind === "generic") return extendedCommunity(r, kind, key.value, value.value);
  const type = kind === "rt" ? ROUTE_TARGET : kind === "ro" ? ROUTE_ORIGIN : kind & 0xffff;
  return packed(r, type | IPV4_ADDRESS, key.value, value.value);
}

export function largeCommunityOf(
  r: Reader,
  parts: readonly [ScriptExpression, ScriptExpression, ScriptExpression],
): ScriptExpression {
  const [a, b, c] = parts.map((part) => r.literal(part));
  if (a === undefined || b === undefined || c === undefined) return { kind: "largeCommunityOf", parts };
  if (a.type !== "int" || b.type !== "int" || c.type !== "int") {
    return r.fail("LC - Can't operate with value of non-integer type in tuple constructor");
  }
  return { kind: "value", value: { type: "largeCommunity", value: [a.value, b.value, c.value] } };
}
