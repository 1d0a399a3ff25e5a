// A small Calico cluster: nodes on one Ethernet segment, each with our `bird` and `bird6` on configurations as confd writes
// them, and pods behind them in namespaces of their own, wired and routed as Felix does.

import type { Teardown } from "./netns.js";
import type { FamilyName } from "../../src/base/family.js";
import { type CalicoConfig, type CalicoPeer, calicoPeerName } from "./calico-config.js";
import { CalicoNode } from "./calico-node.js";
import { eventually } from "./eventually.js";
import { Lan } from "./lan.js";
import type { Namespace } from "./netns.js";

export const AS = 64512;
export const POOLS = { ipv4: "192.0.2.0/24", ipv6: "fd00:65::/32" } as const;

/** The metric of Felix's routes, and that of a workload that is moving in. */
export const NORMAL_METRIC = 1024;
export const ELEVATED_METRIC = 512;

const GATEWAY_MAC = "ee:ee:ee:ee:ee:ee";
/** The link-local address of every cali* interface, as it follows from its hardware address. */
const GATEWAY_IPV6 = "fe80::ecee:eeff:feee:eeee";

export class CalicoCluster {
  readonly lan: Lan;
  readonly #daemons: CalicoNode[] = [];

  private constructor(lan: Lan) {
    this.lan = lan;
  }

  static async open(t: Teardown, hosts: readonly string[]): Promise<CalicoCluster> {
    const lan = await Lan.open(hosts);
    const cluster = new CalicoCluster(lan);
    // Last made, first closed: the daemons end before their namespaces go.
    t.teardown(async () => {
      await Promise.all(cluster.#daemons.map((daemon) => daemon.remove()));
      await lan.close();
    });
    for (const { namespace } of lan.hosts) await letForward(namespace);
    return cluster;
  }

  /** Host n, from 1. */
  namespace(n: number): Namespace {
    return this.lan.hosts[n - 1].namespace;
  }

  address(n: number, family: FamilyName = "ipv4"): string {
    return this.lan.hosts[n - 1][family];
  }

  /** Every namespace of the cluster that has routes, pods excepted. */
  get namespaces(): readonly Namespace[] {
    return this.lan.hosts.map((host) => host.namespace);
  }

  /** A daemon on host n; what is not said is that of a node in a mesh with all `others`. */
  async daemon(
    n: number,
    others: readonly number[],
    change: Partial<CalicoConfig> = {},
    family: FamilyName = "ipv4",
  ): Promise<CalicoNode> {
    const own = this.address(n, family);
    const daemon = await CalicoNode.of(this.namespace(n), {
      family,
      routerId: this.address(n),
      address: own,
      as: AS,
      blocks: [blockOf(n, family)],
      pools: [{ prefix: POOLS[family], mode: "plain" }],
      peers: others.map((other) => meshPeer(own, this.address(other, family))),
      ...change,
    });
    this.#daemons.push(daemon);
    return daemon;
  }

  /** Adds a pod with these addresses on host n, routed as Felix does. */
  async pod(n: number, name: string, addresses: readonly string[], metric = NORMAL_METRIC): Promise<Namespace> {
    const node = this.namespace(n);
    const pod = await this.lan.lab.namespace(name);
    const device = `cali${name}`;
    await node.exec(`ip link add ${device} address ${GATEWAY_MAC} type veth peer name eth0 netns ${pod.name}`);
    await node.exec(`echo 1 > /proc/sys/net/ipv4/conf/${device}/proxy_arp; ip link set ${device} up`);
    await pod.exec("ip link set eth0 up");
    await pod.exec(`ip route add 169.254.1.1 dev eth0; ip neigh add 169.254.1.1 dev eth0 lladdr ${GATEWAY_MAC}`);
    await pod.exec(`ip route add default via 169.254.1.1 dev eth0`);
    await pod.exec(`ip -6 route add default via ${GATEWAY_IPV6} dev eth0`);
    for (const address of addresses) {
      await pod.exec(`ip address add ${hostPrefix(address)} dev eth0 ${address.includes(":") ? "nodad" : ""}`);
      await this.felixRoute(n, hostPrefix(address), `dev ${device} metric ${metric}`);
    }
    return pod;
  }

  async felixRoute(n: number, prefix: string, way: string, action: "add" | "del" = "add"): Promise<void> {
    await this.namespace(n).exec(`ip route ${action} ${prefix} ${way} proto 80`);
  }
}

/** Block of host n: 64 addresses in its own part of the pool. */
export function blockOf(n: number, family: FamilyName = "ipv4"): string {
  return family === "ipv4" ? `192.0.2.${(n - 1) * 64}/26` : `fd00:65:${n}::/122`;
}

/** Address number `i` of the block of host n. */
export function podAddress(n: number, i: number, family: FamilyName = "ipv4"): string {
  return family === "ipv4" ? `192.0.2.${(n - 1) * 64 + i}` : `fd00:65:${n}::${i.toString(16)}`;
}

/** confd lets the side with the smaller address, by its characters, dial. */
export function meshPeer(own: string, other: string): CalicoPeer {
  return { kind: "Mesh", address: other, as: AS, passive: other > own };
}

export function hostPrefix(address: string): string {
  return `${address}/${address.includes(":") ? 128 : 32}`;
}

/** Resolves when the sessions with these addresses are up. */
export async function established(
  node: CalicoNode,
  kind: CalicoPeer["kind"],
  addresses: readonly string[],
): Promise<void> {
  for (const address of addresses) {
    const name = calicoPeerName(kind, address);
    await eventually(`${name} of ${node.program} in ${node.namespace.name}`, () => node.isEstablished(name), 60_000);
  }
}

/** Resolves when the node's kernel has a route by BIRD that begins with these words. */
export async function kernelHas(node: CalicoNode, words: string, timeoutMs = 30_000): Promise<void> {
  await eventually(
    `${words} in ${node.namespace.name}`,
    async () => {
      const routes = await node.kernelRoutes();
      if (!routes.split("\n").some((line) => line.startsWith(words)))
        throw new Error(`it has ${routes.trim().replaceAll(/ *\n/g, "; ")}`);
      return true;
    },
    timeoutMs,
  );
}

export async function kernelLacks(node: CalicoNode, prefix: string, timeoutMs = 30_000): Promise<void> {
  await eventually(
    `no ${prefix} in ${node.namespace.name}`,
    async () => !(await node.kernelRoutes()).split("\n").some((line) => line.split(" ").includes(prefix)),
    timeoutMs,
  );
}

/** One answered ping, tried until `timeoutMs`. */
export async function answers(from: Namespace, address: string, timeoutMs = 20_000): Promise<void> {
  await eventually(`an answer from ${address}`, () => from.exec(`ping -c 1 -W 1 ${address}`), timeoutMs);
}

async function letForward(namespace: Namespace): Promise<void> {
  await namespace.exec(
    "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding; " +
      "for i in all default eth0; do echo 0 > /proc/sys/net/ipv4/conf/$i/rp_filter; done",
  );
}
