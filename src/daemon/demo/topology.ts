// The demonstration's network as plain data: three nodes in two racks, a ToR host per rack, four pods. Pure; wiring.ts
// builds it from namespaces, simulated.ts uses the same plan with loopback addresses.

import { invariant, unreachable } from "../../base/invariant.js";
import type { FamilyName } from "../../base/family.js";

export type Rack = "a" | "b";

/** `one subnet`: both racks share a layer 2 network. `subnet per rack`: the ToRs route between them. */
export type Layout = "one subnet" | "subnet per rack";

export type Addresses = Readonly<Partial<Record<FamilyName, string>>>;

export interface PodPlan {
  readonly name: string;
  readonly node: string;
  readonly addresses: Addresses;
}

export interface NodePlan {
  readonly name: string;
  readonly rack: Rack;
  readonly addresses: Addresses;
  readonly gateways: Addresses;
  /** Address blocks of the node, /26 and /122 as Calico's IPAM cuts them. */
  readonly blocks: Addresses;
  /** Addresses from another node's block, in use here: /32 and /128. */
  readonly borrowed: Addresses;
  readonly pods: readonly PodPlan[];
}

export interface TorHost {
  readonly name: string;
  readonly rack: Rack;
  readonly addresses: Addresses;
  /** Its end of the wire between the ToRs where these route; undefined in one subnet. */
  readonly uplink: string | undefined;
}

export interface Topology {
  readonly layout: Layout;
  readonly families: readonly FamilyName[];
  /** Addresses are 127.0.x.x on one machine. */
  readonly simulated: boolean;
  /** The BGP port of all speakers. */
  readonly port: number;
  readonly nodes: readonly NodePlan[];
  readonly tors: readonly TorHost[];
}

export interface TopologyOptions {
  readonly layout: Layout;
  readonly dualStack: boolean;
  readonly simulated: boolean;
}

/** The pool that all pod addresses come from. */
export const POD_POOL = "10.244.0.0/16";

const RACKS: readonly Rack[] = ["a", "b"];
const NODE_RACKS: Readonly<Record<string, Rack>> = { node1: "a", node2: "a", node3: "b" };
const UNPRIVILEGED_PORT = 1790;

/** The plan of an act. */
export function makeTopology(options: TopologyOptions): Topology {
  invariant(options.layout === "one subnet" || !options.dualStack, "IPv6 is planned for one subnet only");
  const families: readonly FamilyName[] = options.dualStack ? ["ipv4", "ipv6"] : ["ipv4"];
  return {
    layout: options.layout,
    families,
    simulated: options.simulated,
    port: options.simulated ? UNPRIVILEGED_PORT : 179,
    nodes: Object.keys(NODE_RACKS).map((name, index) => makeNode(options, name, index + 1)),
    tors: RACKS.map((rack) => makeTor(options, rack)),
  };
}

function makeNode(options: TopologyOptions, name: string, number: number): NodePlan {
  const rack = NODE_RACKS[name] ?? "a";
  const tor = makeTor(options, rack).addresses;
  const pod = (podNumber: number, block: number, host: number): PodPlan => ({
    name: `pod-${podNumber}`,
    node: name,
    addresses: stacks(options, `10.244.${block}.${host}`, `fd00:244:${block}::${host}`),
  });
  const own = pod(number, number, 2);
  // The fourth pod runs on node3 with an address of node1's block: what Calico calls borrowed.
  const guest = number === 3 ? pod(4, 1, 40) : undefined;
  return {
    name,
    rack,
    addresses: stacks(options, hostAddress(options, rack, 10 + number), `fd00:10::${10 + number}`),
    gateways: tor,
    blocks: stacks(options, `10.244.${number}.0/26`, `fd00:244:${number}::/122`),
    borrowed:
      guest === undefined
        ? {}
        : stacks(options, `${guest.addresses.ipv4 ?? ""}/32`, `${guest.addresses.ipv6 ?? ""}/128`),
    pods: guest === undefined ? [own] : [own, guest],
  };
}

function makeTor(options: TopologyOptions, rack: Rack): TorHost {
  const routed = options.layout === "subnet per rack";
  const number = rack === "a" ? 1 : 2;
  // In one subnet both ToR hosts live there, so they differ in the last octet.
  const host = routed ? 1 : number;
  return {
    name: `tor-${rack}`,
    rack,
    addresses: stacks(options, hostAddress(options, rack, host), `fd00:10::${host}`),
    uplink: routed ? `${options.simulated ? "127.0.255" : "10.255.0"}.${number}` : undefined,
  };
}

function hostAddress(options: TopologyOptions, rack: Rack, host: number): string {
  const subnet = subnetNumber(options.layout, rack);
  return options.simulated ? `127.0.${subnet}.${host}` : `10.${subnet}.0.${host}`;
}

function subnetNumber(layout: Layout, rack: Rack): number {
  switch (layout) {
    case "one subnet":
      return 0;
    case "subnet per rack":
      return rack === "a" ? 1 : 2;
    default:
      return unreachable(layout);
  }
}

function stacks(options: TopologyOptions, ipv4: string, ipv6: string): Addresses {
  return options.dualStack ? { ipv4, ipv6 } : { ipv4 };
}

/** The IPv4 subnet of a rack in prefix notation. */
export function rackSubnet(topology: Topology, rack: Rack): string {
  return `${topology.simulated ? "127.0." : "10."}${subnetNumber(topology.layout, rack)}${topology.simulated ? "" : ".0"}.0/24`;
}

/** The node of that name. Throws if the plan has none. */
export function nodeOf(topology: Topology, name: string): NodePlan {
  const node = topology.nodes.find((candidate) => candidate.name === name);
  if (node === undefined) throw new Error(`the topology has no ${name}`);
  return node;
}

/** The ToR host of a rack. Throws if the plan has none. */
export function torOf(topology: Topology, rack: Rack): TorHost {
  const tor = topology.tors.find((candidate) => candidate.rack === rack);
  if (tor === undefined) throw new Error(`rack ${rack} has no ToR`);
  return tor;
}

export function podsOf(topology: Topology): readonly PodPlan[] {
  return topology.nodes.flatMap((node) => node.pods);
}

/** The other racks' names, in order. */
export function otherRack(rack: Rack): Rack {
  return rack === "a" ? "b" : "a";
}

/** What a node announces in one family. */
export function prefixesOf(node: NodePlan, family: FamilyName): readonly string[] {
  return [node.blocks[family], node.borrowed[family]].filter((prefix) => prefix !== undefined);
}

/** What a node shall learn in one family: everything that the other nodes announce. */
export function remotePrefixes(topology: Topology, node: NodePlan, family: FamilyName): readonly string[] {
  return topology.nodes.filter((other) => other.name !== node.name).flatMap((other) => prefixesOf(other, family));
}

/** The nodes as rows of a table, the head first: one row per node and family. */
export function nodeRows(topology: Topology): readonly (readonly string[])[] {
  const rows = topology.nodes.flatMap((node) =>
    topology.families.map((family, index) => {
      const pods = node.pods.map((pod) => `${pod.name} ${pod.addresses[family] ?? ""}`).join(", ");
      const place = index === 0 ? [node.name, node.rack] : ["", ""];
      return [...place, node.addresses[family] ?? "", node.blocks[family] ?? "", pods];
    }),
  );
  return [["node", "rack", "address", "block", "pods"], ...rows];
}
