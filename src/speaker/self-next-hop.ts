// Our own address as a next hop for one session (RFC 4271 §5.1.3, RFC 2545 §3, RFC 8950).

import type { Bytes } from "../base/bytes.js";
import { type Family, IPV4_UNICAST, IPV6_UNICAST } from "../base/family.js";
import { equalAddresses, type IpAddress, isLinkLocal, prefixContains } from "../base/ip.js";
import type { InterfaceAddress, KernelView } from "./ports.js";

const NONE: Bytes = new Uint8Array(0);

/** 4 or 16 octets, 32 where our link-local address goes with the global one, or none if the node has no address of the
 *  family where the session from `local` to `remote` ends. The session's own address where it fits; otherwise one of the
 *  same interface. */
export function selfNextHop(
  local: IpAddress,
  remote: IpAddress,
  family: Family,
  extendedNextHop: boolean,
  view: KernelView | undefined,
): Bytes {
  const addresses = view?.addresses() ?? [];
  const address = singleNextHop(local, family, extendedNextHop, addresses);
  if (family !== IPV6_UNICAST || address.length !== 16 || isLinkLocal(address)) return address;
  const linkLocal = isLinkLocal(local.bytes) ? local.bytes : linkLocalBeside(address, remote, addresses);
  return linkLocal === undefined ? address : Uint8Array.of(...address, ...linkLocal);
}

function singleNextHop(
  local: IpAddress,
  family: Family,
  extendedNextHop: boolean,
  addresses: readonly InterfaceAddress[],
): Bytes {
  const length = family === IPV4_UNICAST ? 4 : 16;
  const isUsable = ({ bytes }: IpAddress): boolean => bytes.length === length && !isLinkLocal(bytes);
  if (isUsable(local)) return local.bytes;
  // Two interfaces may have the same link-local address.
  const device = local.zone ?? deviceOf(local.bytes, addresses);
  const other = addresses.find((entry) => entry.device === device && isUsable(entry.address));
  if (other !== undefined) return other.address.bytes;
  // RFC 8950: an IPv4 route may have our IPv6 address as next hop.
  return local.bytes.length === length || extendedNextHop ? local.bytes : NONE;
}

function deviceOf(bytes: Bytes, addresses: readonly InterfaceAddress[]): string | undefined {
  return addresses.find((entry) => equalAddresses(entry.address, { bytes }))?.device;
}

/** RFC 2545 §3: the link-local address is told if, and only if, we share the subnet of the global one with the peer. */
function linkLocalBeside(global: Bytes, remote: IpAddress, addresses: readonly InterfaceAddress[]): Bytes | undefined {
  const device = deviceOf(global, addresses);
  const onLink = addresses.filter((entry) => device !== undefined && entry.device === device);
  const isShared = remote.zone === device || onLink.some(({ prefix }) => prefixContains(prefix, remote.bytes));
  if (!isShared) return undefined;
  return onLink.find(({ address }) => isLinkLocal(address.bytes))?.address.bytes;
}
