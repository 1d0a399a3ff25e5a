// Acceptance: two racks, each behind a FRR switch that forwards. Nodes 1 and 3 are in rack A with a mesh of their own, node 2
// is in rack B; every node has an eBGP session with its switch.

import t, { type Test } from "tap";
import { kernelHas, kernelLacks } from "../../support/calico-cluster.js";
import type { CalicoConfig, CalicoPeer } from "../../support/calico-config.js";
import { CalicoNode } from "../../support/calico-node.js";
import { eventually } from "../../support/eventually.js";
import { Lab, type Namespace } from "../../support/netns.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { Frr, FRR_PROGRAMS } from "../../support/peers/frr.js";
import type { PeerRoute } from "../../support/peers/real-peer.js";
import { bestRoute, established, noRoute } from "../../support/peers/waiting.js";
import { needs } from "../../support/requirements.js";

t.setTimeout(180_000);

const SERVICE = "198.51.100.7/32";
const BLOCKS = ["192.0.2.0/26", "192.0.2.64/26", "192.0.2.128/26"] as const;
const ADDRESSES = ["10.1.0.1", "10.2.0.2", "10.1.0.3"] as const;
const TORS = { A: "10.1.0.254", B: "10.2.0.254" } as const;
/** 2147483647 less the LOCAL_PREF of 100 that routes by eBGP have. */
const EXTERNAL_METRIC = 2147483547;

interface Racks {
  readonly tors: { readonly A: Frr; readonly B: Frr };
  readonly nodes: readonly CalicoNode[];
  readonly pods: readonly Namespace[];
}

async function openRacks(t: Test): Promise<Racks> {
  const lab = await Lab.open(t);
  const [torA, torB] = [await addTor(lab, "A"), await addTor(lab, "B")];
  await lab.veth(torA, "spine", torB, "spine");
  await torA.exec("ip address add 172.16.0.1/30 dev spine");
  await torB.exec("ip address add 172.16.0.2/30 dev spine");
  const nodes: CalicoNode[] = [];
  const pods: Namespace[] = [];
  for (const n of [1, 2, 3]) {
    const tor = n === 2 ? torB : torA;
    const namespace = await lab.namespace(`node${n}`);
    await lab.veth(namespace, "eth0", tor, `port${n}`);
    await tor.exec(`ip link set port${n} master br0`);
    await namespace.exec(`ip address add ${ADDRESSES[n - 1]}/24 dev eth0; echo 1 > /proc/sys/net/ipv4/ip_forward`);
    pods.push(await addPod(lab, namespace, n));
    const node = await CalicoNode.of(namespace, configOf(n));
    t.teardown(() => node.remove());
    nodes.push(node);
  }
  const tors = { A: torOf(torA, "A"), B: torOf(torB, "B") };
  for (const tor of Object.values(tors)) {
    t.teardown(() => tor.stop());
    await tor.start();
  }
  await Promise.all(nodes.map((node) => node.start()));
  return { tors, nodes, pods };
}

async function addTor(lab: Lab, rack: "A" | "B"): Promise<Namespace> {
  const tor = await lab.namespace(`tor${rack}`);
  await tor.exec("ip link add name br0 type bridge forward_delay 0 stp_state 0 && ip link set br0 up");
  await tor.exec(`ip address add ${TORS[rack]}/24 dev br0; echo 1 > /proc/sys/net/ipv4/ip_forward`);
  return tor;
}

async function addPod(lab: Lab, node: Namespace, n: number): Promise<Namespace> {
  const pod = await lab.namespace(`pod${n}`);
  const address = podAddress(n);
  await lab.veth(node, "cali1", pod, "eth0");
  await node.exec("echo 1 > /proc/sys/net/ipv4/conf/cali1/proxy_arp");
  const mac = (await node.exec("cat /sys/class/net/cali1/address")).trim();
  await pod.exec(`ip address add ${address}/32 dev eth0; ip route add 169.254.1.1 dev eth0`);
  await pod.exec(`ip neigh add 169.254.1.1 dev eth0 lladdr ${mac}; ip route add default via 169.254.1.1 dev eth0`);
  await node.exec(`ip route add ${address}/32 dev cali1 proto 80 metric 1024`);
  return pod;
}

function podAddress(n: number): string {
  return `192.0.2.${(n - 1) * 64 + 5}`;
}

function configOf(n: number): CalicoConfig {
  const as = n === 2 ? 65102 : 65101;
  const tor: CalicoPeer =
    n === 2 ? { kind: "Node", address: TORS.B, as: 65002 } : { kind: "Node", address: TORS.A, as: 65001 };
  const other = ADDRESSES[n === 1 ? 2 : 0];
  const mesh: readonly CalicoPeer[] =
    n === 2 ? [] : [{ kind: "Mesh", address: other, as, passive: other > ADDRESSES[n - 1] }];
  return {
    routerId: ADDRESSES[n - 1],
    address: ADDRESSES[n - 1],
    as,
    blocks: [BLOCKS[n - 1]],
    services: n === 2 ? [SERVICE] : [],
    pools: [{ prefix: "192.0.2.0/24", mode: "plain" }],
    peers: [...mesh, tor],
  };
}

function torOf(namespace: Namespace, rack: "A" | "B"): Frr {
  const isA = rack === "A";
  const nodes = isA ? [ADDRESSES[0], ADDRESSES[2]] : [ADDRESSES[1]];
  return new Frr(
    namespace,
    {
      as: isA ? 65001 : 65002,
      routerId: isA ? "172.16.0.1" : "172.16.0.2",
      announce: ["0.0.0.0/0"],
      neighbors: [
        { address: isA ? "172.16.0.2" : "172.16.0.1", as: isA ? 65002 : 65001, gracefulRestart: true },
        ...nodes.map((address) => ({ address, as: isA ? 65101 : 65102, gracefulRestart: true })),
      ],
    },
    { forwards: true },
  );
}

/** The switch's routes for the prefix by one neighbour's AS path. */
async function pathsOf(tor: Frr, prefix: string): Promise<readonly PeerRoute[]> {
  return (await tor.routes("ipv4")).filter((route) => route.prefix === prefix);
}

t.test("racks behind switches", needs(...BIRD1_PROGRAMS, ...FRR_PROGRAMS, "ping"), async (t) => {
  const { tors, nodes, pods } = await openRacks(t);
  const [one, two, three] = nodes;
  await established(tors.A, ADDRESSES[0], 60_000);
  await established(tors.A, ADDRESSES[2], 60_000);
  await established(tors.B, ADDRESSES[1], 60_000);

  await t.test("blocks and the default route", async () => {
    for (const node of [one, three]) {
      await kernelHas(node, `default via ${TORS.A} dev eth0 metric ${EXTERNAL_METRIC}`);
      await kernelHas(node, `${BLOCKS[1]} via ${TORS.A} dev eth0 metric ${EXTERNAL_METRIC}`);
    }
    await kernelHas(two, `default via ${TORS.B} dev eth0 metric ${EXTERNAL_METRIC}`);
    await kernelHas(one, `${BLOCKS[2]} via ${ADDRESSES[2]} dev eth0 metric 1024`);
    for (const block of [BLOCKS[0], BLOCKS[2]])
      await kernelHas(two, `${block} via ${TORS.B} dev eth0 metric ${EXTERNAL_METRIC}`);
  });

  await t.test("pods of different racks reach each other", async () => {
    for (const [from, to] of [
      [0, 2],
      [1, 1],
      [1, 3],
      [2, 1],
    ] as const)
      await eventually("the answer", () => pods[from].exec(`ping -c 1 -W 1 ${podAddress(to)}`));
  });

  await t.test("a service is announced by its node and not programmed there", async (t) => {
    const route = await bestRoute(tors.B, SERVICE);
    t.equal(route.asPath, "65102");
    t.equal(route.nextHop, ADDRESSES[1]);
    t.equal((await bestRoute(tors.A, SERVICE)).asPath, "65002 65102");
    await kernelHas(one, `198.51.100.7 via ${TORS.A} dev eth0`);
    t.notMatch(await two.kernelRoutes(), "198.51.100.7");
    t.match(
      await one.birdc("show route 198.51.100.7/32 all"),
      /BGP.as_path: 65001 65002 65102\n[^]*BGP.local_pref: 100/,
    );
  });

  await t.test("next hop keep towards the switch", async (t) => {
    const ofMesh = async (): Promise<string | undefined> =>
      (await pathsOf(tors.A, BLOCKS[2]))
        .map((path) => path.nextHop)
        .sort()
        .join(" ");
    t.equal(
      await eventually("both paths", async () => (await ofMesh())?.includes(" ") && ofMesh()),
      `${ADDRESSES[0]} ${ADDRESSES[2]}`,
    );
    await one.edit("bird.cfg", (text) => text.replace(`neighbor ${TORS.A} as 65001;`, "$&\n  next hop keep;"));
    one.reload();
    await eventually(
      "the next hop of node 3 by both",
      async () => (await ofMesh()) === `${ADDRESSES[2]} ${ADDRESSES[2]}`,
      30_000,
    );
  });

  await t.test("next hop self towards the mesh", async (t) => {
    const heard = (): Promise<string> => one.birdc(`show route ${BLOCKS[1]} all protocol Mesh_10_1_0_3`);
    await eventually("the switch as next hop", async () => (await heard()).includes(`BGP.next_hop: ${TORS.A}\n`));
    await three.edit("bird.cfg", (text) => text.replace("neighbor 10.1.0.1 as 65101;", "$&\n  next hop self;"));
    three.reload();
    await eventually(
      "node 3 as next hop",
      async () => (await heard()).includes(`BGP.next_hop: ${ADDRESSES[2]}\n`),
      30_000,
    );
    t.match(await one.kernelRoutes(), `${BLOCKS[1]} via ${TORS.A} dev eth0`, "eBGP is better than iBGP");
  });

  await t.test("an export filter withdraws the service and leaves the session", async (t) => {
    const since = await two.row("Node_10_2_0_254");
    await two.edit("bird_ipam.cfg", (text) => text.replace(`if (net ~ ${SERVICE}) then { accept; }`, ""));
    two.reload();
    await noRoute(tors.A, SERVICE);
    await kernelLacks(one, "198.51.100.7");
    t.equal(await two.row("Node_10_2_0_254"), since);
  });

  await t.test("killed and started again: the switch keeps forwarding to the node", async (t) => {
    await two.process.kill();
    await pods[0].exec(`ping -c 2 -i 0.2 -W 1 ${podAddress(2)}`);
    await two.start();
    await established(tors.B, ADDRESSES[1], 60_000);
    await pods[0].exec(`ping -c 2 -i 0.2 -W 1 ${podAddress(2)}`);
    t.match(await one.kernelRoutes(), BLOCKS[1]);
  });
});
