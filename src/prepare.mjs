// Makes a fresh clone ready: dependencies, dist/, and with --tests also the compiled tests in build/. What is up to date
// is left alone, so that it may run before every command.
//
// Plain JavaScript on Node's own modules, because it runs before anything is installed.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, buildAddonInto, compile, ROOT } from "./build.mjs";

/** Time of the last change of a file; 0 where there is none. */
function changedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Time of the latest change below a folder, of files and of the folders that hold them. */
function latestChange(folder) {
  let latest = changedAt(folder);
  if (latest === 0) return 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? latestChange(path) : changedAt(path));
  }
  return latest;
}

/** Gives the exit status of npm, whose output is shown only where it failed. */
function installDependencies() {
  const lock = join(ROOT, "package-lock.json");
  const marker = join(ROOT, "node_modules", ".package-lock.json"); // npm writes it at the end of an installation
  if (existsSync(marker) && changedAt(marker) >= changedAt(lock)) return 0;
  const command = existsSync(lock) ? "ci" : "install";
  console.log(`installing dependencies (npm ${command})`);
  // Not through npm's own environment: an outer `npm run` would pass its settings on.
  const run = spawnSync("npm", [command, "--no-audit", "--no-fund", "--loglevel=error"], { cwd: ROOT, encoding: "utf8" });
  if (run.status !== 0) console.error(`${run.stdout ?? ""}${run.stderr ?? run.error?.message ?? ""}`);
  return run.status ?? 1;
}

/** Runs `make` if anything in `inputs` is newer than the stamp file; writes the stamp if it succeeds. */
async function whenOlder(stamp, inputs, what, make) {
  const stampPath = join(ROOT, stamp);
  const newest = Math.max(...inputs.map((input) => latestChange(join(ROOT, input))));
  if (changedAt(stampPath) >= newest) return 0;
  console.log(what);
  const startedAt = new Date();
  const status = await make();
  if (status !== 0) return status;
  mkdirSync(join(stampPath, ".."), { recursive: true });
  writeFileSync(stampPath, `${startedAt.toISOString()}\n`);
  return 0;
}

async function compileTests() {
  // A test whose source is gone must not run on.
  rmSync(join(ROOT, "build"), { recursive: true, force: true });
  const status = compile("tsconfig.json");
  if (status !== 0) return status;
  await buildAddonInto(join(ROOT, "build", "src", "native", "sys.node"));
  return 0;
}

async function prepare(withTests) {
  const installed = installDependencies();
  if (installed !== 0) return installed;
  const settings = ["package.json", "package-lock.json", "tsconfig.json"];
  const built = await whenOlder("dist/.stamp", ["src", ...settings], "building dist/", build);
  if (built !== 0 || !withTests) return built;
  return whenOlder("build/.stamp", ["src", "test", ...settings], "compiling the tests", compileTests);
}

process.exitCode = await prepare(process.argv.includes("--tests"));
