// Records sessions of Starling with real peers as short pcap files for replay and decoder tests:
//
//   node src/prepare.mjs --tests && node test/interop/record-captures.mjs [NAME…]      default: all of RECORDINGS and MATRIX
//
// Each recording: the session comes up, both sides announce both families, the peer asks for a refresh, both withdraw
// routes, the peer ends the IPv4 session with a text, Starling the last one. Needs root, tcpdump and the peers.
//
// Beside each capture go the messages and tables that `starling replay` finds in it (NAME.jsonl), once tshark, where it is
// installed, has told the same; RECORD_FOLDER is another folder than proto-fixtures/pcap.

import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TESTS = process.env.RECORD_TESTS ?? join(ROOT, "build", "test");
const SUPPORT = join(TESTS, "support");
const { DaemonProcess } = await import(join(SUPPORT, "daemon-process.js"));
const { eventually, pause } = await import(join(SUPPORT, "eventually.js"));
const { Lan } = await import(join(SUPPORT, "lan.js"));
const { Bird2 } = await import(join(SUPPORT, "peers", "bird2.js"));
const { Exabgp } = await import(join(SUPPORT, "peers", "exabgp.js"));
const { Frr } = await import(join(SUPPORT, "peers", "frr.js"));
const { Gobgp } = await import(join(SUPPORT, "peers", "gobgp.js"));
const { OpenBgpd } = await import(join(SUPPORT, "peers", "openbgpd.js"));
const { bestRoute, established, noRoute } = await import(join(SUPPORT, "peers", "waiting.js"));
const { Starling } = await import(join(SUPPORT, "starling.js"));
const { findProgram } = await import(join(SUPPORT, "peers", "real-peer.js"));
const { replayFacts, TSHARK_PROGRAMS, tsharkFacts } = await import(join(SUPPORT, "tshark.js"));
const { expectationOf } = await import(join(TESTS, "replay", "starling-words.js"));

const US = 65000;
const OURS = ["192.0.2.0/24", "2001:db8:5::/48"];
const THEIRS = ["198.18.1.0/24", "2001:db8:b::/48"];
const SHUTDOWN_TEXT = "end of recording";

// One line a capture. Beside `file`, `Peer` and `as`:
//   start      what makes the peer's messages richer, done before Starling starts
//   addPath    Starling receives path identifiers
//   options    more options of the peer in Starling's configuration
//   neighbor   more options of Starling in the peer's description (NeighborDescription)
//   ipv4Only   one session instead of one for each family
//   converse   another conversation than the usual one: (starling, peer, lan, recording) => Promise
const RECORDINGS = [
  { file: "ebgp-bird2.pcap", Peer: Bird2, as: 65001 },
  { file: "ibgp-client-bird2.pcap", Peer: Bird2, as: US },
  { file: "ebgp-frr.pcap", Peer: Frr, as: 65002 },
  { file: "ibgp-client-frr.pcap", Peer: Frr, as: US, addPath: true, start: sendPathIdentifiers },
  { file: "ebgp-gobgp.pcap", Peer: Gobgp, as: 65003, start: announceRichRoutes },
  { file: "ebgp-openbgpd.pcap", Peer: OpenBgpd, as: 4200000004 },
  { file: "ebgp-exabgp.pcap", Peer: Exabgp, as: 65005, start: announceLargeCommunity, ipv4Only: true },
];

// Sessions of the interop matrix (test/interop/matrix) that are kept: PEER-SESSION, recorded while its checks run.
const MATRIX = [
  "bird1-old",
  "bird1-reflector",
  "bird2-addPath",
  "bird2-outer",
  "bird2-unnumbered",
  "frr-addPath",
  "frr-unnumbered",
  "gobgp-inner",
  "gobgp-unnumbered",
  "openbgpd-inner",
  "exabgp-addPath",
];

async function sendPathIdentifiers(frr, us) {
  for (const [family, address] of [
    ["ipv4", us.ipv4],
    ["ipv6", us.ipv6],
  ]) {
    const commands = [`address-family ${family} unicast`, `neighbor ${address} addpath-tx-all-paths`];
    await frr.vtysh("configure terminal", `router bgp ${US}`, ...commands);
  }
}

async function announceRichRoutes(gobgp) {
  const sets = "large-community 65003:1:2,65003:3:4 med 50 origin igp aspath 65003,4200000001";
  for (const [prefix, family] of [
    ["198.18.2.0/24", "ipv4"],
    ["2001:db8:c::/48", "ipv6"],
  ]) {
    await gobgp.gobgp("global", "rib", "add", prefix, ...sets.split(" "), "-a", family);
  }
}

async function announceLargeCommunity(exabgp) {
  const sets = "large-community [ 65005:1:2 65005:4294967295:0 ] extended-community [ target:65005:7 ] med 7";
  await exabgp.command(`announce route 198.18.2.128/25 next-hop self as-path [ 65005 4200000001 ] ${sets}`);
}

function starlingConfig(us, addresses, { as, addPath, options }) {
  const policies = as === US ? { routeReflectorClient: true } : { importPolicy: "accept", exportPolicy: "marked" };
  const set = { communities: ["65000:2", "no-export"], largeCommunities: ["65000:1:2", "65000:3:4294967295"], med: 10 };
  return {
    routerId: us.ipv4,
    as: US,
    listen: [`${us.ipv4}:179`, `[${us.ipv6}]:179`],
    kernel: { enabled: false },
    policies: { marked: { rules: [{ set, action: "accept" }] } },
    node: { static: OURS.map((prefix) => ({ prefix, type: "none" })) },
    peers: addresses.map((address) => ({ address, as, addPathReceive: addPath === true, ...policies, ...options })),
  };
}

/** A host whose programs take it for a machine named `localhost`: some put the name into their OPEN. */
class NamedHost {
  #namespace;

  constructor(namespace) {
    this.#namespace = namespace;
  }

  exec(command) {
    return this.#namespace.exec(command);
  }

  spawn(words, env = {}) {
    // A shell loses variables whose names have dots.
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const shell = ["sh", "-c", 'echo localhost >/proc/sys/kernel/hostname; exec "$@"', "sh"];
    return this.#namespace.spawn(["unshare", "--uts", ...shell, "env", ...variables, ...words]);
  }
}

/** Waits until tcpdump has said that it listens: nothing of the session may be missing. */
async function startCapture(host, path) {
  const command = [
    "tcpdump",
    "-i",
    "eth0",
    "--immediate-mode",
    "-U",
    "-s",
    "0",
    "-Z",
    "root",
    "-w",
    path,
    "tcp port 179",
  ];
  const capture = new DaemonProcess("tcpdump", host.namespace.spawn(command));
  await eventually("tcpdump", () => capture.output.includes("listening on"));
  return capture;
}

async function converse(starling, peer, lan, recording) {
  const [us, them] = lan.hosts;
  const count = recording.ipv4Only === true ? 1 : 2;
  const ours = OURS.slice(0, count);
  const theirs = THEIRS.slice(0, count);
  for (const address of [us.ipv4, us.ipv6].slice(0, count)) await established(peer, address);
  for (const prefix of ours) await bestRoute(peer, prefix);
  for (const prefix of theirs) await starling.bestRoute(prefix);
  await peer.refresh(us.ipv4);
  await starling.reload({ ...recording.config, node: {} });
  for (const prefix of ours) await noRoute(peer, prefix);
  for (const prefix of theirs) await peer.withdraw(prefix);
  for (const prefix of theirs) await starling.noRoute(prefix);
  await peer.announce(theirs[0]);
  await starling.bestRoute(theirs[0]);
  if (count === 2) {
    await peer.shutdown(us.ipv4, SHUTDOWN_TEXT);
    await starling.noRoute(theirs[0]);
  }
  const last = [them.ipv4, them.ipv6][count - 1];
  const { code, stderr } = await starling.cli("peer", "disable", last, "--reason", `${SHUTDOWN_TEXT} – Ende`);
  if (code !== 0) throw new Error(stderr);
  await starling.noRoute(theirs[0]);
}

async function record(folder, recording) {
  const { file, Peer, as } = recording;
  const lan = await Lan.open(["starling", "peer"]);
  const [us, them] = lan.hosts;
  const count = recording.ipv4Only === true ? 1 : 2;
  const common = { as: US, gracefulRestart: true, ...recording.neighbor };
  const neighbors = [us.ipv4, us.ipv6].slice(0, count).map((address) => ({ address, ...common }));
  const announce = THEIRS.slice(0, count);
  const description = { as, routerId: them.ipv4, neighbors, announce, communities: ["65000:1", "65535:666"] };
  const peer = new Peer(new NamedHost(them.namespace), description, them.ipv4);
  const config = starlingConfig(us, [them.ipv4, them.ipv6].slice(0, count), recording);
  const starling = new Starling(us.namespace, config);
  try {
    const capture = await startCapture(us, join(folder, file));
    await peer.start();
    await recording.start?.(peer, us);
    await starling.start();
    await (recording.converse ?? converse)(starling, peer, lan, { ...recording, config });
    await pause(500); // the last packets, those of the shutdown, are still on their way to the file
    await capture.stop();
    console.log(`${file}: ${/(\d+) packets captured/.exec(capture.output)?.[1] ?? "no"} packets`);
    await writeExpectation(join(folder, file));
  } finally {
    await starling.remove();
    await peer.stop();
    await lan.close();
  }
}

/** Runs the matrix of each peer concerned and keeps some of its sessions. */
async function recordMatrix(folder, sessions) {
  const scratch = mkdtempSync(join(tmpdir(), "starling-matrix-"));
  chmodSync(scratch, 0o777); // tcpdump gives up its privileges
  try {
    for (const peer of new Set(sessions.map((session) => session.split("-")[0]))) {
      // Some peers put the name of the machine into their OPEN.
      const shell = ["--uts", "sh", "-c", 'echo localhost >/proc/sys/kernel/hostname; exec "$@"', "sh"];
      const test = join(TESTS, "interop", "matrix", `${peer}.test.js`);
      const env = { ...process.env, STARLING_CAPTURES: scratch, CI: "true" };
      const run = spawnSync("unshare", [...shell, process.execPath, test], { env, encoding: "utf8" });
      if (run.status !== 0) throw new Error(`the matrix of ${peer} failed:\n${run.stdout}${run.stderr}`);
    }
    for (const session of sessions) {
      const path = join(folder, `matrix-${session}.pcap`);
      copyFileSync(join(scratch, `${session}.pcap`), path);
      console.log(`matrix-${session}.pcap`);
      await writeExpectation(path);
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Messages and tables beside the capture; throws if tshark tells something else. */
async function writeExpectation(path) {
  const expectation = await expectationOf(path);
  const lines = expectation.split("\n").filter((line) => line !== "" && JSON.parse(line).routes === undefined);
  if (TSHARK_PROGRAMS.every((name) => findProgram(name) !== undefined)) {
    const theirs = await tsharkFacts(path);
    if (!isDeepStrictEqual(lines.map(replayFacts), [...theirs])) throw new Error(`${path}: tshark tells another story`);
    console.log(`  ${lines.length} messages, as tshark tells them`);
  } else console.log(`  ${lines.length} messages, not compared: tshark is not installed`);
  writeFileSync(path.replace(/\.pcap$/, ".jsonl"), expectation);
}

const folder = resolve(process.env.RECORD_FOLDER ?? join(ROOT, "proto-fixtures", "pcap"));
const names = process.argv.slice(2);
const wanted = RECORDINGS.filter(({ file }) => names.length === 0 || names.some((name) => file.startsWith(name)));
const wantedSessions = MATRIX.filter(
  (session) => names.length === 0 || names.some((name) => `matrix-${session}`.startsWith(name)),
);
if (wanted.length + wantedSessions.length === 0) throw new Error(`no recording ${names.join(" ")}`);
mkdirSync(folder, { recursive: true });
for (const recording of wanted) await record(folder, recording);
if (wantedSessions.length > 0) await recordMatrix(folder, wantedSessions);
