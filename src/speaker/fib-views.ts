// Kernel routes as status and API show them.

import { FAMILIES } from "../base/family.js";
import { formatBytes } from "../base/ip.js";
import type { FibEntry, FibNextHop } from "./ports.js";
import type { KernelRouteView } from "./snapshot.js";

export function fibEntryView(entry: FibEntry): KernelRouteView {
  const { metric } = entry.route;
  return {
    family: FAMILIES[entry.family].name,
    prefix: entry.prefix,
    kind: entry.route.kind,
    nextHops: entry.route.nextHops.map(nextHopView),
    ...(metric === undefined ? {} : { metric }),
    state: entry.state,
    error: entry.error,
  };
}

/** `via 10.0.0.2 dev tunl0 onlink`, as `ip route` would say. */
function nextHopView(hop: FibNextHop): string {
  const parts: string[] = [];
  if (hop.gateway !== undefined) parts.push(`via ${formatBytes(hop.gateway)}`);
  if (hop.device !== undefined) parts.push(`dev ${hop.device}`);
  if (hop.onlink) parts.push("onlink");
  if (hop.weight !== 1) parts.push(`weight ${hop.weight}`);
  return parts.join(" ");
}
