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
/** What calico/node has on a node of a small mesh: three files. */
const CONFIGURATION = fileURLToPath(new URL("../../proto-fixtures/bird/mesh/node1/bird.cfg", import.meta.url));
const MANY = 500;

/** A file with many peers, each with the lines that Calico writes for it. */
function manyPeers() {
  const peers = Array.from({ length: MANY }, (_, index) => {
    const address = `10.0.${1 + (index >> 8)}.${index & 255}`;
    return `protocol bgp Mesh_${address.replaceAll(".", "_")} from bgp_template {
  neighbor ${address} as 64512;
  source address 10.0.0.1;
  import all;
  export filter { if (net ~ 10.1.0.0/16) then { accept; } reject; };
  multihop;
  passive on;
}
`;
  });
  return `router id 10.0.0.1;
protocol device { scan time 2; }
template bgp bgp_template {
  description "Connection to BGP peer";
  local as 64512;
  gateway recursive;
  add paths on;
  graceful restart;
  connect delay time 2;
  connect retry time 5;
  error wait time 5,30;
}
${peers.join("")}`;
}

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
  const many = join(folder, "bird.cfg");
  writeFileSync(many, manyPeers());
  const daemon = new Worker(fileURLToPath(import.meta.url), { workerData: { path } });
  await once(daemon, "message");
  const subjects = [
    { name: "node -e 0", command: [process.execPath, "-e", "0"], budget: Infinity },
    { name: "birdcl show status", command: [join(BIN, "birdcl"), "-s", path, "show", "status"], budget: 1.5 },
    { name: "bird --version", command: [join(BIN, "bird"), "--version"], budget: 1.5 },
    { name: "bird -p", command: [join(BIN, "bird"), "-p", "-c", CONFIGURATION], budget: 2 },
    { name: `bird -p, ${MANY} peers`, command: [join(BIN, "bird"), "-p", "-c", many], budget: 4 },
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
