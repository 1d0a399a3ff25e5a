// Acceptance: IPIP pools whose routes BIRD programs (krt_tunnel), Always and CrossSubnet, in today's shape and in that of
// v3.29. An Ethernet device is named tunl0 here, so routes are looked at and nothing is sent through them.

import t from "tap";
import { blockOf, CalicoCluster, established, kernelHas, kernelLacks, POOLS } from "../../support/calico-cluster.js";
import type { CalicoConfig } from "../../support/calico-config.js";
import type { Namespace } from "../../support/netns.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { needs } from "../../support/requirements.js";

t.setTimeout(120_000);

const ALWAYS: Partial<CalicoConfig> = { pools: [{ prefix: POOLS.ipv4, mode: "tunnel" }] };
/** Of its neighbours only node 2 counts as one of the same subnet. */
const CROSS_SUBNET: Partial<CalicoConfig> = {
  pools: [{ prefix: POOLS.ipv4, mode: "cross-subnet", subnet: "10.0.0.2/32" }],
};
/** Announced by nodes 2 and 3. */
const SHARED = "192.0.2.208/28";

function addTunnel(namespace: Namespace): Promise<string> {
  return namespace.exec(
    "ip link add tunl0 type veth peer name tunl0end && ip link set tunl0end up && ip link set tunl0 up",
  );
}

for (const { shape, metric } of [
  { shape: "today", metric: "metric 1024 " },
  { shape: "v3.29", metric: "" },
] as const) {
  t.test(`IPIP pools in the shape of ${shape}`, needs(...BIRD1_PROGRAMS), async (t) => {
    const cluster = await CalicoCluster.open(t, ["one", "two", "three"]);
    const [namespace] = cluster.namespaces;
    for (const each of cluster.namespaces) await addTunnel(each);
    const one = await cluster.daemon(1, [2, 3], { shape, ...ALWAYS });
    const two = await cluster.daemon(2, [1, 3], { shape, ...CROSS_SUBNET, services: [SHARED] });
    const three = await cluster.daemon(3, [1, 2], { shape, ...CROSS_SUBNET, services: [SHARED] });

    await t.test("leftovers of an earlier run are put right", async () => {
      const place = metric === "" ? "" : "metric 1024";
      await namespace.exec(`ip route add ${blockOf(2)} via 10.0.0.2 dev eth0 proto bird ${place}`);
      await namespace.exec(`ip route add ${blockOf(3)} via 10.0.0.2 dev tunl0 onlink proto bird ${place}`);
      await namespace.exec(`ip route add 192.0.2.192/30 via 10.0.0.2 dev tunl0 onlink proto bird ${place}`);
      await namespace.exec(`ip route add 192.0.2.196/30 via 10.0.0.3 dev tunl0 onlink proto 80 ${place}`);
      await Promise.all([one, two, three].map((node) => node.start()));
      await established(one, "Mesh", [cluster.address(2), cluster.address(3)]);
      await kernelHas(one, `${blockOf(2)} via 10.0.0.2 dev tunl0 ${metric}onlink`);
      await kernelHas(one, `${blockOf(3)} via 10.0.0.3 dev tunl0 ${metric}onlink`);
      await kernelHas(one, `blackhole ${blockOf(1)}`);
      await kernelLacks(one, "192.0.2.192/30");
    });

    await t.test("CrossSubnet: straight to the neighbour, through the tunnel to others", async (t) => {
      await kernelHas(three, `${blockOf(2)} via 10.0.0.2 dev eth0`);
      await kernelHas(three, `${blockOf(1)} via 10.0.0.1 dev tunl0 ${metric}onlink`);
      t.match(await one.birdc("show route export kernel1 all"), "Kernel.tunnel: tunl0");
      t.match(
        await one.birdc(`show route ${blockOf(2)}`),
        "via 10.0.0.2 on eth0",
        "the table shows the way to the next hop",
      );
      t.match(await one.kernelRoutes("proto 80"), "192.0.2.196/30 via 10.0.0.3 dev tunl0", "Felix's stays");
    });

    await t.test("two nodes announce the same prefix", async (t) => {
      const lines = await one.kernelRoutes();
      t.match(
        lines,
        new RegExp(
          `^${SHARED} ${metric}\\n\\tnexthop via 10\\.0\\.0\\.2 dev tunl0 weight 1 onlink *\\n\\tnexthop via 10\\.0\\.0\\.3 dev tunl0 weight 1 onlink`,
          "m",
        ),
        lines,
      );
    });

    await t.test("without the device the routes are plain, and change when it is there", async () => {
      await namespace.exec("ip link del tunl0");
      await kernelHas(one, `${blockOf(2)} via 10.0.0.2 dev eth0`);
      await addTunnel(namespace);
      await kernelHas(one, `${blockOf(2)} via 10.0.0.2 dev tunl0 ${metric}onlink`);
      await kernelHas(one, `${blockOf(3)} via 10.0.0.3 dev tunl0 ${metric}onlink`);
    });

    await t.test("the pool becomes CrossSubnet and back", async () => {
      const file = "bird_ipam.cfg";
      let before = "";
      await one.edit(file, (text) => {
        before = text;
        return text.replaceAll(
          /krt_tunnel *= *"tunl0"; *\n? *accept;/g,
          'if (defined(bgp_next_hop)&&(bgp_next_hop ~ 10.0.0.2/32)) then krt_tunnel=""; else krt_tunnel="tunl0"; accept;',
        );
      });
      one.reload();
      await kernelHas(one, `${blockOf(2)} via 10.0.0.2 dev eth0`);
      await kernelHas(one, `${blockOf(3)} via 10.0.0.3 dev tunl0 ${metric}onlink`);
      await one.edit(file, () => before);
      one.reload();
      await kernelHas(one, `${blockOf(2)} via 10.0.0.2 dev tunl0 ${metric}onlink`);
    });
  });
}
