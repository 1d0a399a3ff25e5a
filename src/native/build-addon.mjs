// Builds the C addon (sys.c) with the compiler and the Node headers that are there; nothing is downloaded.
//
//   node src/native/build-addon.mjs OUTDIR     writes OUTDIR/sys.node
//
// Without a compiler or headers it says what will not work and ends with status 0: the speaker then is a pure
// reflector. Plain JavaScript, because it runs before anything is compiled.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCE = join(dirname(fileURLToPath(import.meta.url)), "sys.c");

// -nostdlib: the symbols come from the node binary, so one file suits glibc and musl. _FORTIFY_SOURCE would bring
// symbols that only glibc has.
const FLAGS = ["-std=c11", "-shared", "-fPIC", "-O2", "-nostdlib", "-U_FORTIFY_SOURCE", "-Wall", "-Wextra"];

/**
 * The first compiler that answers, or undefined.
 * @returns {string | undefined}
 */
export function findCompiler() {
  const candidates = [process.env.CC, "cc", "gcc", "clang"].filter((name) => name !== undefined && name !== "");
  return candidates.find((name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0);
}

/**
 * The folder with node_api.h and uv.h of this Node, or undefined.
 * @returns {string | undefined}
 */
export function findHeaders() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const candidates = [
    process.env.npm_config_nodedir && join(process.env.npm_config_nodedir, "include", "node"),
    join(prefix, "include", "node"),
    join(String(process.config.variables.node_prefix ?? prefix), "include", "node"),
    "/usr/local/include/node",
    "/usr/include/node",
    "/usr/include/nodejs/src",
    join(homedir(), ".cache", "node-gyp", process.versions.node, "include", "node"),
  ];
  return candidates.find(
    (folder) => folder && existsSync(join(folder, "node_api.h")) && existsSync(join(folder, "uv.h")),
  );
}

/**
 * Compiles sys.c to `outFile`, making its folder. The file appears whole or not at all.
 * @param {string} outFile
 * @returns {{ ok: true } | { ok: false, why: string }}
 */
export function buildAddon(outFile) {
  if (process.platform !== "linux") return { ok: false, why: `the addon is for Linux, this is ${process.platform}` };
  const compiler = findCompiler();
  if (compiler === undefined) return { ok: false, why: "no C compiler was found (cc, gcc or clang; or set CC)" };
  const headers = findHeaders();
  if (headers === undefined) {
    return { ok: false, why: "no Node headers were found (node_api.h, uv.h; set npm_config_nodedir to their prefix)" };
  }
  mkdirSync(dirname(outFile), { recursive: true });
  const partial = `${outFile}.${process.pid}.tmp`;
  const run = spawnSync(compiler, [...FLAGS, `-I${headers}`, SOURCE, "-o", partial], { encoding: "utf8" });
  if (run.status !== 0) {
    rmSync(partial, { force: true });
    return { ok: false, why: `${compiler} failed:\n${run.stderr ?? run.error?.message ?? ""}` };
  }
  renameSync(partial, outFile); // a running process keeps the old file
  return { ok: true };
}

function main() {
  const folder = process.argv[2];
  if (folder === undefined) {
    console.error("usage: node src/native/build-addon.mjs OUTDIR");
    process.exitCode = 2;
    return;
  }
  const outFile = resolve(folder, "sys.node");
  const result = buildAddon(outFile);
  if (result.ok) console.log(`built ${outFile}`);
  else console.log(`addon not built: ${result.why}\nKernel routes, TCP MD5 and GTSM will not work; the rest will.`);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) main();
