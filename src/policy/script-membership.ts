// `~`: membership, inclusion, patterns. Which of them depends on the types of both sides, as in BIRD 1.6; undefined where
// it means nothing for these types.

import { readI32 } from "../base/bytes.js";
import { type IpPrefix, prefixContains } from "../base/ip.js";
import { PrefixSet } from "./prefix-set.js";
import type { PrefixRange } from "./ast.js";
import type { ScriptSet, ScriptValue } from "./script-ast.js";
import { hasAs, matchesMask } from "./script-path.js";
import type { ExtendedCommunity, LargeCommunity } from "./route.js";
import { compareValues, quadOf, type Value } from "./script-value.js";
import { equalExtendedCommunities, equalLargeCommunities, matchesShellPattern } from "./values.js";

/** What `left ~ right` says; undefined: such values do not go together. */
export function isIn(left: Value, right: Value): boolean | undefined {
  if (left === undefined || right === undefined || left.type === "opaque") return undefined;
  switch (right.type) {
    case "pathMask":
      return left.type === "path" ? matchesMask(left.path, right.items) : undefined;
    case "path":
      return left.type === "int" ? hasAs(right.path, (as) => as === left.value) : undefined;
    case "communityList":
      if (left.type === "pair" || left.type === "quad") return right.values.includes(left.value);
      return listHasAddress(right.values, left);
    case "extendedCommunityList":
      if (left.type !== "extendedCommunity") return undefined;
      return right.values.some((value) => equalExtendedCommunities(value, left.value));
    case "largeCommunityList":
      if (left.type !== "largeCommunity") return undefined;
      return right.values.some((value) => equalLargeCommunities(value, left.value));
    case "string":
      return left.type === "string" ? matchesShellPattern(right.value, left.value) : undefined;
    case "prefix":
      if (left.type === "ip")
        return sameLength(left.bytes.length, right.prefix) && prefixContains(right.prefix, left.bytes);
      return left.type === "prefix" ? isInside(left.prefix, right.prefix) : undefined;
    case "prefixSet":
      return left.type === "prefix" ? isInRanges(left.prefix, right.ranges) : undefined;
    case "set":
      return isInSet(left, right);
    default:
      return undefined;
  }
}

function listHasAddress(values: readonly number[], left: Value): boolean | undefined {
  const word = quadOf(left);
  return word === undefined ? undefined : values.includes(word);
}

/** True if `inner` is `outer` or lies in it. */
export function isInside(inner: IpPrefix, outer: IpPrefix): boolean {
  return inner.family === outer.family && inner.length >= outer.length && prefixContains(outer, inner.bytes);
}

function sameLength(length: number, prefix: IpPrefix): boolean {
  return prefix.bytes.length === length;
}

const prefixSets = new WeakMap<readonly PrefixRange[], PrefixSet>();

/** The ranges as a set that answers fast; made once for each list. */
export function prefixSetOf(ranges: readonly PrefixRange[]): PrefixSet {
  let set = prefixSets.get(ranges);
  if (set === undefined) {
    set = new PrefixSet(ranges);
    prefixSets.set(ranges, set);
  }
  return set;
}

function isInRanges({ family, bytes, length }: IpPrefix, ranges: readonly PrefixRange[]): boolean {
  const word = (at: number): number => (at < bytes.length ? readI32(bytes, at) : 0);
  return prefixSetOf(ranges).has(family, word(0), word(4), word(8), word(12), length);
}

function isInSet(left: ScriptValue, set: ScriptSet): boolean | undefined {
  const { of, ranges } = set;
  // Where the addresses of the daemon are IPv4, router ids are looked for among addresses too.
  if (left.type === of || (left.type === "quad" && of === "ip")) {
    if (left.type === "enum" && set.enumName !== undefined && set.enumName !== left.of) return undefined;
    return rangesHold(ranges, left);
  }
  switch (left.type) {
    case "communityList":
      return anyOf(left.values, numberTest("pair", set));
    case "extendedCommunityList":
      return anyOf(left.values, extendedTest(set));
    case "largeCommunityList":
      return anyOf(left.values, largeTest(set));
    case "path": {
      const test = numberTest("int", set);
      return test === undefined ? undefined : hasAs(left.path, test);
    }
    default:
      return undefined;
  }
}

function anyOf<Member>(
  members: readonly Member[],
  test: ((member: Member) => boolean) | undefined,
): boolean | undefined {
  return test === undefined ? undefined : members.some(test);
}

/** True if one of the ranges holds the value. */
export function rangesHold(ranges: ScriptSet["ranges"], value: ScriptValue): boolean {
  for (const [least, greatest] of ranges) {
    const above = compareValues(least, value);
    if (above === undefined || above > 0) continue;
    const below = compareValues(value, greatest);
    if (below !== undefined && below <= 0) return true;
  }
  return false;
}

/** A test for AS numbers or communities; undefined: the set holds nothing of that kind. */
export function numberTest(type: "int" | "pair", set: ScriptSet): ((value: number) => boolean) | undefined {
  const { of, ranges } = set;
  if (of === type) return (value) => rangesHold(ranges, { type, value });
  // Cluster lists are lists of router ids.
  if (type !== "pair" || (of !== "quad" && of !== "ip")) return undefined;
  return (value) => rangesHold(ranges, { type: "quad", value });
}

export function extendedTest({ of, ranges }: ScriptSet): ((value: ExtendedCommunity) => boolean) | undefined {
  if (of !== "extendedCommunity") return undefined;
  return (value) => rangesHold(ranges, { type: "extendedCommunity", value });
}

export function largeTest({ of, ranges }: ScriptSet): ((value: LargeCommunity) => boolean) | undefined {
  if (of !== "largeCommunity") return undefined;
  return (value) => rangesHold(ranges, { type: "largeCommunity", value });
}
