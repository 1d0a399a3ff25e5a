// Arithmetic on ranges of addresses while a configuration is read: host bits, containment, overlap, size, reserved
// addresses. ip-num does the sums; our own parser judges the texts first, since ip-num accepts odd ones, keeps host bits and
// is far too slow for anything per route.

import { IPv4, IPv4CidrRange, IPv6, IPv6CidrRange } from "ip-num";
import {
  formatAddress,
  formatPrefix,
  type IpAddress,
  type IpPrefix,
  parseAddress,
  parsePrefixLoosely,
} from "../base/ip.js";

type CidrRange = IPv4CidrRange | IPv6CidrRange;

function rangeOf(prefix: IpPrefix): CidrRange {
  const text = formatPrefix(prefix);
  return prefix.bytes.length === 4 ? IPv4CidrRange.fromCidr(text) : IPv6CidrRange.fromCidr(ipv6Groups(text));
}

/** ip-num does not read a dotted tail (`::ffff:192.0.2.1`), which RFC 5952 text may have. */
function ipv6Groups(text: string): string {
  const [address, length] = text.split("/");
  const bytes = parseAddress(address)?.bytes ?? new Uint8Array(16);
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] << 8) | bytes[2 * i + 1]).toString(16));
  return length === undefined ? groups.join(":") : `${groups.join(":")}/${length}`;
}

/** True if every address of `inner` is in `outer`. */
export function rangeContains(outer: IpPrefix, inner: IpPrefix): boolean {
  if (outer.family !== inner.family) return false;
  const [a, b] = [rangeOf(outer), rangeOf(inner)];
  return a.getFirst().isLessThanOrEquals(b.getFirst()) && a.getLast().isGreaterThanOrEquals(b.getLast());
}

/** Prefixes that share an address with one before them in the list: their index and the other's. */
export function findOverlaps(
  prefixes: readonly IpPrefix[],
): readonly { readonly index: number; readonly other: number }[] {
  const entries = prefixes.map((prefix, index) => ({ index, family: prefix.family, range: rangeOf(prefix) }));
  // Prefixes nest or are disjoint: in order of their first address, the wider first, one that overlaps any other overlaps
  // the last one that reached furthest.
  entries.sort(
    (a, b) =>
      a.family - b.family ||
      compare(a.range.getFirst(), b.range.getFirst()) ||
      compare(b.range.getLast(), a.range.getLast()),
  );
  const overlaps: { index: number; other: number }[] = [];
  let widest: (typeof entries)[number] | undefined;
  for (const entry of entries) {
    const isInside =
      widest !== undefined &&
      widest.family === entry.family &&
      entry.range.getFirst().isLessThanOrEquals(widest.range.getLast());
    if (widest === undefined || !isInside) widest = entry;
    else overlaps.push({ index: Math.max(entry.index, widest.index), other: Math.min(entry.index, widest.index) });
  }
  return overlaps;
}

function compare(a: IPv4 | IPv6, b: IPv4 | IPv6): number {
  if (a.isEquals(b)) return 0;
  return a.isLessThan(b) ? -1 : 1;
}

/** Number of addresses. */
export function rangeSize(prefix: IpPrefix): bigint {
  return rangeOf(prefix).getSize();
}

/** For a prefix written with host bits: the network it lies in and its last address, as texts. Undefined for other texts. */
export function networkOf(text: string): { readonly network: string; readonly last: string } | undefined {
  const prefix = parsePrefixLoosely(text);
  if (prefix === undefined) return undefined;
  const range = rangeOf(prefix);
  const plain = (address: string): string => {
    const parsed = parseAddress(address);
    return parsed === undefined ? address : formatAddress(parsed);
  };
  return { network: `${plain(range.getFirst().toString())}/${prefix.length}`, last: plain(range.getLast().toString()) };
}

/** Why nobody can have a BGP session with this address; undefined if nothing speaks against it. */
export function unusableReason(address: IpAddress): string | undefined {
  const value =
    address.bytes.length === 4
      ? IPv4.fromString(formatAddress(address))
      : IPv6.fromString(ipv6Groups(formatAddress({ bytes: address.bytes })));
  if (value.isUnspecified()) return "is the unspecified address";
  if (value.isMulticast()) return "is a multicast address";
  if (value instanceof IPv4 && (value.isReserved() || value.isBroadcast()))
    return "is a reserved address (RFC 1112 §4)";
  return undefined;
}
