// Filters that nobody would write: well-typed for the most part, ill-typed now and then, for BIRD and for us. Left out is
// what differs on purpose (docs/bird-filters.md) or what the parser of BIRD refuses before a filter runs.

import fc from "fast-check";
import { makePrefix } from "../../../src/base/ip.js";
import type {
  PathMaskItem,
  Script,
  ScriptAttribute,
  ScriptBlock,
  ScriptExpression,
  ScriptSet,
  ScriptStatement,
  ScriptValue,
  ScriptVariable,
} from "../../../src/policy/script-ast.js";
import {
  ADDRESSES,
  AT,
  FUNCTIONS,
  int,
  LOCALS,
  type MadeType,
  READABLE,
  setPoint,
  type SetType,
  TYPES,
  UNSETTABLE,
  variables,
  WRITABLE,
} from "./script-vocabulary.js";

/** Draws from a stream of numbers. */
class Maker {
  readonly #draw: (below: number) => number;
  readonly #variables: readonly ScriptVariable[];
  readonly #applies: boolean;
  readonly #isFunction: boolean;
  /** BIRD says nothing of what is bad in a tree of constants only: it does not start. */
  #room = 60;

  constructor(
    draw: (below: number) => number,
    scope: { readonly variables: readonly ScriptVariable[]; readonly applies: boolean; readonly isFunction: boolean },
  ) {
    this.#draw = draw;
    this.#variables = scope.variables;
    this.#applies = scope.applies;
    this.#isFunction = scope.isFunction;
  }

  block(depth: number, least = 1): ScriptBlock {
    const length = least + this.#draw(4);
    return Array.from({ length }, () => this.#statement(depth));
  }

  /** Values for most of the variables: without, they have none. */
  start(): ScriptBlock {
    return this.#variables
      .filter(() => this.#draw(8) < 7)
      .map((variable) => ({ kind: "assign", variable, value: this.#value(variable.type as MadeType), at: AT }));
  }

  /** How it ends. What is taken away goes last: BIRD goes on reading what the route had. */
  end(): ScriptBlock {
    const unset = Array.from({ length: this.#draw(3) }, (): ScriptStatement => {
      return { kind: "unsetAttribute", attribute: this.#pick(UNSETTABLE), at: AT };
    });
    return [...unset, this.#last()];
  }

  #last(): ScriptStatement {
    return { kind: this.#draw(5) === 4 ? "reject" : "accept", at: AT };
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#draw(items.length)];
  }

  #statement(depth: number): ScriptStatement {
    const kind = this.#draw(depth > 0 ? 14 : 9);
    switch (kind) {
      case 0:
      case 1:
      case 2: {
        const [attribute, type] = this.#pick(WRITABLE);
        return { kind: "setAttribute", attribute, value: this.#expression(type, 2), at: AT };
      }
      case 3:
      case 4:
      case 5:
        return this.#edit();
      case 6: {
        const variable = this.#pick(this.#variables);
        return { kind: "assign", variable, value: this.#expression(variable.type as MadeType, 2), at: AT };
      }
      case 7:
        return this.#applies ? { kind: "evaluate", expression: this.#application(), at: AT } : this.#edit();
      case 8:
        return this.#isFunction && this.#draw(3) === 0
          ? { kind: "return", value: this.#expression(this.#pick(TYPES), 1), at: AT }
          : this.#draw(4) === 0
            ? this.#last()
            : this.#edit();
      case 9:
        return this.#case(depth);
      default: {
        const otherwise = this.#draw(2) === 0 ? [] : this.block(depth - 1);
        const condition = this.#expression("bool", 3);
        return { kind: "when", condition, then: this.block(depth - 1), otherwise, at: AT };
      }
    }
  }

  #edit(): ScriptStatement {
    const [attribute, kind] = this.#pick([
      ["communities", "pair"],
      ["largeCommunities", "largeCommunity"],
      ["extendedCommunities", "extendedCommunity"],
      ["clusterList", "quad"],
      ["asPath", "int"],
    ] as const);
    if (this.#draw(8) === 7) {
      return { kind: "editAttribute", attribute, operation: "empty", value: undefined, at: AT };
    }
    if (attribute === "asPath" && this.#draw(2) === 0) {
      return { kind: "editAttribute", attribute, operation: "prepend", value: this.#expression("int", 1), at: AT };
    }
    const { operation, value } = this.#operation(kind, attribute);
    return { kind: "editAttribute", attribute, operation, value, at: AT };
  }

  /** What is done to a list, and with what: something that goes together, most often. */
  #operation(
    kind: MadeType,
    list: ScriptAttribute | "path" | "list",
  ): { readonly operation: "add" | "delete" | "filter"; readonly value: ScriptExpression } {
    const isPath = list === "asPath" || list === "path";
    const operation = this.#pick(isPath ? (["delete", "filter"] as const) : (["add", "delete", "filter"] as const));
    const isWild = this.#draw(30) === 29;
    const set = (): ScriptExpression =>
      kind === "quad" ? { kind: "value", value: this.#set("ip") } : { kind: "value", value: this.#set(kind as "pair") };
    if (isWild) return { operation: this.#draw(4) === 0 ? "add" : operation, value: this.#editOperand(kind, "asPath") };
    if (operation === "filter") return { operation, value: set() };
    if (operation === "delete" && this.#draw(2) === 0) return { operation, value: set() };
    return {
      operation,
      value: isPath || list === "list" ? this.#expression(kind, 1) : this.#editOperand(kind, list, 1),
    };
  }

  #editOperand(kind: MadeType, list: ScriptAttribute, least = 0): ScriptExpression {
    const choice = least + this.#draw(4 - least);
    if (choice === 0 && kind !== "quad") return { kind: "value", value: this.#set(kind as "pair") };
    if (choice === 1 && list !== "asPath") {
      const type = READABLE.communityList.includes(list) ? "communityList" : (`${kind}List` as MadeType);
      return this.#expression(type, 1);
    }
    return this.#expression(kind, 1);
  }

  #case(depth: number): ScriptStatement {
    const type = this.#pick(["int", "pair", "ip"] as const);
    const values = this.#set(type);
    // Each range a branch of its own.
    const branches = values.ranges.map((range) => ({
      values: { ...values, ranges: [range] },
      body: this.block(depth - 1),
    }));
    const attribute: ScriptAttribute = type === "ip" ? "gateway" : "med";
    const subject: ScriptExpression = type === "pair" ? this.#value("pair") : { kind: "attribute", attribute };
    return { kind: "case", subject, branches, otherwise: this.block(depth - 1), at: AT };
  }

  /** An expression that should be of the type; one in eighty is of any. */
  #expression(type: MadeType, depth: number): ScriptExpression {
    this.#room--;
    const wanted = this.#draw(80) === 79 ? this.#pick(TYPES) : type;
    if (wanted === "bool" && depth > 0 && this.#room > 0 && this.#draw(8) < 7) return this.#test(depth - 1);
    if (depth > 0 && this.#room > 0 && this.#draw(2) === 0) return this.#made(wanted, depth - 1);
    return this.#leaf(wanted);
  }

  #leaf(type: MadeType): ScriptExpression {
    const locals = this.#variables.filter((variable) => variable.type === type);
    if (locals.length > 0 && this.#draw(3) === 0) return { kind: "variable", variable: this.#pick(locals) };
    const attributes = READABLE[type];
    if (attributes.length > 0 && this.#draw(attributes === READABLE.int ? 4 : 2) === 0)
      return { kind: "attribute", attribute: this.#pick(attributes) };
    return this.#value(type);
  }

  #made(type: MadeType, depth: number): ScriptExpression {
    switch (type) {
      case "int": {
        if (this.#draw(3) === 0) return this.#measure(depth);
        const operator = this.#pick(["+", "-", "*", "/"] as const);
        return {
          kind: "calculate",
          operator,
          left: this.#expression("int", depth),
          right: this.#expression("int", depth),
        };
      }
      case "pair":
        // Parts that are constants are checked when BIRD starts.
        return {
          kind: "pairOf",
          parts: [this.#small(), this.#draw(8) === 7 ? this.#expression("int", 0) : this.#small()],
        };
      case "largeCommunity":
        return {
          kind: "largeCommunityOf",
          parts: [this.#small(), this.#expression("int", 0), this.#expression("int", 0)],
        };
      case "extendedCommunity":
        return {
          kind: "extendedCommunityOf",
          of: this.#pick(["rt", "ro"] as const),
          parts: [this.#draw(2) === 0 ? this.#small() : { kind: "attribute", attribute: "gateway" }, this.#small()],
        };
      case "ip":
        if (this.#draw(2) === 0) return { kind: "member", member: "ip", operand: this.#prefix() };
        return { kind: "mask", operand: this.#leaf("ip"), length: { kind: "value", value: int(this.#draw(33)) } };
      case "path":
        if (this.#draw(2) === 0) {
          return { kind: "edited", operation: "prepend", list: this.#expression("path", depth), value: this.#small() };
        }
        return this.#editedList("path", "int", depth);
      case "communityList":
        return this.#editedList(type, "pair", depth);
      case "extendedCommunityList":
        return this.#editedList(type, "extendedCommunity", depth);
      case "largeCommunityList":
        return this.#editedList(type, "largeCommunity", depth);
      default:
        return this.#leaf(type);
    }
  }

  #editedList(
    type: "path" | "communityList" | "extendedCommunityList" | "largeCommunityList",
    member: "int" | "pair" | "extendedCommunity" | "largeCommunity",
    depth: number,
  ): ScriptExpression {
    const { operation, value } = this.#operation(member, type === "path" ? "path" : "list");
    return { kind: "edited", operation, list: this.#expression(type, depth), value };
  }

  #measure(depth: number): ScriptExpression {
    const member = this.#pick(["length", "length", "first", "last", "lastNonAggregated"] as const);
    const type =
      member === "length" ? this.#pick(["prefix", "path", "communityList", "largeCommunityList"] as const) : "path";
    const operand = type === "prefix" ? this.#prefix() : this.#expression(type, depth);
    // A constant with a dot behind it is another word to BIRD.
    return operand.kind === "value" ? this.#small() : { kind: "member", member, operand };
  }

  #prefix(): ScriptExpression {
    return { kind: "attribute", attribute: "prefix" };
  }

  /** A number that is known only when it runs, most often below 65536. */
  #small(): ScriptExpression {
    if (this.#draw(20) === 19) return { kind: "attribute", attribute: "localPref" };
    return this.#pick<ScriptExpression>([
      { kind: "attribute", attribute: "preference" },
      { kind: "member", member: "length", operand: { kind: "attribute", attribute: "communities" } },
      { kind: "member", member: "length", operand: { kind: "attribute", attribute: "prefix" } },
    ]);
  }

  #test(depth: number): ScriptExpression {
    switch (this.#draw(8)) {
      case 0:
        return { kind: "negation", operand: this.#expression("bool", depth) };
      case 1:
        return { kind: "and", left: this.#expression("bool", depth), right: this.#expression("bool", depth) };
      case 2:
        return { kind: "or", left: this.#expression("bool", depth), right: this.#expression("bool", depth) };
      case 3:
        return { kind: "isDefined", operand: this.#leaf(this.#pick(TYPES)) };
      case 4:
      case 5:
        return this.#comparison(depth);
      default:
        return this.#membership(depth);
    }
  }

  #comparison(depth: number): ScriptExpression {
    const type = this.#pick(TYPES);
    // The order of texts is the C library's business.
    const isOrdered = type !== "string" && this.#draw(2) === 0;
    const operator = isOrdered ? this.#pick(["<", "<=", ">", ">="] as const) : this.#pick(["=", "!="] as const);
    const side = (): ScriptExpression => (isOrdered ? this.#ordered(type, depth) : this.#expression(type, depth));
    return { kind: "compareValues", operator, left: side(), right: side() };
  }

  /** Never a text. */
  #ordered(type: MadeType, depth: number): ScriptExpression {
    for (;;) {
      const expression = this.#expression(type, depth);
      if (!mayBeText(expression)) return expression;
    }
  }

  #membership(depth: number): ScriptExpression {
    const negated = this.#draw(3) === 0;
    const isIn = (left: ScriptExpression, right: ScriptExpression): ScriptExpression => ({
      kind: "isIn",
      left,
      right,
      negated,
    });
    const set = (type: SetType): ScriptExpression => ({ kind: "value", value: this.#set(type) });
    switch (this.#draw(11)) {
      case 0:
        return isIn(this.#expression("prefix", depth), { kind: "value", value: this.#prefixSet() });
      case 1:
        return isIn(this.#expression(this.#pick(["prefix", "ip"] as const), depth), this.#expression("prefix", depth));
      case 2:
        return isIn(this.#expression("path", depth), this.#mask());
      case 3:
        return isIn(this.#expression("int", depth), this.#expression("path", depth));
      case 4:
        return isIn(
          this.#expression(this.#pick(["pair", "quad", "ip"] as const), depth),
          this.#expression("communityList", depth),
        );
      case 5:
        return isIn(this.#expression("largeCommunity", depth), this.#expression("largeCommunityList", depth));
      case 6:
        return isIn(this.#expression("extendedCommunity", depth), this.#expression("extendedCommunityList", depth));
      case 7:
        return isIn(this.#expression("string", depth), { kind: "value", value: { type: "string", value: "s*[r" } });
      case 8:
        return isIn(this.#expression("communityList", depth), set(this.#pick(["pair", "ip"] as const)));
      case 9:
        return isIn(this.#expression("path", depth), set("int"));
      default: {
        const type = this.#pick(["int", "pair", "ip", "enum", "largeCommunity", "extendedCommunity"] as const);
        return isIn(this.#expression(type, depth), set(type));
      }
    }
  }

  #mask(): ScriptExpression {
    const items = Array.from({ length: this.#draw(5) }, (): PathMaskItem => {
      switch (this.#draw(5)) {
        case 0:
          return { kind: "as", as: 65000 + this.#draw(5) };
        case 1:
          return { kind: "any" };
        case 2:
          return { kind: "one" };
        case 3:
          return { kind: "range", least: 65000, greatest: 65001 + this.#draw(3) };
        default:
          return { kind: "expression", expression: this.#draw(6) === 5 ? this.#expression("int", 0) : this.#small() };
      }
    });
    return { kind: "value", value: { type: "pathMask", items } };
  }

  #application(): ScriptExpression {
    const { name, parameters } = this.#pick(FUNCTIONS);
    return {
      kind: "apply",
      script: name,
      operands: parameters.map(({ type }) => this.#expression(type as MadeType, 1)),
    };
  }

  #value(type: MadeType): ScriptExpression {
    switch (type) {
      case "path":
      case "communityList":
      case "extendedCommunityList":
      case "largeCommunityList":
        return { kind: "emptyList", type };
      // There are no such constants.
      case "quad":
        return { kind: "attribute", attribute: "originatorId" };
      default:
        return { kind: "value", value: this.#constant(type) };
    }
  }

  #constant(type: Exclude<MadeType, "path" | "quad" | `${string}List`>): ScriptValue {
    switch (type) {
      case "bool":
        return { type, value: this.#draw(2) === 0 };
      case "int":
        return int(this.#pick([0, 1, 24, 100, 200, 300, 65001, 65002, 65536, 2147483647, 4294967295]));
      case "pair":
        return { type, value: this.#pick([0x00010002, 0x00030004, 0x00020004, 0xfde80001, 0x00180001]) };
      case "ip":
        return { type, bytes: this.#pick(ADDRESSES) };
      case "prefix":
        return { type, prefix: makePrefix(this.#pick(ADDRESSES), this.#pick([8, 16, 24, 32])) };
      case "string":
        return { type, value: this.#pick(["", "rich", "bare", "s1"]) };
      case "extendedCommunity":
        return { type, value: [((2 + this.#draw(2)) << 16) | (1 + this.#draw(3)), 1 + this.#draw(3)] };
      case "largeCommunity":
        return { type, value: [1 + this.#draw(2), 1 + this.#draw(3), 1 + this.#draw(4)] };
      case "enum":
        return this.#pick([
          { type, of: "source", value: 1 },
          { type, of: "source", value: 11 },
          { type, of: "destination", value: 2 },
          { type, of: "scope", value: 4 },
          { type, of: "origin", value: 1 },
        ] as const);
    }
  }

  /** Ranges that do not overlap: BIRD's search in others depends on the shape of its tree. */
  #set(type: SetType): ScriptSet {
    const points = [...new Set(Array.from({ length: 2 + this.#draw(4) }, () => this.#draw(10)))].sort((a, b) => a - b);
    const isRanged = type !== "enum" && type !== "extendedCommunity";
    const ranges: (readonly [ScriptValue, ScriptValue])[] = [];
    for (let i = 0; i < points.length; i++) {
      const least = points[i];
      if (isRanged && i + 1 < points.length && this.#draw(2) === 0) i++;
      ranges.push([setPoint(type, least), setPoint(type, points[i])]);
    }
    return type === "enum" ? { type: "set", of: type, enumName: "source", ranges } : { type: "set", of: type, ranges };
  }

  #prefixSet(): ScriptValue {
    const ranges = Array.from({ length: 1 + this.#draw(3) }, () => {
      const length = this.#pick([0, 8, 16, 24, 32]);
      const least = this.#draw(33);
      return { prefix: makePrefix(this.#pick(ADDRESSES), length), least, greatest: least + this.#draw(33 - least) };
    });
    return { type: "prefixSet", ranges };
  }
}

function mayBeText(expression: ScriptExpression): boolean {
  if (expression.kind === "value") return expression.value.type === "string";
  if (expression.kind === "variable") return expression.variable.type === "string";
  return (
    expression.kind === "attribute" &&
    (expression.attribute === "protocolName" || expression.attribute === "interfaceName")
  );
}

/** Functions and one filter that applies them. */
export interface Program {
  readonly functions: readonly Script[];
  readonly filter: Script;
}

/** Programs, from a tape of numbers: shorter tapes and smaller numbers make simpler ones. */
export const programs: fc.Arbitrary<Program> = fc
  .noBias(fc.array(fc.nat(0xffff), { minLength: 200, maxLength: 900, size: "max" }))
  .map((tape) => {
    let at = 0;
    return program((below) => (at < tape.length ? tape[at++] % below : 0));
  });

function program(draw: (below: number) => number): Program {
  const functions = FUNCTIONS.map(({ name, parameters }): Script => {
    const locals = variables("local", parameters.length);
    const maker = new Maker(draw, { variables: [...parameters, ...locals], applies: false, isFunction: true });
    return { name, at: AT, parameters, locals, body: [...maker.start(), ...maker.block(1)] };
  });
  const maker = new Maker(draw, { variables: LOCALS, applies: true, isFunction: false });
  const body = [...maker.start(), ...maker.block(2, 2), ...maker.end()];
  return { functions, filter: { name: "generated", at: AT, parameters: [], locals: LOCALS, body } };
}
