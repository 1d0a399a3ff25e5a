// Makes a fresh clone ready: dependencies, dist/, and with --tests also the compiled tests in build/. What is up to date
// is left alone, so that it may run before every command; --build makes dist/ anew in any case (npm run build).
//
// Plain JavaScript on Node's own modules, because it runs before anything is installed.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { build, buildAddonInto, compile, ROOT, STAMP, writeStamp } from "./build.mjs";

/** Time of the last change of a file; 0 where there is none. */
function changedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Time of the latest change of a file, or of anything in a folder; a folder's own time tells of removed files. */
function latestChange(path) {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return changedAt(path);
  return Math.max(changedAt(path), ...readdirSync(path).map((name) => latestChange(join(path, name))));
}

/** Gives the exit status of npm, whose output is shown only where it failed. */
function installDependencies() {
  const lock = join(ROOT, "package-lock.json");
  const marker = join(ROOT, "node_modules", ".package-lock.json"); // npm writes it at the end of an installation
  if (existsSync(marker) && changedAt(marker) >= changedAt(lock)) return 0;
  const command = existsSync(lock) ? "ci" : "install";
  console.log(`installing dependencies (npm ${command})`);
  // Not through npm's own environment: an outer `npm run` would pass its settings on.
  const run = spawnSync("npm", [command, "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (run.status !== 0) console.error(`${run.stdout ?? ""}${run.stderr ?? run.error?.message ?? ""}`);
  return run.status ?? 1;
}

/** True if anything in `inputs` is newer than the stamp of the output folder. */
function isOlder(output, inputs) {
  const newest = Math.max(...inputs.map((input) => latestChange(join(ROOT, input))));
  return changedAt(join(ROOT, output, STAMP)) < newest;
}

async function compileTests() {
  const startedAt = new Date();
  const output = join(ROOT, "build");
  rmSync(output, { recursive: true, force: true }); // a test whose source is gone must not run on
  const status = compile("tsconfig.json");
  if (status !== 0) return status;
  await buildAddonInto(join(output, "src", "native", "sys.node"));
  writeStamp(join(output, STAMP), startedAt);
  return 0;
}

async function prepare({ withTests, buildsAnew }) {
  const installed = installDependencies();
  if (installed !== 0) return installed;
  const settings = ["package.json", "package-lock.json", "tsconfig.json"];
  if (buildsAnew || isOlder("dist", ["src", ...settings])) {
    console.log("building dist/");
    const built = await build();
    if (built !== 0) return built;
  }
  if (!withTests || !isOlder("build", ["src", "test", ...settings])) return 0;
  console.log("compiling the tests");
  return compileTests();
}

process.exitCode = await prepare({
  withTests: process.argv.includes("--tests"),
  buildsAnew: process.argv.includes("--build"),
});
