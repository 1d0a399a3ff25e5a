// Runs the model test: random scenarios until a number of them or an amount of processor time is reached. What fails is
// shrunk and told in words, with the seed and path that repeat it.

import fc from "fast-check";
import { type Scenario, scenario } from "./model-commands.js";
import { scenarioWords } from "./model-words.js";
import { ModelWorld } from "./model-world.js";

/** Plays one scenario. Throws Error where the real world differs from the naive one. */
export function play(told: Scenario): void {
  const world = new ModelWorld(told);
  for (const command of told.commands) world.run(command);
  world.check();
  world.finish();
}

export interface ModelFailure {
  readonly seed: number;
  /** Leads to the shrunk scenario at once. */
  readonly path: string;
  readonly scenario: Scenario;
  readonly error: unknown;
}

/** Scenarios of one seed. Gives the first that fails, shrunk. */
export function runSeed(seed: number, runs: number, path?: string): ModelFailure | undefined {
  const outcome = fc.check(fc.property(scenario, play), {
    seed,
    numRuns: runs,
    ...(path === undefined ? {} : { path, endOnFailure: true }),
  });
  if (!outcome.failed || outcome.counterexample === null) return undefined;
  const { counterexample, counterexamplePath, errorInstance } = outcome;
  return { seed, path: counterexamplePath ?? "", scenario: counterexample[0], error: errorInstance };
}

/** A failure as people need it. */
export function failureWords({ seed, path, scenario: failed, error }: ModelFailure): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const repeat = `npm run model -- --seed ${seed} --path ${path}`;
  return [`seed ${seed}, path ${path}; again: ${repeat}`, scenarioWords(failed), text].join("\n");
}
