// Acceptance: the mesh is off, node 3 reflects for nodes 1 and 2 (cluster id, rr client), IPv4 and IPv6.

import t from "tap";
import type { FamilyName } from "../../../src/base/family.js";
import {
  answers,
  AS,
  blockOf,
  CalicoCluster,
  established,
  kernelHas,
  kernelLacks,
  podAddress,
} from "../../support/calico-cluster.js";
import type { CalicoPeer } from "../../support/calico-config.js";
import type { CalicoNode } from "../../support/calico-node.js";
import type { Namespace } from "../../support/netns.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { needs } from "../../support/requirements.js";

t.setTimeout(120_000);

const FAMILIES = ["ipv4", "ipv6"] as const;
const SERVICES = { ipv4: "198.51.100.0/24", ipv6: "fd00:99::/112" } as const;
const SERVICE = { ipv4: "198.51.100.7/32", ipv6: "fd00:99::7/128" } as const;

t.test("a node that reflects routes", needs(...BIRD1_PROGRAMS, "ping"), async (t) => {
  const cluster = await CalicoCluster.open(t, ["one", "two", "reflector"]);
  const pods: Namespace[] = [];
  const daemons: Record<FamilyName, CalicoNode[]> = { ipv4: [], ipv6: [] };
  for (const n of [1, 2, 3])
    pods.push(
      await cluster.pod(
        n,
        `pod${n}`,
        FAMILIES.map((family) => podAddress(n, 5, family)),
      ),
    );
  for (const family of FAMILIES) {
    const reflector: CalicoPeer = { kind: "Global", address: cluster.address(3, family), as: AS };
    const clients = [1, 2].map((n): CalicoPeer => ({
      kind: "Global",
      address: cluster.address(n, family),
      as: AS,
      options: ["rr client;", "rr cluster id 224.0.0.1;"],
    }));
    daemons[family].push(
      await cluster.daemon(1, [], { peers: [reflector], services: [SERVICE[family]] }, family),
      await cluster.daemon(2, [], { peers: [reflector] }, family),
      await cluster.daemon(3, [], { peers: clients, reflectedServices: [SERVICES[family]] }, family),
    );
  }
  await Promise.all([...daemons.ipv4, ...daemons.ipv6].map((daemon) => daemon.start()));

  for (const family of FAMILIES)
    await t.test(`${family}: the clients reach each other without a session of their own`, async (t) => {
      const [one, two, reflector] = daemons[family];
      await established(reflector, "Global", [cluster.address(1, family), cluster.address(2, family)]);
      for (const [node, n] of [
        [one, 2],
        [two, 1],
        [one, 3],
        [two, 3],
        [reflector, 1],
        [reflector, 2],
      ] as const)
        await kernelHas(node, `${blockOf(n, family)} via ${cluster.address(n, family)} dev eth0 metric 1024`);
      const details = await two.birdc(`show route ${blockOf(1, family)} all`);
      t.match(details, `BGP.next_hop: ${cluster.address(1, family)}\n`);
      t.match(details, "BGP.originator_id: 10.0.0.1\n");
      t.match(details, "BGP.cluster_list: 224.0.0.1");
      t.match(details, "BGP.local_pref: 2147482623");
      t.match(details, ` from ${cluster.address(3, family)}]`);
      const detail = await reflector.birdc("show protocols all");
      t.equal(detail.match(/Session: +internal multihop route-reflector AS4/g)?.length, 2);
      for (const [from, to] of [
        [0, 2],
        [1, 1],
        [0, 3],
        [2, 2],
      ])
        await answers(pods[from], podAddress(to, 5, family));
    });

  await t.test("a service of a client reaches the other one, and goes", async (t) => {
    for (const family of FAMILIES) {
      const [one, two] = daemons[family];
      const prefix = SERVICE[family].replace(/\/\d+$/, "");
      await kernelHas(two, `${prefix} via ${cluster.address(1, family)} dev eth0`);
      t.notMatch(await one.kernelRoutes(), prefix, "the service's own node leaves it to kube-proxy");
      await one.edit(`${one.program}_aggr.cfg`, (text) => text.replace(`   route ${SERVICE[family]} blackhole;\n`, ""));
      one.reload();
      await kernelLacks(two, prefix);
    }
  });

  await t.test("killed and started again the reflector breaks nothing", async (t) => {
    const [one, two, reflector] = daemons.ipv4;
    await reflector.process.kill();
    t.match(await two.kernelRoutes(), blockOf(1));
    await answers(pods[1], podAddress(1, 5), 1000);
    await reflector.start();
    for (const node of [one, two]) await established(node, "Global", [cluster.address(3)]);
    t.match(await two.kernelRoutes(), blockOf(1));
    await answers(pods[1], podAddress(1, 5), 1000);
  });
});
