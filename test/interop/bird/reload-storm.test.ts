// Fifty SIGHUPs within a second while confd changes files, `configure` on the socket at the same time, and a reload while a
// graceful restart goes on: what counts in the end is what the files say in the end.

import t from "tap";
import { CalicoNode } from "../../support/calico-node.js";
import { eventually, pause } from "../../support/eventually.js";
import { Lan } from "../../support/lan.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { needs } from "../../support/requirements.js";

t.setTimeout(90_000);

const SIGNALS = 50;
const EVERY_MS = 20;
const MARK = /route 192\.0\.2\.\d+\/32 blackhole;\n {3}/;

/** The files with one more blackhole, whose last octet counts. */
async function write(node: CalicoNode, octet: number): Promise<void> {
  await node.edit("bird_aggr.cfg", (text) =>
    text.replace(MARK, "").replace("route 192.0.2.0/26", `route 192.0.2.${octet}/32 blackhole;\n   route 192.0.2.0/26`),
  );
}

t.test("reloads in bursts", needs(...BIRD1_PROGRAMS), async (t) => {
  const lan = await Lan.open(["one", "two"]);
  t.teardown(() => lan.close());
  const node = await CalicoNode.make(lan.hosts[0].namespace, "ours", "mesh/node1");
  t.teardown(() => node.remove());
  const real = await CalicoNode.make(lan.hosts[1].namespace, "BIRD 1.6", "mesh/node2");
  t.teardown(() => real.remove());
  await Promise.all([node.start([]), real.start([])]);
  await eventually("the session", () => node.isEstablished("Mesh_10_0_0_2"), 30_000);
  const row = await node.row("Mesh_10_0_0_2");

  const storm = async (from: number): Promise<void> => {
    for (let i = 0; i < SIGNALS; i++) {
      await write(node, from + i);
      node.process.signal("SIGHUP");
      await pause(EVERY_MS);
    }
  };
  const settled = (octet: number): Promise<unknown> =>
    eventually("the last state of the files", async () => {
      const routes = await node.birdc("show route protocol static1");
      return routes.match(/192\.0\.2\.\d+\/32/g)?.join() === `192.0.2.${octet}/32`;
    });

  await t.test("fifty signals", async (t) => {
    const before = node.log.length;
    await storm(100);
    await settled(149);
    await eventually("quiet", async () => (await node.birdc("show status")).includes("Daemon is up and running"));
    const lines = node.log.slice(before).split("\n").slice(0, -1);
    const reloads = lines.filter((line) => line === "bird: Reconfigured").length;
    const requests = lines.filter((line) => line === "bird: Reconfiguration requested by SIGHUP").length;
    t.ok(reloads >= 1 && reloads <= requests, `${reloads} reloads of ${requests} requests`);
    t.equal(lines[lines.length - 1], "bird: Reconfigured");
    const others = lines.filter(
      (line) => !/^bird: (Reconfigured|Reconfiguration requested by SIGHUP|kernel: )/.test(line),
    );
    t.same(others, [], "nothing else is logged");
    t.equal(await node.row("Mesh_10_0_0_2"), row, "the session is untouched");
  });

  await t.test("with `configure` on the socket at the same time", async (t) => {
    const replies: Promise<string>[] = [];
    const storming = storm(150);
    for (let i = 0; i < 10; i++) {
      replies.push(node.birdc("configure"));
      await pause(5 * EVERY_MS);
    }
    await storming;
    for (const reply of await Promise.all(replies)) t.match(reply, /^Reconfigur(ed|ation (already )?in progress.*)$/m);
    await settled(199);
    t.match(await node.birdc("configure"), /^Reconfigured$/m);
    t.equal(await node.row("Mesh_10_0_0_2"), row, "the session is untouched");
  });

  await t.test("while a graceful restart goes on", async (t) => {
    await node.process.kill();
    await node.start(["-R"]);
    t.match(await node.birdc("show status"), "Graceful restart recovery in progress");
    await storm(200);
    await settled(249);
    await eventually("the session again", () => node.isEstablished("Mesh_10_0_0_2"), 30_000);
    await eventually("the end of the recovery", () => node.log.includes("bird: Graceful restart done"), 30_000);
    t.notMatch(await node.birdc("show status"), "Graceful restart");
    await eventually("the block of the other in the kernel", async () =>
      (await node.kernelRoutes()).includes("192.0.2.64/26 via 10.0.0.2"),
    );
    await eventually("our last block at the other", async () => {
      const routes = await real.birdc("show route protocol Mesh_10_0_0_1");
      return routes.includes("192.0.2.0/26") && !routes.includes("192.0.2.248/32");
    });
    t.ok(node.process.isRunning);
  });
});
