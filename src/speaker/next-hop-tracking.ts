// Next hops against what the kernel knows: connected prefixes and routes that are not ours (RFC 4271 §9.1.2.1), asked
// again whenever links, addresses or routes change.

import type { Bytes } from "../base/bytes.js";
import { formatBytes } from "../base/ip.js";
import { ALWAYS_REACHABLE, type NextHopResolution, type NextHopResolver } from "../rib/next-hop-table.js";
import type { KernelView, Resolution } from "./ports.js";

const UNREACHABLE: NextHopResolution = { reachable: false, cost: 0, via: "" };

/** The resolver for a RIB; without a kernel every next hop counts as reachable. */
export function nextHopResolver(view: KernelView | undefined): NextHopResolver {
  if (view === undefined) return ALWAYS_REACHABLE;
  return (nextHop, zone) => {
    const resolution = resolveNextHop(view, nextHop, zone);
    // A route through ourselves leads nowhere (RFC 4271 §5.1.3).
    if (resolution === undefined || resolution.kind === "local") return UNREACHABLE;
    const gateway = resolution.gateway === undefined ? "" : ` ${formatBytes(resolution.gateway)}`;
    return { reachable: true, cost: resolution.cost, via: `${resolution.kind} ${resolution.device}${gateway}` };
  };
}

/** Way to a next hop of 4, 16 or 32 octets; of a pair (RFC 2545) the global address counts. */
export function resolveNextHop(view: KernelView, nextHop: Bytes, zone: string | undefined): Resolution | undefined {
  return view.resolve(nextHop.length === 32 ? nextHop.subarray(0, 16) : nextHop, zone);
}
