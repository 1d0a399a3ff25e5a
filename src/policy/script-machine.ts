// The state of a filter while it runs: the route at hand, what the run has set of it, the line it is at. One for each
// filter, used again for every route: a filter never runs inside itself.

import type { Position } from "./ast.js";
import type { Route, Verdict } from "./route.js";
import type { ScriptAttribute } from "./script-ast.js";
import type { Value } from "./script-value.js";

/** How a statement ends: undefined: with the next one; LEAVE: the function is over, the value is in the machine. */
export type Outcome = Verdict | undefined;
export const LEAVE: Verdict = { accept: false, by: "return" };

export type Step = () => Outcome;
export type Evaluate = () => Value;

/** A verdict from inside an expression: it ends the whole filter. The filter catches it. */
export class ScriptDecision extends Error {
  readonly verdict: Verdict;

  constructor(verdict: Verdict) {
    super(verdict.by);
    this.verdict = verdict;
  }
}

export class ScriptMachine {
  /** Set for each run, before anything looks. */
  route!: Route;
  at: Position;
  /** What the last `return` gave. */
  returned: Value = undefined;
  /** What this run has set and taken away. */
  readonly changes = new Map<ScriptAttribute, Value>();

  constructor(at: Position) {
    this.at = at;
  }

  begin(route: Route, at: Position): void {
    this.route = route;
    this.at = at;
    this.returned = undefined;
    if (this.changes.size > 0) this.changes.clear();
  }
}
