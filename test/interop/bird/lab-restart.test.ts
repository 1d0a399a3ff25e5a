// Acceptance: what calico/node does to its daemons. SIGKILL and a start with -R that no kernel and no pod notices although
// one configured peer is dead, SIGTERM, storms of SIGHUP over files that do not fit together.

import t, { type Test } from "tap";
import { readFile, rename } from "node:fs/promises";
import {
  answers,
  blockOf,
  CalicoCluster,
  established,
  kernelHas,
  kernelLacks,
  meshPeer,
  podAddress,
} from "../../support/calico-cluster.js";
import { calicoPeerName } from "../../support/calico-config.js";
import type { CalicoNode } from "../../support/calico-node.js";
import { eventually, pause } from "../../support/eventually.js";
import type { Namespace } from "../../support/netns.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { LongPing, RouteWatch } from "../../support/route-watch.js";
import { needs } from "../../support/requirements.js";

t.setTimeout(240_000);

const FAMILIES = ["ipv4", "ipv6"] as const;
const DEAD = { ipv4: "10.0.0.9", ipv6: "fd00::9" } as const;
/** A peer that is gone may hold nothing back. */
const SOON_MS = 5_000;

interface World {
  readonly cluster: CalicoCluster;
  readonly daemons: readonly CalicoNode[];
  readonly pods: readonly Namespace[];
}

async function openWorld(t: Test): Promise<World> {
  const cluster = await CalicoCluster.open(t, ["one", "two", "three"]);
  const daemons: CalicoNode[] = [];
  const pods: Namespace[] = [];
  for (const n of [1, 2, 3]) pods.push(await cluster.pod(n, `pod${n}`, [podAddress(n, 5), podAddress(n, 5, "ipv6")]));
  for (const family of FAMILIES) {
    for (const n of [1, 2, 3]) {
      const own = cluster.address(n, family);
      const living = others(n).map((other) => cluster.address(other, family));
      const dead = n === 1 ? [DEAD[family]] : [];
      const peers = [...living, ...dead].map((address) => meshPeer(own, address));
      daemons.push(await cluster.daemon(n, [], { peers }, family));
    }
  }
  await Promise.all(daemons.map((daemon) => daemon.start()));
  return { cluster, daemons, pods };
}

function others(n: number): readonly number[] {
  return [1, 2, 3].filter((each) => each !== n);
}

/** Daemons are listed by family, then node. */
function numberOf(daemons: readonly CalicoNode[], daemon: CalicoNode): number {
  return (daemons.indexOf(daemon) % 3) + 1;
}

async function converged({ cluster, daemons }: World): Promise<void> {
  for (const daemon of daemons) {
    const { family } = daemon;
    const rest = others(numberOf(daemons, daemon));
    await established(
      daemon,
      "Mesh",
      rest.map((other) => cluster.address(other, family)),
    );
    for (const other of rest)
      await kernelHas(daemon, `${blockOf(other, family)} via ${cluster.address(other, family)} dev eth0 metric 1024`);
  }
}

t.test("a node of a mesh with a dead peer", needs(...BIRD1_PROGRAMS, "ping"), async (t) => {
  const world = await openWorld(t);
  const { cluster, daemons, pods } = world;
  const [one, two] = daemons;
  const onNodeOne = daemons.filter((daemon) => numberOf(daemons, daemon) === 1);
  await converged(world);
  for (const family of FAMILIES) {
    await answers(pods[1], podAddress(1, 5, family));
    await answers(pods[0], podAddress(3, 5, family));
  }

  await t.test("three times killed and started again: no route changes anywhere, no ping is lost", async (t) => {
    for (const round of [1, 2, 3]) {
      const watch = await RouteWatch.open([...cluster.namespaces, cluster.lan.bridge, ...pods]);
      const pings = FAMILIES.flatMap((family) => [
        new LongPing(pods[1], podAddress(1, 5, family)),
        new LongPing(pods[0], podAddress(3, 5, family)),
      ]);
      await Promise.all(onNodeOne.map((daemon) => daemon.process.kill()));
      t.match(await two.birdc("show route"), `${blockOf(1)} `, "the peer keeps the routes");
      await pause(1000);
      await Promise.all(onNodeOne.map((daemon) => daemon.start()));
      await converged(world);
      // Two scans of the kernel's table.
      await pause(4500);
      t.strictSame(await watch.close(), [], `round ${round}: route events`);
      for (const ping of pings) {
        const { sent, lost } = await ping.close();
        t.ok(sent > 20);
        t.equal(lost, 0, `round ${round}: pings lost`);
      }
      await bringsNewRoute(t, world, round);
    }
  });

  await t.test("what changed meanwhile is there soon after the start", async (t) => {
    const prefix = "192.0.2.208/28";
    const old = "192.0.2.224/28";
    await addRoute(two, old);
    await kernelHas(one, `${old} via 10.0.0.2 dev eth0`);
    await one.process.kill();
    await addRoute(two, prefix);
    await removeRoute(two, old);
    await one.start();
    await established(one, "Mesh", [cluster.address(2), cluster.address(3)]);
    await kernelHas(one, `${prefix} via 10.0.0.2 dev eth0`, SOON_MS);
    const status = await one.birdc("show status");
    t.match(status, "Daemon is up and running");
    await removeRoute(two, prefix);
    await kernelLacks(one, prefix);
  });

  await t.test("SIGTERM withdraws, own routes stay and are adopted", (t) => endInOrder(t, world, onNodeOne));
  await t.test("a storm of SIGHUP over files that do not fit together", (t) => storm(t, world));
});

async function bringsNewRoute(t: Test, { daemons }: World, round: number): Promise<void> {
  const [one, two] = daemons;
  const prefix = `192.0.2.${192 + round * 16}/28`;
  const since = performance.now();
  await addRoute(two, prefix);
  await kernelHas(one, `${prefix} via 10.0.0.2 dev eth0`, SOON_MS);
  t.comment(`round ${round}: a new route after ${Math.round(performance.now() - since)} ms`);
  await removeRoute(two, prefix);
  for (const node of daemons.slice(0, 3)) await kernelLacks(node, prefix);
}

async function addRoute(node: CalicoNode, prefix: string): Promise<void> {
  await node.edit("bird_aggr.cfg", (text) =>
    text.replace("blackhole;\n", `blackhole;\n   route ${prefix} blackhole;\n`),
  );
  node.reload();
}

async function removeRoute(node: CalicoNode, prefix: string): Promise<void> {
  await node.edit("bird_aggr.cfg", (text) => text.replace(`   route ${prefix} blackhole;\n`, ""));
  node.reload();
}

async function endInOrder(t: Test, world: World, onNodeOne: readonly CalicoNode[]): Promise<void> {
  const { cluster, daemons } = world;
  const rest = daemons.filter((daemon) => !onNodeOne.includes(daemon));
  const before = await Promise.all(onNodeOne.map((daemon) => daemon.kernelRoutes()));
  const watch = await RouteWatch.open([cluster.namespace(1)]);
  for (const daemon of onNodeOne) {
    t.equal(await daemon.process.stop(), "exit 0");
    t.match(daemon.log, /bird6?: Shutdown completed\n$/);
  }
  for (const daemon of rest) {
    await kernelLacks(daemon, blockOf(1, daemon.family));
    const row = await daemon.row(calicoPeerName("Mesh", cluster.address(1, daemon.family)));
    t.match(row, /Received: Administrative shutdown/);
  }
  t.strictSame(await Promise.all(onNodeOne.map((daemon) => daemon.kernelRoutes())), before);
  await Promise.all(onNodeOne.map((daemon) => daemon.start()));
  await converged(world);
  await pause(4500);
  t.strictSame(await watch.close(), [], "adopted without an event");
}

async function storm(t: Test, world: World): Promise<void> {
  const { cluster, daemons } = world;
  const [one, two, three] = daemons;
  const names = [2, 3].map((n) => calicoPeerName("Mesh", cluster.address(n)));
  // Without the state: `wait` becomes `up` when the recovery of the run before is over.
  const rows = (): Promise<readonly string[]> =>
    Promise.all(names.map(async (name) => (await one.row(name)).replace(/ (wait|feed) /, " up   ")));
  const since = await rows();
  const watch = await RouteWatch.open(cluster.namespaces);
  const main = await readFile(one.path("bird.cfg"), "utf8");
  const burst = (): void => {
    for (let i = 0; i < 5; i++) one.reload();
  };

  await rename(one.path("bird_ipam.cfg"), one.path("gone.cfg"));
  burst();
  await eventually("the missing file", () => /bird: .*bird_ipam\.cfg: No such file or directory/.test(one.log));
  await rename(one.path("gone.cfg"), one.path("bird_ipam.cfg"));
  await one.edit("bird_ipam.cfg", (text) => text.replace("reject_local_routes();", "reject_what_is_not_there();"));
  burst();
  await eventually("the unknown function", () => /bird: .*bird_ipam\.cfg:\d+:\d+ /.test(one.log));
  await one.edit("bird.cfg", (text) => text.slice(0, text.lastIndexOf("passive")));
  burst();
  await eventually("the cut file", () => /bird: .*\/bird\.cfg:\d+:\d+ /.test(one.log) || /syntax error/.test(one.log));
  await pause(1000);
  t.strictSame(await rows(), since, "what was broken changed nothing");
  t.strictSame(await watch.close(), [], "and no route");
  await one.edit("bird.cfg", () => main);
  await one.edit("bird_ipam.cfg", (text) => text.replace("reject_what_is_not_there();", "reject_local_routes();"));
  await addRoute(one, "192.0.2.208/28");
  burst();
  for (const node of [two, three]) await kernelHas(node, "192.0.2.208/28 via 10.0.0.1 dev eth0");

  await one.edit("bird.cfg", (text) =>
    text.replaceAll("    calico_export_to", "    if (net = 192.0.2.208/28) then { reject; }\n    calico_export_to"),
  );
  one.reload();
  for (const node of [two, three]) await kernelLacks(node, "192.0.2.208/28");
  // Node 1 keeps what it has adopted until its dead peer had its time, as BIRD does; node 2 has adopted nothing.
  const rule = ` if (net = ${blockOf(3)}) then { reject; }`;
  await two.edit("bird_ipam.cfg", (text) => text.replace("filter calico_kernel_programming {", (head) => head + rule));
  two.reload();
  await kernelLacks(two, blockOf(3));
  await two.edit("bird_ipam.cfg", (text) => text.replace(rule, ""));
  two.reload();
  await kernelHas(two, `${blockOf(3)} via 10.0.0.3 dev eth0 metric 1024`);
  t.strictSame(await rows(), since, "no session was touched");
}
