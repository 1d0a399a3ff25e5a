// The laboratory without namespaces: programs run and are ended, and nothing stays behind, also of runs that were killed.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import t from "tap";
import { SystemClock } from "../../../src/base/clock.js";
import { Lab, LabError, removeLeftovers } from "../../../src/daemon/demo/lab.js";

const NODE = process.execPath;

function makeLab(): Lab {
  return new Lab({ prefix: "starling-lab-test", namespaces: false }, new SystemClock());
}

/** A process id that was in use a moment ago and is not any more. */
function deadPid(): number {
  return spawnSync(NODE, ["-e", ""]).pid;
}

t.test("exec gives the exit status and both outputs, must throws with what was said", async (t) => {
  const lab = makeLab();
  const script = 'console.log("out"); console.error("err"); process.exit(3)';
  t.strictSame(await lab.exec("any", [NODE, "-e", script]), { code: 3, stdout: "out\n", stderr: "err\n" });
  await t.rejects(lab.must("any", [NODE, "-e", script]), { name: "LabError", message: /err/ });
  const absent = await lab.exec("any", ["/nowhere/program"]);
  t.equal(absent.code, -1);
  await lab.close();
});

t.test("a spawned program is heard line by line and ended with the lab", async (t) => {
  const lab = makeLab();
  const script = 'process.stdout.write("fir"); process.stdout.write("st\\nsecond\\nrest"); setInterval(() => {}, 1000)';
  const child = lab.spawn("any", [NODE, "-e", script]);
  const lines: string[] = [];
  await new Promise<void>((resolve) => {
    child.onLine((line) => {
      lines.push(line);
      if (lines.length === 2) resolve();
    });
  });
  t.strictSame(lines, ["first", "second"]);
  t.ok(child.running);
  await lab.clear();
  t.notOk(child.running);
  t.equal(await child.ended, "SIGKILL");
  await lab.close();
});

t.test("a program that does not exist has ended at once, and its output says why", async (t) => {
  const lab = makeLab();
  const child = lab.spawn("any", ["/nowhere/program"]);
  t.equal(await child.ended, -1);
  t.notOk(child.running);
  t.match(child.output, /ENOENT/);
  await lab.close();
});

t.test("until gives the time that a condition took, or undefined when it does not come", async (t) => {
  const lab = makeLab();
  let asked = 0;
  const took = await lab.until(() => Promise.resolve(++asked === 3), 1000, 1);
  t.ok(took !== undefined && took < 1000);
  t.equal(asked, 3);
  t.equal(await lab.until(() => Promise.resolve(false), 20, 5), undefined);
  await lab.close();
});

t.test("a closed lab has no folder and starts nothing any more", async (t) => {
  const lab = makeLab();
  writeFileSync(join(lab.folder, "file"), "");
  await lab.close();
  t.notOk(existsSync(lab.folder));
  t.throws(() => lab.spawn("any", [NODE, "-e", ""]), LabError);
  lab.clearNow();
  t.notOk(existsSync(lab.folder), "clearing again is harmless");
});

/** Ended, though perhaps not yet fetched by its parent. */
function hasEnded(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
    throw error;
  }
}

t.test("a process that ends by an exception removes its folder and its programs", async (t) => {
  const module = new URL("../../../src/daemon/demo/lab.js", import.meta.url).href;
  const clock = new URL("../../../src/base/clock.js", import.meta.url).href;
  const script = `
    const { Lab } = await import(${JSON.stringify(module)});
    const { SystemClock } = await import(${JSON.stringify(clock)});
    const lab = new Lab({ prefix: "starling-lab-test", namespaces: false }, new SystemClock());
    const child = lab.spawn("any", [process.execPath, "-e", "setInterval(() => {}, 1000)"]);
    console.log(JSON.stringify({ folder: lab.folder, pid: child.pid }));
    throw new Error("on purpose");`;
  const run = spawnSync(NODE, ["--input-type=module", "-e", script], { encoding: "utf8" });
  t.match(run.stderr, /on purpose/);
  const { folder, pid } = JSON.parse(run.stdout) as { folder: string; pid: number };
  t.notOk(existsSync(folder));
  const lab = makeLab();
  t.ok((await lab.until(() => Promise.resolve(hasEnded(pid)), 2000, 5)) !== undefined, "its program has ended");
  await lab.close();
});

t.test("what a killed run left is removed, what a running one has is not", (t) => {
  const prefix = basename(mkdtempSync(join(tmpdir(), "starlinglabtest")));
  const left = join(tmpdir(), `${prefix}-${deadPid()}-abc`);
  const inUse = join(tmpdir(), `${prefix}-${process.ppid}-abc`);
  const own = join(tmpdir(), `${prefix}-${process.pid}-abc`);
  const foreign = join(tmpdir(), `${prefix}-notes`);
  for (const folder of [left, own, foreign]) mkdirSync(folder);
  t.teardown(() =>
    [own, foreign, inUse, join(tmpdir(), prefix)].forEach((folder) => rmSync(folder, { recursive: true, force: true })),
  );
  t.strictSame(removeLeftovers(prefix), [left]);
  t.strictSame(
    [left, own, foreign].map((folder) => existsSync(folder)),
    [false, true, true],
  );
  t.end();
});
