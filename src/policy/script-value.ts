// Values of scripts while they run: their types, equality and order, and how they are printed. BIRD 1.6's rules.
//
// A value that is absent is undefined: no attribute, a variable that nothing was assigned to.

import type { Bytes } from "../base/bytes.js";
import { readU32 } from "../base/bytes.js";
import { formatBytes, formatIpv4Word, formatPrefix } from "../base/ip.js";
import type { PrefixRange } from "./ast.js";
import type { AsPath, ExtendedCommunity, LargeCommunity } from "./route.js";
import type { PathMaskItem, ScriptType, ScriptValue } from "./script-ast.js";
import { SCRIPT_ENUM_TYPES } from "./script-enums.js";

/** What an expression gives. `opaque`: an attribute that is there, and of which nothing else can be said. */
export type Value = ScriptValue | { readonly type: "opaque" } | undefined;

export type ValueType = NonNullable<Value>["type"];

export type ValueOf<Type extends ScriptType> = Type extends "int" | "pair" | "quad"
  ? { readonly type: Type; readonly value: number }
  : Extract<ScriptValue, { readonly type: Type }>;

export const TRUE: ValueOf<"bool"> = { type: "bool", value: true };
export const FALSE: ValueOf<"bool"> = { type: "bool", value: false };
export const OPAQUE: Value = { type: "opaque" };

/** What lists are read as that the route does not have. */
export const NO_COMMUNITIES: ValueOf<"communityList"> = { type: "communityList", values: [] };
export const NO_EXTENDED: ValueOf<"extendedCommunityList"> = { type: "extendedCommunityList", values: [] };
export const NO_LARGE: ValueOf<"largeCommunityList"> = { type: "largeCommunityList", values: [] };

/** What ends a filter: the words of BIRD. The filter catches it, nobody else sees it. */
export class ScriptFault extends Error {}

/** Ends the filter. Nobody looks at the stack, which costs more than all else where a filter fails for every route. */
export function fail(text: string): never {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const fault = new ScriptFault(text);
  Error.stackTraceLimit = stackTraceLimit;
  throw fault;
}

export function bool(value: boolean): ValueOf<"bool"> {
  return value ? TRUE : FALSE;
}

/** Numbers are unsigned 32 bits: what does not fit wraps. */
export function int(value: number): ValueOf<"int"> {
  return { type: "int", value: value >>> 0 };
}

/** The type, with the family of named constants. */
export function typeName(value: Value): string {
  if (value === undefined) return "void";
  return value.type === "enum" ? value.of : value.type;
}

/** An address as the number that router ids are; undefined: not an IPv4 address. */
export function quadOf(value: Value): number | undefined {
  return value?.type === "ip" && value.bytes.length === 4 ? readU32(value.bytes, 0) : undefined;
}

const INCOMPARABLE = undefined;

/** Less than 0, 0 or more than 0; undefined: such values have no order. What is absent comes first. */
export function compareValues(a: Value, b: Value): number | undefined {
  if (a === undefined || b === undefined) return (a === undefined ? 0 : 1) - (b === undefined ? 0 : 1);
  switch (a.type) {
    case "bool":
    case "int":
    case "pair":
      return b.type === a.type ? Number(a.value) - Number(b.value) : INCOMPARABLE;
    case "quad": {
      const other = b.type === "quad" ? b.value : quadOf(b);
      return other === undefined ? INCOMPARABLE : a.value - other;
    }
    case "enum":
      return b.type === "enum" && b.of === a.of ? a.value - b.value : INCOMPARABLE;
    case "opaque":
      return b.type === "opaque" ? 0 : INCOMPARABLE;
    case "ip": {
      if (b.type === "ip") return compareBytes(a.bytes, b.bytes);
      const word = quadOf(a);
      return b.type === "quad" && word !== undefined ? word - b.value : INCOMPARABLE;
    }
    case "prefix":
      if (b.type !== "prefix") return INCOMPARABLE;
      return compareBytes(a.prefix.bytes, b.prefix.bytes) || a.prefix.length - b.prefix.length;
    case "string":
      // Deviates from BIRD, where it depends on the C library whether "a" < "c".
      return b.type === "string" ? (a.value < b.value ? -1 : a.value > b.value ? 1 : 0) : INCOMPARABLE;
    case "extendedCommunity":
    case "largeCommunity":
      return b.type === a.type ? compareWords(a.value, b.value) : INCOMPARABLE;
    default:
      return INCOMPARABLE;
  }
}

/** What `=` says. Values of different types are different. */
export function equalValues(a: Value, b: Value): boolean {
  const order = compareValues(a, b);
  if (order !== undefined) return order === 0;
  if (a === undefined || b === undefined || a.type !== b.type) return false;
  return a === b || contentOf(a) === contentOf(b);
}

/** Equal texts: equal lists, paths, masks or sets. */
function contentOf(value: NonNullable<Value>): string {
  switch (value.type) {
    case "prefixSet":
      return value.ranges.map(rangeText).sort().join(",");
    case "set":
      return value.ranges.map((range) => range.map(formatValue).join("..")).join(",");
    default:
      return formatValue(value);
  }
}

function compareBytes(a: Bytes, b: Bytes): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return 0;
}

function compareWords(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return 0;
}

/** As `print` shows it. */
export function formatValue(value: Value): string {
  if (value === undefined) return "(void)";
  switch (value.type) {
    case "bool":
      return value.value ? "TRUE" : "FALSE";
    case "int":
      return String(value.value);
    case "pair":
      return pairText(value.value);
    case "quad":
      return formatIpv4Word(value.value);
    case "enum":
      return `(enum ${SCRIPT_ENUM_TYPES[value.of].toString(16)})${value.value}`;
    case "opaque":
      return "(opaque)";
    case "string":
      return value.value;
    case "ip":
      return formatBytes(value.bytes);
    case "prefix":
      return formatPrefix(value.prefix);
    case "extendedCommunity":
      return extendedText(value.value);
    case "largeCommunity":
      return largeText(value.value);
    case "path":
      return `(path ${pathText(value.path)})`;
    case "pathMask":
      return `[= ${value.items.map(maskItemText).join(" ")} =]`;
    case "communityList":
      return `(clist ${value.values.map(pairText).join(" ")})`;
    case "extendedCommunityList":
      return `(eclist ${value.values.map(extendedText).join(" ")})`;
    case "largeCommunityList":
      return `(lclist ${value.values.map(largeText).join(" ")})`;
    case "set":
      return `[${value.ranges.map(([from, to]) => setItemText(from, to)).join(", ")}]`;
    case "prefixSet":
      return `[${value.ranges.map(rangeText).join(", ")}]`;
  }
}

function setItemText(from: ScriptValue, to: ScriptValue): string {
  return equalValues(from, to) ? formatValue(from) : `${formatValue(from)}..${formatValue(to)}`;
}

function rangeText({ prefix, least, greatest }: PrefixRange): string {
  const text = formatPrefix(prefix);
  return least === prefix.length && greatest === least ? text : `${text}{${least},${greatest}}`;
}

function pairText(value: number): string {
  return `(${value >>> 16},${value & 0xffff})`;
}

function largeText(value: LargeCommunity): string {
  return `(${value.join(", ")})`;
}

const EXTENDED_KINDS: Readonly<Record<number, string>> = { 0x02: "rt", 0x03: "ro" };

function extendedText([high, low]: ExtendedCommunity): string {
  const kind = EXTENDED_KINDS[(high >>> 16) & 0xff];
  switch (kind === undefined ? -1 : high >>> 24) {
    case 0x00:
      return `(${kind}, ${high & 0xffff}, ${low})`;
    case 0x01:
      return `(${kind}, ${formatIpv4Word((((high & 0xffff) << 16) | (low >>> 16)) >>> 0)}, ${low & 0xffff})`;
    case 0x02:
      return `(${kind}, ${(((high & 0xffff) << 16) | (low >>> 16)) >>> 0}, ${low & 0xffff})`;
    default:
      return `(generic, 0x${high.toString(16)}, 0x${low.toString(16)})`;
  }
}

const AS_SET = 1;

function pathText(path: AsPath): string {
  return path
    .map(({ type, asNumbers }) => (type === AS_SET ? `{${asNumbers.join(" ")}}` : asNumbers.join(" ")))
    .join(" ");
}

function maskItemText(item: PathMaskItem): string {
  switch (item.kind) {
    case "as":
      return String(item.as);
    case "range":
      return `${item.least}..${item.greatest}`;
    case "one":
      return "?";
    case "any":
      return "*";
    case "expression":
      return "(…)";
  }
}
