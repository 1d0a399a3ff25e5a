// Policies: a compiled filter as a user would write it, and the memo that lets the hot path ask it once per set.

import type { Policy } from "../../src/policy/ast.js";
import { compileFilter } from "../../src/policy/compile.js";
import type { Filter } from "../../src/policy/route.js";
import { ExportPolicy } from "../../src/rib/export-policy.js";
import { ExportRules } from "../../src/rib/export-rules.js";
import { OwedReleases } from "../../src/rib/owed-releases.js";
import { RELATION } from "../../src/rib/sources.js";
import { prefixOf, sampleRoute, sequence } from "../policy/sample-route.js";
import { type Benchmark, type Measured, sink } from "./benchmark.js";
import { groupOptions, RibScene } from "./rib-scene.js";

const CALLS = 4096;

const PREFIXES = [
  { prefix: prefixOf("10.0.0.0/8"), least: 16, greatest: 28 },
  { prefix: prefixOf("172.16.0.0/12"), least: 12, greatest: 24 },
  { prefix: prefixOf("192.168.0.0/16"), least: 24, greatest: 24 },
];
const COMMUNITY = { high: [65000, 65000], low: [100, 199] } as const;

/** Routes of the pods that carry a community get a LOCAL_PREF and pass; others are rejected. */
const FROM_POD: Policy = {
  name: "from-pod",
  body: [
    {
      kind: "if",
      condition: {
        kind: "all",
        operands: [
          {
            kind: "match",
            left: { kind: "field", field: "prefix" },
            right: { kind: "prefixRanges", ranges: PREFIXES },
          },
          {
            kind: "match",
            left: { kind: "field", field: "communities" },
            right: { kind: "communityPatterns", patterns: [COMMUNITY] },
          },
        ],
      },
      then: [{ kind: "set", field: "localPref", value: { kind: "number", value: 200 } }, { kind: "accept" }],
      otherwise: [],
    },
    { kind: "reject" },
  ],
};

function filterOf(policy: Policy): Filter {
  return compileFilter([policy], { policies: new Map(), localAs: 65000, fallThrough: "reject" });
}

function evaluation(): Measured {
  const filter = filterOf(FROM_POD);
  const communities = [(65001 << 16) | 7, 65000 * 65536 + 150];
  const routes = ["10.1.0.0/16", "192.168.3.0/24", "198.51.100.0/24"].map((prefix) =>
    sampleRoute({ communities, asPath: sequence(65100, 65200) }, prefix),
  );
  return {
    operations: CALLS,
    run: () => {
      let accepted = 0;
      for (let i = 0; i < CALLS; i++) if (filter(routes[i % 3]).accept) accepted++;
      sink.value ^= accepted;
    },
  };
}

/** A policy that does not look at prefixes: every call but the first of a set reads the memo. */
function exportMemo(): Measured {
  const scene = new RibScene();
  const { attrs, nextHops, sources } = scene.rib;
  const { routes } = scene.table;
  const source = scene.client(1);
  const ids = Int32Array.from({ length: 64 }, (_, i) => scene.set(source, i));
  const exportFilter = filterOf({ name: "all", body: [{ kind: "accept" }] });
  const rules = new ExportRules({ ...groupOptions(RELATION.ibgpClient), exportFilter }, attrs, nextHops, sources);
  const policy = new ExportPolicy(
    rules,
    routes,
    attrs,
    sources,
    new OwedReleases(attrs, scene.rib.queue, scene.rib.clock),
  );
  const [prefix] = scene.prefixes(1);
  return {
    operations: CALLS,
    run: () => {
      let sum = 0;
      for (let i = 0; i < CALLS; i++) sum += policy.exported(ids[i & 63], routes.prefixes, prefix);
      sink.value ^= sum;
    },
  };
}

export const POLICY_BENCHMARKS: readonly Benchmark[] = [
  { name: "filter: prefix set, community, set localPref", budget: 24, prepare: evaluation },
  { name: "ExportPolicy.exported, known set", budget: 1.8, prepare: exportMemo },
];
