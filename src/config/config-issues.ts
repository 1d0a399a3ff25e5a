// What zod found → words for users. zod's own messages speak of its types; these speak of the file: what was expected,
// what stands there, what was probably meant.

import type { z } from "zod";
import { nearestHint } from "../policy/nearest-name.js";
import type { ConfigReport } from "./config-report.js";
import type { Path } from "./yaml-source.js";

type Issue = z.core.$ZodIssue;

/** Reports every issue of a parse of `value`. */
export function reportIssues(issues: readonly Issue[], value: unknown, report: ConfigReport): void {
  for (const issue of issues) reportIssue(issue, [], value, report);
}

function reportIssue(issue: Issue, base: Path, value: unknown, report: ConfigReport): void {
  const path = [...base, ...issue.path.map((step) => (typeof step === "symbol" ? String(step) : step))];
  switch (issue.code) {
    case "unrecognized_keys":
      for (const key of issue.keys) {
        report.fault([...path, key], `unknown key "${key}"`, unknownKeyHint(key, knownKeys(issue.message)), "key");
      }
      return;
    case "invalid_union":
      reportUnion(issue, path, value, report);
      return;
    case "invalid_key": {
      const [message, hint] = splitHint(issue.issues[0]?.message ?? "not allowed here");
      report.fault(path, `"${String(path[path.length - 1])}": ${message}`, hint, "key");
      return;
    }
    default: {
      const [message, hint] = describe(issue, valueAt(value, path), path);
      report.fault(path, message, hint);
    }
  }
}

function reportUnion(
  issue: Extract<Issue, { code: "invalid_union" }>,
  path: Path,
  value: unknown,
  report: ConfigReport,
): void {
  const fitting = issue.errors.filter((branch) => branch.length > 0 && !branch.some(isWrongType));
  const best = fitting.sort((a, b) => a.length - b.length)[0];
  if (best !== undefined) {
    for (const inner of best) reportIssue(inner, path, value, report);
    return;
  }
  const roots = issue.errors.flatMap((branch) => branch.filter(isWrongType));
  const given = valueAt(value, path);
  const expected = [...new Set(roots.flatMap(expectations))];
  const names = roots.flatMap((root) => (root.code === "invalid_value" ? root.values.map(String) : []));
  const hint = typeof given === "string" ? nearestHint(given, names) : "";
  report.fault(path, `expected ${joinOr(expected)}, not ${kindOfValue(given)}`, hint);
}

/** The branch does not even have the type of what was given. */
function isWrongType(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  return issue.code === "invalid_type" || issue.code === "invalid_value" || issue.code === "invalid_union";
}

function describe(issue: Issue, given: unknown, path: Path): readonly [string, string] {
  const name = String(path[path.length - 1] ?? "the configuration");
  if (given === undefined && (issue.code === "invalid_type" || issue.code === "invalid_value")) {
    return [`"${name}" is missing`, ""];
  }
  switch (issue.code) {
    case "invalid_type":
      if (!issue.message.startsWith("Invalid input")) return splitHint(issue.message);
      if (given === null) return [`"${name}" has no value`, `${expectations(issue)[0]} belongs here`];
      return [`expected ${joinOr(expectations(issue))}, not ${kindOfValue(given)}`, typeHint(issue, given)];
    case "invalid_value": {
      const names = issue.values.map(String);
      return [`expected ${joinOr(expectations(issue))}, not ${kindOfValue(given)}`, nearestHint(String(given), names)];
    }
    case "too_small":
      return [bounds("at least", issue.origin, issue.minimum), ""];
    case "too_big":
      return [bounds("at most", issue.origin, issue.maximum), ""];
    default:
      return splitHint(issue.message);
  }
}

function bounds(relation: string, origin: string, bound: number | bigint): string {
  if (origin === "array") return `must have ${relation} ${bound} ${bound === 1 ? "entry" : "entries"}`;
  if (origin === "string")
    return bound === 1 && relation === "at least" ? "must not be empty" : `must have ${relation} ${bound} characters`;
  return `must be ${relation} ${bound}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "a mapping",
  record: "a mapping",
};

function expectations(issue: Issue): readonly string[] {
  if (issue.code === "invalid_type") return [TYPE_NAMES[issue.expected] ?? issue.expected];
  if (issue.code === "invalid_value") return issue.values.map((value) => `"${String(value)}"`);
  return issue.code === "invalid_union"
    ? issue.errors.flatMap((branch) => branch.filter(isWrongType).flatMap(expectations))
    : [];
}

function typeHint(issue: Extract<Issue, { code: "invalid_type" }>, given: unknown): string {
  if (issue.expected === "string" && (typeof given === "number" || typeof given === "boolean"))
    return "put it in quotes";
  if (issue.expected === "array") return "a list has a dash before each entry";
  const isNumber = issue.expected === "number" || issue.expected === "int";
  return isNumber && typeof given === "string" && /^\d+$/.test(given) ? "without quotes" : "";
}

function kindOfValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value === "string") return value.length <= 40 ? JSON.stringify(value) : "this text";
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "this";
}

function joinOr(parts: readonly string[]): string {
  return parts.length <= 1
    ? (parts[0] ?? "something else")
    : `${parts.slice(0, -1).join(", ")} or ${parts[parts.length - 1]}`;
}

/** A message and the hint behind its line feed. */
function splitHint(message: string): readonly [string, string] {
  const [text, hint] = message.split("\n");
  return [text, hint ?? ""];
}

/** The list of keys that `section` in schema-values.ts puts in the message. */
function knownKeys(message: string): readonly string[] {
  const keys: unknown = JSON.parse(message);
  return Array.isArray(keys) ? keys.map(String) : [];
}

const MOST_KEYS_SHOWN = 12;

function unknownKeyHint(key: string, known: readonly string[]): string {
  if (key === "<<") return "merge keys are not supported; use peerGroups with inherits";
  const nearest = nearestHint(key, known);
  if (nearest !== "") return nearest;
  return known.length <= MOST_KEYS_SHOWN ? `known here: ${known.join(", ")}` : "see docs/configuration.md for the keys";
}

function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, step)) return undefined;
    current = Reflect.get(current, step) as unknown;
  }
  return current;
}
