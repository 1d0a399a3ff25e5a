// npm run bench: Starling against other BGP speakers on this machine, as Markdown. README.md tells how to read it.

import { appendFileSync } from "node:fs";
import { Adapter, adapterNames } from "./adapters.js";
import { describeMachine } from "./machine.js";
import { Measurement } from "./measurement.js";
import { HELP, type Options, readCommand, UsageError } from "./options.js";
import { reasonAgainst, runRounds } from "./rounds.js";
import type { RunResult } from "./run-result.js";
import type { Scenario } from "./scenario.js";
import { formatNumber, scenarioSection, summary } from "./tables.js";
import { compilePrograms, whatIsMissing } from "./toolchain.js";
import { OURS } from "./verdict.js";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Progress is not part of the tables. */
function say(words: string): void {
  process.stderr.write(`# ${words}\n`);
}

/** Ours and the peers that are here. A peer that was asked for by name and is not here is an error. */
function findAdapters(options: Options): readonly Adapter[] {
  const names = options.peers === undefined ? adapterNames() : [OURS, ...options.peers];
  return [...new Set(names)].flatMap((name) => {
    const found = Adapter.find(name);
    if (found instanceof Adapter) return [found];
    if (options.peers !== undefined || name === OURS) throw new UsageError(`${name}: ${found}`);
    say(`${name} is left out: ${found}`);
    return [];
  });
}

function describeRun({ dut, scenario, round, ok, error, numbers, noisy, probe }: RunResult, isKept: boolean): string {
  const words = [`${dut} ${scenario} ${probe === undefined ? `round ${round + 1}` : "probed"}:`];
  if (!ok) words.push(`FAILED: ${error ?? "unknown"}`);
  const number = (name: string, label: string): string =>
    numbers[name] === undefined ? "" : `${label} ${formatNumber(numbers[name])}`;
  words.push(number("wall_s", "wall s"), number("dut_cpu_s", "CPU s"), number("peak_rss_mb", "RSS MB"));
  if (noisy) words.push(`disturbed (other work ${formatNumber(numbers["other_cpu_s"] ?? 0)} CPU s)`);
  if (!isKept) words.push("again");
  return words.filter(Boolean).join(" ");
}

async function runScenario(
  scenario: Scenario,
  adapters: readonly Adapter[],
  options: Options,
  measurement: Measurement,
): Promise<readonly RunResult[]> {
  const plan = {
    scenario,
    adapters,
    rounds: options.rounds ?? scenario.rounds,
    isAllEqual: options.peers !== undefined,
    withProbe: options.withProbe,
    noiseRetries: options.noiseRetries,
    seed: options.seed,
  };
  for (const adapter of adapters) {
    const reason = reasonAgainst(adapter, plan);
    if (reason !== undefined) say(`${adapter.name} does not take part in ${scenario.name}: ${reason}`);
  }
  return runRounds(
    plan,
    (order) => measurement.run(order),
    (result, isKept) => {
      say(describeRun(result, isKept));
      if (isKept && options.jsonFile !== undefined) appendFileSync(options.jsonFile, `${JSON.stringify(result)}\n`);
    },
  );
}

async function runAll(options: Options): Promise<boolean> {
  const missing = whatIsMissing();
  if (missing !== undefined) throw new UsageError(missing);
  const adapters = findAdapters(options);
  const measurement = new Measurement(compilePrograms());
  // The run that is under way is cleaned up when the process exits.
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  console.log(`${describeMachine(adapters)}\n`);
  const runs: RunResult[] = [];
  for (const scenario of options.scenarios) {
    runs.push(...(await runScenario(scenario, adapters, options, measurement)));
    console.log(scenarioSection(scenario, runs, !options.isQuick));
  }
  if (!options.isQuick) console.log(summary(options.scenarios, runs));
  // A peer that fails is a result; ours must not.
  return runs.every(({ dut, ok }) => ok || dut !== OURS);
}

async function main(): Promise<number> {
  try {
    const command = readCommand(process.argv.slice(2));
    if (command.kind === "help") {
      console.log(HELP);
      return 0;
    }
    return (await runAll(command.options)) ? 0 : EXIT_FAILED;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`bench: ${error.message}\nnpm run bench -- --help tells the options.`);
    return EXIT_USAGE;
  }
}

process.exitCode = await main();
