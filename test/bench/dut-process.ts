// The speaker under test: started and ended through its adapter, in its namespace, in a folder of its own.

import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Adapter, type ProbeWords, WITHOUT_HOOKS } from "./adapters.js";
import { clientAddress, DUT_ADDRESS4, DUT_ADDRESS6, INTERFACE, type Link } from "./link.js";
import type { Load } from "./scenario.js";

export const DUT_AS = 64512;
/** AS of the first external peer; load/session.c counts on from it. */
const FIRST_EXTERNAL_AS = 4_200_000_000;
const LISTENING_MS = 30_000;
const POLL_MS = 100;
/** After it listens it may still be busy with its configuration. */
const SETTLE_MS = 300;

/** Sessions of a load, senders of tables included. */
export function sessionsOf({ clients, table, paths }: Load): number {
  return clients + ((table ?? 0) > 0 ? (paths ?? 1) : 0);
}

/** Reads a file of /proc; empty where the process is gone. */
function readProc(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** The processes and all their descendants. */
function withDescendants(roots: readonly number[]): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readProc(`/proc/${name}/stat`);
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
  }
  const found = new Set(roots);
  for (const pid of found) {
    for (const [child, parent] of parents) if (parent === pid) found.add(child);
  }
  return [...found];
}

export class DutProcess {
  readonly #adapter: Adapter;
  readonly #link: Link;
  readonly #load: Load;
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  #isStarted = false;

  /** Makes its folder and the list of its peers. `floor` is the compiled relay. */
  constructor(adapter: Adapter, link: Link, load: Load, floor: string) {
    this.#adapter = adapter;
    this.#link = link;
    this.#load = load;
    this.#folder = mkdtempSync(join(tmpdir(), `bench-${adapter.name}-`));
    chmodSync(this.#folder, 0o755); // for daemons that drop their privileges
    const peers = join(this.#folder, "peers");
    writeFileSync(peers, this.#peerLines());
    this.#environment = {
      ...process.env,
      BENCH_DIR: this.#folder,
      BENCH_ADDR: DUT_ADDRESS4,
      BENCH_ADDR6: DUT_ADDRESS6,
      BENCH_IFACE: INTERFACE,
      BENCH_PORT: "179",
      BENCH_AS: String(DUT_AS),
      BENCH_ROUTER_ID: DUT_ADDRESS4,
      BENCH_PEERS: peers,
      BENCH_FAMILY: String(load.family ?? 4),
      BENCH_KERNEL: load.kind === "kernel" ? "1" : "0",
      BENCH_EXT_MSG: "0",
      FLOOR_BIN: floor,
    };
  }

  /** Starts it and waits until it listens; gives the ids of its processes. */
  async start(): Promise<readonly number[]> {
    this.#isStarted = true;
    const limits = 'ulimit -n 65536 2>/dev/null || ulimit -n $(ulimit -Hn); exec "$0" start';
    const { status, stderr } = spawnSync("ip", this.#inside("sh", "-c", limits, this.#adapter.path), {
      env: this.#environment,
      encoding: "utf8",
      stdio: ["ignore", "ignore", "pipe"],
    });
    if (status !== 0) throw new Error(`the adapter could not start it: ${stderr.trim()}`);
    const deadline = performance.now() + LISTENING_MS;
    while (!this.#isListening()) {
      if (performance.now() > deadline) throw new Error("it does not listen on port 179");
      await delay(POLL_MS);
    }
    await delay(SETTLE_MS);
    const pids = readFileSync(join(this.#folder, "pids"), "utf8").trim().split(/\s+/).map(Number);
    return withDescendants(pids);
  }

  /** How it can be asked; undefined where it cannot. */
  probeWords(): ProbeWords | undefined {
    return this.#adapter.probeWords(this.#environment);
  }

  /** Ends it and removes its folder. May be called at any time. */
  remove(): void {
    if (this.#isStarted) spawnSync("ip", this.#inside(this.#adapter.path, "stop"), { env: this.#environment });
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #inside(...words: readonly string[]): string[] {
    return ["netns", "exec", this.#link.dutNamespace, ...WITHOUT_HOOKS, ...words];
  }

  #isListening(): boolean {
    const { stdout } = spawnSync("ip", this.#inside("cat", "/proc/net/tcp", "/proc/net/tcp6"), { encoding: "utf8" });
    return /:00B3 [0-9A-F]+:0000 0A/.test(stdout ?? "");
  }

  #peerLines(): string {
    const { family = 4, ebgp } = this.#load;
    const lines = Array.from({ length: sessionsOf(this.#load) }, (_, i) => {
      const kind = ebgp === true ? `${FIRST_EXTERNAL_AS + i} 0` : `${DUT_AS} 1`;
      return `${clientAddress(i, family)} ${kind}\n`;
    });
    return lines.join("");
  }
}
