// src/ → dist/, for npm run build (prepare.mjs). TypeScript, the C addon where it can be built, the programs:
// dist/bin/starling, and bird, bird6, birdcl and birdcl6 in BIRD's place.
//
// Plain JavaScript, because it runs before anything is compiled.

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.mjs";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * V8 lets its two semi-spaces grow to 16 MB each when many peers say something at once, and a daemon keeps that. With 4 MB
 * it collects a little more often; docs/performance.md has the numbers. Only an option of Node itself can say so.
 */
export const NODE_OPTIONS = ["--max-semi-space-size=4"];

/**
 * Shell script and module in one: the shell gives place to Node in its second line, which is a text and a comment to Node.
 * Without an extension Node takes it as a module because of dist/package.json.
 */
const LAUNCHER = `#!/bin/sh
":" //; exec node ${NODE_OPTIONS.join(" ")} "$0" "$@"
import "./starling.js";
`;

/** The names under which calico/node calls BIRD, and the bundle behind each. */
export const BIRD_NAMES = { bird: "bird", bird6: "bird", birdcl: "birdcl", birdcl6: "birdcl" };

/**
 * A process is found by its name and by its first word, which must both be `bird`: Node is started by a link of that name,
 * looked up in PATH because a shell cannot say otherwise what the first word shall be.
 *
 * With an option of V8 Node compiles its own modules anew at each start. Only the daemon gets one: not the client, and
 * not `bird -p`.
 * @param {string} name
 * @param {string} program
 */
function birdLauncher(name, program) {
  return `#!/bin/sh
self=$0
if [ -h "$self" ] || [ "\${self%/bin/*}" = "$self" ]; then self=$(readlink -f -- "$self"); fi
dist=\${self%/bin/*}
PATH=$dist/runtime:$PATH
export PATH
case " $*" in
*" -p"*) options= ;;
*) options="${program === "bird" ? NODE_OPTIONS.join(" ") : ""}" ;;
esac
exec ${name} $options "$dist/lib/app/${program}.cjs" "$@"
`;
}

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
 * @param {string} path
 * @param {string} text
 */
function writeProgram(path, text) {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
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
  writeProgram(join(dist, "bin", "starling"), LAUNCHER);
  const bundled = await bundle(ROOT, join(dist, "lib", "app"));
  if (!bundled.ok) return 1;
  const addon = join(dist, "native", "sys.node");
  if (existsSync(addon)) copyFileSync(addon, join(dist, "lib", "app", "sys.node"));
  mkdirSync(join(dist, "runtime"));
  for (const [name, program] of Object.entries(BIRD_NAMES)) {
    symlinkSync(process.execPath, join(dist, "runtime", name));
    writeProgram(join(dist, "bin", name), birdLauncher(name, program));
  }
  writeStamp(join(dist, STAMP), startedAt);
  return 0;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await build();
}
