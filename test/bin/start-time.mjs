// npm run bench:start [-- RUNS [BINDIR]]: how long the programs take to start, against Node that does nothing. Probes ask every few
// seconds, and confd waits for `bird -p` before every change.
//
// The commands take turns, so that what else the machine does hits all of them. Ends with 1 where a program is over its
// budget.

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

const BIN = process.argv[3] ?? fileURLToPath(new URL("../../dist/bin", import.meta.url));
const REPLY = "1000-BIRD v1\n1011-Router ID is 10.0.0.1\n0013 Daemon is up and running\n";
const CONFIGURATION = `router id 10.0.0.1;
filter to_peers { if net ~ 10.1.0.0/16 then accept; reject; }
protocol device { scan time 2; }
protocol static { route 10.1.0.0/16 blackhole; }
template bgp t { local as 64512; multihop; gateway recursive; import all; export filter to_peers; add paths on; }
protocol bgp Mesh_10_0_0_2 from t { neighbor 10.0.0.2 as 64512; }
`;

/** Runs a command; gives its milliseconds. `expected` is its exit code. */
function time({ command, expected = 0 }) {
  const start = performance.now();
  const { status, stderr } = spawnSync(command[0], command.slice(1), { encoding: "utf8" });
  const taken = performance.now() - start;
  if (status !== expected) throw new Error(`${command.join(" ")}: exit code ${status}\n${stderr}`);
  return taken;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** The daemon that is asked lives in a thread of its own: this one waits for processes. */
function serve({ path }) {
  const server = createServer((socket) => {
    socket.write("0001 BIRD v1 ready.\n");
    socket.on("data", () => socket.write(REPLY));
    socket.on("error", () => socket.destroy());
  });
  server.listen(path, () => parentPort.postMessage("listening"));
}

async function main() {
  const runs = Number(process.argv[2] ?? 25);
  const folder = mkdtempSync(join(tmpdir(), "starling-start-"));
  const path = join(folder, "bird.ctl");
  const config = join(folder, "bird.cfg");
  writeFileSync(config, CONFIGURATION);
  const daemon = new Worker(fileURLToPath(import.meta.url), { workerData: { path } });
  await once(daemon, "message");
  const subjects = [
    { name: "node -e 0", command: [process.execPath, "-e", "0"], budget: Infinity },
    { name: "birdcl show status", command: [join(BIN, "birdcl"), "-s", path, "show", "status"], budget: 1.5 },
    { name: "bird --version", command: [join(BIN, "bird"), "--version"], budget: 1.5 },
    { name: "bird -p", command: [join(BIN, "bird"), "-p", "-c", config], budget: 2 },
  ];
  const times = subjects.map(() => []);
  for (let run = 0; run <= runs; run++)
    subjects.forEach((subject, index) => {
      const taken = time(subject);
      if (run > 0) times[index].push(taken); // the first time files come from the disk
    });
  await daemon.terminate();
  rmSync(folder, { recursive: true, force: true });
  const bare = median(times[0]);
  subjects.forEach(({ name, budget }, index) => {
    const taken = median(times[index]);
    const isOver = taken / bare > budget;
    if (isOver) process.exitCode = 1;
    const limit = budget === Infinity ? "" : `budget ${budget}${isOver ? ", OVER" : ""}`;
    console.log(
      `${name.padEnd(20)} ${taken.toFixed(1).padStart(7)} ms  ${(taken / bare).toFixed(2)} ${limit}`.trimEnd(),
    );
  });
}

if (isMainThread) await main();
else serve(workerData);
