// The results as Markdown.

import type { RunResult } from "./run-result.js";
import { type Limit, type Metric, METRICS, type Scenario, SHOWN, type Target } from "./scenario.js";
import type { Spread } from "./statistics.js";
import { RESPONSIVENESS } from "./targets.js";
import { judge, OURS, ratios, valuesOf, type Verdict } from "./verdict.js";

const HEADER = [
  "| metric | against | ratio | min–max | pairs | ours | theirs | target | |",
  "|---|---|--:|--:|--:|--:|--:|--:|---|",
];

/** A number with about three significant digits. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (size >= 1e4) return `${(value / 1e3).toFixed(1)} k`;
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(size < 1 ? 3 : 2);
}

function withUnit(value: number, metric: Metric): string {
  const { unit } = METRICS[metric];
  return unit === "/s" || unit === "%" ? `${formatNumber(value)}${unit}` : `${formatNumber(value)} ${unit}`;
}

function absolute(measured: Spread | undefined, metric: Metric): string {
  return measured === undefined ? "–" : withUnit(measured.median, metric);
}

function formatLimit(limit: Limit, format: (value: number) => string): string {
  return limit.most === undefined ? `≥ ${format(limit.least)}` : `≤ ${format(limit.most)}`;
}

/** `met`, `**missed by 12 %**`, `not measured`. */
export function formatVerdict(verdict: Verdict): string {
  if (verdict.state !== "missed") return verdict.state;
  const { excess } = verdict;
  if (excess === Infinity) return "**missed**";
  return excess < 1
    ? `**missed by ${Math.max(1, Math.round(excess * 100))} %**`
    : `**missed by a factor of ${(excess + 1).toFixed(1)}**`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function spreadCells(measured: Spread | undefined, format: (value: number) => string): readonly string[] {
  if (measured === undefined) return ["–", "–", "0"];
  const { median, least, most, count } = measured;
  return [format(median), count === 1 ? "–" : `${format(least)}–${format(most)}`, String(count)];
}

const asRatio = (value: number): string => value.toFixed(value < 0.1 ? 3 : 2);

class ScenarioTable {
  readonly #scenario: Scenario;
  readonly #runs: readonly RunResult[];
  readonly #isJudged: boolean;

  constructor(scenario: Scenario, runs: readonly RunResult[], isJudged: boolean) {
    this.#scenario = scenario;
    this.#runs = runs;
    this.#isJudged = isJudged;
  }

  lines(): readonly string[] {
    const peers = this.#peers();
    const shown = [...SHOWN[this.#scenario.load.kind]];
    for (const { metric, kind } of this.#scenario.targets) {
      if (kind === "ratio" && !shown.includes(metric)) shown.push(metric);
    }
    const isTiming = this.#scenario.probesAll !== true;
    return [
      ...HEADER,
      ...(isTiming ? shown.flatMap((metric) => this.#metricRows(metric, peers)) : []),
      ...this.#ownTargets(),
    ];
  }

  /** Speakers other than ours that ran here; a target's imaginary `best` comes last. */
  #peers(): readonly string[] {
    const ran = this.#runs.filter(({ scenario }) => scenario === this.#scenario.name).map(({ dut }) => dut);
    const best = this.#scenario.targets.some((target) => target.kind === "ratio" && target.peer === "best");
    return [...new Set(ran.filter((dut) => dut !== OURS)), ...(best ? ["best"] : [])];
  }

  #metricRows(metric: Metric, peers: readonly string[]): readonly string[] {
    const ours = valuesOf(this.#runs, this.#scenario.name, OURS, metric);
    if (peers.length === 0)
      return ours === undefined ? [] : [row([METRICS[metric].words, ...ownCells(ours, metric), "", ""])];
    return peers.flatMap((peer) => {
      const target = this.#scenario.targets.find(
        (each) => each.kind === "ratio" && each.metric === metric && each.peer === peer,
      );
      if (peer === "best" && target === undefined) return [];
      const theirs = valuesOf(this.#runs, this.#scenario.name, peer, metric);
      const measured = ratios(this.#runs, this.#scenario, metric, peer, target?.limit ?? { most: 0 });
      if (target === undefined && theirs === undefined) return [];
      const cells = [...spreadCells(measured, asRatio), absolute(ours, metric), absolute(theirs, metric)];
      return [row([METRICS[metric].words, peer, ...cells, ...this.#verdictCells(target, asRatio)])];
    });
  }

  /** Rows of the targets that are about our own numbers. */
  #ownTargets(): readonly string[] {
    const answers = this.#scenario.probesAll === true ? [] : RESPONSIVENESS;
    const hasAnswers = valuesOf(this.#runs, this.#scenario.name, OURS, "answer_p99_ms") !== undefined;
    const targets = [...this.#scenario.targets, ...(hasAnswers ? answers : [])];
    return targets.flatMap((target) => {
      if (target.kind === "ratio") return [];
      const ours = valuesOf(this.#runs, this.#scenario.name, OURS, target.metric);
      if (target.kind === "value") {
        const format = (value: number): string => withUnit(value, target.metric);
        return [
          row([METRICS[target.metric].words, ...ownCells(ours, target.metric), ...this.#verdictCells(target, format)]),
        ];
      }
      const there = valuesOf(this.#runs, target.from, OURS, target.metric);
      const verdict = judge(target, this.#scenario, this.#runs);
      const cells = spreadCells(verdict.state === "not measured" ? undefined : verdict.measured, asRatio);
      const both = [absolute(ours, target.metric), absolute(there, target.metric)];
      return [
        row([METRICS[target.metric].words, target.from, ...cells, ...both, ...this.#verdictCells(target, asRatio)]),
      ];
    });
  }

  #verdictCells(target: Target | undefined, format: (value: number) => string): readonly string[] {
    if (target === undefined) return ["", ""];
    if (!this.#isJudged) return [formatLimit(target.limit, format), "not judged"];
    return [formatLimit(target.limit, format), formatVerdict(judge(target, this.#scenario, this.#runs))];
  }
}

/** Cells of a number that is not compared with a peer's. */
function ownCells(ours: Spread | undefined, metric: Metric): readonly string[] {
  const [, range, count] = spreadCells(ours, formatNumber);
  return ["–", "–", range, count, absolute(ours, metric), "–"];
}

/** Lines about runs that were not good, and about speakers that were only seen disturbed. */
function remarks(scenario: Scenario, runs: readonly RunResult[]): readonly string[] {
  const here = runs.filter((run) => run.scenario === scenario.name);
  const duts = [...new Set(here.map(({ dut }) => dut))];
  const failures = duts.flatMap((dut) => {
    const own = here.filter((run) => run.dut === dut);
    const bad = own.filter(({ ok }) => !ok);
    return bad.length === 0 ? [] : [`- **${dut}: ${bad.length} of ${own.length} runs failed**: ${bad[0].error}`];
  });
  const disturbed = duts.filter((dut) => {
    const timed = here.filter((run) => run.dut === dut && run.ok && run.probe === undefined);
    return timed.length > 0 && timed.every(({ noisy }) => noisy);
  });
  if (disturbed.length === 0) return failures;
  return [...failures, `- Other work disturbed every run of ${disturbed.join(", ")}.`];
}

/** What the probe saw of each speaker. */
function probeLines(scenario: Scenario, runs: readonly RunResult[]): readonly string[] {
  return runs
    .filter((run) => run.scenario === scenario.name)
    .flatMap(({ dut, probe }) => {
      if (probe === undefined) return [];
      const { daemon, echo, lostConnections, eventLoopDelay } = probe;
      const words = (name: string, { p50Ms, p99Ms, maxMs }: typeof daemon): string =>
        `${name} ${formatNumber(p50Ms)} / ${formatNumber(p99Ms)} / ${formatNumber(maxMs)} ms`;
      const own = eventLoopDelay === undefined ? "" : `; its event loop says ${JSON.stringify(eventLoopDelay)}`;
      const lost = lostConnections === 0 ? "" : `; **it closed the connection ${lostConnections} times**`;
      const answered = words(`${dut} answered ${daemon.count} questions: p50 / p99 / max`, daemon);
      return [`- ${answered}; ${words("the echo", echo)}${own}${lost}`];
    });
}

/** One section: what was measured, the ratios with their targets, remarks. `isJudged` false: the loads were smaller
 *  than the targets mean. */
export function scenarioSection(scenario: Scenario, runs: readonly RunResult[], isJudged: boolean): string {
  const table = new ScenarioTable(scenario, runs, isJudged).lines();
  const notes = [...probeLines(scenario, runs), ...remarks(scenario, runs)];
  return [
    `### ${scenario.name}: ${scenario.title}`,
    "",
    ...table,
    ...(notes.length > 0 ? ["", ...notes] : []),
    "",
  ].join("\n");
}

/** One line that counts targets, and names the missed ones. */
export function summary(scenarios: readonly Scenario[], runs: readonly RunResult[]): string {
  const judged = scenarios.flatMap((scenario) =>
    scenario.targets.map((target) => ({ scenario, target, verdict: judge(target, scenario, runs) })),
  );
  const count = (state: Verdict["state"]): number => judged.filter(({ verdict }) => verdict.state === state).length;
  const missed = judged.flatMap(({ scenario, target, verdict }) => {
    const against = target.kind === "ratio" ? ` against ${target.peer}` : "";
    const name = `${scenario.name}, ${METRICS[target.metric].words}${against}`;
    return verdict.state === "missed" ? [`- ${name}: ${formatVerdict(verdict)}`] : [];
  });
  const counts = `Targets: ${count("met")} met, ${count("missed")} missed, ${count("not measured")} not measured`;
  return [counts, ...missed].join("\n");
}
