// npm run soak: half an hour of churn with peers that die at random, against the built daemon. Loopback only, no root.
//
//   npm run soak -- [--minutes N] [--seed N] [--peers N] [--rate EVENTS/S] [--port N] [--report FILE] [--program FILE]
//
// Standard output gets the report; exit code 1 when a view was wrong, a session was lost or memory rose. `--program` is the
// daemon's launcher, where it is not that of this clone. The same seed makes the same choices, though not at the same times.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pause } from "../support/eventually.js";
import { ROOT } from "../support/root.js";
import { Dice } from "../fuzz/mutator.js";
import { checkpoint, type CheckpointResult } from "./checkpoint.js";
import { Churn } from "./churn.js";
import { DaemonUnderSoak } from "./daemon-under-soak.js";
import { Disturbances } from "./disturbances.js";
import { SoakModel } from "./soak-model.js";
import { type Ending, SoakPeer } from "./soak-peer.js";
import { type MemorySample, soakReport, type SoakResult } from "./soak-report.js";
import { makeUniverse, type Universe } from "./universe.js";

const STEP_MS = 10;
/** Time lost in a standstill is not made up for: no burst beyond this. */
const LONGEST_STEP_MS = 200;
const KEEPALIVE_LOOK_MS = 250;
const SAMPLE_MS = 1000;
const CHECKPOINT_MS = 60_000;
const CONTROL_PATIENCE_MS = 30_000;
const MOST_FAILURES = 20;

interface Settings {
  readonly minutes: number;
  readonly seed: number;
  readonly peers: number;
  readonly rate: number;
  readonly port: number;
  readonly report: string | undefined;
  readonly program: string;
}

class Soak {
  readonly #settings: Settings;
  readonly #universe: Universe;
  readonly #model: SoakModel;
  readonly #churn: Churn;
  readonly #disturbances: Disturbances;
  readonly #peers: readonly SoakPeer[];
  readonly #daemon: DaemonUnderSoak;
  readonly #failures: string[] = [];
  readonly #checkpoints: CheckpointResult[] = [];
  readonly #memory: MemorySample[] = [];
  #longestLagMs = 0;
  #isOver = false;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#universe = makeUniverse(settings.peers);
    this.#model = new SoakModel(this.#universe);
    const dice = new Dice(settings.seed);
    this.#churn = new Churn(this.#universe, this.#model, dice, settings.rate);
    const events = {
      up: (peer: SoakPeer): void => this.#churn.tellTable(peer),
      down: (peer: SoakPeer, ending: Ending, why: string): void => this.#down(peer, ending, why),
      fault: (text: string): void => this.#fail(text),
    };
    this.#peers = this.#universe.peers.map((plan) => new SoakPeer(plan, this.#universe, settings.port, events));
    this.#disturbances = new Disturbances(this.#peers, dice, events.fault);
    this.#daemon = new DaemonUnderSoak(settings.program, this.#universe.peers, settings.port);
  }

  async run(): Promise<SoakResult> {
    const begin = performance.now();
    void this.#daemon.ended.then((how) => this.#daemonEnded(how));
    const timers = [
      setInterval(() => this.#peers.forEach((peer) => peer.tick(performance.now())), KEEPALIVE_LOOK_MS),
      setInterval(() => this.#sample(begin), SAMPLE_MS),
    ];
    let version = "unknown";
    let cpuSeconds = 0;
    let atEnd: SoakResult["memoryAtEnd"];
    let ranSeconds = 0;
    try {
      await this.#daemon.ready();
      version = (await this.#daemon.counts()).status.version;
      await this.#live();
      ranSeconds = (performance.now() - begin) / 1000;
      this.#isOver = true;
      cpuSeconds = this.#daemon.cpuSeconds();
      await this.#leave();
      atEnd = this.#daemon.memory();
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    } finally {
      this.#isOver = true;
      timers.forEach(clearInterval);
      this.#disturbances.dismiss();
      const how = await this.#daemon.stop();
      if (how !== "exit 0") this.#failures.unshift(`the daemon ended by ${how}`);
    }
    return this.#result(version, ranSeconds || (performance.now() - begin) / 1000, cpuSeconds, atEnd);
  }

  /** Churn and checkpoints in turns. */
  async #live(): Promise<void> {
    const begin = performance.now();
    const endMs = begin + this.#settings.minutes * 60_000;
    this.#peers.forEach((peer) => peer.connect());
    while (performance.now() < endMs && this.#failures.length === 0) {
      await this.#busy(Math.min(performance.now() + CHECKPOINT_MS, endMs));
      await this.#quiet();
      const minutes = (performance.now() - begin) / 60_000;
      const rss = this.#daemon.memory()?.rss ?? 0;
      process.stderr.write(
        `${minutes.toFixed(1)} min: ${this.#churn.events} events, ${rss.toFixed(1)} MB, settled in ${this.#checkpoints.at(-1)?.settledMs.toFixed(0)} ms\n`,
      );
    }
  }

  async #busy(untilMs: number): Promise<void> {
    for (let before = performance.now(); before < untilMs && this.#failures.length === 0;) {
      await pause(STEP_MS);
      const now = performance.now();
      this.#longestLagMs = Math.max(this.#longestLagMs, now - before - STEP_MS);
      this.#churn.step(this.#peers, Math.min(now - before, LONGEST_STEP_MS));
      this.#disturbances.step(now, true);
      before = now;
    }
  }

  async #quiet(): Promise<void> {
    const { length } = this.#failures;
    this.#disturbances.calm(performance.now());
    const steps = setInterval(() => this.#disturbances.step(performance.now(), false), STEP_MS);
    try {
      this.#checkpoints.push(
        await checkpoint({
          universe: this.#universe,
          model: this.#model,
          peers: this.#peers,
          disturbances: this.#disturbances,
          daemon: this.#daemon,
        }),
      );
    } finally {
      clearInterval(steps);
    }
    if (this.#failures.length === length) this.#disturbances.wake(performance.now());
  }

  /** Everybody leaves, and nothing may be left of them. */
  async #leave(): Promise<void> {
    this.#disturbances.dismiss();
    const begin = performance.now();
    for (;;) {
      const { routes, peers } = (await this.#daemon.counts()).status;
      const left = routes.ipv4.paths + routes.ipv6.paths + routes.ipv4.prefixes + routes.ipv6.prefixes;
      if (left + peers.established === 0) break;
      if (performance.now() - begin > CONTROL_PATIENCE_MS) {
        this.#fail(`everybody has left, but the daemon has ${JSON.stringify({ routes, peers })}`);
        return;
      }
      await pause(100);
    }
    const bugs = this.#daemon.log.split("\n").filter((line) => /\b(TypeError|RangeError|invariant|bug)\b/i.test(line));
    if (bugs.length > 0) this.#fail(`the log tells of bugs:\n${bugs.slice(0, 5).join("\n")}`);
  }

  #down(peer: SoakPeer, ending: Ending, why: string): void {
    this.#model.forget(peer.plan.number);
    this.#disturbances.ended(peer, ending, performance.now());
    if (ending === "lost" && !this.#isOver) {
      const said = lastLines(
        this.#daemon.log
          .split("\n")
          .filter((line) => line.includes(peer.plan.address))
          .join("\n"),
      );
      this.#fail(
        `the session of peer ${peer.plan.number} (${peer.plan.kind}) was lost: ${why}; the daemon said:\n${said}`,
      );
    }
  }

  /** By itself: sessions that were lost with it are not the story. */
  #daemonEnded(how: string): void {
    if (!this.#isOver) this.#failures.unshift(`the daemon ended by itself, ${how}:\n${lastLines(this.#daemon.log)}`);
  }

  #sample(begin: number): void {
    const reading = this.#isOver ? undefined : this.#daemon.memory();
    if (reading !== undefined) this.#memory.push({ seconds: (performance.now() - begin) / 1000, ...reading });
  }

  #fail(text: string): void {
    if (this.#failures.length < MOST_FAILURES) this.#failures.push(text);
  }

  #result(version: string, ranSeconds: number, cpuSeconds: number, memoryAtEnd: SoakResult["memoryAtEnd"]): SoakResult {
    const { announced, replaced, withdrawn, updates, tables } = this.#churn.counts;
    return {
      ...this.#settings,
      eventsPerSecond: this.#settings.rate,
      version,
      ranSeconds,
      cpuSeconds,
      events: { announced, replaced, withdrawn },
      updates,
      tables,
      heard: this.#peers.reduce((sum, peer) => sum + peer.view.words, 0),
      disturbances: this.#disturbances.counts,
      cutOff: this.#disturbances.cutOff,
      checkpoints: this.#checkpoints,
      memory: this.#memory,
      memoryAtEnd,
      longestLagMs: this.#longestLagMs,
      failures: this.#failures,
    };
  }
}

function lastLines(text: string): string {
  return text.split("\n").slice(-30).join("\n");
}

function settingsOf(words: readonly string[]): Settings {
  const numbers: Record<string, number> = {
    minutes: 30,
    seed: 1 + (Date.now() % 1_000_000),
    peers: 30,
    rate: 4000,
    port: 11791,
  };
  const texts: Record<string, string | undefined> = {
    report: undefined,
    program: join(ROOT, "dist", "bin", "starling"),
  };
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i].replace(/^--/, "");
    const text = words[i + 1] ?? "";
    const value = Number(text);
    if (Object.hasOwn(texts, name) && text !== "") texts[name] = text;
    else if (Object.hasOwn(numbers, name) && Number.isFinite(value) && value > 0) numbers[name] = value;
    else {
      const known = [...Object.keys(numbers), ...Object.keys(texts)].map((option) => `--${option}`).join(" ");
      throw new RangeError(`what is "${words[i]} ${text}"? Known: ${known}`);
    }
  }
  const { minutes, seed, peers, rate, port } = numbers;
  return { minutes, seed, peers, rate, port, report: texts["report"], program: texts["program"] ?? "" };
}

const settings = settingsOf(process.argv.slice(2));
const { text, isGood } = soakReport(await new Soak(settings).run());
process.stdout.write(text);
if (settings.report !== undefined) writeFileSync(settings.report, text);
process.exit(isGood ? 0 : 1);
