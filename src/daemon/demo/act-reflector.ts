// Act 2: two route reflectors with the nodes as their clients (RFC 4456), for clusters that a mesh does not fit.

import { baseConfig, MISSED_BY_HOLD_TIME, nodeConfig, type Act, type SpeakerPlan, type YamlConfig } from "./act.js";
import type { NodePlan, TorHost, Topology } from "./topology.js";

const AS = 64512;
/** Both reflectors serve the same clients: one cluster (RFC 4456 §7). */
const CLUSTER_ID = "10.0.0.100";

export const REFLECTOR_ACT: Act = {
  number: 2,
  title: "route reflectors with clients",
  story: [
    "Nodes have sessions with two reflectors only; these pass the routes on, next hops unchanged, and touch no kernel.",
    "Sessions grow with the nodes instead of their square, and a reflector may die: this time tor-a's is killed.",
  ],
  layout: "one subnet",
  dualStack: false,
  tunnel: false,
  speakers: (topology) => [
    ...topology.tors.map((tor) => reflector(topology, tor)),
    ...topology.nodes.map((node) => client(topology, node)),
  ],
  tors: () => [],
  killed: "tor-a",
  missedBy: MISSED_BY_HOLD_TIME,
};

function reflector(topology: Topology, tor: TorHost): SpeakerPlan {
  const address = tor.addresses.ipv4 ?? "";
  const peer = (name: string, to: string, group: string): YamlConfig => ({
    name,
    address: to,
    localAddress: address,
    group,
  });
  return {
    host: tor.name,
    config: {
      ...baseConfig(topology, address, AS, [address]),
      clusterId: CLUSTER_ID,
      peerGroups: { clients: { as: AS, routeReflectorClient: true }, reflectors: { as: AS } },
      peers: [
        ...topology.nodes.map((node) => peer(node.name, node.addresses.ipv4 ?? "", "clients")),
        ...topology.tors
          .filter((other) => other !== tor)
          .map((other) => peer(other.name, other.addresses.ipv4 ?? "", "reflectors")),
      ],
      kernel: { enabled: false },
    },
  };
}

function client(topology: Topology, node: NodePlan): SpeakerPlan {
  const address = node.addresses.ipv4 ?? "";
  return {
    host: node.name,
    config: {
      ...baseConfig(topology, address, AS, [address]),
      peers: topology.tors.map((tor) => ({
        name: tor.name,
        address: tor.addresses.ipv4 ?? "",
        as: AS,
        localAddress: address,
      })),
      ...nodeConfig(topology, node),
    },
  };
}
