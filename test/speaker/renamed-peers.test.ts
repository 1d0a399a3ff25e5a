// Policies that ask from whom a route was learned, over a reload that gives a peer another name or group.

import t from "tap";
import { World } from "./world.js";

const HUB = "10.0.0.1";
const SENDER = "10.0.0.2";
const READER = "10.0.0.3";

const hub = (group: string, policy: string): string => `
as: 64512
policies:
  customers-only:
    - {match: {${policy}: {group: customers}}, action: accept}
peerGroups: {customers: {as: 64512}, transit: {as: 64512}}
peers:
  - {address: ${SENDER}, group: ${group}, routeReflectorClient: true${policy === "peer" ? ", importPolicy: customers-only" : ""}}
  - {address: ${READER}, as: 64512, routeReflectorClient: true${policy === "peer" ? "" : ", exportPolicy: customers-only"}}`;

const leaf = (block: string): string => `
as: 64512
peers: [{address: ${HUB}, as: 64512}]
node: {blocks: [${block}]}`;

for (const [direction, policy] of [
  ["export", "learnedFrom"],
  ["import", "peer"],
] as const) {
  t.test(`another group of the sender, ${direction}`, async (t) => {
    const world = new World();
    const node = await world.start(HUB, hub("customers", policy));
    await world.start(SENDER, leaf("10.244.2.0/26"));
    const reader = await world.start(READER, leaf("10.244.3.0/26"));
    world.run(10_000);
    const heard = (): readonly string[] => reader.routes({ stage: "received", peer: HUB }).map(({ prefix }) => prefix);
    t.same(heard(), ["10.244.2.0/26"]);
    await node.apply(hub("transit", policy));
    world.run(10_000);
    t.same(heard(), [], "no customer any more");
    node.speaker.refreshPeer(READER, "out");
    world.run(10_000);
    t.same(heard(), [], "nor after a refresh");
    await node.apply(hub("customers", policy));
    world.run(10_000);
    t.same(heard(), ["10.244.2.0/26"]);
    t.equal(node.state(SENDER), "Established");
    t.match(node.speaker.peer(SENDER), { transitions: 1 });
  });
}
