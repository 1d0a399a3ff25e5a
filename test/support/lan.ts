// A lab of hosts on one Ethernet segment: a bridge in a namespace of its own, host n has 10.0.0.n/24 and fd00::n/64.

import { Lab, type Namespace } from "./netns.js";

export const SWITCH = "switch";

/** One host: its namespace and its addresses on the segment. */
export interface Host {
  readonly namespace: Namespace;
  readonly ipv4: string;
  readonly ipv6: string;
}

export class Lan {
  readonly lab: Lab;
  /** Host n is hosts[n - 1]. */
  readonly hosts: readonly Host[];
  readonly bridge: Namespace;

  private constructor(lab: Lab, bridge: Namespace, hosts: readonly Host[]) {
    this.lab = lab;
    this.bridge = bridge;
    this.hosts = hosts;
  }

  /** Builds the segment with one host for each name. */
  static async open(names: readonly string[]): Promise<Lan> {
    const lab = await Lab.open();
    try {
      const bridge = await lab.namespace(SWITCH);
      await bridge.exec("ip link add name br0 type bridge forward_delay 0 stp_state 0 mcast_snooping 0");
      await bridge.exec("ip link set br0 up");
      const hosts: Host[] = [];
      for (const [index, name] of names.entries()) hosts.push(await addHost(lab, bridge, name, index + 1));
      return new Lan(lab, bridge, hosts);
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.lab.close();
  }
}

async function addHost(lab: Lab, bridge: Namespace, name: string, number: number): Promise<Host> {
  const namespace = await lab.namespace(name);
  await lab.veth(namespace, "eth0", bridge, `port${number}`);
  await bridge.exec(`ip link set port${number} master br0`);
  const host = { namespace, ipv4: `10.0.0.${number}`, ipv6: `fd00::${number}` };
  await namespace.exec(`ip address add ${host.ipv4}/24 dev eth0`);
  // Without duplicate address detection the address can be used at once.
  await namespace.exec(`ip address add ${host.ipv6}/64 dev eth0 nodad`);
  return host;
}
