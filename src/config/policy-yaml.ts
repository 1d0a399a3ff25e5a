// Policies of a YAML file → AST. A rule becomes an `if` around its changes, its call and its action; `next` adds nothing,
// since the next rule is what comes next. Every statement keeps the place it was written at.

import { unreachable } from "../base/invariant.js";
import type { Block, Expression, Policy, Position, Statement } from "../policy/ast.js";
import type { ConfigReport } from "./config-report.js";
import { ConditionReader } from "./policy-conditions.js";
import { type CommunityKind, type PatternNames, PatternReader } from "./policy-patterns.js";
import type { CommunityEdit, PolicyInput, RuleInput, SetInput } from "./policy-schema.js";
import { asList } from "./schema-values.js";
import type { Path } from "./yaml-source.js";

/** Policies that need not be written. */
export const BUILT_IN_POLICIES: readonly Policy[] = [
  { name: "accept", body: [{ kind: "accept" }] },
  { name: "reject", body: [{ kind: "reject" }] },
];

const ORIGIN_NUMBERS = { igp: 0, egp: 1, incomplete: 2 } as const;

/** The policies of a file by name, the built-in ones among them. Faults are reported; what they stand in is left out. */
export function readPolicies(
  policies: Readonly<Record<string, PolicyInput>>,
  names: PatternNames,
  report: ConfigReport,
): ReadonlyMap<string, Policy> {
  const table = new Map(BUILT_IN_POLICIES.map((policy) => [policy.name, policy]));
  const patterns = new PatternReader(names, report);
  patterns.checkNames();
  for (const [name, input] of Object.entries(policies)) {
    const path = ["policies", name];
    if (BUILT_IN_POLICIES.some((policy) => policy.name === name)) {
      report.fault(path, `the policy "${name}" is built in`, "choose another name", "key");
      continue;
    }
    table.set(name, new PolicyReader(patterns, report).read(name, input, path));
  }
  return table;
}

class PolicyReader {
  readonly #patterns: PatternReader;
  readonly #conditions: ConditionReader;
  readonly #report: ConfigReport;

  constructor(patterns: PatternReader, report: ConfigReport) {
    this.#patterns = patterns;
    this.#conditions = new ConditionReader(patterns, report);
    this.#report = report;
  }

  read(name: string, input: PolicyInput, path: Path): Policy {
    const isList = Array.isArray(input);
    const rules = isList ? input : input.rules;
    const rulesPath = isList ? path : [...path, "rules"];
    const body: Statement[] = rules.flatMap((rule, i) => this.#rule(rule, [...rulesPath, i]));
    if (!isList && input.default !== undefined) {
      const kind = input.default === "nextPolicy" ? "next" : input.default;
      body.push({ kind, at: this.#report.position([...path, "default"]) });
    }
    return { name, body, at: this.#report.position(path, "key") };
  }

  #rule(rule: RuleInput, path: Path): Block {
    const at = this.#report.position(path);
    const then: Statement[] = rule.set === undefined ? [] : [...this.#changes(rule.set, [...path, "set"])];
    if (rule.call !== undefined)
      then.push({ kind: "call", policy: rule.call, at: this.#report.position([...path, "call"]) });
    const action = this.#action(rule, path);
    if (action !== undefined) then.push(action);
    if (then.length === 0) {
      this.#report.warning(path, "this rule does nothing", "give it an action, set or call");
      return [];
    }
    const condition = rule.match === undefined ? undefined : this.#conditions.read(rule.match, [...path, "match"]);
    // Without a condition the statements stand in the policy itself, so that what is behind them is seen as unreachable.
    if (condition === undefined || isAlwaysTrue(condition))
      return [{ ...then[0], at: then[0].at ?? at }, ...then.slice(1)];
    return [{ kind: "if", condition, then, otherwise: [], at }];
  }

  #action(rule: RuleInput, path: Path): Statement | undefined {
    const at = this.#report.position([...path, "action"]);
    switch (rule.action) {
      case "accept":
      case "reject":
        return { kind: rule.action, at };
      case "nextPolicy":
        return { kind: "next", at };
      case "next":
      case undefined:
        return undefined;
      default:
        return unreachable(rule.action);
    }
  }

  #changes(set: SetInput, path: Path): Block {
    const at = (key: string): Position => this.#report.position([...path, key]);
    const number = (value: number, key: string): Expression => ({ kind: "number", value, at: at(key) });
    const changes: Statement[] = [];
    for (const field of ["localPref", "weight"] as const) {
      const value = set[field];
      if (value !== undefined) changes.push({ kind: "set", field, value: number(value, field), at: at(field) });
    }
    if (set.med === "none") changes.push({ kind: "unset", field: "med", at: at("med") });
    else if (set.med !== undefined)
      changes.push({ kind: "set", field: "med", value: number(set.med, "med"), at: at("med") });
    if (set.origin !== undefined) {
      changes.push({
        kind: "set",
        field: "origin",
        value: number(ORIGIN_NUMBERS[set.origin], "origin"),
        at: at("origin"),
      });
    }
    if (set.nextHop !== undefined) {
      const value: Expression = { kind: "address", bytes: set.nextHop.bytes, at: at("nextHop") };
      changes.push({ kind: "set", field: "nextHop", value, at: at("nextHop") });
    }
    for (const kind of ["communities", "largeCommunities", "extendedCommunities"] as const) {
      const edit = set[kind];
      if (edit !== undefined) changes.push(...this.#communities(kind, edit, [...path, kind]));
    }
    if (set.prepend !== undefined) changes.push(prepend(set.prepend, at("prepend")));
    return changes;
  }

  #communities(kind: CommunityKind, edit: CommunityEdit, path: Path): Block {
    const isList = typeof edit === "string" || Array.isArray(edit);
    const parts: CommunityParts = isList ? { set: [...asList(edit)] } : edit;
    const changes: Statement[] = [];
    const pathOf = (key: "set" | "delete" | "add") => {
      const base = isList ? path : [...path, key];
      return (i: number): Path => (Array.isArray(parts[key]) && typeof edit !== "string" ? [...base, i] : base);
    };
    const at = this.#report.position(path);
    if (parts.set !== undefined) {
      changes.push({
        kind: "setCommunities",
        list: this.#patterns.communityValues(kind, parts.set, pathOf("set")),
        at,
      });
    }
    if (parts.delete !== undefined) {
      const patterns = this.#patterns.communityPatterns(kind, asList(parts.delete), pathOf("delete"));
      changes.push({ kind: "deleteCommunities", patterns, at });
    }
    if (parts.add !== undefined) {
      changes.push({
        kind: "addCommunities",
        list: this.#patterns.communityValues(kind, asList(parts.add), pathOf("add")),
        at,
      });
    }
    return changes;
  }
}

type CommunityParts = Exclude<CommunityEdit, string | string[]>;

function isAlwaysTrue(condition: Expression): boolean {
  return condition.kind === "all" && condition.operands.length === 0;
}

function prepend(input: NonNullable<SetInput["prepend"]>, at: Position): Statement {
  const { as, times } = typeof input === "number" ? { as: undefined, times: input } : input;
  const numbers = as === undefined ? [undefined] : asList(as);
  const once = numbers.map((value): Expression =>
    value === undefined ? { kind: "localAs", at } : { kind: "number", value, at },
  );
  return { kind: "prepend", asNumbers: Array.from({ length: times ?? 1 }, () => once).flat(), at };
}
