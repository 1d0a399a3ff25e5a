// One run of one speaker in one scenario, as it is kept, saved and compared.

import type { Load, Metric } from "./scenario.js";

/** Delays of answers in one run, in milliseconds. */
export interface Delays {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What the probe saw during the measured phase. */
export interface ProbeResult {
  readonly daemon: Delays;
  /** The same questions put to a process that only echoes: what scheduling costs. */
  readonly echo: Delays;
  /** How often the daemon closed the connection of the probe. */
  readonly lostConnections: number;
  /** What the daemon says of its own event loop, where it does. */
  readonly eventLoopDelay?: Readonly<Record<string, unknown>>;
}

export interface RunResult {
  readonly dut: string;
  readonly version: string;
  readonly scenario: string;
  readonly load: Load;
  /** Runs of the same round are pairs. */
  readonly round: number;
  /** Every view was the model's and nothing was lost or malformed. */
  readonly ok: boolean;
  /** Why not. */
  readonly error?: string;
  /** Something else used the processors meanwhile. */
  readonly noisy: boolean;
  /** It was asked all the time, so its times are not compared with others'. */
  readonly probe?: ProbeResult;
  /** Everything that the generator reported. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** A number of a run, undefined where it has none. */
export function metricOf(run: RunResult, metric: Metric): number | undefined {
  switch (metric) {
    case "answer_p50_ms":
      return run.probe?.daemon.p50Ms;
    case "answer_p99_ms":
      return run.probe?.daemon.p99Ms;
    case "answer_max_ms":
      return run.probe?.daemon.maxMs;
    default:
      return run.numbers[metric];
  }
}

/** Other work and a busy hypervisor may take this share of the wall time, and this much more (clocks are coarse). */
const QUIET_SHARE = 0.15;
const QUIET_SECONDS = 0.04;

/** True if other work disturbed a run. */
export function isNoisy(numbers: Readonly<Record<string, number>>): boolean {
  const { other_cpu_s: other = 0, steal_s: stolen = 0, wall_s: wall = 0 } = numbers;
  return other + stolen > QUIET_SHARE * wall + QUIET_SECONDS;
}
