// Act 1: the node-to-node mesh, Calico's default. One layer 2 network, iBGP between all nodes, both address families.

import { baseConfig, MISSED_BY_HOLD_TIME, nodeConfig, valuesOf, type Act, type SpeakerPlan } from "./act.js";
import type { Topology } from "./topology.js";

const AS = 64512;

export const MESH_ACT: Act = {
  number: 1,
  title: "node-to-node mesh, dual-stack",
  story: [
    "Every node has an iBGP session with every other one, over IPv4 and IPv6, and announces its block of pod addresses.",
    "Calico's default: nothing to set up. pod-4 runs on node3 with an address borrowed from node1's block: a /32 of its own.",
  ],
  layout: "one subnet",
  dualStack: true,
  tunnel: false,
  speakers,
  tors: () => [],
  killed: "node2",
  missedBy: MISSED_BY_HOLD_TIME,
};

function speakers(topology: Topology): readonly SpeakerPlan[] {
  const members = topology.nodes.map((node) => ({
    name: node.name,
    addresses: valuesOf(node.addresses, topology.families),
  }));
  return topology.nodes.map((node) => ({
    host: node.name,
    config: {
      ...baseConfig(topology, node.addresses.ipv4 ?? "", AS, valuesOf(node.addresses, topology.families)),
      mesh: { nodes: members, self: node.name },
      ...nodeConfig(topology, node),
    },
  }));
}
