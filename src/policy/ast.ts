// The abstract syntax of policies, the one form that every front door compiles to: YAML today, BIRD's filter language and
// richer notations later. Plain data, no syntax, no closures.
//
// Meaning of what is absent (a route without MED, an own route without a sending peer): `=` and every `match` are false,
// `!=` is true, and in an ordering the absent value is smaller than any other, as in BIRD.

import type { Bytes } from "../base/bytes.js";
import type { IpPrefix } from "../base/ip.js";
import type { ExtendedCommunity, LargeCommunity } from "./route.js";
import type { FieldName, SettableField } from "./values.js";

/** Where something was written. Lines and columns start at 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

interface Located {
  readonly at?: Position | undefined;
}

/** Least and greatest value, both included. */
export type NumberRange = readonly [number, number];

/** Prefixes that agree with `prefix` in the leading bits they share with it, and are `least` to `greatest` bits long. */
export interface PrefixRange {
  readonly prefix: IpPrefix;
  readonly least: number;
  readonly greatest: number;
}

/** RFC 1997: a range for each half. */
export interface CommunityPattern {
  readonly high: NumberRange;
  readonly low: NumberRange;
}

/** RFC 8092: a range for each of the three words. */
export type LargeCommunityPattern = readonly [NumberRange, NumberRange, NumberRange];

/** RFC 4360: the community matches if `community & mask = value`, word by word (unsigned). */
export interface ExtendedCommunityPattern {
  readonly mask: ExtendedCommunity;
  readonly value: ExtendedCommunity;
}

export type CommunityPatterns =
  | { readonly kind: "communityPatterns"; readonly patterns: readonly CommunityPattern[] }
  | { readonly kind: "largeCommunityPatterns"; readonly patterns: readonly LargeCommunityPattern[] }
  | { readonly kind: "extendedCommunityPatterns"; readonly patterns: readonly ExtendedCommunityPattern[] };

/** The right side of a `match`. */
export type Pattern =
  | CommunityPatterns
  /** For prefixes; an address matches as the host prefix it is. */
  | { readonly kind: "prefixRanges"; readonly ranges: readonly PrefixRange[] }
  /** For numbers; an AS path matches if one of its AS numbers does. */
  | { readonly kind: "numberRanges"; readonly ranges: readonly NumberRange[] }
  /** Shell patterns for texts. */
  | { readonly kind: "textPatterns"; readonly patterns: readonly string[] }
  /** AS path pattern in the syntax of as-path-pattern.ts. */
  | { readonly kind: "asPathPattern"; readonly pattern: string };

export type CompareOperator = "=" | "!=" | "<" | "<=" | ">" | ">=";

export type ArithmeticOperator = "+" | "-" | "*";

export type Expression = Located &
  (
    | { readonly kind: "boolean"; readonly value: boolean }
    | { readonly kind: "number"; readonly value: number }
    | { readonly kind: "text"; readonly value: string }
    | { readonly kind: "address"; readonly bytes: Bytes }
    | { readonly kind: "prefix"; readonly prefix: IpPrefix }
    /** Our own AS in the session the filter works for. */
    | { readonly kind: "localAs" }
    | { readonly kind: "field"; readonly field: FieldName }
    | { readonly kind: "defined"; readonly field: FieldName }
    | { readonly kind: "not"; readonly operand: Expression }
    | { readonly kind: "all" | "any"; readonly operands: readonly Expression[] }
    | {
        readonly kind: "compare";
        readonly operator: CompareOperator;
        readonly left: Expression;
        readonly right: Expression;
      }
    | { readonly kind: "match"; readonly left: Expression; readonly right: Pattern }
    /** Unsigned 32 bits, wrapping; absent if an operand is. */
    | {
        readonly kind: "arithmetic";
        readonly operator: ArithmeticOperator;
        readonly left: Expression;
        readonly right: Expression;
      }
  );

/** Values for one of the three kinds of community lists. */
export type CommunityValues =
  | { readonly kind: "communities"; readonly values: readonly number[] }
  | { readonly kind: "largeCommunities"; readonly values: readonly LargeCommunity[] }
  | { readonly kind: "extendedCommunities"; readonly values: readonly ExtendedCommunity[] };

export type Statement = Located &
  (
    | { readonly kind: "if"; readonly condition: Expression; readonly then: Block; readonly otherwise: Block }
    /** A value that turns out absent leaves the field as it is. */
    | { readonly kind: "set"; readonly field: SettableField; readonly value: Expression }
    /** Takes the attribute away. */
    | { readonly kind: "unset"; readonly field: SettableField }
    | { readonly kind: "setCommunities"; readonly list: CommunityValues }
    /** Appends those that are not yet there. */
    | { readonly kind: "addCommunities"; readonly list: CommunityValues }
    | { readonly kind: "deleteCommunities"; readonly patterns: CommunityPatterns }
    /** The numbers stand in the path as in the list, the first one nearest. */
    | { readonly kind: "prepend"; readonly asNumbers: readonly Expression[] }
    | { readonly kind: "accept" }
    | { readonly kind: "reject" }
    /** Leaves this policy without a verdict: its caller, or the next policy of the chain, goes on. */
    | { readonly kind: "next" }
    /** Runs another policy; goes on behind the call unless that one gave a verdict. */
    | { readonly kind: "call"; readonly policy: string }
  );

export type Block = readonly Statement[];

export interface Policy extends Located {
  readonly name: string;
  readonly body: Block;
}

/** What a `call` may name. */
export type PolicyTable = ReadonlyMap<string, Policy>;
