// Values that are known when the file is read: of `define`, of numbers in parentheses, of the items of sets.

import type { ScriptExpression, ScriptOperator, ScriptType, ScriptValue } from "../../policy/script-ast.js";
import type { Reader } from "./reader.js";

/** Undefined: it fails when it runs (wrong types, division by 0, a route's attribute, for there is no route). */
export function evaluate(r: Reader, expression: ScriptExpression): ScriptValue | undefined {
  const valueOf = (operand: ScriptExpression): ScriptValue | undefined => evaluate(r, operand);
  switch (expression.kind) {
    case "value":
      return expression.value;
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
      return compare(r, expression.operator, valueOf(expression.left), valueOf(expression.right));
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

const ORDERED: ReadonlySet<ScriptType> = new Set(["int", "pair", "quad"]);

function compare(
  r: Reader,
  operator: Extract<ScriptExpression, { kind: "compareValues" }>["operator"],
  left: ScriptValue | undefined,
  right: ScriptValue | undefined,
): ScriptValue | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (!("value" in left) || !("value" in right) || typeof left.value === "object" || typeof right.value === "object") {
    return r.notSupported("this comparison, where a constant is needed,");
  }
  const isSameKind = left.type === right.type;
  if (operator === "=") return bool(isSameKind && left.value === right.value);
  if (operator === "!=") return bool(!isSameKind || left.value !== right.value);
  if (!isSameKind || !ORDERED.has(left.type)) return undefined;
  if (operator === "<") return bool(left.value < right.value);
  if (operator === "<=") return bool(left.value <= right.value);
  if (operator === ">") return bool(left.value > right.value);
  return bool(left.value >= right.value);
}
