// The plan of the demonstration's network: addresses are unique, and the same plan is had on loopback addresses.

import t from "tap";
import {
  makeTopology,
  nodeRows,
  podsOf,
  remotePrefixes,
  type Layout,
  type Topology,
} from "../../../src/daemon/demo/topology.js";

const LAYOUTS: readonly Layout[] = ["one subnet", "subnet per rack"];

function hostAddresses(topology: Topology): readonly string[] {
  const hosts = [...topology.nodes, ...topology.tors].flatMap((host) => Object.values(host.addresses));
  return [...hosts, ...topology.tors.flatMap((tor) => (tor.uplink === undefined ? [] : [tor.uplink]))];
}

for (const layout of LAYOUTS) {
  for (const simulated of [false, true]) {
    const topology = makeTopology({ layout, dualStack: !simulated && layout === "one subnet", simulated });

    t.test(`${layout}, ${simulated ? "simulated" : "real"}: no address is given twice`, (t) => {
      const all = [...hostAddresses(topology), ...podsOf(topology).flatMap((pod) => Object.values(pod.addresses))];
      t.equal(new Set(all).size, all.length);
      t.end();
    });

    t.test(
      `${layout}, ${simulated ? "simulated" : "real"}: speakers are ${simulated ? "" : "not "}on the loopback network`,
      (t) => {
        t.ok(hostAddresses(topology).every((address) => address.startsWith("127.0.") === simulated));
        t.equal(topology.port, simulated ? 1790 : 179);
        t.end();
      },
    );
  }
}

t.test("three nodes in two racks, four pods, one of which has a borrowed address", (t) => {
  const topology = makeTopology({ layout: "one subnet", dualStack: true, simulated: false });
  t.strictSame(
    topology.nodes.map((node) => node.rack),
    ["a", "a", "b"],
  );
  t.strictSame(
    podsOf(topology).map((pod) => pod.node),
    ["node1", "node2", "node3", "node3"],
  );
  t.strictSame(topology.nodes[2].borrowed, { ipv4: "10.244.1.40/32", ipv6: "fd00:244:1::40/128" });
  t.end();
});

t.test("a node shall learn the blocks and borrowed addresses of all others, not its own", (t) => {
  const topology = makeTopology({ layout: "one subnet", dualStack: true, simulated: false });
  t.strictSame(remotePrefixes(topology, topology.nodes[0], "ipv4"), [
    "10.244.2.0/26",
    "10.244.3.0/26",
    "10.244.1.40/32",
  ]);
  t.strictSame(remotePrefixes(topology, topology.nodes[2], "ipv6"), ["fd00:244:1::/122", "fd00:244:2::/122"]);
  t.end();
});

t.test("only a subnet per rack has a wire between the ToRs that routes", (t) => {
  const uplinks = LAYOUTS.map((layout) =>
    makeTopology({ layout, dualStack: false, simulated: false }).tors.map((tor) => tor.uplink),
  );
  t.strictSame(uplinks, [
    [undefined, undefined],
    ["10.255.0.1", "10.255.0.2"],
  ]);
  t.end();
});

t.test("the table of nodes has a row per node and family, with the node's name once", (t) => {
  const rows = nodeRows(makeTopology({ layout: "one subnet", dualStack: true, simulated: false }));
  t.equal(rows.length, 1 + 3 * 2);
  t.strictSame(rows[5], ["node3", "b", "10.0.0.13", "10.244.3.0/26", "pod-3 10.244.3.2, pod-4 10.244.1.40"]);
  t.strictSame(rows[6], ["", "", "fd00:10::13", "fd00:244:3::/122", "pod-3 fd00:244:3::2, pod-4 fd00:244:1::40"]);
  t.end();
});
