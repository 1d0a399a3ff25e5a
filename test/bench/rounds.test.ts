// Who runs when: turns, peers that run once, the probed run, repetitions.

import t from "tap";
import type { Adapter } from "./adapters.js";
import type { RunOrder } from "./measurement.js";
import { planRuns, runRounds, type RoundsPlan } from "./rounds.js";
import type { RunResult } from "./run-result.js";
import { SAMPLE_SCENARIO, sampleRun } from "./sample-runs.js";

function adapter(name: string, reason?: string): Adapter {
  return {
    name,
    path: `/${name}`,
    features: new Set(["rr"]),
    version: "1",
    reasonAgainst: () => reason,
    probeWords: () => undefined,
  };
}

const PLAN: RoundsPlan = {
  scenario: SAMPLE_SCENARIO,
  adapters: [adapter("starling"), adapter("bird2"), adapter("gobgpd"), adapter("bird1", "has no IPv6")],
  rounds: 2,
  isAllEqual: false,
  withProbe: true,
  noiseRetries: 2,
  seed: 1,
};

const words = (orders: readonly RunOrder[]): string[] =>
  orders.map((order) => `${order.adapter.name} ${order.round}${order.isProbed ? " probed" : ""}`);

t.test("speakers take turns; peers the scenario does not name run once; ours is probed at the end", async (t) => {
  t.strictSame(words(planRuns(PLAN)), [
    "starling 0",
    "bird2 0",
    "gobgpd 0",
    "starling 1",
    "bird2 1",
    "starling 2 probed",
  ]);
});

t.test("a peer that would need many minutes runs only where it was asked for by name", async (t) => {
  const scenario = { ...SAMPLE_SCENARIO, tooSlow: ["gobgpd"] };
  t.notOk(words(planRuns({ ...PLAN, scenario })).includes("gobgpd 0"));
  t.ok(words(planRuns({ ...PLAN, scenario, isAllEqual: true })).includes("gobgpd 0"));
});

t.test("peers that were asked for by name run in all rounds", async (t) => {
  const orders = planRuns({ ...PLAN, isAllEqual: true, withProbe: false });
  t.strictSame(words(orders), ["starling 0", "bird2 0", "gobgpd 0", "starling 1", "bird2 1", "gobgpd 1"]);
});

t.test("a scenario about answers probes everybody and needs no extra run", async (t) => {
  const orders = planRuns({ ...PLAN, rounds: 1, scenario: { ...SAMPLE_SCENARIO, probesAll: true } });
  t.strictSame(words(orders), ["starling 0 probed", "bird2 0 probed", "gobgpd 0 probed"]);
});

t.test("a disturbed run is repeated, and its last attempt counts", async (t) => {
  let attempts = 0;
  const notes: boolean[] = [];
  const run = async (order: RunOrder): Promise<RunResult> =>
    sampleRun({ wall_s: ++attempts }, { dut: order.adapter.name, noisy: attempts < 3 });
  const plan = { ...PLAN, adapters: [adapter("starling")], rounds: 1, withProbe: false };
  const results = await runRounds(plan, run, (_, isKept) => notes.push(isKept));
  t.strictSame(
    results.map(({ numbers, noisy }) => [numbers["wall_s"], noisy]),
    [[3, false]],
  );
  t.strictSame(notes, [false, false, true]);
});

t.test("a run that stays disturbed is kept after so many attempts, a failed one is not repeated", async (t) => {
  let attempts = 0;
  const plan = { ...PLAN, adapters: [adapter("starling")], rounds: 1, withProbe: false };
  const disturbed = async (): Promise<RunResult> => sampleRun({ wall_s: ++attempts }, { noisy: true });
  t.equal((await runRounds(plan, disturbed, () => undefined)).length, 1);
  t.equal(attempts, 3);
  attempts = 0;
  const failed = async (): Promise<RunResult> => sampleRun({ wall_s: ++attempts }, { noisy: true, ok: false });
  await runRounds(plan, failed, () => undefined);
  t.equal(attempts, 1);
});
