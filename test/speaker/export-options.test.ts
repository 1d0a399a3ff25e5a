// What options do to the routes a peer is told, between speakers in memory: a hub with options, leaves that look.

import t from "tap";
import type { RouteView } from "../../src/speaker/snapshot.js";
import { type Node, World } from "./world.js";

const HUB = "10.0.0.9";
const POLICY = "policies: {everything: [{action: accept}]}";
const OPEN = "importPolicy: everything, exportPolicy: everything";

interface Leaf {
  readonly address: string;
  readonly as: number;
  readonly block: string;
  /** Options of the hub towards it. */
  readonly options?: string;
  /** The hub's AS as the leaf knows it. */
  readonly hubAs?: number;
  /** Options of the leaf towards the hub. */
  readonly own?: string;
}

const LEFT: Leaf = { address: "10.0.0.1", as: 65001, block: "10.1.0.0/16" };
const RIGHT: Leaf = { address: "10.0.0.2", as: 65002, block: "10.2.0.0/16" };

function hubConfig(as: number, leaves: readonly Leaf[]): string {
  const peer = ({ address, as: peerAs, options = "" }: Leaf): string =>
    `  - {address: ${address}, as: ${peerAs}, ${OPEN}${options === "" ? "" : `, ${options}`}}`;
  return `as: ${as}\n${POLICY}\npeers:\n${leaves.map(peer).join("\n")}\nnode: {blocks: [10.9.0.0/16]}`;
}

function leafConfig({ as, block, hubAs, own }: Leaf, as9: number): string {
  const more = own === undefined ? "" : `, ${own}`;
  return `as: ${as}\n${POLICY}\npeers: [{address: ${HUB}, as: ${hubAs ?? as9}, ${OPEN}${more}}]\nnode: {blocks: [${block}]}`;
}

interface Star {
  readonly world: World;
  readonly hub: Node;
  readonly leaves: readonly Node[];
}

async function star(as: number, ...leaves: readonly Leaf[]): Promise<Star> {
  const world = new World();
  const hub = await world.start(HUB, hubConfig(as, leaves));
  const nodes: Node[] = [];
  for (const leaf of leaves) nodes.push(await world.start(leaf.address, leafConfig(leaf, as)));
  world.run(10_000);
  return { world, hub, leaves: nodes };
}

/** `PREFIX: AS path` of all that the node was told, sorted. */
function told(node: Node | undefined): string[] {
  return views(node).map(({ prefix, asPath }) => `${prefix}: ${asPath}`);
}

function views(node: Node | undefined): RouteView[] {
  const routes = node?.routes({ stage: "received", peer: HUB }) ?? [];
  return [...routes].sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
}

/** What the hub shows as advertised, in the same words. */
function shown(hub: Node, leaf: Leaf): string[] {
  const routes = hub.routes({ stage: "advertised", peer: leaf.address });
  return routes.map(({ prefix, asPath }) => `${prefix}: ${asPath}`).sort();
}

t.test("localAs is seen in front of the speaker's AS, or alone with replace-as (RFC 7705 §3.3)", async (t) => {
  const local: Leaf = { ...LEFT, options: "localAs: 65100", hubAs: 65100 };
  const { world, hub, leaves } = await star(64512, local, RIGHT);
  t.same(told(leaves[0]), ["10.2.0.0/16: 65100 64512 65002", "10.9.0.0/16: 65100 64512"]);
  t.same(shown(hub, local), told(leaves[0]), "the hub shows what it sends");
  const replaced: Leaf = { ...local, options: "localAs: 65100, localAsReplaceAs: true" };
  await hub.apply(hubConfig(64512, [replaced, RIGHT]));
  world.run(1000);
  t.same(told(leaves[0]), ["10.2.0.0/16: 65100 65002", "10.9.0.0/16: 65100"], "after a reload without a reset");
  t.equal(hub.speaker.peer(LEFT.address)?.state, "Established");
});

t.test("as-override lets two sites of one AS hear each other", async (t) => {
  const twin: Leaf = { ...RIGHT, as: 65001 };
  const without = await star(64512, LEFT, twin);
  t.match(views(without.leaves[0])[0]?.reason, /loop|AS/, "otherwise it is a loop");
  const options = "asOverride: true";
  const { hub, leaves } = await star(64512, { ...LEFT, options }, { ...twin, options });
  t.same(told(leaves[0]), ["10.2.0.0/16: 64512 64512", "10.9.0.0/16: 64512"]);
  t.same(shown(hub, LEFT), told(leaves[0]));
  t.same(leaves[1]?.best(), [
    "10.1.0.0/16 via 10.0.0.9 from 10.0.0.9",
    "10.2.0.0/16 via - from block",
    "10.9.0.0/16 via 10.0.0.9 from 10.0.0.9",
  ]);
});

t.test("private AS numbers stay with us", async (t) => {
  const cases = [
    ["removePrivateAs: remove", ["10.2.0.0/16: 3000", "10.9.0.0/16: 3000"]],
    ["removePrivateAs: replace", ["10.2.0.0/16: 3000 3000", "10.9.0.0/16: 3000"]],
    ["", ["10.2.0.0/16: 3000 65002", "10.9.0.0/16: 3000"]],
  ] as const;
  for (const [options, wanted] of cases) {
    const { hub, leaves } = await star(3000, { ...LEFT, as: 4000, options }, RIGHT);
    t.same(told(leaves[0]), wanted, options);
    t.same(shown(hub, LEFT), told(leaves[0]));
  }
});

t.test("defaultOriginate adds and removes the default route alone", async (t) => {
  const { world, hub, leaves } = await star(64512, { ...LEFT, options: "defaultOriginate: true" }, RIGHT);
  t.same(told(leaves[0]), ["0.0.0.0/0: 64512", "10.2.0.0/16: 64512 65002", "10.9.0.0/16: 64512"]);
  t.same(shown(hub, LEFT), told(leaves[0]));
  const [shownDefault] = hub.routes({ stage: "advertised", peer: LEFT.address, prefix: "0.0.0.0/0" });
  t.equal(shownDefault?.from, "default-originate");
  t.same(told(leaves[1]), ["10.1.0.0/16: 64512 65001", "10.9.0.0/16: 64512"], "the other peer hears none");
  t.notOk(
    hub.fib().some((route) => route.startsWith("0.0.0.0/0")),
    "we do not use it ourselves",
  );
  const sent = (): number | undefined => leaves[0]?.speaker.peer(HUB)?.messages.received.update;
  const before = sent() ?? 0;
  await hub.apply(hubConfig(64512, [LEFT, RIGHT]));
  world.run(1000);
  t.same(told(leaves[0]), ["10.2.0.0/16: 64512 65002", "10.9.0.0/16: 64512"]);
  t.equal(sent(), before + 1, "one UPDATE withdraws it");
});

t.test("with ADD-PATH it is the only default route", async (t) => {
  const options = "defaultOriginate: true, addPathSend: all";
  const own = "addPathReceive: true";
  const { leaves } = await star(64512, { ...LEFT, options, own }, { ...RIGHT, block: "0.0.0.0/0" });
  t.same(told(leaves[0]), ["0.0.0.0/0: 64512", "10.9.0.0/16: 64512"]);
});

t.test("a draining hub is the last choice of everybody (RFC 8326)", async (t) => {
  const inside: Leaf = { ...RIGHT, as: 64512 };
  const { world, hub, leaves } = await star(64512, LEFT, inside);
  t.same(views(leaves[0])[1]?.communities, []);
  hub.speaker.drain("all", true);
  world.run(1000);
  const outside = views(leaves[0]).find(({ prefix }) => prefix === "10.9.0.0/16");
  t.same(outside?.communities, ["graceful-shutdown"]);
  const within = views(leaves[1]).find(({ prefix }) => prefix === "10.9.0.0/16");
  t.same([within?.communities, within?.localPref], [["graceful-shutdown"], 0]);
  hub.speaker.drain("all", false);
  world.run(1000);
  t.same(
    views(leaves[0]).map(({ communities }) => communities),
    [[], []],
  );
  t.same(views(leaves[1])[0]?.localPref, 100);
});

t.test("what a provider told goes to customers only (RFC 9234)", async (t) => {
  const provider: Leaf = { ...LEFT, options: "role: customer", own: "role: provider" };
  const customer: Leaf = { ...RIGHT, options: "role: provider", own: "role: customer" };
  const other: Leaf = {
    address: "10.0.0.3",
    as: 65003,
    block: "10.3.0.0/16",
    options: "role: peer",
    own: "role: peer",
  };
  const { leaves } = await star(64512, provider, customer, other);
  t.same(told(leaves[0]), ["10.2.0.0/16: 64512 65002", "10.9.0.0/16: 64512"], "provider: our customers and ourselves");
  t.same(
    told(leaves[1]),
    ["10.1.0.0/16: 64512 65001", "10.3.0.0/16: 64512 65003", "10.9.0.0/16: 64512"],
    "customer: everything",
  );
  t.same(told(leaves[2]), ["10.2.0.0/16: 64512 65002", "10.9.0.0/16: 64512"], "peer: our customers and ourselves");
});
