// One run: a network, a speaker, the generator, if wanted the probe, and everything removed again.

import { type ChildProcess, spawn } from "node:child_process";
import type { Adapter } from "./adapters.js";
import { DUT_AS, DutProcess, sessionsOf } from "./dut-process.js";
import { DUT_ADDRESS4, DUT_ADDRESS6, Link } from "./link.js";
import { Probe } from "./probe.js";
import { isNoisy, type ProbeResult, type RunResult } from "./run-result.js";
import type { Load, Scenario } from "./scenario.js";
import type { Programs } from "./toolchain.js";

/** What a run is asked for. */
export interface RunOrder {
  readonly adapter: Adapter;
  readonly scenario: Scenario;
  readonly round: number;
  readonly isProbed: boolean;
  readonly seed: number;
}

/** The generator's report: numbers and flags; `window_ns` has two of them. */
type Report = Readonly<Record<string, unknown>>;

/** What a run adds to what it was asked for. */
type Outcome = Pick<RunResult, "ok" | "error" | "noisy" | "probe" | "numbers">;

const MAX_ERROR_LENGTH = 700;

/** Words for the generator's command line; absent parameters have its defaults. */
export function loadArguments(load: Load): string[] {
  const numbers: readonly (readonly [string, number | undefined])[] = [
    ["clients", load.clients],
    ["senders", load.senders],
    ["blocks", load.blocks],
    ["attrs", load.attrs],
    ["table", load.table],
    ["paths", load.paths],
    ["family", load.family],
    ["events", load.events],
    ["rate", load.rate],
    ["flap-seconds", load.flapSeconds],
    ["rest", load.restSeconds],
    ["settle", load.settleSeconds],
    ["timeout", load.timeoutSeconds],
    ["connect-timeout", load.connectTimeoutSeconds],
  ];
  return [
    ...["--kind", load.kind],
    ...numbers.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)])),
    ...(load.ebgp === true ? ["--ebgp"] : []),
    ...(load.thirdPartyNextHop === true ? ["--third-party-nh"] : []),
  ];
}

/** The last line of the generator's output, if it is a report. */
function readReport(output: string): Report | undefined {
  try {
    const value: unknown = JSON.parse(output.trim().split("\n").at(-1) ?? "");
    return typeof value === "object" && value !== null ? (value as Report) : undefined;
  } catch {
    return undefined; // it died in the middle; its error output says why
  }
}

function numbersOf(report: Report): Record<string, number> {
  return Object.fromEntries(
    Object.entries(report).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}

/** Why a report is not good, in words. */
function faultOf(report: Report, errorOutput: string): string {
  const words = [report["error"], report["view_fault"]].filter((word) => typeof word === "string");
  const { routes_held: held, routes_expected: expected } = report;
  if (words.length === 0 && held !== expected) words.push(`${held as number} of ${expected as number} routes`);
  const said = errorOutput.trim().split("\n").slice(0, 3).filter(Boolean);
  return [...words, ...said].join("; ").slice(0, MAX_ERROR_LENGTH) || "the run was not good";
}

/** Makes runs one after the other and can undo the one that is under way. */
export class Measurement {
  readonly #programs: Programs;
  #undo: (() => void)[] = [];

  constructor(programs: Programs) {
    this.#programs = programs;
  }

  /** Ends and removes what the current run has made. Synchronous: also for a process that exits. */
  cleanUp(): void {
    const undo = this.#undo.reverse();
    this.#undo = [];
    for (const step of undo) step();
  }

  /** One run. Does not throw for what the speaker does wrong: that is in the result. */
  async run(order: RunOrder): Promise<RunResult> {
    // A process that ends in the middle leaves nothing behind either.
    const cleanUp = (): void => this.cleanUp();
    process.once("exit", cleanUp);
    const { adapter, scenario, round } = order;
    const frame = {
      dut: adapter.name,
      version: adapter.version,
      scenario: scenario.name,
      load: scenario.load,
      round,
    };
    try {
      return { ...frame, ...(await this.#measure(order)) };
    } catch (error) {
      return {
        ...frame,
        ok: false,
        noisy: false,
        numbers: {},
        error: error instanceof Error ? error.message : String(error),
      };
    } finally {
      process.off("exit", cleanUp);
      this.cleanUp();
    }
  }

  async #measure({ adapter, scenario, isProbed, seed }: RunOrder): Promise<Outcome> {
    const { load } = scenario;
    const link = new Link();
    this.#undo.push(() => link.remove());
    link.make(sessionsOf(load), load.family ?? 4);
    const dut = new DutProcess(adapter, link, load, this.#programs.floor);
    this.#undo.push(() => dut.remove());
    const pids = await dut.start();
    const words = isProbed ? dut.probeWords() : undefined;
    const probe = words === undefined ? undefined : new Probe(this.#programs.probe, words);
    if (probe !== undefined) this.#undo.push(() => probe.kill());
    const { output, errorOutput } = await this.#generate(link, pids, [
      ...loadArguments(load),
      ...["--seed", String(seed)],
      ...(adapter.features.has("relay") ? ["--relay"] : []),
    ]);
    const report = readReport(output);
    if (report === undefined) throw new Error(`the generator failed: ${errorOutput.trim()}`.slice(0, MAX_ERROR_LENGTH));
    const numbers = numbersOf(report);
    const probed = await this.#finishProbe(probe, report);
    const ok = report["ok"] === true;
    return {
      ok,
      noisy: isNoisy(numbers),
      numbers,
      ...(ok ? {} : { error: faultOf(report, errorOutput) }),
      ...(probed === undefined ? {} : { probe: probed }),
    };
  }

  async #finishProbe(probe: Probe | undefined, report: Report): Promise<ProbeResult | undefined> {
    const window = report["window_ns"];
    if (probe === undefined || !Array.isArray(window)) return undefined;
    const [startNs, endNs] = window.map(Number);
    return probe.finish({ startNs, endNs });
  }

  async #generate(
    link: Link,
    pids: readonly number[],
    words: readonly string[],
  ): Promise<{ output: string; errorOutput: string }> {
    const where = ["--dut-addr", DUT_ADDRESS4, "--dut-addr6", DUT_ADDRESS6, "--dut-as", String(DUT_AS)];
    const whom = ["--pids", pids.join(","), "--netns", link.dutNamespace];
    const command = ["netns", "exec", link.peersNamespace, this.#programs.load, ...where, ...whom, ...words];
    const child = spawn("ip", command, { stdio: ["ignore", "pipe", "pipe"] });
    this.#undo.push(() => child.kill("SIGKILL"));
    return collect(child);
  }
}

/** Resolves with all that a process wrote, when it has ended. */
function collect(child: ChildProcess): Promise<{ output: string; errorOutput: string }> {
  return new Promise((resolve, reject) => {
    let output = "";
    let errorOutput = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      errorOutput += text;
    });
    child.once("error", reject);
    child.once("close", () => resolve({ output, errorOutput }));
  });
}
