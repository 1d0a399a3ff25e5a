// The documents against the code: paths, commands, options, versions and links that they name exist.
//
// Each check is also run on a doctored text, because a check that cannot fail is none.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t, { type Test } from "tap";
import { SystemClock } from "../src/base/clock.js";
import { runCli } from "../src/control/cli.js";
import type { CliOutput } from "../src/control/command-context.js";
import { METHODS } from "../src/control/methods.js";
import { PEER_OPTIONS } from "../src/speaker/peer-options.js";
import { ROOT } from "./support/root.js";

const DOCUMENTS = ["README.md", ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`)].filter((path) =>
  path.endsWith(".md"),
);

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

// ---- paths --------------------------------------------------------------------------------------------------------

/** Paths of sources and tests in a text, each once. */
function namedPaths(text: string): readonly string[] {
  return [...new Set(text.match(/\b(?:src|test|proto-fixtures)\/[\w./-]*\w/g) ?? [])];
}

function missingPaths(text: string): readonly string[] {
  return namedPaths(text).filter((path) => !existsSync(join(ROOT, path)));
}

t.test("every source and test named in docs/rfc-coverage.md exists", async (t) => {
  const text = read("docs/rfc-coverage.md");
  const paths = namedPaths(text);
  t.ok(paths.filter((path) => path.startsWith("src/")).length > 50, "sources are named");
  t.ok(paths.filter((path) => path.startsWith("test/")).length > 30, "tests are named");
  t.strictSame(missingPaths(text), []);
  t.strictSame(missingPaths("| x | `src/packet/open.ts`, `test/packet/closed.test.ts` |"), [
    "test/packet/closed.test.ts",
  ]);
});

t.test("paths that the other documents name exist", async (t) => {
  for (const path of DOCUMENTS) t.strictSame(missingPaths(read(path)), [], path);
});

/** Rows of the coverage tables that name a source but no test. */
function untestedRows(text: string): readonly string[] {
  const covered = text.split("## Deviations")[0];
  return covered
    .split("\n")
    .filter((line) => line.startsWith("|") && line.includes("`src/") && !line.includes("`test/"));
}

t.test("every row of the coverage names a test", async (t) => {
  t.strictSame(untestedRows(read("docs/rfc-coverage.md")), []);
  t.equal(untestedRows("| §4.1 | header | `src/packet/header.ts` | |\n## Deviations\n").length, 1);
});

// ---- the command line ---------------------------------------------------------------------------------------------

async function help(t: Test, words: readonly string[]): Promise<string> {
  let text = "";
  const output: CliOutput = {
    isTTY: false,
    write: (more) => {
      text += more;
      return Promise.resolve();
    },
  };
  const notHere = (): Promise<number> => Promise.reject(new Error("help starts nothing"));
  const code = await runCli([...words, "--help"], {
    env: {},
    clock: new SystemClock(),
    version: "1.0.0",
    stdout: output,
    stderr: output,
    programs: { runDaemon: notHere, runDemo: notHere },
  });
  t.equal(code, 0, `${words.join(" ")} --help`);
  return text;
}

/** Names of the commands in the output of `starling --help`. */
function commandNames(text: string): readonly string[] {
  return [...text.matchAll(/^ {2}starling (\w+)/gm)].map((match) => match[1]);
}

/** `--option` and `-o` of a command. */
function optionNames(text: string): readonly string[] {
  return [...text.matchAll(/^ +(?:-\w, )?(--[\w-]+)/gm)].map((match) => match[1]);
}

t.test("docs/operating.md has a section for every command and tells every option", async (t) => {
  const text = read("docs/operating.md");
  const names = commandNames(await help(t, []));
  t.ok(names.includes("run") && names.includes("completion"), `commands were found: ${names.join(" ")}`);
  for (const name of names) {
    t.match(text, new RegExp(`^### \`starling ${name}\`$`, "m"), name);
    // `completion --help` is the script itself.
    const options = name === "completion" ? [] : optionNames(await help(t, [name]));
    for (const option of options) t.match(text, new RegExp(`${option}\\b`), `${name} ${option}`);
  }
  t.strictSame(optionNames("Options:\n  -o, --output  How\n      --no-frills  What\n"), ["--output", "--no-frills"]);
});

t.test("docs/operating.md names every method of the control socket", async (t) => {
  const section = read("docs/operating.md").split("## The control socket\n")[1]?.split("\n## ")[0] ?? "";
  const named = new Set([...section.matchAll(/`(\w+)`/g)].map((match) => match[1]));
  t.strictSame(
    [...METHODS.keys()].filter((method) => !named.has(method)),
    [],
  );
});

// ---- tables taken from code -----------------------------------------------------------------------------------------

/** Option → cost, from the table whose rows begin with a cost. */
function documentedCosts(text: string): ReadonlyMap<string, string> {
  const costs = new Map<string, string>();
  const known = new Set<string>(Object.values(PEER_OPTIONS));
  for (const line of text.split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim());
    const cost = cells[1]?.replaceAll("`", "") ?? "";
    if (!known.has(cost) || cells.length !== 5) continue;
    for (const match of cells[3].matchAll(/`(\w+)`/g)) costs.set(match[1], cost);
  }
  return costs;
}

t.test("the costs of a reload in docs/operating.md are those of the code", async (t) => {
  t.strictSame(Object.fromEntries(documentedCosts(read("docs/operating.md"))), { ...PEER_OPTIONS });
  t.strictSame(
    [...documentedCosts("| `none` | nothing | `name`, `group` |")],
    [
      ["name", "none"],
      ["group", "none"],
    ],
  );
});

interface PackageFile {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

t.test("docs/dependencies.md has every dependency with its version, and no other", async (t) => {
  const { dependencies, devDependencies } = JSON.parse(read("package.json")) as PackageFile;
  const rows = [...read("docs/dependencies.md").matchAll(/^\| `([^`]+)` \| ([\d.]+) \|/gm)];
  t.strictSame(Object.fromEntries(rows.map((row) => [row[1], row[2]])), { ...dependencies, ...devDependencies });
});

// ---- links ------------------------------------------------------------------------------------------------------------

/** Anchors as code hosts make them from headings: lower case, blanks to hyphens, punctuation away. */
function anchors(markdown: string): ReadonlySet<string> {
  const headings = [...withoutCode(markdown).matchAll(/^#+ (.*)$/gm)].map((match) => match[1]);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-"),
    ),
  );
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^```[^]*?^```$/gm, "");
}

/** Relative links of a document at `path` that lead nowhere. */
function brokenLinks(path: string, markdown: string): readonly string[] {
  const broken: string[] = [];
  for (const [, target] of withoutCode(markdown).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [file, anchor] = target.split("#");
    const to = file === "" ? path : join(dirname(path), file);
    const isThere = existsSync(join(ROOT, to));
    const hasAnchor =
      anchor === undefined || (isThere && to.endsWith(".md") && anchors(linkedText(path, to, markdown)).has(anchor));
    if (!isThere || !hasAnchor) broken.push(`${path}: ${target}`);
  }
  return broken;
}

function linkedText(path: string, to: string, markdown: string): string {
  return to === path ? markdown : read(to);
}

t.test("links of README and docs lead somewhere", async (t) => {
  t.ok(DOCUMENTS.length > 4, "documents were found");
  for (const path of DOCUMENTS) t.strictSame(brokenLinks(path, read(path)), []);
  const doctored = "# A b\n[x](../README.md) [y](nowhere.md) [z](#a-b) [w](#c)\n```\n[v](gone.md)\n```\n";
  t.strictSame(brokenLinks("docs/limits.md", doctored), ["docs/limits.md: nowhere.md", "docs/limits.md: #c"]);
});
