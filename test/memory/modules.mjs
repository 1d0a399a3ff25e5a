// npm run memory: what each part of the built program costs, in memory and in time to load. Prints the table of
// docs/performance.md.
//
// Every row is a fresh process that does nothing but what the row says, five times; medians. Resident memory is read from
// /proc/self/status after the imports have settled: `anonymous` is what belongs to the process alone, the rest are pages of
// files (Node's own program above all) that processes share. A room is measured with all that it imports.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ROUNDS = 5;

/** Name of the row → modules to import; a path is below dist/. */
const ROWS = [
  ["Node alone", []],
  ["`yargs`", ["yargs"]],
  ["`winston`", ["winston"]],
  ["`zod`", ["zod"]],
  ["`yaml`", ["yaml"]],
  ["`ip-num`", ["ip-num"]],
  ["`node:net`", ["node:net"]],
  ["`node:worker_threads`", ["node:worker_threads"]],
  ["`packet`", ["packet/attributes/index.js", "packet/update.js", "packet/open.js", "packet/capabilities.js"]],
  ["`policy`", ["policy/compile.js"]],
  ["`rib`", ["rib/rib.js"]],
  ["`session`", ["session/peer-session.js"]],
  ["`speaker`", ["speaker/speaker.js"]],
  ["`transport`", ["transport/tcp.js", "transport/listener.js"]],
  ["`kernel`", ["kernel/open-kernel.js"]],
  ["`control`: server", ["control/server.js"]],
  ["`config`", ["config/parse-yaml.js"]],
  ["command line, with all commands", ["control/cli.js"]],
  ["`starling status`", ["control/program.js", "control/commands/status.js"]],
  [
    "`starling run`",
    ["control/program.js", "daemon/main.js", "daemon/log.js", "daemon/daemon.js", "daemon/assemble.js"],
  ],
];

/** What a fresh process does: imports, waits until the collector and the allocator have calmed down, tells. */
const PROGRAM = `
  import { readFileSync } from "node:fs";
  const begin = performance.now();
  for (const module of process.argv.slice(1)) await import(module);
  const ms = performance.now() - begin;
  await new Promise((resolve) => setTimeout(resolve, 300));
  const status = readFileSync("/proc/self/status", "utf8");
  const kilobytes = (name) => Number(new RegExp(name + ":\\\\s+(\\\\d+)").exec(status)[1]);
  console.log(JSON.stringify({
    ms, rss: kilobytes("VmRSS"), anonymous: kilobytes("RssAnon"), heap: process.memoryUsage().heapUsed / 1024,
  }));
`;

function run(modules) {
  const paths = modules.map((module) =>
    module.endsWith(".js") ? pathToFileURL(`${ROOT}dist/${module}`).href : module,
  );
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "--eval", PROGRAM, "--", ...paths],
    { cwd: ROOT, encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`${modules.join(" ")}: ${stderr}`);
  return JSON.parse(stdout);
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

function measure(modules) {
  const runs = Array.from({ length: ROUNDS }, () => run(modules));
  return Object.fromEntries(Object.keys(runs[0]).map((key) => [key, median(runs.map((each) => each[key]))]));
}

if (!existsSync(`${ROOT}dist/daemon/main.js`)) throw new Error("dist/ is missing: npm run build");

const megabytes = (kilobytes) => (kilobytes / 1024).toFixed(1);
const [bare, ...parts] = ROWS.map(([name, modules]) => ({ name, ...measure(modules) }));
console.log("| loaded | resident | of it anonymous | live heap | time |");
console.log("|---|--:|--:|--:|--:|");
console.log(
  `| ${bare.name} | ${megabytes(bare.rss)} MB | ${megabytes(bare.anonymous)} MB | ${megabytes(bare.heap)} MB | – |`,
);
for (const { name, rss, anonymous, heap, ms } of parts) {
  const over = [rss - bare.rss, anonymous - bare.anonymous, heap - bare.heap].map((each) => `+${megabytes(each)} MB`);
  console.log(`| ${name} | ${over.join(" | ")} | ${ms.toFixed(0)} ms |`);
}
