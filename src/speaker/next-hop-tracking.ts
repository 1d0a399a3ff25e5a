// Next hops against what the kernel knows: connected prefixes and routes that are not ours (RFC 4271 §9.1.2.1), asked
// again whenever links, addresses or routes change.

import type { Bytes } from "../base/bytes.js";
import { formatBytes } from "../base/ip.js";
import { ALWAYS_REACHABLE, type NextHopResolution, type NextHopResolver, OWN_ADDRESS } from "../rib/next-hop-table.js";
import type { KernelView, Resolution } from "./ports.js";

const UNREACHABLE: NextHopResolution = { reachable: false, cost: 0, via: "" };

/** The resolver for a RIB; without a kernel every next hop counts as reachable but those that `isOurs` knows for our own
 *  addresses (RFC 4271 §6.3). */
export function nextHopResolver(
  view: KernelView | undefined,
  isOurs: (nextHop: Bytes) => boolean = () => false,
): NextHopResolver {
  if (view === undefined) {
    return (nextHop, zone) => (isOurs(nextHop) ? UNREACHABLE : ALWAYS_REACHABLE(nextHop, zone));
  }
  return (nextHop, zone) => {
    const resolution = resolveNextHop(view, nextHop, zone);
    if (resolution === undefined) return UNREACHABLE;
    if (resolution.kind === "local") return OWN_ADDRESS;
    const { kind, device, gateway, cost } = resolution;
    const through = gateway === undefined ? "" : ` ${formatBytes(gateway)}`;
    return {
      reachable: true,
      cost,
      via: `${kind} ${device}${through}`,
      device,
      gateway: gateway ?? resolution.address,
    };
  };
}

/** The way, and the address it leads to. */
export type NextHopWay = Resolution & { readonly address: Bytes };

/** Way to a next hop of 4, 16 or 32 octets; undefined: there is none. Of a pair (RFC 2545) the global address counts,
 *  unless it does not lie on the link of the session, `zone`: then the link-local one does. */
export function resolveNextHop(view: KernelView, nextHop: Bytes, zone: string | undefined): NextHopWay | undefined {
  const address = nextHop.length === 32 ? nextHop.subarray(0, 16) : nextHop;
  const resolution = view.resolve(address, zone);
  const isOnLink = resolution?.kind === "local" || (resolution?.kind === "connected" && resolution.device === zone);
  if (nextHop.length === 32 && zone !== undefined && !isOnLink) {
    const linkLocal = nextHop.subarray(16, 32);
    const way = view.resolve(linkLocal, zone);
    if (way !== undefined) return { ...way, address: linkLocal };
  }
  return resolution === undefined ? undefined : { ...resolution, address };
}
