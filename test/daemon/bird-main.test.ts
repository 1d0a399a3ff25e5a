// `bird` as a process: what keeps it from starting, and what is left behind then.

import { EventEmitter } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import t from "tap";
import { SystemClock } from "../../src/base/clock.js";
import { type BirdOptions, readBirdOptions } from "../../src/bird/daemon/options.js";
import { runBirdDaemon } from "../../src/daemon/bird-main.js";
import type { ProcessSurroundings } from "../../src/daemon/daemon-process.js";
import { socketFolder, type Teardown } from "../control/socket-folder.js";

interface Scene {
  readonly folder: string;
  readonly socket: string;
  readonly assembled: string[];
  log(): string;
  run(words?: readonly string[]): Promise<number>;
}

function makeScene(t: Teardown, text: string): Scene {
  const folder = socketFolder(t);
  const [socket, config] = [join(folder, "bird.ctl"), join(folder, "bird.cfg")];
  if (text !== "") writeFileSync(config, text);
  const assembled: string[] = [];
  let log = "";
  const stderr = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      log += chunk.toString();
      done();
    },
  });
  const surroundings: ProcessSurroundings = {
    clock: new SystemClock(),
    stderr,
    env: {},
    signals: new EventEmitter(),
    exit: () => undefined,
    onBug: () => undefined,
    loadSys: () => ({ missing: "there is no addon in this test" }),
    assemble: () => {
      assembled.push("assembled");
      return Promise.reject(new Error("this machine has no network"));
    },
  };
  const run = (words: readonly string[] = []): Promise<number> =>
    runBirdDaemon(optionsOf(["-d", "-s", socket, "-c", config, ...words]), surroundings);
  return { folder, socket, assembled, log: () => log, run };
}

function optionsOf(words: readonly string[]): BirdOptions {
  const request = readBirdOptions("bird", words);
  if (request.kind !== "run") throw new Error(`not understood: ${words.join(" ")}`);
  return request.options;
}

const GOOD = "router id 10.0.0.1; protocol device { }\n";

t.test("without a file, or with a bad one, nothing is touched", async (t) => {
  const none = makeScene(t, "");
  t.equal(await none.run(), 1);
  t.match(none.log(), /^bird: Unable to open configuration file .*bird\.cfg: No such file or directory\n$/);
  const bad = makeScene(t, `${GOOD}protocol bgp { }\n`);
  t.equal(await bad.run(), 1);
  t.match(bad.log(), /^bird: .*bird\.cfg:2:\d+ Local AS number must be set\n$/);
  t.same([...none.assembled, ...bad.assembled], []);
  t.notOk(existsSync(bad.socket));
});

t.test("where the machine does not let it start, the socket and the number of the process go", async (t) => {
  const scene = makeScene(t, GOOD);
  const pidFile = join(scene.folder, "bird.pid");
  t.equal(await scene.run(["-P", pidFile]), 1);
  t.equal(scene.log(), "bird: there is no addon in this test\nbird: this machine has no network\n");
  t.same(scene.assembled, ["assembled"]);
  t.notOk(existsSync(scene.socket));
  t.notOk(existsSync(pidFile));
});

t.test("a number of the process that cannot be written is said, and the socket goes", async (t) => {
  const scene = makeScene(t, GOOD);
  t.equal(await scene.run(["-P", join(scene.folder, "missing", "bird.pid")]), 1);
  t.match(scene.log(), /bird: Cannot create PID file .*missing\/bird\.pid: /);
  t.same(scene.assembled, []);
  t.notOk(existsSync(scene.socket));
});

t.test("another user is refused, because routes could not be written", async (t) => {
  const scene = makeScene(t, GOOD);
  t.equal(await scene.run(["-u", "nobody"]), 1);
  t.match(scene.log(), /^bird: Cannot run as nobody: /);
});

t.test("a debug file that cannot be opened is named, and the log goes to standard error", async (t) => {
  const scene = makeScene(t, GOOD);
  await scene.run(["-D", join(scene.folder, "missing", "debug.log")]);
  t.match(scene.log(), /^bird: Unable to open debug file .*missing.debug\.log: ENOENT/);
});

t.test("with -D the log is a file", async (t) => {
  const scene = makeScene(t, GOOD);
  const file = join(scene.folder, "debug.log");
  t.equal(await scene.run(["-D", file]), 1);
  t.equal(scene.log(), "");
  t.ok(existsSync(file));
});
