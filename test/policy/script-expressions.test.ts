// What expressions of scripts give. The right column was seen in BIRD 1.6.8 unless it says otherwise.

import t from "tap";
import type { Route } from "../../src/policy/route.js";
import type { ScriptExpression } from "../../src/policy/script-ast.js";
import { expressionText } from "../support/script-text.js";
import { sequence } from "./sample-route.js";
import {
  attribute,
  bool,
  both,
  bytesOf,
  calculate,
  compare,
  constant,
  defined,
  edited,
  either,
  empty,
  extended,
  int,
  ip,
  isIn,
  large,
  mask,
  member,
  not,
  pair,
  prefix,
  prefixes,
  set,
  text,
  valueOf,
} from "./script-builders.js";

type Row = readonly [ScriptExpression, string, Partial<Route>?];

function check(title: string, rows: readonly Row[]): void {
  t.test(title, (t) => {
    for (const [expression, wanted, route] of rows)
      t.equal(valueOf(expression, route), wanted, expressionText(expression));
    t.end();
  });
}

const path = { asPath: sequence(65002, 65001) };
const bare = { isBare: true, from: "static" } as const;

check("arithmetic is unsigned, of 32 bits, and wraps", [
  [calculate(int(0), "-", int(1)), "4294967295"],
  [calculate(int(4294967295), "+", int(2)), "1"],
  [calculate(int(65536), "*", int(65537)), "65536"],
  [calculate(int(4294967295), "*", int(4294967295)), "1"],
  [calculate(int(5), "/", int(2)), "2"],
  [calculate(int(4294967295), "/", int(2)), "2147483647"],
  [calculate(int(2147483647), "-", attribute("localPref")), "2147483748", { localPref: 4294967195 }],
  [calculate(int(10), "/", int(0)), "Mother told me not to divide by 0"],
  [calculate(bool(true), "+", bool(true)), "Usage of unknown type"],
  [calculate(attribute("med"), "+", int(1)), "Can't operate with values of incompatible types"],
  [calculate(attribute("med"), "+", attribute("med")), "Can't operate with values of type void"],
]);

check("= and != work across types and on what is absent", [
  [compare(int(1), "=", bool(true)), "FALSE"],
  [compare(int(1), "!=", bool(true)), "TRUE"],
  [compare(pair(1, 2), "=", int(65538)), "FALSE"],
  [compare(text("a"), "=", text("a")), "TRUE"],
  [compare(constant("source", 11), "=", int(11)), "FALSE"],
  [compare(constant("source", 0), "=", constant("destination", 0)), "FALSE"],
  [compare(attribute("med"), "=", attribute("kernelMetric")), "TRUE"],
  [compare(attribute("med"), "=", int(0)), "FALSE"],
  [compare(attribute("source"), "=", constant("source", 11)), "TRUE"],
  [compare(attribute("asPath"), "=", edited("prepend", empty("path"), int(1))), "TRUE", { asPath: sequence(1) }],
  [compare(attribute("asPath"), "=", empty("path")), "FALSE", bare],
  [compare(attribute("communities"), "=", empty("communityList")), "TRUE"],
  [compare(attribute("communities"), "=", empty("extendedCommunityList")), "FALSE"],
  [compare(set("int", int(1), int(2)), "=", set("int", int(1), int(2))), "TRUE"],
  [compare(prefixes(["10.0.0.0/8", 8, 32]), "=", prefixes(["10.0.0.0/8", 8, 32])), "TRUE"],
  [compare(mask({ kind: "as", as: 1 }), "=", mask({ kind: "as", as: 1 })), "TRUE"],
  [compare(attribute("originatorId"), "=", ip("1.2.3.4")), "TRUE", { originatorId: 0x01020304 }],
  [compare(attribute("prefix"), "=", prefix("10.1.0.0/16")), "TRUE"],
  [compare(attribute("prefix"), "!=", prefix("10.1.0.0/17")), "TRUE"],
  [compare(attribute("prefix"), "=", int(5)), "FALSE"],
]);

check("in an ordering what is absent is smaller than anything", [
  [compare(attribute("kernelMetric"), "<", int(1024)), "TRUE"],
  [compare(attribute("kernelMetric"), "<", int(0)), "TRUE"],
  [compare(attribute("localPref"), ">", int(0)), "FALSE"],
  [compare(attribute("localPref"), ">=", attribute("med")), "TRUE"],
  [compare(int(0), ">", attribute("med")), "TRUE"],
  [compare(text("a"), ">", attribute("med")), "TRUE"],
]);

check("orderings need one type", [
  [compare(int(4294967295), ">", int(1)), "TRUE"],
  [compare(bool(true), "<", bool(false)), "FALSE"],
  [compare(pair(1, 2), "<", pair(1, 3)), "TRUE"],
  [compare(ip("1.2.3.4"), "<", ip("1.2.3.5")), "TRUE"],
  [compare(prefix("10.0.0.0/8"), "<", prefix("10.0.0.0/9")), "TRUE"],
  [compare(large(1, 2, 3), "<", large(1, 3, 0)), "TRUE"],
  [compare(extended(0x00020001, 5), "<=", extended(0x00020001, 5)), "TRUE"],
  [compare(attribute("originatorId"), "<", ip("1.2.3.5")), "TRUE", { originatorId: 0x01020304 }],
  [compare(ip("1.2.3.4"), "<", int(5)), "Can't compare values of incompatible types"],
  [compare(constant("source", 1), "<", constant("destination", 2)), "Can't compare values of incompatible types"],
  [compare(attribute("asPath"), "<", attribute("asPath")), "Can't compare values of incompatible types"],
  // Deviates: BIRD leaves it to the C library.
  [compare(text("a"), "<", text("c")), "TRUE"],
]);

check("&&, || and ! take truth values only, and look right where it matters", [
  [both(bool(true), int(5)), "Can't do boolean operation on non-booleans"],
  [both(bool(false), int(5)), "FALSE"],
  [either(bool(true), int(5)), "TRUE"],
  [either(bool(false), bool(true)), "TRUE"],
  [both(int(5), bool(true)), "Can't do boolean operation on non-booleans"],
  [not(attribute("med")), "Not applied to non-boolean"],
  [not(bool(true)), "FALSE"],
]);

check("defined() knows what the route has; an interface name and lists are always there", [
  [defined(attribute("interfaceName")), "TRUE"],
  [defined(attribute("source")), "TRUE"],
  [defined(attribute("gateway")), "TRUE"],
  [defined(attribute("communities")), "TRUE"],
  [defined(attribute("clusterList")), "TRUE"],
  [defined(attribute("med")), "FALSE"],
  [defined(attribute("med")), "TRUE", { med: 0 }],
  [defined(attribute("kernelMetric")), "FALSE"],
  [defined(attribute("nextHop")), "TRUE"],
  [defined(attribute("nextHop")), "FALSE", bare],
  [defined(attribute("asPath")), "FALSE", bare],
  [defined(attribute("origin")), "FALSE", bare],
  [defined(attribute("atomicAggregate")), "TRUE", { atomicAggregate: true }],
  [defined(attribute("igpMetric")), "FALSE"],
]);

check("attributes have the types and words of BIRD", [
  [attribute("origin"), "1", { origin: 1 }],
  [compare(attribute("origin"), "=", constant("origin", 1)), "FALSE", { origin: 1 }],
  [attribute("source"), "(enum 30)11"],
  [attribute("source"), "(enum 30)2", { from: "kernel" }],
  [attribute("source"), "(enum 30)3", { from: "direct" }],
  [attribute("source"), "(enum 30)1", { from: "static" }],
  [attribute("source"), "(enum 30)4", { from: "static", destination: "device" }],
  [attribute("source"), "(enum 30)3", { from: "direct", destination: "device" }],
  [attribute("destination"), "(enum 34)2", { destination: "blackhole" }],
  [attribute("scope"), "(enum 32)4"],
  [attribute("gateway"), "0.0.0.0"],
  [attribute("from"), "192.0.2.9", { fromAddress: bytesOf("192.0.2.9") }],
  [attribute("protocolName"), "tor-1"],
  [attribute("prefix"), "10.1.0.0/16"],
  [attribute("asPath"), "(path 65002 65001)", path],
  [attribute("communities"), "(clist (1,2))", { communities: [0x10002] }],
  [attribute("clusterList"), "(clist (258,772))", { clusterList: [0x01020304] }],
  [attribute("extendedCommunities"), "(eclist (rt, 1, 2))", { extendedCommunities: [[0x00020001, 2]] }],
  [attribute("largeCommunities"), "(lclist (1, 2, 3))", { largeCommunities: [[1, 2, 3]] }],
  [attribute("originatorId"), "1.2.3.4", { originatorId: 0x01020304 }],
  [attribute("preference"), "100", { weight: 100 }],
  [attribute("interfaceIndex"), "ifindex is not known here"],
]);

check("~ on prefixes", [
  [isIn(attribute("prefix"), prefix("10.0.0.0/8")), "TRUE"],
  [isIn(attribute("prefix"), prefix("10.1.0.0/16")), "TRUE"],
  [isIn(attribute("prefix"), prefix("10.1.0.0/17")), "FALSE"],
  [isIn(attribute("prefix"), prefix("10.0.0.0/8"), true), "FALSE"],
  [isIn(attribute("prefix"), prefixes(["10.1.0.0/16", 16, 16])), "TRUE"],
  [isIn(attribute("prefix"), prefixes(["10.0.0.0/8", 8, 8])), "FALSE"],
  [isIn(attribute("prefix"), prefixes(["10.0.0.0/8", 16, 24])), "TRUE"],
  [isIn(attribute("prefix"), prefixes(["10.1.2.0/24", 0, 24])), "TRUE"],
  [isIn(prefix("10.1.0.0/16"), prefixes(["10.0.0.0/8", 17, 24])), "FALSE"],
  [isIn(ip("10.1.2.3"), prefix("10.0.0.0/8")), "TRUE"],
  [isIn(ip("10.1.2.3"), prefixes(["10.0.0.0/8", 8, 32])), "~ applied on unknown type pair"],
  [isIn(attribute("prefix"), attribute("med"), true), "!~ applied on unknown type pair"],
]);

check("~ on paths, masks, lists, texts and sets", [
  [isIn(attribute("asPath"), mask({ kind: "as", as: 65002 }, { kind: "any" })), "TRUE", path],
  [isIn(attribute("asPath"), mask({ kind: "any" }, { kind: "as", as: 65001 })), "TRUE", path],
  [isIn(attribute("asPath"), mask({ kind: "as", as: 65002 })), "FALSE", path],
  [isIn(attribute("asPath"), mask({ kind: "one" }, { kind: "as", as: 65001 })), "TRUE", path],
  [isIn(attribute("asPath"), mask({ kind: "range", least: 65000, greatest: 65003 }, { kind: "one" })), "TRUE", path],
  [isIn(attribute("asPath"), mask({ kind: "any" })), "TRUE", { asPath: [] }],
  [isIn(attribute("asPath"), mask()), "TRUE", { asPath: [] }],
  [
    isIn(
      attribute("asPath"),
      mask({ kind: "expression", expression: calculate(int(65000), "+", int(2)) }, { kind: "any" }),
    ),
    "TRUE",
    path,
  ],
  [
    isIn(attribute("asPath"), mask({ kind: "expression", expression: attribute("med") })),
    "Error resolving path mask template: value not an integer",
  ],
  [isIn(attribute("asPath"), mask()), "~ applied on unknown type pair", bare],
  [isIn(int(65001), attribute("asPath")), "TRUE", path],
  [isIn(int(65003), attribute("asPath")), "FALSE", path],
  [isIn(attribute("asPath"), set("int", int(65001))), "TRUE", path],
  [isIn(attribute("asPath"), int(5)), "~ applied on unknown type pair"],
  [isIn(pair(1, 2), attribute("communities")), "TRUE", { communities: [0x10002] }],
  [isIn(pair(1, 2), attribute("communities")), "FALSE"],
  [isIn(large(1, 2, 3), attribute("largeCommunities")), "TRUE", { largeCommunities: [[1, 2, 3]] }],
  [isIn(extended(0x20001, 2), attribute("extendedCommunities")), "TRUE", { extendedCommunities: [[0x20001, 2]] }],
  [isIn(ip("1.2.3.4"), attribute("clusterList")), "TRUE", { clusterList: [0x01020304] }],
  [isIn(attribute("clusterList"), set("ip", ip("1.2.3.4"))), "TRUE", { clusterList: [0x01020304] }],
  [isIn(attribute("communities"), set("pair", pair(1, 2))), "TRUE", { communities: [0x10002] }],
  [isIn(attribute("communities"), set("int", int(1))), "~ applied on unknown type pair"],
  [isIn(attribute("originatorId"), set("ip", ip("1.2.3.4"))), "TRUE", { originatorId: 0x01020304 }],
  [isIn(attribute("source"), set("enum", constant("source", 11))), "TRUE"],
  [isIn(attribute("interfaceName"), text("cali*")), "TRUE", { interfaceName: "cali12" }],
  [isIn(attribute("interfaceName"), text("*.cali")), "FALSE"],
  [isIn(attribute("med"), set("int", int(1))), "~ applied on unknown type pair"],
]);

check("parts, lengths and masks", [
  [member(attribute("prefix"), "length"), "16"],
  [member(attribute("prefix"), "ip"), "10.1.0.0"],
  [member(attribute("asPath"), "length"), "2", path],
  [member(attribute("asPath"), "first"), "65002", path],
  [member(attribute("asPath"), "last"), "65001", path],
  [member(attribute("asPath"), "first"), "0", { asPath: [] }],
  [member(attribute("communities"), "length"), "0"],
  [member(attribute("med"), "length"), "Prefix, path, clist or eclist expected"],
  [member(attribute("communities"), "first"), "AS path expected"],
  [member(attribute("med"), "ip"), "Prefix expected"],
  [{ kind: "mask", operand: ip("10.1.2.3"), length: int(16) }, "10.1.0.0"],
  [{ kind: "mask", operand: ip("10.1.2.3"), length: int(0) }, "0.0.0.0"],
  [{ kind: "mask", operand: ip("10.1.2.3"), length: bool(true) }, "Integer expected"],
  [{ kind: "mask", operand: attribute("prefix"), length: int(8) }, "You can mask only IP addresses"],
]);

check("an AS_SET is one hop of a path", [
  [member(attribute("asPath"), "length"), "2", { asPath: [...sequence(1), { type: 1, asNumbers: [2, 3] }] }],
  [member(attribute("asPath"), "last"), "0", { asPath: [...sequence(1), { type: 1, asNumbers: [2, 3] }] }],
  [member(attribute("asPath"), "lastNonAggregated"), "1", { asPath: [...sequence(1), { type: 1, asNumbers: [2, 3] }] }],
  [
    isIn(attribute("asPath"), mask({ kind: "as", as: 1 }, { kind: "as", as: 3 })),
    "TRUE",
    { asPath: [...sequence(1), { type: 1, asNumbers: [2, 3] }] },
  ],
]);

check("communities of parts that are known when it runs", [
  [{ kind: "pairOf", parts: [attribute("preference"), int(2)] }, "(7,2)", { weight: 7 }],
  [
    { kind: "pairOf", parts: [calculate(int(65535), "+", int(1)), int(2)] },
    "Can't operate with value out of bounds in pair constructor",
  ],
  [
    { kind: "pairOf", parts: [attribute("med"), int(2)] },
    "Can't operate with value of non-integer type in pair constructor",
  ],
  [{ kind: "largeCommunityOf", parts: [attribute("preference"), int(2), int(3)] }, "(7, 2, 3)", { weight: 7 }],
  [
    { kind: "largeCommunityOf", parts: [int(1), int(2), bool(true)] },
    "Can't operate with value of non-integer type in LC constructor",
  ],
  [{ kind: "extendedCommunityOf", of: "rt", parts: [int(65536), int(1)] }, "(rt, 65536, 1)"],
  [{ kind: "extendedCommunityOf", of: "ro", parts: [int(1), int(70000)] }, "(ro, 1, 70000)"],
  [{ kind: "extendedCommunityOf", of: "rt", parts: [ip("1.2.3.4"), int(5)] }, "(rt, 1.2.3.4, 5)"],
  [
    { kind: "extendedCommunityOf", of: "rt", parts: [int(65536), int(65536)] },
    "Can't operate with value out of bounds in EC constructor",
  ],
  [
    { kind: "extendedCommunityOf", of: "rt", parts: [attribute("med"), int(1)] },
    "Can't operate with key of non-integer/IPv4 type in EC constructor",
  ],
]);

check("lists that are changed", [
  [edited("prepend", attribute("asPath"), int(7)), "(path 7 65002 65001)", path],
  [edited("prepend", attribute("asPath"), int(7)), "Can't prepend to non-path", bare],
  [edited("prepend", attribute("asPath"), pair(1, 2)), "Can't prepend non-integer"],
  [edited("delete", attribute("asPath"), int(65002)), "(path 65001)", path],
  [edited("delete", attribute("asPath"), set("int", int(65001), int(65002))), "(path )", path],
  [edited("filter", attribute("asPath"), set("int", int(65001))), "(path 65001)", path],
  [edited("filter", attribute("asPath"), int(65001)), "Can't filter integer", path],
  [edited("add", attribute("asPath"), int(5)), "Can't add to path"],
  [edited("delete", attribute("asPath"), pair(1, 2)), "Can't delete non-integer (set)"],
  [edited("add", attribute("communities"), pair(1, 2)), "(clist (1,2))"],
  [edited("add", attribute("communities"), pair(1, 2)), "(clist (1,2) (3,4))", { communities: [0x10002, 0x30004] }],
  [edited("add", attribute("communities"), pair(0, 1)), "(clist (1,2) (0,1))", { communities: [0x10002] }],
  [edited("delete", attribute("communities"), pair(1, 2)), "(clist (3,4))", { communities: [0x10002, 0x30004] }],
  [
    edited("filter", attribute("communities"), set("pair", pair(1, 2))),
    "(clist (1,2))",
    { communities: [0x10002, 0x30004] },
  ],
  [edited("filter", attribute("communities"), pair(1, 2)), "Can't filter pair"],
  [edited("add", attribute("communities"), set("pair", pair(1, 2))), "Can't add set"],
  [edited("add", attribute("communities"), int(9)), "Can't add/delete non-pair"],
  [edited("delete", attribute("communities"), empty("extendedCommunityList")), "Can't add/delete non-pair"],
  [edited("add", attribute("largeCommunities"), large(1, 2, 3)), "(lclist (1, 2, 3))"],
  [edited("filter", attribute("largeCommunities"), large(1, 2, 3)), "Can't filter lc"],
  [edited("add", attribute("largeCommunities"), int(1)), "Can't add/delete non-lc"],
  [edited("add", attribute("extendedCommunities"), extended(0x20001, 2)), "(eclist (rt, 1, 2))"],
  [edited("filter", attribute("extendedCommunities"), extended(0x20001, 2)), "Can't filter ec"],
  [edited("add", attribute("extendedCommunities"), int(1)), "Can't add/delete non-ec"],
  [edited("add", attribute("clusterList"), ip("1.2.3.4")), "(clist (258,772))"],
  [edited("add", attribute("med"), int(5)), "Can't add/delete to non-[e|l]clist"],
]);
