// Acceptance: a mesh of three nodes, IPv4 and IPv6, with pods behind them. What is announced and programmed, what Calico's
// clients and unmodified tools of others read, and peace with Felix.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { FamilyName } from "../../../src/base/family.js";
import {
  answers,
  blockOf,
  CalicoCluster,
  ELEVATED_METRIC,
  established,
  hostPrefix,
  kernelHas,
  kernelLacks,
  podAddress,
} from "../../support/calico-cluster.js";
import { calicoPeerName } from "../../support/calico-config.js";
import type { CalicoNode } from "../../support/calico-node.js";
import { DaemonProcess, run } from "../../support/daemon-process.js";
import { eventually, pause } from "../../support/eventually.js";
import type { Namespace } from "../../support/netns.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { needs } from "../../support/requirements.js";
import { ROOT } from "../../support/root.js";
import {
  CalicoConnection,
  readAgent,
  readDetails,
  readPeers,
  readRecovery,
  readRoutes,
} from "../../bird/control/calico-parsers.js";

t.setTimeout(240_000);

const FAMILIES = ["ipv4", "ipv6"] as const;
const EXPORTER = "prometheus-bird-exporter";

interface World {
  readonly cluster: CalicoCluster;
  /** Daemon of node n is [n - 1]. */
  readonly nodes: Readonly<Record<FamilyName, readonly CalicoNode[]>>;
  readonly pods: readonly Namespace[];
}

async function openWorld(t: Test): Promise<World> {
  const cluster = await CalicoCluster.open(t, ["one", "two", "three"]);
  const nodes: Record<FamilyName, CalicoNode[]> = { ipv4: [], ipv6: [] };
  const pods: Namespace[] = [];
  for (const n of [1, 2, 3]) {
    pods.push(await cluster.pod(n, `pod${n}`, [podAddress(n, 5), podAddress(n, 5, "ipv6")]));
    for (const family of FAMILIES) nodes[family].push(await cluster.daemon(n, others(n), {}, family));
  }
  await Promise.all([...nodes.ipv4, ...nodes.ipv6].map((node) => node.start()));
  return { cluster, nodes, pods };
}

function others(n: number): readonly number[] {
  return [1, 2, 3].filter((each) => each !== n);
}

/** The beginning of the line that a node's kernel has for what node n announces. */
function way(cluster: CalicoCluster, prefix: string, n: number, family: FamilyName, metric = 1024): string {
  return `${prefix} via ${cluster.address(n, family)} dev eth0 metric ${metric}`;
}

t.test("a mesh of three nodes", needs(...BIRD1_PROGRAMS, "birdc", EXPORTER, "ping"), async (t) => {
  const world = await openWorld(t);
  const { cluster, nodes, pods } = world;

  await t.test("pods reach each other over both IP versions", async () => {
    for (const family of FAMILIES) {
      for (const n of [1, 2, 3]) {
        const node = nodes[family][n - 1];
        await established(
          node,
          "Mesh",
          others(n).map((other) => cluster.address(other, family)),
        );
        for (const other of others(n)) await kernelHas(node, way(cluster, blockOf(other, family), other, family));
        await kernelHas(node, `blackhole ${blockOf(n, family)}`);
      }
    }
    for (const family of FAMILIES)
      for (const n of [1, 2, 3])
        for (const other of others(n)) await answers(pods[n - 1], podAddress(other, 5, family));
  });

  await t.test("a pod's own route is announced only where the block does not lead to it", async (t) => {
    await cluster.pod(3, "borrowed", [podAddress(1, 10), podAddress(1, 10, "ipv6")]);
    await cluster.pod(2, "moving", [podAddress(2, 20), podAddress(2, 20, "ipv6")], ELEVATED_METRIC);
    for (const family of FAMILIES) {
      const [one, two, three] = nodes[family];
      const [borrowed, moving] = [hostPrefix(podAddress(1, 10, family)), hostPrefix(podAddress(2, 20, family))].map(
        (prefix) => (family === "ipv4" ? prefix.replace("/32", "") : prefix.replace("/128", "")),
      );
      for (const node of [one, two]) await kernelHas(node, way(cluster, borrowed, 3, family));
      for (const node of [one, three]) await kernelHas(node, way(cluster, moving, 2, family, ELEVATED_METRIC));
      const ordinary = podAddress(2, 5, family);
      t.notMatch(await one.birdc("show route"), `${hostPrefix(ordinary)} `, "an ordinary pod is not announced");
      const exported = await two.birdc(`show route export ${calicoPeerName("Mesh", cluster.address(1, family))}`);
      t.match(exported, blockOf(2, family));
      t.match(exported, hostPrefix(podAddress(2, 20, family)));
      t.notMatch(exported, blockOf(1, family), "what a mesh peer told is not told on");
    }
    for (const family of FAMILIES) await answers(pods[0], podAddress(1, 10, family));
    for (const family of FAMILIES) await answers(pods[0], podAddress(2, 20, family));
    const details = await nodes.ipv4[0].birdc(`show route ${hostPrefix(podAddress(2, 20))} all`);
    t.match(details, "BGP.local_pref: 2147483135");
  });

  await t.test("Calico's clients find everything in order on all nodes", async (t) => {
    for (const family of FAMILIES)
      for (const n of [1, 2, 3]) await clientsAreContent(t, nodes[family][n - 1], cluster.address(n), 2);
  });

  await t.test("unmodified clients of others", (t) => readByOthers(t, world));
  await t.test("Felix's routes are not ours", (t) => besideFelix(t, world));
});

async function clientsAreContent(t: Test, node: CalicoNode, routerId: string, peerCount: number): Promise<void> {
  const connection = new CalicoConnection(node.socket);
  try {
    connection.send("show protocols");
    const peers = await readPeers(connection, node.family === "ipv4" ? "." : ":");
    t.strictSame(
      peers.map(({ type, state, bgpState }) => ({ type, state, bgpState })),
      Array.from({ length: peerCount }, () => ({ type: "node-to-node mesh", state: "up", bgpState: "Established" })),
    );
    for (const peer of peers) {
      connection.send(`show protocols all ${peer.name}`);
      t.strictSame(await readDetails(connection), { state: "Established", address: peer.ip });
    }
    connection.send("show status");
    t.equal(await readRecovery(connection), undefined);
    connection.send("show status");
    const agent = await readAgent(connection);
    t.equal(agent["routerId"], routerId);
    connection.send("show route");
    const routes = await readRoutes(connection);
    const best = routes.filter((route) => route.type === "FIB");
    t.ok(best.filter((route) => route.from.startsWith("Mesh_")).length >= 3, "two blocks and a pod");
    t.ok(best.some((route) => route.from === "static1" && route.device === "blackhole"));
    t.ok(best.some((route) => route.from === "kernel1" && route.device.startsWith("cali")));
    t.ok(best.some((route) => route.from === "direct1" && route.device === "eth0"));
  } finally {
    connection.close();
  }
}

async function readByOthers(t: Test, { cluster, nodes }: World): Promise<void> {
  const [node] = nodes.ipv4;
  const mesh = calicoPeerName("Mesh", cluster.address(2));
  const clients = [BIRD1_PROGRAMS[2], "birdc", join(ROOT, "dist/bin/birdcl")];
  for (const client of clients) {
    const ask = (command: string): Promise<string> => run([client, "-s", node.socket, ...command.split(" ")]);
    t.match(
      await ask("show status"),
      /^BIRD .* ready\.\nBIRD .*\nRouter ID is 10\.0\.0\.1\n[^]*Daemon is up and running\n$/,
    );
    const protocols = (await ask("show protocols"))
      .split("\n")
      .slice(1, -1)
      .map((row) => row.split(/\s+/, 4));
    t.strictSame(protocols, [
      ["name", "proto", "table", "state"],
      ["static1", "Static", "master", "up"],
      ["kernel1", "Kernel", "master", "up"],
      ["device1", "Device", "master", "up"],
      ["direct1", "Direct", "master", "up"],
      [mesh, "BGP", "master", "up"],
      [calicoPeerName("Mesh", cluster.address(3)), "BGP", "master", "up"],
    ]);
    t.match(await ask(`show protocols all ${mesh}`), /BGP state: +Established\n +Neighbor address: 10\.0\.0\.2\n/);
    t.match(
      await ask("show route"),
      /^192\.0\.2\.64\/26 +via 10\.0\.0\.2 on eth0 \[Mesh_10_0_0_2 [^\]]+\] \* \(100\/0\) \[i\]$/m,
    );
    t.match(await ask("show route 192.0.2.64/26 all"), "BGP.local_pref: 2147482623");
    t.match(await ask(`show route protocol ${mesh} count`), /^\d+ of \d+ routes for \d+ networks$/m);
    t.match(await ask("show route export kernel1"), "192.0.2.128/26");
    t.match(await ask("show interfaces"), /^eth0 up \(index=\d+\)$/m);
    t.match(await ask("show memory"), "BIRD memory usage");
    t.match(await ask("configure"), /Reading configuration from .*bird\.cfg\nReconfigured\n$/);
  }
  const metrics = await exporterMetrics(t, nodes.ipv4[0].socket, nodes.ipv6[0].socket);
  for (const family of FAMILIES) {
    const name = calicoPeerName("Mesh", cluster.address(2, family));
    const rows = metrics.split("\n").filter((line) => line.includes(`name="${name}"`));
    const value = (metric: string): number =>
      Number(rows.find((line) => line.startsWith(`${metric}{`))?.split("} ")[1]);
    t.equal(value("bird_protocol_up"), 1, name);
    t.equal(value("bird_protocol_prefix_import_count"), 2, `${name}: a block and a moving pod`);
    t.equal(value("bird_protocol_prefix_export_count"), 1, `${name}: the block`);
  }
}

/** What the exporter serves, once it does. */
async function exporterMetrics(t: Test, socket: string, socket6: string): Promise<string> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  const words = ["-bird.socket", socket, "-bird.socket6", socket6, "-format.new=true"];
  const address = ["-web.listen-address", `127.0.0.1:${port}`];
  const exporter = new DaemonProcess(
    EXPORTER,
    spawn(EXPORTER, [...words, ...address], { stdio: ["ignore", "pipe", "pipe"] }),
  );
  t.teardown(() => exporter.stop());
  return eventually("the exporter's metrics", async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
}

/** The same prefix with the same metric as ours, and others of Felix: none is touched, ours comes when Felix's goes. */
async function besideFelix(t: Test, { cluster, nodes }: World): Promise<void> {
  const device = "vxlan.calico";
  await cluster.namespace(1).exec(`ip link add ${device} type veth peer name vxlanend && ip link set vxlanend up`);
  await cluster.namespace(1).exec(`ip link set ${device} up`);
  for (const family of FAMILIES) {
    const [one, two] = nodes[family];
    const prefix = family === "ipv4" ? "192.0.2.224/27" : "fd00:65:3::80/121";
    const files = `${two.program}_aggr.cfg`;
    await cluster.felixRoute(1, prefix, `dev ${device} metric 1024`);
    const before = await one.kernelRoutes("proto 80");
    t.match(before, `${prefix} dev ${device} `);
    await two.edit(files, (text) => text.replace("blackhole;\n", `blackhole;\n   route ${prefix} blackhole;\n`));
    two.reload();
    await kernelHas(nodes[family][2], way(cluster, prefix, 2, family));
    await pause(2500);
    t.equal(await one.kernelRoutes("proto 80"), before, "Felix's routes are as they were");
    await kernelLacks(one, prefix);
    await cluster.felixRoute(1, prefix, `dev ${device} metric 1024`, "del");
    await kernelHas(one, way(cluster, prefix, 2, family), 5_000);
    await two.edit(files, (text) => text.replace(`   route ${prefix} blackhole;\n`, ""));
    two.reload();
    await kernelLacks(one, prefix);
  }
}
