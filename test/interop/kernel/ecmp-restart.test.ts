// A node with equal paths over two neighbours that is killed and started again: while only one of the two has told its
// routes, those of the earlier run stay as they are.

import t from "tap";
import { DaemonProcess } from "../../support/daemon-process.js";
import { eventually } from "../../support/eventually.js";
import { type Host, Lan } from "../../support/lan.js";
import { BIRD2_PROGRAMS, Bird2 } from "../../support/peers/bird2.js";
import { needs } from "../../support/requirements.js";
import { Starling } from "../../support/starling.js";

t.setTimeout(180_000);

const AS = 64512;
const SERVICES = Array.from({ length: 200 }, (_, i) => `10.96.${i}.0/24`);

t.test("kill -9 and restart with equal paths: not one route event", needs(...BIRD2_PROGRAMS), async (t) => {
  const lan = await Lan.open(["us", "left", "right"]);
  const [us, left, right] = lan.hosts as [Host, Host, Host];
  const starling = new Starling(us.namespace, {
    routerId: us.ipv4,
    as: AS,
    listen: [`${us.ipv4}:179`],
    peers: [left, right].map(({ ipv4 }) => ({ address: ipv4, as: AS, connectRetrySeconds: 1 })),
    multipath: { ibgp: 4 },
    node: { blocks: ["10.244.1.0/26"] },
    gracefulRestart: { restartTimeSeconds: 60, deferralSeconds: 30 },
  });
  const birds = [left, right].map(({ namespace, ipv4 }) => {
    const neighbor = { address: us.ipv4, as: AS, gracefulRestart: true, nextHopSelf: true };
    return new Bird2(namespace, { as: AS, routerId: ipv4, neighbors: [neighbor], announce: SERVICES });
  });
  t.teardown(async () => {
    await starling.remove();
    for (const bird of birds) await bird.stop();
    await lan.close();
  });
  const kernel = async (): Promise<string[]> =>
    (await us.namespace.exec("ip route show proto bird"))
      .replace(/\s*\n\s+nexthop/g, " nexthop")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "")
      .sort();
  for (const bird of birds) await bird.start();
  await starling.start();
  await eventually("two ways for every service", async () => {
    const routes = (await kernel()).filter((line) => (line.match(/nexthop/g) ?? []).length === 2);
    return routes.length === SERVICES.length;
  });
  const before = await kernel();
  t.ok(before.includes("blackhole 10.244.1.0/26"));

  const monitor = new DaemonProcess("ip monitor", us.namespace.spawn("stdbuf -oL ip monitor route"));
  // The monitor says nothing when it is ready: a route of another protocol tells.
  const mark = async (metric: number): Promise<void> => {
    await eventually("ip monitor to listen", async () => {
      await us.namespace.exec(`ip route add 203.0.113.0/24 dev eth0 proto static metric ${metric}`);
      await us.namespace.exec(`ip route del 203.0.113.0/24 dev eth0 proto static metric ${metric}`);
      return monitor.output.includes(`metric ${metric}`);
    });
  };
  await mark(7001);
  // The second neighbour answers when the first has told everything.
  birds[1].freeze(true);
  await starling.kill();
  await starling.start();
  await starling.peerWhen(
    left.ipv4,
    "has told everything",
    (peer) => peer.families[0]?.endOfRibReceived === true && peer.families[0].received === SERVICES.length,
  );
  t.not((await starling.peer(right.ipv4)).state, "Established");
  t.equal((await starling.status()).status.kernel.wanted, SERVICES.length + 1, "wished for over one way so far");
  birds[1].freeze(false);
  await eventually("the end of recovery", async () => {
    const { status } = await starling.status();
    const { installed, stale } = status.kernel;
    const isOver = status.gracefulRestart.waitingFor.length === 0;
    return isOver && installed === SERVICES.length + 1 && stale === 0;
  });
  await mark(7002);
  await monitor.stop();
  const events = monitor.output.split("\n").filter((line) => line.trim() !== "" && !line.includes("203.0.113.0"));
  t.same(events, [], "ip monitor route stays silent");
  t.same(await kernel(), before);
});
