// What an act is: a topology, the speakers on it with their configurations, and whose daemon is killed.
// The configurations are the YAML that a user would write; act-*.ts files hold one act each.

import type { FamilyName } from "../../base/family.js";
import { prefixesOf, type Layout, type NodePlan, type Topology } from "./topology.js";
import type { TorPlan } from "./tor-plan.js";

/** A configuration file before it is written as YAML. */
export type YamlConfig = Readonly<Record<string, unknown>>;

/** One of our daemons. */
export interface SpeakerPlan {
  readonly host: string;
  /** Without `control`, which belongs to the place where it runs. */
  readonly config: YamlConfig;
}

export interface Act {
  readonly number: number;
  readonly title: string;
  /** What is shown, and why anybody wants it. */
  readonly story: readonly [string, string];
  readonly layout: Layout;
  readonly dualStack: boolean;
  /** Pods of different subnets talk through tunl0. */
  readonly tunnel: boolean;
  readonly speakers: (topology: Topology) => readonly SpeakerPlan[];
  /** ToRs that speak BGP with the nodes; whose software it is depends on the machine. */
  readonly tors: (topology: Topology) => readonly TorPlan[];
  /** The host whose daemon is killed and restarted. */
  readonly killed: string;
  /** How the others come to miss the node that is unplugged. */
  readonly missedBy: string;
}

/** Short, so that the reader does not wait long for an unplugged node to be missed. */
export const HOLD_TIME_SECONDS = 3;

/** The node whose cable is pulled at the end of each act. */
export const UNPLUGGED_NODE = "node3";
/** For acts where nobody but the keepalives tells. */
export const MISSED_BY_HOLD_TIME = `Missed after the hold time of ${HOLD_TIME_SECONDS} s.`;

/** What all our speakers have in common. */
export function baseConfig(topology: Topology, routerId: string, as: number, addresses: readonly string[]): YamlConfig {
  return {
    routerId,
    as,
    listen: addresses.map((address) => endpoint(address, topology.port)),
    defaults: {
      port: topology.port,
      // The kernel would choose 127.0.0.1 for all of them. IPv6 sessions have but one address to choose.
      ...(topology.simulated ? { localAddress: addresses[0] } : {}),
      holdTimeSeconds: HOLD_TIME_SECONDS,
      connectRetrySeconds: 1,
      idleHoldSeconds: [1, 2],
    },
  };
}

/** What a node adds: its own prefixes, and the kernel where there is one. */
export function nodeConfig(topology: Topology, node: NodePlan, kernel: YamlConfig = {}): YamlConfig {
  const of = (pick: "blocks" | "borrowed"): readonly string[] => valuesOf(node[pick], topology.families);
  return {
    node: { blocks: of("blocks"), borrowed: of("borrowed") },
    kernel: topology.simulated ? { enabled: false } : { enabled: true, ...kernel },
  };
}

/** Everything a node announces, in all families of the act. */
export function announcedBy(topology: Topology, node: NodePlan): readonly string[] {
  return topology.families.flatMap((family) => prefixesOf(node, family));
}

/** The values of the families in use, in their order. */
export function valuesOf(
  values: Readonly<Partial<Record<FamilyName, string>>>,
  families: readonly FamilyName[],
): readonly string[] {
  return families.map((family) => values[family]).filter((value) => value !== undefined);
}

function endpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
