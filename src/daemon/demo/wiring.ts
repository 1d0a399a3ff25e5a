// Builds a topology from namespaces: a ToR host is a bridge with an address, nodes hang on its ports by veth, the ToRs
// are joined by a trunk (bridged or routed), and pods are attached as Calico's data path does it.

import type { FamilyName } from "../../base/family.js";
import type { Lab } from "./lab.js";
import {
  otherRack,
  podsOf,
  rackSubnet,
  torOf,
  type NodePlan,
  type PodPlan,
  type TorHost,
  type Topology,
} from "./topology.js";

/** Felix marks its routes with this number (rtm_protocol); any but `bird` is alien to the speaker. */
const FELIX_PROTOCOL = 80;
/** Calico gives the node's end of each pod's veth this address, so that the pod's IPv6 gateway is the same everywhere. */
const HOST_MAC = "ee:ee:ee:ee:ee:ee";
const HOST_LINK_LOCAL = "fe80::ecee:eeff:feee:eeee";
const POD_GATEWAY = "169.254.1.1";

const ROUTER_SETTINGS = [
  "net/ipv4/ip_forward=1",
  "net/ipv6/conf/all/forwarding=1",
  // Asymmetric paths are normal where several ways lead to a rack.
  "net/ipv4/conf/all/rp_filter=0",
  "net/ipv4/conf/default/rp_filter=0",
  // Duplicate address detection would hold IPv6 addresses back for a second or two.
  "net/ipv6/conf/default/accept_dad=0",
];
const POD_SETTINGS = ["net/ipv6/conf/default/accept_dad=0"];

/** The port of a ToR that a node hangs on. */
export function portOf(node: NodePlan): string {
  return `port-${node.name}`;
}

/** The node's end of the veth of a pod. */
export function podDevice(pod: PodPlan): string {
  return `cali-${pod.name}`;
}

/** Builds everything but the tunnels. Throws LabError. */
export async function buildNetwork(lab: Lab, topology: Topology): Promise<void> {
  const hosts = [...topology.tors, ...topology.nodes].map((host) => host.name);
  const pods = podsOf(topology);
  await Promise.all([...hosts, ...pods.map((pod) => pod.name)].map((name) => lab.addNamespace(name)));
  await Promise.all([
    ...hosts.map((name) => lab.settings(name, ROUTER_SETTINGS)),
    ...pods.map((pod) => lab.settings(pod.name, POD_SETTINGS)),
  ]);
  for (const tor of topology.tors) await buildTor(lab, topology, tor);
  await joinTors(lab, topology);
  await Promise.all(topology.nodes.map((node) => buildNode(lab, node)));
}

async function buildTor(lab: Lab, topology: Topology, tor: TorHost): Promise<void> {
  const commands = ["link add rack type bridge mcast_snooping 0"];
  for (const node of topology.nodes.filter((candidate) => candidate.rack === tor.rack)) {
    commands.push(`link add ${portOf(node)} type veth peer name eth0 netns ${lab.namespaceName(node.name)}`);
    commands.push(`link set ${portOf(node)} master rack up`);
  }
  commands.push("link set rack up", ...addressCommands(tor.addresses, "rack"));
  await lab.ip(tor.name, commands);
}

async function joinTors(lab: Lab, topology: Topology): Promise<void> {
  const [first, second] = topology.tors;
  if (first === undefined || second === undefined) return;
  await lab.ip(first.name, [`link add trunk type veth peer name trunk netns ${lab.namespaceName(second.name)}`]);
  for (const tor of topology.tors) {
    if (tor.uplink === undefined) {
      await lab.ip(tor.name, ["link set trunk master rack up"]);
      continue;
    }
    await lab.ip(tor.name, [`address add ${tor.uplink}/30 dev trunk`, "link set trunk up"]);
  }
  // The fabric knows its own subnets from elsewhere (an IGP, say); pod prefixes it only knows if BGP tells it.
  for (const tor of topology.tors) {
    const far = torOf(topology, otherRack(tor.rack));
    if (far.uplink !== undefined)
      await lab.ip(tor.name, [`route add ${rackSubnet(topology, far.rack)} via ${far.uplink} dev trunk`]);
  }
}

async function buildNode(lab: Lab, node: NodePlan): Promise<void> {
  const commands = ["link set eth0 up", ...addressCommands(node.addresses, "eth0")];
  if (node.gateways.ipv4 !== undefined) commands.push(`route add default via ${node.gateways.ipv4} dev eth0`);
  if (node.gateways.ipv6 !== undefined) commands.push(`route add default via ${node.gateways.ipv6} dev eth0`);
  await lab.ip(node.name, commands);
  for (const pod of node.pods) await attachPod(lab, pod);
}

/** A pod as Calico's CNI plugin and Felix make it: a veth, the pod's address as /32 with a gateway that only proxy ARP
 *  answers for, and on the node a host route to the pod. */
async function attachPod(lab: Lab, pod: PodPlan): Promise<void> {
  const device = podDevice(pod);
  await lab.ip(pod.node, [
    `link add ${device} address ${HOST_MAC} type veth peer name eth0 netns ${lab.namespaceName(pod.name)}`,
    `link set ${device} up`,
  ]);
  await lab.settings(pod.node, [
    `net/ipv4/conf/${device}/proxy_arp=1`,
    // The kernel answers by proxy after a random delay of up to 0.8 s unless told otherwise.
    `net/ipv4/neigh/${device}/proxy_delay=0`,
  ]);
  const inside: string[] = ["link set eth0 up"];
  const outside: string[] = [];
  if (pod.addresses.ipv4 !== undefined) {
    inside.push(`address add ${pod.addresses.ipv4}/32 dev eth0`, `route add ${POD_GATEWAY} dev eth0 scope link`);
    inside.push(`route add default via ${POD_GATEWAY} dev eth0`);
    outside.push(`route add ${pod.addresses.ipv4}/32 dev ${device} scope link protocol ${FELIX_PROTOCOL}`);
  }
  if (pod.addresses.ipv6 !== undefined) {
    inside.push(
      `address add ${pod.addresses.ipv6}/128 dev eth0 nodad`,
      `route add default via ${HOST_LINK_LOCAL} dev eth0`,
    );
    outside.push(`route add ${pod.addresses.ipv6}/128 dev ${device} protocol ${FELIX_PROTOCOL}`);
  }
  await lab.ip(pod.name, inside);
  await lab.ip(pod.node, outside);
}

function addressCommands(addresses: Readonly<Partial<Record<FamilyName, string>>>, device: string): readonly string[] {
  const commands: string[] = [];
  if (addresses.ipv4 !== undefined) commands.push(`address add ${addresses.ipv4}/24 dev ${device}`);
  if (addresses.ipv6 !== undefined) commands.push(`address add ${addresses.ipv6}/64 dev ${device} nodad`);
  return commands;
}

/** Pulls the node's cable out of its ToR. Throws LabError. */
export async function unplug(lab: Lab, node: NodePlan): Promise<void> {
  await lab.ip(`tor-${node.rack}`, [`link set ${portOf(node)} down`]);
}
