import t from "tap";
import type { Block, Expression, Policy, Statement } from "../../src/policy/ast.js";
import { checkPolicies } from "../../src/policy/check.js";
import { type CompileOptions, compileFilter, filtersEqual } from "../../src/policy/compile.js";
import { ACCEPT_ALL, type Filter, REJECT_ALL, type Route } from "../../src/policy/route.js";
import { prefixOf, sampleRoute, sequence } from "./sample-route.js";

const ACCEPT: Statement = { kind: "accept" };
const REJECT: Statement = { kind: "reject" };

function policy(name: string, ...body: Block): Policy {
  return { name, body, at: { file: "p.yaml", line: 1, column: 1 } };
}

function compile(
  chain: readonly Policy[],
  others: readonly Policy[] = [],
  options: Partial<CompileOptions> = {},
): Filter {
  const policies = new Map([...chain, ...others].map((entry) => [entry.name, entry]));
  t.same(checkPolicies(policies), [], "the policies are sound");
  return compileFilter(chain, { policies, localAs: 65000, fallThrough: "reject", ...options });
}

const field = (name: Extract<Expression, { kind: "field" }>["field"]): Expression => ({ kind: "field", field: name });
const number = (value: number): Expression => ({ kind: "number", value });
const when = (condition: Expression, ...then: Block): Statement => ({ kind: "if", condition, then, otherwise: [] });

t.test("the first verdict of a chain stands and names its line", (t) => {
  const at = { file: "node.yaml", line: 7, column: 9 };
  const filter = compile([
    policy(
      "first",
      when({ kind: "compare", operator: "=", left: field("med"), right: number(1) }, { kind: "reject", at }),
    ),
    policy("second", ACCEPT),
  ]);
  t.same(filter(sampleRoute({ med: 1 })), { accept: false, by: "policy first, node.yaml:7" });
  t.same(filter(sampleRoute({ med: 2 })), { accept: true, by: "policy second, p.yaml:1" });
  t.end();
});

t.test("where nobody decides the fall-through does", (t) => {
  t.same(compile([policy("empty")])(sampleRoute()), { accept: false, by: "policy empty, p.yaml:1: no rule decided" });
  t.equal(compile([policy("empty")], [], { fallThrough: "accept" })(sampleRoute()).accept, true);
  t.same(compile([])(sampleRoute()), { accept: false, by: "no policy: no rule decided" });
  t.end();
});

t.test("next leaves a called policy, not its caller", (t) => {
  const inner = policy("inner", when({ kind: "defined", field: "med" }, { kind: "next" }), REJECT);
  const outer = policy("outer", { kind: "call", policy: "inner" }, ACCEPT);
  const filter = compile([outer], [inner]);
  t.equal(filter(sampleRoute({ med: 0 })).accept, true);
  t.same(
    filter(sampleRoute()),
    { accept: false, by: "policy inner, p.yaml:1" },
    "a verdict of the called policy ends all",
  );
  t.end();
});

t.test("if has two branches", (t) => {
  const branch: Statement = {
    kind: "if",
    condition: { kind: "defined", field: "med" },
    then: [REJECT],
    otherwise: [ACCEPT],
  };
  const filter = compile([policy("p", branch)]);
  t.equal(filter(sampleRoute({ med: 5 })).accept, false);
  t.equal(filter(sampleRoute()).accept, true);
  t.end();
});

const EDITS: readonly { name: string; edits: Block; given: Partial<Route>; then: Partial<Route> }[] = [
  {
    name: "numbers are set",
    edits: [
      { kind: "set", field: "localPref", value: number(200) },
      { kind: "set", field: "med", value: { kind: "arithmetic", operator: "+", left: field("med"), right: number(5) } },
      { kind: "set", field: "origin", value: number(2) },
      { kind: "set", field: "weight", value: number(9) },
    ],
    given: { med: 1 },
    then: { localPref: 200, med: 6, origin: 2, weight: 9 },
  },
  {
    name: "an absent value leaves the field alone",
    edits: [{ kind: "set", field: "localPref", value: field("med") }],
    given: { localPref: 7 },
    then: { localPref: 7 },
  },
  { name: "MED is taken away", edits: [{ kind: "unset", field: "med" }], given: { med: 3 }, then: { med: undefined } },
  {
    name: "the next hop is set",
    edits: [{ kind: "set", field: "nextHop", value: { kind: "address", bytes: Uint8Array.of(10, 0, 0, 1) } }],
    given: {},
    then: { nextHop: Uint8Array.of(10, 0, 0, 1) },
  },
  {
    name: "communities are added once, behind the others",
    edits: [{ kind: "addCommunities", list: { kind: "communities", values: [2, 3] } }],
    given: { communities: [1, 2] },
    then: { communities: [1, 2, 3] },
  },
  {
    name: "communities are deleted by pattern",
    edits: [
      {
        kind: "deleteCommunities",
        patterns: { kind: "communityPatterns", patterns: [{ high: [65000, 65000], low: [0, 9] }] },
      },
    ],
    given: { communities: [0xfde80001, 0xfde8000a, 0xfde90001] },
    then: { communities: [0xfde8000a, 0xfde90001] },
  },
  {
    name: "large communities are set, added and deleted",
    edits: [
      {
        kind: "setCommunities",
        list: {
          kind: "largeCommunities",
          values: [
            [1, 2, 3],
            [4, 5, 6],
          ],
        },
      },
      {
        kind: "addCommunities",
        list: {
          kind: "largeCommunities",
          values: [
            [1, 2, 3],
            [7, 8, 9],
          ],
        },
      },
      {
        kind: "deleteCommunities",
        patterns: {
          kind: "largeCommunityPatterns",
          patterns: [
            [
              [4, 4],
              [0, 9],
              [0, 9],
            ],
          ],
        },
      },
    ],
    given: { largeCommunities: [[9, 9, 9]] },
    then: {
      largeCommunities: [
        [1, 2, 3],
        [7, 8, 9],
      ],
    },
  },
  {
    name: "extended communities are set, added and deleted",
    edits: [
      { kind: "setCommunities", list: { kind: "extendedCommunities", values: [[0x0002fde8, 1]] } },
      {
        kind: "addCommunities",
        list: {
          kind: "extendedCommunities",
          values: [
            [0x0002fde8, 1],
            [0x0003fde8, 2],
          ],
        },
      },
      {
        kind: "deleteCommunities",
        patterns: { kind: "extendedCommunityPatterns", patterns: [{ mask: [0xffff0000, 0], value: [0x00020000, 0] }] },
      },
    ],
    given: {},
    then: { extendedCommunities: [[0x0003fde8, 2]] },
  },
  {
    name: "prepending extends the first sequence, the first number nearest",
    edits: [{ kind: "prepend", asNumbers: [{ kind: "localAs" }, number(7)] }],
    given: { asPath: sequence(1, 2) },
    then: { asPath: sequence(65000, 7, 1, 2) },
  },
  {
    name: "prepending to an empty path or a set makes a sequence",
    edits: [{ kind: "prepend", asNumbers: [number(7)] }],
    given: { asPath: [{ type: 1, asNumbers: [3, 4] }] },
    then: { asPath: [...sequence(7), { type: 1, asNumbers: [3, 4] }] },
  },
  {
    name: "prepending to a full segment starts another one",
    edits: [{ kind: "prepend", asNumbers: [number(7)] }],
    given: { asPath: sequence(...new Array<number>(255).fill(1)) },
    then: { asPath: [...sequence(7), ...sequence(...new Array<number>(255).fill(1))] },
  },
];

for (const { name, edits, given, then } of EDITS) {
  t.test(name, (t) => {
    const route = sampleRoute(given);
    t.equal(compile([policy("p", ...edits, ACCEPT)])(route).accept, true);
    t.same(route, sampleRoute({ ...given, ...then }));
    t.end();
  });
}

t.test("edits do not touch the lists they were given", (t) => {
  const communities = Object.freeze([1]);
  const asPath = Object.freeze(sequence(1));
  const add: Statement = { kind: "addCommunities", list: { kind: "communities", values: [2] } };
  compile([policy("p", add, { kind: "prepend", asNumbers: [number(7)] }, ACCEPT)])(
    sampleRoute({ communities, asPath }),
  );
  t.same(communities, [1]);
  t.same(asPath, sequence(1));
  t.end();
});

const DEPENDENCIES: readonly {
  name: string;
  body: Block;
  readsPrefix: boolean;
  readsPeer: boolean;
  isPerSource: boolean;
}[] = [
  {
    name: "the source alone decides",
    body: [when({ kind: "match", left: field("source"), right: { kind: "textPatterns", patterns: ["bgp"] } }, ACCEPT)],
    readsPrefix: false,
    readsPeer: false,
    isPerSource: true,
  },
  {
    name: "an edit is made to each route",
    body: [when({ kind: "defined", field: "learnedFrom.as" }, { kind: "unset", field: "med" }), ACCEPT],
    readsPrefix: false,
    readsPeer: false,
    isPerSource: false,
  },
  {
    name: "attributes differ within a source",
    body: [when({ kind: "defined", field: "med" }, REJECT), ACCEPT],
    readsPrefix: false,
    readsPeer: false,
    isPerSource: false,
  },
  {
    name: "a policy on attributes reads neither prefix nor peer",
    body: [when({ kind: "defined", field: "learnedFrom.as" }, REJECT), ACCEPT],
    readsPrefix: false,
    readsPeer: false,
    isPerSource: true,
  },
  {
    name: "the prefix is seen inside nested conditions",
    body: [
      when(
        {
          kind: "not",
          operand: {
            kind: "any",
            operands: [
              { kind: "defined", field: "med" },
              { kind: "compare", operator: "=", left: field("prefixLength"), right: number(24) },
            ],
          },
        },
        REJECT,
      ),
    ],
    readsPrefix: true,
    readsPeer: false,
    isPerSource: false,
  },
  {
    name: "the family counts as part of the prefix",
    body: [when({ kind: "match", left: field("family"), right: { kind: "textPatterns", patterns: ["ipv4"] } }, ACCEPT)],
    readsPrefix: true,
    readsPeer: false,
    isPerSource: false,
  },
  {
    name: "the receiver is seen in values",
    body: [{ kind: "set", field: "med", value: field("peer.as") }],
    readsPrefix: false,
    readsPeer: true,
    isPerSource: false,
  },
  {
    name: "a condition that folds away is not read",
    body: [
      when(
        { kind: "any", operands: [{ kind: "compare", operator: "=", left: { kind: "localAs" }, right: number(1) }] },
        when(field("peer.isEbgp"), REJECT),
      ),
      ACCEPT,
    ],
    readsPrefix: false,
    readsPeer: false,
    isPerSource: true,
  },
];

for (const { name, body, readsPrefix, readsPeer, isPerSource } of DEPENDENCIES) {
  t.test(name, (t) => {
    const filter = compile([policy("p", ...body)]);
    t.equal(filter.readsPrefix, readsPrefix);
    t.equal(filter.readsPeer, readsPeer);
    t.equal(filter.isPerSource, isPerSource);
    t.end();
  });
}

t.test("what a called policy reads counts", (t) => {
  const inner = policy("inner", when({ kind: "defined", field: "prefix" }, REJECT));
  t.equal(compile([policy("outer", { kind: "call", policy: "inner" })], [inner]).readsPrefix, true);
  t.end();
});

t.test("filters are equal when they do and say the same, wherever they are written", (t) => {
  const rule = (line: number, med: number): Policy =>
    policy("p", {
      ...when(
        { kind: "compare", operator: "=", left: field("med"), right: number(med), at: { file: "f", line, column: 1 } },
        ACCEPT,
      ),
      at: { file: "f", line, column: 1 },
    });
  t.ok(filtersEqual(compile([rule(1, 5)]), compile([rule(99, 5)])));
  t.notOk(filtersEqual(compile([rule(1, 5)]), compile([rule(1, 6)])));
  t.notOk(filtersEqual(compile([rule(1, 5)]), compile([rule(1, 5)], [], { fallThrough: "accept" })));
  t.notOk(filtersEqual(ACCEPT_ALL, REJECT_ALL));
  const prepend = policy("p", { kind: "prepend", asNumbers: [{ kind: "localAs" }] }, ACCEPT);
  t.notOk(
    filtersEqual(compile([prepend]), compile([prepend], [], { localAs: 65001 })),
    "our AS is part of what it does",
  );
  t.ok(filtersEqual(compile([rule(1, 5)]), compile([rule(1, 5)], [], { localAs: 65001 })), "but only where it is used");
  const inner = (value: number): Policy => policy("inner", { kind: "set", field: "med", value: number(value) });
  const outer = policy("outer", { kind: "call", policy: "inner" }, ACCEPT);
  t.notOk(filtersEqual(compile([outer], [inner(1)]), compile([outer], [inner(2)])), "a called policy is part of it");
  t.end();
});

t.test("identities of long policies are short", (t) => {
  const ranges = Array.from({ length: 500 }, (_, i) => ({
    prefix: prefixOf(`10.${i >> 8}.${i & 255}.0/24`),
    least: 24,
    greatest: 24,
  }));
  const filter = compile([
    policy("p", when({ kind: "match", left: field("prefix"), right: { kind: "prefixRanges", ranges } }, ACCEPT)),
  ]);
  t.match(filter.identity, /^sha256:[0-9a-f]{64}$/);
  t.end();
});
