// Many scenarios of the model test, for longer than npm test has time.
//
//   npm run model -- [--runs N] [--seed S] [--path P]
//
// N scenarios (1000) in portions of 100, each with a seed of its own: S (random), S+1, and so on. With --path only the one
// scenario that a failure has named. Exit code 1 when one fails.

import { parseArgs } from "node:util";
import { failureWords, runSeed } from "./model-run.js";

const PORTION = 100;

const { values } = parseArgs({
  options: { runs: { type: "string" }, seed: { type: "string" }, path: { type: "string" } },
});
const runs = Number(values.runs ?? 1000);
const first = Number(values.seed ?? Math.floor(Math.random() * 0x7fff_ffff));
if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(first))
  throw new RangeError("--runs and --seed are integers");

let good = 0;
for (let seed = first; good < runs && process.exitCode === undefined; seed++) {
  const portion = Math.min(PORTION, runs - good);
  const failure = runSeed(seed, values.path === undefined ? portion : 1, values.path);
  if (failure !== undefined) {
    console.log(failureWords(failure));
    process.exitCode = 1;
  }
  good += failure === undefined ? portion : 0;
  if (values.path !== undefined) break;
  if (good % 1000 === 0) console.log(`${good} scenarios are good, seeds ${first} to ${seed}`);
}
if (process.exitCode === undefined) console.log(`${good} scenarios, first seed ${first}: all good`);
