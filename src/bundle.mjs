// Joins what each program needs into few files in dist/lib/app: it starts faster, and what npm brought along stays behind.
// dist/bin/starling runs the compiled modules as they are; BIRD's four names and the package run these bundles.
//
// Plain JavaScript, used by build.mjs and package.mjs.

import { existsSync } from "node:fs";
import { join } from "node:path";

/** What TypeScript's target says, for the bundles. */
const TARGET = "node20.19";

/** CommonJS packages inside an ES module still ask for Node's own modules. */
const REQUIRE =
  'import { createRequire as createBundleRequire } from "node:module"; const require = createBundleRequire(import.meta.url);';

/** A program and what it loads later; each group shares nothing with another. */
const GROUPS = [
  // Asked by probes every few seconds: one file, no package.
  { entries: ["bin/birdcl"], oneFile: true },
  { entries: ["bin/bird"], oneFile: false },
  { entries: ["bin/starling", "daemon/config-process"], oneFile: false },
  // Found beside whatever opens the kernel.
  { entries: ["kernel/route-writer-worker"], oneFile: true },
];

/**
 * Bundles into `outFolder`. Complaints go to standard error.
 * @param {string} root the project
 * @param {string} outFolder absolute
 * @returns {Promise<{ ok: boolean, inputs: readonly string[] }>} inputs: the files that went in, relative to the root
 */
export async function bundle(root, outFolder) {
  const { build } = await import("esbuild");
  const inputs = new Set();
  for (const { entries, oneFile } of GROUPS) {
    const result = await build({
      absWorkingDir: root,
      entryPoints: entries.map((entry) => join("src", `${entry}.ts`)).filter((path) => existsSync(join(root, path))),
      entryNames: "[name]",
      chunkNames: "[name]-[hash]",
      outdir: outFolder,
      bundle: true,
      splitting: !oneFile,
      platform: "node",
      format: "esm",
      target: TARGET,
      banner: oneFile ? {} : { js: REQUIRE },
      metafile: true,
      logLevel: "warning",
    }).catch(() => undefined); // esbuild has said what is wrong
    if (result === undefined) return { ok: false, inputs: [] };
    Object.keys(result.metafile.inputs).forEach((input) => inputs.add(input));
  }
  return { ok: true, inputs: [...inputs].sort() };
}
