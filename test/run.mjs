// npm test: runs the compiled tests in build/test, a process per file, through tap, and ends with `N passed, N failed`.
//
//   node test/run.mjs [--interop] [WORD…]     only files whose path holds one of the words
//
// test/interop needs network namespaces and other daemons: it runs with --interop or in CI (environment variable CI).
// In CI a skipped test counts as a failure, so that a missing peer is noticed.

import { availableParallelism } from "node:os";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

// Read by tap when it is loaded, hence the late import: as a whole the tests may take as long as they take.
process.env.TAP_TIMEOUT = "0";
const { Test } = await import("tap");

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TESTS = join(ROOT, "build", "test");
const FILE_TIMEOUT_SECONDS = 300;

/** Paths of the test files, relative to build/test, sorted. */
function findTests(words, withInterop) {
  return readdirSync(TESTS, { recursive: true })
    .filter((file) => file.endsWith(".test.js"))
    .filter((file) => withInterop || !file.startsWith(`interop${sep}`))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort();
}

/** Prints one line per file, and the whole output of a file that failed. */
function reportFiles(root) {
  let rest = "";
  let lines = [];
  root.on("data", (chunk) => {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop();
    for (const line of parts) {
      // Lines of a file are indented; its own result is not, and comes behind them.
      const result = /^(not ok|ok) \d+ - (.*)$/.exec(line);
      if (result !== null) {
        if (result[1] === "not ok") console.log(lines.join("\n"));
        console.log(`${result[1]} ${result[2]}`);
        lines = [];
      } else lines.push(line);
    }
  });
}

/** Runs the files, as many at a time as there are processors: each interop test has network namespaces of its own. */
async function runFiles(files) {
  const root = new Test({ name: "starling", jobs: Math.max(1, availableParallelism()) });
  reportFiles(root);
  root.runMain(() => undefined);
  for (const file of files) {
    const env = { ...process.env, TAP_TIMEOUT: String(FILE_TIMEOUT_SECONDS) };
    const options = { buffered: true, timeout: FILE_TIMEOUT_SECONDS * 1000, cwd: ROOT, env };
    const path = relative(ROOT, join(TESTS, file));
    void root.spawn(process.execPath, ["--enable-source-maps", path], options, file);
  }
  root.end();
  await new Promise((resolve) => root.on("end", resolve));
  // tap calls a file without any test skipped.
  const empty = (root.results?.skips ?? [])
    .filter((result) => result.skip === "no tests found")
    .map((result) => result.name);
  return { ok: root.results?.ok === true, counts: root.counts, empty };
}

/** Tests that docs/rfc-coverage.md names and that did not run: a proof that is not there. Only where all were to run. */
function unproven(files, empty) {
  const text = readFileSync(join(ROOT, "docs", "rfc-coverage.md"), "utf8");
  const named = new Set([...text.matchAll(/`test\/([^`]+\.test)\.ts`/g)].map(([, path]) => `${path}.js`));
  const ran = new Set(files.filter((file) => !empty.includes(file)).map((file) => file.split(sep).join("/")));
  return [...named].filter((path) => !ran.has(path)).sort();
}

const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const isCi = (process.env.CI ?? "") !== "";
const files = findTests(words, isCi || process.argv.includes("--interop"));
const { ok, counts, empty } = await runFiles(files);

for (const file of empty) console.log(`no test ran in ${file}`);
if (files.length === 0) console.log("no test files were found");
const skipped = counts.skip - empty.length;
if (skipped > 0) console.log(`${skipped} skipped${isCi ? ": a failure in CI" : ""}`);
const missing = isCi && words.length === 0 ? unproven(files, empty) : [];
for (const path of missing) console.log(`docs/rfc-coverage.md names ${path.replace(/js$/, "ts")}, which did not run`);
const failed = counts.fail + empty.length + missing.length + (isCi ? skipped : 0);
const isGood = ok && failed === 0 && counts.pass > 0;
// Whatever else went wrong (no files, a process that could not be started) shows in the number too.
console.log(`${counts.pass} passed, ${isGood ? 0 : Math.max(1, failed)} failed`);
process.exitCode = isGood ? 0 : 1;
