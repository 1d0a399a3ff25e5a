// The end of a speaker: what the kernel forwards by stays, however long the kernel is busy with what it was asked before.

import t from "tap";
import { World } from "./world.js";

const BUSY_MS = 50;

const yaml = (peer: string, block: string): string => `
as: 64512
gracefulRestart: {enabled: false}
peers: [{address: ${peer}, as: 64512}]
node: {blocks: [${block}]}`;

for (const graceful of [true, false]) {
  t.test(`peers hear Cease, the kernel is busy, its routes stay (graceful: ${graceful})`, async (t) => {
    const world = new World();
    const node = await world.start("10.0.0.1", yaml("10.0.0.2", "10.244.1.0/26"));
    await world.start("10.0.0.2", yaml("10.0.0.1", "10.244.2.0/26"));
    world.run(10_000);
    const before = node.kernel.routes();
    t.ok(before.includes("10.244.2.0/26 via 10.0.0.2 dev eth0"));
    const { clock } = world;
    node.kernel.flushed = () => new Promise((resolve) => void clock.at(clock.now() + BUSY_MS, resolve));
    const stopped = node.speaker.stop({ graceful });
    world.run(2 * BUSY_MS);
    await stopped;
    t.same(node.kernel.routes(), before);
    t.equal(node.routes({ stage: "best" }).length, 1, "the tables have let go of them");
  });
}

t.test("a look at everything that is under way ends with the speaker", async (t) => {
  const world = new World();
  const node = await world.start("10.0.0.1", yaml("10.0.0.2", "10.244.1.0/26"));
  world.run(1000);
  await node.apply(`${yaml("10.0.0.2", "10.244.1.0/26")}\nkernel: {exportPolicy: [reject]}`);
  await node.speaker.stop({ graceful: false });
  world.run(1000);
  t.same(node.kernel.routes(), ["10.244.1.0/26 blackhole"]);
  t.equal(node.speaker.rib.queue.length, 0);
});
