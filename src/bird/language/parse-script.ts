// Functions and filters: declarations of variables and commands.

import type {
  Script,
  ScriptAttribute,
  ScriptBlock,
  ScriptExpression,
  ScriptSet,
  ScriptStatement,
  ScriptType,
} from "../../policy/script-ast.js";
import type { Position } from "../../policy/ast.js";
import type { FilterChoice } from "./declarations.js";
import { parseApplication, parseTerm } from "./parse-expression.js";
import { parseBranchValues } from "./parse-set.js";
import type { Reader } from "./reader.js";
import { DYNAMIC_ATTRIBUTES, isForeignAttribute, LIST_ATTRIBUTES, STATIC_ATTRIBUTES } from "./route-attributes.js";
import { checkDepth } from "./script-depth.js";

const TYPES: ReadonlyMap<string, ScriptType> = new Map([
  ["int", "int"],
  ["bool", "bool"],
  ["ip", "ip"],
  ["prefix", "prefix"],
  ["pair", "pair"],
  ["quad", "quad"],
  ["ec", "extendedCommunity"],
  ["lc", "largeCommunity"],
  ["string", "string"],
  ["bgpmask", "pathMask"],
  ["bgppath", "path"],
  ["clist", "communityList"],
  ["eclist", "extendedCommunityList"],
  ["lclist", "largeCommunityList"],
]);
const SET_TYPES: ReadonlyMap<ScriptType, ScriptType> = new Map([
  ...(["int", "pair", "quad", "extendedCommunity", "largeCommunity", "ip"] as const).map(
    (type) => [type, "set"] as const,
  ),
  ["prefix", "prefixSet"],
]);
const ENDINGS: ReadonlySet<string> = new Set(["accept", "reject", "error", "print", "printn", "quitbird"]);
const EDITS = ["prepend", "add", "delete", "filter"] as const;

/** `NAME(PARAMETERS) DECLARATIONS { COMMANDS }`, behind `function`. */
export function parseFunction(r: Reader): void {
  const name = r.symbol();
  const at = r.position();
  const symbol = { kind: "function" as const, parameterCount: 0 };
  r.define(name, symbol);
  r.symbols.enter();
  const frame = enterFrame(r);
  r.expect("(");
  if (!r.takeIf(")")) parseParameters(r);
  const parameterCount = frame.variables.length;
  r.scripts.set(name, parseBody(r, { name, at, parameterCount }));
  symbol.parameterCount = parameterCount;
  r.symbols.leave();
}

/** `NAME DECLARATIONS { COMMANDS }`, behind `filter`. */
export function parseFilter(r: Reader): void {
  const name = r.symbol();
  const at = r.position();
  r.define(name, { kind: "filter" });
  r.symbols.enter();
  enterFrame(r);
  r.scripts.set(name, parseBody(r, { name, at, parameterCount: 0 }));
  r.symbols.leave();
}

/** What follows `import` or `export`, except limits. An inline filter gets the name `inlineName`, which no symbol can have. */
export function parseFilterChoice(r: Reader, inlineName: string): FilterChoice {
  switch (r.take()) {
    case "all":
      return { kind: "all" };
    case "none":
      return { kind: "none" };
    case "filter":
      return parseFilterUse(r, inlineName);
    case "where": {
      const at = r.position();
      enterFrame(r);
      const condition = parseTerm(r);
      const then = [{ kind: "accept" as const, at }];
      const body: ScriptBlock = [
        { kind: "when", at, condition, then, otherwise: [] },
        { kind: "reject", at },
      ];
      r.frame = undefined;
      checkDepth(r, body);
      r.scripts.set(inlineName, { name: inlineName, at, parameters: [], locals: [], body });
      return { kind: "filter", script: inlineName, isInline: true };
    }
    default:
      return r.syntaxError();
  }
}

function parseFilterUse(r: Reader, inlineName: string): FilterChoice {
  const at = r.position();
  if (r.takeIf("SYMBOL")) {
    if (r.symbols.find(r.text)?.kind !== "filter") r.fail("No such filter.");
    return { kind: "filter", script: r.text, isInline: false };
  }
  enterFrame(r);
  r.scripts.set(inlineName, parseBody(r, { name: inlineName, at, parameterCount: 0 }));
  return { kind: "filter", script: inlineName, isInline: true };
}

function enterFrame(r: Reader): NonNullable<Reader["frame"]> {
  const frame = { variables: [] };
  r.frame = frame;
  return frame;
}

function parseParameters(r: Reader): void {
  do declareVariable(r);
  while (r.takeIf(";"));
  r.expect(")");
}

interface Heading {
  readonly name: string;
  readonly at: Position;
  readonly parameterCount: number;
}

/** Declarations and commands of the script whose frame was entered, which is left again. */
function parseBody(r: Reader, { name, at, parameterCount }: Heading): Script {
  while (r.peek() !== "{") {
    declareVariable(r);
    r.expect(";");
  }
  const body = parseCommands(r);
  const variables = r.frame?.variables ?? [];
  r.frame = undefined;
  checkDepth(r, body);
  return { name, at, parameters: variables.slice(0, parameterCount), locals: variables.slice(parameterCount), body };
}

function declareVariable(r: Reader): void {
  let type = TYPES.get(r.take());
  if (type === undefined) return r.syntaxError();
  while (r.takeIf("set")) {
    type = SET_TYPES.get(type) ?? r.fail("You can't create sets of this type.");
  }
  const name = r.symbol();
  const frame = r.frame ?? enterFrame(r);
  const variable = { name, type, slot: frame.variables.length };
  r.define(name, { kind: "variable", variable, owner: frame });
  frame.variables.push(variable);
}

/** `{ COMMANDS }`. */
export function parseCommands(r: Reader): ScriptBlock {
  r.expect("{");
  const commands: ScriptStatement[] = [];
  r.descend(1);
  while (!r.takeIf("}")) commands.push(parseCommand(r));
  r.ascend(1);
  return commands;
}

/** What `then` and `else` take: one command, or several in braces. */
function parseBlock(r: Reader): ScriptBlock {
  if (r.peek() === "{") return parseCommands(r);
  r.descend(1);
  const command = parseCommand(r);
  r.ascend(1);
  return [command];
}

function parseCommand(r: Reader): ScriptStatement {
  const word = r.take();
  const at = r.position();
  switch (word) {
    case "if":
      return parseIf(r, at);
    case "case":
      return parseCase(r, at);
    case "return": {
      const result = parseTerm(r);
      r.expect(";");
      return { kind: "return", at, value: result };
    }
    case "unset": {
      r.expect("(");
      const attribute = DYNAMIC_ATTRIBUTES.get(r.take()) ?? r.syntaxError();
      r.expect(")", ";");
      return { kind: "unsetAttribute", at, attribute };
    }
    case "preference":
      return { kind: "setAttribute", at, attribute: "preference", value: parseAssigned(r) };
    case "SYMBOL":
      return parseSymbolCommand(r, at, r.text);
    default:
      return ENDINGS.has(word) ? parsePrint(r, at, word) : parseAttributeCommand(r, at, word);
  }
}

function parseIf(r: Reader, at: Position): ScriptStatement {
  const condition = parseTerm(r);
  r.expect("then");
  const then = parseBlock(r);
  const otherwise = r.takeIf("else") ? parseBlock(r) : [];
  return { kind: "when", at, condition, then, otherwise };
}

function parseCase(r: Reader, at: Position): ScriptStatement {
  const subject = parseTerm(r);
  r.expect("{");
  const branches: { values: ScriptSet; body: ScriptBlock }[] = [];
  let otherwise: ScriptBlock = [];
  while (!r.takeIf("}")) {
    if (r.takeIf("else:")) otherwise = parseBranch(r);
    else {
      const values = parseBranchValues(r, parseTerm);
      r.expect(":");
      branches.push({ values, body: parseBranch(r) });
    }
  }
  return { kind: "case", at, subject, branches, otherwise };
}

/** What begins another branch of `case`, or ends it. */
const BRANCH_ENDS: ReadonlySet<string> = new Set(["}", "else:", "NUMBER", "(", "QUAD", "IP", "ENUM"]);

function parseBranch(r: Reader): ScriptBlock {
  const commands: ScriptStatement[] = [];
  r.descend(1);
  while (!BRANCH_ENDS.has(r.peek())) commands.push(parseCommand(r));
  r.ascend(1);
  return commands;
}

/** `= VALUE ;`. */
function parseAssigned(r: Reader): ScriptExpression {
  r.expect("=");
  const assigned = parseTerm(r);
  r.expect(";");
  return assigned;
}

function parseSymbolCommand(r: Reader, at: Position, name: string): ScriptStatement {
  if (r.takeIf("(")) {
    const expression = parseApplication(r, name);
    r.expect(";");
    return { kind: "evaluate", at, expression };
  }
  const assigned = parseAssigned(r);
  const symbol = r.symbols.find(name);
  if (symbol?.kind !== "variable") return r.fail("You may set only variables.");
  if (symbol.owner !== r.frame) r.notSupported("a variable of another filter");
  return { kind: "assign", at, variable: symbol.variable, value: assigned };
}

/** `accept`, `reject`, `print` and the like, with values to print. */
function parsePrint(r: Reader, at: Position, word: string): ScriptStatement {
  const values: ScriptExpression[] = [];
  while (r.peek() !== ";") {
    values.push(parseTerm(r));
    if (!r.takeIf(",")) break;
  }
  r.expect(";");
  if (word === "quitbird") r.notSupported("quitbird");
  if ((word === "accept" || word === "reject") && values.length === 0) return { kind: word, at };
  const then = word === "accept" || word === "reject" || word === "error" ? word : "goOn";
  return { kind: "print", at, values, then };
}

function parseAttributeCommand(r: Reader, at: Position, word: string): ScriptStatement {
  const fixed = STATIC_ATTRIBUTES.get(word);
  if (fixed !== undefined || word === "cast") {
    const assigned = parseAssigned(r);
    if (fixed?.maySet !== true) return r.fail("This static attribute is read-only.");
    return { kind: "setAttribute", at, attribute: fixed.attribute, value: assigned };
  }
  const attribute = DYNAMIC_ATTRIBUTES.get(word);
  if (attribute !== undefined) return parseDynamicCommand(r, at, attribute);
  return isForeignAttribute(word) ? r.notSupported(`attribute ${word}`) : r.syntaxError();
}

function parseDynamicCommand(r: Reader, at: Position, attribute: ScriptAttribute): ScriptStatement {
  if (!r.takeIf(".")) return { kind: "setAttribute", at, attribute, value: parseAssigned(r) };
  if (r.takeIf("empty")) {
    r.expect(";");
    if (!LIST_ATTRIBUTES.has(attribute)) r.fail("Can't empty that attribute");
    return { kind: "editAttribute", at, attribute, operation: "empty", value: undefined };
  }
  const word = r.take();
  const operation = EDITS.find((each) => each === word) ?? r.syntaxError();
  r.expect("(");
  const operand = parseTerm(r);
  r.expect(")", ";");
  return { kind: "editAttribute", at, attribute, operation, value: operand };
}
