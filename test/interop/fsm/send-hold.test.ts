// The send hold timer (RFC 9687) over real TCP: a peer that goes on talking but takes nothing any more.

import t from "tap";
import { eventually, pause } from "../../support/eventually.js";
import { type PeerSettings, freePort, PEER_PORT_OFFSET, StarlingSubject, SUBJECT_ADDRESS } from "./subject.js";
import { KEEPALIVE, open, ROUTE_REFRESH, ScriptedPeer, type Wire } from "./wire.js";

t.setTimeout(120_000);

const ROUTES = 10_000;
const SEND_HOLD_SECONDS = 6;

const PEERS: readonly PeerSettings[] = ["127.0.1.1", "127.0.1.2"].map((address) => ({
  address,
  as: 65009,
  passive: true,
  holdTimeSeconds: 6,
  idleHoldSeconds: [1, 8],
  ours: { sendHoldSeconds: SEND_HOLD_SECONDS },
}));

async function establish(subject: StarlingSubject, peer: ScriptedPeer): Promise<Wire> {
  const wire = await peer.connect();
  t.equal((await wire.next()).text, "OPEN");
  wire.send(open(), KEEPALIVE);
  await subject.starling.established(peer.address);
  return wire;
}

t.test("a peer that takes nothing loses its session, one that reads keeps it", async (t) => {
  const subject = new StarlingSubject(await freePort());
  t.teardown(() => subject.end());
  const statics = Array.from({ length: ROUTES }, (_, n) => `10.${n >> 8}.${n & 255}.0/24`);
  await subject.start(PEERS, { node: { static: statics.map((prefix) => ({ prefix, type: "none" })) } });
  const endpoint = { address: SUBJECT_ADDRESS, port: subject.port };
  const [deaf, hearing] = PEERS.map(
    ({ address }) => new ScriptedPeer(address, subject.port + PEER_PORT_OFFSET, endpoint),
  );
  t.teardown(() => deaf.end());
  t.teardown(() => hearing.end());
  const wires = [await establish(subject, deaf), await establish(subject, hearing)];
  wires[0].stopReading();
  const talking = setInterval(() => {
    for (const wire of wires) wire.send(KEEPALIVE);
  }, 1000);
  t.teardown(() => clearInterval(talking));

  // Each request is answered by the whole table, until the connection is full.
  await eventually(
    "a full connection",
    async () => {
      for (const wire of wires) wire.send(ROUTE_REFRESH);
      await pause(20);
      return (await subject.starling.peer(deaf.address)).outputQueueBytes > 0;
    },
    60_000,
  );
  const before = performance.now();
  const ended = await subject.starling.peerWhen(deaf.address, "ended", (peer) => peer.state !== "Established", 30_000);
  const seconds = (performance.now() - before) / 1000;
  t.match(ended.lastError, `send hold timer expired: the peer has taken nothing for ${SEND_HOLD_SECONDS} s`);
  t.ok(seconds > SEND_HOLD_SECONDS - 2 && seconds < SEND_HOLD_SECONDS + 6, `${seconds.toFixed(1)} s`);
  t.equal((await subject.starling.peer(hearing.address)).state, "Established");
  t.equal((await subject.starling.peer(hearing.address)).transitions, 1);
  // It may come back at once.
  const again = await establish(subject, deaf);
  again.close();
});
