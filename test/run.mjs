// npm test: runs the compiled tests in build/test, a process per file, through tap, and ends with `N passed, N failed`.
//
//   node test/run.mjs [--interop] [WORD…]     only files whose path holds one of the words
//
// test/interop needs network namespaces and other daemons: it runs with --interop or in CI (environment variable CI).
// In CI a skipped test counts as a failure, so that a missing peer is noticed.

import { availableParallelism } from "node:os";
import { readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { Test } from "tap";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TESTS = join(ROOT, "build", "test");
const FILE_TIMEOUT_MS = 300_000;

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

/** Runs the files; interop tests share the machine's network and go one after another. */
async function runFiles(files) {
  const root = new Test({ name: "starling", jobs: Math.max(1, availableParallelism()) });
  const empty = [];
  reportFiles(root);
  root.runMain(() => undefined);
  for (const file of files) {
    const isInterop = file.startsWith(`interop${sep}`);
    const options = { buffered: !isInterop, timeout: FILE_TIMEOUT_MS, cwd: ROOT };
    const path = relative(ROOT, join(TESTS, file));
    const result = root.spawn(process.execPath, ["--enable-source-maps", path], options, file);
    result.subtest?.on("end", () => {
      if (result.subtest.counts.total === 0) empty.push(file);
    });
  }
  root.end();
  await new Promise((resolve) => root.on("end", resolve));
  return { ok: root.results?.ok === true, counts: root.counts, empty };
}

const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const isCi = (process.env.CI ?? "") !== "";
const files = findTests(words, isCi || process.argv.includes("--interop"));
const { ok, counts, empty } = await runFiles(files);

for (const file of empty) console.log(`no test ran in ${file}`);
if (counts.skip > 0) console.log(`${counts.skip} skipped${isCi ? ": a failure in CI" : ""}`);
if (files.length === 0) console.log("no test files were found");
const failed = counts.fail + (isCi ? counts.skip : 0);
const isGood = ok && failed === 0 && empty.length === 0 && counts.pass > 0;
// Every way to fail shows in the number: a crash before the first test has no count of its own in TAP.
console.log(`${counts.pass} passed, ${isGood ? 0 : Math.max(1, failed)} failed`);
process.exit(isGood ? 0 : 1);
