// Filters and functions: the tree that each construct becomes.

import t from "tap";
import type { ScriptExpression, ScriptStatement } from "../../../src/policy/script-ast.js";
import { parsePrefix } from "../../../src/base/ip.js";
import { errorOf, read } from "./read.js";

const BEFORE = `define ONE = 1; define PAIR = (65000, 1); function truth() { return true; }
function add2(int a; int b) int c; { c = a + b; return c; }`;

function commandsOf(body: string, declarations = ""): readonly ScriptStatement[] {
  const script = read(`${BEFORE} filter f ${declarations} { ${body} } protocol device { }`).scripts.get("f");
  if (script === undefined) throw new Error("no filter");
  return script.body;
}

function expressionOf(text: string): ScriptExpression {
  const [command] = commandsOf(`return ${text};`);
  if (command.kind !== "return" || command.value === undefined) throw new Error("no expression");
  return command.value;
}

const int = (value: number) => ({ kind: "value", value: { type: "int", value } }) as const;
const attribute = (name: string) => ({ kind: "attribute", attribute: name });
const prefix = (text: string) => parsePrefix(text);
const pair = (high: number, low: number) => ({ type: "pair", value: ((high << 16) | low) >>> 0 });

const EXPRESSIONS: readonly (readonly [text: string, expected: unknown])[] = [
  ["5", int(5)],
  ["ONE", int(1)],
  ["true", { kind: "value", value: { type: "bool", value: true } }],
  ['"text"', { kind: "value", value: { type: "string", value: "text" } }],
  ["RTS_BGP", { kind: "value", value: { type: "enum", of: "source", value: 11 } }],
  ["10.0.0.1", { kind: "value", value: { type: "ip", bytes: Uint8Array.of(10, 0, 0, 1) } }],
  ["10.0.0.0/8", { kind: "value", value: { type: "prefix", prefix: prefix("10.0.0.0/8") } }],
  ["(65000, 2)", { kind: "value", value: pair(65000, 2) }],
  ["(ONE, 2)", { kind: "pairOf", parts: [int(1), int(2)] }],
  ["(1, 2, 3)", { kind: "value", value: { type: "largeCommunity", value: [1, 2, 3] } }],
  ["(1, 2, bgp_med)", { kind: "largeCommunityOf", parts: [int(1), int(2), attribute("med")] }],
  ["(rt, 65000, 7)", { kind: "value", value: { type: "extendedCommunity", value: [0x0002fde8, 7] } }],
  ["(ro, 70000, 7)", { kind: "value", value: { type: "extendedCommunity", value: [0x02030001, 0x11700007] } }],
  ["(generic, 1, 2)", { kind: "value", value: { type: "extendedCommunity", value: [1, 2] } }],
  ["(rt, 10.0.0.1, 7)", { kind: "extendedCommunityOf", of: "rt" }],
  ["-empty-", { kind: "emptyList", type: "communityList" }],
  ["+empty+", { kind: "emptyList", type: "path" }],
  ["--empty--", { kind: "emptyList", type: "extendedCommunityList" }],
  ["---empty---", { kind: "emptyList", type: "largeCommunityList" }],
  ["1 + 2 * 3", { kind: "calculate", operator: "+", left: int(1), right: { operator: "*", left: int(2) } }],
  ["7 - 2 - 1", { operator: "-", left: { operator: "-", left: int(7), right: int(2) }, right: int(1) }],
  ["1 = 1 || 2 = 2 && 3 = 3", { kind: "and", left: { kind: "or" }, right: { kind: "compareValues" } }],
  ["! ONE = 1", { kind: "compareValues", left: { kind: "negation" } }],
  ["net ~ 10.0.0.0/8", { kind: "isIn", left: attribute("prefix"), negated: false }],
  ["net !~ 10.0.0.0/8", { kind: "isIn", negated: true }],
  ["defined(bgp_med)", { kind: "isDefined", operand: attribute("med") }],
  ["net.len", { kind: "member", member: "length", operand: attribute("prefix") }],
  ["!bgp_path.last_nonaggregated", { kind: "negation", operand: { member: "lastNonAggregated" } }],
  ["net.ip.mask(8)", { kind: "mask", operand: { kind: "member", member: "ip" }, length: int(8) }],
  ["truth()", { kind: "apply", script: "truth", operands: [] }],
  ["add2(1, 2)", { kind: "apply", script: "add2", operands: [int(1), int(2)] }],
  ["prepend(bgp_path, 5)", { kind: "edited", operation: "prepend", list: attribute("asPath"), value: int(5) }],
  ["delete(bgp_community, [ (1, *) ])", { kind: "edited", operation: "delete" }],
  [
    "[= 1 ? * 2..3 ONE (1 + 1) =]",
    {
      kind: "value",
      value: {
        type: "pathMask",
        items: [
          { kind: "as", as: 1 },
          { kind: "one" },
          { kind: "any" },
          { kind: "range", least: 2, greatest: 3 },
          { kind: "expression", expression: int(1) },
          { kind: "expression", expression: { kind: "calculate" } },
        ],
      },
    },
  ],
  ["/ 1 ? 2 /", { value: { items: [{ as: 1 }, { kind: "any" }, { as: 2 }] } }],
];

void t.test("expressions", (t) => {
  for (const [text, expected] of EXPRESSIONS) t.match(expressionOf(text), expected, text);
  t.end();
});

const SETS: readonly (readonly [text: string, expected: object])[] = [
  [
    "[ 1, 2..3, ONE ]",
    {
      of: "int",
      ranges: [
        [1, 1],
        [2, 3],
        [1, 1],
      ].map((range) => range.map((value) => ({ value }))),
    },
  ],
  ["[ RTS_BGP ]", { of: "enum", enumName: "source", ranges: [[{ value: 11 }, { value: 11 }]] }],
  [
    "[ PAIR, (1, *), (2, 3..4), (5..6, 7) ]",
    {
      of: "pair",
      ranges: [
        [pair(65000, 1), pair(65000, 1)],
        [pair(1, 0), pair(1, 65535)],
        [pair(2, 3), pair(2, 4)],
        [pair(5, 7), pair(5, 7)],
        [pair(6, 7), pair(6, 7)],
      ],
    },
  ],
  [
    "[ (1, 2)..(2, 4) ]",
    {
      ranges: [
        [pair(1, 2), pair(1, 4)],
        [pair(2, 2), pair(2, 4)],
      ],
    },
  ],
  ["[ (1..2, *) ]", { ranges: [[pair(1, 0), pair(2, 65535)]] }],
  ["[ (*, *) ]", { ranges: [[pair(0, 0), pair(65535, 65535)]] }],
  [
    "[ (rt, 1, *), (ro, 70000, 1..2) ]",
    {
      of: "extendedCommunity",
      ranges: [
        [{ value: [0x00020001, 0] }, { value: [0x00020001, 0xffffffff] }],
        [{ value: [0x02030001, 0x11700001] }, { value: [0x02030001, 0x11700002] }],
      ],
    },
  ],
  [
    "[ (1, 2, 3), (1, 2, *), (1, *, *), (1, 2..3, *), (1, 2, 3)..(4, 5, 6) ]",
    {
      of: "largeCommunity",
      ranges: [
        [{ value: [1, 2, 3] }, { value: [1, 2, 3] }],
        [{ value: [1, 2, 0] }, { value: [1, 2, 0xffffffff] }],
        [{ value: [1, 0, 0] }, { value: [1, 0xffffffff, 0xffffffff] }],
        [{ value: [1, 2, 0] }, { value: [1, 3, 0xffffffff] }],
        [{ value: [1, 2, 3] }, { value: [4, 5, 6] }],
      ],
    },
  ],
  ["[ 10.0.0.1, 10.0.0.2..10.0.0.3 ]", { of: "ip" }],
  [
    "[ 10.0.0.0/8, 10.0.0.0/8+, 10.0.0.0/8-, 10.0.0.0/8{9,10} ]",
    {
      type: "prefixSet",
      ranges: [
        { least: 8, greatest: 8 },
        { least: 8, greatest: 32 },
        { least: 0, greatest: 8 },
        { least: 9, greatest: 10, prefix: prefix("10.0.0.0/8") },
      ],
    },
  ],
];

void t.test("sets", (t) => {
  for (const [text, expected] of SETS) t.match(expressionOf(text), { kind: "value", value: expected }, text);
  t.end();
});

const COMMANDS: readonly (readonly [text: string, expected: object])[] = [
  ["accept;", { kind: "accept" }],
  ["reject;", { kind: "reject" }],
  ['reject "no ", net;', { kind: "print", then: "reject", values: [{ kind: "value" }, attribute("prefix")] }],
  ["print 1, 2;", { kind: "print", then: "goOn", values: [int(1), int(2)] }],
  ["error;", { kind: "print", then: "error", values: [] }],
  ["return 5;", { kind: "return", value: int(5) }],
  ["truth();", { kind: "evaluate", expression: { kind: "apply", script: "truth" } }],
  ["v = 5;", { kind: "assign", variable: { name: "v", type: "int", slot: 0 }, value: int(5) }],
  ["w = add(w, PAIR);", { kind: "assign", variable: { name: "w", type: "communityList", slot: 1 } }],
  ["preference = 200;", { kind: "setAttribute", attribute: "preference", value: int(200) }],
  ['krt_tunnel = "tunl0";', { kind: "setAttribute", attribute: "kernelTunnel" }],
  ["gw = 10.0.0.1;", { kind: "setAttribute", attribute: "gateway" }],
  ["unset(bgp_med);", { kind: "unsetAttribute", attribute: "med" }],
  ["bgp_path.prepend(5);", { kind: "editAttribute", attribute: "asPath", operation: "prepend", value: int(5) }],
  ["bgp_community.add((1, 2));", { operation: "add", value: { value: pair(1, 2) } }],
  ["bgp_community.delete([ (1, *) ]);", { operation: "delete" }],
  ["bgp_large_community.filter([ (1, *, *) ]);", { attribute: "largeCommunities", operation: "filter" }],
  ["bgp_community.empty;", { kind: "editAttribute", operation: "empty", value: undefined }],
  ["if truth() then accept;", { kind: "when", then: [{ kind: "accept" }], otherwise: [] }],
  [
    "if truth() then { accept; } else if truth() then reject; else { v = 1; v = 2; }",
    {
      kind: "when",
      otherwise: [{ kind: "when", then: [{ kind: "reject" }], otherwise: [{ kind: "assign" }, { kind: "assign" }] }],
    },
  ],
  [
    "if truth() then if truth() then accept; else reject;",
    { then: [{ kind: "when", otherwise: [{ kind: "reject" }] }], otherwise: [] },
  ],
  [
    "case bgp_med { 1, 2..3: v = 1; accept; (ONE + 4): reject; else: v = 2; }",
    {
      kind: "case",
      subject: attribute("med"),
      branches: [
        {
          values: {
            of: "int",
            ranges: [
              [int(1).value, int(1).value],
              [int(2).value, int(3).value],
            ],
          },
          body: [{}, {}],
        },
        { values: { ranges: [[int(5).value, int(5).value]] }, body: [{ kind: "reject" }] },
      ],
      otherwise: [{ kind: "assign" }],
    },
  ],
];

void t.test("commands", (t) => {
  for (const [text, expected] of COMMANDS) t.match(commandsOf(text, "int v; clist w;")[0], expected, text);
  t.end();
});

void t.test("scripts have their parameters, their locals and their places", (t) => {
  const { scripts } = read(`${BEFORE}
function f(int a; prefix set b) bool c; { c = true; }
protocol device { export where ONE = 1; import filter int d; { d = 1; accept; }; }`);
  t.match(scripts.get("add2"), { parameters: [{ slot: 0 }, { slot: 1 }], locals: [{ name: "c", slot: 2 }] });
  t.match(scripts.get("f"), {
    at: { file: "x.cfg", line: 3, column: 10 },
    parameters: [{ name: "a" }, { name: "b", type: "prefixSet" }],
    body: [{ at: { line: 3 }, variable: { slot: 2, type: "bool" } }],
  });
  t.match(scripts.get("export of device1")?.body, [{ kind: "when", then: [{ kind: "accept" }] }, { kind: "reject" }]);
  t.match(scripts.get("import of device1"), { locals: [{ name: "d", slot: 0 }], body: [{}, { kind: "accept" }] });
  t.end();
});

void t.test("names live in their function only", (t) => {
  t.equal(errorOf("function f(int a) { } function g(int a) int f; { f = a; } protocol device { }"), "");
  t.equal(errorOf("function f(int a) { } filter g { if a = 1 then accept; }"), "x.cfg:1:39 a: variable expected.");
  t.end();
});

void t.test("constants are calculated when the file is read", (t) => {
  const value = (text: string): number | undefined => {
    const [protocol] = read(`${BEFORE} protocol static { preference (${text}); }`).protocols;
    return protocol.preference;
  };
  t.equal(value("2 + 3 * 4 - 10 / 4"), 12);
  t.equal(value("0 - 4294967290"), 6);
  t.equal(value("65536 * 65536 + 1"), 1);
  t.equal(errorOf("protocol static { preference (1 = 1); }"), "x.cfg:1:36 Integer expression expected");
  const constant = (text: string): unknown => read(`define A = ${text}; protocol device { }`).constants.get("A");
  t.same(constant("(rt, 10.0.0.1, 5)"), { type: "extendedCommunity", value: [0x01020a00, 0x00010005] });
  const truths: readonly (readonly [string, boolean])[] = [
    ['"a" < "b"', true],
    ["true < false", false],
    ["RTS_DUMMY = RTD_ROUTER", false],
    ["RTS_DUMMY != RTD_ROUTER", true],
    ["RTS_STATIC < RTS_BGP", true],
    ["10.0.0.1 < 10.0.0.2", true],
    ["(1, 2) >= (1, 2)", true],
  ];
  for (const [text, truth] of truths) t.same(constant(text), { type: "bool", value: truth }, text);
  t.equal(errorOf('define A = 1 < "b"; protocol device { }'), "x.cfg:1:19 Runtime error");
  t.equal(errorOf("define A = 1 = 2 || 1 / 0 = 1; protocol device { }"), "x.cfg:1:30 Runtime error");
  t.equal(errorOf("define A = 1 = 1 || 1 / 0 = 1; protocol device { }"), "");
  t.end();
});
