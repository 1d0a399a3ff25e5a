// `import limit` of BIRD: of what a peer sends only what the import policy accepts counts.

import t from "tap";
import { FilterChoices } from "../../src/bird/config/filter-choices.js";
import { toSpeakerConfig } from "../../src/bird/config/to-speaker-config.js";
import { filesOf } from "../../src/bird/language/config-files.js";
import { readBirdConfig } from "../../src/bird/language/read-bird-config.js";
import type { SpeakerConfig } from "../../src/config/speaker-config.js";
import { type Node, World } from "./world.js";

function read(text: string): SpeakerConfig {
  const declared = readBirdConfig("bird.cfg", { ipVersion: 4, files: filesOf({ "bird.cfg": text }) });
  const filters = new FilterChoices({ scripts: declared.scripts, log: () => undefined });
  return toSpeakerConfig(declared, { routerId: 1, controlSocket: "", filters });
}

const receiver = (limits: string): SpeakerConfig =>
  read(`router id 10.0.0.1; protocol device { } protocol bgp one {
    local as 65001; neighbor 10.0.0.2 as 65001; error wait time 5, 30; ${limits}
    import filter { if net ~ 10.1.0.0/16 then accept; reject; }; }`);

async function open(limits: string): Promise<{ world: World; node: Node; sender: Node }> {
  const world = new World();
  const node = world.node("10.0.0.1");
  await node.speaker.apply(receiver(limits));
  const routes = [0, 1, 2].flatMap((i) => [`10.1.${i}.0/24`, `10.2.${i}.0/24`]);
  const sender = world.node("10.0.0.2");
  const statics = routes.map((route) => `route ${route} blackhole;`).join(" ");
  await sender.speaker.apply(
    read(`router id 10.0.0.2; protocol static { ${statics} } protocol bgp one {
      local as 65001; neighbor 10.0.0.1 as 65001; export all; }`),
  );
  world.run(10_000);
  return { world, node, sender };
}

for (const { limits, state } of [
  { limits: "import limit 3 action disable;", state: "Established" },
  { limits: "import limit 2 action disable;", state: "Idle" },
  { limits: "import limit 2 action warn;", state: "Established" },
  { limits: "receive limit 6 action disable;", state: "Established" },
  { limits: "receive limit 5 action disable;", state: "Idle" },
  { limits: "receive limit 6 action disable; import limit 2 action disable;", state: "Idle" },
]) {
  t.test(limits, async (t) => {
    const { node } = await open(limits);
    t.equal(node.state("one"), state);
  });
}

t.test("restart: it comes back after the error wait, and is ended again", async (t) => {
  const { world, node } = await open("import limit 2 action restart;");
  const transitions = (): number => node.speaker.peerOf("one")?.session.status().transitions ?? 0;
  t.equal(transitions(), 1);
  t.match(node.speaker.peerOf("one")?.session.status().lastFailure, { kind: "limit", code: 6, subcode: 1 });
  world.run(30_000);
  t.ok(transitions() > 1);
});

t.test("a reload enables a peer that a limit has disabled, and a larger limit keeps it up", async (t) => {
  const { world, node } = await open("import limit 2 action disable;");
  await node.speaker.apply(receiver("import limit 3 action disable;"));
  world.run(60_000);
  t.equal(node.state("one"), "Established");
});
