// Where the process that reads the configuration cannot be had, the daemon reads it; its bugs are ours.

import { type ChildProcess, fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { loadConfigFile, type StartReader } from "../../src/daemon/config-loader.js";

const GOOD = "routerId: 10.0.0.1\nas: 64512\n";

/** A good file, and a process that runs `program` instead of ours. */
function stage(t: Test, program = ""): { readonly path: string; readonly start: StartReader } {
  const folder = t.testdir({ "starling.yaml": GOOD, "reader.mjs": program });
  return {
    path: join(folder, "starling.yaml"),
    start: () =>
      fork(join(folder, "reader.mjs"), {
        serialization: "advanced",
        execArgv: [],
        stdio: ["ignore", "ignore", "ignore", "ipc"],
      }),
  };
}

t.test("the file is read by another process", async (t) => {
  const loaded = await loadConfigFile({ path: stage(t).path, node: undefined });
  t.match(loaded, { ok: true, config: { localAs: 64512 }, warnings: [] });
});

interface SilentReader {
  readonly name: string;
  readonly program?: string;
  readonly start?: () => ChildProcess;
}

const SILENT: readonly SilentReader[] = [
  {
    name: "no process can be started",
    start: () => {
      throw new Error("spawn ENOMEM");
    },
  },
  {
    name: "the program does not exist",
    start: () => fork("/nonexistent/reader.mjs", { execPath: "/nonexistent/node", serialization: "advanced" }),
  },
  { name: "it ends without a word", program: `process.once("message", () => process.exit(3));` },
  { name: "it is killed", program: `process.once("message", () => process.kill(process.pid, "SIGKILL"));` },
  { name: "it ends before it is asked", program: `process.disconnect();` },
];

for (const { name, program, start } of SILENT) {
  t.test(`${name}: the daemon reads the file itself and says so`, async (t) => {
    const { path, start: startProgram } = stage(t, program);
    const loaded = await loadConfigFile({ path, node: undefined }, start ?? startProgram);
    t.match(loaded, { ok: true, config: { localAs: 64512 } });
    t.match(loaded.ok && loaded.warnings, [/^no process could be had to read .*starling\.yaml, so the daemon did/]);
    writeFileSync(path, `${GOOD}pears: 1\n`);
    const bad = await loadConfigFile({ path, node: undefined }, start ?? startProgram);
    t.match(bad, { ok: false, errors: [/:3:1: /] }, "errors are the same");
  });
}

t.test("a bug in there is a bug here, with its stack", async (t) => {
  const answer = `{ bug: "TypeError: x\\n    at y" }`;
  const { path, start } = stage(
    t,
    `process.once("message", () => process.send(${answer}, () => process.disconnect()));`,
  );
  const loading = loadConfigFile({ path, node: undefined }, start);
  await t.rejects(loading, { message: /while reading .*starling\.yaml: TypeError: x\n {4}at y/ });
});
