// The control socket over a running speaker: two speakers in one process, asked in BIRD's words.

import t from "tap";
import { parseAddress, parsePrefix } from "../../../src/base/ip.js";
import { ACCEPT_ALL } from "../../../src/policy/route.js";
import { parseCommand } from "../../../src/bird/control/parse-command.js";
import { ReplyError, ReplyFramer } from "../../../src/bird/control/reply.js";
import { runCommand } from "../../../src/bird/control/run-command.js";
import { type BirdProcess, SpeakerView } from "../../../src/bird/control/speaker-view.js";
import type {
  BgpDeclaration,
  BirdConfig,
  ProtocolDeclaration,
  StaticDeclaration,
} from "../../../src/bird/language/declarations.js";
import { configOf, type Node, World } from "../../speaker/world.js";

process.env["TZ"] = "UTC";

const UNDEFINED = undefined;
const COMMON = {
  at: { file: "bird.cfg", line: 1, column: 1 },
  ...{ description: UNDEFINED, disabled: false, preference: UNDEFINED, routerId: UNDEFINED, debug: UNDEFINED },
  ...{ import: UNDEFINED, export: { kind: "all" }, importKeepFiltered: false },
  ...{ receiveLimit: UNDEFINED, importLimit: UNDEFINED, exportLimit: UNDEFINED },
} as const;

/** A declaration as the parser makes it, with nothing but these options. */
function declare<T extends ProtocolDeclaration>(kind: T["kind"], name: string, options: Partial<T>): T {
  return { ...COMMON, kind, name, ...options } as unknown as T;
}

function bgp(name: string, address: string, as: number, options: Partial<BgpDeclaration> = {}): BgpDeclaration {
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new Error(address);
  return declare<BgpDeclaration>("bgp", name, {
    neighbor: { address: parsed, port: undefined, as },
    ...options,
  });
}

function blackholes(...prefixes: readonly string[]): StaticDeclaration {
  const routes = prefixes.map((text) => {
    const prefix = parsePrefix(text);
    if (prefix === undefined) throw new Error(text);
    return { prefix, at: COMMON.at, to: { kind: "blackhole" } } as const;
  });
  return declare<StaticDeclaration>("static", "static1", { routes });
}

function birdConfig(...protocols: readonly ProtocolDeclaration[]): BirdConfig {
  return {
    ...{ ipVersion: 4, routerId: 1, listen: { address: undefined, port: undefined }, protocols },
    scripts: { filters: new Map(), functions: new Map() } as unknown as BirdConfig["scripts"],
    ...{ gracefulRestartWaitSeconds: undefined, constants: new Map(), symbols: [], files: ["bird.cfg"] },
  };
}

class Console {
  readonly view: SpeakerView;
  readonly told: string[] = [];
  config: BirdConfig;

  constructor(world: World, node: Node, config: BirdConfig) {
    this.config = config;
    const fail = (): never => {
      throw new Error("not in this test");
    };
    const process: BirdProcess = {
      ...{ configFile: "bird.cfg", config: () => this.config, phase: () => "running" },
      ...{ checkConfig: fail, configure: fail, undo: fail, confirm: () => false, dump: fail, debug: fail },
      ...{ switchProtocols: fail, shutDown: () => void this.told.push("down"), watchLog: () => () => undefined },
    };
    const reject = Object.assign(() => ({ accept: false, by: "test" }), { ...ACCEPT_ALL, identity: "none" });
    this.view = new SpeakerView({
      ...{ clock: world.clock, speaker: node.speaker, fib: node.kernel, kernel: node.kernel, process },
      version: "v0.3.3+birdv1.6.8",
      expressions: {
        namedFilter: (name) => (name === "nothing" ? reject : undefined),
        compileFilter: () => ({ ok: true, value: ACCEPT_ALL }),
        compileCondition: (text) => ({ ok: true, value: text === "true" ? ACCEPT_ALL : reject }),
        evaluate: (text) => ({ ok: true, value: text }),
      },
    });
  }

  /** The whole reply. */
  async ask(line: string): Promise<string> {
    const framer = new ReplyFramer();
    let text = "";
    try {
      const client = { isRestricted: false, echo: () => undefined };
      for await (const lines of runCommand(parseCommand(line, 4), this.view, client)) text += framer.frame(lines);
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      text += framer.frame([{ code: error.code, text: error.message, isLast: true }]);
    }
    return text + framer.end();
  }
}

const yaml = (name: string, other: string, block: string): string => `
as: 64512
peers:
  - {name: ${name}, address: ${other}, as: 64512, weight: 100}
  - {name: Node_10_0_0_9, address: 10.0.0.9, as: 64512, passive: true, weight: 100}
node: {blocks: [${block}]}`;

async function pair(): Promise<{ world: World; console: Console; node: Node }> {
  const world = new World();
  const text = yaml("Mesh_10_0_0_2", "10.0.0.2", "10.244.1.0/26");
  const node = await world.start("10.0.0.1", text);
  const speakerConfig = configOf("10.0.0.1", text);
  const weights = { static: 200, direct: 240, kernel: 10 };
  await node.speaker.apply({ ...speakerConfig, node: { ...speakerConfig.node, weights } });
  await world.start("10.0.0.2", yaml("Mesh_10_0_0_1", "10.0.0.1", "10.244.2.0/26"));
  world.run(10_000);
  const config = birdConfig(
    blackholes("10.244.1.0/26"),
    declare("kernel", "kernel1", {}),
    declare("device", "device1", {}),
    declare("direct", "direct1", { interfaces: [] }),
    bgp("Mesh_10_0_0_2", "10.0.0.2", 64512, { multihop: 64, gateway: "recursive", description: "Mesh" }),
    bgp("Node_10_0_0_9", "10.0.0.9", 64512, { passive: true }),
  );
  return { world, node, console: new Console(world, node, config) };
}

t.test("show status and show protocols", async (t) => {
  const { console } = await pair();
  t.match(
    await console.ask("show status"),
    /^1000-BIRD v0\.3\.3\+birdv1\.6\.8\n1011-Router ID is 10\.0\.0\.1\n Current server time is 2026-01-01 00:00:\d\d\n/,
  );
  const rows = (await console.ask("show protocols")).replaceAll(/\d\d:\d\d:\d\d/g, "TT:TT:TT").split("\n");
  t.strictSame(rows, [
    "2002-name     proto    table    state  since       info",
    "1002-static1  Static   master   up     TT:TT:TT    ",
    " kernel1  Kernel   master   up     TT:TT:TT    ",
    " device1  Device   master   up     TT:TT:TT    ",
    " direct1  Direct   master   up     TT:TT:TT    ",
    " Mesh_10_0_0_2 BGP      master   up     TT:TT:TT    Established   ",
    " Node_10_0_0_9 BGP      master   start  TT:TT:TT    Passive       ",
    "0000 ",
    "",
  ]);
});

t.test("show protocols all of an established peer", async (t) => {
  const { console } = await pair();
  const text = await console.ask("show protocols all Mesh_10_0_0_2");
  for (const line of [
    "1006-  Description:    Mesh",
    "   Preference:     100",
    "   Input filter:   ACCEPT",
    "   Output filter:  ACCEPT",
    "   Routes:         1 imported, 1 exported, 1 preferred",
    "     Import updates:              1          0          0          0          1",
    "   BGP state:          Established",
    "     Neighbor address: 10.0.0.2",
    "     Neighbor AS:      64512",
    "     Neighbor ID:      10.0.0.2",
    "     Source address:   10.0.0.1",
    " ",
    "0000 ",
  ])
    t.ok(text.split("\n").includes(line), line);
  t.match(text, /\n {5}Session: {10}internal multihop .*AS4/);
  t.match(text, /\n {5}Hold timer: {7}\d+\/\d+\n {5}Keepalive timer: {2}\d+\/\d+\n/);
});

t.test("show route, all of it and parts", async (t) => {
  const { console } = await pair();
  const rows = async (command: string): Promise<readonly string[]> =>
    (await console.ask(command))
      .replaceAll(/ \d\d:\d\d:\d\d/g, " TT")
      .split("\n")
      .slice(0, -1);
  const own = "10.244.1.0/26      blackhole [static1 TT] * (200)";
  const other = "10.244.2.0/26      via 10.0.0.2 on eth0 [Mesh_10_0_0_2 TT] * (100/0) [i]";
  t.strictSame(await rows("show route"), [`1007-${own}`, ` ${other}`, "0000 "]);
  t.strictSame(await rows("show route primary"), [`1007-${own}`, ` ${other}`, "0000 "]);
  t.strictSame(await rows("show route protocol static1"), [`1007-${own}`, "0000 "]);
  t.strictSame(await rows("show route protocol Mesh_10_0_0_2"), [`1007-${other}`, "0000 "]);
  t.strictSame(await rows("show route for 10.244.2.9"), [`1007-${other}`, "0000 "]);
  t.strictSame(await rows("show route 10.244.2.0/26"), [`1007-${other}`, "0000 "]);
  t.strictSame(await rows("show route 10.244.2.0/27"), ["8001 Network not in table"]);
  t.strictSame(await rows("show route count"), ["0014 2 of 2 routes for 2 networks"]);
  t.strictSame(await rows("show route protocol static1 count"), ["0014 1 of 2 routes for 2 networks"]);
  t.strictSame(await rows("show route where false count"), ["0014 0 of 2 routes for 2 networks"]);
  t.strictSame(await rows("show route filter nothing"), ["0000 "]);
  t.strictSame(await rows("show route filter other"), ["9001 No such filter."]);
  t.strictSame(await rows("show route filtered"), ["0000 "]);
  t.strictSame(await rows("show route export Mesh_10_0_0_2"), [`1007-${own}`, "0000 "]);
  t.strictSame(await rows("show route noexport Mesh_10_0_0_2"), ["0000 "]);
  t.strictSame(await rows("show route export kernel1"), [`1007-${own}`, ` ${other}`, "0000 "]);
  t.strictSame(await rows("show route export Node_10_0_0_9"), ["8005 Protocol is down"]);
  t.strictSame(await rows("show route 10.244.2.0/26 all"), [
    `1007-${other}`,
    "1008-\tType: BGP unicast univ",
    "1012-\tBGP.origin: IGP",
    " \tBGP.as_path: ",
    " \tBGP.next_hop: 10.0.0.2",
    " \tBGP.local_pref: 100",
    "0000 ",
  ]);
  t.strictSame(await rows("show route export Mesh_10_0_0_2 all"), [
    `1007-${own}`,
    "1008-\tType: static unicast univ",
    "1012-\tBGP.origin: IGP",
    " \tBGP.as_path: ",
    " \tBGP.next_hop: 10.0.0.1",
    " \tBGP.local_pref: 100",
    "0000 ",
  ]);
});

t.test("a listing of a protocol that a reload overtakes ends with 8004, one of the table is whole", async (t) => {
  const world = new World();
  const blocks = Array.from({ length: 500 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
  const node = await world.start("10.0.0.1", `as: 64512\nnode: {blocks: [${blocks.join(", ")}]}`);
  world.run(1000);
  const config = birdConfig(blackholes(...blocks), declare("kernel", "kernel1", {}));
  const console = new Console(world, node, config);
  const whole = await console.ask("show route");
  t.equal(whole.split("\n").length, 502);
  const overtaken = async (line: string): Promise<readonly number[]> => {
    console.config = config;
    const client = { isRestricted: false, echo: () => undefined };
    const codes: number[] = [];
    for await (const lines of runCommand(parseCommand(line, 4), console.view, client)) {
      console.config = birdConfig(declare("device", "device1", {}));
      codes.push(...lines.map(({ code }) => code));
    }
    return codes;
  };
  for (const query of ["show route", "show route all primary", "show route where true"])
    t.notOk((await overtaken(query)).includes(8004), query);
  for (const query of ["show route protocol static1", "show route export kernel1"]) {
    const codes = await overtaken(query);
    t.ok(codes.length > 1 && codes.length < 500, "some of it was told");
    t.equal(codes.at(-1), 8004);
  }
});

t.test("disable, enable, restart and reload reach the peer", async (t) => {
  const { world, console, node } = await pair();
  t.equal(await console.ask("disable Mesh_10_0_0_2"), "0009-Mesh_10_0_0_2: disabled\n0000 \n");
  t.equal(await console.ask("disable Mesh_10_0_0_2"), "0008-Mesh_10_0_0_2: already disabled\n0000 \n");
  world.run(1000);
  t.match(
    await console.ask("show protocols Mesh_10_0_0_2"),
    /Mesh_10_0_0_2 BGP {6}master {3}down {3}\d\d:\d\d:\d\d {4}\n/,
  );
  t.match(await console.ask("show protocols all Mesh_10_0_0_2"), /\n {3}BGP state: {10}Down\n/);
  t.equal(await console.ask("enable Mesh_10_0_0_2"), "0011-Mesh_10_0_0_2: enabled\n0000 \n");
  world.run(60_000);
  t.equal(node.state("Mesh_10_0_0_2"), "Established");
  t.equal(await console.ask("reload Mesh_10_0_0_2"), "0015-Mesh_10_0_0_2: reloading\n0000 \n");
  t.equal(await console.ask('reload in "static*"'), "8006-static1: reload failed\n0000 \n");
  t.equal(await console.ask("restart Mesh_10_0_0_2"), "0012-Mesh_10_0_0_2: restarted\n0000 \n");
  world.run(100);
  t.not(node.state("Mesh_10_0_0_2"), "Established");
});

t.test("messages of commands and of peers", async (t) => {
  const { world, console, node } = await pair();
  t.equal(await console.ask('disable Mesh_10_0_0_2 "new cable"'), "0009-Mesh_10_0_0_2: disabled\n0000 \n");
  world.run(10);
  const message = / {2}Message: {8}(.*)\n/;
  t.equal(message.exec(await console.ask("show protocols all Mesh_10_0_0_2"))?.[1], "new cable");
  const other = world.nodes.get("10.0.0.2");
  t.match(other?.speaker.peerOf("Mesh_10_0_0_1")?.session.status().lastFailure, {
    kind: "received",
    text: '"new cable"',
  });
  await console.ask("enable Mesh_10_0_0_2");
  world.run(60_000);
  t.equal(node.state("Mesh_10_0_0_2"), "Established");
  other?.speaker.disablePeer("Mesh_10_0_0_1", "my turn");
  world.run(10);
  t.equal(message.exec(await console.ask("show protocols all Mesh_10_0_0_2"))?.[1], "my turn");
});

t.test("show static and show symbols", async (t) => {
  const { console } = await pair();
  t.equal(await console.ask("show static"), "1009-10.244.1.0/26 blackhole\n0000 \n");
  t.equal(await console.ask("show symbols table"), "1010-master  \trouting table\n0000 \n");
  t.match(await console.ask("show memory"), /^1018-BIRD memory usage\n( [A-Z][A-Za-z ]+: +\d+ [ kMG]B\n){5}0000 \n$/);
  t.match(await console.ask("show interfaces"), /^1001-lo .*\(index=1\)\n/);
  t.match(await console.ask("show symbols protocol"), /\n kernel1 \tprotocol\n/);
});
t.test("a route that is long-lived stale is marked so", async (t) => {
  const world = new World();
  const node = await world.start("10.0.0.1", yaml("Mesh_10_0_0_2", "10.0.0.2", "10.244.1.0/26"));
  const mark = "weight: 100, exportPolicy: stale}";
  const policies = "\npolicies: {stale: [{set: {communities: {add: ['65535:6']}}, action: accept}]}";
  const other = yaml("Mesh_10_0_0_1", "10.0.0.1", "10.244.2.0/26").replace("weight: 100}", mark);
  await world.start("10.0.0.2", other + policies);
  world.run(10_000);
  const mesh = bgp("Mesh_10_0_0_2", "10.0.0.2", 64512, { multihop: 64, gateway: "recursive" });
  const console = new Console(world, node, birdConfig(mesh));
  t.match(await console.ask("show route 10.244.2.0/26 all"), / \* \(100s\/0\) \[i\]\n[^]*BGP\.community: \(65535,6\)/);
});
