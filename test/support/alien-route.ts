// A route of the kernel that is not ours, for tests.

import type { IpPrefix } from "../../src/base/ip.js";
import type { AlienRoute } from "../../src/speaker/ports.js";

/** Through one interface; metric 0 and protocol boot, unless said otherwise. */
export function alienRoute(
  prefix: IpPrefix,
  device: string,
  gateway: Uint8Array | undefined,
  more: Partial<AlienRoute> = {},
): AlienRoute {
  const nextHops = [{ gateway, device, onlink: false, weight: 1 }];
  return { prefix, table: 254, kind: "unicast", nextHops, metric: 0, protocol: 3, ...more };
}
