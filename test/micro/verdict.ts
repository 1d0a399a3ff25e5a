// Measurements against budgets. Pure arithmetic: what the clock said comes from measure.ts.
//
// Noise of a busy machine only ever adds time, so the least of several measurements is the truth, for the baseline too.

/** One function, measured. */
export interface Measurement {
  readonly name: string;
  readonly nanosecondsPerCall: number;
  /** In steps of the baseline loop. */
  readonly budget: number;
}

export interface Verdict extends Measurement {
  /** In steps of the baseline loop. */
  readonly ratio: number;
  readonly isOver: boolean;
}

/** `baseline`: nanoseconds per step of the loop, measured beside it. Throws RangeError for times that cannot be. */
export function judge(measurement: Measurement, baseline: number): Verdict {
  const { name, nanosecondsPerCall, budget } = measurement;
  if (!(baseline > 0) || !(nanosecondsPerCall > 0)) throw new RangeError(`no time was measured for ${name}`);
  const ratio = nanosecondsPerCall / baseline;
  return { ...measurement, ratio, isOver: ratio > budget };
}

/** What one process has measured. */
export interface ProcessResult {
  /** Nanoseconds per step of the loop, measured from time to time. */
  readonly baselines: readonly number[];
  readonly verdicts: readonly Verdict[];
}

/** The best verdict on each function; all processes have measured the same ones. */
export function best(results: readonly ProcessResult[]): readonly Verdict[] {
  const [first, ...others] = results;
  return first.verdicts.map((verdict, i) =>
    others.reduce((a, { verdicts }) => (verdicts[i].ratio < a.ratio ? verdicts[i] : a), verdict),
  );
}

/** The least of all measurements of one function. */
export function least(times: readonly number[]): number {
  if (times.length === 0) throw new RangeError("nothing was measured");
  return Math.min(...times);
}

/** How much slower the slowest baseline was than the fastest: 0.2 is a fifth. The machine did something else meanwhile. */
export function unsteadiness(baselines: readonly number[]): number {
  return Math.max(...baselines) / least(baselines) - 1;
}

const HEAD = ["function", "ns/op", "ratio", "budget", ""] as const;

/** A table for people: numbers to the right, a line per function. */
export function formatVerdicts(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ name, nanosecondsPerCall, ratio, budget, isOver }) => [
    name,
    nanosecondsPerCall.toFixed(1),
    ratio.toFixed(1),
    budget.toFixed(1),
    isOver ? "OVER" : "ok",
  ]);
  const widths = HEAD.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 || column === 4 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
      )
      .join("  ")
      .trimEnd();
  return `${[HEAD, ...rows].map(line).join("\n")}\n`;
}
