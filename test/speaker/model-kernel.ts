// The kernel of the model's world: the ways that the test gives to next hops, and the wishes that the real plan makes.

import { IPV4_UNICAST, IPV6_UNICAST } from "../../src/base/family.js";
import { formatBytes } from "../../src/base/ip.js";
import type { KernelConfig } from "../../src/config/speaker-config.js";
import { MemoryKernel } from "../../src/kernel/memory-kernel.js";
import { ACCEPT_ALL } from "../../src/policy/route.js";
import type { FibRoute, Resolution } from "../../src/speaker/ports.js";
import { FakeClock } from "../support/fake-clock.js";
import type { Way } from "../rib/model-commands.js";
import { prefix } from "../rib/updates.js";

const PLAIN_WAY: Way = { kind: "connected", device: "eth0" };

export const PLAIN_KERNEL: KernelConfig = {
  enabled: true,
  families: [IPV4_UNICAST, IPV6_UNICAST],
  table: 254,
  protocol: 12,
  metric: 0,
  importPolicy: ACCEPT_ALL,
  exportPolicy: ACCEPT_ALL,
  readsKernelFacts: false,
  encapsulation: [],
  auditSeconds: 60,
  writes: true,
  removeAtExit: false,
  staleSeconds: 120,
};

/** Choices of a configuration. */
export const ENCAPSULATIONS: readonly KernelConfig["encapsulation"][] = [
  [],
  [{ prefix: prefix("10.0.0.0/8"), mode: "always", device: "tunl0" }],
  [{ prefix: prefix("10.1.0.0/16"), mode: "crossSubnet", device: "tunl0" }],
  [
    { prefix: prefix("10.1.1.0/24"), mode: "never", device: "tunl0" },
    { prefix: prefix("0.0.0.0/0"), mode: "crossSubnet", device: "tunl1" },
    { prefix: prefix("2001:db8::/32"), mode: "always", device: "tunl2" },
  ],
];

export class ModelKernel extends MemoryKernel {
  readonly #ways = new Map<string, Way>();

  constructor() {
    super({}, { clock: new FakeClock() });
  }

  setWay(address: Uint8Array, way: Way): void {
    this.#ways.set(formatBytes(address), way);
  }

  override resolve(address: Uint8Array): Resolution | undefined {
    const way = this.#ways.get(formatBytes(address)) ?? PLAIN_WAY;
    switch (way.kind) {
      case "none":
        return undefined;
      case "local":
        return { kind: "local", device: "lo", gateway: undefined, cost: 0 };
      case "connected":
        return { kind: "connected", device: way.device, gateway: undefined, cost: 0 };
      case "recursive": {
        const { device, cost } = way;
        const gateway = Uint8Array.from(address, (octet, i) => (i === address.length - 1 ? 200 + way.gateway : octet));
        return { kind: "recursive", device, gateway, cost };
      }
    }
  }

  /** What was wished for, by prefix. */
  wishes(): Map<string, FibRoute> {
    return new Map([...this.entries()].map(({ prefix: text, route }) => [text, route]));
  }
}
