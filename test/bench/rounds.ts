// The runs of one scenario in their order: rounds in which the speakers take turns (A B A B …), so that a pair of runs
// sees the machine in the same mood; then one run of ours with the probe.

import type { Adapter } from "./adapters.js";
import type { RunOrder } from "./measurement.js";
import type { RunResult } from "./run-result.js";
import type { Scenario } from "./scenario.js";
import { OURS } from "./verdict.js";

export interface RoundsPlan {
  readonly scenario: Scenario;
  /** In the order in which they take turns. */
  readonly adapters: readonly Adapter[];
  readonly rounds: number;
  /** Every speaker runs in all rounds, also those that the scenario would run once. */
  readonly isAllEqual: boolean;
  readonly withProbe: boolean;
  /** How often a disturbed run is repeated. */
  readonly noiseRetries: number;
  readonly seed: number;
}

/** Undefined if the speaker takes part, else why not. One that was named is patiently waited for. */
export function reasonAgainst(adapter: Adapter, { scenario, isAllEqual }: RoundsPlan): string | undefined {
  if (!isAllEqual && scenario.tooSlow?.includes(adapter.name) === true) return "would need many minutes";
  return adapter.reasonAgainst(scenario);
}

/** Every run that is to be made, in order. */
export function planRuns(plan: RoundsPlan): readonly RunOrder[] {
  const { scenario, rounds, seed } = plan;
  const able = plan.adapters.filter((adapter) => reasonAgainst(adapter, plan) === undefined);
  const isRegular = ({ name }: Adapter): boolean => plan.isAllEqual || name === OURS || scenario.peers.includes(name);
  const probesAll = scenario.probesAll === true;
  const orders: RunOrder[] = [];
  for (let round = 0; round < rounds; round++) {
    const turn = able.filter((adapter) => round === 0 || isRegular(adapter));
    orders.push(...turn.map((adapter) => ({ adapter, scenario, round, seed, isProbed: probesAll })));
  }
  const ours = able.find(({ name }) => name === OURS);
  if (plan.withProbe && !probesAll && ours !== undefined) {
    orders.push({ adapter: ours, scenario, round: rounds, seed, isProbed: true });
  }
  return orders;
}

/** Carries the plan out; a run that other work disturbed is repeated, and its last attempt counts.
 *  `note` is called after each attempt. */
export async function runRounds(
  plan: RoundsPlan,
  run: (order: RunOrder) => Promise<RunResult>,
  note: (result: RunResult, isKept: boolean) => void,
): Promise<readonly RunResult[]> {
  const results: RunResult[] = [];
  for (const order of planRuns(plan)) {
    let result = await run(order);
    for (let i = 0; i < plan.noiseRetries && result.noisy && result.ok && !order.isProbed; i++) {
      note(result, false);
      result = await run(order);
    }
    note(result, true);
    results.push(result);
  }
  return results;
}
