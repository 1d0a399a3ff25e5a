// The RIB against a naive one: random commands for both, then every member's view, every best path and every counter must
// be the same; when all have left, nothing may be left behind.
//
// STARLING_MODEL_RUNS=n runs n scenarios instead of as many as fit the time; a failure prints seed and path, with which
// STARLING_MODEL_SEED and STARLING_MODEL_PATH repeat it.

import fc from "fast-check";
import t from "tap";
import { ModelWorld } from "./model-world.js";
import { type Scenario, scenario } from "./model-universe.js";

const TIME_MS = 20_000;
// A run by number takes as long as it takes.
t.setTimeout(0);

function play(told: Scenario): void {
  const world = new ModelWorld(told);
  for (const command of told.commands) world.run(command);
  world.check();
  world.finish();
}

t.test("the RIB tells every peer what a naive one would", async (t) => {
  const { STARLING_MODEL_RUNS: runs, STARLING_MODEL_SEED: seed, STARLING_MODEL_PATH: path } = process.env;
  let played = 0;
  const property = fc.property(scenario, (told) => {
    played++;
    play(told);
  });
  fc.assert(property, {
    ...(runs === undefined ? { numRuns: 1_000_000, interruptAfterTimeLimit: TIME_MS } : { numRuns: Number(runs) }),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
  });
  t.ok(played > 0, `${played} scenarios`);
});
