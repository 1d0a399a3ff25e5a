// The speakers that can be measured: an executable each, asked and started in one way. README.md tells their contract.

import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Scenario } from "./scenario.js";
import { BENCH_SOURCES } from "./toolchain.js";
import { OURS } from "./verdict.js";

const FOLDER = join(BENCH_SOURCES, "adapters");
/** In front of other programs: a test runner's hooks are not for them, and it puts them into every environment. */
export const WITHOUT_HOOKS = ["env", "-u", "NODE_OPTIONS"] as const;

/** How a daemon's control socket is asked: where an answer ends, the socket, the question. */
export interface ProbeWords {
  readonly kind: string;
  readonly socket: string;
  readonly question: string;
}

export class Adapter {
  readonly name: string;
  readonly path: string;
  readonly features: ReadonlySet<string>;
  readonly version: string;

  private constructor(name: string, path: string, features: ReadonlySet<string>, version: string) {
    this.name = name;
    this.path = path;
    this.features = features;
    this.version = version;
  }

  /** Finds the adapter of that name or path and asks it; gives words where its speaker is not here. */
  static find(name: string): Adapter | string {
    const path = adapterPath(name);
    if (!existsSync(path)) return `there is no adapter ${path}`;
    const ask = (verb: string): { answer: string; fault: string } => {
      const { status, stdout, stderr, error } = run([path, verb]);
      const why = stderr?.trim().split("\n")[0] || error?.message || `exit code ${status}`;
      return { answer: stdout?.trim() ?? "", fault: status === 0 ? "" : why };
    };
    const features = ask("features");
    const version = ask("version");
    // A pipeline in the adapter may hide the exit code of a program that is not there.
    const fault = features.fault || version.fault || (version.answer === "" ? "it tells no version" : "");
    if (fault !== "") return fault;
    return new Adapter(displayName(name), path, new Set(features.answer.split(/\s+/)), version.answer);
  }

  /** Undefined if it can take part in the scenario, else why not. */
  reasonAgainst({ load }: Scenario): string | undefined {
    if (load.kind === "kernel" && !this.features.has("kernel")) return "writes no kernel routes";
    if (load.family === 6 && !this.features.has("ipv6")) return "has no IPv6";
    if (load.ebgp === true && !this.features.has("ebgp")) return "has no external peers";
    if (load.ebgp !== true && !this.features.has("rr")) return "is no route reflector";
    // A relay has no best path, and withdrawals of four senders would all be told.
    if (this.features.has("relay") && (load.paths ?? 1) > 1) return "has no best path";
    return undefined;
  }

  /** How the running daemon can be asked; undefined where it cannot. */
  probeWords(environment: NodeJS.ProcessEnv): ProbeWords | undefined {
    const { stdout } = run([this.path, "probe"], environment);
    const words = /^(\S+) (\S+) (.+)$/.exec(stdout?.trim() ?? "");
    return words === null ? undefined : { kind: words[1], socket: words[2], question: words[3] };
  }
}

function run(command: readonly string[], environment = process.env): SpawnSyncReturns<string> {
  const [env, ...words] = [...WITHOUT_HOOKS, ...command];
  return spawnSync(env, words, { encoding: "utf8", env: environment });
}

function adapterPath(name: string): string {
  if (name.includes("/")) return resolve(name);
  return name === OURS ? join(BENCH_SOURCES, "adapter") : join(FOLDER, name);
}

/** A path gets the name of its file, so that tables stay readable. */
function displayName(name: string): string {
  return name.includes("/") ? basename(name) : name;
}

/** Names of all adapters that come with the harness, ours first. */
export function adapterNames(): readonly string[] {
  const others = readdirSync(FOLDER).filter((name) => !name.includes("."));
  return [OURS, ...others.sort()];
}
