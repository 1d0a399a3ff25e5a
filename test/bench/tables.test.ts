// The Markdown that the benchmark prints.

import t from "tap";
import { SAMPLE_SCENARIO, sampleRounds, sampleRun } from "./sample-runs.js";
import type { Scenario } from "./scenario.js";
import { formatNumber, formatVerdict, scenarioSection, summary } from "./tables.js";

const spread = { median: 1, least: 1, most: 1, count: 1 };

t.test("numbers have about three digits", async (t) => {
  t.strictSame([1_234_567, 45_678, 456, 45.67, 4.567, 0.4567, 0].map(formatNumber), [
    "1.23 M",
    "45.7 k",
    "456",
    "45.7",
    "4.57",
    "0.457",
    "0.000",
  ]);
});

t.test("a missed target says by how much", async (t) => {
  t.equal(formatVerdict({ state: "met", measured: spread }), "met");
  t.equal(formatVerdict({ state: "not measured" }), "not measured");
  t.equal(formatVerdict({ state: "missed", measured: spread, excess: 0.204 }), "**missed by 20 %**");
  t.equal(formatVerdict({ state: "missed", measured: spread, excess: 0.0001 }), "**missed by 1 %**");
  t.equal(formatVerdict({ state: "missed", measured: spread, excess: 2.5 }), "**missed by a factor of 3.5**");
});

const SCENARIO: Scenario = {
  ...SAMPLE_SCENARIO,
  targets: [
    { kind: "ratio", metric: "wall_s", peer: "bird2", limit: { most: 0.5 } },
    { kind: "value", metric: "anon_peak_mb", limit: { most: 60 } },
  ],
};

t.test("a section has ratios with absolute medians beside them, targets and failures", async (t) => {
  const runs = [
    ...sampleRounds("starling", [1, 2, 3]),
    ...sampleRounds("bird2", [4, 4, 4]),
    sampleRun({}, { dut: "frr", ok: false, error: "10.128.0.0/26: is missing" }),
    sampleRun({ wall_s: 1 }, { dut: "openbgpd", noisy: true }),
  ];
  const lines = scenarioSection(SCENARIO, runs, true).split("\n");
  t.ok(lines.includes("| wall | bird2 | 0.50 | 0.25–0.75 | 3 | 2.00 s | 4.00 s | ≤ 0.50 | met |"), lines.join("\n"));
  t.ok(lines.includes("| wall | openbgpd | 1.00 | – | 1 | 2.00 s | 1.00 s |  |  |"));
  t.ok(lines.includes("| anonymous RSS | – | – | – | 0 | – | – | ≤ 60.0 MB | not measured |"));
  t.ok(lines.includes("- **frr: 1 of 1 runs failed**: 10.128.0.0/26: is missing"));
  t.ok(lines.includes("- Other work disturbed every run of openbgpd."));
  t.equal(summary([SCENARIO], runs), "Targets: 1 met, 0 missed, 1 not measured");
});

t.test("smaller loads are not judged", async (t) => {
  const runs = [...sampleRounds("starling", [3]), ...sampleRounds("bird2", [4])];
  t.match(scenarioSection(SCENARIO, runs, false), /≤ 0\.50 \| not judged \|/);
  t.match(scenarioSection(SCENARIO, runs, true), /≤ 0\.50 \| \*\*missed by 50 %\*\* \|/);
  t.match(
    summary([SCENARIO], runs),
    /^Targets: 0 met, 1 missed.*\n- sample, wall against bird2: \*\*missed by 50 %\*\*$/s,
  );
});

t.test("answers of a probed run are judged and shown beside the echo", async (t) => {
  const delays = (p99Ms: number): { count: number; p50Ms: number; p99Ms: number; maxMs: number } => ({
    count: 200,
    p50Ms: 1,
    p99Ms,
    maxMs: 30,
  });
  const probe = { daemon: delays(20), echo: delays(0.5), lostConnections: 2, eventLoopDelay: { p99Ms: 12 } };
  const section = scenarioSection(SAMPLE_SCENARIO, [sampleRun({ wall_s: 1 }, { probe })], true);
  t.match(section, "| answer p99 | – | – | – | 1 | 20.0 ms | – | ≤ 15.0 ms | **missed by 33 %** |");
  t.match(section, "| answer max | – | – | – | 1 | 30.0 ms | – | ≤ 40.0 ms | met |");
  t.match(
    section,
    "starling answered 200 questions: p50 / p99 / max 1.00 / 20.0 / 30.0 ms; the echo 1.00 / 0.500 / 30.0 ms",
  );
  t.match(section, 'its event loop says {"p99Ms":12}; **it closed the connection 2 times**');
});
