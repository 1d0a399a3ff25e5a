// `configure` and what belongs to it, over files on disk: what is read, queued, confirmed and undone, in BIRD's words.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { BirdConfigReader } from "../../src/bird/daemon/bird-config-reader.js";
import { BirdLog } from "../../src/bird/daemon/bird-log.js";
import type { BirdView } from "../../src/bird/control/bird-view.js";
import { configure } from "../../src/bird/control/change-commands.js";
import { parseCommand } from "../../src/bird/control/parse-command.js";
import { ReplyFramer } from "../../src/bird/control/reply.js";
import type { SpeakerConfig } from "../../src/config/speaker-config.js";
import { BirdDaemonProcess } from "../../src/daemon/bird-process.js";
import { ConfigFile } from "../../src/daemon/config-file.js";
import type { DaemonTarget } from "../../src/daemon/front-door.js";
import { FakeClock } from "../support/fake-clock.js";

const file = (block: string): string =>
  `router id 10.0.0.1; protocol device { } protocol static { route ${block} blackhole; }\n`;

class Scene {
  readonly clock = new FakeClock();
  readonly process: BirdDaemonProcess;
  readonly path: string;
  log = "";
  wasShutDown = false;
  /** A reload waits for this. */
  gate: Promise<void> = Promise.resolve();
  readonly #file: ConfigFile;
  #config: SpeakerConfig | undefined;
  #before: SpeakerConfig | undefined;

  constructor(folder: string) {
    this.path = join(folder, "bird.cfg");
    const { clock, path: configFile } = this;
    const log = BirdLog.create((text) => (this.log += text));
    const words = { scriptLog: () => undefined, findRouterId: () => undefined };
    const reader = new BirdConfigReader({ ipVersion: 4, controlSocket: "" }, words);
    this.#file = new ConfigFile(
      { load: () => reader.load(configFile) },
      {
        clock,
        log,
        words: { done: () => "Reconfigured", failed: (error) => error },
        apply: async (config) => {
          await this.gate;
          this.#before = this.#config;
          this.#config = config;
          return [];
        },
      },
    );
    const target: Partial<DaemonTarget> = {
      config: () => this.#config as SpeakerConfig,
      configBefore: () => this.#before,
      isReloading: () => this.#file.isRunning,
      reloadFrom: (source) => this.#file.reload(source),
      shutDown: () => void (this.wasShutDown = true),
    };
    const dependencies = { clock, log, reader, target: target as DaemonTarget };
    this.process = new BirdDaemonProcess({ ipVersion: 4, configFile }, dependencies);
  }

  write(block: string): void {
    writeFileSync(this.path, file(block));
  }

  /** As SIGHUP does. */
  async hangUp(): Promise<void> {
    await this.#file.reload();
  }

  /** Resolves when no reload is under way or waits. */
  async settled(): Promise<void> {
    while (this.#file.isRunning) await new Promise((resolve) => setImmediate(resolve));
  }

  /** The reply, with the folder left out. */
  async ask(line: string): Promise<string> {
    const command = parseCommand(line, 4);
    if (command.kind !== "configure") throw new Error(line);
    const framer = new ReplyFramer();
    let text = "";
    const commands = this.process as unknown as BirdView["commands"];
    for await (const lines of configure(command.action, commands)) text += framer.frame(lines);
    return (text + framer.end()).replaceAll(this.path, "bird.cfg");
  }

  /** The block of the configuration in force. */
  get block(): string {
    return this.#config?.node.static.map(({ prefix }) => prefix.bytes[1]).join(" ") ?? "";
  }
}

async function open(folder: string): Promise<Scene> {
  const scene = new Scene(folder);
  scene.write("10.1.0.0/16");
  await scene.hangUp();
  return scene;
}

const READING = "0002-Reading configuration from bird.cfg\n";

t.test("configure, check and what they say of bad files", async (t) => {
  const scene = await open(t.testdir());
  scene.write("10.2.0.0/16");
  t.equal(await scene.ask("configure check"), `${READING}0020 Configuration OK\n`);
  t.equal(scene.block, "1", "a check takes nothing over");
  for (const command of ["configure", "configure soft"])
    t.equal(await scene.ask(command), `${READING}0003 Reconfigured\n`);
  t.equal(scene.block, "2");
  scene.write("10.2.0.1/16");
  for (const command of ["configure", "configure check"])
    t.match(await scene.ask(command), /^0002-.*\n8002 bird\.cfg:1:\d+ Invalid prefix\n$/);
  for (const command of ["configure", "configure check"])
    t.equal(
      await scene.ask(`${command} "/nonexistent/x.cfg"`),
      "0002-Reading configuration from /nonexistent/x.cfg\n8002 /nonexistent/x.cfg: No such file or directory\n",
    );
  t.equal(scene.block, "2", "what runs is kept");
  t.match(scene.log, "bird: Unable to open configuration file /nonexistent/x.cfg: No such file or directory\n");
});

t.test("undo goes back once, also over a SIGHUP", async (t) => {
  const scene = await open(t.testdir());
  t.equal(await scene.ask("configure undo"), "0021-Undo requested\n0019 Nothing to do\n");
  scene.write("10.2.0.0/16");
  await scene.ask("configure");
  t.equal(await scene.ask("configure undo"), "0021-Undo requested\n0003 Reconfigured\n");
  t.equal(scene.block, "1");
  t.equal(await scene.ask("configure undo"), "0021-Undo requested\n0019 Nothing to do\n");
  await scene.hangUp();
  t.equal(scene.block, "2");
  t.equal(await scene.ask("configure undo"), "0021-Undo requested\n0003 Reconfigured\n");
  t.equal(scene.block, "1");
});

t.test("configure timeout: confirmed it stays, otherwise it goes", async (t) => {
  const scene = await open(t.testdir());
  t.equal(await scene.ask("configure confirm"), "0019 Nothing to do\n");
  scene.write("10.2.0.0/16");
  t.equal(await scene.ask("configure timeout 20"), `${READING}0022-Undo scheduled in 20 s\n0003 Reconfigured\n`);
  t.equal(await scene.ask("configure confirm"), "0018 Reconfiguration confirmed\n");
  t.equal(await scene.ask("configure confirm"), "0019 Nothing to do\n");
  scene.clock.advance(30_000);
  t.equal(scene.block, "2");
  scene.write("10.3.0.0/16");
  t.match(await scene.ask("configure timeout"), "0022-Undo scheduled in 300 s\n");
  scene.clock.advance(299_000);
  t.equal(scene.block, "3");
  scene.clock.advance(2000);
  await scene.settled();
  t.equal(scene.block, "2");
  t.match(scene.log, "bird: Config timeout expired, starting undo\n");
});

t.test("a bad file leaves the timer alone, a good one ends it", async (t) => {
  const scene = await open(t.testdir());
  scene.write("10.2.0.0/16");
  await scene.ask("configure timeout 20");
  scene.write("nonsense");
  t.match(await scene.ask("configure"), /8002 /);
  t.equal(await scene.ask("configure confirm"), "0018 Reconfiguration confirmed\n");
  scene.write("10.3.0.0/16");
  await scene.ask("configure timeout 20");
  scene.write("10.4.0.0/16");
  await scene.hangUp();
  scene.clock.advance(30_000);
  await scene.settled();
  t.equal(scene.block, "4");
  t.notMatch(scene.log, "Config timeout expired");
});

t.test("while one is read, the next is queued", async (t) => {
  const scene = await open(t.testdir());
  let go: () => void = () => undefined;
  scene.gate = new Promise((resolve) => (go = resolve));
  scene.write("10.2.0.0/16");
  const first = scene.ask("configure");
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(scene.process.phase(), "reconfiguring");
  scene.write("10.3.0.0/16");
  t.equal(await scene.ask("configure"), `${READING}0005 Reconfiguration already in progress, queueing new config\n`);
  scene.write("nonsense");
  t.match(await scene.ask("configure"), /8002 bird\.cfg:1:\d+ /);
  scene.write("10.4.0.0/16");
  go();
  t.equal(await first, `${READING}0003 Reconfigured\n`);
  await scene.settled();
  t.equal(scene.block, "4", "what the file says when its turn comes");
});

t.test("what is being read is undone by an undo that is queued behind it", async (t) => {
  const scene = await open(t.testdir());
  const before = scene.block;
  let go: () => void = () => undefined;
  scene.gate = new Promise((resolve) => (go = resolve));
  scene.write("10.2.0.0/16");
  const first = scene.ask("configure");
  await new Promise((resolve) => setImmediate(resolve));
  t.match(await scene.ask("configure undo"), /0005 Reconfiguration already in progress, queueing new config\n$/);
  go();
  t.equal(await first, `${READING}0003 Reconfigured\n`);
  await scene.settled();
  t.equal(scene.block, before);
  t.match(await scene.ask("configure undo"), /0019 Nothing to do\n$/);
});

t.test("once it shuts down nothing is read any more", async (t) => {
  const scene = await open(t.testdir());
  scene.process.shutDown();
  t.equal(scene.wasShutDown, true);
  t.equal(scene.process.phase(), "shutting down");
  t.equal(await scene.ask("configure timeout"), `${READING}0006 Reconfiguration ignored, shutting down\n`);
  t.equal(await scene.ask("configure undo"), "0021-Undo requested\n0006 Reconfiguration ignored, shutting down\n");
});
