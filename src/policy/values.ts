// What filters can look at: every route field with the kind of its value, what it depends on, and how it is read.
//
// A new readable field is one row here. The AST (ast.ts) names fields by the keys of FIELDS; check.ts takes the kinds
// for its type checks, compile.ts the readers. AS path facts follow RFC 4271 §9.1.2.2 a) and RFC 6811 §2.

import type { AsPath, ExtendedCommunity, LargeCommunity, PeerFacts, Route } from "./route.js";

export type ValueKind =
  | "boolean"
  | "number"
  | "text"
  | "address"
  | "prefix"
  | "asPath"
  | "communities"
  | "largeCommunities"
  | "extendedCommunities";

export interface FieldFacts {
  readonly kind: ValueKind;
  /** The value may differ between prefixes that share an attribute set. */
  readonly readsPrefix?: true;
  /** The value depends on the peer the route would be sent to. */
  readonly readsPeer?: true;
  /** The value is the same for all routes of a source, as far as one filter of one session sees them. */
  readonly isOfSource?: true;
}

/** Every readable field. `peer.…` is the peer of the session the filter works for: the receiver on export, the sender on
 *  import. `learnedFrom.…` is always the sender; both are absent where there is no such peer. */
export const FIELDS = {
  prefix: { kind: "prefix", readsPrefix: true },
  prefixLength: { kind: "number", readsPrefix: true },
  // One attribute set may serve both families (RFC 8950), so the family counts as part of the prefix.
  family: { kind: "text", readsPrefix: true },
  source: { kind: "text", isOfSource: true },
  origin: { kind: "number" },
  asPath: { kind: "asPath" },
  asPathLength: { kind: "number" },
  firstAs: { kind: "number" },
  originAs: { kind: "number" },
  nextHop: { kind: "address" },
  med: { kind: "number" },
  localPref: { kind: "number" },
  weight: { kind: "number" },
  communities: { kind: "communities" },
  largeCommunities: { kind: "largeCommunities" },
  extendedCommunities: { kind: "extendedCommunities" },
  "peer.address": { kind: "text", readsPeer: true, isOfSource: true },
  "peer.name": { kind: "text", readsPeer: true, isOfSource: true },
  "peer.group": { kind: "text", readsPeer: true, isOfSource: true },
  "peer.as": { kind: "number", readsPeer: true, isOfSource: true },
  "peer.isEbgp": { kind: "boolean", readsPeer: true, isOfSource: true },
  "learnedFrom.address": { kind: "text", isOfSource: true },
  "learnedFrom.name": { kind: "text", isOfSource: true },
  "learnedFrom.group": { kind: "text", isOfSource: true },
  "learnedFrom.as": { kind: "number", isOfSource: true },
  "learnedFrom.isEbgp": { kind: "boolean", isOfSource: true },
} as const satisfies Record<string, FieldFacts>;

export type FieldName = keyof typeof FIELDS;

/** What FIELDS says of a field. */
export function fieldFacts(field: FieldName): FieldFacts {
  return FIELDS[field];
}

/** Names of the fields whose value is of kind `Kind`. */
export type FieldOf<Kind extends ValueKind> = {
  [Name in FieldName]: (typeof FIELDS)[Name]["kind"] extends Kind ? Name : never;
}[FieldName];

/** Fields that a statement may set, with the greatest number allowed where the value is a number. */
export const SETTABLE_FIELDS = {
  localPref: { kind: "number", greatest: 0xffffffff, removable: true },
  med: { kind: "number", greatest: 0xffffffff, removable: true },
  origin: { kind: "number", greatest: 2, removable: false },
  weight: { kind: "number", greatest: 0xffff, removable: false },
  nextHop: { kind: "address", greatest: 0, removable: false },
} as const satisfies Record<string, { kind: ValueKind; greatest: number; removable: boolean }>;

export type SettableField = keyof typeof SETTABLE_FIELDS;

/** Reads a value; undefined: the route does not have it. */
export type Reader<Value> = (route: Route) => Value | undefined;

export const NUMBER_READERS: { readonly [Name in FieldOf<"number">]: Reader<number> } = {
  prefixLength: (route) => route.prefixLength,
  origin: (route) => route.origin,
  asPathLength: (route) => asPathLength(route.asPath),
  firstAs: (route) => firstAs(route.asPath),
  originAs: (route) => originAs(route.asPath),
  med: (route) => route.med,
  localPref: (route) => route.localPref,
  weight: (route) => route.weight,
  "peer.as": (route) => sessionPeer(route)?.as,
  "learnedFrom.as": (route) => route.learnedFrom?.as,
};

export const TEXT_READERS: { readonly [Name in FieldOf<"text">]: Reader<string> } = {
  family: (route) => (route.family === 0 ? "ipv4" : "ipv6"),
  source: (route) => route.from,
  "peer.address": (route) => sessionPeer(route)?.address,
  "peer.name": (route) => sessionPeer(route)?.name,
  "peer.group": (route) => sessionPeer(route)?.group,
  "learnedFrom.address": (route) => route.learnedFrom?.address,
  "learnedFrom.name": (route) => route.learnedFrom?.name,
  "learnedFrom.group": (route) => route.learnedFrom?.group,
};

export const BOOLEAN_READERS: { readonly [Name in FieldOf<"boolean">]: Reader<boolean> } = {
  "peer.isEbgp": (route) => sessionPeer(route)?.isEbgp,
  "learnedFrom.isEbgp": (route) => route.learnedFrom?.isEbgp,
};

function sessionPeer(route: Route): PeerFacts | undefined {
  return route.sentTo ?? route.learnedFrom;
}

/** True if the route has a value for `field`; lists count as present when they are not empty. */
export function isPresent(route: Route, field: FieldName): boolean {
  if (isFieldOf(field, NUMBER_READERS)) return NUMBER_READERS[field](route) !== undefined;
  if (isFieldOf(field, TEXT_READERS)) return TEXT_READERS[field](route) !== undefined;
  if (isFieldOf(field, BOOLEAN_READERS)) return BOOLEAN_READERS[field](route) !== undefined;
  return field === "prefix" || route[field].length > 0;
}

/** Narrows a field name to the keys of a table of readers. */
export function isFieldOf<Name extends FieldName>(
  field: FieldName,
  readers: { readonly [N in Name]: unknown },
): field is Name {
  return Object.hasOwn(readers, field);
}

const AS_SET = 1;
const AS_CONFED_SEQUENCE = 3;
const AS_CONFED_SET = 4;

/** True for AS_SET and AS_CONFED_SET: the members have no order and stand for one hop. */
export function isUnorderedSegment(type: number): boolean {
  return type === AS_SET || type === AS_CONFED_SET;
}

/** Hops of a path: an AS_SET counts 1 (RFC 4271 §9.1.2.2 a), confederation segments 0 (RFC 5065 §5.3). */
export function asPathLength(path: AsPath): number {
  let length = 0;
  for (const segment of path) {
    if (segment.type === AS_SET) length += 1;
    else if (segment.type !== AS_CONFED_SEQUENCE && segment.type !== AS_CONFED_SET) length += segment.asNumbers.length;
  }
  return length;
}

/** The neighbouring AS; undefined for an empty path or one that starts with a set. */
export function firstAs(path: AsPath): number | undefined {
  const first = path[0];
  return first === undefined || isUnorderedSegment(first.type) ? undefined : first.asNumbers[0];
}

/** The AS that originated the route; undefined for an empty path or one that ends in a set (RFC 6811 §2). */
export function originAs(path: AsPath): number | undefined {
  const last = path[path.length - 1];
  return last === undefined || isUnorderedSegment(last.type) ? undefined : last.asNumbers[last.asNumbers.length - 1];
}

/** True if `text` as a whole fits the shell pattern: `*` any run, `?` one character, `\` takes the next literally. */
export function matchesShellPattern(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (t < text.length) {
    const escaped = pattern[p] === "\\" && p + 1 < pattern.length;
    if (pattern[p] === "*") {
      starAt = p++;
      resumeAt = t;
    } else if (
      p < pattern.length &&
      (escaped ? pattern[p + 1] === text[t] : pattern[p] === "?" || pattern[p] === text[t])
    ) {
      p += escaped ? 2 : 1;
      t++;
    } else if (starAt >= 0) {
      // Only the latest star need be widened: an earlier one could not do better.
      p = starAt + 1;
      t = ++resumeAt;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

export function equalLargeCommunities(a: LargeCommunity, b: LargeCommunity): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2];
}

export function equalExtendedCommunities(a: ExtendedCommunity, b: ExtendedCommunity): boolean {
  return a[0] === b[0] && a[1] === b[1];
}
