// Nonsense on the BGP port: each kind is answered as RFC 4271 §6 says, and nobody else notices.

import t from "tap";
import { fromHex, readU16 } from "../../../src/base/bytes.js";
import { type Host, Lan } from "../../support/lan.js";
import { BIRD2_PROGRAMS, Bird2 } from "../../support/peers/bird2.js";
import { established } from "../../support/peers/waiting.js";
import { needs } from "../../support/requirements.js";
import { Starling } from "../../support/starling.js";

t.setTimeout(120_000);

const MARKER = "ff".repeat(16);
/** An OPEN of AS 65009, hold time 90, identifier 10.0.0.99, without capabilities. */
const OPEN = `${MARKER}001d0104fdf1005a0a00006300`;

interface Row {
  readonly name: string;
  /** Octets sent, in hexadecimal. */
  readonly sent: string;
  /** NOTIFICATION code and subcode that come back; undefined: the connection is closed without one. */
  readonly answer: string | undefined;
}

const ROWS: readonly Row[] = [
  { name: "a web browser", sent: Buffer.from("GET / HTTP/1.1\r\nHost: bgp\r\n\r\n").toString("hex"), answer: "1/1" },
  { name: "zeros", sent: "00".repeat(5000), answer: "1/1" },
  { name: "a marker with one wrong bit", sent: `${"ff".repeat(15)}fe001304`, answer: "1/1" },
  { name: "a message shorter than its header", sent: `${MARKER}001204`, answer: "1/2" },
  { name: "a message of 4097 octets before OPEN", sent: `${MARKER}100101${"00".repeat(4078)}`, answer: "1/2" },
  { name: "an unknown type", sent: `${MARKER}001309`, answer: "1/3" },
  { name: "an OPEN that is too short", sent: `${MARKER}001c0104fdf1005a0a000063`, answer: "1/2" },
  { name: "BGP version 3", sent: OPEN.replace("001d0104", "001d0103"), answer: "2/1" },
  { name: "an AS number that is not the peer's", sent: OPEN.replace("fdf1", "fdf2"), answer: "2/2" },
  { name: "an identifier of zero", sent: OPEN.replace("0a000063", "00000000"), answer: "2/3" },
  { name: "a hold time of two seconds", sent: OPEN.replace("005a", "0002"), answer: "2/6" },
  { name: "an UPDATE before OPEN", sent: `${MARKER}00170200000000`, answer: "5/1" },
  { name: "an UPDATE instead of KEEPALIVE", sent: `${OPEN}${MARKER}00170200000000`, answer: "5/2" },
  { name: "an UPDATE whose lengths exceed it", sent: `${OPEN}${MARKER}001304${MARKER}001702ffff0000`, answer: "3/1" },
];

/** Connects to port 179 from `local`, sends, and prints in hexadecimal what comes until the connection ends. */
const CLIENT = `
const [local, remote, hex] = process.argv.slice(1);
const socket = require("node:net").connect({ host: remote, port: 179, localAddress: local });
socket.on("connect", () => socket.write(Buffer.from(hex, "hex")));
socket.on("data", (chunk) => process.stdout.write(chunk.toString("hex")));
socket.on("error", (error) => process.stderr.write(error.code));
socket.on("close", () => process.exit(0));
setTimeout(() => { process.stderr.write("still open"); process.exit(3); }, 8000);
`;

async function send(from: Host, local: string, us: Host, hex: string): Promise<string> {
  return from.namespace.exec([process.execPath, "-e", CLIENT, local, us.ipv4, hex]);
}

/** `code/subcode` of the NOTIFICATION in a stream of whole messages; undefined if there is none. */
function findNotification(hex: string): string | undefined {
  const bytes = fromHex(hex);
  for (let at = 0; at + 19 <= bytes.length; at += readU16(bytes, at + 16)) {
    if (bytes[at + 18] === 3) return `${bytes[at + 19]}/${bytes[at + 20]}`;
  }
  return undefined;
}

t.test("nonsense on the BGP port", needs(...BIRD2_PROGRAMS), async (t) => {
  const lan = await Lan.open(["starling", "bird", "stranger"]);
  t.teardown(() => lan.close());
  const [us, birdHost, stranger] = lan.hosts;
  // Each row comes from a peer of its own: after a mistake a peer has to wait.
  const sourceOf = (row: number): string => `10.0.0.${100 + row}`;
  for (const row of ROWS.keys()) await stranger.namespace.exec(`ip address add ${sourceOf(row)}/24 dev eth0`);
  const bird = new Bird2(birdHost.namespace, {
    as: 65000,
    routerId: birdHost.ipv4,
    neighbors: [{ address: us.ipv4, as: 65000 }],
  });
  const starling = new Starling(us.namespace, {
    routerId: us.ipv4,
    as: 65000,
    listen: [`${us.ipv4}:179`],
    kernel: { enabled: false },
    peers: [
      { address: birdHost.ipv4, as: 65000 },
      ...[...ROWS.keys()].map((row) => ({ address: sourceOf(row), as: 65009, passive: true })),
    ],
  });
  t.teardown(() => bird.stop());
  await bird.start();
  t.teardown(() => starling.remove());
  await starling.start();
  await established(bird, us.ipv4);

  for (const [index, row] of ROWS.entries()) {
    await t.test(`${row.name} is answered with ${row.answer}`, async (t) => {
      t.equal(findNotification(await send(stranger, sourceOf(index), us, row.sent)), row.answer);
      const peer = await starling.peer(sourceOf(index));
      t.not(peer.state, "Established");
      t.not(peer.lastError ?? "", "", "and the status says why");
    });
  }

  await t.test("a stranger is turned away", async (t) => {
    const answer = findNotification(await send(stranger, stranger.ipv4, us, OPEN));
    // RFC 4486: Cease/Connection Rejected, or nothing at all.
    t.ok(answer === undefined || answer === "6/5", `answer: ${answer}`);
    t.notOk(
      (await starling.status()).peers.some((peer) => peer.address === stranger.ipv4),
      "no peer comes of it",
    );
  });

  t.equal((await starling.peer(birdHost.ipv4)).transitions, 1, "the session with BIRD was never touched");
  t.equal((await bird.neighborState(us.ipv4)).state, "Established");
  t.notMatch(starling.log(), /bug:|\bat .*:\d+:\d+/, "no stack trace in the log");
});
