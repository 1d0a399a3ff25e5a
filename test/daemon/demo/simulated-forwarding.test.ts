// Packets through the tables that nodes and ToRs would have.

import t from "tap";
import { followPacket, simulatedTable, tableText } from "../../../src/daemon/demo/simulated-forwarding.js";
import { makeTopology, podsOf } from "../../../src/daemon/demo/topology.js";
import type { RouteView } from "../../../src/speaker/snapshot.js";

const TOPOLOGY = makeTopology({ layout: "subnet per rack", dualStack: false, simulated: true });
const [POD_1, POD_2, POD_3] = podsOf(TOPOLOGY);

const TABLES = new Map([
  [
    "node1",
    [
      { prefix: "10.244.1.0/26", nextHop: undefined },
      { prefix: "10.244.2.0/26", nextHop: "127.0.1.12" },
      { prefix: "10.244.0.0/16", nextHop: "127.0.1.1" },
    ],
  ],
  ["tor-a", [{ prefix: "10.244.3.0/26", nextHop: "127.0.255.2" }]],
  ["tor-b", [{ prefix: "10.244.3.0/26", nextHop: "127.0.2.13" }]],
  ["node2", [{ prefix: "10.244.1.0/26", nextHop: "127.0.1.1" }]],
  ["node3", [{ prefix: "10.244.2.0/26", nextHop: "127.0.2.1" }]],
]);

const WAYS = [
  { name: "the longest prefix decides", from: POD_1, to: POD_2, path: { hosts: ["node1", "node2"], arrived: true } },
  {
    name: "through both ToRs",
    from: POD_1,
    to: POD_3,
    path: { hosts: ["node1", "tor-a", "tor-b", "node3"], arrived: true },
  },
  {
    name: "a ToR without a route loses it",
    from: POD_2,
    to: POD_1,
    path: { hosts: ["node2", "tor-a"], arrived: false },
  },
  { name: "a node without a route loses it", from: POD_3, to: POD_1, path: { hosts: ["node3"], arrived: false } },
  {
    name: "to a pod of the same node no route is needed",
    from: POD_3,
    to: POD_3,
    path: { hosts: ["node3"], arrived: true },
  },
];

for (const { name, from, to, path } of WAYS) {
  t.test(`following a packet: ${name}`, (t) => {
    t.strictSame(followPacket(TOPOLOGY, TABLES, from, to), path);
    t.end();
  });
}

t.test("a loop does not arrive", (t) => {
  const loop = new Map([
    ["node1", [{ prefix: "0.0.0.0/0", nextHop: "127.0.1.1" }]],
    ["tor-a", [{ prefix: "0.0.0.0/0", nextHop: "127.0.1.11" }]],
  ]);
  t.equal(followPacket(TOPOLOGY, loop, POD_1, POD_3).arrived, false);
  t.end();
});

const VIEW: RouteView = {
  family: "ipv4",
  prefix: "10.244.2.0/26",
  pathId: 0,
  from: "127.0.1.12",
  best: true,
  multipath: false,
  stale: false,
  reason: undefined,
  nextHop: "127.0.1.12",
  nextHopReachable: true,
  origin: "IGP",
  asPath: "",
  localPref: 100,
  med: undefined,
  communities: [],
  extendedCommunities: [],
  largeCommunities: [],
  originatorId: undefined,
  clusterList: [],
};

t.test("best routes of peers become gateways, own blocks blackholes, local pods and other routes nothing", (t) => {
  const own: RouteView = { ...VIEW, prefix: "10.244.1.0/26", from: "block", nextHop: undefined };
  const borrowed: RouteView = { ...own, prefix: "10.244.3.40/32", from: "static" };
  const table = simulatedTable(
    [VIEW, own, borrowed, { ...VIEW, best: false, nextHop: "127.0.1.13" }],
    ["10.244.3.40/32"],
  );
  t.strictSame(table, [
    { prefix: "10.244.2.0/26", nextHop: "127.0.1.12" },
    { prefix: "10.244.1.0/26", nextHop: undefined },
  ]);
  const text = tableText(table, () => "dev eth0");
  t.equal(text, "10.244.2.0/26 via 127.0.1.12 dev eth0\nblackhole 10.244.1.0/26");
  t.end();
});
