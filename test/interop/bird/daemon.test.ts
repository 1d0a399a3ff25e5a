// Two of our daemons and a real BIRD 1.6 as the nodes of a Calico mesh, with the files that calico/node writes: sessions,
// routes both ways and in the kernel, reloads, sudden and orderly ends.

import t, { type Test } from "tap";
import { CalicoNode } from "../../support/calico-node.js";
import { eventually, pause } from "../../support/eventually.js";
import { Lan } from "../../support/lan.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { needs } from "../../support/requirements.js";

t.setTimeout(240_000);

const BLOCKS = ["192.0.2.0/26", "192.0.2.64/26", "192.0.2.128/26"] as const;

class Mesh {
  readonly nodes: readonly [CalicoNode, CalicoNode, CalicoNode];

  private constructor(nodes: readonly [CalicoNode, CalicoNode, CalicoNode]) {
    this.nodes = nodes;
  }

  static async open(t: Test): Promise<Mesh> {
    const lan = await Lan.open(["one", "two", "three"]);
    t.teardown(() => lan.close());
    const make = async (n: number, maker: CalicoNode["maker"]): Promise<CalicoNode> => {
      const node = await CalicoNode.make(lan.hosts[n - 1].namespace, maker, `mesh/node${n}`);
      t.teardown(() => node.remove());
      return node;
    };
    const nodes = [await make(1, "ours"), await make(2, "ours"), await make(3, "BIRD 1.6")] as const;
    await Promise.all(nodes.map((node) => node.start()));
    return new Mesh(nodes);
  }

  /** All sessions are up and every node's kernel leads to the blocks of the others. */
  async converged(): Promise<void> {
    for (const [i, node] of this.nodes.entries()) {
      for (const j of this.nodes.keys()) {
        if (i === j) continue;
        await eventually(`the session of node ${i + 1} with ${j + 1}`, () => node.isEstablished(mesh(j + 1)), 60_000);
        const want = `${BLOCKS[j]} via 10.0.0.${j + 1} dev eth0 metric 1024`;
        await eventually(`${want} on node ${i + 1}`, async () => (await node.kernelRoutes()).includes(want), 30_000);
      }
    }
  }
}

function mesh(n: number): string {
  return `Mesh_10_0_0_${n}`;
}

t.test("a mesh of two of ours and a real BIRD", needs(...BIRD1_PROGRAMS), async (t) => {
  const world = await Mesh.open(t);
  const [one, two, real] = world.nodes;
  await world.converged();

  await t.test("it looks to others as BIRD does", async (t) => {
    const { pid } = one.process;
    const facts = await one.namespace.exec(`cat /proc/${pid}/comm; tr '\\0' '\\n' < /proc/${pid}/cmdline | head -1`);
    t.equal(facts, "bird\nbird\n");
    const protocols = await one.birdc("show protocols");
    t.match(protocols, /^name +proto +table +state +since +info$/m);
    t.match(protocols, /^Mesh_10_0_0_3 BGP +master +up +\S+ +Established/m);
    for (const name of ["kernel1", "device1", "direct1", "static1"]) t.match(protocols, new RegExp(`^${name} `, "m"));
    t.match(one.log, /^bird: Graceful restart started$[^]*^bird: Started$/m);
    const sockets = await one.namespace.exec("ss -tlnH");
    t.match(sockets, "0.0.0.0:179");
    t.notMatch(sockets, "[::]:179");
  });

  await t.test("blocks are blackholes at home", async (t) => {
    for (const [i, node] of world.nodes.entries()) t.match(await node.kernelRoutes(), `blackhole ${BLOCKS[i]}`);
  });

  await t.test("a changed filter changes routes and no session", async (t) => {
    const since = await upSince(one, 3);
    const reject = `if (net = ${BLOCKS[0]}) then { reject; }\n    calico_export_to_bgp_peers(true);`;
    await one.edit("bird.cfg", (text) => text.replace("calico_export_to_bgp_peers(true);", reject));
    one.process.signal("SIGHUP");
    await eventually("the block gone on node 2", async () => !(await two.kernelRoutes()).includes(BLOCKS[0]));
    t.match(await real.kernelRoutes(), BLOCKS[0], "the other peer's filter was not changed");
    await one.edit("bird.cfg", (text) => text.replace(reject, "calico_export_to_bgp_peers(true);"));
    one.process.signal("SIGHUP");
    await world.converged();
    t.equal(await upSince(one, 3), since);
    t.match(one.log, /bird: Reconfiguration requested by SIGHUP\nbird: Reconfigured/);
  });

  await t.test("a changed kernel filter rewrites the kernel's routes", async () => {
    const rule = `if (net = ${BLOCKS[2]}) then { reject; }`;
    await one.edit("bird_ipam.cfg", (text) => text.replace(/(filter calico_kernel_programming \{)/, `$1 ${rule}`));
    one.process.signal("SIGHUP");
    await eventually("the block of node 3 gone", async () => !(await one.kernelRoutes()).includes(BLOCKS[2]));
    await one.edit("bird_ipam.cfg", (text) => text.replace(` ${rule}`, ""));
    one.process.signal("SIGHUP");
    await world.converged();
  });

  await t.test("a storm of signals over broken files keeps what runs", async (t) => {
    const since = await upSince(one, 2);
    await one.edit("bird_aggr.cfg", (text) => text.replace("function calico_aggr", "function other_aggr"));
    for (let i = 0; i < 20; i++) one.process.signal("SIGHUP");
    await eventually("the error", () => /bird: .*bird_ipam\.cfg:\d+:\d+ /.test(one.log));
    await one.edit("bird_aggr.cfg", (text) => text.replace("function other_aggr", "function calico_aggr"));
    await one.edit("bird_aggr.cfg", (text) =>
      text.replace("blackhole;", "blackhole;\n   route 192.0.2.192/27 blackhole;"),
    );
    for (let i = 0; i < 20; i++) one.process.signal("SIGHUP");
    await eventually("the new block on node 3", async () => (await real.kernelRoutes()).includes("192.0.2.192/27"));
    t.equal(await upSince(one, 2), since);
    await one.edit("bird_aggr.cfg", (text) => text.replace("\n   route 192.0.2.192/27 blackhole;", ""));
    t.match(await one.birdc("configure"), "Reconfigured");
    await eventually("it gone", async () => !(await real.kernelRoutes()).includes("192.0.2.192/27"));
  });

  await t.test("killed and started again nobody's kernel changes a route", async (t) => {
    const watches = world.nodes.map((node) => watchRoutes(node));
    await one.process.kill();
    await pause(1000);
    await one.start();
    await world.converged();
    await eventually("the end of the recovery", () => one.log.split("Graceful restart done").length > 2, 60_000);
    await pause(5000);
    for (const [i, watch] of watches.entries()) t.equal(watch(), "", `route events on node ${i + 1}`);
  });

  await t.test("SIGTERM withdraws, and kernel routes stay", async (t) => {
    t.equal(await one.process.stop(), "exit 0");
    t.match(one.log, /bird: Shutting down\n[^]*bird: Shutdown completed\n$/);
    for (const node of [two, real]) {
      await eventually("the block gone", async () => !(await node.kernelRoutes()).includes(BLOCKS[0]));
      t.match(await node.birdc(`show protocols`), /Mesh_10_0_0_1.*Received: Administrative shutdown/);
    }
    t.match(two.log, "bird: Mesh_10_0_0_1: Received: Administrative shutdown\n");
    t.match(await one.kernelRoutes(), `blackhole ${BLOCKS[0]}`);
    await t.rejects(one.birdc("show status"), "the socket is gone");
  });
});

/** The row of `show protocols` without what may differ. */
async function upSince(node: CalicoNode, peer: number): Promise<string> {
  const rows = (await node.birdc("show protocols")).split("\n");
  return rows.find((row) => row.startsWith(mesh(peer))) ?? "";
}

/** Gives what `ip monitor` has seen of routes by BGP and of blocks since the call. */
function watchRoutes(node: CalicoNode): () => string {
  let seen = "";
  const monitor = node.namespace.spawn(["ip", "monitor", "route"]);
  monitor.stdout.on("data", (chunk: Buffer) => (seen += chunk.toString()));
  return () => {
    monitor.kill();
    const lines = seen.split("\n").filter((line) => line.includes("192.0.2."));
    return lines.join("\n");
  };
}
