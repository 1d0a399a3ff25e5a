// The tunnel device tunl0 of act 4. IPIP where the kernel has it; otherwise a device of the same name stands in: VXLAN
// (the packets still cross the ToRs in an outer IP header), or else veth ends in a bridge beside the racks.

import { unreachable } from "../../base/invariant.js";
import { findProgram } from "./lab-requirements.js";
import type { Lab } from "./lab.js";
import type { NodePlan, Topology } from "./topology.js";

export type TunnelKind = "ipip" | "vxlan" | "veth";

export const TUNNEL_DEVICE = "tunl0";
const HUB = "tunnel-hub";
const VXLAN_ID = 4;

/** Makes tunl0 on every node, with an address of the node's own block as Calico gives it. Throws LabError. */
export async function buildTunnels(lab: Lab, topology: Topology): Promise<TunnelKind> {
  const kind = await chooseKind(lab, topology);
  switch (kind) {
    case "ipip":
      break;
    case "vxlan":
      for (const node of topology.nodes) await addVxlan(lab, topology, node);
      break;
    case "veth":
      await addHub(lab, topology);
      break;
    default:
      unreachable(kind);
  }
  for (const node of topology.nodes) {
    await lab.ip(node.name, [
      `address add ${tunnelAddress(node)}/32 dev ${TUNNEL_DEVICE}`,
      `link set ${TUNNEL_DEVICE} up`,
    ]);
  }
  return kind;
}

/** What the reader should know about the device. */
export function tunnelText(kind: TunnelKind): string {
  switch (kind) {
    case "ipip":
      return "tunl0 is the kernel's own IPIP device.";
    case "vxlan":
      return "This kernel has no ipip: a VXLAN device named tunl0 stands in (packets cross the ToRs encapsulated in UDP).";
    case "veth":
      return "This kernel has no ipip: a veth named tunl0 stands in, joined beside the racks (packets are not encapsulated).";
    default:
      return unreachable(kind);
  }
}

/** Packets that a node has sent through tunl0 so far. */
export async function tunnelPackets(lab: Lab, node: NodePlan): Promise<number> {
  return Number(await lab.must(node.name, ["cat", `/sys/class/net/${TUNNEL_DEVICE}/statistics/tx_packets`]));
}

async function chooseKind(lab: Lab, topology: Topology): Promise<TunnelKind> {
  for (const node of topology.nodes)
    if (!(await addIpip(lab, node))) return (await hasVxlan(lab, node)) ? "vxlan" : "veth";
  return "ipip";
}

async function addIpip(lab: Lab, node: NodePlan): Promise<boolean> {
  const made = await lab.exec(node.name, ["ip", "link", "add", TUNNEL_DEVICE, "type", "ipip"]);
  if (made.code === 0) return true;
  // The module brings a device of this name into every namespace; then there is nothing to add.
  const found = await lab.exec(node.name, ["ip", "link", "show", TUNNEL_DEVICE]);
  return found.code === 0;
}

async function hasVxlan(lab: Lab, node: NodePlan): Promise<boolean> {
  const made = await lab.exec(node.name, [
    "ip",
    "link",
    "add",
    "probe0",
    "type",
    "vxlan",
    "id",
    "1",
    "dstport",
    "4789",
  ]);
  if (made.code !== 0) return false;
  await lab.ip(node.name, ["link delete probe0"]);
  return true;
}

async function addVxlan(lab: Lab, topology: Topology, node: NodePlan): Promise<void> {
  const local = node.addresses.ipv4 ?? "";
  await lab.ip(node.name, [`link add ${TUNNEL_DEVICE} type vxlan id ${VXLAN_ID} dstport 4789 local ${local}`]);
  for (const other of topology.nodes.filter((candidate) => candidate.name !== node.name)) {
    // Frames to an unknown address, ARP above all, go to each other node.
    const entry = ["append", "00:00:00:00:00:00", "dev", TUNNEL_DEVICE, "dst", other.addresses.ipv4 ?? ""];
    await lab.must(node.name, [findProgram("bridge") ?? "bridge", "fdb", ...entry]);
  }
}

async function addHub(lab: Lab, topology: Topology): Promise<void> {
  await lab.addNamespace(HUB);
  await lab.ip(HUB, ["link add hub type bridge", "link set hub up"]);
  for (const node of topology.nodes) {
    await lab.ip(HUB, [
      `link add ${node.name} type veth peer name ${TUNNEL_DEVICE} netns ${lab.namespaceName(node.name)}`,
      `link set ${node.name} master hub up`,
    ]);
  }
}

function tunnelAddress(node: NodePlan): string {
  return (node.blocks.ipv4 ?? "").replace(/0\/26$/, "1");
}
