// Status of many peers, made in slices: the same as at once, whatever happens in between.

import t from "tap";
import type { Clock } from "../../src/base/clock.js";
import { peerChunks } from "../../src/speaker/peer-status.js";
import { World } from "./world.js";

const BLOCKS = Array.from({ length: 5000 }, (_, i) => `10.${100 + (i >> 8)}.${i & 255}.0/24`);

async function makeWorld(): Promise<World> {
  const world = new World();
  const peers = ["10.0.0.2", "10.0.0.3", "10.0.0.4"].map((address) => `{address: ${address}, as: 64512}`);
  await world.start("10.0.0.1", `as: 64512\npeers: [${peers.join(", ")}]\n`);
  await world.start(
    "10.0.0.2",
    `as: 64512\npeers: [{address: 10.0.0.1, as: 64512}]\nnode: {blocks: [${BLOCKS.join(", ")}]}\n`,
  );
  world.run(10_000);
  return world;
}

t.test("all peers, and one, come as they do at once", async (t) => {
  const { nodes } = await makeWorld();
  const speaker = nodes.get("10.0.0.1")?.speaker;
  t.ok(speaker);
  t.same([...(speaker?.peerChunks() ?? [])].flat(), speaker?.peers());
  t.equal(speaker?.peers()[0].families[0].best, BLOCKS.length);
  t.same([...(speaker?.peerChunks("10.0.0.3") ?? [])].flat(), [speaker?.peer("10.0.0.3")]);
  t.same(
    speaker?.peerNames().map(({ address }) => address),
    ["10.0.0.2", "10.0.0.3", "10.0.0.4"],
  );
  t.equal(speaker?.findPeer("10.9.9.9"), undefined);
});

t.test("the count of a large table gives way every few thousand prefixes", async (t) => {
  const { nodes } = await makeWorld();
  const rib = nodes.get("10.0.0.1")?.speaker.rib;
  const counting = rib?.countingBySource(0);
  let steps = 0;
  let step = counting?.next();
  for (; step?.done === false; step = counting?.next()) steps++;
  t.equal(steps, Math.floor(BLOCKS.length / 2048));
  t.same(step?.value, rib?.countBySource(0));
});

t.test("where time is short every step gives way", async (t) => {
  const { nodes } = await makeWorld();
  const rib = nodes.get("10.0.0.1")?.speaker.rib;
  t.ok(rib);
  if (rib === undefined) return;
  let now = 0;
  const hasty: Clock = {
    // Each look finds the slice over.
    now: () => (now += 10),
    wallTime: () => 0,
    at: () => ({ cancel: () => undefined }),
    soon: () => undefined,
  };
  const chunks = [...peerChunks([], rib, hasty)];
  t.same(chunks.flat(), []);
  t.equal(chunks.length, Math.floor(BLOCKS.length / 2048) + 1);
});
