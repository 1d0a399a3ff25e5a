// npm run build: src/ → dist/. TypeScript, the C addon where it can be built, the program dist/bin/starling.
//
// Plain JavaScript on Node's own modules, because it runs before anything is compiled.

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * Shell script and module in one: the shell gives place to Node in its second line, which is a text and a comment to Node.
 * Without an extension Node takes it as a module because of dist/package.json.
 *
 * V8 lets its two semi-spaces grow to 16 MB each when many peers say something at once, and a daemon keeps that. With 4 MB
 * it collects a little more often; docs/performance.md has the numbers. Only an option of Node itself can say so.
 */
const LAUNCHER = `#!/bin/sh
":" //; exec node --max-semi-space-size=4 "$0" "$@"
import "./starling.js";
`;

/** Its time says when the last complete build began. */
export const STAMP = ".stamp";

/**
 * Marks an output folder as complete. The time is that of the beginning, so that a source that was changed during the
 * build counts as newer.
 * @param {string} path
 * @param {Date} startedAt
 */
export function writeStamp(path, startedAt) {
  writeFileSync(path, `${startedAt.toISOString()}\n`);
  utimesSync(path, startedAt, startedAt);
}

/**
 * Runs the TypeScript compiler with a project file; its complaints go to standard error.
 * @param {string} project path of a tsconfig.json, relative to the root
 * @returns {number} the compiler's exit status
 */
export function compile(project) {
  const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const { status } = spawnSync(process.execPath, [compiler, "-p", project], { cwd: ROOT, stdio: ["ignore", 2, 2] });
  return status ?? 1;
}

/**
 * Builds the C addon; a machine without a compiler gets words instead of an error.
 * @param {string} outFile absolute
 */
export async function buildAddonInto(outFile) {
  const script = join(ROOT, "src", "native", "build-addon.mjs");
  if (!existsSync(script)) return;
  const { buildAddon } = await import(script);
  const result = buildAddon(outFile);
  if (!result.ok)
    console.log(`addon not built: ${result.why}\nKernel routes, TCP MD5 and GTSM will not work; the rest will.`);
}

/**
 * Builds dist/.
 * @returns {Promise<number>} exit status
 */
export async function build() {
  const startedAt = new Date();
  const dist = join(ROOT, "dist");
  rmSync(dist, { recursive: true, force: true }); // what has no source any more must not stay
  const status = compile("src/tsconfig.json");
  if (status !== 0) return status;
  await buildAddonInto(join(dist, "native", "sys.node"));
  const { name, version, license, type } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  writeFileSync(join(dist, "package.json"), `${JSON.stringify({ name, version, license, type }, undefined, 2)}\n`);
  mkdirSync(join(dist, "bin"), { recursive: true });
  const launcher = join(dist, "bin", "starling");
  writeFileSync(launcher, LAUNCHER);
  chmodSync(launcher, 0o755);
  writeStamp(join(dist, STAMP), startedAt);
  return 0;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await build();
}
