// What is known of scripts beforehand: identities, and what verdicts depend on.

import t from "tap";
import { ScriptFilters } from "../../src/policy/script-filters.js";
import { factsOf, type ScriptFacts } from "../../src/policy/script-facts.js";
import type { Script, ScriptBlock } from "../../src/policy/script-ast.js";
import {
  accept,
  apply,
  assignTo,
  attribute,
  compare,
  constant,
  edit,
  evaluate,
  int,
  ip,
  isIn,
  pair,
  prefix,
  print,
  reject,
  script,
  text,
  when,
} from "./script-builders.js";

function facts(body: ScriptBlock, functions: readonly Script[] = [], name = "f"): ScriptFacts {
  return factsOf(script(name, body), new Map(functions.map((entry) => [entry.name, entry])));
}

const DEPENDS: readonly (readonly [string, ScriptBlock, Partial<ScriptFacts>])[] = [
  ["nothing", [accept], { readsPrefix: false, readsWay: false, isPerSource: true }],
  [
    "the peer's address",
    [when(compare(attribute("from"), "=", ip("10.0.0.1")), [accept]), reject],
    { readsPrefix: false, readsWay: false, isPerSource: true },
  ],
  [
    "the source, which routes of one source may have in two ways",
    [when(compare(attribute("source"), "=", constant("source", 11)), [accept]), reject],
    { readsPrefix: false, readsWay: false, isPerSource: false },
  ],
  [
    "the protocol, of which one source may have several",
    [when(compare(attribute("protocolName"), "=", text("static2")), [accept]), reject],
    { readsPrefix: false, readsWay: false, isPerSource: false },
  ],
  [
    "attributes",
    [when(compare(attribute("med"), "=", int(1)), [accept]), reject],
    { readsPrefix: false, readsWay: false, isPerSource: false },
  ],
  [
    "the prefix",
    [when(isIn(attribute("prefix"), prefix("10.0.0.0/8")), [accept])],
    { readsPrefix: true, isPerSource: false },
  ],
  [
    "the interface",
    [when(isIn(attribute("interfaceName"), text("*.cali")), [reject]), accept],
    { readsPrefix: false, readsWay: true, isPerSource: false },
  ],
  ["changes", [assignTo("localPref", int(5)), accept], { readsPrefix: false, isPerSource: false }],
  ["what it prints", [print(int(1)), accept], { readsPrefix: true, isPerSource: false }],
];
for (const [title, body, wanted] of DEPENDS) {
  t.test(`a filter that looks at ${title}, directly or in a function`, (t) => {
    t.match(facts(body), wanted);
    const inner = script("inner", body);
    const outer = script("outer", [evaluate(apply("inner"))]);
    t.match(facts([evaluate(apply("outer")), reject], [inner, outer]), wanted);
    t.end();
  });
}

t.test("all that may be changed is known", (t) => {
  const inner = script("inner", [edit("communities", "add", pair(1, 2))]);
  t.same([...facts([assignTo("med", int(1)), evaluate(apply("inner")), accept], [inner]).changed].sort(), [
    "communities",
    "med",
  ]);
  t.end();
});

t.test("identity is what a filter does, not where it stands or what it is called", (t) => {
  const base = facts([assignTo("med", int(1)), accept]).identity;
  const elsewhere = { ...accept, at: { file: "other.cfg", line: 99, column: 1 } };
  t.equal(facts([assignTo("med", int(1)), elsewhere], [], "export of Mesh_10_0_0_2").identity, base);
  t.not(facts([assignTo("med", int(2)), accept]).identity, base);
  t.not(facts([assignTo("med", int(1)), reject]).identity, base);
  t.not(
    facts([assignTo("nextHop", ip("10.0.0.1")), accept]).identity,
    facts([assignTo("nextHop", ip("10.0.0.2")), accept]).identity,
  );
  t.end();
});

t.test("identity includes the functions that are applied, and those they apply", (t) => {
  const identity = (number: number): string => {
    const deep = script("deep", [assignTo("med", int(number))]);
    const outer = script("outer", [evaluate(apply("deep"))]);
    return facts([evaluate(apply("outer")), accept], [deep, outer]).identity;
  };
  t.equal(identity(1), identity(1));
  t.not(identity(1), identity(2));
  t.end();
});

t.test("equal scripts share one filter", (t) => {
  const scripts = new Map(
    ["export of a", "export of b"].map((name) => [name, script(name, [assignTo("med", int(1)), accept])] as const),
  );
  const filters = new ScriptFilters({ scripts, log: () => undefined });
  t.equal(filters.filter("export of a"), filters.filter("export of b"));
  t.equal(filters.filter("export of a").script, "export of a");
  t.throws(() => filters.filter("export of c"));
  t.end();
});
