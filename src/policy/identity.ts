// What the RIB and a reload must know of a filter without running it: whether it looks at the prefix, at the receiving
// peer or at nothing but the source, and a text that is equal for equal filters. Both are read off the folded AST.

import { createHash } from "node:crypto";
import { toHex } from "../base/bytes.js";
import type { Block, Expression, Policy, Statement } from "./ast.js";
import { fieldFacts, type FieldName } from "./values.js";

/** The properties of Filter that follow from the fields its policies read. */
export function dependenciesOf(policies: Iterable<Policy>): {
  readonly readsPrefix: boolean;
  readonly readsPeer: boolean;
  readonly isPerSource: boolean;
} {
  let readsPrefix = false;
  let readsPeer = false;
  let isPerSource = true;
  for (const policy of policies) {
    if (editsIn(policy.body)) isPerSource = false;
    for (const field of fieldsOfBlock(policy.body)) {
      readsPrefix ||= fieldFacts(field).readsPrefix === true;
      readsPeer ||= fieldFacts(field).readsPeer === true;
      isPerSource &&= fieldFacts(field).isOfSource === true;
    }
  }
  return { readsPrefix, readsPeer, isPerSource };
}

/** True if a statement changes the route. */
function editsIn(block: Block): boolean {
  return block.some((statement) => {
    switch (statement.kind) {
      case "if":
        return editsIn(statement.then) || editsIn(statement.otherwise);
      case "accept":
      case "reject":
      case "next":
      case "call":
        return false;
      default:
        return true;
    }
  });
}

function fieldsOfBlock(block: Block): readonly FieldName[] {
  return block.flatMap(fieldsOfStatement);
}

function fieldsOfStatement(statement: Statement): readonly FieldName[] {
  switch (statement.kind) {
    case "if":
      return [
        ...fieldsOf(statement.condition),
        ...fieldsOfBlock(statement.then),
        ...fieldsOfBlock(statement.otherwise),
      ];
    case "set":
      return fieldsOf(statement.value);
    case "prepend":
      return statement.asNumbers.flatMap(fieldsOf);
    default:
      return [];
  }
}

function fieldsOf(expression: Expression): readonly FieldName[] {
  switch (expression.kind) {
    case "field":
    case "defined":
      return [expression.field];
    case "not":
      return fieldsOf(expression.operand);
    case "all":
    case "any":
      return expression.operands.flatMap(fieldsOf);
    case "compare":
    case "arithmetic":
      return [...fieldsOf(expression.left), ...fieldsOf(expression.right)];
    case "match":
      return fieldsOf(expression.left);
    default:
      return [];
  }
}

const LONGEST_PLAIN = 256;

/** A text that is equal exactly for chains that do and say the same. Positions are left out: moving a policy within its
 *  file changes nothing; names stay in, they are part of what a verdict says. Long texts are shown by their SHA-256. */
export function identityOf(
  chain: readonly string[],
  policies: ReadonlyMap<string, Policy>,
  fallThrough: string,
): string {
  const bodies = [...policies.values()]
    .map(({ name, body }) => [name, body] as const)
    .sort((a, b) => (a[0] < b[0] ? -1 : 1));
  const text = JSON.stringify({ chain, bodies, fallThrough }, plainValue);
  return text.length <= LONGEST_PLAIN ? text : `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

function plainValue(key: string, value: unknown): unknown {
  if (key === "at") return undefined;
  if (value instanceof Uint8Array) return toHex(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
