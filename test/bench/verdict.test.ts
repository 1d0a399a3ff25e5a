// Targets are met or missed by the median of pairs; runs that cannot be compared are left out.

import t from "tap";
import { isNoisy, type RunResult } from "./run-result.js";
import { SAMPLE_SCENARIO, sampleRounds, sampleRun } from "./sample-runs.js";
import type { Scenario, Target } from "./scenario.js";
import { SCENARIOS } from "./targets.js";
import { judge, ratios } from "./verdict.js";

const WALL: Target = { kind: "ratio", metric: "wall_s", peer: "bird2", limit: { most: 0.5 } };
const delays = { count: 9, p50Ms: 1, p99Ms: 9, maxMs: 20 };
const probe = { daemon: delays, echo: delays, lostConnections: 0 };

interface Case {
  readonly name: string;
  readonly target: Target;
  readonly runs: readonly RunResult[];
  readonly state: "met" | "missed" | "not measured";
  readonly excess?: number;
  readonly count?: number;
}

const CASES: readonly Case[] = [
  {
    name: "a ratio within the limit is met",
    target: WALL,
    runs: [...sampleRounds("starling", [1, 2, 9]), ...sampleRounds("bird2", [4, 5, 6])],
    state: "met",
    count: 3,
  },
  {
    name: "a ratio at the limit is met",
    target: WALL,
    runs: [...sampleRounds("starling", [2]), ...sampleRounds("bird2", [4])],
    state: "met",
    count: 1,
  },
  {
    name: "a ratio beyond the limit is missed by what it is beyond",
    target: WALL,
    runs: [...sampleRounds("starling", [3, 3, 3]), ...sampleRounds("bird2", [4, 4, 4])],
    state: "missed",
    excess: 0.5,
    count: 3,
  },
  {
    name: "a limit from below is missed by what is lacking",
    target: { kind: "ratio", metric: "wall_s", peer: "bird2", limit: { least: 4 } },
    runs: [...sampleRounds("starling", [2]), ...sampleRounds("bird2", [1])],
    state: "missed",
    excess: 1,
    count: 1,
  },
  {
    name: "a peer that did not run leaves the target unmeasured",
    target: WALL,
    runs: sampleRounds("starling", [1]),
    state: "not measured",
  },
  {
    name: "failed runs do not count",
    target: WALL,
    runs: [sampleRun({ wall_s: 1 }, { ok: false }), ...sampleRounds("bird2", [4])],
    state: "not measured",
  },
  {
    name: "runs of other scenarios do not count",
    target: WALL,
    runs: [sampleRun({ wall_s: 1 }, { scenario: "other" }), ...sampleRounds("bird2", [4])],
    state: "not measured",
  },
  {
    name: "probed runs do not count for times",
    target: WALL,
    runs: [sampleRun({ wall_s: 1 }, { probe }), ...sampleRounds("bird2", [4])],
    state: "not measured",
  },
  {
    name: "answers are taken from probed runs",
    target: { kind: "value", metric: "answer_p99_ms", limit: { most: 6 } },
    runs: [sampleRun({ wall_s: 1 }, { probe, round: 5 }), sampleRun({ wall_s: 1 })],
    state: "missed",
    excess: 0.5,
    count: 1,
  },
  {
    name: "where quiet pairs exist the disturbed ones are left out",
    target: WALL,
    runs: [
      ...sampleRounds("starling", [1]),
      sampleRun({ wall_s: 100 }, { round: 1, noisy: true }),
      ...sampleRounds("bird2", [4, 4]),
    ],
    state: "met",
    count: 1,
  },
  {
    name: "where no pair was quiet all of them count",
    target: WALL,
    runs: [
      sampleRun({ wall_s: 1 }, { noisy: true }),
      ...sampleRounds("starling", [1]).map((run) => ({ ...run, round: 7 })),
      ...sampleRounds("bird2", [4]),
    ],
    state: "met",
    count: 1,
  },
  {
    name: "the best peer is the fastest of each round",
    target: { kind: "ratio", metric: "wall_s", peer: "best", limit: { most: 1 } },
    runs: [...sampleRounds("starling", [3, 3]), ...sampleRounds("bird2", [2, 9]), ...sampleRounds("frr", [9, 2])],
    state: "missed",
    excess: 0.5,
    count: 2,
  },
  {
    name: "growth compares with our own median in another scenario",
    target: { kind: "growth", metric: "wall_s", from: "smaller", limit: { most: 4 } },
    runs: [...sampleRounds("starling", [6, 8, 10]), sampleRun({ wall_s: 2 }, { scenario: "smaller" })],
    state: "met",
    count: 1,
  },
];

for (const { name, target, runs, state, excess, count } of CASES) {
  t.test(name, async (t) => {
    const verdict = judge(target, SAMPLE_SCENARIO, runs);
    t.equal(verdict.state, state);
    t.equal(verdict.state === "not measured" ? undefined : verdict.measured.count, count);
    if (excess !== undefined) t.ok(Math.abs((verdict.state === "missed" ? verdict.excess : NaN) - excess) < 1e-9);
  });
}

t.test("the best of several is the largest where more is better", async (t) => {
  const runs = [...sampleRounds("starling", [6]), ...sampleRounds("bird2", [2]), ...sampleRounds("frr", [3])];
  t.equal(ratios(runs, SAMPLE_SCENARIO, "wall_s", "best", { least: 1 })?.median, 2);
  t.equal(ratios(runs, SAMPLE_SCENARIO, "wall_s", "best", { most: 1 })?.median, 3);
});

t.test("a run is disturbed by more than 15 % of other work, and clocks are coarse", async (t) => {
  t.equal(isNoisy({ wall_s: 1, other_cpu_s: 0.18 }), false);
  t.equal(isNoisy({ wall_s: 1, other_cpu_s: 0.2 }), true);
  t.equal(isNoisy({ wall_s: 1, other_cpu_s: 0.1, steal_s: 0.1 }), true);
  t.equal(isNoisy({ wall_s: 0.01, other_cpu_s: 0.04 }), false);
});

/** What a scenario's targets speak of and the scenario does not have. */
function targetFaults({ name, peers, targets }: Scenario): readonly string[] {
  return targets.flatMap((target) => {
    if (target.kind === "growth")
      return SCENARIOS.some((each) => each.name === target.from) ? [] : [`${name}: ${target.from}`];
    if (target.kind === "value" || target.peer === "best") return [];
    return peers.includes(target.peer) ? [] : [`${name}: ${target.peer}`];
  });
}

t.test("every target speaks of peers that run in all rounds of its scenario", async (t) => {
  t.strictSame(SCENARIOS.flatMap(targetFaults), []);
  t.strictSame(targetFaults({ ...SAMPLE_SCENARIO, peers: ["frr"], targets: [WALL] }), ["sample: bird2"]);
});

t.test("names of scenarios are unique, and every one has a target or is compared with one that has", async (t) => {
  const names = SCENARIOS.map(({ name }) => name);
  t.equal(new Set(names).size, names.length);
  const referred = SCENARIOS.flatMap(({ targets }) =>
    targets.flatMap((each) => (each.kind === "growth" ? [each.from] : [])),
  );
  const idle = SCENARIOS.filter(({ name, targets }) => targets.length === 0 && !referred.includes(name));
  t.strictSame(idle, []);
});
