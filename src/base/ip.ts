// IP addresses and prefixes outside the hot path: parsing, RFC 5952 text, masks, containment.
//
// An address is its octets; the tables of the RIB use words (Int32) and never come here per route.

import { type Family, IPV4_UNICAST, IPV6_UNICAST } from "./family.js";
import { type Bytes, readI32 } from "./bytes.js";

export interface IpAddress {
  /** 4 or 16 octets, network order. Never changed after construction. */
  readonly bytes: Bytes;
  /** Interface of an IPv6 link-local address (`fe80::1%eth0`). */
  readonly zone?: string;
}

export interface IpPrefix {
  readonly family: Family;
  /** 4 or 16 octets; bits beyond `length` are zero. */
  readonly bytes: Bytes;
  readonly length: number;
}

/** Parses an address; undefined if the text is none. A zone is accepted on IPv6 only. */
export function parseAddress(text: string): IpAddress | undefined {
  const percent = text.indexOf("%");
  const plain = percent < 0 ? text : text.slice(0, percent);
  const bytes = plain.includes(":") ? parseIpv6(plain) : parseIpv4(plain);
  if (bytes === undefined) return undefined;
  if (percent < 0) return { bytes };
  const zone = text.slice(percent + 1);
  return zone === "" || bytes.length === 4 ? undefined : { bytes, zone };
}

function parseIpv4(text: string): Bytes | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    if (!/^(0|[1-9]\d{0,2})$/.test(parts[i])) return undefined;
    const value = Number(parts[i]);
    if (value > 255) return undefined;
    bytes[i] = value;
  }
  return bytes;
}

function parseIpv6(text: string): Bytes | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0], halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1], true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 8; i++) {
    bytes[2 * i] = groups[i] >>> 8;
    bytes[2 * i + 1] = groups[i];
  }
  return bytes;
}

function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (mayEndInIpv4 && i === parts.length - 1 && part.includes(".")) {
      const v4 = parseIpv4(part);
      if (v4 === undefined) return undefined;
      groups.push((v4[0] << 8) | v4[1], (v4[2] << 8) | v4[3]);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(parseInt(part, 16));
    }
  }
  return groups;
}

/** Text of the address whose `length` octets start at `at`; IPv6 as RFC 5952 wants it. */
export function formatBytes(bytes: Bytes, at = 0, length = bytes.length): string {
  if (length === 4) return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
  if (isMappedIpv4(bytes, at)) return `::ffff:${formatBytes(bytes, at + 12, 4)}`;
  const groups: number[] = [];
  for (let i = 0; i < 8; i++) groups.push((bytes[at + 2 * i] << 8) | bytes[at + 2 * i + 1]);
  let bestAt = -1;
  let bestLength = 1; // RFC 5952 §4.2.2: a single zero group is not shortened
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run++;
    if (run > bestLength) {
      bestAt = i;
      bestLength = run;
    }
  }
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(":");
  if (bestAt < 0) return text(groups);
  return `${text(groups.slice(0, bestAt))}::${text(groups.slice(bestAt + bestLength))}`;
}

function isMappedIpv4(bytes: Bytes, at: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false;
  return bytes[at + 10] === 255 && bytes[at + 11] === 255;
}

export function formatAddress(address: IpAddress): string {
  const text = formatBytes(address.bytes);
  return address.zone === undefined ? text : `${text}%${address.zone}`;
}

export function addressFamily(address: IpAddress): Family {
  return address.bytes.length === 4 ? IPV4_UNICAST : IPV6_UNICAST;
}

export function equalAddresses(a: IpAddress, b: IpAddress): boolean {
  if (a.bytes.length !== b.bytes.length || a.zone !== b.zone) return false;
  return a.bytes.every((octet, i) => octet === b.bytes[i]);
}

/** True for fe80::/10. */
export function isLinkLocal(bytes: Bytes, at = 0, length = bytes.length): boolean {
  return length === 16 && bytes[at] === 0xfe && (bytes[at + 1] & 0xc0) === 0x80;
}

/** Parses `address/length`; a bare address is a host prefix. Undefined for anything else, also for set host bits. */
export function parsePrefix(text: string): IpPrefix | undefined {
  const prefix = parsePrefixLoosely(text);
  if (prefix === undefined) return undefined;
  const address = parseAddress(text.split("/")[0]);
  return address !== undefined && address.bytes.every((octet, i) => octet === prefix.bytes[i]) ? prefix : undefined;
}

/** Like parsePrefix, but host bits are cleared instead of refused. */
export function parsePrefixLoosely(text: string): IpPrefix | undefined {
  const slash = text.indexOf("/");
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined || address.zone !== undefined) return undefined;
  const bits = address.bytes.length * 8;
  const lengthText = slash < 0 ? String(bits) : text.slice(slash + 1);
  if (!/^(0|[1-9]\d{0,2})$/.test(lengthText) || Number(lengthText) > bits) return undefined;
  return makePrefix(address.bytes, Number(lengthText));
}

/** The prefix of `length` bits that holds the address; host bits are cleared in a copy. */
export function makePrefix(bytes: Bytes, length: number): IpPrefix {
  const masked = new Uint8Array(bytes);
  for (let i = 0; i < masked.length; i++) {
    const kept = Math.min(8, Math.max(0, length - 8 * i));
    masked[i] &= 0xff00 >> kept;
  }
  return { family: bytes.length === 4 ? IPV4_UNICAST : IPV6_UNICAST, bytes: masked, length };
}

export function formatPrefix(prefix: IpPrefix): string {
  return `${formatBytes(prefix.bytes)}/${prefix.length}`;
}

/** True if the address lies in the prefix. */
export function prefixContains(prefix: IpPrefix, bytes: Bytes): boolean {
  if (prefix.bytes.length !== bytes.length) return false;
  const whole = prefix.length >> 3;
  for (let i = 0; i < whole; i++) if (prefix.bytes[i] !== bytes[i]) return false;
  const rest = prefix.length & 7;
  return rest === 0 || ((prefix.bytes[whole] ^ bytes[whole]) & (0xff00 >> rest) & 0xff) === 0;
}

/** IPv4 address as a signed 32-bit word. */
export function ipv4Word(text: string): number {
  const address = parseAddress(text);
  if (address === undefined || address.bytes.length !== 4) throw new RangeError(`not an IPv4 address: ${text}`);
  return readI32(address.bytes, 0);
}

/** Dotted quad of a 32-bit word: addresses, BGP Identifiers, cluster ids. */
export function formatIpv4Word(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}
