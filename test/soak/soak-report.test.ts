// The report and its verdict, from made-up results.

import t from "tap";
import { soakReport, type MemorySample, type SoakResult } from "./soak-report.js";

function memory(perHour: number): readonly MemorySample[] {
  return Array.from({ length: 1800 }, (_, i) => {
    const rss = 100 + (perHour * i) / 3600 + (i % 7) / 10;
    return { seconds: i, rss, anonymous: rss - 45 };
  });
}

function result(changes: Partial<SoakResult> = {}): SoakResult {
  return {
    seed: 7,
    minutes: 30,
    peers: 30,
    eventsPerSecond: 4000,
    version: "1.2.3",
    ranSeconds: 1800,
    cpuSeconds: 400,
    events: { announced: 3_000_000, replaced: 2_000_000, withdrawn: 1_000_000 },
    updates: 700_000,
    tables: 2000,
    heard: 90_000_000,
    disturbances: new Map([
      ["silence", 30],
      ["reset", 70],
    ]),
    cutOff: 40,
    checkpoints: [
      { settledMs: 3000, sessions: 28, prefixes: 4700, compared: 100_000 },
      { settledMs: 1000, sessions: 29, prefixes: 4600, compared: 100_000 },
      { settledMs: 2000, sessions: 30, prefixes: 4500, compared: 100_000 },
    ],
    memory: memory(0),
    memoryAtEnd: { rss: 99, anonymous: 54 },
    longestLagMs: 12,
    failures: [],
    ...changes,
  };
}

t.test("a good run passes, and the report has its numbers", async (t) => {
  const { text, isGood } = soakReport(result());
  t.equal(isGood, true);
  for (const words of [
    "--minutes 30 --seed 7",
    "Starling 1.2.3",
    "3,000,000 / 2,000,000 / 1,000,000",
    "| silence | 30 |",
    "3 comparisons, 300,000 entries",
    "2.0 s in the middle",
    "3.0 s at most",
    "When everybody had left: 99.0",
    "**Passed.**",
  ]) {
    t.ok(text.includes(words), words);
  }
});

t.test("memory that rises fails, unless the run was too short to tell", async (t) => {
  t.equal(soakReport(result({ memory: memory(9) })).isGood, true, "4.5 % in half an hour");
  const rising = soakReport(result({ memory: memory(14) }));
  t.equal(rising.isGood, false);
  t.match(rising.text, /memory rises: 1\d\.\d ± \d+\.\d MB an hour/);
  const short = soakReport(result({ memory: memory(14), minutes: 5 }));
  t.equal(short.isGood, true);
  t.match(short.text, /too short to judge/);
  t.equal(soakReport(result({ memory: [] })).isGood, false, "nothing was measured");
});

t.test("every failure is told", async (t) => {
  const { text, isGood } = soakReport(result({ failures: ["waited 60 s:\npeer 1", "lost"], checkpoints: [] }));
  t.equal(isGood, false);
  t.match(text, /\*\*Failed\.\*\*\n\n- waited 60 s:\n {2}peer 1\n- lost\n$/);
  t.match(text, /No comparison took place/);
});
