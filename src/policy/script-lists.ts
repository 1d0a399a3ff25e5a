// Paths and lists that scripts change: prepend, add, delete, filter, by the types of list and argument as in BIRD 1.6.

import { prepend } from "./compile.js";
import type { ScriptExpression } from "./script-ast.js";
import { extendedTest, largeTest, numberTest } from "./script-membership.js";
import { filteredPath } from "./script-path.js";
import { fail, quadOf, type Value, type ValueOf } from "./script-value.js";
import { equalExtendedCommunities, equalLargeCommunities } from "./values.js";

export type ListOperation = Extract<ScriptExpression, { readonly kind: "edited" }>["operation"];

/** The list changed by the value. Fails as BIRD does where they do not go together. */
export function editedList(operation: ListOperation, list: Value, value: Value): Value {
  if (operation === "prepend") return prepended(list, value);
  switch (list?.type) {
    case "path":
      return editedPath(operation, list, value);
    case "communityList":
      return { type: "communityList", values: edited(operation, COMMUNITIES, list.values, value) };
    case "extendedCommunityList":
      return { type: "extendedCommunityList", values: edited(operation, EXTENDED, list.values, value) };
    case "largeCommunityList":
      return { type: "largeCommunityList", values: edited(operation, LARGE, list.values, value) };
    default:
      return fail("Can't add/delete to non-[e|l]clist");
  }
}

function prepended(list: Value, value: Value): Value {
  if (list?.type !== "path") return fail("Can't prepend to non-path");
  if (value?.type !== "int") return fail("Can't prepend non-integer");
  return { type: "path", path: prepend([value.value], list.path) };
}

function editedPath(operation: ListOperation, { path }: ValueOf<"path">, value: Value): Value {
  const isNumber = value?.type === "int";
  const test = isNumber
    ? (as: number): boolean => as === value.value
    : value?.type === "set"
      ? numberTest("int", value)
      : undefined;
  if (test === undefined) return fail("Can't delete non-integer (set)");
  if (operation === "add") return fail("Can't add to path");
  if (operation === "delete") return { type: "path", path: filteredPath(path, (as) => !test(as)) };
  return isNumber ? fail("Can't filter integer") : { type: "path", path: filteredPath(path, test) };
}

/** What the three kinds of community lists differ in. */
interface ListKind<Member> {
  readonly equal: (a: Member, b: Member) => boolean;
  /** A single member that the value is. */
  readonly one: (value: Value) => Member | undefined;
  /** The members of the value, a list of this kind. */
  readonly list: (value: Value) => readonly Member[] | undefined;
  /** A test, the value being a set for this kind. */
  readonly test: (value: Value) => ((member: Member) => boolean) | undefined;
  readonly wrong: string;
  readonly notFiltered: string;
}

const COMMUNITIES: ListKind<number> = {
  equal: (a, b) => a === b,
  one: (value) => (value?.type === "pair" || value?.type === "quad" ? value.value : quadOf(value)),
  list: (value) => (value?.type === "communityList" ? value.values : undefined),
  test: (value) => (value?.type === "set" ? numberTest("pair", value) : undefined),
  wrong: "Can't add/delete non-pair",
  notFiltered: "Can't filter pair",
};

const EXTENDED: ListKind<ValueOf<"extendedCommunity">["value"]> = {
  equal: equalExtendedCommunities,
  one: (value) => (value?.type === "extendedCommunity" ? value.value : undefined),
  list: (value) => (value?.type === "extendedCommunityList" ? value.values : undefined),
  test: (value) => (value?.type === "set" ? extendedTest(value) : undefined),
  wrong: "Can't add/delete non-ec",
  notFiltered: "Can't filter ec",
};

const LARGE: ListKind<ValueOf<"largeCommunity">["value"]> = {
  equal: equalLargeCommunities,
  one: (value) => (value?.type === "largeCommunity" ? value.value : undefined),
  list: (value) => (value?.type === "largeCommunityList" ? value.values : undefined),
  test: (value) => (value?.type === "set" ? largeTest(value) : undefined),
  wrong: "Can't add/delete non-lc",
  notFiltered: "Can't filter lc",
};

function edited<Member>(
  operation: ListOperation,
  kind: ListKind<Member>,
  members: readonly Member[],
  value: Value,
): readonly Member[] {
  const { equal } = kind;
  const one = kind.one(value);
  if (one !== undefined) {
    const isOne = (member: Member): boolean => equal(member, one);
    if (operation === "filter") return fail(kind.notFiltered);
    if (operation === "delete") return members.some(isOne) ? members.filter((member) => !isOne(member)) : members;
    return members.some(isOne) ? members : [...members, one];
  }
  const others = kind.list(value);
  if (operation === "add") {
    if (others !== undefined) return union(members, others, equal);
    return fail(kind.test(value) === undefined ? kind.wrong : "Can't add set");
  }
  const test =
    others === undefined ? kind.test(value) : (member: Member) => others.some((other) => equal(member, other));
  if (test === undefined) return fail(kind.wrong);
  return members.filter((member) => test(member) === (operation === "filter"));
}

function union<Member>(
  members: readonly Member[],
  others: readonly Member[],
  equal: (a: Member, b: Member) => boolean,
): readonly Member[] {
  const missing = others.filter((other) => !members.some((member) => equal(member, other)));
  return missing.length === 0 ? members : [...members, ...missing];
}
