// What a command has disabled, at a reload: it stays so, or comes up again where the front door is BIRD's.

import t from "tap";
import { configOf, World } from "./world.js";

for (const reloadEnables of [false, true]) {
  t.test(`reloadEnables: ${reloadEnables}`, async (t) => {
    const world = new World();
    const node = world.node("10.0.0.1");
    const read = (disabled: boolean): ReturnType<typeof configOf> => {
      const config = configOf(
        "10.0.0.1",
        `as: 64512
peers: [{address: 10.0.0.2, as: 64512, disabled: ${disabled}}]`,
      );
      return { ...config, compatibility: { ...config.compatibility, reloadEnables } };
    };
    await node.speaker.apply(read(false));
    await world.start("10.0.0.2", "as: 64512\npeers: [{address: 10.0.0.1, as: 64512}]");
    world.run(10_000);
    node.speaker.disablePeer("10.0.0.2");
    world.run(60_000);
    await node.speaker.apply(read(false));
    world.run(60_000);
    t.equal(node.state("10.0.0.2"), reloadEnables ? "Established" : "Idle");
    await node.speaker.apply(read(true));
    world.run(60_000);
    await node.speaker.apply(read(true));
    world.run(60_000);
    t.equal(node.state("10.0.0.2"), "Idle", "the file disables it");
  });
}
