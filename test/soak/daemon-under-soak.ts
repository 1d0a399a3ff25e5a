// The daemon under test: the built program with a configuration for all peers of the soak, its memory, its own counts.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SystemClock } from "../../src/base/clock.js";
import { ControlClient } from "../../src/control/client.js";
import type { PeerStatus, SpeakerStatus } from "../../src/speaker/snapshot.js";
import { DaemonProcess } from "../support/daemon-process.js";
import { eventually } from "../support/eventually.js";
import { HOLD_TIME_SECONDS, SEND_HOLD_SECONDS } from "./soak-peer.js";
import { DAEMON_ADDRESS, LOCAL_AS, type PeerPlan } from "./universe.js";

const START_MS = 45_000;
const ANSWER_MS = 20_000;
const TICKS_PER_SECOND = 100;

export interface MemoryReading {
  /** Megabytes (2²⁰ octets). */
  readonly rss: number;
  readonly anonymous: number;
}

export interface DaemonCounts {
  readonly status: SpeakerStatus;
  readonly peers: readonly PeerStatus[];
}

function configuration(peers: readonly PeerPlan[], port: number, socket: string): unknown {
  return {
    routerId: DAEMON_ADDRESS,
    as: LOCAL_AS,
    listen: [`${DAEMON_ADDRESS}:${port}`],
    kernel: { enabled: false },
    control: { socket },
    log: { level: "info" },
    policies: {
      unmarked: { rules: [{ match: { community: "65000:666" }, action: "reject" }], default: "accept" },
    },
    defaults: {
      passive: true,
      idleHoldSeconds: [0, 0],
      holdTimeSeconds: HOLD_TIME_SECONDS,
      sendHoldSeconds: SEND_HOLD_SECONDS,
    },
    peers: peers.map(peerConfiguration),
  };
}

function peerConfiguration({ kind, address, as, speaksIpv6 }: PeerPlan): unknown {
  const common = { address, as, families: speaksIpv6 ? ["ipv4", "ipv6"] : ["ipv4"] };
  switch (kind) {
    case "client":
      return { ...common, routeReflectorClient: true };
    case "addPath":
      return { ...common, routeReflectorClient: true, addPathSend: "all" };
    case "filtered":
      return { ...common, routeReflectorClient: true, exportPolicy: "unmarked" };
    case "nonClient":
      return common;
    case "external":
      return { ...common, importPolicy: "accept", exportPolicy: "accept" };
  }
}

export class DaemonUnderSoak {
  readonly #folder = mkdtempSync(join(tmpdir(), "starling-soak-"));
  readonly #process: DaemonProcess;

  /** Starts it; `program` is the path of the launcher. */
  constructor(program: string, peers: readonly PeerPlan[], port: number) {
    const file = join(this.#folder, "soak.yaml");
    writeFileSync(file, JSON.stringify(configuration(peers, port, this.#socket)));
    // The defaults of a user: nothing of the runner's environment may change how Node runs.
    const { NODE_OPTIONS: _, ...env } = process.env;
    this.#process = new DaemonProcess(
      "starling",
      spawn(process.execPath, [program, "run", "-c", file], { stdio: ["ignore", "pipe", "pipe"], env }),
    );
  }

  get #socket(): string {
    return join(this.#folder, "control");
  }

  get isRunning(): boolean {
    return this.#process.isRunning;
  }

  /** How it ended, once it has. */
  get ended(): Promise<string> {
    return this.#process.ended;
  }

  get log(): string {
    return this.#process.output;
  }

  async ready(): Promise<void> {
    const isReady = async (): Promise<boolean> => !this.isRunning || (await this.counts()).peers.length > 0;
    await eventually("the daemon's first answer", isReady, START_MS);
  }

  async counts(): Promise<DaemonCounts> {
    const client = await ControlClient.connect(this.#socket, { clock: new SystemClock(), timeoutMs: ANSWER_MS });
    try {
      return {
        status: (await client.request("status", {})) as SpeakerStatus,
        peers: (await client.request("peers", {})) as readonly PeerStatus[],
      };
    } finally {
      client.close();
    }
  }

  /** Undefined once the process has ended. */
  memory(): MemoryReading | undefined {
    const text = this.isRunning ? this.#read("status") : undefined;
    const megabytes = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text ?? "")?.[1]) / 1024;
    const reading = { rss: megabytes("VmRSS"), anonymous: megabytes("RssAnon") };
    // A process that is just ending has no memory any more, but still a name.
    return Number.isNaN(reading.rss) ? undefined : reading;
  }

  /** Processor time used so far; 0 once the process has ended. */
  cpuSeconds(): number {
    // The name in parentheses may hold blanks; user and system time are the 14th and 15th field.
    const fields = (this.#read("stat") ?? "").replace(/^.*\) /, "").split(" ");
    return fields.length < 13 ? 0 : (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  /** What the kernel tells of the process; undefined where it is gone. */
  #read(name: string): string | undefined {
    try {
      return readFileSync(`/proc/${this.#process.pid}/${name}`, "utf8");
    } catch (error) {
      if (this.isRunning && (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      return undefined;
    }
  }

  /** Ends it in order and removes its folder; gives how it ended. */
  async stop(): Promise<string> {
    const how = await this.#process.stop();
    rmSync(this.#folder, { recursive: true });
    return how;
  }
}
