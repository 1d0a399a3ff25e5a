// One process of `npm run bench:micro`: measures the benchmarks named on the command line (all, without a word) and prints
// what it saw as one line of JSON, a ProcessResult.
//
// Rounds of measurements go over all functions, the baseline before and after each round; the least counts. What is
// over its budget then gets more rounds of its own: a busy machine must not decide.

import { Bench } from "tinybench";
import { baselineLoop } from "./baseline.js";
import { type Benchmark, type Measured } from "./benchmark.js";
import { BENCHMARKS } from "./benchmarks.js";
import { judge, least, type ProcessResult, type Verdict } from "./verdict.js";

const ROUNDS = 3;
const MORE_ROUNDS = 3;
const MEASURE_MS = 80;
const WARM_UP_MS = 40;

/** Nanoseconds per call: the fastest tenth of what tinybench sees within MEASURE_MS. The median would tell more of what else
 *  runs on the machine: another process on the same core slows a cache down, but not at every moment. */
function measure({ operations, run, restore }: Measured): number {
  const bench = new Bench({ time: MEASURE_MS, warmupTime: WARM_UP_MS, throws: true, retainSamples: true });
  bench.add("", run, { async: false, ...(restore === undefined ? {} : { afterEach: restore }) });
  bench.runSync();
  const [{ result }] = bench.tasks;
  if (result.state !== "completed") throw new Error(`the measurement is ${result.state}`);
  const { samples } = result.latency;
  if (samples === undefined) throw new Error("tinybench has kept no samples");
  return (samples[Math.floor(samples.length / 10)] * 1e6) / operations;
}

class Candidate {
  readonly #benchmark: Benchmark;
  readonly #measured: Measured;
  readonly #times: number[] = [];

  constructor(benchmark: Benchmark) {
    this.#benchmark = benchmark;
    this.#measured = benchmark.prepare();
  }

  measure(): void {
    this.#times.push(measure(this.#measured));
  }

  judge(baseline: number): Verdict {
    const { name, budget } = this.#benchmark;
    return judge({ name, budget, nanosecondsPerCall: least(this.#times) }, baseline);
  }
}

function measureAll(benchmarks: readonly Benchmark[]): ProcessResult {
  const loop = baselineLoop();
  const candidates = benchmarks.map((benchmark) => new Candidate(benchmark));
  const baselines = [measure(loop)];
  const round = (some: readonly Candidate[]): void => {
    for (const candidate of some) candidate.measure();
    baselines.push(measure(loop));
  };
  for (let i = 0; i < ROUNDS; i++) round(candidates);
  const over = (): Candidate[] => candidates.filter((candidate) => candidate.judge(least(baselines)).isOver);
  for (let i = 0; i < MORE_ROUNDS && over().length > 0; i++) round(over());
  return { baselines, verdicts: candidates.map((candidate) => candidate.judge(least(baselines))) };
}

const words = process.argv.slice(2);
const chosen = BENCHMARKS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
console.log(JSON.stringify(measureAll(chosen)));
