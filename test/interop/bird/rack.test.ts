// A rack switch that is a real router (BIRD 2, FRR): without graceful restart, with it and restarting, in another AS, with another
// password.

import t, { type Test } from "tap";
import { CalicoNode } from "../../support/calico-node.js";
import { eventually, pause } from "../../support/eventually.js";
import { Lan } from "../../support/lan.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { BIRD2_PROGRAMS, Bird2 } from "../../support/peers/bird2.js";
import { Frr, FRR_PROGRAMS } from "../../support/peers/frr.js";
import type { NeighborDescription, RealPeer } from "../../support/peers/real-peer.js";
import { needs } from "../../support/requirements.js";

t.setTimeout(90_000);

const OUR_AS = 64512;
const RACK_AS = 65001;
const ROUTE = "192.0.2.192/27";
const NAME = "Node_rack";
/** Long enough for several attempts to connect. */
const ATTEMPTS_MS = 4000;

class World {
  readonly node: CalicoNode;
  readonly #lan: Lan;
  readonly #t: Test;

  private constructor(t: Test, lan: Lan, node: CalicoNode) {
    this.#t = t;
    this.#lan = lan;
    this.node = node;
  }

  static async open(t: Test): Promise<World> {
    const lan = await Lan.open(["node", "rack"]);
    t.teardown(() => lan.close());
    const more = ["error wait time 1,2;", "connect retry time 1;"];
    const rack = { name: NAME, address: "10.0.0.2", as: RACK_AS, source: "10.0.0.1", more };
    const node = await CalicoNode.withPeers(lan.hosts[0].namespace, "ours", [rack]);
    t.teardown(() => node.remove());
    await node.start([]);
    return new World(t, lan, node);
  }

  /** Puts another switch in the place of the one before, which must be gone. */
  async rack(
    as: number,
    options: Partial<NeighborDescription>,
    Maker: typeof Bird2 | typeof Frr = Bird2,
  ): Promise<RealPeer> {
    const neighbor = { address: "10.0.0.1", as: OUR_AS, multihop: 64, ...options };
    const description = { as, routerId: "10.0.0.2", neighbors: [neighbor], announce: [ROUTE] };
    const rack = new Maker(this.#lan.hosts[1].namespace, description);
    this.#t.teardown(() => rack.stop());
    await rack.start();
    return rack;
  }

  async established(): Promise<void> {
    await eventually("Established", () => this.node.isEstablished(NAME), 25_000);
    await eventually("its route", async () => (await this.node.kernelRoutes()).includes(ROUTE));
  }

  row(pattern: RegExp): Promise<unknown> {
    return eventually(String(pattern), async () => {
      const row = await this.node.row(NAME);
      if (!pattern.test(row)) throw new Error(row);
      return true;
    });
  }
}

t.test("a rack switch", needs(...BIRD1_PROGRAMS, ...BIRD2_PROGRAMS, ...FRR_PROGRAMS), async (t) => {
  const world = await World.open(t);
  const { node } = world;

  await t.test("without graceful restart: killed, its routes go at once", async (t) => {
    const rack = await world.rack(RACK_AS, {});
    await world.established();
    await rack.kill();
    await eventually("its route gone", async () => !(await node.kernelRoutes()).includes(ROUTE), 3000);
    t.match(await node.row(NAME), / start +\S+ +(Connect|Active|Idle) +Socket: /);
    t.notMatch(await node.birdc(`show protocols all ${NAME}`), "graceful restart");
  });

  for (const Maker of [Bird2, Frr]) {
    await t.test(`with it: ${Maker.name} is killed, its routes stay until it is back`, async (t) => {
      const rack = await world.rack(RACK_AS, { gracefulRestart: true }, Maker);
      await world.established();
      const monitor = node.namespace.spawn(["ip", "monitor", "route"]);
      let seen = "";
      monitor.stdout.on("data", (chunk: Buffer) => (seen += chunk.toString()));
      await rack.kill();
      await world.row(/ start .*Socket: /);
      const details = await node.birdc(`show protocols all ${NAME}`);
      t.match(details, / {4}Neighbor graceful restart active\n {4}Restart timer: {4}\d+\/-$/m);
      t.match(await node.kernelRoutes(), ROUTE);
      await rack.start();
      await world.established();
      await eventually("the end of the restart", async () => {
        return !(await node.birdc(`show protocols all ${NAME}`)).includes("graceful restart active");
      });
      monitor.kill();
      t.notMatch(seen, ROUTE, "no event of the route");
      await rack.stop();
      if (Maker === Bird2) {
        await eventually("withdrawn by Cease", async () => !(await node.kernelRoutes()).includes(ROUTE));
        t.match(await node.row(NAME), /Received: Administrative shutdown$/);
      }
    });
  }

  await t.test("in another AS", async (t) => {
    const rack = await world.rack(RACK_AS + 8, {});
    await world.row(/BGP Error: Bad peer AS$/);
    await eventually("the log", () => node.log.includes(`bird: ${NAME}: Error: Bad peer AS: ${RACK_AS + 8}\n`));
    t.notOk(await node.isEstablished(NAME));
    // The file follows: the session is another one.
    await node.edit("bird.cfg", (text) => text.replace(`as ${RACK_AS};`, `as ${RACK_AS + 8};`));
    t.match(await node.birdc("configure"), /^Reconfigured$/m);
    await world.established();
    t.notMatch(await node.row(NAME), "Bad peer AS");
    await rack.stop();
  });

  await t.test("with another password", async (t) => {
    await node.edit("bird.cfg", (text) => text.replace(`as ${RACK_AS + 8};`, `as ${RACK_AS}; password "rack-17";`));
    t.match(await node.birdc("configure"), /^Reconfigured$/m);
    const wrong = await world.rack(RACK_AS, { password: "rack-18" });
    await pause(ATTEMPTS_MS);
    t.match(await node.row(NAME), / start +\S+ +(Connect|Active)/);
    await wrong.stop();
    await world.rack(RACK_AS, { password: "rack-17" });
    await world.established();
    t.pass("the right one");
  });
});
