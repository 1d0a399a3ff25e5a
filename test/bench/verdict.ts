// Targets against runs: met, or missed by how much.

import { metricOf, type RunResult } from "./run-result.js";
import type { Limit, Metric, Scenario, Target } from "./scenario.js";
import { pairedRatios, spread, type Spread } from "./statistics.js";

export type Verdict =
  | { readonly state: "met"; readonly measured: Spread }
  /** `excess` is relative: 0.2 means 20 % beyond the limit. */
  | { readonly state: "missed"; readonly measured: Spread; readonly excess: number }
  | { readonly state: "not measured" };

/** The speaker that the targets are about. */
export const OURS = "starling";

/** Whether runs that other work disturbed are looked at. */
export type Care = "quiet" | "any";

/** Good runs of a speaker in a scenario. Probed runs, whose times are not comparable, only where the metric comes from the
 *  probe. */
export function goodRuns(
  runs: readonly RunResult[],
  scenario: string,
  dut: string,
  metric: Metric,
  care: Care,
): readonly RunResult[] {
  const isAnswer = metric.startsWith("answer_");
  return runs.filter(
    (run) =>
      run.ok &&
      run.scenario === scenario &&
      run.dut === dut &&
      isAnswer === (run.probe !== undefined) &&
      (care === "any" || !run.noisy),
  );
}

/** A metric by round. */
export function byRound(
  runs: readonly RunResult[],
  scenario: string,
  dut: string,
  metric: Metric,
  care: Care,
): ReadonlyMap<number, number> {
  const values = new Map<number, number>();
  for (const run of goodRuns(runs, scenario, dut, metric, care)) {
    const value = metricOf(run, metric);
    if (value !== undefined) values.set(run.round, value);
  }
  return values;
}

/** The best peer's value in each round, of peers that ran in it. */
function bestByRound(
  runs: readonly RunResult[],
  scenario: Scenario,
  metric: Metric,
  limit: Limit,
  care: Care,
): ReadonlyMap<number, number> {
  const best = new Map<number, number>();
  for (const peer of scenario.peers) {
    for (const [round, value] of byRound(runs, scenario.name, peer, metric, care)) {
      const before = best.get(round) ?? value;
      best.set(round, limit.most === undefined ? Math.max(before, value) : Math.min(before, value));
    }
  }
  return best;
}

/** Ratios of ours to a peer's (`best`: the best of the scenario's peers): of quiet pairs, or of any where none was
 *  quiet. */
export function ratios(
  runs: readonly RunResult[],
  scenario: Scenario,
  metric: Metric,
  peer: string,
  limit: Limit,
): Spread | undefined {
  const pairs = (care: Care): Spread | undefined => {
    const ours = byRound(runs, scenario.name, OURS, metric, care);
    const theirs =
      peer === "best"
        ? bestByRound(runs, scenario, metric, limit, care)
        : byRound(runs, scenario.name, peer, metric, care);
    return spread(pairedRatios(ours, theirs));
  };
  return pairs("quiet") ?? pairs("any");
}

/** A speaker's own values. */
export function valuesOf(
  runs: readonly RunResult[],
  scenario: string,
  dut: string,
  metric: Metric,
): Spread | undefined {
  const values = (care: Care): Spread | undefined => spread([...byRound(runs, scenario, dut, metric, care).values()]);
  return values("quiet") ?? values("any");
}

/** What the target is about, measured: ratios of pairs, our own values, or one quotient of medians. */
function measure(target: Target, scenario: Scenario, runs: readonly RunResult[]): Spread | undefined {
  switch (target.kind) {
    case "ratio":
      return ratios(runs, scenario, target.metric, target.peer, target.limit);
    case "value":
      return valuesOf(runs, scenario.name, OURS, target.metric);
    case "growth": {
      const here = valuesOf(runs, scenario.name, OURS, target.metric);
      const there = valuesOf(runs, target.from, OURS, target.metric);
      if (here === undefined || there === undefined || there.median <= 0) return undefined;
      return spread([here.median / there.median]);
    }
  }
}

/** How far beyond the limit, relative to it; 0 or less: within. */
function excessOf(measured: number, limit: Limit): number {
  if (limit.most !== undefined) return measured / limit.most - 1;
  return measured > 0 ? limit.least / measured - 1 : Infinity;
}

/** Judges one target by the median. Scenario names of `runs` may be others too. */
export function judge(target: Target, scenario: Scenario, runs: readonly RunResult[]): Verdict {
  const measured = measure(target, scenario, runs);
  if (measured === undefined) return { state: "not measured" };
  const excess = excessOf(measured.median, target.limit);
  return excess <= 0 ? { state: "met", measured } : { state: "missed", measured, excess };
}
