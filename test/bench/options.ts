// The command line of the benchmark.

import { parseArgs } from "node:util";
import type { Load, Scenario } from "./scenario.js";
import { SCENARIOS } from "./targets.js";

export interface Options {
  readonly scenarios: readonly Scenario[];
  /** Peers by name or path of their adapter; undefined: whoever is here. */
  readonly peers: readonly string[] | undefined;
  readonly rounds: number | undefined;
  readonly isQuick: boolean;
  readonly withProbe: boolean;
  readonly jsonFile: string | undefined;
  readonly noiseRetries: number;
  readonly seed: number;
}

/** What the command line asks for: a benchmark, or the help. */
export type Command = { readonly kind: "help" } | { readonly kind: "run"; readonly options: Options };

/** The command line makes no sense; the message is for the user. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const HELP = `npm run bench -- [options] [scenario …]

Measures Starling against other BGP speakers on this machine and prints tables of ratios with the targets that are met
or missed. Without names all scenarios run, which takes hours; a name may be a beginning (full-table, calico).

  --vs A,B        peers (bird2, frr, openbgpd, gobgpd, bird1, floor, or the path of an adapter); default: all that
                  are installed. Named peers run in every round.
  --rounds N      rounds, in which the speakers take turns; default: what the scenario says (mostly 5)
  --quick         one round, smaller tables, no 500 clients and more; targets are not judged
  --json FILE     append every run as a line of JSON
  --no-probe      no extra run in which the control socket is asked every 10 ms
  --noise-retries N   how often a run that other work disturbed is repeated (2)
  --seed N        of everything that is random (1)
  --help

Needs Linux, root, ip (iproute2) and a C compiler. Scenarios:
${SCENARIOS.map(({ name, title }) => `  ${name.padEnd(24)}${title}`).join("\n")}
`;

/** The scenario with the smaller load of a quick run, undefined where it has no place there. */
export function quickScenario(scenario: Scenario): Scenario | undefined {
  if (scenario.quick === "skip") return undefined;
  const load: Load = { ...scenario.load, ...scenario.quick };
  const changed = Object.entries(scenario.quick ?? {}).map(([name, value]) => `${name} ${value}`);
  const title = changed.length === 0 ? scenario.title : `${scenario.title} (quick: ${changed.join(", ")})`;
  return { ...scenario, load, title, rounds: 1 };
}

function chooseScenarios(words: readonly string[]): readonly Scenario[] {
  if (words.length === 0) return SCENARIOS;
  for (const word of words) {
    if (!SCENARIOS.some(({ name }) => name.startsWith(word))) throw new UsageError(`there is no scenario ${word}`);
  }
  // A whole name is meant alone: full-table-1m-1 is not also full-table-1m-10.
  const isMeant = (name: string, word: string): boolean =>
    SCENARIOS.some((scenario) => scenario.name === word) ? name === word : name.startsWith(word);
  return SCENARIOS.filter(({ name }) => words.some((word) => isMeant(name, word)));
}

function wholeNumber(name: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least) throw new UsageError(`--${name} is a whole number from ${least} on`);
  return value;
}

function readWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        vs: { type: "string" },
        rounds: { type: "string" },
        quick: { type: "boolean", default: false },
        json: { type: "string" },
        "no-probe": { type: "boolean", default: false },
        "noise-retries": { type: "string" },
        seed: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Reads the words behind the program's name. Throws UsageError. */
export function readCommand(words: readonly string[]): Command {
  const { values, positionals } = readWords(words);
  if (values.help) return { kind: "help" };
  const chosen = chooseScenarios(positionals);
  const scenarios = values.quick ? chosen.flatMap((scenario) => quickScenario(scenario) ?? []) : chosen;
  if (scenarios.length === 0) throw new UsageError("none of these scenarios has a quick form");
  return {
    kind: "run",
    options: {
      scenarios,
      peers: values.vs?.split(",").filter((name) => name !== ""),
      rounds: wholeNumber("rounds", values.rounds, 1),
      isQuick: values.quick,
      withProbe: !values["no-probe"],
      jsonFile: values.json,
      noiseRetries: wholeNumber("noise-retries", values["noise-retries"], 0) ?? 2,
      seed: wholeNumber("seed", values.seed, 0) ?? 1,
    },
  };
}
