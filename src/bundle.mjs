// Joins what each program needs into few files in dist/lib/app: it starts faster, and what npm brought along stays behind.
// dist/bin/starling runs the compiled modules as they are; BIRD's four names and the package run these bundles.
//
// Plain JavaScript, used by build.mjs and package.mjs.

import { dirname, join, relative } from "node:path";

/** What TypeScript's target says, for the bundles. */
const TARGET = "node20.19";

/** CommonJS packages inside an ES module still ask for Node's own modules. */
const REQUIRE =
  'import { createRequire as createBundleRequire } from "node:module"; const require = createBundleRequire(import.meta.url);';

/** ES modules inside a CommonJS file still ask where they are. */
const URL_OF_FILE = 'const bundleUrl = require("node:url").pathToFileURL(__filename).href;';

/** Programs that must start fast are CommonJS: Node's loader of ES modules takes a tenth of a start. */
const FAST = ["bin/birdcl", "bin/bird"];

/** ES modules that share their parts. The worker is found beside whatever opens the kernel. */
const SHARED = ["bin/starling", "daemon/config-process", "kernel/route-writer-worker"];

/** `src/bird/daemon/run.ts` → `bird-daemon-run`. */
function nameOf(root, path) {
  return relative(join(root, "src"), path).replace(/\.ts$/, "").replaceAll("/", "-");
}

/**
 * What a program imports lazily becomes a file of its own, so that Node need not read it at the start. Each holds all that it
 * needs: a program may load one of them, not two that exchange objects.
 * @param {string} root
 * @param {string} program path of the entry
 * @param {Set<string>} late paths of those files are added
 */
function lateParts(root, program, late) {
  return {
    name: "late-parts",
    setup: ({ onResolve }) =>
      onResolve({ filter: /^\./ }, ({ kind, importer, path }) => {
        if (kind !== "dynamic-import" || importer !== program) return undefined;
        const source = join(dirname(importer), path).replace(/\.js$/, ".ts");
        late.add(source);
        return { path: `./${nameOf(root, source)}.cjs`, external: true };
      }),
  };
}

/**
 * Bundles into `outFolder`. Complaints go to standard error.
 * @param {string} root the project
 * @param {string} outFolder absolute
 * @returns {Promise<{ ok: boolean, inputs: readonly string[] }>} inputs: the files that went in, relative to the root
 */
export async function bundle(root, outFolder) {
  const esbuild = await import("esbuild");
  const inputs = new Set();
  const build = async (options) => {
    const common = { absWorkingDir: root, outdir: outFolder, bundle: true, platform: "node", target: TARGET };
    const { metafile } = await esbuild.build({ ...common, metafile: true, logLevel: "warning", ...options });
    Object.keys(metafile.inputs).forEach((input) => inputs.add(input));
  };
  const buildFast = async (entry, name, plugins) =>
    build({
      entryPoints: { [name]: entry },
      format: "cjs",
      outExtension: { ".js": ".cjs" },
      define: { "import.meta.url": "bundleUrl" },
      banner: { js: URL_OF_FILE },
      supported: { "dynamic-import": false }, // require() instead
      plugins,
    });
  const source = (entry) => join(root, "src", `${entry}.ts`);
  try {
    for (const entry of FAST) {
      const late = new Set();
      await buildFast(source(entry), entry.replace("bin/", ""), [lateParts(root, source(entry), late)]);
      for (const part of late) await buildFast(part, nameOf(root, part), []);
    }
    const shared = { entryPoints: SHARED.map(source), entryNames: "[name]", chunkNames: "[name]-[hash]" };
    await build({ ...shared, format: "esm", splitting: true, banner: { js: REQUIRE } });
    return { ok: true, inputs: [...inputs].sort() };
  } catch (error) {
    if (!Array.isArray(error.errors)) throw error; // else esbuild has said what is wrong
    return { ok: false, inputs: [] };
  }
}
