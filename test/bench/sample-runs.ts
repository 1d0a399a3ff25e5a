// Runs and scenarios for the tests of what is computed from them.

import type { RunResult } from "./run-result.js";
import type { Scenario } from "./scenario.js";

export const SAMPLE_SCENARIO: Scenario = {
  name: "sample",
  title: "a sample",
  load: { kind: "converge", clients: 10, blocks: 20 },
  peers: ["bird2", "frr"],
  rounds: 3,
  targets: [],
};

/** A good, quiet run of ours with the numbers given. */
export function sampleRun(numbers: Readonly<Record<string, number>>, changes: Partial<RunResult> = {}): RunResult {
  return {
    dut: "starling",
    version: "1",
    scenario: "sample",
    load: SAMPLE_SCENARIO.load,
    round: 0,
    ok: true,
    noisy: false,
    numbers,
    ...changes,
  };
}

/** Runs of one speaker, one per round, that differ in their wall time. */
export function sampleRounds(dut: string, walls: readonly number[]): readonly RunResult[] {
  return walls.map((wall_s, round) => sampleRun({ wall_s }, { dut, round }));
}
