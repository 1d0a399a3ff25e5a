// The daemon and the kernel with 10,000 routes heard from BIRD 2: in and out, killed and restarted without one route
// event, changes while it was down, drift, link down and up, a second address.

import t, { type Test } from "tap";
import { DaemonProcess } from "../../support/daemon-process.js";
import { eventually } from "../../support/eventually.js";
import { type Host, Lan } from "../../support/lan.js";
import { BIRD2_PROGRAMS, Bird2 } from "../../support/peers/bird2.js";
import { needs } from "../../support/requirements.js";
import { Starling } from "../../support/starling.js";

t.setTimeout(180_000);

const COUNT = 10_000;
const AS = 64512;

/** The nth /26 of 10.64.0.0/10. */
function block(n: number): string {
  const at = (10 << 24) + (64 << 16) + n * 64;
  return `${at >>> 24}.${(at >>> 16) & 255}.${(at >>> 8) & 255}.${at & 255}/26`;
}

const range = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => block(from + i));

class World {
  readonly lan: Lan;
  readonly starling: Starling;
  bird: Bird2;
  readonly us: Host;
  readonly them: Host;

  private constructor(lan: Lan) {
    this.lan = lan;
    const [us, them] = lan.hosts as [Host, Host];
    this.us = us;
    this.them = them;
    this.starling = new Starling(us.namespace, {
      routerId: us.ipv4,
      as: AS,
      listen: [`${us.ipv4}:179`],
      peers: [{ address: them.ipv4, as: AS, connectRetrySeconds: 1 }],
      kernel: { auditSeconds: 5 },
      gracefulRestart: { restartTimeSeconds: 60, deferralSeconds: 30 },
    });
    this.bird = this.birdWith(range(0, COUNT));
  }

  static async open(t: Test): Promise<World> {
    const world = new World(await Lan.open(["us", "them"]));
    t.teardown(async () => {
      await world.starling.remove();
      await world.bird.stop();
      await world.lan.close();
    });
    await world.bird.start();
    await world.starling.start();
    return world;
  }

  birdWith(announce: readonly string[]): Bird2 {
    const neighbor = { address: this.us.ipv4, as: AS, gracefulRestart: true, nextHopSelf: true };
    return new Bird2(this.them.namespace, { as: AS, routerId: this.them.ipv4, neighbors: [neighbor], announce });
  }

  /** Our routes in the kernel, as `ip route` prints them. */
  async kernel(): Promise<string[]> {
    const text = await this.us.namespace.exec("ip route show proto bird");
    return text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
  }

  async kernelHas(count: number, what: string): Promise<void> {
    await eventually(
      `${count} routes in the kernel: ${what}`,
      async () => {
        const found = (await this.kernel()).length;
        if (found !== count) throw new Error(`it has ${found}`);
        return true;
      },
      40_000,
    );
  }

  /** Starts `ip monitor route`; the result ends it and gives what it saw. */
  async watch(): Promise<() => Promise<string[]>> {
    const process = new DaemonProcess("ip monitor", this.us.namespace.spawn("stdbuf -oL ip monitor route"));
    // The monitor says nothing when it is ready: a route of our own tells.
    const marker = async (word: string): Promise<void> => {
      await eventually("ip monitor to listen", async () => {
        await this.us.namespace.exec(`ip route add 203.0.113.0/24 dev eth0 proto static metric ${word}`);
        await this.us.namespace.exec(`ip route del 203.0.113.0/24 dev eth0 proto static metric ${word}`);
        return process.output.includes(`metric ${word}`);
      });
    };
    await marker("7001");
    return async () => {
      await marker("7002");
      await process.stop();
      return process.output.split("\n").filter((line) => line.trim() !== "" && !line.includes("203.0.113.0"));
    };
  }
}

t.test("10,000 routes come and go", needs(...BIRD2_PROGRAMS), async (t) => {
  const world = await World.open(t);
  await world.kernelHas(COUNT, "all of them");
  t.match((await world.kernel())[0], new RegExp(`via ${world.them.ipv4} dev eth0`));
  const { status } = await world.starling.status();
  t.match(status.kernel, { enabled: true, wanted: COUNT, installed: COUNT, failed: 0 });
  await world.bird.stop(); // ends with a NOTIFICATION: no graceful restart
  await world.kernelHas(0, "none is left");
});

t.test("kill -9 and restart: not one route event, and the same routes after", needs(...BIRD2_PROGRAMS), async (t) => {
  const world = await World.open(t);
  await world.kernelHas(COUNT, "all of them");
  const before = await world.kernel();
  const stopWatching = await world.watch();
  await world.starling.kill();
  t.equal((await world.kernel()).length, COUNT, "the kernel goes on forwarding");
  await world.starling.start();
  await world.starling.peerWhen(
    world.them.ipv4,
    "has told everything",
    (peer) => peer.families[0]?.endOfRibReceived === true,
  );
  await eventually("the end of recovery", async () => {
    const { status } = await world.starling.status();
    return (
      status.kernel.installed === COUNT && status.kernel.stale === 0 && status.gracefulRestart.waitingFor.length === 0
    );
  });
  t.same(await stopWatching(), [], "ip monitor route stays silent");
  t.same((await world.kernel()).sort(), before.sort());
});

t.test("what changed while it was down is exactly what changes in the kernel", needs(...BIRD2_PROGRAMS), async (t) => {
  const world = await World.open(t);
  await world.kernelHas(COUNT, "all of them");
  await world.starling.kill();
  await world.bird.stop();
  world.bird = world.birdWith([...range(0, COUNT - 100), ...range(COUNT, COUNT + 100)]);
  await world.bird.start();
  const stopWatching = await world.watch();
  await world.starling.start();
  await eventually(
    "the new routes and no others",
    async () => {
      const { kernel } = (await world.starling.status()).status;
      return kernel.installed === COUNT && kernel.wanted === COUNT && kernel.stale === 0;
    },
    40_000,
  );
  await world.kernelHas(COUNT, "the new ones");
  const events = await stopWatching();
  const removed = events.filter((line) => line.startsWith("Deleted")).map((line) => line.split(" ")[1]);
  const added = events.filter((line) => !line.startsWith("Deleted")).map((line) => line.split(" ")[0]);
  t.same(removed.sort(), range(COUNT - 100, COUNT).sort(), "100 removed");
  t.same(added.sort(), range(COUNT, COUNT + 100).sort(), "100 added");
});

t.test("drift, link down and up, a second address", needs(...BIRD2_PROGRAMS), async (t) => {
  const world = await World.open(t);
  await world.kernelHas(COUNT, "all of them");
  const ours = world.us.namespace;

  await ours.exec(`ip route del ${block(7)}`);
  await ours.exec(`ip route replace blackhole ${block(8)} proto bird`);
  await eventually("the repair of both", async () => {
    const routes = await world.kernel();
    return [7, 8].every((n) => routes.some((line) => line.startsWith(`${block(n)} via ${world.them.ipv4}`)));
  });
  t.equal((await world.kernel()).length, COUNT, "a deleted and a changed route are put back");

  await ours.exec("ip address add 10.0.0.77/24 dev eth0");
  await ours.exec("ip address add 172.30.0.1/24 dev eth0");
  await world.starling.established(world.them.ipv4);
  t.equal((await world.kernel()).length, COUNT, "a second address disturbs nothing");
  t.equal((await world.starling.peer(world.them.ipv4)).transitions, 1);

  await ours.exec("ip link set eth0 down");
  await world.kernelHas(0, "the link is down");
  await ours.exec("ip link set eth0 up");
  await world.kernelHas(COUNT, "the link is up again");
});
