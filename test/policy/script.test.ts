// How filters made of scripts end, what they call and change, and what they say when something goes wrong.

import t from "tap";
import type { Route } from "../../src/policy/route.js";
import type { Script, ScriptExpression, ScriptStatement } from "../../src/policy/script-ast.js";
import { compileScript } from "../../src/policy/script.js";
import { sampleRoute, sequence } from "./sample-route.js";
import {
  accept,
  apply,
  assign,
  assignTo,
  attribute,
  bool,
  bytesOf,
  calculate,
  compare,
  constant,
  edit,
  empty,
  evaluate,
  give,
  int,
  ip,
  isIn,
  local,
  pair,
  prefix,
  print,
  reject,
  runScript,
  script,
  setOf,
  text,
  unset,
  valueOf,
  variable,
  when,
} from "./script-builders.js";

const filter = (...body: readonly ScriptStatement[]): Script => script("f", body);

t.test("accept and reject end the filter and name their line", (t) => {
  const { verdict } = runScript(filter(when(bool(false), [reject]), accept, reject));
  t.same(verdict, { accept: true, by: "filter f, bird.cfg:7" });
  t.same(runScript(filter(reject)).verdict, { accept: false, by: "filter f, bird.cfg:7" });
  t.end();
});

t.test("accept inside a function ends the whole filter, also from inside an expression", (t) => {
  const inner = script("inner", [accept]);
  const outer = script("outer", [evaluate(apply("inner")), reject]);
  t.same(runScript(filter(evaluate(apply("outer")), reject), [inner, outer]).verdict, {
    accept: true,
    by: "filter f, function inner, bird.cfg:7",
  });
  const test = filter(when(compare(apply("outer"), "=", int(1)), [reject], [reject]));
  t.equal(runScript(test, [inner, outer]).verdict.accept, true);
  t.end();
});

t.test("a function that ends without a verdict lets its caller go on", (t) => {
  const silent = script("silent", [when(bool(false), [accept])]);
  const leaves = script("leaves", [give(undefined), accept]);
  t.equal(
    runScript(filter(evaluate(apply("silent")), evaluate(apply("leaves")), reject), [silent, leaves]).verdict.accept,
    false,
  );
  t.end();
});

t.test("a filter that ends without a verdict rejects, and says so", (t) => {
  for (const body of [[when(bool(false), [accept])], [give(int(1))]]) {
    const { verdict, words } = runScript(filter(...body));
    t.same(verdict, { accept: false, by: "filter f, bird.cfg:7: neither accept nor reject" });
    t.same(words, ["Filter f did not return accept nor reject. Make up your mind"]);
  }
  t.end();
});

t.test("what goes wrong rejects, with the line of the statement, whatever was done before", (t) => {
  const at = { file: "bird.cfg", line: 12, column: 3 };
  const { verdict, words } = runScript(filter(assignTo("med", int(5)), { ...when(int(1), [accept]), at }, accept));
  t.same(verdict, { accept: false, by: "filter f, bird.cfg:12: If requires boolean expression" });
  t.same(words, ["filters, line 12: If requires boolean expression"]);
  const failing = script("failing", [{ ...evaluate(calculate(int(1), "/", int(0))), at }]);
  const { words: inside } = runScript(filter(evaluate(apply("failing")), accept), [failing]);
  t.same(inside, ["filters, line 12: Mother told me not to divide by 0"]);
  const fine = script("fine", [{ ...give(int(1)), at }]);
  const { words: behind } = runScript(filter(when(apply("fine"), [accept])), [fine]);
  t.same(behind, ["filters, line 7: If requires boolean expression"], "the caller's line again");
  t.end();
});

t.test("a filter that failed works for the next route, which sees nothing of the one before", (t) => {
  const words: string[] = [];
  const body = filter(
    when(compare(attribute("med"), ">", int(5)), [
      assignTo("localPref", int(9)),
      evaluate(calculate(int(1), "/", int(0))),
    ]),
    print(attribute("localPref")),
    accept,
  );
  const compiled = compileScript(body, { scripts: new Map(), log: (kind, said) => words.push(`${kind}: ${said}`) });
  t.equal(compiled(sampleRoute({ med: 9 })).accept, false);
  t.equal(compiled(sampleRoute({ localPref: 3 })).accept, true);
  t.same(words, ["error: filters, line 7: Mother told me not to divide by 0", "print: 3"]);
  t.end();
});

t.test("functions give values and take parameters, one after the other", (t) => {
  const a = local("a", "int", 0);
  const b = local("b", "int", 1);
  const sum = script("sum", [give(calculate(variable(a), "+", variable(b)))], { parameters: [a, b] });
  const first = script("first", [give(variable(a))], { parameters: [a, b] });
  const said = (expression: ScriptExpression): readonly string[] =>
    runScript(filter(print(expression), accept), [sum, first]).words;
  t.same(said(apply("sum", int(4294967295), int(2))), ["1"]);
  // Variables are places of their function, not of its call: seen in BIRD.
  t.same(said(apply("first", int(1), apply("first", int(2), int(3)))), ["2"]);
  t.same(said(apply("first", bool(true), int(1))), ["filters, line 7: Assigning to variable of incompatible type"]);
  t.same(said(apply("first", attribute("med"), int(1))), ["(void)"], "what is absent may be passed on");
  t.end();
});

t.test("a function without a return gives nothing", (t) => {
  const nothing = script("nothing", [assignTo("med", int(1))]);
  t.same(runScript(filter(print(apply("nothing")), accept), [nothing]).words, ["(void)"]);
  const conditional = script("conditional", [when(bool(true), [give(int(3))])]);
  t.same(runScript(filter(print(apply("conditional")), accept), [conditional]).words, ["3"]);
  const chain = script("chain", [evaluate(apply("conditional")), evaluate(apply("nothing"))]);
  t.same(runScript(filter(print(apply("chain")), accept), [nothing, conditional, chain]).words, ["(void)"]);
  t.end();
});

t.test("variables begin without a value in every call, and keep their type", (t) => {
  const x = local("x", "int");
  const counter = script("counter", [print(variable(x)), assign(x, int(5)), give(variable(x))], { locals: [x] });
  const { words } = runScript(filter(print(apply("counter")), print(apply("counter")), accept), [counter]);
  t.same(words, ["(void)", "5", "(void)", "5"]);
  const typed = script("f", [assign(x, bool(true)), accept], { locals: [x] });
  t.same(runScript(typed).words, ["filters, line 7: Assigning to variable of incompatible type"]);
  const cleared = script("f", [assign(x, int(1)), assign(x, attribute("med")), print(variable(x)), accept], {
    locals: [x],
  });
  t.same(runScript(cleared).words, ["(void)"]);
  const q = local("q", "quad");
  const quad = script("f", [assign(q, ip("1.2.3.4")), print(variable(q)), accept], { locals: [q] });
  t.same(runScript(quad).words, ["1.2.3.4"], "an IPv4 address is a router id as well");
  t.end();
});

const SETS: readonly (readonly [string, ScriptStatement, Partial<Route> | string])[] = [
  ["preference", assignTo("preference", int(65535)), { weight: 65535 }],
  ["preference above 65535", assignTo("preference", int(65536)), "Setting preference value out of bounds"],
  ["preference of another type", assignTo("preference", bool(true)), "Can't set preference to non-integer"],
  ["bgp_local_pref", assignTo("localPref", int(4294967295)), { localPref: 4294967295 }],
  ["bgp_local_pref from nothing", assignTo("localPref", attribute("med")), "Setting int attribute to non-int value"],
  ["bgp_med", assignTo("med", int(5)), { med: 5 }],
  ["bgp_med from a constant", assignTo("med", constant("source", 11)), { med: 11 }],
  ["bgp_med from a pair", assignTo("med", pair(1, 2)), "Setting int attribute to non-int value"],
  ["bgp_origin", assignTo("origin", constant("origin", 1)), { origin: 1 }],
  ["bgp_origin beyond", assignTo("origin", int(77)), "Setting origin value out of bounds"],
  ["bgp_next_hop", assignTo("nextHop", ip("5.5.5.5")), { nextHop: bytesOf("5.5.5.5") }],
  ["bgp_next_hop from a number", assignTo("nextHop", int(5)), "Setting ip attribute to non-ip value"],
  ["krt_metric", assignTo("kernelMetric", int(1024)), { kernelMetric: 1024 }],
  ["krt_tunnel", assignTo("kernelTunnel", text("tunl0")), { kernelTunnel: "tunl0" }],
  ["krt_tunnel empty", assignTo("kernelTunnel", text("")), { kernelTunnel: "" }],
  ["krt_tunnel from a number", assignTo("kernelTunnel", int(1)), "Setting string attribute to non-string value"],
  ["bgp_originator_id", assignTo("originatorId", ip("1.2.3.4")), { originatorId: 0x01020304 }],
  ["bgp_originator_id from a pair", assignTo("originatorId", pair(1, 2)), "Setting quad attribute to non-quad value"],
  ["bgp_path", assignTo("asPath", empty("path")), { asPath: [] }],
  ["bgp_path from a list", assignTo("asPath", empty("communityList")), "Setting path attribute to non-path value"],
  ["bgp_community", assignTo("communities", empty("communityList")), { communities: [] }],
  ["bgp_community from a number", assignTo("communities", int(5)), "Setting clist attribute to non-clist value"],
  ["bgp_ext_community", assignTo("extendedCommunities", int(5)), "Setting eclist attribute to non-eclist value"],
  ["bgp_large_community", assignTo("largeCommunities", int(5)), "Setting lclist attribute to non-lclist value"],
  ["bgp_atomic_aggr", assignTo("atomicAggregate", int(1)), "Setting opaque attribute is not allowed"],
  ["scope", assignTo("scope", int(1)), "Attempt to set static attribute to incompatible type"],
  ["from", assignTo("from", int(1)), "Attempt to set static attribute to incompatible type"],
  ["gw", assignTo("gateway", ip("1.2.3.4")), "Setting gw is not supported"],
  ["ifname", assignTo("interfaceName", text("eth0")), "Setting ifname is not supported"],
  ["source", assignTo("source", constant("source", 1)), "This static attribute is read-only."],
  ["add", edit("communities", "add", pair(1, 2)), { communities: [0x10001, 0x10002] }],
  ["add again", edit("communities", "add", pair(1, 1)), { communities: [0x10001] }],
  ["delete", edit("communities", "delete", pair(1, 1)), { communities: [] }],
  ["empty", edit("communities", "empty"), { communities: [] }],
  ["prepend", edit("asPath", "prepend", int(7)), { asPath: sequence(7, 65010) }],
  ["unset med", unset("med"), { med: undefined }],
  ["unset communities", unset("communities"), { communities: [] }],
];
for (const [title, statement, wanted] of SETS) {
  t.test(`assignment: ${title}`, (t) => {
    const given = sampleRoute({ communities: [0x10001], asPath: sequence(65010), weight: 100 });
    const { verdict, route, words } = runScript(filter(statement, accept), [], given);
    if (typeof wanted === "string") {
      t.same([verdict.accept, words], [false, [`filters, line 7: ${wanted}`]]);
    } else {
      t.equal(verdict.accept, true);
      t.match(route, wanted);
      for (const [key, value] of Object.entries(wanted)) t.same(route[key as keyof Route], value);
    }
    t.end();
  });
}

t.test("what a run has set it reads back, and the next run does not", (t) => {
  const body = filter(
    edit("communities", "add", pair(1, 2)),
    edit("communities", "add", pair(3, 4)),
    assignTo("kernelMetric", int(5)),
    print(attribute("communities"), text(" "), attribute("kernelMetric")),
    unset("kernelMetric"),
    print(attribute("kernelMetric")),
    accept,
  );
  t.same(runScript(body).words, ["(clist (1,2) (3,4)) 5", "(void)"]);
  t.end();
});

t.test("a route without BGP attributes gets them by being set", (t) => {
  const bare = sampleRoute({ isBare: true, from: "static" });
  const failing = filter(edit("asPath", "prepend", int(1)), accept);
  t.same(runScript(failing, [], bare).words, ["filters, line 7: Can't prepend to non-path"]);
  const body = filter(assignTo("asPath", empty("path")), edit("asPath", "prepend", int(1)), accept);
  t.same(runScript(body, [], bare).route.asPath, sequence(1));
  t.end();
});

t.test("case takes the branch whose values hold, and else for what is absent or of another type", (t) => {
  const body = (subject: ScriptExpression): Script =>
    filter(
      {
        kind: "case",
        subject,
        branches: [
          {
            values: {
              type: "set",
              of: "int",
              ranges: [
                [
                  { type: "int", value: 1 },
                  { type: "int", value: 7 },
                ],
              ],
            },
            body: [print(text("low"))],
          },
          { values: setOf("int", int(9)), body: [print(text("nine"))] },
        ],
        otherwise: [print(text("else"))],
        at: { file: "bird.cfg", line: 7, column: 1 },
      },
      accept,
    );
  const said = (subject: ScriptExpression): string => runScript(body(subject)).words.join();
  t.same([int(1), int(7), int(8), int(9), attribute("med"), bool(true)].map(said), [
    "low",
    "low",
    "else",
    "nine",
    "else",
    "else",
  ]);
  t.end();
});

t.test("print may decide", (t) => {
  const at = { file: "bird.cfg", line: 7, column: 1 };
  const ending = (then: "accept" | "reject" | "error"): readonly unknown[] => {
    const { verdict, words } = runScript(filter({ kind: "print", values: [text("so "), int(1)], then, at }));
    return [verdict.accept, words];
  };
  t.same(ending("accept"), [true, ["so 1"]]);
  t.same(ending("reject"), [false, ["so 1"]]);
  t.same(ending("error"), [false, ["so 1"]]);
  t.end();
});

t.test("values are printed as BIRD prints them", (t) => {
  t.equal(
    valueOf({
      kind: "value",
      value: {
        type: "set",
        of: "int",
        ranges: [
          [
            { type: "int", value: 1 },
            { type: "int", value: 3 },
          ],
        ],
      },
    }),
    "[1..3]",
  );
  t.equal(valueOf(prefix("10.0.0.0/8")), "10.0.0.0/8");
  t.equal(valueOf(isIn(int(1), { kind: "value", value: setOf("int", int(1)) })), "TRUE");
  t.end();
});
