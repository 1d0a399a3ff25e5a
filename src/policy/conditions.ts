// Expressions → closures. Each node becomes one small function of the route, chosen once by the kinds of its operands, so
// that evaluation neither looks at the AST nor allocates.
//
// Expects folded and checked expressions (fold.ts, check.ts); a wrong type here is our own bug.

import { invariant, unreachable } from "../base/invariant.js";
import { type Bytes, readI32, toHex } from "../base/bytes.js";
import { AsPathPattern, isInRanges } from "./as-path-pattern.js";
import type { CommunityPatterns, CompareOperator, Expression, NumberRange, Pattern } from "./ast.js";
import { calculate, compareValues } from "./fold.js";
import { kindOf } from "./kinds.js";
import { PrefixSet } from "./prefix-set.js";
import type { ExtendedCommunity, LargeCommunity, Route } from "./route.js";
import {
  BOOLEAN_READERS,
  isFieldOf,
  isPresent,
  matchesShellPattern,
  NUMBER_READERS,
  type Reader,
  TEXT_READERS,
} from "./values.js";

export type Test = (route: Route) => boolean;

/** Compiles an expression that is true or false; an absent value counts as false. */
export function compileTest(expression: Expression): Test {
  switch (expression.kind) {
    case "boolean": {
      const { value } = expression;
      return () => value;
    }
    case "field":
    case "arithmetic": {
      const read = compileBoolean(expression);
      return (route) => read(route) === true;
    }
    case "defined": {
      const { field } = expression;
      return (route) => isPresent(route, field);
    }
    case "not": {
      const operand = compileTest(expression.operand);
      return (route) => !operand(route);
    }
    case "all":
      return compileAll(expression.operands.map(compileTest));
    case "any":
      return compileAny(expression.operands.map(compileTest));
    case "compare":
      return compileCompare(expression.operator, expression.left, expression.right);
    case "match":
      return compileMatch(expression.left, expression.right);
    case "number":
    case "text":
    case "address":
    case "prefix":
    case "localAs":
      return wrongKind(expression);
    default:
      return unreachable(expression);
  }
}

function compileAll(tests: readonly Test[]): Test {
  if (tests.length === 2) return (route) => tests[0](route) && tests[1](route);
  return (route) => {
    for (let i = 0; i < tests.length; i++) if (!tests[i](route)) return false;
    return true;
  };
}

function compileAny(tests: readonly Test[]): Test {
  return (route) => {
    for (let i = 0; i < tests.length; i++) if (tests[i](route)) return true;
    return false;
  };
}

/** Compiles an expression that gives a number. */
export function compileNumber(expression: Expression): Reader<number> {
  if (expression.kind === "number") {
    const { value } = expression;
    return () => value;
  }
  if (expression.kind === "field" && isFieldOf(expression.field, NUMBER_READERS))
    return NUMBER_READERS[expression.field];
  if (expression.kind !== "arithmetic") return wrongKind(expression);
  const left = compileNumber(expression.left);
  const right = compileNumber(expression.right);
  const { operator } = expression;
  return (route) => {
    const a = left(route);
    const b = right(route);
    return a === undefined || b === undefined ? undefined : calculate(operator, a, b);
  };
}

/** Compiles an expression that gives an address; the octets belong to the AST or the route. */
export function compileAddress(expression: Expression): Reader<Bytes> {
  if (expression.kind === "address") {
    const { bytes } = expression;
    return () => bytes;
  }
  if (expression.kind === "field" && expression.field === "nextHop") return readNextHop;
  return wrongKind(expression);
}

function readNextHop(route: Route): Bytes | undefined {
  return route.nextHop.length === 0 ? undefined : route.nextHop;
}

function compileText(expression: Expression): Reader<string> {
  if (expression.kind === "text") {
    const { value } = expression;
    return () => value;
  }
  if (expression.kind === "field" && isFieldOf(expression.field, TEXT_READERS)) return TEXT_READERS[expression.field];
  return wrongKind(expression);
}

function compileBoolean(expression: Expression): Reader<boolean> {
  if (expression.kind === "field" && isFieldOf(expression.field, BOOLEAN_READERS))
    return BOOLEAN_READERS[expression.field];
  invariant(expression.kind !== "field" && expression.kind !== "arithmetic", "a condition that is true or false");
  return compileTest(expression);
}

function compileCompare(operator: CompareOperator, left: Expression, right: Expression): Test {
  switch (kindOf(left)) {
    case "number": {
      const [a, b] = [compileNumber(left), compileNumber(right)];
      return (route) => compareValues(operator, a(route), b(route));
    }
    case "text": {
      const [a, b] = [compileText(left), compileText(right)];
      return (route) => compareValues(operator, a(route), b(route));
    }
    case "boolean": {
      const [a, b] = [compileBoolean(left), compileBoolean(right)];
      return (route) => compareValues(operator, a(route), b(route));
    }
    case "address": {
      const [a, b] = [compileAddress(left), compileAddress(right)];
      return (route) => compareValues(operator, hexOf(a(route)), hexOf(b(route)));
    }
    case "prefix":
      return comparePrefix(operator, left, right);
    default:
      return wrongKind(left);
  }
}

function hexOf(bytes: Bytes | undefined): string | undefined {
  return bytes === undefined ? undefined : toHex(bytes);
}

function comparePrefix(operator: CompareOperator, left: Expression, right: Expression): Test {
  if (left.kind === "prefix" && right.kind === "field") return comparePrefix(operator, right, left);
  invariant(left.kind === "field" && right.kind === "prefix", "the route's prefix is compared with a constant");
  const { family, bytes, length } = right.prefix;
  const words = [0, 4, 8, 12].map((at) => (at < bytes.length ? readI32(bytes, at) : 0));
  const equal = operator === "=";
  return (route) => {
    const same = route.w0 === words[0] && route.w1 === words[1] && route.w2 === words[2] && route.w3 === words[3];
    return (same && route.prefixLength === length && route.family === family) === equal;
  };
}

function compileMatch(left: Expression, right: Pattern): Test {
  switch (right.kind) {
    case "prefixRanges": {
      const set = new PrefixSet(right.ranges);
      if (kindOf(left) === "prefix") return matchPrefix(left, set);
      const read = compileAddress(left);
      return (route) => {
        const bytes = read(route);
        return bytes !== undefined && set.hasAddress(bytes);
      };
    }
    case "numberRanges":
      return matchNumbers(left, right.ranges);
    case "textPatterns": {
      const { patterns } = right;
      const read = compileText(left);
      return (route) => {
        const text = read(route);
        return text !== undefined && patterns.some((pattern) => matchesShellPattern(pattern, text));
      };
    }
    case "asPathPattern": {
      const pattern = new AsPathPattern(right.pattern);
      return (route) => pattern.matches(route.asPath);
    }
    case "communityPatterns":
    case "largeCommunityPatterns":
    case "extendedCommunityPatterns":
      return matchCommunities(right);
    default:
      return unreachable(right);
  }
}

function matchPrefix(left: Expression, set: PrefixSet): Test {
  invariant(left.kind === "field", "the route's prefix is matched");
  return (route) => set.has(route.family, route.w0, route.w1, route.w2, route.w3, route.prefixLength);
}

function matchNumbers(left: Expression, ranges: readonly NumberRange[]): Test {
  if (left.kind === "field" && left.field === "asPath") {
    return (route) => route.asPath.some((segment) => segment.asNumbers.some((as) => isInRanges(ranges, as)));
  }
  const read = compileNumber(left);
  return (route) => {
    const value = read(route);
    return value !== undefined && isInRanges(ranges, value);
  };
}

function matchCommunities(patterns: CommunityPatterns): Test {
  switch (patterns.kind) {
    case "communityPatterns": {
      const matches = communityMatcher(patterns);
      return (route) => route.communities.some(matches);
    }
    case "largeCommunityPatterns": {
      const matches = largeCommunityMatcher(patterns);
      return (route) => route.largeCommunities.some(matches);
    }
    case "extendedCommunityPatterns": {
      const matches = extendedCommunityMatcher(patterns);
      return (route) => route.extendedCommunities.some(matches);
    }
    default:
      return unreachable(patterns);
  }
}

/** True for communities that one of the patterns matches. */
export function communityMatcher({
  patterns,
}: Extract<CommunityPatterns, { kind: "communityPatterns" }>): (community: number) => boolean {
  return (community) => {
    for (const { high, low } of patterns) {
      if (isWithin(high, community >>> 16) && isWithin(low, community & 0xffff)) return true;
    }
    return false;
  };
}

/** True for large communities that one of the patterns matches. */
export function largeCommunityMatcher({
  patterns,
}: Extract<CommunityPatterns, { kind: "largeCommunityPatterns" }>): (community: LargeCommunity) => boolean {
  return (community) => {
    for (const [a, b, c] of patterns) {
      if (isWithin(a, community[0]) && isWithin(b, community[1]) && isWithin(c, community[2])) return true;
    }
    return false;
  };
}

/** True for extended communities that one of the patterns matches. */
export function extendedCommunityMatcher({
  patterns,
}: Extract<CommunityPatterns, { kind: "extendedCommunityPatterns" }>): (community: ExtendedCommunity) => boolean {
  return (community) => {
    for (const { mask, value } of patterns) {
      if ((community[0] & mask[0]) >>> 0 === value[0] && (community[1] & mask[1]) >>> 0 === value[1]) return true;
    }
    return false;
  };
}

function isWithin(range: NumberRange, value: number): boolean {
  return value >= range[0] && value <= range[1];
}

function wrongKind(expression: Expression): never {
  throw new Error(`invariant broken: the checked expression ${expression.kind} has another type`);
}
