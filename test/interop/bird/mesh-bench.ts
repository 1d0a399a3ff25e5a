// A node of a mesh of 251, ours and the real BIRD 1.6 one after the other, with the files that calico/node would write and 250
// scripted peers that connect: how long it takes to check the file, to start, to have all sessions, to take over a changed
// filter; what it takes of memory; how fast its control socket answers, at rest and while everybody announces.
//
//   npm run bench:mesh        root, and BIRD 1.6 in BIRD1_DIR
//
// Beside the numbers it checks: a change of filters ends no session and sends nothing again. Exit code 1 where that fails.

import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { CalicoNode, type DaemonMaker } from "../../support/calico-node.js";
import { eventually, pause } from "../../support/eventually.js";
import { Lan } from "../../support/lan.js";
import { StreamDriver } from "../../support/stream-driver.js";
import { ROOT } from "../../support/root.js";

const PEERS = 250;
const BLOCKS = 20;
const AS = 64512;
const SOURCE = "10.1.0.1";
const CHECKS = 7;
const QUESTIONS = 300;
const CHURN_PREFIXES = 8;
const LONG_MS = 180_000;

type Numbers = Record<string, number>;

function addressOf(peer: number): string {
  return `10.1.${1 + Math.floor(peer / 100)}.${1 + (peer % 100)}`;
}

function blocksOf(peer: number): readonly string[] {
  return Array.from({ length: BLOCKS }, (_, i) => {
    const number = peer * BLOCKS + i;
    return `100.${64 + (number >> 10)}.${(number >> 2) & 255}.${(number & 3) * 64}/26`;
  });
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/** One command on a connection of its own, to the end of its reply; gives milliseconds and octets. */
function ask(path: string, command: string, end: RegExp): Promise<{ readonly ms: number; readonly reply: string }> {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(`${command}\n`));
    let reply = "";
    socket.setEncoding("latin1");
    socket.on("error", reject);
    socket.on("data", (chunk: string) => {
      reply += chunk;
      if (!end.test(reply.slice(-200))) return;
      socket.destroy();
      resolve({ ms: performance.now() - startedAt, reply });
    });
  });
}

const OVER = /^0000 \n$/m;
const STATUS_OVER = /^0013 .*\n$/m;

async function memory(pid: number, numbers: Numbers, when: string): Promise<void> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const megabytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)?.[1]) / 1024;
  numbers[`RSS ${when}, MB`] = megabytes("VmRSS");
  numbers[`RssAnon ${when}, MB`] = megabytes("RssAnon");
}

async function waitForSessions(node: CalicoNode): Promise<void> {
  const count = async (): Promise<number> => {
    const { reply } = await ask(node.socket, "show protocols", OVER);
    return reply.split("Established").length - 1;
  };
  await eventually("all sessions", async () => (await count()) === PEERS, LONG_MS);
}

async function questions(node: CalicoNode, numbers: Numbers, when: string): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < QUESTIONS; i++) {
    times.push((await ask(node.socket, "show status", STATUS_OVER)).ms);
    await pause(10);
  }
  numbers[`show status ${when}, p50 ms`] = quantile(times, 0.5);
  numbers[`show status ${when}, p99 ms`] = quantile(times, 0.99);
}

async function listings(node: CalicoNode, numbers: Numbers): Promise<void> {
  const protocols = await ask(node.socket, "show protocols all", OVER);
  const routes = await ask(node.socket, "show route", OVER);
  numbers["show protocols all, ms"] = protocols.ms;
  numbers["show route, ms"] = routes.ms;
  numbers["routes listed"] = routes.reply.split(" via ").length - 1;
}

interface Fleet {
  readonly updates: number;
  readonly transitions: number;
}

async function fleetOf(driver: StreamDriver): Promise<Fleet> {
  const { sessions } = await driver.state();
  const sum = (of: (session: (typeof sessions)[number]) => number): number => sessions.reduce((n, s) => n + of(s), 0);
  return { updates: sum((session) => session.updates), transitions: sum((session) => session.transitions) };
}

/** A change of every peer's export filter that changes no route. */
async function changeFilters(node: CalicoNode, driver: StreamDriver, numbers: Numbers): Promise<void> {
  const before = await fleetOf(driver);
  await node.edit("bird.cfg", (text) =>
    text.replaceAll(
      "calico_export_to_bgp_peers(true);",
      "if (net = 203.0.113.0/24) then { reject; }\n    calico_export_to_bgp_peers(true);",
    ),
  );
  const { ms, reply } = await ask(node.socket, "configure", /^(0003|0004|8002) .*\n$/m);
  numbers["configure with changed filters, ms"] = ms;
  if (/^8002/m.test(reply)) throw new Error(reply);
  await pause(3000);
  const after = await fleetOf(driver);
  numbers["UPDATEs sent for it"] = after.updates - before.updates;
  numbers["sessions ended by it"] = after.transitions - before.transitions;
}

async function measure(maker: DaemonMaker, close: (() => Promise<unknown>)[]): Promise<Numbers> {
  const numbers: Numbers = {};
  const lan = await Lan.open(["node", "fleet"]);
  close.push(() => lan.close());
  const [own, fleet] = lan.hosts;
  await own.namespace.exec(`ip address add ${SOURCE}/16 dev eth0`);
  const peers = Array.from({ length: PEERS }, (_, i) => addressOf(i));
  const texts = peers.map((address) => {
    const name = `Mesh_${address.replaceAll(".", "_")}`;
    return { name, address, as: AS, isInternal: true, source: SOURCE, more: ["passive on;"] };
  });
  const node = await CalicoNode.withPeers(own.namespace, maker, texts);
  close.push(() => node.remove());
  const batch = join(node.folder, "addresses");
  await writeFile(batch, peers.map((address) => `address add ${address}/16 dev eth0\n`).join(""));
  await fleet.namespace.exec(["ip", "-batch", batch]);

  const program =
    maker === "ours" ? join(ROOT, "dist/bin/bird") : join(process.env["BIRD1_DIR"] ?? "", "usr/sbin/bird");
  const checks = Array.from({ length: CHECKS }, () => {
    const startedAt = performance.now();
    const { status, stderr } = spawnSync(program, ["-p", "-c", node.path("bird.cfg")], { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    return performance.now() - startedAt;
  });
  numbers["bird -p, ms"] = quantile(checks, 0.5);

  const driver = await StreamDriver.start((command) => fleet.namespace.spawn(command));
  close.push(() => driver.end());
  const startedAt = performance.now();
  await node.start([]);
  numbers["start to first answer, ms"] = performance.now() - startedAt;
  await memory(node.process.pid, numbers, "without sessions");
  const openedAt = performance.now();
  const clients = peers.map((address) => ({ address, as: AS, holdTimeSeconds: 240, speakers: [SOURCE] }));
  await driver.open(clients, 179, {}, false);
  await waitForSessions(node);
  numbers["all Established, ms"] = performance.now() - openedAt;

  for (const peer of peers.keys()) await driver.ask("announce", peer, blocksOf(peer));
  await eventually(
    "all routes",
    async () => (await ask(node.socket, "show route count", /^0014 .*\n$/m)).reply.includes(`${PEERS * BLOCKS + 3} of`),
    LONG_MS,
  ).catch((error: unknown) => console.error(String(error)));
  await memory(node.process.pid, numbers, "with all routes");
  await questions(node, numbers, "at rest");
  await listings(node, numbers);
  await changeFilters(node, driver, numbers);
  await driver.ask("churn", CHURN_PREFIXES);
  for (const peer of peers.keys()) await driver.ask("announce", peer, blocksOf(peer));
  const again = questions(node, numbers, "while all announce");
  for (let round = 0; round < 3; round++) {
    for (const peer of peers.keys()) await driver.ask("announce", peer, blocksOf(peer));
  }
  await again;
  await memory(node.process.pid, numbers, "in the end");
  return numbers;
}

async function main(): Promise<void> {
  const columns: Numbers[] = [];
  for (const maker of ["ours", "BIRD 1.6"] as const) {
    const close: (() => Promise<unknown>)[] = [];
    try {
      columns.push(await measure(maker, close));
    } finally {
      for (const step of close.reverse()) await step();
    }
  }
  const [ours, bird] = columns;
  console.log(`${"".padEnd(40)}${"ours".padStart(10)}${"BIRD 1.6".padStart(10)}${"ratio".padStart(8)}`);
  for (const [name, value] of Object.entries(ours)) {
    const other = bird[name];
    const ratio = other === 0 ? "" : (value / other).toFixed(2);
    console.log(
      `${name.padEnd(40)}${value.toFixed(1).padStart(10)}${other.toFixed(1).padStart(10)}${ratio.padStart(8)}`,
    );
  }
  const isSound = ours["sessions ended by it"] === 0 && ours["UPDATEs sent for it"] === 0;
  if (!isSound) console.error("a change of filters that changes no route ended sessions or sent UPDATEs");
  process.exitCode = isSound ? 0 : 1;
}

await main();
