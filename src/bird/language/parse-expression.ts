// Expressions of filters, by precedence: `&&` and `||` (alike), comparisons (which do not chain), sums, products, `!`,
// and the dot. Symbols are resolved here, so they must have been defined before.

import type { PathMaskItem, ScriptExpression, ScriptOperator, ScriptValue } from "../../policy/script-ast.js";
import { bool, int } from "./constant-value.js";
import { enumValue, parseFilterPrefix, parseSet } from "./parse-set.js";
import type { Reader } from "./reader.js";
import { DYNAMIC_ATTRIBUTES, isForeignAttribute, STATIC_ATTRIBUTES } from "./route-attributes.js";
import { COMMUNITY_KINDS, extendedCommunityOf, largeCommunityOf, pairOf, parseCommunityKind } from "./tuples.js";

type Comparison = Extract<ScriptExpression, { kind: "compareValues" }>["operator"];
type Member = Extract<ScriptExpression, { kind: "member" }>["member"];
type Junction = "and" | "or";
type EmptyList = Extract<ScriptExpression, { kind: "emptyList" }>["type"];

/** What an expression in another takes of the stack, in commands. */
const TERM_LEVELS = 2;
const COMPARISONS: ReadonlySet<string> = new Set(["=", "!=", "<", "<=", ">", ">=", "~", "!~"]);
const MEMBERS: ReadonlyMap<string, Member> = new Map([
  ["len", "length"],
  ["first", "first"],
  ["last", "last"],
  ["last_nonaggregated", "lastNonAggregated"],
  ["ip", "ip"],
]);
/** By the number of dashes around `empty`. */
const EMPTY_LISTS: readonly (EmptyList | undefined)[] = [
  undefined,
  "communityList",
  "extendedCommunityList",
  "largeCommunityList",
];

export function parseTerm(r: Reader): ScriptExpression {
  r.descend(TERM_LEVELS);
  let left = parseComparison(r);
  for (let kind = parseJunction(r); kind !== undefined;) {
    const operands = [left];
    let next: typeof kind | undefined = kind;
    for (; next === kind; next = parseJunction(r)) operands.push(parseComparison(r));
    left = joined(kind, operands);
    kind = next;
  }
  r.ascend(TERM_LEVELS);
  return left;
}

function parseJunction(r: Reader): Junction | undefined {
  return r.takeIf("&&") ? "and" : r.takeIf("||") ? "or" : undefined;
}

/** Halved instead of one after the other, which is the same: thousands of operands must not nest a thousand deep. */
function joined(kind: Junction, operands: readonly ScriptExpression[]): ScriptExpression {
  if (operands.length === 1) return operands[0];
  const half = Math.ceil(operands.length / 2);
  return { kind, left: joined(kind, operands.slice(0, half)), right: joined(kind, operands.slice(half)) };
}

function parseComparison(r: Reader): ScriptExpression {
  const left = parseSum(r);
  const operator = r.peek();
  if (!COMPARISONS.has(operator)) return left;
  r.take();
  const right = parseSum(r);
  if (COMPARISONS.has(r.peek())) r.syntaxError();
  if (operator === "~" || operator === "!~") return { kind: "isIn", left, right, negated: operator === "!~" };
  return { kind: "compareValues", operator: operator as Comparison, left, right };
}

function parseSum(r: Reader): ScriptExpression {
  return parseChain(r, ["+", "-"], parseProduct);
}

function parseProduct(r: Reader): ScriptExpression {
  return parseChain(r, ["*", "/"], parseNegation);
}

function parseChain(
  r: Reader,
  operators: readonly [ScriptOperator, ScriptOperator],
  operand: (r: Reader) => ScriptExpression,
): ScriptExpression {
  let left = operand(r);
  for (;;) {
    const next = r.peek();
    const operator = operators.find((each) => each === next);
    if (operator === undefined) return left;
    r.take();
    left = { kind: "calculate", operator, left, right: operand(r) };
  }
}

function parseNegation(r: Reader): ScriptExpression {
  let negations = 0;
  while (r.takeIf("!")) negations++;
  let operand = parsePrimary(r);
  while (r.takeIf(".")) operand = parseMember(r, operand);
  for (; negations > 0; negations--) operand = { kind: "negation", operand };
  return operand;
}

function parseMember(r: Reader, operand: ScriptExpression): ScriptExpression {
  const member = MEMBERS.get(r.peek());
  if (member !== undefined) {
    r.take();
    return { kind: "member", member, operand };
  }
  r.expect("mask", "(");
  const length = parseTerm(r);
  r.expect(")");
  return { kind: "mask", operand, length };
}

function parsePrimary(r: Reader): ScriptExpression {
  const kind = r.take();
  switch (kind) {
    case "(":
      return parseParenthesis(r);
    case "NUMBER":
      return value(int(r.number));
    case "true":
    case "false":
      return value(bool(kind === "true"));
    case "TEXT":
      return value({ type: "string", value: r.text });
    case "QUAD":
      return value({ type: "quad", value: r.number });
    case "ENUM":
      return value(enumValue(r));
    case "IP":
      return parseAddress(r);
    case "SYMBOL":
      return parseSymbol(r, r.text);
    case "[":
      return value(parseSet(r, parseTerm));
    case "[=":
      return value({ type: "pathMask", items: parseMask(r) });
    case "/":
      return value({ type: "pathMask", items: parseOldMask(r) });
    case "+":
      r.expect("empty", "+");
      return { kind: "emptyList", type: "path" };
    case "-":
      return parseEmptyList(r);
    default:
      return parseWord(r, kind);
  }
}

function value(constant: ScriptValue): ScriptExpression {
  return { kind: "value", value: constant };
}

function parseWord(r: Reader, word: string): ScriptExpression {
  switch (word) {
    case "defined": {
      r.expect("(");
      const operand = parseTerm(r);
      r.expect(")");
      return { kind: "isDefined", operand };
    }
    case "preference":
      return { kind: "attribute", attribute: "preference" };
    case "prepend":
    case "add":
    case "delete":
    case "filter":
      return parseEdited(r, word);
    case "roa_check":
      return r.notSupported("roa_check");
  }
  const attribute = STATIC_ATTRIBUTES.get(word)?.attribute ?? DYNAMIC_ATTRIBUTES.get(word);
  if (attribute !== undefined) return { kind: "attribute", attribute };
  return isForeignAttribute(word) ? r.notSupported(`attribute ${word}`) : r.syntaxError();
}

/** Behind `(`: a term in parentheses, or a community of two or three parts. */
function parseParenthesis(r: Reader): ScriptExpression {
  if (COMMUNITY_KINDS.has(r.peek())) {
    const kind = parseCommunityKind(r);
    r.expect(",");
    const key = parseTerm(r);
    r.expect(",");
    const data = parseTerm(r);
    r.expect(")");
    return extendedCommunityOf(r, kind, [key, data]);
  }
  const first = parseTerm(r);
  if (r.takeIf(")")) return first;
  r.expect(",");
  const second = parseTerm(r);
  if (r.takeIf(")")) return pairOf(r, [first, second]);
  r.expect(",");
  const third = parseTerm(r);
  r.expect(")");
  return largeCommunityOf(r, [first, second, third]);
}

function parseAddress(r: Reader): ScriptExpression {
  const bytes = r.bytes;
  if (r.peek() !== "/") return value({ type: "ip", bytes });
  return value({ type: "prefix", prefix: parseFilterPrefix(r, bytes) });
}

function parseSymbol(r: Reader, name: string): ScriptExpression {
  return r.takeIf("(") ? parseApplication(r, name) : resolve(r, name);
}

/** A constant or a variable. */
function resolve(r: Reader, name: string): ScriptExpression {
  const symbol = r.symbols.find(name);
  if (symbol?.kind === "constant") return value(symbol.value);
  if (symbol?.kind !== "variable") return r.fail(`${name}: variable expected.`);
  if (symbol.owner !== r.frame) r.notSupported("a variable of another filter");
  return { kind: "variable", variable: symbol.variable };
}

/** The arguments and the `)`; checked only then, as BIRD does. */
export function parseApplication(r: Reader, name: string): ScriptExpression {
  const operands: ScriptExpression[] = [];
  if (!r.takeIf(")")) {
    do operands.push(parseTerm(r));
    while (r.takeIf(","));
    r.expect(")");
  }
  const symbol = r.symbols.find(name);
  if (symbol?.kind !== "function") return r.fail("You can't call something which is not a function. Really.");
  if (symbol.parameterCount !== operands.length) r.fail(`Wrong number of arguments for function ${name}.`);
  // In BIRD such a call does nothing and gives nothing: nobody means that.
  if (!r.scripts.has(name)) r.notSupported("a function that calls itself");
  return { kind: "apply", script: name, operands };
}

function parseEdited(r: Reader, operation: "prepend" | "add" | "delete" | "filter"): ScriptExpression {
  r.expect("(");
  const list = parseTerm(r);
  r.expect(",");
  const item = parseTerm(r);
  r.expect(")");
  return { kind: "edited", operation, list, value: item };
}

/** Behind the first `-` of `-empty-` and its longer kin. */
function parseEmptyList(r: Reader): ScriptExpression {
  let dashes = 1;
  while (dashes < 3 && r.takeIf("-")) dashes++;
  r.expect("empty");
  for (let i = 0; i < dashes; i++) r.expect("-");
  const type = EMPTY_LISTS[dashes];
  return type === undefined ? r.syntaxError() : { kind: "emptyList", type };
}

/** Behind `[=`. */
function parseMask(r: Reader): readonly PathMaskItem[] {
  const items: PathMaskItem[] = [];
  while (!r.takeIf("=]")) items.push(parseMaskItem(r));
  return items;
}

function parseMaskItem(r: Reader): PathMaskItem {
  switch (r.take()) {
    case "NUMBER": {
      const least = r.number;
      if (!r.takeIf("..")) return { kind: "as", as: least };
      r.expect("NUMBER");
      return { kind: "range", least, greatest: r.number };
    }
    case "*":
      return { kind: "any" };
    case "?":
      return { kind: "one" };
    case "(": {
      const expression = parseTerm(r);
      r.expect(")");
      return { kind: "expression", expression };
    }
    case "SYMBOL":
      return { kind: "expression", expression: resolve(r, r.text) };
    default:
      return r.syntaxError();
  }
}

/** `/ 1 2 ? /`, where `?` stands for any run of AS numbers. */
function parseOldMask(r: Reader): readonly PathMaskItem[] {
  const items: PathMaskItem[] = [];
  for (;;) {
    if (r.takeIf("NUMBER")) items.push({ kind: "as", as: r.number });
    else if (r.takeIf("?")) items.push({ kind: "any" });
    else {
      r.expect("/");
      return items;
    }
  }
}
