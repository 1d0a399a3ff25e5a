// A chain of policies run on one route, statement by statement, with a note of each: for people who ask which line decided.
// The same conditions and edits as in compile.ts, so that the verdict is that of the compiled filter; slow, and off the
// path of routes.

import { invariant } from "../base/invariant.js";
import type { Block, Policy, Position, Statement } from "./ast.js";
import { type CompileOptions, describePlace, editOf } from "./compile.js";
import { compileTest } from "./conditions.js";
import { foldPolicy } from "./fold.js";
import type { Route, Verdict } from "./route.js";

/** One thing that happened on the way to the verdict. */
export interface TraceStep {
  readonly policy: string;
  readonly at: Position | undefined;
  /** 0 for the statements of the chain's policies, one more inside each condition and each call. */
  readonly depth: number;
  readonly event: "matched" | "not matched" | "changed" | "called" | "accept" | "reject" | "next" | "no verdict";
  /** The field changed, the policy called; otherwise "". */
  readonly subject: string;
}

type Ending = Verdict | "left" | undefined;

/** Runs the chain on `route`, which it changes even if the verdict is to reject. `onStep` is told after each statement, when
 *  the route shows what it did. The policies must have passed checkPolicies. */
export function traceChain(
  chain: readonly Policy[],
  options: CompileOptions,
  route: Route,
  onStep: (step: TraceStep) => void,
): Verdict {
  const tracer = new Tracer(options, route, onStep);
  for (const policy of chain) {
    const ending = tracer.policy(policy, 0);
    if (ending !== undefined && ending !== "left") return ending;
  }
  const last = chain[chain.length - 1];
  const place = last === undefined ? "no policy" : describePlace(last.name, last.at);
  return { accept: options.fallThrough === "accept", by: `${place}: no rule decided` };
}

class Tracer {
  readonly #options: CompileOptions;
  readonly #route: Route;
  readonly #onStep: (step: TraceStep) => void;

  constructor(options: CompileOptions, route: Route, onStep: (step: TraceStep) => void) {
    this.#options = options;
    this.#route = route;
    this.#onStep = onStep;
  }

  policy(policy: Policy, depth: number): Ending {
    const { body } = foldPolicy(policy, this.#options.localAs);
    const ending = this.#block(body, policy, depth);
    if (ending === undefined) this.#note(policy, policy.at, depth, "no verdict");
    return ending;
  }

  #block(block: Block, policy: Policy, depth: number): Ending {
    for (const statement of block) {
      const ending = this.#statement(statement, policy, depth);
      if (ending !== undefined) return ending;
    }
    return undefined;
  }

  #statement(statement: Statement, policy: Policy, depth: number): Ending {
    const { at } = statement;
    switch (statement.kind) {
      case "if": {
        const holds = compileTest(statement.condition)(this.#route);
        this.#note(policy, at, depth, holds ? "matched" : "not matched");
        return this.#block(holds ? statement.then : statement.otherwise, policy, depth + 1);
      }
      case "accept":
      case "reject":
        this.#note(policy, at, depth, statement.kind);
        return { accept: statement.kind === "accept", by: describePlace(policy.name, at ?? policy.at) };
      case "next":
        this.#note(policy, at, depth, "next");
        return "left";
      case "call":
        return this.#call(statement, policy, depth);
      default:
        editOf(statement)(this.#route);
        this.#note(policy, at, depth, "changed", fieldOf(statement));
        return undefined;
    }
  }

  #call(statement: Extract<Statement, { kind: "call" }>, policy: Policy, depth: number): Ending {
    const called = this.#options.policies.get(statement.policy);
    invariant(called !== undefined, `policy ${statement.policy} exists`);
    this.#note(policy, statement.at, depth, "called", called.name);
    const ending = this.policy(called, depth + 1);
    return ending === "left" ? undefined : ending;
  }

  #note({ name }: Policy, at: Position | undefined, depth: number, event: TraceStep["event"], subject = ""): void {
    this.#onStep({ policy: name, at, depth, event, subject });
  }
}

function fieldOf(statement: Parameters<typeof editOf>[0]): string {
  switch (statement.kind) {
    case "set":
    case "unset":
      return statement.field;
    case "setCommunities":
    case "addCommunities":
      return statement.list.kind;
    case "deleteCommunities":
      return LIST_OF_PATTERNS[statement.patterns.kind];
    case "prepend":
      return "asPath";
  }
}

const LIST_OF_PATTERNS = {
  communityPatterns: "communities",
  largeCommunityPatterns: "largeCommunities",
  extendedCommunityPatterns: "extendedCommunities",
} as const;
