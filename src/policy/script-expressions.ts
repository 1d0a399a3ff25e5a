// Expressions of scripts → closures. Types are known only when they run; what BIRD 1.6 says where they do not fit is
// said here too. Tests for prefixes and for constants of the route make no values on the way.

import { invariant, unreachable } from "../base/invariant.js";
import type { ExtendedCommunity } from "./route.js";
import type { PathMaskItem, ScriptAttribute, ScriptExpression, ScriptOperator } from "./script-ast.js";
import { readAttribute } from "./script-attributes.js";
import { editedList } from "./script-lists.js";
import type { Evaluate, ScriptMachine } from "./script-machine.js";
import { isIn, prefixSetOf } from "./script-membership.js";
import { farthestAs, lastNonAggregatedAs, nearestAs } from "./script-path.js";
import {
  bool,
  compareValues,
  equalValues,
  fail,
  int,
  NO_COMMUNITIES,
  NO_EXTENDED,
  NO_LARGE,
  quadOf,
  typeName,
  type Value,
  type ValueOf,
} from "./script-value.js";
import { asPathLength } from "./values.js";
import type { PrefixSet } from "./prefix-set.js";

type Expression<Kind extends ScriptExpression["kind"]> = Extract<ScriptExpression, { readonly kind: Kind }>;

export interface ExpressionContext {
  readonly machine: ScriptMachine;
  /** Attributes that some statement of the filter changes. */
  readonly changed: ReadonlySet<ScriptAttribute>;
  /** The frame of the function that the expression is part of. */
  readonly frame: Value[];
  /** Runs a function with its operands; its value. */
  readonly apply: (expression: Expression<"apply">, context: ExpressionContext) => Evaluate;
}

export function compileExpression(expression: ScriptExpression, context: ExpressionContext): Evaluate {
  const compile = (inner: ScriptExpression): Evaluate => compileExpression(inner, context);
  switch (expression.kind) {
    case "value":
      return compileValue(expression, context);
    case "variable": {
      const { frame } = context;
      const { slot } = expression.variable;
      return () => frame[slot];
    }
    case "attribute":
      return attributeReader(expression.attribute, context);
    case "apply":
      return context.apply(expression, context);
    case "calculate":
      return calculation(expression.operator, compile(expression.left), compile(expression.right));
    case "pairOf":
      return pairMaker(...both(expression.parts, compile));
    case "largeCommunityOf":
      return largeMaker(expression.parts.map(compile));
    case "extendedCommunityOf":
      return extendedMaker(expression.of, ...both(expression.parts, compile));
    case "member":
      return memberReader(expression.member, compile(expression.operand));
    case "mask":
      return masker(compile(expression.operand), compile(expression.length));
    case "edited": {
      const { operation } = expression;
      const list = compile(expression.list);
      const value = compile(expression.value);
      return () => editedList(operation, list(), value());
    }
    case "emptyList": {
      const empty = EMPTY_LISTS[expression.type];
      return () => empty;
    }
    case "isDefined":
    case "compareValues":
    case "isIn":
    case "and":
    case "or":
    case "negation": {
      const test = compileTest(expression, context, "");
      return () => bool(test());
    }
    default:
      return unreachable(expression);
  }
}

/** The expression as a condition; `fault`: what is said if it gives no truth value. */
export function compileTest(expression: ScriptExpression, context: ExpressionContext, fault: string): () => boolean {
  switch (expression.kind) {
    case "isDefined": {
      const operand = compileExpression(expression.operand, context);
      return () => operand() !== undefined;
    }
    case "compareValues":
      return comparison(expression, context);
    case "isIn":
      return membership(expression, context);
    case "and":
    case "or": {
      const left = compileTest(expression.left, context, "Can't do boolean operation on non-booleans");
      const right = compileTest(expression.right, context, "Can't do boolean operation on non-booleans");
      return expression.kind === "and" ? () => left() && right() : () => left() || right();
    }
    case "negation": {
      const operand = compileTest(expression.operand, context, "Not applied to non-boolean");
      return () => !operand();
    }
    default: {
      const evaluate = compileExpression(expression, context);
      return () => {
        const value = evaluate();
        return value?.type === "bool" ? value.value : fail(fault);
      };
    }
  }
}

const EMPTY_LISTS: Readonly<Record<Expression<"emptyList">["type"], Value>> = {
  path: { type: "path", path: [] },
  communityList: NO_COMMUNITIES,
  extendedCommunityList: NO_EXTENDED,
  largeCommunityList: NO_LARGE,
};

function both<Item, Result>(
  [first, second]: readonly [Item, Item],
  map: (item: Item) => Result,
): readonly [Result, Result] {
  return [map(first), map(second)];
}

function compileValue({ value }: Expression<"value">, context: ExpressionContext): Evaluate {
  if (value.type !== "pathMask" || value.items.every(({ kind }) => kind !== "expression")) return () => value;
  const makers = value.items.map((item): (() => PathMaskItem) => {
    if (item.kind !== "expression") return () => item;
    const evaluate = compileExpression(item.expression, context);
    return () => {
      const as = evaluate();
      if (as?.type !== "int") return fail("Error resolving path mask template: value not an integer");
      return { kind: "as", as: as.value };
    };
  });
  return () => ({ type: "pathMask", items: makers.map((make) => make()) });
}

function attributeReader(attribute: ScriptAttribute, { machine, changed }: ExpressionContext): Evaluate {
  const read = readAttribute(attribute);
  if (!changed.has(attribute)) return () => read(machine.route);
  const { changes } = machine;
  return () => (changes.has(attribute) ? changes.get(attribute) : read(machine.route));
}

function calculation(operator: ScriptOperator, left: Evaluate, right: Evaluate): Evaluate {
  return () => {
    const a = left();
    const b = right();
    if (typeName(a) !== typeName(b)) return fail("Can't operate with values of incompatible types");
    if (a === undefined) return fail("Can't operate with values of type void");
    if (a.type !== "int" || b?.type !== "int") return fail("Usage of unknown type");
    return int(calculate(operator, a.value, b.value));
  };
}

function calculate(operator: ScriptOperator, a: number, b: number): number {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return Math.imul(a, b);
    case "/":
      return b === 0 ? fail("Mother told me not to divide by 0") : Math.floor(a / b);
    default:
      return unreachable(operator);
  }
}

function pairMaker(left: Evaluate, right: Evaluate): Evaluate {
  return () => {
    const high = left();
    const low = right();
    if (high?.type !== "int" || low?.type !== "int") {
      return fail("Can't operate with value of non-integer type in pair constructor");
    }
    if (high.value > 0xffff || low.value > 0xffff) {
      return fail("Can't operate with value out of bounds in pair constructor");
    }
    return { type: "pair", value: ((high.value << 16) | low.value) >>> 0 };
  };
}

function largeMaker(parts: readonly Evaluate[]): Evaluate {
  invariant(parts.length === 3, "a large community has three parts");
  return () => {
    const words = parts.map((part) => part());
    const [global, first, second] = words.map((word) =>
      word?.type === "int" ? word.value : fail("Can't operate with value of non-integer type in LC constructor"),
    );
    return { type: "largeCommunity", value: [global, first, second] };
  };
}

const SUBTYPES = { rt: 0x02, ro: 0x03 } as const;

function extendedMaker(of: Expression<"extendedCommunityOf">["of"], left: Evaluate, right: Evaluate): Evaluate {
  return () => {
    const key = left();
    const number = right();
    const address = key?.type === "quad" ? key.value : quadOf(key);
    const global = key?.type === "int" ? key.value : address;
    if (global === undefined) return fail("Can't operate with key of non-integer/IPv4 type in EC constructor");
    if (number?.type !== "int") return fail("Can't operate with value of non-integer type in EC constructor");
    return { type: "extendedCommunity", value: extendedOf(of, global, address !== undefined, number.value) };
  };
}

/** RFC 4360 §3: two-octet AS, IPv4 address, four-octet AS (RFC 5668). */
function extendedOf(of: "rt" | "ro" | "generic", key: number, isAddress: boolean, value: number): ExtendedCommunity {
  if (of === "generic") return [key, value];
  const subtype = SUBTYPES[of] << 16;
  if (!isAddress && key <= 0xffff) return [subtype | key, value];
  if (value > 0xffff) return fail("Can't operate with value out of bounds in EC constructor");
  const type = isAddress ? 0x0100_0000 : 0x0200_0000;
  return [type | subtype | (key >>> 16), ((key << 16) | value) >>> 0];
}

function memberReader(member: Expression<"member">["member"], operand: Evaluate): Evaluate {
  switch (member) {
    case "length":
      return () => int(lengthOf(operand()));
    case "first":
      return () => int(nearestAs(demandPath(operand())));
    case "last":
      return () => int(farthestAs(demandPath(operand())));
    case "lastNonAggregated":
      return () => int(lastNonAggregatedAs(demandPath(operand())));
    case "ip":
      return () => {
        const value = operand();
        return value?.type === "prefix" ? { type: "ip", bytes: value.prefix.bytes } : fail("Prefix expected");
      };
    case "empty":
      return () => {
        const value = operand();
        switch (value?.type) {
          case "path":
          case "communityList":
          case "extendedCommunityList":
          case "largeCommunityList":
            return EMPTY_LISTS[value.type];
          default:
            return fail("Path or list expected");
        }
      };
    default:
      return unreachable(member);
  }
}

function demandPath(value: Value): ValueOf<"path">["path"] {
  return value?.type === "path" ? value.path : fail("AS path expected");
}

function lengthOf(value: Value): number {
  switch (value?.type) {
    case "prefix":
      return value.prefix.length;
    case "path":
      return asPathLength(value.path);
    case "communityList":
    case "extendedCommunityList":
    case "largeCommunityList":
      return value.values.length;
    default:
      return fail("Prefix, path, clist or eclist expected");
  }
}

function masker(operand: Evaluate, length: Evaluate): Evaluate {
  return () => {
    const address = operand();
    const bits = length();
    if (bits?.type !== "int") return fail("Integer expected");
    if (address?.type !== "ip") return fail("You can mask only IP addresses");
    const bytes = new Uint8Array(address.bytes.length);
    for (let i = 0; i < bytes.length; i++) {
      bytes[i] = address.bytes[i] & (0xff00 >> Math.min(8, Math.max(0, bits.value - 8 * i)));
    }
    return { type: "ip", bytes };
  };
}

type Compare = Expression<"compareValues">;

function comparison(expression: Compare, context: ExpressionContext): () => boolean {
  const { operator } = expression;
  const set = prefixTested(expression.left, expression.right, context, false);
  if (set !== undefined && (operator === "=" || operator === "!=")) return prefixTest(set, operator === "!=", context);
  const left = compileExpression(expression.left, context);
  const right = compileExpression(expression.right, context);
  if (operator === "=") return () => equalValues(left(), right());
  if (operator === "!=") return () => !equalValues(left(), right());
  const holds = ORDERS[operator];
  return () => {
    const order = compareValues(left(), right());
    return holds(order ?? fail("Can't compare values of incompatible types"));
  };
}

const ORDERS: Readonly<Record<Exclude<Compare["operator"], "=" | "!=">, (order: number) => boolean>> = {
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

function membership(expression: Expression<"isIn">, context: ExpressionContext): () => boolean {
  const { negated } = expression;
  const set = prefixTested(expression.left, expression.right, context, true);
  if (set !== undefined) return prefixTest(set, negated, context);
  const left = compileExpression(expression.left, context);
  const right = compileExpression(expression.right, context);
  const fault = `${negated ? "!~" : "~"} applied on unknown type pair`;
  return () => (isIn(left(), right()) ?? fail(fault)) !== negated;
}

/** The prefixes that the route's own is compared with, where that is known beforehand. */
function prefixTested(
  left: ScriptExpression,
  right: ScriptExpression,
  { changed }: ExpressionContext,
  withLonger: boolean,
): PrefixSet | undefined {
  if (left.kind !== "attribute" || left.attribute !== "prefix" || changed.has("prefix")) return undefined;
  if (right.kind !== "value") return undefined;
  const { value } = right;
  if (value.type === "prefixSet") return withLonger ? prefixSetOf(value.ranges) : undefined;
  if (value.type !== "prefix") return undefined;
  const { prefix } = value;
  const greatest = withLonger ? prefix.bytes.length * 8 : prefix.length;
  return prefixSetOf([{ prefix, least: prefix.length, greatest }]);
}

function prefixTest(set: PrefixSet, negated: boolean, { machine }: ExpressionContext): () => boolean {
  return () => {
    const { family, w0, w1, w2, w3, prefixLength } = machine.route;
    return set.has(family, w0, w1, w2, w3, prefixLength) !== negated;
  };
}
