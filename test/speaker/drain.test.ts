// Graceful shutdown (RFC 8326) as an operator starts it: what neighbours hear, what we make of their routes.

import t from "tap";
import { type Node, World } from "./world.js";

/** An external peer with one prefix of its own, which both of our nodes hear. */
const outside = `
as: 65010
peers:
  - {address: 10.0.0.1, as: 65000, importPolicy: accept, exportPolicy: accept}
  - {address: 10.0.0.2, as: 65000, importPolicy: accept, exportPolicy: accept}
node: {static: [{prefix: 198.51.100.0/24, type: none}]}`;

const inside = (other: string, block: string, more = ""): string => `
as: 65000
peers:
  - {address: ${other}, as: 65000, nextHop: self}
  - {address: 10.0.0.9, as: 65010, importPolicy: accept, exportPolicy: accept, name: uplink}
${more}
node: {static: [{prefix: ${block}, type: none}, {prefix: 192.0.2.0/24, type: none}]}`;

interface Triangle {
  readonly world: World;
  readonly a: Node;
  readonly b: Node;
  readonly uplink: Node;
}

async function triangle(): Promise<Triangle> {
  const world = new World();
  const uplink = await world.start("10.0.0.9", outside);
  const a = await world.start("10.0.0.1", inside("10.0.0.2", "10.1.0.0/24"));
  const b = await world.start("10.0.0.2", inside("10.0.0.1", "10.2.0.0/24"));
  world.run(10_000);
  return { world, a, b, uplink };
}

const GRACEFUL_SHUTDOWN = "graceful-shutdown";

function heard(node: Node, peer: string, prefix: string): { readonly marked: boolean; readonly localPref: unknown } {
  const route = node.routes({ stage: "received", peer }).find((other) => other.prefix === prefix);
  return { marked: route?.communities.includes(GRACEFUL_SHUTDOWN) === true, localPref: route?.localPref };
}

/** From whom the node has its best route. */
const bestFrom = (node: Node, prefix: string): string | undefined =>
  node.routes({ stage: "best" }).find((route) => route.prefix === prefix)?.from;

t.test("draining an external peer moves the traffic of both directions away, before the session ends", async (t) => {
  const { world, a, b, uplink } = await triangle();
  t.equal(bestFrom(uplink, "192.0.2.0/24"), "10.0.0.1");
  t.equal(bestFrom(a, "198.51.100.0/24"), "10.0.0.9");
  a.speaker.drain(["uplink"], true);
  world.run(1000);
  t.same(heard(uplink, "10.0.0.1", "192.0.2.0/24").marked, true, "outbound: marked (§4.2)");
  t.equal(bestFrom(uplink, "192.0.2.0/24"), "10.0.0.2", "the neighbour honours it");
  t.equal(bestFrom(a, "198.51.100.0/24"), "10.0.0.2", "inbound: our own choice is the other node");
  t.equal(bestFrom(b, "198.51.100.0/24"), "10.0.0.9");
  t.equal(a.state("10.0.0.9"), "Established", "nothing is withdrawn");
  t.same(heard(b, "10.0.0.1", "10.1.0.0/24"), { marked: false, localPref: 100 }, "other sessions hear nothing of it");
  t.equal(a.speaker.peer("uplink")?.draining, true);
  t.equal(a.speaker.peer("10.0.0.2")?.draining, false);
  t.same(a.speaker.status().draining, { peers: 1, all: false });
});

t.test("it is kept over a reload and taken back by hand", async (t) => {
  const { world, a, uplink } = await triangle();
  a.speaker.drain(["10.0.0.9"], true);
  await a.apply(inside("10.0.0.2", "10.1.0.0/24", "multipath: {ebgp: 2}"));
  world.run(1000);
  t.equal(heard(uplink, "10.0.0.1", "192.0.2.0/24").marked, true);
  t.equal(a.speaker.peer("10.0.0.9")?.transitions, 1, "no session was reset");
  a.speaker.drain(["10.0.0.9"], false);
  world.run(1000);
  t.equal(heard(uplink, "10.0.0.1", "192.0.2.0/24").marked, false);
  t.equal(bestFrom(uplink, "192.0.2.0/24"), "10.0.0.1");
  t.equal(bestFrom(a, "198.51.100.0/24"), "10.0.0.9");
  t.same(a.speaker.status().draining, { peers: 0, all: false });
});

t.test("a session that comes up while its peer is drained begins that way", async (t) => {
  const { world, a, uplink } = await triangle();
  a.speaker.drain(["10.0.0.9"], true);
  a.speaker.resetPeer("10.0.0.9");
  world.run(20_000);
  t.equal(a.state("10.0.0.9"), "Established");
  t.equal(heard(uplink, "10.0.0.1", "192.0.2.0/24").marked, true);
  t.equal(bestFrom(a, "198.51.100.0/24"), "10.0.0.2");
});

t.test("draining everything concerns inner sessions too, and peers that come later", async (t) => {
  const { world, a, b, uplink } = await triangle();
  const late = await world.start(
    "10.0.0.7",
    "as: 65007\npeers: [{address: 10.0.0.1, as: 65000, importPolicy: accept, exportPolicy: accept}]",
  );
  a.speaker.drain("all", true);
  const withLate = inside("10.0.0.2", "10.1.0.0/24").replace(
    "peers:",
    "peers:\n  - {address: 10.0.0.7, as: 65007, importPolicy: accept, exportPolicy: accept}",
  );
  await a.apply(withLate);
  world.run(20_000);
  t.same(heard(b, "10.0.0.1", "10.1.0.0/24"), { marked: true, localPref: 0 }, "inside the AS also LOCAL_PREF 0");
  t.equal(heard(uplink, "10.0.0.1", "10.1.0.0/24").marked, true);
  t.equal(heard(late, "10.0.0.1", "10.1.0.0/24").marked, true);
  t.same(a.speaker.status().draining, { peers: 3, all: true });
  a.speaker.drain(["10.0.0.7"], false);
  world.run(1000);
  t.equal(heard(late, "10.0.0.1", "10.1.0.0/24").marked, false, "an exception");
  a.speaker.drain("all", false);
  world.run(1000);
  t.same(heard(b, "10.0.0.1", "10.1.0.0/24"), { marked: false, localPref: 100 });
  t.same(a.speaker.status().draining, { peers: 0, all: false });
});

t.test("an unknown peer is refused, and nobody is drained", async (t) => {
  const { a } = await triangle();
  t.throws(() => a.speaker.drain(["10.0.0.9", "10.0.0.77"], true), { message: "no peer 10.0.0.77" });
  t.same(a.speaker.status().draining, { peers: 0, all: false });
});
