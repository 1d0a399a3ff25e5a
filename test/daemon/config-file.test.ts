// Reading the configuration again: what is applied, what is kept, how requests are gathered.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { type Log, SILENT_LOG } from "../../src/base/log.js";
import type { SpeakerConfig } from "../../src/config/speaker-config.js";
import { ConfigFile, type ReloadWords } from "../../src/daemon/config-file.js";
import type { ConfigSource } from "../../src/daemon/config-source.js";
import { loadConfigFile } from "../../src/daemon/config-loader.js";
import { FakeClock } from "../support/fake-clock.js";

const GOOD = "routerId: 10.0.0.1\nas: 64512\npeers:\n  - address: 10.0.0.2\n    as: 64512\n";

const WORDS: ReloadWords = {
  done: (changes) => `done: ${changes}`,
  failed: (error) => `failed: ${error}`,
};

interface Scene {
  readonly path: string;
  readonly file: ConfigFile;
  readonly applied: SpeakerConfig[];
  readonly logged: string[];
}

function makeScene(folder: string, apply?: (config: SpeakerConfig) => Promise<readonly string[]>): Scene {
  const path = join(folder, "starling.yaml");
  writeFileSync(path, GOOD);
  const applied: SpeakerConfig[] = [];
  const logged: string[] = [];
  const note = (message: string): void => void logged.push(message);
  const log: Log = { ...SILENT_LOG, info: note, warn: note, error: note };
  const file = new ConfigFile(
    { load: () => loadConfigFile({ path, node: undefined }) },
    {
      clock: new FakeClock(),
      log,
      words: WORDS,
      apply: async (config) => {
        applied.push(config);
        return apply === undefined ? ["peer 10.0.0.2 added"] : apply(config);
      },
    },
  );
  return { path, file, applied, logged };
}

t.test("a good file is applied and its changes are told", async (t) => {
  const { file, applied, logged } = makeScene(t.testdir());
  t.equal(file.lastReload, undefined);
  t.same(await file.reload(), { ok: true, changes: ["peer 10.0.0.2 added"] });
  t.equal(applied[0].peers[0].key, "10.0.0.2");
  t.same(file.lastReload, { ok: true, at: "2026-01-01T00:00:00.000Z", message: "peer 10.0.0.2 added" });
  t.same(logged, ["done: peer 10.0.0.2 added"]);
});

t.test("a bad file changes nothing and says file, line and column", async (t) => {
  const { path, file, applied, logged } = makeScene(t.testdir());
  writeFileSync(path, `${GOOD}pears: []\n`);
  const result = await file.reload();
  t.equal(result.ok, false);
  t.match(result.ok ? [] : result.errors, [new RegExp(`^${path}:6:1: `)]);
  t.same(applied, []);
  t.equal(file.lastReload?.ok, false);
  t.match(logged[0], /^failed: .*:6:1: /);
});

t.test("a file that cannot be read, and a world that does not allow it, are failures too", async (t) => {
  const missing = await loadConfigFile({ path: join(t.testdir(), "none.yaml"), node: undefined });
  t.match(missing, { ok: false, errors: [/^cannot read .*none\.yaml: ENOENT/] });
  const { file } = makeScene(t.testdir(), () => Promise.reject(new Error("port 179 is held by bird (pid 7)")));
  t.same(await file.reload(), { ok: false, errors: ["port 179 is held by bird (pid 7)"] });
  t.match(file.lastReload, { ok: false, message: "port 179 is held by bird (pid 7)" });
});

t.test("a reading that throws leaves the daemon as it is", async (t) => {
  const { file, applied, logged } = makeScene(t.testdir());
  const broken = { load: () => Promise.reject(new RangeError("Maximum call stack size exceeded")) };
  t.same(await file.reload(broken), { ok: false, errors: ["Maximum call stack size exceeded"] });
  t.match(file.lastReload, { ok: false, message: "Maximum call stack size exceeded" });
  t.same(logged, ["failed: Maximum call stack size exceeded"]);
  t.same(applied, []);
  t.equal((await file.reload()).ok, true, "the next one is read");
});

t.test("requests that come during a reload share the one that follows it", async (t) => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { file, applied } = makeScene(t.testdir(), async () => {
    await held;
    return [];
  });
  const first = file.reload();
  const others = Array.from({ length: 50 }, () => file.reload());
  release();
  t.same(await first, { ok: true, changes: [] });
  t.ok((await Promise.all(others)).every((result) => result.ok));
  t.equal(applied.length, 2);
  await file.reload();
  t.equal(applied.length, 3, "a later one is read anew");
});

t.test("of the requests that wait the newest says where to read", async (t) => {
  const { file, applied } = makeScene(t.testdir());
  const loads: string[] = [];
  const source = (name: string): ConfigSource => ({
    load: async () => {
      loads.push(name);
      return { ok: false, errors: [`${name} is broken`] };
    },
  });
  const all = [file.reload(), file.reload(source("first")), file.reload(source("second"))];
  t.equal(file.isRunning, true);
  const [own, ...others] = await Promise.all(all);
  t.equal(own.ok, true);
  t.same(others, [
    { ok: false, errors: ["second is broken"] },
    { ok: false, errors: ["second is broken"] },
  ]);
  t.same(loads, ["second"]);
  t.equal(applied.length, 1);
  t.equal(file.isRunning, false);
});
