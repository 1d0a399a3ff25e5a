// Works out beforehand what does not depend on the route: constant conditions, arithmetic, `localAs`, statements behind a
// verdict. The result is again an AST; compile.ts makes closures of it and takes its text as the filter's identity.

import { unreachable } from "../base/invariant.js";
import type { ArithmeticOperator, Block, CompareOperator, Expression, Policy, Statement } from "./ast.js";

/** Folds a policy for sessions in which our AS is `localAs`. */
export function foldPolicy(policy: Policy, localAs: number): Policy {
  return { ...policy, body: foldBlock(policy.body, localAs) };
}

function foldBlock(block: Block, localAs: number): Block {
  const folded: Statement[] = [];
  for (const statement of block) {
    for (const part of foldStatement(statement, localAs)) {
      folded.push(part);
      if (endsBlock(part)) return folded;
    }
  }
  return folded;
}

/** True if nothing behind the statement in the same block can run. */
export function endsBlock(statement: Statement): boolean {
  switch (statement.kind) {
    case "accept":
    case "reject":
    case "next":
      return true;
    case "if":
      return statement.then.some(endsBlock) && statement.otherwise.some(endsBlock);
    default:
      return false;
  }
}

function foldStatement(statement: Statement, localAs: number): readonly Statement[] {
  switch (statement.kind) {
    case "if":
      return foldIf(statement, localAs);
    case "set":
      return [{ ...statement, value: foldExpression(statement.value, localAs) }];
    case "prepend":
      return [{ ...statement, asNumbers: statement.asNumbers.map((as) => foldExpression(as, localAs)) }];
    default:
      return [statement];
  }
}

function foldIf(statement: Extract<Statement, { kind: "if" }>, localAs: number): readonly Statement[] {
  const condition = foldExpression(statement.condition, localAs);
  if (condition.kind === "boolean") return foldBlock(condition.value ? statement.then : statement.otherwise, localAs);
  const then = foldBlock(statement.then, localAs);
  const otherwise = foldBlock(statement.otherwise, localAs);
  return then.length === 0 && otherwise.length === 0 ? [] : [{ ...statement, condition, then, otherwise }];
}

/** The expression with every constant part worked out; positions stay. Without `localAs` that one stays open. */
export function foldExpression(expression: Expression, localAs: number | undefined): Expression {
  switch (expression.kind) {
    case "localAs":
      return localAs === undefined ? expression : { kind: "number", value: localAs, at: expression.at };
    case "not": {
      const operand = foldExpression(expression.operand, localAs);
      if (operand.kind === "boolean") return { ...operand, value: !operand.value };
      return operand.kind === "not" ? operand.operand : { ...expression, operand };
    }
    case "all":
    case "any":
      return foldList(expression, localAs);
    case "compare":
      return foldCompare(expression, localAs);
    case "match":
      return { ...expression, left: foldExpression(expression.left, localAs) };
    case "arithmetic": {
      const left = foldExpression(expression.left, localAs);
      const right = foldExpression(expression.right, localAs);
      if (left.kind !== "number" || right.kind !== "number") return { ...expression, left, right };
      return { kind: "number", value: calculate(expression.operator, left.value, right.value), at: expression.at };
    }
    case "boolean":
    case "number":
    case "text":
    case "address":
    case "prefix":
    case "field":
    case "defined":
      return expression;
    default:
      return unreachable(expression);
  }
}

function foldList(expression: Extract<Expression, { kind: "all" | "any" }>, localAs: number | undefined): Expression {
  // `true` is neutral in all and decides any; `false` the other way round.
  const neutral = expression.kind === "all";
  const operands: Expression[] = [];
  for (const operand of expression.operands) {
    const folded = foldExpression(operand, localAs);
    if (folded.kind === "boolean" && folded.value !== neutral)
      return { kind: "boolean", value: !neutral, at: expression.at };
    if (folded.kind === expression.kind && "operands" in folded) operands.push(...folded.operands);
    else if (folded.kind !== "boolean") operands.push(folded);
  }
  if (operands.length === 0) return { kind: "boolean", value: neutral, at: expression.at };
  return operands.length === 1 ? operands[0] : { ...expression, operands };
}

function foldCompare(expression: Extract<Expression, { kind: "compare" }>, localAs: number | undefined): Expression {
  const left = foldExpression(expression.left, localAs);
  const right = foldExpression(expression.right, localAs);
  const a = constantOf(left);
  const b = constantOf(right);
  if (a === undefined || b === undefined || typeof a !== typeof b) return { ...expression, left, right };
  return { kind: "boolean", value: compareValues(expression.operator, a, b), at: expression.at };
}

function constantOf(expression: Expression): number | string | boolean | undefined {
  return expression.kind === "number" || expression.kind === "text" || expression.kind === "boolean"
    ? expression.value
    : undefined;
}

/** Compares two values of one kind; an absent one is smaller than any other and equal to none (ast.ts). */
export function compareValues<Value extends number | string | boolean>(
  operator: CompareOperator,
  a: Value | undefined,
  b: Value | undefined,
): boolean {
  if (operator === "=") return a !== undefined && a === b;
  if (operator === "!=") return a === undefined || a !== b;
  const order =
    a === undefined || b === undefined ? Number(a !== undefined) - Number(b !== undefined) : a < b ? -1 : a > b ? 1 : 0;
  switch (operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    default:
      return unreachable(operator);
  }
}

/** Unsigned 32-bit arithmetic that wraps, as in BIRD. */
export function calculate(operator: ArithmeticOperator, a: number, b: number): number {
  switch (operator) {
    case "+":
      return (a + b) >>> 0;
    case "-":
      return (a - b) >>> 0;
    case "*":
      return Math.imul(a, b) >>> 0;
    default:
      return unreachable(operator);
  }
}
