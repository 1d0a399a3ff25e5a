import t from "tap";
import type { Block, Expression, Policy, Position, Statement } from "../../src/policy/ast.js";
import { checkPolicies } from "../../src/policy/check.js";
import { prefixOf } from "./sample-route.js";

const at = (line: number): Position => ({ file: "p", line, column: 3 });
const ACCEPT: Statement = { kind: "accept", at: at(9) };
const number = (value: number, line = 1): Expression => ({ kind: "number", value, at: at(line) });
const MED: Expression = { kind: "field", field: "med", at: at(1) };

function policy(name: string, ...body: Block): Policy {
  return { name, body, at: at(100) };
}

const when = (condition: Expression, ...then: Block): Statement => ({
  kind: "if",
  condition,
  then,
  otherwise: [],
  at: at(2),
});

const ROWS: readonly { name: string; policies: readonly Policy[]; line: number; message: RegExp; hint?: RegExp }[] = [
  {
    name: "an unknown policy is called",
    policies: [policy("import-tor"), policy("p", { kind: "call", policy: "import-tro", at: at(4) })],
    line: 4,
    message: /unknown policy "import-tro"/,
    hint: /did you mean "import-tor"/,
  },
  {
    name: "a policy calls itself",
    policies: [policy("p", { kind: "call", policy: "p", at: at(4) })],
    line: 4,
    message: /p → p/,
  },
  {
    name: "a statement stands behind accept",
    policies: [policy("p", ACCEPT, { kind: "reject", at: at(12) })],
    line: 12,
    message: /never reached/,
    hint: /accept/,
  },
  {
    name: "a statement stands behind an if that ends both ways",
    policies: [
      policy(
        "p",
        { kind: "if", condition: { kind: "defined", field: "med" }, then: [ACCEPT], otherwise: [{ kind: "next" }] },
        { kind: "reject", at: at(12) },
      ),
    ],
    line: 12,
    message: /never reached/,
  },
  {
    name: "a condition is no truth value",
    policies: [policy("p", when(number(1, 5), ACCEPT))],
    line: 5,
    message: /expected true or false, not a number/,
  },
  {
    name: "a condition never changes",
    policies: [
      policy("p", when({ kind: "compare", operator: "<", left: number(1), right: number(2), at: at(6) }, ACCEPT)),
    ],
    line: 6,
    message: /always true/,
  },
  {
    name: "texts are ordered",
    policies: [
      policy(
        "p",
        when(
          {
            kind: "compare",
            operator: "<",
            left: { kind: "field", field: "source" },
            right: { kind: "text", value: "bgp" },
            at: at(6),
          },
          ACCEPT,
        ),
      ),
    ],
    line: 6,
    message: /"<" needs numbers, not text/,
  },
  {
    name: "kinds are mixed in a comparison",
    policies: [
      policy(
        "p",
        when({ kind: "compare", operator: "=", left: MED, right: { kind: "text", value: "5", at: at(7) } }, ACCEPT),
      ),
    ],
    line: 7,
    message: /expected a number, not text/,
  },
  {
    name: "an AS path is compared",
    policies: [
      policy(
        "p",
        when(
          {
            kind: "compare",
            operator: "=",
            left: { kind: "field", field: "asPath" },
            right: { kind: "field", field: "asPath" },
            at: at(7),
          },
          ACCEPT,
        ),
      ),
    ],
    line: 7,
    message: /cannot be compared/,
  },
  {
    name: "a pattern is used on the wrong field",
    policies: [
      policy(
        "p",
        when(
          {
            kind: "match",
            left: { kind: "field", field: "med", at: at(8) },
            right: { kind: "asPathPattern", pattern: "1" },
          },
          ACCEPT,
        ),
      ),
    ],
    line: 8,
    message: /matches an AS path, not a number/,
  },
  {
    name: "an AS path pattern is broken",
    policies: [
      policy(
        "p",
        when(
          {
            kind: "match",
            left: { kind: "field", field: "asPath", at: at(8) },
            right: { kind: "asPathPattern", pattern: "1 (" },
          },
          ACCEPT,
        ),
      ),
    ],
    line: 8,
    message: /character 4/,
  },
  {
    name: "a range of lengths is empty",
    policies: [
      policy(
        "p",
        when(
          {
            kind: "match",
            left: { kind: "field", field: "prefix", at: at(8) },
            right: { kind: "prefixRanges", ranges: [{ prefix: prefixOf("10.0.0.0/8"), least: 24, greatest: 20 }] },
          },
          ACCEPT,
        ),
      ),
    ],
    line: 8,
    message: /between 24 and 20/,
  },
  {
    name: "a field is set to another kind",
    policies: [policy("p", { kind: "set", field: "nextHop", value: number(1, 5) })],
    line: 5,
    message: /expected an address, not a number/,
  },
  {
    name: "a number is out of range",
    policies: [policy("p", { kind: "set", field: "origin", value: number(3, 5) })],
    line: 5,
    message: /between 0 and 2/,
  },
  {
    name: "what cannot be removed is removed",
    policies: [policy("p", { kind: "unset", field: "origin", at: at(5) })],
    line: 5,
    message: /cannot be removed/,
  },
  {
    name: "AS 0 is prepended",
    policies: [policy("p", { kind: "prepend", asNumbers: [number(0, 5)] })],
    line: 5,
    message: /0 is no AS number/,
  },
];

for (const { name, policies, line, message, hint } of ROWS) {
  t.test(`${name}: said with its place`, (t) => {
    const faults = checkPolicies(new Map(policies.map((entry) => [entry.name, entry])));
    t.equal(faults.length, 1, JSON.stringify(faults));
    t.match(faults[0].message, message);
    t.same(faults[0].at, at(line));
    if (hint !== undefined) t.match(faults[0].hint, hint);
    t.end();
  });
}

t.test("a circle of calls is said for each policy in it", (t) => {
  const table = new Map(
    ["a", "b"].map((name, i) => [name, policy(name, { kind: "call", policy: i === 0 ? "b" : "a", at: at(i + 1) })]),
  );
  t.match(
    checkPolicies(table).map(({ message }) => message),
    [/a → b → a/, /b → a → b/],
  );
  t.end();
});

t.test("what the local AS decides is not called constant", (t) => {
  const condition: Expression = { kind: "compare", operator: "=", left: { kind: "localAs" }, right: number(65000) };
  t.same(checkPolicies(new Map([["p", policy("p", when(condition, ACCEPT))]])), []);
  t.end();
});
