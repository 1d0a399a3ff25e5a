// Filters and expressions as commands have them, over a configuration file that was read.

import t from "tap";
import { ScriptExpressions } from "../../../src/bird/control/script-expressions.js";
import type { Route } from "../../../src/policy/route.js";
import { filesOf } from "../../../src/bird/language/config-files.js";
import { readBirdConfig } from "../../../src/bird/language/read-bird-config.js";

const config = readBirdConfig("bird.cfg", {
  ipVersion: 4,
  files: filesOf({
    "bird.cfg": `
router id 10.0.0.1;
define most = 40 + 2;
define nets = [ 10.20.0.0/16+ ];
function small(int x) { if x < 3 then return true; return false; }
filter block_only { if net ~ 10.20.0.0/16 then accept; reject; }
protocol device { }
`,
  }),
});
const told: string[] = [];
const expressions = new ScriptExpressions(
  () => config,
  (kind, text) => void told.push(`${kind} ${text}`),
);

for (const { text, value } of [
  { text: "1+1", value: "2" },
  { text: "1.2.3.4", value: "1.2.3.4" },
  { text: "10.0.0.0/8", value: "10.0.0.0/8" },
  { text: '"abc"', value: "abc" },
  { text: "small(1)", value: "TRUE" },
  { text: "[1,2,3]", value: "[1, 2, 3]" },
  { text: "(1,2)", value: "(1,2)" },
  { text: "ORIGIN_IGP", value: "(enum 31)0" },
  { text: "RTS_BGP", value: "(enum 30)11" },
  { text: "most", value: "42" },
  { text: "most - 2 * 20", value: "2" },
  { text: "10.20.1.0/24 ~ nets", value: "TRUE" },
  { text: "1/0", value: undefined },
  { text: "net", value: undefined },
  { text: '1+"a"', value: undefined },
]) {
  t.test(`eval ${text}`, async (t) => t.strictSame(expressions.evaluate(text), { ok: true, value }));
}

t.test("what is no expression is refused, and gets nowhere", async (t) => {
  for (const text of ["1 +", "nope", "1; reject", "1 }", "small", ""])
    t.equal(expressions.evaluate(text).ok, false, text);
  t.match(expressions.compileFilter("{ accept"), { ok: false, error: "syntax error" });
  t.match(expressions.compileCondition("net ~"), { ok: false, error: "syntax error" });
  t.match(expressions.compileCondition("true accept"), { ok: false, error: "syntax error" });
});

t.test("filters by name, in place, and conditions", async (t) => {
  t.equal(expressions.namedFilter("small"), undefined, "a function is none");
  t.equal(expressions.namedFilter("nope"), undefined);
  t.equal(typeof expressions.namedFilter("block_only"), "function");
  t.equal(expressions.compileFilter("{ if small(2) then accept; reject; }").ok, true);
  t.equal(expressions.compileCondition("net ~ 10.20.0.0/16 && source = RTS_BGP").ok, true);
});

t.test("constants of the file in conditions and filters of commands", async (t) => {
  t.equal(expressions.compileCondition("net ~ nets && preference > most").ok, true);
  t.equal(expressions.compileFilter("{ preference = most; accept; }").ok, true);
  t.match(expressions.compileCondition("net ~ others"), { ok: false });
});

t.test("what goes wrong, and what is printed, is logged", async (t) => {
  told.length = 0;
  const filter = expressions.compileFilter('{ print "seen"; if 1 + "a" then accept; accept; }');
  if (!filter.ok) throw new Error(filter.error);
  t.equal(filter.value({} as Route).accept, false);
  t.match(told, ["print seen", /^error filters, line 1: /]);
});
