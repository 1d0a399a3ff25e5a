// `disable`, `enable` and `restart` of the node's own protocols, over a speaker that runs what a file says.

import t from "tap";
import { parsePrefix } from "../../../src/base/ip.js";
import { FilterChoices } from "../../../src/bird/config/filter-choices.js";
import { localConfig } from "../../../src/bird/config/local-protocols.js";
import { toSpeakerConfig } from "../../../src/bird/config/to-speaker-config.js";
import { parseCommand } from "../../../src/bird/control/parse-command.js";
import { ReplyFramer } from "../../../src/bird/control/reply.js";
import { runCommand } from "../../../src/bird/control/run-command.js";
import { type BirdProcess, SpeakerView } from "../../../src/bird/control/speaker-view.js";
import { filesOf } from "../../../src/bird/language/config-files.js";
import type { BirdConfig } from "../../../src/bird/language/declarations.js";
import { readBirdConfig } from "../../../src/bird/language/read-bird-config.js";
import { ScriptExpressions } from "../../../src/bird/control/script-expressions.js";
import { type Node, World } from "../../speaker/world.js";
import { alienRoute } from "../../support/alien-route.js";

process.env["TZ"] = "UTC";

const FILE = `
router id 10.0.0.1;
protocol static { route 10.244.1.0/26 blackhole; }
protocol kernel { learn; persist; export filter { if source = RTS_STATIC then accept; reject; }; }
protocol device { }
protocol direct { }
`;

class Scene {
  readonly world = new World();
  readonly node: Node = this.world.node("10.0.0.1", { keepsTimes: true });
  #config: BirdConfig | undefined;
  #view: SpeakerView | undefined;

  async load(text = FILE): Promise<void> {
    const config = readBirdConfig("bird.cfg", { ipVersion: 4, files: filesOf({ "bird.cfg": text }) });
    const filters = new FilterChoices({ scripts: config.scripts, log: () => undefined });
    await this.node.speaker.apply(toSpeakerConfig(config, { routerId: 1, controlSocket: "", filters }));
    this.#config = config;
    this.#view ??= this.#open(filters);
    this.world.run();
  }

  #open(filters: FilterChoices): SpeakerView {
    const config = (): BirdConfig => this.#config as BirdConfig;
    const unused = (): never => {
      throw new Error("not in this test");
    };
    const { speaker, kernel } = this.node;
    const process: BirdProcess = {
      ...{ configFile: "bird.cfg", config, phase: () => "running" },
      ...{ checkConfig: unused, configure: unused, undo: unused, confirm: unused, dump: unused, debug: unused },
      ...{ shutDown: unused, watchLog: unused },
      switchProtocols: (isDown) => speaker.applyLocal(localConfig(config(), isDown, filters)),
    };
    const expressions = new ScriptExpressions(config, () => undefined);
    const { clock } = this.world;
    return new SpeakerView({ clock, speaker, fib: kernel, kernel, version: "v1", process, expressions });
  }

  async ask(line: string): Promise<string> {
    const framer = new ReplyFramer();
    let text = "";
    const client = { isRestricted: false, echo: () => undefined };
    if (this.#view === undefined) throw new Error("nothing is loaded");
    for await (const lines of runCommand(parseCommand(line, 4), this.#view, client)) text += framer.frame(lines);
    this.world.run();
    return text + framer.end();
  }

  /** `NAME STATE SINCE` of all protocols. */
  async states(): Promise<readonly string[]> {
    const rows = (await this.ask("show protocols")).split("\n").slice(1, -2);
    return rows.map((row) => row.replace(/^1002-| /, "").split(/ +/)).map(([name, , , state]) => `${name} ${state}`);
  }

  async since(name: string): Promise<string> {
    return /(\d\d:\d\d:\d\d)/.exec(await this.ask(`show protocols ${name}`))?.[1] ?? "";
  }
}

async function open(text = FILE): Promise<Scene> {
  const scene = new Scene();
  scene.node.kernel.setAddresses([
    { device: "eth0", address: { bytes: Uint8Array.of(10, 0, 0, 1) }, prefix: network("10.0.0.0/24") },
  ]);
  scene.node.kernel.setAlienRoutes([alienRoute(network("172.16.0.0/16"), "eth0", Uint8Array.of(10, 0, 0, 9))]);
  await scene.load(text);
  return scene;
}

function network(text: string): NonNullable<ReturnType<typeof parsePrefix>> {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new Error(text);
  return prefix;
}

t.test("what nobody has looked at before a reload has been as it is since the start", async (t) => {
  const [asked, unasked] = [await open(), await open()];
  const start = await asked.since("kernel1");
  for (const scene of [asked, unasked]) {
    scene.world.run(5000);
    await scene.load();
  }
  t.equal(await unasked.since("kernel1"), start);
  t.equal(await asked.since("kernel1"), start);
});

t.test("static1: its routes go and come back", async (t) => {
  const scene = await open();
  t.strictSame(scene.node.best().length, 3);
  const before = await scene.since("static1");
  scene.world.run(5000);
  t.equal(await scene.ask("disable static1"), "0009-static1: disabled\n0000 \n");
  t.equal(await scene.ask("disable static1"), "0008-static1: already disabled\n0000 \n");
  t.equal(await scene.ask("restart static1"), "0008-static1: already disabled\n0000 \n");
  t.equal(await scene.ask("reload static1"), "0008-static1: already disabled\n0000 \n");
  t.equal(await scene.ask("show route protocol static1"), "0000 \n");
  t.strictSame(scene.node.fib(), [], "nor does the kernel have them");
  t.strictSame(await scene.states(), ["static1 down", "kernel1 up", "device1 up", "direct1 up"]);
  const down = await scene.since("static1");
  t.ok(down > before);
  scene.world.run(5000);
  t.equal(await scene.ask("enable static1"), "0011-static1: enabled\n0000 \n");
  t.equal(await scene.ask("enable static1"), "0010-static1: already enabled\n0000 \n");
  t.strictSame(scene.node.fib(), ["10.244.1.0/26 blackhole"]);
  t.ok((await scene.since("static1")) > down);
  t.equal(await scene.since("kernel1"), before, "the others are as they were");
});

t.test("direct1 and what kernel1 has learned go with them", async (t) => {
  const scene = await open();
  t.match(await scene.ask("show route"), "172.16.0.0/16");
  await scene.ask("disable direct1");
  t.equal(await scene.ask("show route protocol direct1"), "0000 \n");
  await scene.ask("disable kernel1");
  t.equal(await scene.ask("show route protocol kernel1"), "0000 \n");
  await scene.ask('enable "*1"');
  t.strictSame(scene.node.best().length, 3);
});

t.test("kernel1: nothing is written while it is down; with persist what is there stays", async (t) => {
  const scene = await open();
  const { kernel } = scene.node;
  t.equal(kernel.isPaused, false);
  t.equal(await scene.ask("disable kernel1"), "0009-kernel1: disabled\n0000 \n");
  t.equal(kernel.isPaused, true);
  await t.rejects(scene.ask("show route export kernel1"), { message: "Protocol is down" });
  t.equal(await scene.ask("enable kernel1"), "0011-kernel1: enabled\n0000 \n");
  t.equal(kernel.isPaused, false);
  t.strictSame(scene.node.fib(), ["10.244.1.0/26 blackhole"]);
});

t.test("kernel1 without persist takes its routes along", async (t) => {
  const scene = await open(FILE.replace("persist;", ""));
  t.strictSame(scene.node.fib(), ["10.244.1.0/26 blackhole"]);
  await scene.ask("disable kernel1");
  t.equal(scene.node.kernel.isPaused, false);
  t.strictSame(scene.node.fib(), []);
  await scene.ask("enable kernel1");
  t.strictSame(scene.node.fib(), ["10.244.1.0/26 blackhole"]);
});

t.test("all of them, and one that the file disables", async (t) => {
  const scene = await open(FILE.replace("protocol direct { }", "protocol direct { disabled; }"));
  t.strictSame(await scene.states(), ["static1 up", "kernel1 up", "device1 up", "direct1 down"]);
  t.equal(
    await scene.ask("disable all"),
    "0009-static1: disabled\n kernel1: disabled\n device1: disabled\n0008-direct1: already disabled\n0000 \n",
  );
  t.strictSame(scene.node.best(), []);
  t.match(await scene.ask("enable direct1"), "0011-direct1: enabled");
  t.match(await scene.ask("show route"), /10\.0\.0\.0\/24 +dev eth0 \[direct1/);
});

t.test("a reload makes the file count again", async (t) => {
  const scene = await open();
  const before = await scene.since("kernel1");
  await scene.ask("disable static1");
  scene.world.run(5000);
  await scene.load();
  t.strictSame(await scene.states(), ["static1 up", "kernel1 up", "device1 up", "direct1 up"]);
  t.equal(scene.node.best().length, 3);
  t.equal(await scene.since("kernel1"), before);
  t.ok((await scene.since("static1")) > before);
});

t.test("show route with a filter tells what the filter has made of routes", async (t) => {
  const scene = await open();
  const filter = "{ preference = 7; bgp_local_pref = 5; krt_metric = 9; accept; }";
  const lines = (await scene.ask(`show route 172.16.0.0/16 filter ${filter} all`)).split("\n");
  t.match(lines[0], / \* \(7\)$/);
  t.strictSame(lines.slice(2, -2), ["1012-\tBGP.local_pref: 5", " \tKernel.source: 3", " \tKernel.metric: 9"]);
  t.notMatch(await scene.ask("show route 172.16.0.0/16 where net ~ 172.16.0.0/12 all"), "BGP");
});

t.test("show route export kernel1 tells metric and tunnel as the export filter has set them", async (t) => {
  const set = "if source = RTS_STATIC then { krt_metric = 42; accept; }";
  const scene = await open(FILE.replace("if source = RTS_STATIC then accept;", set));
  t.match(await scene.ask("show route export kernel1 all"), "\n1012-\tKernel.metric: 42\n");
});

t.test("restart takes what was there anew", async (t) => {
  const scene = await open();
  const before = await scene.since("static1");
  scene.world.run(5000);
  t.equal(await scene.ask("restart static1"), "0012-static1: restarted\n0000 \n");
  t.ok((await scene.since("static1")) > before);
  t.match(await scene.ask("show route protocol static1"), "10.244.1.0/26");
});
