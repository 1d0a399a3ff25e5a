// Sets: `[ 1, 5..9 ]`, `[ (65000, *), (rt, 1, 2..3) ]`, `[ 10.0.0.0/8{16,24} ]`, and the branches of `case`.

import { formatBytes, type IpPrefix, makePrefix } from "../../base/ip.js";
import type { Bytes } from "../../base/bytes.js";
import type { PrefixRange } from "../../policy/ast.js";
import type { ScriptExpression, ScriptSet, ScriptType, ScriptValue } from "../../policy/script-ast.js";
import { evaluate, evaluateNumber, int } from "./constant-value.js";
import { ENUM_CONSTANTS } from "./keywords.js";
import { type CommunityKind, greatestOfKind } from "./extended-community.js";
import type { Reader } from "./reader.js";
import { checkHalf, COMMUNITY_KINDS, extendedCommunity, pair, parseCommunityKind } from "./tuples.js";

/** Reads an expression; parse-expression.ts, which uses this file, gives it. */
export type TermParser = (r: Reader) => ScriptExpression;

type Range = readonly [ScriptValue, ScriptValue];
type ItemType = NonNullable<ScriptSet["of"]>;
type ValueRange = readonly [number, number];

const ITEM_TYPES: ReadonlySet<ScriptType> = new Set([
  ...(["int", "pair", "quad", "ip", "enum", "extendedCommunity", "largeCommunity"] satisfies ItemType[]),
]);
const ANY_HALF: ValueRange = [0, 0xffff];

/** A set, behind its `[`. */
export function parseSet(r: Reader, term: TermParser): ScriptValue {
  if (r.peek() === "IP") {
    r.take();
    const first = r.bytes;
    if (r.peek() === "/") return parsePrefixSet(r, first);
    const set = makeSet(r, parseItems(r, term, true, restOfAtom(r, term, true, { type: "ip", bytes: first })));
    r.expect("]");
    return set;
  }
  const set = makeSet(r, parseItems(r, term, true, parseItem(r, term, true)));
  r.expect("]");
  return set;
}

/** The values of a branch of `case`, up to the `:`. */
export function parseBranchValues(r: Reader, term: TermParser): ScriptSet {
  return makeSet(r, parseItems(r, term, false, parseItem(r, term, false)));
}

/** `/LENGTH` behind an address of a filter. */
export function parseFilterPrefix(r: Reader, bytes: Bytes): IpPrefix {
  r.expect("/", "NUMBER");
  const length = r.number;
  const isPrefix = length <= r.addressBits && makePrefix(bytes, length).bytes.every((octet, i) => octet === bytes[i]);
  if (!isPrefix) r.fail(`Invalid network prefix: ${formatBytes(bytes)}/${length | 0}.`);
  return makePrefix(bytes, length);
}

function parsePrefixSet(r: Reader, first: Bytes): ScriptValue {
  const ranges = [parsePrefixRange(r, first)];
  while (r.takeIf(",")) {
    r.expect("IP");
    ranges.push(parsePrefixRange(r, r.bytes));
  }
  r.expect("]");
  return { type: "prefixSet", ranges };
}

function parsePrefixRange(r: Reader, bytes: Bytes): PrefixRange {
  const prefix = parseFilterPrefix(r, bytes);
  if (r.takeIf("+")) return { prefix, least: prefix.length, greatest: r.addressBits };
  if (r.takeIf("-")) return { prefix, least: 0, greatest: prefix.length };
  if (!r.takeIf("{")) return { prefix, least: prefix.length, greatest: prefix.length };
  r.expect("NUMBER");
  const least = r.number;
  r.expect(",", "NUMBER");
  const greatest = r.number;
  r.expect("}");
  if (least > greatest || greatest > r.addressBits)
    r.fail(`Invalid prefix pattern range: {${least | 0}, ${greatest | 0}}.`);
  return { prefix, least, greatest };
}

/** Symbols stand for constants in sets, not in `case`. */
function parseItems(r: Reader, term: TermParser, maySymbol: boolean, first: readonly Range[]): Range[] {
  const ranges = [...first];
  // An item like `(*, 5)` gives 65536 ranges: as arguments of one push they would exceed the stack.
  while (r.takeIf(",")) for (const range of parseItem(r, term, maySymbol)) ranges.push(range);
  return ranges;
}

function makeSet(r: Reader, ranges: readonly Range[]): ScriptSet {
  const [[first]] = ranges;
  for (const [low, high] of ranges) {
    if (!isOneType(first, low) || !isOneType(first, high)) r.notSupported("a set of values of several types");
  }
  const set = { type: "set", of: first.type as ItemType, ranges } as const;
  return first.type === "enum" ? { ...set, enumName: first.of } : set;
}

function isOneType(a: ScriptValue, b: ScriptValue): boolean {
  return a.type === b.type && (a.type !== "enum" || b.type !== "enum" || a.of === b.of);
}

function parseItem(r: Reader, term: TermParser, maySymbol: boolean): readonly Range[] {
  if (r.takeIf("(")) return parseTuple(r, term, maySymbol);
  return restOfAtom(r, term, maySymbol, parseAtom(r, maySymbol));
}

function restOfAtom(r: Reader, term: TermParser, maySymbol: boolean, low: ScriptValue): readonly Range[] {
  if (!r.takeIf("..")) return [[low, low]];
  if (!r.takeIf("(")) return [[low, parseAtom(r, maySymbol)]];
  const high = term(r);
  r.expect(")");
  return [[low, calculatedItem(r, maySymbol, high)]];
}

function parseAtom(r: Reader, maySymbol: boolean): ScriptValue {
  switch (r.take()) {
    case "NUMBER":
      return int(r.number);
    case "QUAD":
      return { type: "quad", value: r.number };
    case "IP": {
      const bytes = r.bytes;
      r.peek();
      return { type: "ip", bytes };
    }
    case "ENUM":
      return enumValue(r);
    case "SYMBOL":
      return maySymbol ? constantItem(r, r.text) : r.syntaxError();
    default:
      return r.syntaxError();
  }
}

export function enumValue(r: Reader): ScriptValue {
  const constant = ENUM_CONSTANTS.get(r.text);
  return constant === undefined ? r.syntaxError() : { type: "enum", ...constant };
}

function constantItem(r: Reader, name: string): ScriptValue {
  const symbol = r.symbols.find(name);
  if (symbol?.kind !== "constant") return r.fail(`${name}: constant expected`);
  return ITEM_TYPES.has(symbol.value.type) ? symbol.value : r.fail(`${name}: set-incompatible type`);
}

function checkItem(r: Reader, value: ScriptValue | undefined): ScriptValue {
  return value !== undefined && ITEM_TYPES.has(value.type) ? value : r.fail("Set-incompatible type");
}

/** In `case` only numbers are calculated. */
function calculatedItem(r: Reader, maySymbol: boolean, expression: ScriptExpression): ScriptValue {
  return maySymbol ? checkItem(r, evaluate(r, expression)) : int(evaluateNumber(r, expression));
}

/** Behind `(`: an expression in parentheses, or a pattern of communities. */
function parseTuple(r: Reader, term: TermParser, maySymbol: boolean): readonly Range[] {
  if (COMMUNITY_KINDS.has(r.peek())) return parseExtended(r, term);
  if (r.takeIf("*")) return parseAfterStar(r, term);
  const first = term(r);
  if (r.takeIf(")")) return restOfAtom(r, term, maySymbol, calculatedItem(r, maySymbol, first));
  const low = evaluateNumber(r, first);
  if (r.takeIf("..")) return parseAfterRange(r, term, [low, evaluateNumber(r, term(r))]);
  r.expect(",");
  if (r.takeIf("*")) {
    if (r.takeIf(")")) return pairRanges(r, [low, low], ANY_HALF);
    r.expect(",", "*", ")");
    return largeRange([low, 0, 0], [low, ALL, ALL]);
  }
  const second = evaluateNumber(r, term(r));
  if (r.takeIf("..")) return parseSecondRange(r, low, [second, evaluateNumber(r, term(r))]);
  if (!r.takeIf(")")) return parseLarge(r, term, low, second);
  if (!r.takeIf("..")) return [pairRange(r, [low, second], [low, second])];
  const [greatestHigh, greatestLow] = parseNumbers(r, term, 2);
  return pairRanges(r, [low, greatestHigh], [second, greatestLow]);
}

const ALL = 0xffffffff;

/** `(*, …`. */
function parseAfterStar(r: Reader, term: TermParser): readonly Range[] {
  r.expect(",");
  if (!r.takeIf("*")) return pairRanges(r, ANY_HALF, parseLastRange(r, term));
  if (r.takeIf(")")) return pairRanges(r, ANY_HALF, ANY_HALF);
  r.expect(",", "*", ")");
  return largeRange([0, 0, 0], [ALL, ALL, ALL]);
}

/** `(a..b, …`. */
function parseAfterRange(r: Reader, term: TermParser, high: ValueRange): readonly Range[] {
  r.expect(",");
  if (!r.takeIf("*")) return pairRanges(r, high, parseLastRange(r, term));
  if (r.takeIf(")")) return pairRanges(r, high, ANY_HALF);
  r.expect(",", "*", ")");
  return largeRange([high[0], 0, 0], [high[1], ALL, ALL]);
}

/** `(a, b..c` behind the c. */
function parseSecondRange(r: Reader, high: number, low: ValueRange): readonly Range[] {
  if (r.takeIf(")")) return pairRanges(r, [high, high], low);
  r.expect(",", "*", ")");
  return largeRange([high, low[0], 0], [high, low[1], ALL]);
}

/** `b)` or `b..c)`. */
function parseLastRange(r: Reader, term: TermParser): ValueRange {
  const least = evaluateNumber(r, term(r));
  const greatest = r.takeIf("..") ? evaluateNumber(r, term(r)) : least;
  r.expect(")");
  return [least, greatest];
}

/** `(a, b` behind the b, which no parenthesis closes. */
function parseLarge(r: Reader, term: TermParser, a: number, b: number): readonly Range[] {
  r.expect(",");
  if (r.takeIf("*")) {
    r.expect(")");
    return largeRange([a, b, 0], [a, b, ALL]);
  }
  const c = evaluateNumber(r, term(r));
  if (r.takeIf("..")) {
    const greatest = evaluateNumber(r, term(r));
    r.expect(")");
    return largeRange([a, b, c], [a, b, greatest]);
  }
  r.expect(")");
  if (!r.takeIf("..")) return largeRange([a, b, c], [a, b, c]);
  const [high, middle, low] = parseNumbers(r, term, 3);
  return largeRange([a, b, c], [high, middle, low]);
}

function parseNumbers(r: Reader, term: TermParser, count: number): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < count; i++) {
    r.expect(i === 0 ? "(" : ",");
    numbers.push(evaluateNumber(r, term(r)));
  }
  r.expect(")");
  return numbers;
}

function parseExtended(r: Reader, term: TermParser): readonly Range[] {
  const kind = parseCommunityKind(r);
  r.expect(",");
  const key = evaluateNumber(r, term(r));
  r.expect(",");
  if (r.takeIf("*")) {
    r.expect(")");
    return [extendedRange(r, kind, key, [0, greatestOfKind(kind, key)])];
  }
  return [extendedRange(r, kind, key, parseLastRange(r, term))];
}

function extendedRange(r: Reader, kind: CommunityKind, key: number, low: ValueRange): Range {
  const [least, greatest] = low.map((value) => extendedCommunity(r, kind, { type: "int", value: key }, value));
  return [
    { type: "extendedCommunity", value: least },
    { type: "extendedCommunity", value: greatest },
  ];
}

function largeRange(least: readonly [number, number, number], greatest: readonly [number, number, number]): Range[] {
  return [
    [
      { type: "largeCommunity", value: least },
      { type: "largeCommunity", value: greatest },
    ],
  ];
}

function pairRange(r: Reader, least: ValueRange, greatest: ValueRange): Range {
  return [
    { type: "pair", value: pair(r, ...least) },
    { type: "pair", value: pair(r, ...greatest) },
  ];
}

/** Each half has its range. Pairs are numbers, so this is one range of numbers for each value of the first half, unless the
 *  second may be anything. */
function pairRanges(r: Reader, high: ValueRange, low: ValueRange): readonly Range[] {
  for (const value of [...high, ...low]) checkHalf(r, value);
  if (high[0] > high[1] || low[0] > low[1]) r.fail("From value cannot be higher that To value in pair sets");
  if (low[0] === 0 && low[1] === 0xffff) return [pairRange(r, [high[0], 0], [high[1], 0xffff])];
  const ranges: Range[] = [];
  for (let first = high[0]; first <= high[1]; first++) ranges.push(pairRange(r, [first, low[0]], [first, low[1]]));
  return ranges;
}
