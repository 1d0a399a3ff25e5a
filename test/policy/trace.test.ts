// The trace of a policy: the same verdict and the same edits as the compiled filter, and a step for each statement.

import fc from "fast-check";
import t from "tap";
import { parseConfig } from "../../src/config/parse-yaml.js";
import type { Policy } from "../../src/policy/ast.js";
import { compileFilter } from "../../src/policy/compile.js";
import type { Route } from "../../src/policy/route.js";
import { traceChain, type TraceStep } from "../../src/policy/trace.js";
import { sampleRoute, sequence } from "./sample-route.js";

const FILE = `routerId: 192.0.2.1
as: 65000
policies:
  base:
    - match: { med: { ge: 3 } }
      set: { localPref: 50, communities: { delete: "65000:*", add: "65000:9" } }
      action: nextPolicy
    - match: { asPathContains: 65009 }
      action: reject
  first:
    - match: { prefix: 10.0.0.0/8 le 24 }
      call: base
    - match: { any: [{ community: "65000:1-5" }, { localPref: 50 }] }
      set: { prepend: 2, med: none, origin: egp, nextHop: 192.0.2.77 }
      action: accept
    - match: { largeCommunity: "65000:1:*" }
      set: { largeCommunities: { set: [] }, extendedCommunities: { add: "rt:65000:7" }, weight: 9 }
  second:
    rules:
      - match: { asPathLength: { ge: 3 } }
        action: nextPolicy
      - match: { neighborAs: 65001, not: { origin: incomplete } }
        action: accept
    default: reject
`;

const parsed = parseConfig(FILE, "p.yaml");
if ("errors" in parsed) throw new Error(JSON.stringify(parsed.errors));
const { policies } = parsed;
const options = { policies, localAs: 65000, fallThrough: "reject" } as const;

function chain(...names: string[]): readonly Policy[] {
  return names.map((name) => {
    const policy = policies.get(name);
    if (policy === undefined) throw new RangeError(name);
    return policy;
  });
}

function trace(route: Route, ...names: string[]): { steps: TraceStep[]; by: string; accept: boolean } {
  const steps: TraceStep[] = [];
  return { ...traceChain(chain(...names), options, route, (step) => steps.push(step)), steps };
}

const lines = (steps: readonly TraceStep[]): readonly string[] =>
  steps.map(({ policy, at, depth, event, subject }) => `${depth} ${policy}:${at?.line} ${event} ${subject}`.trim());

t.test("each statement that ran is a step, with its line", async (t) => {
  const { steps, by, accept } = trace(sampleRoute({ med: 4, communities: [(65000 << 16) | 1] }), "first", "second");
  t.equal(accept, true);
  t.equal(by, "policy first, p.yaml:15");
  t.same(lines(steps), [
    "0 first:11 matched",
    "1 first:12 called base",
    "2 base:5 matched",
    "3 base:6 changed localPref",
    "3 base:6 changed communities",
    "3 base:6 changed communities",
    "3 base:7 next",
    "0 first:13 matched",
    "1 first:14 changed med",
    "1 first:14 changed origin",
    "1 first:14 changed nextHop",
    "1 first:14 changed asPath",
    "1 first:15 accept",
  ]);
});

t.test("a policy that does not decide leaves it to the next one of the chain", async (t) => {
  const { steps, by } = trace(sampleRoute({ asPath: sequence(65002) }, "172.16.0.0/12"), "first", "second");
  t.equal(by, "policy second, p.yaml:24");
  t.ok(lines(steps).includes("0 first:10 no verdict"));
  t.equal(trace(sampleRoute(), "base").by, "policy base, p.yaml:4: no rule decided");
  t.equal(trace(sampleRoute()).by, "no policy: no rule decided");
});

const routes = fc.record({
  med: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
  localPref: fc.option(fc.constantFrom(50, 100), { nil: undefined }),
  asPath: fc.array(fc.constantFrom(65001, 65002, 65009), { maxLength: 4 }).map((path) => sequence(...path)),
  communities: fc.array(fc.integer({ min: 1, max: 9 }).map((low) => ((65000 << 16) | low) >>> 0)),
  largeCommunities: fc.array(fc.constant([65000, 1, 2] as const), { maxLength: 1 }),
  origin: fc.integer({ min: 0, max: 2 }),
});

t.test("verdict and edits are those of the compiled filter", async (t) => {
  const names = fc.subarray(["base", "first", "second"], { minLength: 1 });
  const prefixes = fc.constantFrom("10.1.0.0/16", "10.1.1.0/26", "192.168.0.0/24");
  fc.assert(
    fc.property(routes, prefixes, names, (changes, prefix, chosen) => {
      const compiled = sampleRoute(changes, prefix);
      const verdict = compileFilter(chain(...chosen), options)(compiled);
      const traced = sampleRoute(changes, prefix);
      const { accept, by } = trace(traced, ...chosen);
      t.same({ accept, by, route: traced }, { ...verdict, route: compiled });
    }),
    { numRuns: 300 },
  );
});
