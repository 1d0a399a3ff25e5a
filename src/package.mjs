// npm run package: makes of dist/ a folder that runs on a Linux machine with nothing but glibc, and a tarball of it. For images
// without Node, such as calico/node: see docs/calico.md.
//
//   node src/package.mjs [OUTDIR]     writes OUTDIR/starling/ and OUTDIR/starling-….tar.gz; OUTDIR is dist-package/
//
//   bin/       bird, bird6, birdcl, birdcl6, starling: copies of a launcher in C (native/launcher.c)
//   runtime/   the Node that runs this script, stripped; links to it, one for each name; lib/: its libraries beside glibc
//   lib/app/   the bundles of dist/lib/app, and the addon
//   licences/  of everything that was brought along
//
// Plain JavaScript, as build.mjs.

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { basename, join, resolve } from "node:path";
import { BIRD_NAMES, NODE_OPTIONS, ROOT } from "./build.mjs";
import { bundle } from "./bundle.mjs";
import { collectLicences } from "./licences.mjs";
import { findCompiler } from "./native/build-addon.mjs";

const NAMES = [...Object.keys(BIRD_NAMES), "starling"];

/** What every glibc system has; these must be the system's own, for they belong to its kernel interface and to each other. */
const GLIBC = /^(linux-vdso|ld-linux|libc|libm|libdl|libpthread|librt|libresolv|libutil|libanl)[.-]/;

// -O1: from -O2 on GCC would make calls to memcpy out of the loop that is memcpy.
const LAUNCHER_FLAGS = ["-std=gnu11", "-O1", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector"];

/** What cannot be done, in words for the user. */
class PackageError extends Error {}

/** Output of a program; PackageError where it fails. */
function run(program, words) {
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: "utf8" });
  if (status !== 0) throw new PackageError(`${program} failed: ${stderr || error?.message || `status ${status}`}`);
  return stdout;
}

/** Libraries beside glibc that a program is linked to: name → path. */
function librariesOf(program) {
  const found = new Map();
  for (const line of run("ldd", [program]).split("\n")) {
    const [, name, path] = /^\s*(\S+) => (\S+)/.exec(line) ?? [];
    if (name === undefined || GLIBC.test(name)) continue;
    if (path === "not") throw new PackageError(`${program} needs ${name}, which is not there`);
    found.set(name, realpathSync(path));
  }
  return found;
}

function buildLaunchers(folder) {
  const compiler = findCompiler();
  if (compiler === undefined) throw new PackageError("no C compiler was found (cc, gcc or clang; or set CC)");
  const option = `-DNODE_OPTION="${NODE_OPTIONS.join(" ")}"`;
  const [first, ...others] = NAMES.map((name) => join(folder, name));
  run(compiler, [...LAUNCHER_FLAGS, "-s", option, join(ROOT, "src", "native", "launcher.c"), "-o", first]);
  for (const other of others) copyFileSync(first, other);
}

/** Copies a program or a library, without its symbols where there is `strip`. */
function copyStripped(from, to) {
  copyFileSync(from, to);
  chmodSync(to, 0o755);
  const { error, status, stderr } = spawnSync("strip", ["--strip-unneeded", to], { encoding: "utf8" });
  if (error !== undefined) console.log(`${basename(to)} is not stripped: there is no strip (binutils)`);
  else if (status !== 0) throw new PackageError(`strip ${to}: ${stderr}`);
}

function addRuntime(folder) {
  const node = realpathSync(process.execPath);
  mkdirSync(join(folder, "lib"), { recursive: true });
  copyStripped(node, join(folder, "node"));
  for (const name of NAMES) symlinkSync("node", join(folder, name));
  const libraries = librariesOf(node);
  for (const [name, path] of libraries) copyStripped(path, join(folder, "lib", name));
  return [...libraries.values()];
}

/** All files below a folder; links are none. */
function filesBelow(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** The minor version of the newest glibc that a binary asks for: 28 for 2.28. */
function neededGlibc(file) {
  const versions = [...readFileSync(file, "latin1").matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
  return Math.max(0, ...versions);
}

/** The package must say its version by all its names, else something is missing in it. */
function tryOut(folder) {
  for (const name of NAMES) {
    const { status, stdout, stderr } = spawnSync(join(folder, "bin", name), ["--version"], { encoding: "utf8" });
    const text = `${stdout}${stderr}`.trim();
    if (status !== 0) throw new PackageError(`bin/${name} --version does not work: ${text}`);
    console.log(`${name.padEnd(9)} ${text}`);
  }
}

function megabytes(files) {
  return `${(files.reduce((sum, file) => sum + statSync(file).size, 0) / 1e6).toFixed(1)} MB`;
}

function report(folder, tarball) {
  const runtime = join(folder, "runtime", "node");
  const libraries = filesBelow(join(folder, "runtime", "lib"));
  const programs = ["bin", "lib"].flatMap((part) => filesBelow(join(folder, part)));
  const versions = [runtime, ...libraries].map((file) => `${basename(file)} 2.${neededGlibc(file)}`);
  console.log(`
${folder}: ${megabytes(filesBelow(folder))}
  runtime   ${megabytes([runtime])}   Node ${process.version}, ${process.arch}
  libraries ${megabytes(libraries)}   ${libraries.map((path) => basename(path)).join(", ") || "none"}
  programs  ${megabytes(programs)}
${tarball}: ${megabytes([tarball])}
needs nothing but glibc 2.${Math.max(...[runtime, ...libraries].map(neededGlibc))} or newer (${versions.join(", ")})`);
}

async function makePackage(output) {
  const folder = join(output, "starling");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "bin"), { recursive: true });
  if (!existsSync(join(ROOT, "dist", "lib", "app", "sys.node")))
    throw new PackageError("the addon is not in dist/, and a node cannot do without it: npm run build says why");
  cpSync(join(ROOT, "dist", "lib"), join(folder, "lib"), { recursive: true });
  copyFileSync(join(ROOT, "dist", "package.json"), join(folder, "package.json"));
  buildLaunchers(join(folder, "bin"));
  const libraries = addRuntime(join(folder, "runtime"));
  const { ok, inputs } = await bundle(ROOT, join(folder, "lib", "app")); // the same files again, for the list of inputs
  if (!ok) throw new PackageError("the programs cannot be bundled");
  for (const line of collectLicences(join(folder, "licences"), ROOT, inputs, libraries)) console.log(line);
  tryOut(folder);
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const tarball = join(output, `starling-${version}-linux-${process.arch}.tar.gz`);
  run("tar", ["-czf", tarball, "--owner=0", "--group=0", "--numeric-owner", "-C", output, "starling"]);
  report(folder, tarball);
}

try {
  await makePackage(resolve(process.argv[2] ?? join(ROOT, "dist-package")));
} catch (error) {
  if (!(error instanceof PackageError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
