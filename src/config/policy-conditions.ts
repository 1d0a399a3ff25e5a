// The `match` of a YAML rule → expression of the AST: one operand for each key, all of which must hold.

import { formatAddress } from "../base/ip.js";
import type { Expression, NumberRange, Pattern, Position } from "../policy/ast.js";
import type { FieldName, FieldOf } from "../policy/values.js";
import type { ConfigReport } from "./config-report.js";
import type { CommunityKind, PatternReader } from "./policy-patterns.js";
import type { MatchInput, NumberCondition, PeerCondition } from "./policy-schema.js";
import { asList } from "./schema-values.js";
import type { Path } from "./yaml-source.js";

const COMMUNITY_KEYS = [
  ["community", "communities"],
  ["largeCommunity", "largeCommunities"],
  ["extendedCommunity", "extendedCommunities"],
] as const satisfies readonly (readonly [keyof MatchInput, CommunityKind])[];

const NUMBER_KEYS = ["prefixLength", "asPathLength", "med", "localPref", "weight"] as const;

const AS_KEYS = [
  ["asPathContains", "asPath"],
  ["neighborAs", "firstAs"],
  ["originAs", "originAs"],
] as const satisfies readonly (readonly [keyof MatchInput, FieldName])[];

const ORIGIN_NUMBERS = { igp: 0, egp: 1, incomplete: 2 } as const;

export class ConditionReader {
  readonly #patterns: PatternReader;
  readonly #report: ConfigReport;

  constructor(patterns: PatternReader, report: ConfigReport) {
    this.#patterns = patterns;
    this.#report = report;
  }

  /** The condition; an empty `all` where nothing is said. Faults are reported. */
  read(match: MatchInput, path: Path): Expression {
    const operands = [
      ...this.#prefixes(match, path),
      ...this.#texts(match, path),
      ...this.#numbers(match, path),
      ...this.#paths(match, path),
      ...COMMUNITY_KEYS.flatMap(([key, kind]) => this.#communities(kind, match[key], [...path, key])),
      ...this.#peer("peer", match.peer, [...path, "peer"]),
      ...this.#peer("learnedFrom", match.learnedFrom, [...path, "learnedFrom"]),
      ...this.#nested(match, path),
    ];
    return { kind: "all", operands, at: this.#report.position(path) };
  }

  #nested(match: MatchInput, path: Path): readonly Expression[] {
    const operands: Expression[] = [];
    for (const kind of ["any", "all"] as const) {
      const list = match[kind];
      if (list === undefined) continue;
      const inner = list.map((condition, i) => this.read(condition, [...path, kind, i]));
      operands.push({ kind, operands: inner, at: this.#at(path, kind) });
    }
    if (match.not !== undefined) {
      operands.push({ kind: "not", operand: this.read(match.not, [...path, "not"]), at: this.#at(path, "not") });
    }
    return operands;
  }

  #prefixes(match: MatchInput, path: Path): readonly Expression[] {
    const operands: Expression[] = [];
    if (match.prefix !== undefined) {
      const pathOf = indexed(match.prefix, [...path, "prefix"]);
      const ranges = asList(match.prefix).flatMap((entry, i) => this.#patterns.prefixRange(entry, pathOf(i)));
      operands.push(this.#match("prefix", { kind: "prefixRanges", ranges }, path, "prefix"));
    }
    if (match.prefixSet !== undefined) {
      const pathOf = indexed(match.prefixSet, [...path, "prefixSet"]);
      const ranges = asList(match.prefixSet).flatMap((name, i) => this.#patterns.prefixSet(name, pathOf(i)));
      operands.push(this.#match("prefix", { kind: "prefixRanges", ranges }, path, "prefixSet"));
    }
    if (match.nextHop !== undefined) {
      const ranges = asList(match.nextHop).map((prefix) => {
        const bits = prefix.bytes.length * 8;
        return { prefix, least: bits, greatest: bits };
      });
      operands.push(this.#match("nextHop", { kind: "prefixRanges", ranges }, path, "nextHop"));
    }
    return operands;
  }

  #texts(match: MatchInput, path: Path): readonly Expression[] {
    const operands: Expression[] = [];
    if (match.family !== undefined) operands.push(this.#match("family", textPatterns([match.family]), path, "family"));
    if (match.source !== undefined)
      operands.push(this.#match("source", textPatterns(asList(match.source)), path, "source"));
    return operands;
  }

  #numbers(match: MatchInput, path: Path): readonly Expression[] {
    const operands = NUMBER_KEYS.flatMap((key) => this.#number(key, match[key], [...path, key]));
    if (match.origin !== undefined) {
      const ranges = asList(match.origin).map((name): NumberRange => [ORIGIN_NUMBERS[name], ORIGIN_NUMBERS[name]]);
      operands.push(this.#match("origin", { kind: "numberRanges", ranges }, path, "origin"));
    }
    return operands;
  }

  #number(field: FieldOf<"number">, condition: NumberCondition | undefined, path: Path): readonly Expression[] {
    if (condition === undefined) return [];
    const at = this.#report.position(path);
    const compare = (operator: "=" | ">=" | "<=", value: number): Expression => ({
      kind: "compare",
      operator,
      left: { kind: "field", field, at },
      right: { kind: "number", value, at },
      at,
    });
    if (typeof condition === "number") return [compare("=", condition)];
    const { ge, le } = condition;
    if (ge === undefined && le === undefined)
      this.#report.fault(path, "neither ge nor le is given", "for example {ge: 1, le: 5}");
    if (ge !== undefined && le !== undefined && ge > le)
      this.#report.fault(path, `nothing lies between ${ge} and ${le}`, "ge ≤ le");
    return [...(ge === undefined ? [] : [compare(">=", ge)]), ...(le === undefined ? [] : [compare("<=", le)])];
  }

  #paths(match: MatchInput, path: Path): readonly Expression[] {
    const operands: Expression[] = [];
    for (const [key, field] of AS_KEYS) {
      const entries = match[key];
      if (entries === undefined) continue;
      operands.push(this.#asNumbers(field, entries, [...path, key]));
    }
    if (match.asPath !== undefined) {
      const at = this.#at(path, "asPath");
      const pathOf = indexed(match.asPath, [...path, "asPath"]);
      const texts = asList(match.asPath).flatMap((entry, i) => this.#patterns.asPath(entry, pathOf(i)) ?? []);
      const tests = texts.map((pattern) => this.#match("asPath", { kind: "asPathPattern", pattern }, path, "asPath"));
      if (tests.length > 0) operands.push({ kind: "any", operands: tests, at });
    }
    return operands;
  }

  #asNumbers(field: FieldName, entries: NonNullable<PeerCondition["as"]>, path: Path): Expression {
    const pathOf = indexed(entries, path);
    const ranges = asList(entries).flatMap((entry, i) => this.#patterns.asNumbers(entry, pathOf(i)));
    const at = this.#report.position(path);
    return { kind: "match", left: { kind: "field", field, at }, right: { kind: "numberRanges", ranges }, at };
  }

  #communities(kind: CommunityKind, texts: string | string[] | undefined, path: Path): readonly Expression[] {
    if (texts === undefined) return [];
    const at = this.#report.position(path);
    const right = this.#patterns.communityPatterns(kind, asList(texts), indexed(texts, path));
    return [{ kind: "match", left: { kind: "field", field: kind, at }, right, at }];
  }

  #peer(side: "peer" | "learnedFrom", condition: PeerCondition | undefined, path: Path): readonly Expression[] {
    if (condition === undefined) return [];
    const operands: Expression[] = [];
    const { address, name, group, as, type } = condition;
    if (address !== undefined) {
      operands.push(this.#match(`${side}.address`, textPatterns(asList(address).map(formatAddress)), path, "address"));
    }
    if (name !== undefined) operands.push(this.#match(`${side}.name`, textPatterns(asList(name)), path, "name"));
    if (group !== undefined) operands.push(this.#match(`${side}.group`, textPatterns(asList(group)), path, "group"));
    if (as !== undefined) operands.push(this.#asNumbers(`${side}.as`, as, [...path, "as"]));
    if (type !== undefined) {
      const at = this.#at(path, "type");
      const left: Expression = { kind: "field", field: `${side}.isEbgp`, at };
      operands.push({
        kind: "compare",
        operator: "=",
        left,
        right: { kind: "boolean", value: type === "external", at },
        at,
      });
    }
    if (operands.length === 0)
      this.#report.fault(path, "nothing is asked of the peer", "address, name, group, as or type");
    return operands;
  }

  #match(field: FieldName, right: Pattern, path: Path, key: string): Expression {
    const at = this.#at(path, key);
    return { kind: "match", left: { kind: "field", field, at }, right, at };
  }

  #at(path: Path, key: string): Position {
    return this.#report.position([...path, key]);
  }
}

function textPatterns(patterns: readonly string[]): Pattern {
  return { kind: "textPatterns", patterns };
}

/** Paths of the entries of what is one value or a list of them. */
function indexed(value: unknown, path: Path): (index: number) => Path {
  return (index) => (Array.isArray(value) ? [...path, index] : path);
}
