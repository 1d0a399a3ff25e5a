// The report of a soak, in Markdown: what ran, what happened, whether every view was right, whether memory stood still.

import { arch, cpus, release, totalmem } from "node:os";
import type { CheckpointResult } from "./checkpoint.js";
import type { MemoryReading } from "./daemon-under-soak.js";
import { fitTrend, isRising, lastTwoThirds, type Sample, type Trend } from "./linear-trend.js";

/** Memory may gain so much of itself in half an hour. */
export const MOST_GROWTH = 0.05;
/** A shorter run says nothing about a trend: the process is still finding its size. */
const LEAST_JUDGED_MINUTES = 15;

export interface MemorySample extends MemoryReading {
  readonly seconds: number;
}

export interface SoakResult {
  readonly seed: number;
  readonly minutes: number;
  readonly peers: number;
  readonly eventsPerSecond: number;
  readonly version: string;
  readonly ranSeconds: number;
  readonly cpuSeconds: number;
  readonly events: { readonly announced: number; readonly replaced: number; readonly withdrawn: number };
  readonly updates: number;
  readonly tables: number;
  readonly heard: number;
  readonly disturbances: ReadonlyMap<string, number>;
  /** Sessions that the daemon ended because a peer was silent or deaf. */
  readonly cutOff: number;
  readonly checkpoints: readonly CheckpointResult[];
  readonly memory: readonly MemorySample[];
  /** When everybody had left. */
  readonly memoryAtEnd: MemoryReading | undefined;
  /** Longest time for which the load generator itself stood still. */
  readonly longestLagMs: number;
  readonly failures: readonly string[];
}

export interface Report {
  readonly text: string;
  readonly isGood: boolean;
}

export function soakReport(result: SoakResult): Report {
  const samples = (read: (sample: MemorySample) => number): readonly Sample[] =>
    lastTwoThirds(result.memory.map((sample) => ({ seconds: sample.seconds, value: read(sample) })));
  const rss = trendOf(samples((sample) => sample.rss));
  const anonymous = trendOf(samples((sample) => sample.anonymous));
  const isJudged = result.minutes >= LEAST_JUDGED_MINUTES;
  const failures = [...result.failures];
  if (isJudged && (rss === undefined || isRising(rss, MOST_GROWTH))) {
    failures.push(rss === undefined ? "no memory was measured" : `memory rises: ${slopeText(rss)}`);
  }
  const sections = [
    `# Soak\n\n${intro(result)}`,
    `## What happened\n\n${happenings(result)}`,
    `## What every peer was told\n\n${views(result)}`,
    `## Memory of the daemon\n\n${memoryText(result, rss, anonymous, isJudged)}`,
    `## Verdict\n\n${verdictText(failures)}`,
  ];
  return { text: `${sections.join("\n\n")}\n`, isGood: failures.length === 0 };
}

function trendOf(samples: readonly Sample[]): Trend | undefined {
  return samples.length < 10 ? undefined : fitTrend(samples);
}

function intro({ minutes, seed, peers, eventsPerSecond, version }: SoakResult): string {
  return `Written by \`npm run soak -- --minutes ${minutes} --seed ${seed} --report FILE\` (\`test/soak\`). Peers made of nothing but sockets keep sessions with
the built daemon and announce, replace and withdraw without end, while connections break in every way. About once a minute
everybody pauses, and what each peer was told last of every prefix, with its next hop, is compared with a model that knows what
all the others announce; so are the daemon's own counts. Memory is read every second.

| | |
| --- | --- |
| Length | ${minutes} minutes |
| Peers | ${peers}: clients, clients with ADD-PATH, clients behind a policy, non-clients, external ones; IPv4 and IPv6 |
| Changes wanted | ${number(eventsPerSecond)} prefixes a second |
| Daemon | Starling ${version}, Node ${process.versions.node}, all defaults but hold times |
| Machine | ${cpus().length} cores (${arch()}, ${cpus()[0]?.model.trim() ?? "unknown"}), ${(totalmem() / 2 ** 30).toFixed(0)} GB, Linux ${release().split("-")[0]}; the peers ran on it too |`;
}

function happenings(result: SoakResult): string {
  const { announced, replaced, withdrawn } = result.events;
  const total = announced + replaced + withdrawn;
  const rows: readonly (readonly [string, string])[] = [
    ["prefixes announced / replaced / withdrawn", `${number(announced)} / ${number(replaced)} / ${number(withdrawn)}`],
    ["in UPDATEs", `${number(result.updates)}, ${number(total / result.ranSeconds)} prefixes a second`],
    ["prefixes heard by all peers", `${number(result.heard)}, ${number(result.heard / result.ranSeconds)} a second`],
    ["sessions that came up", number(result.tables)],
    ["sessions that the daemon ended because of a silent or deaf peer", number(result.cutOff)],
    ...[...result.disturbances].sort().map(([what, count]) => [what, number(count)] as const),
    ["longest standstill of the peers' own process", `${result.longestLagMs.toFixed(0)} ms`],
    ["processor time of the daemon", `${result.cpuSeconds.toFixed(0)} s of ${result.ranSeconds.toFixed(0)} s`],
  ];
  return `| | |\n| --- | --: |\n${rows.map(([what, count]) => `| ${what} | ${count} |`).join("\n")}`;
}

function views({ checkpoints }: SoakResult): string {
  if (checkpoints.length === 0) return "No comparison took place.";
  const settled = checkpoints.map(({ settledMs }) => settledMs).sort((a, b) => a - b);
  const compared = checkpoints.reduce((sum, point) => sum + point.compared, 0);
  const last = checkpoints[checkpoints.length - 1];
  return `${checkpoints.length} comparisons, ${number(compared)} entries, all right; the last with ${last.sessions} sessions and ${number(last.prefixes)} prefixes. From the
end of the churn (with dead peers still to come back and slow ones still to read) until all agreed: ${seconds(settled[settled.length >> 1])} in the middle,
${seconds(settled[settled.length - 1])} at most.`;
}

function memoryText(
  result: SoakResult,
  rss: Trend | undefined,
  anonymous: Trend | undefined,
  isJudged: boolean,
): string {
  if (rss === undefined || anonymous === undefined) return "Too few samples.";
  const row = (name: string, read: (sample: MemorySample) => number, trend: Trend): string => {
    const values = lastTwoThirds(result.memory.map((sample) => ({ seconds: sample.seconds, value: read(sample) })));
    const least = Math.min(...values.map(({ value }) => value));
    const most = Math.max(...values.map(({ value }) => value));
    const first = read(result.memory[0]);
    return `| ${name} | ${[first, least, trend.mean, most].map((value) => value.toFixed(1)).join(" | ")} | ${slopeText(trend)} |`;
  };
  const end = result.memoryAtEnd;
  const lines = [
    "Megabytes; all but the first over the last two thirds of the run.",
    "",
    "| | at first | least | mean | most | slope, and where it lies with 95 % |",
    "| --- | --: | --: | --: | --: | --- |",
    row("RSS", (sample) => sample.rss, rss),
    row("anonymous", (sample) => sample.anonymous, anonymous),
    "",
    `RSS by tenths of the run: ${tenths(result.memory).join(", ")}.`,
  ];
  if (end !== undefined) {
    lines.push(`When everybody had left: ${end.rss.toFixed(1)}, anonymous ${end.anonymous.toFixed(1)}.`);
  }
  if (!isJudged) lines.push(`A run of less than ${LEAST_JUDGED_MINUTES} minutes is too short to judge the slope.`);
  return lines.join("\n");
}

function tenths(memory: readonly MemorySample[]): readonly string[] {
  const size = Math.max(1, Math.ceil(memory.length / 10));
  const means: string[] = [];
  for (let at = 0; at < memory.length; at += size) {
    const part = memory.slice(at, at + size);
    means.push((part.reduce((sum, { rss }) => sum + rss, 0) / part.length).toFixed(1));
  }
  return means;
}

function slopeText({ slopePerHour, marginPerHour, mean }: Trend): string {
  const halfHour = (slopePerHour / 2 / mean) * 100;
  return `${slopePerHour.toFixed(1)} ± ${marginPerHour.toFixed(1)} MB an hour (${halfHour.toFixed(1)} % in half an hour; ${MOST_GROWTH * 100} % are allowed)`;
}

function verdictText(failures: readonly string[]): string {
  if (failures.length === 0) return "**Passed.** No stale route, no missed withdrawal, nothing lost, no session lost.";
  return `**Failed.**\n\n${failures.map((failure) => `- ${failure.split("\n").join("\n  ")}`).join("\n")}`;
}

function number(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
