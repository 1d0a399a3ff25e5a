// Pings between pods: a matrix of single pings, and pings that go on while something is done to a daemon.

import type { FamilyName } from "../../base/family.js";
import type { Lab, LabProcess } from "./lab.js";
import type { PodPlan } from "./topology.js";

/** One attempt waits this long; a lost first packet (ARP, neighbour discovery) is not sent again. */
const WAIT_SECONDS = 2;
const INTERVAL_MS = 50;

export interface PingResult {
  readonly from: string;
  readonly to: string;
  /** Undefined: no reply. */
  readonly milliseconds: number | undefined;
}

/** One ping from each pod to each other one, all at the same time. */
export async function pingMatrix(
  lab: Lab,
  pods: readonly PodPlan[],
  family: FamilyName,
): Promise<readonly PingResult[]> {
  const pairs = pods.flatMap((from) => pods.filter((to) => to !== from).map((to) => ({ from, to })));
  return Promise.all(
    pairs.map(async ({ from, to }) => {
      const command = ["ping", "-n", "-c", "1", "-W", String(WAIT_SECONDS), to.addresses[family] ?? ""];
      const { stdout } = await lab.exec(from.name, command);
      const time = /time=([\d.]+) ms/.exec(stdout)?.[1];
      return { from: from.name, to: to.name, milliseconds: time === undefined ? undefined : Number(time) };
    }),
  );
}

/** The matrix as rows of a table: a row per sender, a column per receiver. */
export function matrixRows(pods: readonly PodPlan[], results: readonly PingResult[]): readonly (readonly string[])[] {
  const cell = (from: PodPlan, to: PodPlan): string => {
    if (from === to) return "·";
    const result = results.find((candidate) => candidate.from === from.name && candidate.to === to.name);
    return result?.milliseconds === undefined ? "lost" : `${result.milliseconds.toFixed(2)} ms`;
  };
  return [
    ["from \\ to", ...pods.map((pod) => pod.name)],
    ...pods.map((from) => [from.name, ...pods.map((to) => cell(from, to))]),
  ];
}

export interface PingCount {
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
}

/** A ping that goes on, 20 times a second, and counts. */
export class ContinuousPing {
  readonly name: string;
  readonly #process: LabProcess;
  #received = 0;
  #lastSequence = 0;

  constructor(lab: Lab, from: PodPlan, to: PodPlan, family: FamilyName) {
    this.name = `${from.name} → ${to.name}`;
    const command = ["ping", "-n", "-i", String(INTERVAL_MS / 1000), to.addresses[family] ?? ""];
    this.#process = lab.spawn(from.name, command);
    this.#process.onLine((line) => {
      const sequence = /icmp_seq=(\d+) .*time=/.exec(line)?.[1];
      if (sequence === undefined) return;
      this.#received++;
      this.#lastSequence = Math.max(this.#lastSequence, Number(sequence));
    });
  }

  /** Replies so far. */
  get received(): number {
    return this.#received;
  }

  /** Ends it and counts. */
  async stop(): Promise<PingCount> {
    await this.#process.end("SIGINT");
    return countPings(this.#process.output, this.#lastSequence);
  }
}

/** Reads the closing lines of `ping`. `lastSequence`: the highest number a reply came for. */
export function countPings(output: string, lastSequence: number): PingCount {
  const numbers = /(\d+) packets transmitted, (\d+) (?:packets )?received/.exec(output);
  const sent = Number(numbers?.[1] ?? 0);
  const received = Number(numbers?.[2] ?? 0);
  // The one that was on its way when we stopped is neither lost nor received.
  const outstanding = sent === lastSequence + 1 ? 1 : 0;
  return { sent: sent - outstanding, received, lost: Math.max(0, sent - received - outstanding) };
}
