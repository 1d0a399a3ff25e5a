// Asks a speaker's control socket all the time while it is measured (probe.c), and once how its event loop is doing.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection } from "node:net";
import type { ProbeWords } from "./adapters.js";
import type { Delays, ProbeResult } from "./run-result.js";
import { percentile } from "./statistics.js";

const NS_PER_MS = 1e6;
const ANSWER_MS = 5000;

/** Of the monotonic clock, in nanoseconds. */
export interface Window {
  readonly startNs: number;
  readonly endNs: number;
}

interface Sample {
  readonly sentNs: number;
  readonly delayMs: number;
}

/** Samples of one kind in the program's output. */
function readSamples(output: string, kind: "daemon" | "echo"): readonly Sample[] {
  return output.split("\n").flatMap((line) => {
    const words = line.split(" ");
    return words[0] === kind ? [{ sentNs: Number(words[1]), delayMs: Number(words[2]) / NS_PER_MS }] : [];
  });
}

/** Undefined where nothing was asked in the window. */
export function summarize(samples: readonly Sample[], window: Window): Delays | undefined {
  const delays = samples
    .filter(({ sentNs }) => sentNs >= window.startNs && sentNs <= window.endNs)
    .map(({ delayMs }) => delayMs);
  const [p50Ms, p99Ms, maxMs] = [percentile(delays, 0.5), percentile(delays, 0.99), percentile(delays, 1)];
  if (p50Ms === undefined || p99Ms === undefined || maxMs === undefined) return undefined;
  return { count: delays.length, p50Ms, p99Ms, maxMs };
}

/** Both kinds of samples in the program's output; undefined where nothing was asked in the window. */
export function readProbe(output: string, window: Window): Omit<ProbeResult, "eventLoopDelay"> | undefined {
  const daemon = summarize(readSamples(output, "daemon"), window);
  const echo = summarize(readSamples(output, "echo"), window);
  const lostConnections = Number(/^lost (\d+)$/m.exec(output)?.[1] ?? 0);
  return daemon === undefined || echo === undefined ? undefined : { daemon, echo, lostConnections };
}

export class Probe {
  readonly #words: ProbeWords;
  readonly #process: ChildProcess;
  #output = "";

  constructor(program: string, words: ProbeWords) {
    this.#words = words;
    this.#process = spawn(program, [words.socket, words.kind, words.question], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
    });
  }

  /** Ends it; gives what it saw in the window, undefined where nothing was asked then. */
  async finish(window: Window): Promise<ProbeResult | undefined> {
    const eventLoopDelay = this.#words.kind === "line" ? await askEventLoopDelay(this.#words) : undefined;
    await this.#end();
    const seen = readProbe(this.#output, window);
    return seen === undefined || eventLoopDelay === undefined ? seen : { ...seen, eventLoopDelay };
  }

  /** Ends it at once, for whoever cannot wait. */
  kill(): void {
    this.#process.kill("SIGKILL");
  }

  async #end(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const closed = once(this.#process, "close");
    this.#process.kill("SIGTERM");
    await closed;
  }
}

/** One answer of a daemon that speaks JSON lines: `eventLoopDelay` of its status, if it has that. */
function askEventLoopDelay(words: ProbeWords): Promise<Readonly<Record<string, unknown>> | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(words.socket);
    let text = "";
    const finish = (): void => {
      socket.destroy();
      resolve(readEventLoopDelay(text));
    };
    socket.setEncoding("utf8").setTimeout(ANSWER_MS, finish);
    socket.on("error", finish);
    socket.on("end", finish);
    socket.on("data", (more: string) => {
      text += more;
      if (text.includes("\n")) finish();
    });
    socket.write(`${words.question}\n`);
  });
}

/** `eventLoopDelay` in the result of an answer line. */
export function readEventLoopDelay(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const { result } = JSON.parse(line) as { result?: { eventLoopDelay?: unknown } };
    const delay = result?.eventLoopDelay;
    return typeof delay === "object" && delay !== null ? (delay as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined; // no answer, or none in JSON: then it does not say
  }
}
