// npm run bench:micro: time per call of the hot functions, against budgets in steps of a baseline loop.
//
//   npm run bench:micro -- [WORD…]        only functions whose name holds one of the words
//
// The compiler decides anew in every process what it inlines, and sometimes badly; so a function is over its budget only if
// it is in each of several processes. Exit code 1: over budget.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { best, formatVerdicts, least, type ProcessResult, unsteadiness } from "./verdict.js";

const MEASURE = fileURLToPath(new URL("measure.js", import.meta.url));
const MOST_PROCESSES = 3;
/** A machine whose baseline moves by more than that is too busy for exact numbers. */
const STEADY = 0.15;

function measureInProcess(words: readonly string[]): ProcessResult {
  const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
  return JSON.parse(execFileSync(process.execPath, [MEASURE, ...words], { encoding: "utf8", stdio })) as ProcessResult;
}

function run(words: readonly string[]): boolean {
  const results = [measureInProcess(words)];
  if (results[0].verdicts.length === 0) {
    console.error(`no benchmark has ${words.join(" or ")} in its name`);
    return false;
  }
  while (results.length < MOST_PROCESSES && best(results).some(({ isOver }) => isOver)) {
    results.push(measureInProcess(words));
  }
  const verdicts = best(results);
  process.stdout.write(formatVerdicts(verdicts));
  const baselines = results.flatMap((result) => result.baselines);
  const spread = unsteadiness(baselines);
  console.log(`baseline: ${least(baselines).toFixed(2)} ns a step, at times ${(spread * 100).toFixed(0)} % more`);
  if (spread > STEADY) console.log("the machine was busy with something else: times may be too high");
  const failed = verdicts.filter(({ isOver }) => isOver).length;
  console.log(failed === 0 ? "all within budget" : `${failed} over budget in each of ${MOST_PROCESSES} processes`);
  return failed === 0;
}

if (!run(process.argv.slice(2))) process.exitCode = 1;
