import t from "tap";
import type { Expression } from "../../src/policy/ast.js";
import { compileTest } from "../../src/policy/conditions.js";
import { foldExpression } from "../../src/policy/fold.js";
import type { Route } from "../../src/policy/route.js";
import { prefixOf, samplePeer, sampleRoute, sequence } from "./sample-route.js";

const field = (name: Extract<Expression, { kind: "field" }>["field"]): Expression => ({ kind: "field", field: name });
const number = (value: number): Expression => ({ kind: "number", value });

const CONDITIONS: readonly { name: string; condition: Expression; yes: Partial<Route>; no: Partial<Route> }[] = [
  {
    name: "numbers are compared as unsigned",
    condition: { kind: "compare", operator: ">", left: field("localPref"), right: number(0x7fffffff) },
    yes: { localPref: 0xffffffff },
    no: { localPref: 0x7fffffff },
  },
  {
    name: "an absent number is smaller than any",
    condition: { kind: "compare", operator: "<", left: field("med"), right: number(0) },
    yes: {},
    no: { med: 0 },
  },
  {
    name: "an absent number equals none",
    condition: { kind: "compare", operator: "!=", left: field("med"), right: number(0) },
    yes: {},
    no: { med: 0 },
  },
  {
    name: "two fields are compared with each other",
    condition: { kind: "compare", operator: "=", left: field("firstAs"), right: field("learnedFrom.as") },
    yes: { asPath: sequence(65001), learnedFrom: samplePeer() },
    no: { asPath: sequence(65002), learnedFrom: samplePeer() },
  },
  {
    name: "texts are compared",
    condition: { kind: "compare", operator: "=", left: field("source"), right: { kind: "text", value: "static" } },
    yes: { from: "static" },
    no: { from: "bgp" },
  },
  {
    name: "truth values are compared, absent ones are neither",
    condition: {
      kind: "compare",
      operator: "=",
      left: field("learnedFrom.isEbgp"),
      right: { kind: "boolean", value: false },
    },
    yes: { learnedFrom: samplePeer({ isEbgp: false }) },
    no: {},
  },
  {
    name: "a true-or-false field is a condition itself",
    condition: field("peer.isEbgp"),
    yes: { sentTo: samplePeer() },
    no: { sentTo: samplePeer({ isEbgp: false }) },
  },
  {
    name: "addresses are compared",
    condition: {
      kind: "compare",
      operator: "=",
      left: field("nextHop"),
      right: { kind: "address", bytes: Uint8Array.of(192, 0, 2, 1) },
    },
    yes: {},
    no: { nextHop: Uint8Array.of(192, 0, 2, 2) },
  },
  {
    name: "the prefix is compared",
    condition: {
      kind: "compare",
      operator: "!=",
      left: { kind: "prefix", prefix: prefixOf("10.1.0.0/16") },
      right: field("prefix"),
    },
    yes: { prefixLength: 17 },
    no: {},
  },
  {
    name: "a prefix is in ranges",
    condition: {
      kind: "match",
      left: field("prefix"),
      right: { kind: "prefixRanges", ranges: [{ prefix: prefixOf("10.0.0.0/8"), least: 9, greatest: 16 }] },
    },
    yes: {},
    no: { prefixLength: 17 },
  },
  {
    name: "a next hop is in ranges",
    condition: {
      kind: "match",
      left: field("nextHop"),
      right: { kind: "prefixRanges", ranges: [{ prefix: prefixOf("192.0.2.0/24"), least: 32, greatest: 32 }] },
    },
    yes: {},
    no: { nextHop: new Uint8Array(0) },
  },
  {
    name: "one AS of the path is in ranges",
    condition: { kind: "match", left: field("asPath"), right: { kind: "numberRanges", ranges: [[64512, 65534]] } },
    yes: { asPath: sequence(1, 64512) },
    no: { asPath: sequence(1, 65535) },
  },
  {
    name: "texts match shell patterns",
    condition: {
      kind: "match",
      left: field("peer.name"),
      right: { kind: "textPatterns", patterns: ["leaf-*", "tor-?"] },
    },
    yes: { learnedFrom: samplePeer() },
    no: { learnedFrom: samplePeer({ name: "tor-10" }) },
  },
  {
    name: "the receiver comes before the sender as the session's peer",
    condition: { kind: "match", left: field("peer.as"), right: { kind: "numberRanges", ranges: [[65001, 65001]] } },
    yes: { sentTo: samplePeer(), learnedFrom: samplePeer({ as: 1 }) },
    no: { sentTo: samplePeer({ as: 1 }), learnedFrom: samplePeer() },
  },
  {
    name: "AS paths match patterns",
    condition: { kind: "match", left: field("asPath"), right: { kind: "asPathPattern", pattern: "^1 .* 3$" } },
    yes: { asPath: sequence(1, 2, 3) },
    no: { asPath: sequence(1, 2) },
  },
  {
    name: "large communities match patterns in each word",
    condition: {
      kind: "match",
      left: field("largeCommunities"),
      right: {
        kind: "largeCommunityPatterns",
        patterns: [
          [
            [65000, 65000],
            [1, 1],
            [0, 9],
          ],
        ],
      },
    },
    yes: {
      largeCommunities: [
        [1, 1, 1],
        [65000, 1, 9],
      ],
    },
    no: {
      largeCommunities: [
        [65000, 1, 10],
        [65000, 2, 1],
      ],
    },
  },
  {
    name: "extended communities match under their mask",
    condition: {
      kind: "match",
      left: field("extendedCommunities"),
      right: { kind: "extendedCommunityPatterns", patterns: [{ mask: [0xffffffff, 0], value: [0x8002fde8, 0] }] },
    },
    yes: { extendedCommunities: [[0x8002fde8, 77]] },
    no: { extendedCommunities: [[0x0002fde8, 77]] },
  },
  {
    name: "arithmetic wraps at 32 bits",
    condition: {
      kind: "compare",
      operator: "=",
      left: { kind: "arithmetic", operator: "-", left: number(1), right: field("localPref") },
      right: number(0xffffffff),
    },
    yes: { localPref: 2 },
    no: { localPref: 1 },
  },
  {
    name: "arithmetic with an absent number is absent",
    condition: {
      kind: "compare",
      operator: ">=",
      left: { kind: "arithmetic", operator: "*", left: field("med"), right: number(2) },
      right: number(0),
    },
    yes: { med: 0x80000000 },
    no: {},
  },
  {
    name: "all, any and not work as they read",
    condition: {
      kind: "all",
      operands: [
        {
          kind: "any",
          operands: [
            { kind: "defined", field: "med" },
            { kind: "defined", field: "localPref" },
          ],
        },
        { kind: "not", operand: { kind: "defined", field: "communities" } },
        { kind: "not", operand: { kind: "not", operand: { kind: "defined", field: "nextHop" } } },
      ],
    },
    yes: { localPref: 1 },
    no: { localPref: 1, communities: [1] },
  },
];

for (const { name, condition, yes, no } of CONDITIONS) {
  t.test(name, (t) => {
    const test = compileTest(foldExpression(condition, 65000));
    t.equal(test(sampleRoute(yes)), true, "where it holds");
    t.equal(test(sampleRoute(no)), false, "where it does not");
    t.end();
  });
}
