// Static checks of policies, whatever syntax they were written in: what would surprise at run time is said when the
// configuration is read, with its place. compile.ts relies on a table that passed.

import { unreachable } from "../base/invariant.js";
import { AsPathPattern, AsPathPatternError } from "./as-path-pattern.js";
import type { Block, Expression, Pattern, Policy, PolicyTable, Position, Statement } from "./ast.js";
import { endsBlock, foldExpression } from "./fold.js";
import { kindOf } from "./kinds.js";
import { nearestHint } from "./nearest-name.js";
import { SETTABLE_FIELDS, type ValueKind } from "./values.js";

export interface PolicyFault {
  /** Undefined where the AST was made without positions. */
  readonly at: Position | undefined;
  readonly message: string;
  /** "" where there is nothing to say. */
  readonly hint: string;
}

/** Every fault of every policy, in the order of the table: unknown and recursive calls, statements that cannot run,
 *  conditions that never change, wrong kinds of values, numbers out of range. Empty: compileFilter accepts the table. */
export function checkPolicies(policies: PolicyTable): readonly PolicyFault[] {
  const faults: PolicyFault[] = [];
  for (const policy of policies.values()) new Checker(policies, policy, faults).check();
  return faults;
}

const KIND_NAMES: Readonly<Record<ValueKind, string>> = {
  boolean: "true or false",
  number: "a number",
  text: "text",
  address: "an address",
  prefix: "a prefix",
  asPath: "an AS path",
  communities: "communities",
  largeCommunities: "large communities",
  extendedCommunities: "extended communities",
};

class Checker {
  readonly #policies: PolicyTable;
  readonly #policy: Policy;
  readonly #faults: PolicyFault[];

  constructor(policies: PolicyTable, policy: Policy, faults: PolicyFault[]) {
    this.#policies = policies;
    this.#policy = policy;
    this.#faults = faults;
  }

  check(): void {
    this.#block(this.#policy.body);
    const cycle = findCycle(this.#policies, this.#policy);
    if (cycle !== undefined) {
      this.#fault(
        cycle.at,
        `policy "${this.#policy.name}" calls itself: ${cycle.names.join(" → ")}`,
        "break the circle",
      );
    }
  }

  #block(block: Block): void {
    for (const [i, statement] of block.entries()) {
      this.#statement(statement);
      if (endsBlock(statement) && i + 1 < block.length) {
        this.#fault(
          block[i + 1].at,
          "never reached",
          `${ending(statement)} comes before it and ends every route's way here`,
        );
        for (const rest of block.slice(i + 1)) this.#statement(rest);
        return;
      }
    }
  }

  #statement(statement: Statement): void {
    switch (statement.kind) {
      case "if":
        this.#condition(statement.condition);
        this.#block(statement.then);
        this.#block(statement.otherwise);
        return;
      case "set":
        this.#set(statement);
        return;
      case "unset":
        if (!SETTABLE_FIELDS[statement.field].removable)
          this.#fault(statement.at, `${statement.field} cannot be removed`, "");
        return;
      case "prepend":
        for (const as of statement.asNumbers) this.#asNumber(as);
        return;
      case "call":
        if (!this.#policies.has(statement.policy)) {
          this.#fault(
            statement.at,
            `unknown policy "${statement.policy}"`,
            nearestHint(statement.policy, this.#policies.keys()),
          );
        }
        return;
      case "setCommunities":
      case "addCommunities":
      case "deleteCommunities":
      case "accept":
      case "reject":
      case "next":
        return;
      default:
        unreachable(statement);
    }
  }

  #condition(condition: Expression): void {
    this.#expect(condition, "boolean");
    const folded = foldExpression(condition, undefined);
    // An explicit `true` or `false` is meant; one that only turns out constant is not.
    if (condition.kind !== "boolean" && folded.kind === "boolean" && !isEmptyList(condition)) {
      this.#fault(condition.at, `this condition is always ${folded.value}`, "");
    }
  }

  #set(statement: Extract<Statement, { kind: "set" }>): void {
    const { kind, greatest } = SETTABLE_FIELDS[statement.field];
    this.#expect(statement.value, kind);
    const value = foldExpression(statement.value, undefined);
    if (value.kind === "number" && kind === "number" && !isWhole(value.value, greatest)) {
      this.#fault(statement.value.at ?? statement.at, `${statement.field} must be between 0 and ${greatest}`, "");
    }
  }

  #asNumber(expression: Expression): void {
    this.#expect(expression, "number");
    if (expression.kind !== "number") return;
    // RFC 7607: AS 0 must not be sent.
    if (!isWhole(expression.value, 0xffffffff) || expression.value === 0) {
      this.#fault(expression.at, `${expression.value} is no AS number`, "1 to 4294967295");
    }
  }

  #expect(expression: Expression, kind: ValueKind): void {
    const given = kindOf(expression);
    if (given !== kind) this.#fault(expression.at, `expected ${KIND_NAMES[kind]}, not ${KIND_NAMES[given]}`, "");
    this.#operands(expression);
  }

  #operands(expression: Expression): void {
    switch (expression.kind) {
      case "not":
        this.#expect(expression.operand, "boolean");
        return;
      case "all":
      case "any":
        for (const operand of expression.operands) this.#expect(operand, "boolean");
        return;
      case "arithmetic":
        this.#expect(expression.left, "number");
        this.#expect(expression.right, "number");
        return;
      case "compare":
        this.#compare(expression);
        return;
      case "match":
        this.#operands(expression.left);
        this.#match(expression.left, expression.right);
        return;
      default:
        return;
    }
  }

  #compare(expression: Extract<Expression, { kind: "compare" }>): void {
    const { left, right, operator } = expression;
    const kind = kindOf(left);
    this.#expect(left, kind);
    this.#expect(right, kind);
    if (kind === "asPath" || kind.toLowerCase().endsWith("communities")) {
      this.#fault(expression.at, `${KIND_NAMES[kind]} cannot be compared`, "use a pattern");
    } else if (kind !== "number" && operator !== "=" && operator !== "!=") {
      this.#fault(expression.at, `"${operator}" needs numbers, not ${KIND_NAMES[kind]}`, "");
    } else if (kind === "prefix" && (left.kind === "field") === (right.kind === "field")) {
      this.#fault(expression.at, "a prefix is compared with a constant", "");
    }
  }

  #match(left: Expression, right: Pattern): void {
    const kind = kindOf(left);
    if (!KINDS_OF_PATTERN[right.kind].includes(kind)) {
      const wanted = KINDS_OF_PATTERN[right.kind].map((name) => KIND_NAMES[name]).join(" or ");
      this.#fault(left.at, `this pattern matches ${wanted}, not ${KIND_NAMES[kind]}`, "");
    } else if (right.kind === "asPathPattern") this.#asPathPattern(left, right.pattern);
    else if (right.kind === "prefixRanges") this.#prefixRanges(left, right);
  }

  #asPathPattern(left: Expression, text: string): void {
    try {
      new AsPathPattern(text);
    } catch (error) {
      if (!(error instanceof AsPathPatternError)) throw error;
      this.#fault(left.at, `AS path pattern "${text}", character ${error.at + 1}: ${error.message}`, "");
    }
  }

  #prefixRanges(left: Expression, { ranges }: Extract<Pattern, { kind: "prefixRanges" }>): void {
    for (const { prefix, least, greatest } of ranges) {
      const bits = prefix.bytes.length * 8;
      if (!isWhole(least, bits) || !isWhole(greatest, bits) || least > greatest) {
        this.#fault(
          left.at,
          `no prefix length lies between ${least} and ${greatest}`,
          `0 to ${bits}, the smaller one first`,
        );
      }
    }
  }

  #fault(at: Position | undefined, message: string, hint: string): void {
    this.#faults.push({ at: at ?? this.#policy.at, message, hint });
  }
}

const KINDS_OF_PATTERN: Readonly<Record<Pattern["kind"], readonly ValueKind[]>> = {
  prefixRanges: ["prefix", "address"],
  numberRanges: ["number", "asPath"],
  textPatterns: ["text"],
  asPathPattern: ["asPath"],
  communityPatterns: ["communities"],
  largeCommunityPatterns: ["largeCommunities"],
  extendedCommunityPatterns: ["extendedCommunities"],
};

function isEmptyList(expression: Expression): boolean {
  return (expression.kind === "all" || expression.kind === "any") && expression.operands.length === 0;
}

function isWhole(value: number, greatest: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= greatest;
}

function ending(statement: Statement): string {
  return statement.kind === "if" ? "an if whose branches both end" : statement.kind;
}

/** A way from `policy` back to itself, as names, and the place of its first call. */
function findCycle(policies: PolicyTable, policy: Policy): { names: string[]; at: Position | undefined } | undefined {
  const seen = new Set<string>();
  const walk = (
    current: Policy,
    names: readonly string[],
    first: Position | undefined,
  ): ReturnType<typeof findCycle> => {
    for (const { policy: name, at } of callsOf(current.body)) {
      const start = first ?? at;
      if (name === policy.name) return { names: [...names, name], at: start };
      const called = policies.get(name);
      if (called === undefined || seen.has(name)) continue;
      seen.add(name);
      const found = walk(called, [...names, name], start);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return walk(policy, [policy.name], undefined);
}

/** The calls in a block, also inside its ifs. */
export function callsOf(block: Block): readonly Extract<Statement, { kind: "call" }>[] {
  return block.flatMap((statement) => {
    if (statement.kind === "call") return [statement];
    return statement.kind === "if" ? [...callsOf(statement.then), ...callsOf(statement.otherwise)] : [];
  });
}
