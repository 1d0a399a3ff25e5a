// `bird` and `bird6` side by side in one network namespace, both on port 179, both with a peer: neither sees what is the other's.

import t from "tap";
import { CalicoNode } from "../../support/calico-node.js";
import { eventually } from "../../support/eventually.js";
import { Lan } from "../../support/lan.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { needs } from "../../support/requirements.js";

t.setTimeout(90_000);

const AS = 64512;
const BLOCKS = { 4: "192.0.2.0/26", 6: "2001:db8:2::/122" } as const;

t.test("bird and bird6 in one namespace", needs(...BIRD1_PROGRAMS), async (t) => {
  const lan = await Lan.open(["node", "other"]);
  t.teardown(() => lan.close());
  const make = async (host: number, ipVersion: 4 | 6, maker: CalicoNode["maker"]): Promise<CalicoNode> => {
    const address = (of: number): string => (ipVersion === 4 ? `10.0.0.${of}` : `fd00::${of}`);
    const [own, other] = [address(host), address(3 - host)];
    const options = { source: own, isInternal: true, ...(host === 1 ? { more: ["passive on;"] } : {}) };
    const node = await CalicoNode.withPeers(
      lan.hosts[host - 1].namespace,
      maker,
      [{ name: "Mesh_other", address: other, as: AS, ...options }],
      ipVersion,
    );
    t.teardown(() => node.remove());
    if (host === 2) {
      const files = [`${node.program}.cfg`, `${node.program}_aggr.cfg`, `${node.program}_ipam.cfg`];
      const change = (text: string): string =>
        text
          .replace("router id 10.0.0.1", "router id 10.0.0.2")
          .replaceAll("192.0.2.0/26", "192.0.2.64/26")
          .replaceAll("2001:db8:2::/122", "2001:db8:2::40/122");
      for (const file of files) await node.edit(file, change);
    }
    return node;
  };
  const ours = { 4: await make(1, 4, "ours"), 6: await make(1, 6, "ours") };
  const real = { 4: await make(2, 4, "BIRD 1.6"), 6: await make(2, 6, "BIRD 1.6") };
  await Promise.all([...Object.values(ours), ...Object.values(real)].map((node) => node.start()));

  for (const ipVersion of [4, 6] as const) {
    const node = ours[ipVersion];
    await eventually(`IPv${ipVersion} Established`, () => node.isEstablished("Mesh_other"), 30_000);
    const facts = await node.namespace.exec(`cat /proc/${node.process.pid}/comm`);
    t.equal(facts, `${node.program}\n`);
    t.match(node.log, /^(bird: .*\n)+$/, "the log's prefix is bird: for both");
  }
  const { namespace } = ours[4];
  const listeners = await namespace.exec("ss -tlnH 'sport = 179'");
  t.match(listeners, "0.0.0.0:179");
  t.match(listeners, "[::]:179");
  t.equal(listeners.trim().split("\n").length, 2, "one listener each");

  const far = { 4: "192.0.2.64/26 via 10.0.0.2 dev eth0", 6: "2001:db8:2::40/122 via fd00::2 dev eth0" };
  const routesOf = (node: CalicoNode, version: 4 | 6): Promise<string> =>
    node.namespace.exec(`ip -${version} route show proto bird`);
  for (const version of [4, 6] as const) {
    await eventually(far[version], async () => (await routesOf(ours[version], version)).includes(far[version]));
    await eventually(`${BLOCKS[version]} at the real one`, async () =>
      (await routesOf(real[version], version)).includes(`${BLOCKS[version]} via`),
    );
    t.match(await routesOf(ours[version], version), `blackhole ${BLOCKS[version]}`);
  }

  t.equal(await ours[6].process.stop(), "exit 0");
  await eventually("its block gone", async () => !(await routesOf(real[6], 6)).includes(BLOCKS[6]));
  t.match(await routesOf(ours[6], 6), far[6], "its routes stay in the kernel");
  t.ok(await ours[4].isEstablished("Mesh_other"), "the other daemon goes on");
  t.match(await real[4].row("Mesh_other"), /Established/);
  const left = await namespace.exec("ss -tlnH 'sport = 179'");
  t.notMatch(left, "[::]:179");
  t.match(left, "0.0.0.0:179");
});
