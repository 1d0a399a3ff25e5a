// Act 4: nodes in different subnets over a fabric that knows nothing of pods: IPIP through tunl0, Calico's CrossSubnet.

import { baseConfig, MISSED_BY_HOLD_TIME, nodeConfig, type Act, type SpeakerPlan } from "./act.js";
import { POD_POOL, type Topology } from "./topology.js";
import { TUNNEL_DEVICE } from "./tunnel.js";

const AS = 64512;

export const TUNNEL_ACT: Act = {
  number: 4,
  title: "two subnets, a tunnel between them",
  story: [
    "The ToRs route between the racks but know no pods: routes to the other rack go through tunl0 to the far node,",
    "inside a rack they stay direct. Calico's IPIP CrossSubnet: no help from the fabric, no overhead without need.",
  ],
  layout: "subnet per rack",
  dualStack: false,
  tunnel: true,
  speakers,
  tors: () => [],
  killed: "node1",
  missedBy: MISSED_BY_HOLD_TIME,
};

function speakers(topology: Topology): readonly SpeakerPlan[] {
  const members = topology.nodes.map((node) => ({ name: node.name, addresses: [node.addresses.ipv4 ?? ""] }));
  return topology.nodes.map((node) => {
    const address = node.addresses.ipv4 ?? "";
    return {
      host: node.name,
      config: {
        ...baseConfig(topology, address, AS, [address]),
        mesh: { nodes: members, self: node.name },
        ...nodeConfig(topology, node, {
          encapsulation: [{ prefix: POD_POOL, mode: "crossSubnet", device: TUNNEL_DEVICE }],
        }),
      },
    };
  });
}
