// Short words for the syntax of scripts, for tests.

import { parseAddress } from "../../src/base/ip.js";
import type { Route, Verdict } from "../../src/policy/route.js";
import { compileScript } from "../../src/policy/script.js";
import type {
  EnumName,
  PathMaskItem,
  Script,
  ScriptAttribute,
  ScriptBlock,
  ScriptExpression,
  ScriptSet,
  ScriptStatement,
  ScriptType,
  ScriptValue,
  ScriptVariable,
} from "../../src/policy/script-ast.js";
import { prefixOf, sampleRoute } from "./sample-route.js";

export const AT = { file: "bird.cfg", line: 7, column: 1 };

const value = (constant: ScriptValue): ScriptExpression => ({ kind: "value", value: constant });

export const int = (number: number): ScriptExpression => value({ type: "int", value: number });
export const bool = (truth: boolean): ScriptExpression => value({ type: "bool", value: truth });
export const text = (string: string): ScriptExpression => value({ type: "string", value: string });
export const pair = (high: number, low: number): ScriptExpression =>
  value({ type: "pair", value: ((high << 16) | low) >>> 0 });
export const large = (...words: readonly [number, number, number]): ScriptExpression =>
  value({ type: "largeCommunity", value: words });
export const extended = (high: number, low: number): ScriptExpression =>
  value({ type: "extendedCommunity", value: [high, low] });
export const ip = (address: string): ScriptExpression => value({ type: "ip", bytes: bytesOf(address) });
export const prefix = (address: string): ScriptExpression => value({ type: "prefix", prefix: prefixOf(address) });
export const constant = (of: EnumName, number: number): ScriptExpression => value({ type: "enum", of, value: number });
export const mask = (...items: readonly PathMaskItem[]): ScriptExpression => value({ type: "pathMask", items });
export const prefixes = (...ranges: readonly (readonly [string, number, number])[]): ScriptExpression =>
  value({
    type: "prefixSet",
    ranges: ranges.map(([address, least, greatest]) => ({ prefix: prefixOf(address), least, greatest })),
  });
export const set = (of: NonNullable<ScriptSet["of"]>, ...items: readonly ScriptExpression[]): ScriptExpression =>
  value(setOf(of, ...items));

/** A set of single values. */
export function setOf(of: NonNullable<ScriptSet["of"]>, ...items: readonly ScriptExpression[]): ScriptSet {
  const ranges = items.map((item): readonly [ScriptValue, ScriptValue] => {
    if (item.kind !== "value") throw new RangeError("sets are made of constants");
    return [item.value, item.value];
  });
  return { type: "set", of, ranges };
}

export const empty = (
  type: "path" | "communityList" | "extendedCommunityList" | "largeCommunityList",
): ScriptExpression => ({
  kind: "emptyList",
  type,
});
export const attribute = (name: ScriptAttribute): ScriptExpression => ({ kind: "attribute", attribute: name });
export const variable = (of: ScriptVariable): ScriptExpression => ({ kind: "variable", variable: of });
export const defined = (operand: ScriptExpression): ScriptExpression => ({ kind: "isDefined", operand });
export const not = (operand: ScriptExpression): ScriptExpression => ({ kind: "negation", operand });
export const both = (left: ScriptExpression, right: ScriptExpression): ScriptExpression => ({
  kind: "and",
  left,
  right,
});
export const either = (left: ScriptExpression, right: ScriptExpression): ScriptExpression => ({
  kind: "or",
  left,
  right,
});
export const isIn = (left: ScriptExpression, right: ScriptExpression, negated = false): ScriptExpression => ({
  kind: "isIn",
  left,
  right,
  negated,
});
export const apply = (script: string, ...operands: readonly ScriptExpression[]): ScriptExpression => ({
  kind: "apply",
  script,
  operands,
});

export function compare(
  left: ScriptExpression,
  operator: Extract<ScriptExpression, { kind: "compareValues" }>["operator"],
  right: ScriptExpression,
): ScriptExpression {
  return { kind: "compareValues", operator, left, right };
}

export function calculate(
  left: ScriptExpression,
  operator: "+" | "-" | "*" | "/",
  right: ScriptExpression,
): ScriptExpression {
  return { kind: "calculate", operator, left, right };
}

export function member(
  operand: ScriptExpression,
  name: Extract<ScriptExpression, { kind: "member" }>["member"],
): ScriptExpression {
  return { kind: "member", member: name, operand };
}

export function edited(
  operation: "prepend" | "add" | "delete" | "filter",
  list: ScriptExpression,
  operand: ScriptExpression,
): ScriptExpression {
  return { kind: "edited", operation, list, value: operand };
}

export const accept: ScriptStatement = { kind: "accept", at: AT };
export const reject: ScriptStatement = { kind: "reject", at: AT };
export const assign = (to: ScriptVariable, expression: ScriptExpression): ScriptStatement => ({
  kind: "assign",
  variable: to,
  value: expression,
  at: AT,
});
export const assignTo = (name: ScriptAttribute, expression: ScriptExpression): ScriptStatement => ({
  kind: "setAttribute",
  attribute: name,
  value: expression,
  at: AT,
});
export const unset = (name: ScriptAttribute): ScriptStatement => ({ kind: "unsetAttribute", attribute: name, at: AT });
export const evaluate = (expression: ScriptExpression): ScriptStatement => ({ kind: "evaluate", expression, at: AT });
export const give = (expression: ScriptExpression | undefined): ScriptStatement => ({
  kind: "return",
  value: expression,
  at: AT,
});
export const print = (...values: readonly ScriptExpression[]): ScriptStatement => ({
  kind: "print",
  values,
  then: "goOn",
  at: AT,
});

export function edit(
  name: ScriptAttribute,
  operation: "prepend" | "add" | "delete" | "filter" | "empty",
  operand?: ScriptExpression,
): ScriptStatement {
  return { kind: "editAttribute", attribute: name, operation, value: operand, at: AT };
}

export function when(condition: ScriptExpression, then: ScriptBlock, otherwise: ScriptBlock = []): ScriptStatement {
  return { kind: "when", condition, then, otherwise, at: AT };
}

export function local(name: string, type: ScriptType, slot = 0): ScriptVariable {
  return { name, type, slot };
}

export function script(name: string, body: ScriptBlock, changes: Partial<Script> = {}): Script {
  return { name, at: AT, parameters: [], locals: [], body, ...changes };
}

/** What a filter made of a route. */
export interface Run {
  readonly verdict: Verdict;
  readonly route: Route;
  /** What it printed and what went wrong, in order. */
  readonly words: readonly string[];
}

/** Runs a filter, which may apply `functions`, on a route. */
export function runScript(filter: Script, functions: readonly Script[] = [], route: Route = sampleRoute()): Run {
  const words: string[] = [];
  const scripts = new Map([...functions, filter].map((entry) => [entry.name, entry]));
  const compiled = compileScript(filter, { scripts, log: (_kind, words_) => words.push(words_) });
  const verdict = compiled(route);
  return { verdict, route, words };
}

/** The expression as `print` shows it, or what went wrong, without the line. */
export function valueOf(expression: ScriptExpression, changes: Partial<Route> = {}): string {
  const { words } = runScript(script("f", [print(expression), accept]), [], sampleRoute(changes));
  return words.join().replace(/^filters, line 7: /, "");
}

export function bytesOf(address: string): Uint8Array {
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new RangeError(`not an address: ${address}`);
  return parsed.bytes;
}
