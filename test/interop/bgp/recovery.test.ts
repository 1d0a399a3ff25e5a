// A reflector that writes kernel routes is killed together with one of its clients, and comes back alone: BIRD 2 and FRR go
// on, the kernel sees nothing of it, nobody is told a withdrawal, and the dead client's route waits for it.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { DaemonProcess } from "../../support/daemon-process.js";
import { eventually } from "../../support/eventually.js";
import { type Host, Lan } from "../../support/lan.js";
import { BIRD2_PROGRAMS, Bird2 } from "../../support/peers/bird2.js";
import { FRR_PROGRAMS, Frr } from "../../support/peers/frr.js";
import type { PeerDescription, RealPeer } from "../../support/peers/real-peer.js";
import { bestRoute, established } from "../../support/peers/waiting.js";
import { needs } from "../../support/requirements.js";
import { Starling } from "../../support/starling.js";
import { TSHARK_PROGRAMS, tsharkFacts } from "../../support/tshark.js";

t.setTimeout(180_000);

const AS = 64512;
const ROUTES = ["198.18.2.0/24", "198.18.3.0/24", "198.18.4.0/24"] as const;

interface Scene {
  readonly reflector: Starling;
  readonly us: Host;
  readonly hosts: readonly Host[];
  readonly clients: readonly RealPeer[];
}

async function open(t: Test): Promise<Scene> {
  const lan = await Lan.open(["reflector", "bird", "frr", "dead"]);
  t.teardown(() => lan.close());
  const [us, ...hosts] = lan.hosts;
  const describe = (host: Host, n: number): PeerDescription => ({
    as: AS,
    routerId: host.ipv4,
    neighbors: [{ address: us.ipv4, as: AS, gracefulRestart: true }],
    announce: [ROUTES[n]],
  });
  const clients: readonly RealPeer[] = [
    new Bird2(hosts[0].namespace, describe(hosts[0], 0)),
    new Frr(hosts[1].namespace, describe(hosts[1], 1)),
    new Bird2(hosts[2].namespace, describe(hosts[2], 2)),
  ];
  const reflector = new Starling(us.namespace, {
    routerId: us.ipv4,
    as: AS,
    listen: [`${us.ipv4}:179`],
    gracefulRestart: { restartTimeSeconds: 90, deferralSeconds: 60 },
    peers: hosts.map(({ ipv4 }) => ({ address: ipv4, as: AS, routeReflectorClient: true, connectRetrySeconds: 1 })),
  });
  for (const client of clients) {
    t.teardown(() => client.stop());
    await client.start();
  }
  t.teardown(() => reflector.remove());
  await reflector.start();
  for (const client of clients) await established(client, us.ipv4);
  return { reflector, us, hosts, clients };
}

/** Starts `ip monitor route`; the result ends it and gives what it saw of these routes. */
async function watchRoutes(us: Host): Promise<() => Promise<string[]>> {
  const monitor = new DaemonProcess("ip monitor", us.namespace.spawn("stdbuf -oL ip monitor route"));
  const marker = (metric: string): Promise<boolean> =>
    eventually("ip monitor to listen", async () => {
      await us.namespace.exec(`ip route add 203.0.113.0/24 dev eth0 proto static metric ${metric}`);
      await us.namespace.exec(`ip route del 203.0.113.0/24 dev eth0 proto static metric ${metric}`);
      return monitor.output.includes(`metric ${metric}`);
    });
  await marker("7001");
  return async () => {
    await marker("7002");
    await monitor.stop();
    return monitor.output.split("\n").filter((line) => line.trim() !== "" && !line.includes("203.0.113.0"));
  };
}

/** Captures BGP at our interface; the result ends that and gives all messages. */
async function capture(t: Test, us: Host): Promise<() => ReturnType<typeof tsharkFacts>> {
  const folder = await mkdtemp(join(tmpdir(), "starling-capture-"));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, "bgp.pcapng");
  const command = ["tshark", "-n", "-q", "-i", "eth0", "-f", "tcp port 179", "-w", path];
  const tshark = new DaemonProcess("tshark", us.namespace.spawn(command));
  await eventually("tshark to capture", () => tshark.output.includes("Capturing on"));
  return async () => {
    await tshark.stop();
    return tsharkFacts(path);
  };
}

const READY = needs(...BIRD2_PROGRAMS, ...FRR_PROGRAMS, ...TSHARK_PROGRAMS);

t.test("a reflector is killed with one of its clients and comes back without it", READY, async (t) => {
  const { reflector, us, hosts, clients } = await open(t);
  const [bird, frr, dead] = clients;
  const kernel = (): Promise<string> => us.namespace.exec("ip route show proto bird");
  await eventually("every route in the kernel", async () => {
    const text = await kernel();
    return ROUTES.every((route) => text.includes(route));
  });
  for (const client of [bird, frr]) await bestRoute(client, ROUTES[2]);
  const before = await kernel();

  await reflector.kill();
  await dead.kill();
  const stopWatching = await watchRoutes(us);
  const stopCapture = await capture(t, us);
  await reflector.start();
  const startedAt = performance.now();
  await reflector.bestRoute(ROUTES[0]);
  await reflector.bestRoute(ROUTES[1]);
  // FRR counts a route as good when it is told again, BIRD not before our End-of-RIB.
  await bestRoute(frr, ROUTES[0], ({ stale }) => !stale);
  const tookMs = performance.now() - startedAt;
  t.ok(tookMs < 5000, `the living have each other's routes again after ${Math.round(tookMs)} ms`);

  await eventually("our End-of-RIB", async () => {
    const { gracefulRestart } = (await reflector.status()).status;
    return !gracefulRestart.recovering;
  });
  await bestRoute(bird, ROUTES[1], ({ stale }) => !stale);
  const { status } = await reflector.status();
  t.same(status.gracefulRestart.waitingFor, [hosts[2].ipv4], "only the dead one is waited for");
  t.equal(status.kernel.stale, 1, "and its route stays");
  t.equal(await kernel(), before);

  await dead.start();
  await bestRoute(bird, ROUTES[2], ({ stale }) => !stale);
  await eventually("the end of the recovery", async () => {
    const { gracefulRestart, kernel } = (await reflector.status()).status;
    return gracefulRestart.waitingFor.length === 0 && kernel.stale === 0;
  });
  t.equal(await kernel(), before);
  t.same(await stopWatching(), [], "ip monitor route stays silent");
  const updates = (await stopCapture()).filter(({ type }) => type === "UPDATE");
  t.ok(updates.length >= 6, `${updates.length} UPDATEs were captured`);
  t.same(
    updates.filter(({ withdraw }) => withdraw !== undefined && (withdraw as readonly unknown[]).length > 0),
    [],
    "not one withdrawal on any stream",
  );
});
