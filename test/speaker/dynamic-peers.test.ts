// Peers of a range of addresses over reloads and commands: who becomes a configured peer, who stays disabled, who learns that
// we are somebody else.

import t from "tap";
import { type Node, World } from "./world.js";

const REFLECTOR = "10.0.0.9";
const CLIENT = "10.0.0.1";
const GROUP = "peerGroups: {clients: {as: 64512, routeReflectorClient: true}}";
const RANGE = `
as: 64512
${GROUP}
dynamicPeers: [{prefix: 10.0.0.0/29, group: clients}]`;
const LISTED = `peers: [{address: ${CLIENT}, group: clients, name: first}]`;

async function admitted(world: World): Promise<Node> {
  const reflector = await world.start(REFLECTOR, RANGE);
  await world.start(CLIENT, `as: 64512\npeers: [{address: ${REFLECTOR}, as: 64512}]\nnode: {blocks: [10.244.1.0/26]}`);
  world.run(10_000);
  return reflector;
}

for (const [name, yaml] of [
  ["instead of its range", `as: 64512\n${GROUP}\n${LISTED}`],
  ["beside its range", `${RANGE}\n${LISTED}`],
] as const) {
  t.test(`a dynamic peer that is listed ${name} becomes a configured one`, async (t) => {
    const world = new World();
    const reflector = await admitted(world);
    t.equal(reflector.speaker.peerOf(CLIENT)?.isDynamic, true);
    const changes = await reflector.apply(yaml);
    t.same(changes, [`dynamic peer ${CLIENT} removed: it is configured now`, `peer ${CLIENT} added`]);
    world.run(120_000);
    t.equal(reflector.state(CLIENT), "Established");
    t.equal(reflector.speaker.peerOf(CLIENT)?.isDynamic, false);
    t.same(reflector.best(), ["10.244.1.0/26 via 10.0.0.1 from 10.0.0.1"]);
    for (const address of [CLIENT, REFLECTOR]) world.network.setFailure(address, "silent");
    world.network.cut(CLIENT, REFLECTOR);
    world.run(400_000);
    t.ok(reflector.speaker.peer(CLIENT), "it is not forgotten while it is away");
  });
}

t.test("a configured peer that is listed no longer may come back by its range", async (t) => {
  const world = new World();
  const reflector = await admitted(world);
  await reflector.apply(`${RANGE}\n${LISTED}`);
  world.run(120_000);
  await reflector.apply(RANGE);
  t.equal(reflector.state(CLIENT), undefined);
  world.run(120_000);
  t.equal(reflector.state(CLIENT), "Established");
  t.equal(reflector.speaker.peerOf(CLIENT)?.isDynamic, true);
});

t.test("a dynamic peer that is disabled stays so until it is enabled", async (t) => {
  const world = new World();
  const reflector = await admitted(world);
  reflector.speaker.disablePeer(CLIENT);
  world.run(200_000);
  t.equal(reflector.state(CLIENT), "Idle");
  reflector.speaker.enablePeer(CLIENT);
  world.run(120_000);
  t.equal(reflector.state(CLIENT), "Established");
});

t.test("another identity of ours reaches dynamic peers", async (t) => {
  for (const [field, yaml, isOther] of [
    ["nothing", RANGE, false],
    ["clusterId", `${RANGE}\nclusterId: 192.0.2.1`, true],
    ["routerId", `${RANGE}\nrouterId: 192.0.2.1`, true],
  ] as const) {
    const world = new World();
    const reflector = await admitted(world);
    const changes = await reflector.apply(yaml);
    const expected = isOther ? [`dynamic peer ${CLIENT} removed: routerId or clusterId changed`] : [];
    t.same(changes, expected, field);
    world.run(120_000);
    t.equal(reflector.state(CLIENT), "Established", field);
    const client = world.nodes.get(CLIENT)?.speaker.peer(REFLECTOR);
    t.equal(client?.routerId, field === "routerId" ? "192.0.2.1" : REFLECTOR, field);
  }
});

t.test("other options of the speaker reach dynamic peers that stay", async (t) => {
  const world = new World();
  const reflector = await admitted(world);
  t.same(await reflector.apply(`${RANGE}\ngracefulRestart: {staleTimeSeconds: 40}`), []);
  world.network.setFailure(CLIENT, "silent");
  world.network.setFailure(REFLECTOR, "silent");
  world.network.cut(CLIENT, REFLECTOR);
  world.run(39_000);
  t.equal(reflector.best().length, 1);
  world.run(2000);
  t.equal(reflector.best().length, 0, "kept for the new time");
});
