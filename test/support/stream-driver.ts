// Drives a stream-agent: a process with recording clients, in a network namespace or on the loopback network.

import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

const AGENT = fileURLToPath(new URL("./stream-agent.js", import.meta.url));

export interface AgentClient {
  readonly address: string;
  readonly as: number;
  readonly holdTimeSeconds: number;
  /** RFC 4724; absent: no graceful restart. */
  readonly restartTimeSeconds?: number;
  /** Addresses of those it has sessions with. */
  readonly speakers: readonly string[];
  /** It stops reading as soon as a session is up. */
  readonly isDeaf?: boolean;
}

export interface SessionReport {
  readonly client: string;
  readonly speaker: string;
  readonly isEstablished: boolean;
  readonly hasStale: boolean;
  readonly transitions: number;
  readonly notification: string | null;
  readonly told: number;
  /** Prefixes announced since the counts were reset, and how often the one that came most often. */
  readonly announced: number;
  readonly mostAnnounced: number;
  readonly withdrawn: readonly string[];
  readonly updates: number;
  /** Withdrawals of what the client did not have. */
  readonly idle: number;
}

export interface AgentState {
  readonly whyNotExact: string | null;
  readonly faults: readonly string[];
  readonly looks: number;
  readonly sessions: readonly SessionReport[];
}

/** Starts a program with words; a Namespace does it as `namespace.spawn`. */
export type Spawn = (command: readonly string[]) => ChildProcessWithoutNullStreams;

export class StreamDriver {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string, undefined>;
  #errors = "";

  private constructor(child: ChildProcessWithoutNullStreams, lines: Interface) {
    this.#child = child;
    this.#lines = lines[Symbol.asyncIterator]();
    child.stderr.on("data", (chunk: Buffer) => (this.#errors += chunk.toString()));
  }

  static async start(spawn: Spawn): Promise<StreamDriver> {
    const child = spawn(["env", "-u", "NODE_OPTIONS", process.execPath, "--enable-source-maps", AGENT]);
    const driver = new StreamDriver(child, createInterface({ input: child.stdout }));
    await driver.#answer();
    return driver;
  }

  open(
    clients: readonly AgentClient[],
    port: number,
    clusters: Readonly<Record<string, string>> = {},
    isWatched = true,
  ): Promise<unknown> {
    return this.ask("open", clients, port, clusters, isWatched);
  }

  state(): Promise<AgentState> {
    return this.ask("state") as Promise<AgentState>;
  }

  /** One command of the agent, and what it gives. */
  async ask(...words: readonly unknown[]): Promise<unknown> {
    this.#child.stdin.write(`${JSON.stringify(words)}\n`);
    return this.#answer();
  }

  /** Ends the process; its sockets close. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await gone;
  }

  async #answer(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the agent has ended:\n${this.#errors}`);
    return JSON.parse(value) as unknown;
  }
}
