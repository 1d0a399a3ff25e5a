// The abstract syntax of scripts: policies that are typed when they run (BIRD's filter language), with variables, functions
// and lists as values. Beside the rules of ast.ts, which are typed when they are read, the other kind of policy.
//
// Values carry their type; what an operation does with values of other types, or with none, is the interpreter's business
// (script.ts). Plain data: it travels between processes.

import type { Bytes } from "../base/bytes.js";
import type { IpPrefix } from "../base/ip.js";
import type { Position, PrefixRange } from "./ast.js";
import type { AsPath, ExtendedCommunity, LargeCommunity } from "./route.js";

/** What a route has by these names. Those of the kernel are there only on routes learned from it, or once they were set. */
export type ScriptAttribute =
  | "prefix"
  | "preference"
  | "scope"
  | "source"
  | "destination"
  | "gateway"
  | "from"
  | "protocolName"
  | "interfaceName"
  | "interfaceIndex"
  | "igpMetric"
  | "origin"
  | "asPath"
  | "nextHop"
  | "med"
  | "localPref"
  | "atomicAggregate"
  | "aggregator"
  | "communities"
  | "originatorId"
  | "clusterList"
  | "extendedCommunities"
  | "largeCommunities"
  | "kernelMetric"
  | "kernelSource"
  | "kernelPreferredSource"
  | "kernelRealm"
  | "kernelTunnel";

/** Families of named constants: where a route comes from, how far it reaches, where it leads, ORIGIN; ROA results. */
export type EnumName = "source" | "scope" | "destination" | "origin" | "roa" | "cast";

export type ScriptType =
  | "bool"
  | "int"
  | "pair"
  | "quad"
  | "extendedCommunity"
  | "largeCommunity"
  | "ip"
  | "prefix"
  | "string"
  | "pathMask"
  | "path"
  | "communityList"
  | "extendedCommunityList"
  | "largeCommunityList"
  | "enum"
  | "set"
  | "prefixSet";

/** One item of an AS path mask. */
export type PathMaskItem =
  | { readonly kind: "as"; readonly as: number }
  | { readonly kind: "range"; readonly least: number; readonly greatest: number }
  | { readonly kind: "one" }
  | { readonly kind: "any" }
  /** A number that is known when the mask is applied. */
  | { readonly kind: "expression"; readonly expression: ScriptExpression };

/** A value with its type. Numbers are unsigned 32 bits. */
export type ScriptValue =
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "int" | "pair" | "quad"; readonly value: number }
  | { readonly type: "enum"; readonly of: EnumName; readonly value: number }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "ip"; readonly bytes: Bytes }
  | { readonly type: "prefix"; readonly prefix: IpPrefix }
  | { readonly type: "extendedCommunity"; readonly value: ExtendedCommunity }
  | { readonly type: "largeCommunity"; readonly value: LargeCommunity }
  | { readonly type: "path"; readonly path: AsPath }
  | { readonly type: "pathMask"; readonly items: readonly PathMaskItem[] }
  | { readonly type: "communityList"; readonly values: readonly number[] }
  | { readonly type: "extendedCommunityList"; readonly values: readonly ExtendedCommunity[] }
  | { readonly type: "largeCommunityList"; readonly values: readonly LargeCommunity[] }
  | ScriptSet
  | { readonly type: "prefixSet"; readonly ranges: readonly PrefixRange[] };

/** A set of ranges of values of one type, ends included. `of` undefined: the empty set. */
export interface ScriptSet {
  readonly type: "set";
  readonly of: "int" | "pair" | "quad" | "ip" | "enum" | "extendedCommunity" | "largeCommunity" | undefined;
  readonly enumName?: EnumName;
  readonly ranges: readonly (readonly [ScriptValue, ScriptValue])[];
}

/** A local variable or a parameter: a place in the frame of its function or filter. */
export interface ScriptVariable {
  readonly name: string;
  readonly type: ScriptType;
  readonly slot: number;
}

export type ScriptOperator = "+" | "-" | "*" | "/";

export type ScriptExpression =
  | { readonly kind: "value"; readonly value: ScriptValue }
  | { readonly kind: "variable"; readonly variable: ScriptVariable }
  | { readonly kind: "attribute"; readonly attribute: ScriptAttribute }
  /** Only attributes can be absent. */
  | { readonly kind: "isDefined"; readonly operand: ScriptExpression }
  /** Runs a function; the value it returns, or none. */
  | { readonly kind: "apply"; readonly script: string; readonly operands: readonly ScriptExpression[] }
  | {
      readonly kind: "calculate";
      readonly operator: ScriptOperator;
      readonly left: ScriptExpression;
      readonly right: ScriptExpression;
    }
  /** Pair, large community or extended community of parts that are known when it runs. */
  | { readonly kind: "pairOf"; readonly parts: readonly [ScriptExpression, ScriptExpression] }
  | {
      readonly kind: "largeCommunityOf";
      readonly parts: readonly [ScriptExpression, ScriptExpression, ScriptExpression];
    }
  | {
      readonly kind: "extendedCommunityOf";
      readonly of: "rt" | "ro" | "generic";
      readonly parts: readonly [ScriptExpression, ScriptExpression];
    }
  | {
      readonly kind: "compareValues";
      readonly operator: "=" | "!=" | "<" | "<=" | ">" | ">=";
      readonly left: ScriptExpression;
      readonly right: ScriptExpression;
    }
  /** `left ~ right`: membership, inclusion, pattern; which one depends on the types. */
  | {
      readonly kind: "isIn";
      readonly left: ScriptExpression;
      readonly right: ScriptExpression;
      readonly negated: boolean;
    }
  /** `.len`, `.first`, `.last`, `.ip` …, by the type of the operand. */
  | {
      readonly kind: "member";
      readonly member: "length" | "first" | "last" | "lastNonAggregated" | "ip" | "empty";
      readonly operand: ScriptExpression;
    }
  /** `ip.mask(n)`. */
  | { readonly kind: "mask"; readonly operand: ScriptExpression; readonly length: ScriptExpression }
  /** The list `list` changed by `value`: prepend to a path; add to, delete from, or filter (keep) a list. */
  | {
      readonly kind: "edited";
      readonly operation: "prepend" | "add" | "delete" | "filter";
      readonly list: ScriptExpression;
      readonly value: ScriptExpression;
    }
  /** The named constants of an empty list: `+empty+`, `-empty-`, `--empty--`, `---empty---`. */
  | {
      readonly kind: "emptyList";
      readonly type: "path" | "communityList" | "extendedCommunityList" | "largeCommunityList";
    }
  /** Both sides are values, not only what is true or false; the right one is looked at only where it matters. */
  | { readonly kind: "and" | "or"; readonly left: ScriptExpression; readonly right: ScriptExpression }
  | { readonly kind: "negation"; readonly operand: ScriptExpression };

export type ScriptStatement = { readonly at: Position } & (
  | { readonly kind: "accept" | "reject" }
  | { readonly kind: "block"; readonly body: ScriptBlock }
  | { readonly kind: "assign"; readonly variable: ScriptVariable; readonly value: ScriptExpression }
  | { readonly kind: "setAttribute"; readonly attribute: ScriptAttribute; readonly value: ScriptExpression }
  | { readonly kind: "unsetAttribute"; readonly attribute: ScriptAttribute }
  /** `attribute.prepend(x)` and the like: sets the attribute to what `edited` gives; `empty` empties it. */
  | {
      readonly kind: "editAttribute";
      readonly attribute: ScriptAttribute;
      readonly operation: "prepend" | "add" | "delete" | "filter" | "empty";
      readonly value: ScriptExpression | undefined;
    }
  | { readonly kind: "evaluate"; readonly expression: ScriptExpression }
  | { readonly kind: "return"; readonly value: ScriptExpression | undefined }
  /** `condition` is an expression that must give a bool; anything else ends the filter with an error. */
  | {
      readonly kind: "when";
      readonly condition: ScriptExpression;
      readonly then: ScriptBlock;
      readonly otherwise: ScriptBlock;
    }
  | {
      readonly kind: "case";
      readonly subject: ScriptExpression;
      readonly branches: readonly { readonly values: ScriptSet; readonly body: ScriptBlock }[];
      readonly otherwise: ScriptBlock;
    }
  | {
      readonly kind: "print";
      readonly values: readonly ScriptExpression[];
      readonly then: "goOn" | "accept" | "reject" | "error";
    }
);

export type ScriptBlock = readonly ScriptStatement[];

/** A filter, or a function that filters and other functions apply. Its frame holds the parameters, then the locals. */
export interface Script {
  readonly name: string;
  readonly at: Position;
  readonly parameters: readonly ScriptVariable[];
  readonly locals: readonly ScriptVariable[];
  readonly body: ScriptBlock;
}

export type ScriptTable = ReadonlyMap<string, Script>;
