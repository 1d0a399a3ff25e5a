// Our own address as a next hop for one session (RFC 4271 §5.1.3, RFC 2545, RFC 8950).

import type { Bytes } from "../base/bytes.js";
import { type Family, IPV4_UNICAST } from "../base/family.js";
import { equalAddresses, type IpAddress, isLinkLocal } from "../base/ip.js";
import type { KernelView } from "./ports.js";

const NONE: Bytes = new Uint8Array(0);

/** 4 or 16 octets, or none if the node has no address of the family where the session ends.
 *  The session's own address where it fits; otherwise one of the same interface. */
export function selfNextHop(
  local: IpAddress,
  family: Family,
  extendedNextHop: boolean,
  view: KernelView | undefined,
): Bytes {
  const length = family === IPV4_UNICAST ? 4 : 16;
  const isUsable = (address: IpAddress): boolean => address.bytes.length === length && !isLinkLocal(address.bytes);
  if (isUsable(local)) return local.bytes;
  if (local.bytes.length === length) return local.bytes;
  const addresses = view?.addresses() ?? [];
  const device = addresses.find((entry) => equalAddresses(entry.address, { bytes: local.bytes }))?.device ?? local.zone;
  const other = addresses.find((entry) => entry.device === device && isUsable(entry.address));
  if (other !== undefined) return other.address.bytes;
  // RFC 8950: an IPv4 route may have our IPv6 address as next hop.
  return extendedNextHop ? local.bytes : NONE;
}
