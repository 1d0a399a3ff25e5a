// Graceful restart of our own on the wire: killed and started with -R, with a peer that is dead and one that is slow to tell
// its table; the same without -R.

import t, { type Test } from "tap";
import type { CalicoNode } from "../../support/calico-node.js";
import { eventually } from "../../support/eventually.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { needs } from "../../support/requirements.js";
import { END_OF_RIB, OPEN, UPDATE, type WireHost, type WireSession } from "../../support/wire-host.js";
import { openWiredNode } from "../../support/wired-node.js";
import * as wire from "../../vectors/wire.js";

t.setTimeout(90_000);

const AS = 64512;
const DAEMON = "10.0.0.1";
const [QUICK, SLOW, DEAD] = ["10.0.0.11", "10.0.0.12", "10.0.0.13"];
const NAMES = { [QUICK]: "Mesh_quick", [SLOW]: "Mesh_slow", [DEAD]: "Mesh_dead" };
/** A peer without a connection does not hold back End-of-RIB for longer. */
const SILENCE_MS = 5000;
const LEEWAY_MS = 2500;
/** From the capability of graceful restart: R bit and 120 s; IPv4 unicast with the F bit. */
const RESTARTING = "4006" + "8078" + "000101" + "80";
const RUNNING = "4006" + "0078" + "000101" + "00";

function openOf(address: string): string {
  const id = `0a0000${wire.hex8(Number(address.split(".")[3]))}`;
  const restart = wire.capability(64, "007800010180");
  const list = [wire.MP_IPV4, wire.ROUTE_REFRESH, restart, wire.fourOctetAs(AS), wire.ENHANCED_REFRESH];
  return wire.open({ as: AS, holdTime: 240, id, parameters: wire.capabilities(...list) });
}

/** A route of the peer's: 192.0.2.64/26 or 192.0.2.128/26. */
function routeOf(address: string): string {
  const nextHop = wire.attribute(0x40, 3, `0a0000${wire.hex8(Number(address.split(".")[3]))}`);
  const attributes = `${wire.ORIGIN}${wire.attribute(0x40, 2)}${nextHop}${wire.attribute(0x40, 5, "7ffffbff")}`;
  return wire.update({ attributes, nlri: address === QUICK ? "1ac0000240" : "1ac0000280" });
}

const END = wire.update({});

class World {
  readonly node: CalicoNode;
  readonly host: WireHost;

  private constructor(node: CalicoNode, host: WireHost) {
    this.node = node;
    this.host = host;
  }

  static async open(t: Test): Promise<World> {
    const peers = Object.entries(NAMES).map(([address, name]) => {
      return { name, address, as: AS, isInternal: true, source: DAEMON, more: ["passive on;"] };
    });
    const { node, host } = await openWiredNode(t, Object.keys(NAMES), peers);
    return new World(node, host);
  }

  establish(address: string): Promise<WireSession> {
    return this.host.establish({ local: address, remote: DAEMON, open: openOf(address) });
  }

  /** Both peers have told everything, and both blocks are in the kernel. */
  async run(): Promise<void> {
    await this.node.start([]);
    for (const address of [QUICK, SLOW]) (await this.establish(address)).send(routeOf(address), END);
    for (const block of ["192.0.2.64/26", "192.0.2.128/26"]) {
      await eventually(`${block} in the kernel`, async () => (await this.node.kernelRoutes()).includes(block));
    }
  }
}

/** When the last End-of-RIB of the session came. */
function endOfRibAt(session: WireSession): number | undefined {
  return session.messages.find(({ type, body }) => type === UPDATE && body === END_OF_RIB)?.at;
}

t.test("killed and started again", needs(...BIRD1_PROGRAMS), async (t) => {
  const world = await World.open(t);
  const { node } = world;
  await world.run();

  await t.test("without -R nothing is told of a restart", async (t) => {
    const session = await world.establish(DEAD);
    t.match(session.first(OPEN)?.body, RUNNING);
    t.ok(await eventually("End-of-RIB at once", () => endOfRibAt(session)));
    t.notMatch(await node.birdc("show status"), "Graceful restart");
    t.notMatch(node.log, "Graceful restart");
    session.close("reset");
  });

  await t.test("with -R", async (t) => {
    await node.process.kill();
    const startedAt = performance.now();
    await node.start(["-R"]);
    const quick = await world.establish(QUICK);
    quick.send(routeOf(QUICK), END);
    const slow = await world.establish(SLOW);
    for (const session of [quick, slow]) t.match(session.first(OPEN)?.body, RESTARTING, "R and F bits");

    await t.test("show status says whom it waits for", async (t) => {
      const status = await node.birdc("show status");
      t.match(
        status,
        /^Graceful restart recovery in progress\n {2}Waiting for 2 protocols to recover\n {2}Wait timer is 2[34]\d\/240\nDaemon is up and running$/m,
      );
      t.match(await node.row("Mesh_quick"), /^Mesh_quick BGP {6}master {3}wait /);
      t.match(await node.row("kernel1"), /^kernel1 {2}Kernel {3}master {3}wait /);
      t.match(await node.birdc("show protocols all Mesh_slow"), / {2}GR recovery: {4}(pending|waiting)/);
    });

    const block = "192.0.2.128/26";
    t.match(await node.kernelRoutes(), block, "a block that is not told again yet stays in the kernel");

    await t.test("a slow peer holds back End-of-RIB, a dead one for five seconds only", async (t) => {
      await eventually(
        "the dead peer's time over",
        () => performance.now() - startedAt > SILENCE_MS + LEEWAY_MS,
        2 * (SILENCE_MS + LEEWAY_MS),
      );
      for (const session of [quick, slow])
        t.equal(endOfRibAt(session), undefined, "the slow one has not told its table");
      slow.send(routeOf(SLOW), END);
      for (const session of [quick, slow]) await eventually("End-of-RIB", () => endOfRibAt(session), 3000);
    });

    await t.test("afterwards nothing is said of it", async (t) => {
      await eventually("the end", async () => !(await node.birdc("show status")).includes("Graceful restart"));
      t.match(await node.row("Mesh_quick"), /^Mesh_quick BGP {6}master {3}up /);
      t.match(node.log, /^bird: Graceful restart started\n(bird: .*\n)*bird: Graceful restart done$/m);
    });
  });

  await t.test("a dead peer alone holds back End-of-RIB for five seconds", async (t) => {
    await node.process.kill();
    await node.start(["-R"]);
    const sessions = await Promise.all([QUICK, SLOW].map((address) => world.establish(address)));
    for (const session of sessions) session.send(routeOf(session.local), END);
    const begins = performance.now();
    for (const session of sessions) await eventually("End-of-RIB", () => endOfRibAt(session), SILENCE_MS + LEEWAY_MS);
    t.ok(performance.now() - begins < SILENCE_MS + LEEWAY_MS);
    for (const block of ["192.0.2.64/26", "192.0.2.128/26"]) t.match(await node.kernelRoutes(), block);
  });
});
