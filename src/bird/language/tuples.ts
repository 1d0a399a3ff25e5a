// Communities as literals: standard ones of two parts, extended ones of a kind and two parts, large ones of three.

import type { ExtendedCommunity } from "../../policy/route.js";
import type { ScriptExpression, ScriptValue } from "../../policy/script-ast.js";
import { type CommunityKind, packExtendedCommunity } from "./extended-community.js";
import type { Reader } from "./reader.js";

export const COMMUNITY_KINDS: ReadonlySet<string> = new Set(["rt", "ro", "unknown", "generic"]);

const LARGEST_HALF = 0xffff;
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

/** Fails as BIRD does if the value is too great for its key. */
export function extendedCommunity(
  r: Reader,
  kind: CommunityKind,
  key: Parameters<typeof packExtendedCommunity>[1],
  value: number,
): ExtendedCommunity {
  return packExtendedCommunity(kind, key, value) ?? r.fail(`Value ${value} out of range (0-65535)`);
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
  return extendedCommunity(r, kind, key, value.value);
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
