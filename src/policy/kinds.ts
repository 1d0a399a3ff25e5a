// The kind of value that an expression gives. Shared by the static checks and the compiler.

import { unreachable } from "../base/invariant.js";
import type { Expression } from "./ast.js";
import { fieldFacts, type ValueKind } from "./values.js";

/** Kind of the value of `expression`, by its outermost node only: operands may still be of wrong kinds. */
export function kindOf(expression: Expression): ValueKind {
  switch (expression.kind) {
    case "field":
      return fieldFacts(expression.field).kind;
    case "number":
    case "arithmetic":
    case "localAs":
      return "number";
    case "text":
    case "address":
    case "prefix":
      return expression.kind;
    case "boolean":
    case "defined":
    case "not":
    case "all":
    case "any":
    case "compare":
    case "match":
      return "boolean";
    default:
      return unreachable(expression);
  }
}
