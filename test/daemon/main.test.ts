// The daemon as a process: start, signals, stop, exit codes; with a speaker of the test in place of the real one.

import { EventEmitter, once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import t from "tap";
import { SystemClock } from "../../src/base/clock.js";
import type { SpeakerConfig } from "../../src/config/speaker-config.js";
import { ControlClient } from "../../src/control/client.js";
import type { Assemble } from "../../src/daemon/assemble.js";
import type { ProcessSurroundings } from "../../src/daemon/daemon-process.js";
import { runDaemon } from "../../src/daemon/main.js";
import type { SpeakerStatus } from "../../src/speaker/snapshot.js";
import { eventually } from "../support/eventually.js";
import { FakeSpeaker } from "../control/snapshots.js";
import { socketFolder, type Teardown } from "../control/socket-folder.js";

const clock = new SystemClock();

class Scene {
  readonly folder: string;
  readonly socket: string;
  readonly config: string;
  readonly signals = new EventEmitter();
  readonly events: string[] = [];
  readonly exits: number[] = [];
  readonly speaker = new FakeSpeaker();
  /** What the next apply() does. */
  applying: (config: SpeakerConfig) => Promise<readonly string[]> = () => Promise.resolve([]);
  /** What the next stop() waits for. */
  stopping: Promise<void> = Promise.resolve();
  reportBug: (error: unknown) => void = () => undefined;
  #log = "";
  readonly #logged = new EventEmitter();

  constructor(t: Teardown) {
    this.folder = socketFolder(t);
    this.socket = join(this.folder, "s.sock");
    this.config = join(this.folder, "starling.yaml");
    this.write("");
  }

  get log(): string {
    return this.#log;
  }

  write(more: string): void {
    writeFileSync(this.config, `routerId: 10.0.0.1\nas: 64512\ncontrol:\n  socket: ${this.socket}\n${more}`);
  }

  async logged(words: string): Promise<void> {
    while (!this.#log.includes(words)) await once(this.#logged, "line");
  }

  readonly #assemble: Assemble = () => {
    this.events.push("assembled");
    const speaker = Object.assign(this.speaker, {
      apply: async (config: SpeakerConfig) => {
        this.events.push("apply");
        return this.applying(config);
      },
      stop: async ({ graceful }: { readonly graceful: boolean }) => {
        this.events.push(`stop ${graceful ? "gracefully" : "for good"}`);
        await this.stopping;
      },
    });
    return Promise.resolve({ speaker, close: () => Promise.resolve(void this.events.push("closed")) });
  };

  run(): Promise<number> {
    const stderr = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.#log += chunk.toString();
        done();
        this.#logged.emit("line");
      },
    });
    const surroundings: ProcessSurroundings = {
      clock,
      stderr,
      env: {},
      signals: this.signals,
      exit: (code) => void this.exits.push(code),
      onBug: (report) => {
        this.reportBug = report;
      },
      loadSys: () => ({ missing: "there is no addon in this test" }),
      assemble: this.#assemble,
    };
    return runDaemon({ config: this.config, node: undefined, version: "0.1.0" }, surroundings);
  }

  async ask(method: string): Promise<unknown> {
    const client = await ControlClient.connect(this.socket, { clock, timeoutMs: 5000 });
    try {
      return await client.request(method);
    } finally {
      client.close();
    }
  }
}

t.test("it starts, serves, and stops in order at SIGTERM", async (t) => {
  const scene = new Scene(t);
  const ended = scene.run();
  await scene.logged("starling 0.1.0 is running");
  t.match(await scene.ask("status"), { routerId: "172.17.8.101" });
  scene.signals.emit("SIGTERM");
  t.equal(await ended, 0);
  t.same(scene.events, ["assembled", "apply", "stop gracefully", "closed"]);
  t.notOk(existsSync(scene.socket), "the socket is gone");
  t.match(scene.log, /info SIGTERM: stopping\n.*info stopped\n$/);
  t.match(scene.log, "warn there is no addon in this test\n");
  t.same(scene.signals.eventNames(), [], "signals are no longer listened to");
});

t.test("without graceful restart the sessions end for good", async (t) => {
  const scene = new Scene(t);
  scene.write("gracefulRestart:\n  enabled: false\n");
  const ended = scene.run();
  await scene.logged("is running");
  scene.signals.emit("SIGINT");
  t.equal(await ended, 0);
  t.same(scene.events.slice(2), ["stop for good", "closed"]);
});

t.test("the second signal ends a stop that hangs", async (t) => {
  const scene = new Scene(t);
  let release: () => void = () => undefined;
  scene.stopping = new Promise<void>((resolve) => {
    release = resolve;
  });
  const ended = scene.run();
  await scene.logged("is running");
  scene.signals.emit("SIGTERM");
  t.same(scene.exits, []);
  scene.signals.emit("SIGTERM");
  t.same(scene.exits, [1]);
  release();
  t.equal(await ended, 0);
});

t.test("a bad configuration at the start is exit code 1, with words and nothing touched", async (t) => {
  const scene = new Scene(t);
  scene.write("pears: 1\n");
  t.equal(await scene.run(), 1);
  t.ok(scene.log.startsWith(`${scene.config}:5:1: `), scene.log);
  t.same(scene.events, []);
});

t.test("a port that is taken at the start undoes everything", async (t) => {
  const scene = new Scene(t);
  scene.applying = () => Promise.reject(new Error("port 179 is held by bird (pid 7)"));
  t.equal(await scene.run(), 1);
  t.match(scene.log, "error port 179 is held by bird (pid 7)\n");
  t.same(scene.events, ["assembled", "apply", "stop for good", "closed"]);
  t.notOk(existsSync(scene.socket));
});

t.test("a second daemon stops before it touches anything", async (t) => {
  const scene = new Scene(t);
  const ended = scene.run();
  await scene.logged("is running");
  const second = new Scene(t);
  writeFileSync(second.config, `routerId: 10.0.0.1\nas: 64512\ncontrol: { socket: ${scene.socket} }\n`);
  t.equal(await second.run(), 1);
  t.match(second.log, `another starling (pid ${process.pid}) answers on ${scene.socket}`);
  t.same(second.events, []);
  t.match(await scene.ask("hello"), { version: "0.1.0" });
  scene.signals.emit("SIGTERM");
  t.equal(await ended, 0);
});

t.test("SIGHUP and reload apply a good file and keep the old one over a bad file", async (t) => {
  const scene = new Scene(t);
  const ended = scene.run();
  await scene.logged("is running");
  scene.applying = () => Promise.resolve(["peer 10.0.0.9 added"]);
  scene.write("log:\n  level: debug\n  format: json\n");
  scene.signals.emit("SIGHUP");
  await scene.logged("configuration reloaded");
  t.match(scene.log, '"message":"configuration reloaded: peer 10.0.0.9 added; log: debug, json"');
  scene.write("pears: 1\n");
  t.match(await scene.ask("reload"), { ok: false, errors: [/:5:1: /] });
  t.match(await scene.ask("status"), { lastReload: { ok: false, message: /:5:1: / } });
  scene.write("kernel:\n  metric: 77\nlog:\n  level: debug\n  format: json\n");
  t.same(await scene.ask("reload"), {
    ok: true,
    changes: ["peer 10.0.0.9 added", "kernel: the change takes effect at the next start"],
  });
  t.match(await scene.ask("status"), { lastReload: { ok: true } });
  scene.signals.emit("SIGTERM");
  t.equal(await ended, 0);
});

t.test("a SIGHUP during the start is answered when the start is over", async (t) => {
  const scene = new Scene(t);
  let open: () => void = () => undefined;
  const levels: string[] = [];
  const gate = new Promise<void>((resolve) => (open = resolve));
  let reached: () => void = () => undefined;
  const applies = new Promise<void>((resolve) => (reached = resolve));
  scene.applying = async ({ log }) => {
    levels.push(log.level);
    reached();
    await gate;
    return [];
  };
  const ended = scene.run();
  await applies;
  scene.write("log:\n  level: debug\n");
  for (let i = 0; i < 2; i++) scene.signals.emit("SIGHUP");
  open();
  await scene.logged("is running");
  await scene.logged("configuration reloaded: log: debug");
  t.same(levels, ["info", "debug"], "the file is read once more, however often that was asked for");
  scene.signals.emit("SIGTERM");
  t.equal(await ended, 0);
});

t.test("the daemon measures its own delay, from the moment it serves", async (t) => {
  const scene = new Scene(t);
  const ended = scene.run();
  await scene.logged("is running");
  // A request is work: the next one finds it measured.
  await eventually("a sample", async () => {
    const { eventLoopDelay: delay } = (await scene.ask("status")) as SpeakerStatus;
    return delay !== undefined && delay.samples > 0 && delay.maxMs >= delay.p99Ms && delay.p99Ms >= delay.p50Ms;
  });
  await scene.ask("resetEventLoopDelay");
  t.match(await scene.ask("status"), { eventLoopDelay: { sinceSeconds: 0 } });
  t.match(scene.log, "info control: resetEventLoopDelay");
  scene.signals.emit("SIGTERM");
  t.equal(await ended, 0);
});

t.test("a bug is logged with its stack and ends the process with 70", async (t) => {
  const scene = new Scene(t);
  const ended = scene.run();
  await scene.logged("is running");
  scene.reportBug(new TypeError("x is not a function"));
  t.same(scene.exits, [70]);
  t.match(scene.log, /error bug: TypeError: x is not a function \| at /);
  scene.signals.emit("SIGTERM");
  t.equal(await ended, 0);
});
