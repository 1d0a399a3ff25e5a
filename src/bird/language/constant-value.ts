// Values that are known when the file is read: of `define`, of numbers in parentheses, of the items of sets.

import type { PathMaskItem, ScriptExpression, ScriptOperator, ScriptValue } from "../../policy/script-ast.js";
import { compareValues, equalValues, quadOf } from "../../policy/script-value.js";
import { packExtendedCommunity } from "./extended-community.js";
import type { Reader } from "./reader.js";
import { checkDepth } from "./script-depth.js";

/** Undefined: it fails when it runs (wrong types, division by 0, a route's attribute, for there is no route). */
export function evaluate(r: Reader, expression: ScriptExpression): ScriptValue | undefined {
  checkDepth(r, expression);
  return evaluateFurther(r, expression);
}

function evaluateFurther(r: Reader, expression: ScriptExpression): ScriptValue | undefined {
  const valueOf = (operand: ScriptExpression): ScriptValue | undefined => evaluateFurther(r, operand);
  switch (expression.kind) {
    case "value":
      return expression.value.type === "pathMask" ? maskOf(r, expression.value.items) : expression.value;
    case "variable":
    case "attribute":
      return undefined;
    case "emptyList":
      return emptyList(expression.type);
    case "isDefined":
      return bool(valueOf(expression.operand) !== undefined);
    case "calculate":
      return calculate(expression.operator, valueOf(expression.left), valueOf(expression.right));
    case "compareValues":
      return compare(expression.operator, valueOf(expression.left), valueOf(expression.right));
    case "pairOf":
    case "extendedCommunityOf":
    case "largeCommunityOf":
      return tuple(expression, expression.parts.map(valueOf));
    case "negation": {
      const operand = valueOf(expression.operand);
      return operand?.type === "bool" ? bool(!operand.value) : undefined;
    }
    case "and":
    case "or": {
      const left = valueOf(expression.left);
      if (left?.type !== "bool") return undefined;
      if (left.value === (expression.kind === "or")) return left;
      const right = valueOf(expression.right);
      return right?.type === "bool" ? right : undefined;
    }
    default:
      return r.notSupported("this expression, where a constant is needed,");
  }
}

/** The number that an expression gives; anything else is BIRD's error. */
export function evaluateNumber(r: Reader, expression: ScriptExpression): number {
  const value = evaluate(r, expression);
  if (value?.type !== "int") return r.fail("Integer expression expected");
  return value.value;
}

export function bool(value: boolean): ScriptValue {
  return { type: "bool", value };
}

export function int(value: number): ScriptValue {
  return { type: "int", value };
}

/** A mask whose numbers are known. */
function maskOf(r: Reader, items: readonly PathMaskItem[]): ScriptValue | undefined {
  const known: PathMaskItem[] = [];
  for (const item of items) {
    if (item.kind !== "expression") {
      known.push(item);
      continue;
    }
    const value = evaluateFurther(r, item.expression);
    if (value?.type !== "int") return undefined;
    known.push({ kind: "as", as: value.value });
  }
  return { type: "pathMask", items: known };
}

function tuple(
  { kind, ...rest }: Extract<ScriptExpression, { kind: "pairOf" | "extendedCommunityOf" | "largeCommunityOf" }>,
  parts: readonly (ScriptValue | undefined)[],
): ScriptValue | undefined {
  const [a, b, c] = parts;
  if (b?.type !== "int") return undefined;
  if (kind === "extendedCommunityOf" && "of" in rest) {
    const address = quadOf(a);
    const key = address === undefined ? a : { type: "quad" as const, value: address };
    if (key?.type !== "int" && key?.type !== "quad") return undefined;
    const value = packExtendedCommunity(rest.of, key, b.value);
    return value === undefined ? undefined : { type: "extendedCommunity", value };
  }
  if (a?.type !== "int") return undefined;
  if (kind === "pairOf") return a.value > 0xffff || b.value > 0xffff ? undefined : pairValue(a.value, b.value);
  return c?.type === "int" ? { type: "largeCommunity", value: [a.value, b.value, c.value] } : undefined;
}

function pairValue(high: number, low: number): ScriptValue {
  return { type: "pair", value: ((high << 16) | low) >>> 0 };
}

function emptyList(type: Extract<ScriptExpression, { kind: "emptyList" }>["type"]): ScriptValue {
  return type === "path" ? { type, path: [] } : { type, values: [] };
}

function calculate(
  operator: ScriptOperator,
  left: ScriptValue | undefined,
  right: ScriptValue | undefined,
): ScriptValue | undefined {
  if (left?.type !== "int" || right?.type !== "int") return undefined;
  switch (operator) {
    case "+":
      return int((left.value + right.value) >>> 0);
    case "-":
      return int((left.value - right.value) >>> 0);
    case "*":
      return int(Math.imul(left.value, right.value) >>> 0);
    case "/":
      return right.value === 0 ? undefined : int(Math.floor(left.value / right.value));
  }
}

function compare(
  operator: Extract<ScriptExpression, { kind: "compareValues" }>["operator"],
  left: ScriptValue | undefined,
  right: ScriptValue | undefined,
): ScriptValue | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (operator === "=") return bool(equalValues(left, right));
  if (operator === "!=") return bool(!equalValues(left, right));
  const order = compareValues(left, right);
  if (order === undefined) return undefined;
  if (operator === "<") return bool(order < 0);
  if (operator === "<=") return bool(order <= 0);
  if (operator === ">") return bool(order > 0);
  return bool(order >= 0);
}
