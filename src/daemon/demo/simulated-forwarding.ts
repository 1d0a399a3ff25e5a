// The kernel part where there is no kernel to write to: the routes a node would get, and the way a packet would take
// from pod to pod through the tables of nodes and ToRs. Pure.

import { parseAddress, parsePrefix, prefixContains, type IpAddress } from "../../base/ip.js";
import type { RouteView } from "../../speaker/snapshot.js";
import type { PodPlan, Topology } from "./topology.js";

/** One line of the table that a host would have. */
export interface SimulatedRoute {
  readonly prefix: string;
  /** Undefined: blackhole. */
  readonly nextHop: string | undefined;
}

/** Tables by host name. */
export type SimulatedTables = ReadonlyMap<string, readonly SimulatedRoute[]>;

/** The way of a packet: the hosts it passes, and whether the last one has the pod. */
export interface SimulatedPath {
  readonly hosts: readonly string[];
  readonly arrived: boolean;
}

/** More hops than any way through three nodes and two ToRs has: beyond it there is a loop. */
const MAX_HOPS = 8;

/** What the kernel of a host would hold, from its speaker's best routes: own blocks drop what no pod has. Routes to
 *  `localPods` are Felix's, not the speaker's. */
export function simulatedTable(routes: readonly RouteView[], localPods: readonly string[]): readonly SimulatedRoute[] {
  return routes
    .filter((route) => route.best && !localPods.includes(route.prefix))
    .map((route) => ({
      prefix: route.prefix,
      nextHop: parseAddress(route.from) === undefined ? undefined : route.nextHop,
    }));
}

/** The table in the words of `ip route show proto bird`. */
export function tableText(table: readonly SimulatedRoute[], device: (nextHop: string) => string): string {
  return table
    .map(({ prefix, nextHop }) =>
      nextHop === undefined ? `blackhole ${prefix}` : `${prefix} via ${nextHop} ${device(nextHop)}`,
    )
    .join("\n");
}

/** Follows a packet from pod to pod. */
export function followPacket(topology: Topology, tables: SimulatedTables, from: PodPlan, to: PodPlan): SimulatedPath {
  const target = parseAddress(to.addresses.ipv4 ?? "");
  const hosts = [from.node];
  while (target !== undefined && hosts.length <= MAX_HOPS) {
    const here = hosts.at(-1) ?? "";
    if (here === to.node) return { hosts, arrived: true };
    const next = ownerOf(topology, longestMatch(tables.get(here) ?? [], target)?.nextHop);
    if (next === undefined) break;
    hosts.push(next);
  }
  return { hosts, arrived: false };
}

function longestMatch(table: readonly SimulatedRoute[], target: IpAddress): SimulatedRoute | undefined {
  let best: SimulatedRoute | undefined;
  let bestLength = -1;
  for (const route of table) {
    const prefix = parsePrefix(route.prefix);
    if (prefix === undefined || prefix.length <= bestLength || !prefixContains(prefix, target.bytes)) continue;
    best = route;
    bestLength = prefix.length;
  }
  return best;
}

/** The host that has an address, on any of its sides. */
function ownerOf(topology: Topology, address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  const tor = topology.tors.find((host) => host.addresses.ipv4 === address || host.uplink === address);
  return tor?.name ?? topology.nodes.find((node) => node.addresses.ipv4 === address)?.name;
}
