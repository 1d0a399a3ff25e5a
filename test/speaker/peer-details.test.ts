// What the views beside the status tell about a session and its routes.

import t from "tap";
import { configOf, type Node, World } from "./world.js";
import { ScriptedPeer } from "./scripted-peer.js";

const PEER = "10.0.0.2";
const YAML = `
as: 64512
peers:
  - {address: ${PEER}, as: 64512, multihop: 3, routeReflectorClient: true, importPolicy: only}
  - {address: 10.0.0.3, as: 64512, passive: true}
prefixSets: {pods: ["10.1.0.0/16 le 32"]}
policies: {only: [{match: {prefixSet: pods}, action: accept}, {action: reject}]}
node: {blocks: [10.244.1.0/26]}`;

function detailsOf(node: Node, key: string): ReturnType<Node["speaker"]["peerDetails"]>[number] {
  const found = node.speaker.peerDetails().find(({ address }) => address === key);
  if (found === undefined) throw new Error(`no peer ${key}`);
  return found;
}

t.test("a session: timers, what was negotiated, who opened it", async (t) => {
  const world = new World();
  const node = await world.start("10.0.0.1", YAML);
  const idle = detailsOf(node, "10.0.0.3");
  t.equal(idle.state, "Active");
  t.ok(idle.passive);
  t.equal(idle.session, undefined);
  const peer = new ScriptedPeer(world, PEER, "10.0.0.1");
  world.run(8000);
  const details = detailsOf(node, PEER);
  t.equal(details.state, "Established");
  t.equal(details.localAddress, "10.0.0.1");
  t.ok(details.multihop);
  t.match(details.session, {
    isInternal: true,
    remoteId: "10.0.0.99",
    fourOctetAs: true,
    addPathReceive: false,
    holdTimeSeconds: 90,
    offered: { routeRefresh: true, enhancedRouteRefresh: true, gracefulRestart: undefined, addPathSend: false },
  });
  const timers = details.connections[0]?.timers ?? [];
  const hold = timers.find(({ name }) => name === "HoldTimer");
  t.equal(hold?.totalSeconds, 90);
  t.ok(hold !== undefined && hold.secondsLeft > 0 && hold.secondsLeft <= 90);
  t.equal(details.lastFailure, undefined);
  peer.session.stop(undefined, "new disk");
  world.run(100);
  const down = detailsOf(node, PEER);
  t.match(down.lastFailure, { kind: "received", code: 6, subcode: 2, text: '"new disk"' });
  t.equal(down.isErrorWait, true);
  t.ok(down.connections[0]?.timers.some(({ name }) => name === "IdleHoldTimer"));
  t.ok(down.changedAt >= details.changedAt);
});

t.test("counters of routes: told, filtered, told again, withdrawn; and what goes out", async (t) => {
  const world = new World();
  const node = await world.start("10.0.0.1", YAML);
  const peer = new ScriptedPeer(world, PEER, "10.0.0.1");
  world.run(8000);
  peer.announce(["10.1.1.0/24", "10.1.2.0/24", "192.168.0.0/16"]);
  peer.announce(["10.1.1.0/24"]);
  peer.announce(["10.1.3.0/24"], { originatorId: 0x0a000001 });
  world.run(100);
  t.match(detailsOf(node, PEER).counts.imported, {
    updates: 5,
    filtered: 1,
    rejected: 1,
    ignored: 1,
    accepted: 2,
    withdrawals: 0,
  });
  peer.withdraw(["10.1.1.0/24", "10.9.0.0/16"]);
  world.run(100);
  t.match(detailsOf(node, PEER).counts.imported, {
    withdrawals: 2,
    acceptedWithdrawals: 1,
    ignoredWithdrawals: 1,
  });
  const { exported } = detailsOf(node, PEER).counts;
  t.ok(exported.accepted >= 1);
  t.equal(exported.updates, exported.accepted + exported.rejected + exported.filtered);
});

t.test("a route tells since when it is as it is, where the speaker keeps that", async (t) => {
  for (const keepsTimes of [false, true]) {
    const world = new World();
    const node = world.node("10.0.0.1", { keepsTimes });
    await node.speaker.apply(configOf("10.0.0.1", YAML));
    const peer = new ScriptedPeer(world, PEER, "10.0.0.1");
    world.run(8000);
    const before = new Date(world.clock.wallTime()).toISOString();
    peer.announce(["10.1.1.0/24"]);
    world.run(60_000);
    const [route] = node.routes({ stage: "received", peer: PEER });
    if (keepsTimes) {
      const age = world.clock.wallTime() - Date.parse(route?.since ?? "");
      t.ok((route?.since ?? "") >= before && age > 59_000, `${route?.since}`);
    } else t.notOk(route !== undefined && "since" in route);
  }
});
