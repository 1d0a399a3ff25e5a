// Act 3: an AS per rack, eBGP from the nodes to their ToR and between the ToRs; the fabric itself routes to the pods.

import {
  announcedBy,
  baseConfig,
  HOLD_TIME_SECONDS,
  nodeConfig,
  type Act,
  type SpeakerPlan,
  type YamlConfig,
} from "./act.js";
import { otherRack, torOf, type NodePlan, type Rack, type TorHost, type Topology } from "./topology.js";
import type { TorNeighbor, TorPlan } from "./tor-plan.js";

const NODE_AS: Readonly<Record<Rack, number>> = { a: 65101, b: 65102 };
const TOR_AS: Readonly<Record<Rack, number>> = { a: 65001, b: 65002 };

export const RACKS_ACT: Act = {
  number: 3,
  title: "an AS per rack, eBGP to the ToRs",
  story: [
    "Each rack is an AS and a subnet of its own: eBGP from nodes to their ToR and between ToRs, iBGP inside a rack.",
    "The fabric itself routes to pods, no tunnels: for large sites. Policies are spelt out, as RFC 8212 wants it.",
  ],
  layout: "subnet per rack",
  dualStack: false,
  tunnel: false,
  speakers: (topology) => topology.nodes.map((node) => nodeSpeaker(topology, node)),
  tors: (topology) => topology.tors.map((tor) => torPlan(topology, tor)),
  killed: "node1",
  missedBy: "Its ToR sees the link go down, or misses its keepalives, and withdraws the routes.",
};

function nodeSpeaker(topology: Topology, node: NodePlan): SpeakerPlan {
  const address = node.addresses.ipv4 ?? "";
  const tor = torOf(topology, node.rack);
  const neighbors = topology.nodes.filter((other) => other.rack === node.rack && other !== node);
  return {
    host: node.name,
    config: {
      ...baseConfig(topology, address, NODE_AS[node.rack], [address]),
      // A node announces what is its own; the prefixes of its neighbours the ToR hears from these themselves.
      prefixSets: { own: announcedBy(topology, node) },
      policies: { ownOnly: [{ match: { prefixSet: "own" }, action: "accept" }, { action: "reject" }] },
      peers: [
        {
          name: tor.name,
          address: tor.addresses.ipv4 ?? "",
          as: TOR_AS[node.rack],
          localAddress: address,
          importPolicy: "accept",
          exportPolicy: "ownOnly",
        },
        ...neighbors.map((other) => ({
          name: other.name,
          address: other.addresses.ipv4 ?? "",
          as: NODE_AS[node.rack],
          localAddress: address,
        })),
      ],
      ...nodeConfig(topology, node),
    },
  };
}

function torPlan(topology: Topology, tor: TorHost): TorPlan {
  const far = torOf(topology, otherRack(tor.rack));
  const nodes = topology.nodes.filter((node) => node.rack === tor.rack);
  return {
    host: tor.name,
    rack: tor.rack,
    addresses: [tor.addresses.ipv4 ?? "", tor.uplink ?? ""],
    as: TOR_AS[tor.rack],
    neighbors: [
      ...nodes.map((node): TorNeighbor => ({
        name: node.name,
        address: node.addresses.ipv4 ?? "",
        as: NODE_AS[node.rack],
      })),
      { name: far.name, address: far.uplink ?? "", as: TOR_AS[far.rack] },
    ],
    holdTimeSeconds: HOLD_TIME_SECONDS,
  };
}

/** The same ToR as one of our own speakers, where no other daemon is installed. */
export function torSpeaker(topology: Topology, plan: TorPlan): SpeakerPlan {
  const [inside = "", uplink = ""] = plan.addresses;
  const isTor = (neighbor: TorNeighbor): boolean => topology.tors.some((tor) => tor.name === neighbor.name);
  const peers = plan.neighbors.map((neighbor): YamlConfig => ({
    name: neighbor.name,
    address: neighbor.address,
    as: neighbor.as,
    localAddress: isTor(neighbor) ? uplink : inside,
    importPolicy: "accept",
    exportPolicy: "accept",
  }));
  return {
    host: plan.host,
    config: {
      ...baseConfig(topology, inside, plan.as, [inside, uplink]),
      peers,
      kernel: { enabled: !topology.simulated },
    },
  };
}
