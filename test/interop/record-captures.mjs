// Records sessions of Starling with real peers as short pcap files for replay and decoder tests:
//
//   node src/prepare.mjs --tests && node test/interop/record-captures.mjs [FOLDER]      default: proto-fixtures/pcap
//
// Each recording: the session comes up, both sides announce both families, the peer asks for a refresh, one route is
// withdrawn, the session is shut down with a text. Needs root, tcpdump and the peers.

import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SUPPORT = join(ROOT, "build", "test", "support");
const { DaemonProcess } = await import(join(SUPPORT, "daemon-process.js"));
const { eventually, pause } = await import(join(SUPPORT, "eventually.js"));
const { Lan } = await import(join(SUPPORT, "lan.js"));
const { Bird2 } = await import(join(SUPPORT, "peers", "bird2.js"));
const { Frr } = await import(join(SUPPORT, "peers", "frr.js"));
const { Gobgp } = await import(join(SUPPORT, "peers", "gobgp.js"));
const { bestRoute, established, noRoute } = await import(join(SUPPORT, "peers", "waiting.js"));
const { Starling } = await import(join(SUPPORT, "starling.js"));

const RECORDINGS = [
  { file: "ebgp-bird2.pcap", Peer: Bird2, as: 65001 },
  { file: "ibgp-client-bird2.pcap", Peer: Bird2, as: 65000 },
  { file: "ebgp-frr.pcap", Peer: Frr, as: 65002 },
  { file: "ibgp-client-frr.pcap", Peer: Frr, as: 65000 },
  { file: "ebgp-gobgp.pcap", Peer: Gobgp, as: 65003 },
];
const OURS = ["192.0.2.0/24", "2001:db8:5::/48"];
const THEIRS = ["198.18.1.0/24", "2001:db8:b::/48"];

function starlingConfig(us, them, as) {
  const policies = as === 65000 ? { routeReflectorClient: true } : { importPolicy: "accept", exportPolicy: "accept" };
  return {
    routerId: us.ipv4,
    as: 65000,
    listen: [`${us.ipv4}:179`, `[${us.ipv6}]:179`],
    kernel: { enabled: false },
    node: { static: OURS.map((prefix) => ({ prefix, type: "none" })) },
    peers: [them.ipv4, them.ipv6].map((address) => ({ address, as, ...policies })),
  };
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

async function converse(starling, peer, us) {
  for (const address of [us.ipv4, us.ipv6]) await established(peer, address);
  for (const prefix of OURS) await bestRoute(peer, prefix);
  for (const prefix of THEIRS) await starling.bestRoute(prefix);
  await peer.refresh(us.ipv4);
  await peer.withdraw(THEIRS[0]);
  await starling.noRoute(THEIRS[0]);
  await peer.announce(THEIRS[0]);
  await starling.bestRoute(THEIRS[0]);
  await peer.shutdown(us.ipv4, "end of recording");
  await starling.noRoute(THEIRS[0]);
  await noRoute(peer, OURS[0]);
}

async function record(folder, { file, Peer, as }) {
  const lan = await Lan.open(["starling", "peer"]);
  const [us, them] = lan.hosts;
  const neighbors = [us.ipv4, us.ipv6].map((address) => ({ address, as: 65000, gracefulRestart: true }));
  const description = { as, routerId: them.ipv4, neighbors, announce: THEIRS, communities: ["65000:1"] };
  const peer = new Peer(them.namespace, description);
  const starling = new Starling(us.namespace, starlingConfig(us, them, as));
  try {
    const capture = await startCapture(us, join(folder, file));
    await peer.start();
    await starling.start();
    await converse(starling, peer, us);
    await pause(500); // the last packets, those of the shutdown, are still on their way to the file
    await capture.stop();
    console.log(`${file}: ${/(\d+) packets captured/.exec(capture.output)?.[1] ?? "no"} packets`);
  } finally {
    await starling.remove();
    await peer.stop();
    await lan.close();
  }
}

const folder = resolve(process.argv[2] ?? join(ROOT, "proto-fixtures", "pcap"));
mkdirSync(folder, { recursive: true });
for (const recording of RECORDINGS) await record(folder, recording);
