// Socket addresses and options in the form the kernel wants them: RFC 5082 (GTSM), RFC 2385 (MD5), traffic class.
//
// Numbers are Linux's, equal on all CPUs we know. Octet order inside the structures is the machine's, except addresses
// and ports. Without the addon none of this can be set: see requiresAddon.

import { readFileSync } from "node:fs";
import { endianness } from "node:os";
import { getSystemErrorName } from "node:util";
import { type Bytes, readU16 } from "../base/bytes.js";
import { formatBytes, type IpAddress, type IpPrefix } from "../base/ip.js";
import type { Sys } from "../native/sys.js";
import type { ConnectOptions, SocketFailure } from "../session/ports.js";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCKADDR_IN_LENGTH = 16;
const SOCKADDR_IN6_LENGTH = 28;

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x80000;

const SOL_IP = 0;
const SOL_SOCKET = 1;
const SOL_TCP = 6;
const SOL_IPV6 = 41;
const IP_TOS = 1;
const IP_TTL = 2;
const IP_MINTTL = 21;
const IPV6_UNICAST_HOPS = 16;
const IPV6_V6ONLY = 26;
const IPV6_TCLASS = 67;
const IPV6_MINHOPCOUNT = 73;
const SO_REUSEADDR = 2;
const SO_ERROR = 4;
const SO_LINGER = 13;
const SO_BINDTODEVICE = 25;
const TCP_NODELAY = 1;
const TCP_INFO = 11;
const TCP_MD5SIG = 14;
const TCP_NOTSENT_LOWAT = 25;
const TCP_MD5SIG_EXT = 32;
const TCP_MD5SIG_FLAG_PREFIX = 1;
const MD5_STRUCT_LENGTH = 216;
const MD5_MAX_KEY_LENGTH = 80;
const FIONREAD = 0x541b;
/** struct tcp_info up to and with tcpi_bytes_acked. */
const TCP_INFO_LENGTH = 128;
const BYTES_ACKED_AT = 120;

/** Class selector 6: routing protocols (RFC 4594 §3.2). */
const TOS_CS6 = 0xc0;
/** A stalled peer holds about so much of kernel memory, not megabytes. */
const NOT_SENT_LOW_WATER = 64 * 1024;

const LITTLE_ENDIAN = endianness() === "LE";

function view(bytes: Bytes): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** sockaddr_in or sockaddr_in6. Throws where the zone of a link-local address names no interface. */
export function encodeSockaddr(address: IpAddress, port: number): Bytes {
  const isIpv4 = address.bytes.length === 4;
  const out = new Uint8Array(isIpv4 ? SOCKADDR_IN_LENGTH : SOCKADDR_IN6_LENGTH);
  view(out).setUint16(0, isIpv4 ? AF_INET : AF_INET6, LITTLE_ENDIAN);
  view(out).setUint16(2, port);
  out.set(address.bytes, isIpv4 ? 4 : 8);
  if (address.zone !== undefined) view(out).setUint32(24, interfaceIndex(address.zone), LITTLE_ENDIAN);
  return out;
}

/** Port of an encoded address. */
export function portOf(sockaddr: Bytes): number {
  return readU16(sockaddr, 2);
}

/** Interface index of an encoded IPv6 address. */
export function scopeOf(sockaddr: Bytes): number {
  return view(sockaddr).getUint32(24, LITTLE_ENDIAN);
}

function interfaceIndex(name: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  return Number(readFileSync(`/sys/class/net/${name}/ifindex`, "utf8"));
}

/** struct tcp_md5sig and the option it goes with: a host key, or a key for all addresses of a prefix. An undefined key
 *  deletes. Throws RangeError if the key does not fit. */
export function encodeMd5Key(
  prefix: IpPrefix,
  key: string | undefined,
): { readonly name: number; readonly value: Bytes } {
  const octets = new TextEncoder().encode(key ?? "");
  if (octets.length > MD5_MAX_KEY_LENGTH)
    throw new RangeError(`a TCP MD5 password has at most ${MD5_MAX_KEY_LENGTH} octets`);
  const isHost = prefix.length === prefix.bytes.length * 8;
  const value = new Uint8Array(MD5_STRUCT_LENGTH);
  value.set(encodeSockaddr({ bytes: prefix.bytes }, 0));
  if (!isHost) {
    value[128] = TCP_MD5SIG_FLAG_PREFIX;
    value[129] = prefix.length;
  }
  view(value).setUint16(130, octets.length, LITTLE_ENDIAN);
  value.set(octets, 136);
  return { name: isHost ? TCP_MD5SIG : TCP_MD5SIG_EXT, value };
}

/** What of these options only the addon can do, in words; undefined: nothing. The TTL is left to the kernel without it: a
 *  larger one than wanted reaches the peer all the same. */
export function requiresAddon(options: Omit<ConnectOptions, "remotePort" | "localAddress">): string | undefined {
  if (options.md5Key !== undefined) return "a TCP MD5 password";
  if (options.minTtl !== undefined) return "TTL security (GTSM)";
  if (bindsDevice(options)) return `binding to ${options.device}`;
  return undefined;
}

// The zone of a link-local address names the device already.
function bindsDevice(options: Pick<ConnectOptions, "device" | "remoteAddress">): boolean {
  return options.device !== undefined && options.device !== options.remoteAddress.zone;
}

/** A system call that failed. */
export class SocketError extends Error implements SocketFailure {
  readonly code: string;

  /** `negativeErrno` as Sys returns it. */
  constructor(what: string, negativeErrno: number) {
    const code = getSystemErrorName(negativeErrno);
    super(`${what}: ${code}`);
    this.name = "SocketError";
    this.code = code;
  }
}

/** The result of a system call, or SocketError. */
export function check(what: string, result: number): number {
  if (result < 0) throw new SocketError(what, result);
  return result;
}

/** A TCP socket for the family of `address`; the caller closes it. Throws SocketError. */
export function openSocket(sys: Sys, address: IpAddress): number {
  const domain = address.bytes.length === 4 ? AF_INET : AF_INET6;
  return check("socket", sys.socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

/** Options of a socket that will connect. Throws SocketError. */
export function setConnectOptions(sys: Sys, fd: number, options: ConnectOptions): void {
  const { remoteAddress, md5Key, device } = options;
  setStreamOptions(sys, fd, remoteAddress);
  setHops(sys, fd, remoteAddress, options.ttl, options.minTtl);
  if (device !== undefined && bindsDevice(options)) {
    const name = new TextEncoder().encode(device);
    check(`binding to ${device}`, sys.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name));
  }
  if (md5Key !== undefined) setMd5Key(sys, fd, hostPrefix(remoteAddress), md5Key);
}

/** What every BGP connection gets. Throws SocketError. */
export function setStreamOptions(sys: Sys, fd: number, address: IpAddress): void {
  check("TCP_NODELAY", sys.setsockopt(fd, SOL_TCP, TCP_NODELAY, 1));
  check("TCP_NOTSENT_LOWAT", sys.setsockopt(fd, SOL_TCP, TCP_NOTSENT_LOWAT, NOT_SENT_LOW_WATER));
  setTrafficClass(sys, fd, address);
}

function setTrafficClass(sys: Sys, fd: number, address: IpAddress): void {
  const isIpv4 = address.bytes.length === 4;
  check("traffic class", sys.setsockopt(fd, isIpv4 ? SOL_IP : SOL_IPV6, isIpv4 ? IP_TOS : IPV6_TCLASS, TOS_CS6));
}

/** TTL of our packets and the least TTL we take (RFC 5082). Throws SocketError. */
export function setHops(sys: Sys, fd: number, address: IpAddress, ttl: number, minTtl: number | undefined): void {
  const isIpv4 = address.bytes.length === 4;
  const level = isIpv4 ? SOL_IP : SOL_IPV6;
  check(`TTL ${ttl}`, sys.setsockopt(fd, level, isIpv4 ? IP_TTL : IPV6_UNICAST_HOPS, ttl));
  if (minTtl === undefined) return;
  check("TTL security", sys.setsockopt(fd, level, isIpv4 ? IP_MINTTL : IPV6_MINHOPCOUNT, minTtl));
}

/** Options of a socket that will listen. Throws SocketError. */
export function setListenOptions(sys: Sys, fd: number, address: IpAddress): void {
  check("SO_REUSEADDR", sys.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1));
  // IPv4 has a listener of its own.
  if (address.bytes.length === 16) check("IPV6_V6ONLY", sys.setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, 1));
  setTrafficClass(sys, fd, address);
  // The SYN-ACK goes out before we know the peer: one that demands GTSM (RFC 5082) drops it unless its TTL is 255.
  setHops(sys, fd, address, 255, undefined);
}

/** Sets or (undefined) deletes the key for a peer, also on a socket that listens already. Throws SocketError, RangeError. */
export function setMd5Key(sys: Sys, fd: number, prefix: IpPrefix, key: string | undefined): void {
  const { name, value } = encodeMd5Key(prefix, key);
  check(`TCP MD5 password for ${formatBytes(prefix.bytes)}`, sys.setsockopt(fd, SOL_TCP, name, value));
}

/** What one socket may use for its options, keys among them: net.core.optmem_max of our namespace. */
export function optionMemoryBytes(): number {
  return Number(readFileSync("/proc/sys/net/core/optmem_max", "utf8"));
}

export function hostPrefix(address: IpAddress): IpPrefix {
  const isIpv4 = address.bytes.length === 4;
  return { family: isIpv4 ? 0 : 1, bytes: address.bytes, length: isIpv4 ? 32 : 128 };
}

/** How the connecting of a socket went: 0 or −errno; asking forgets it. */
export function pendingError(sys: Sys, fd: number): number {
  const value = new Uint8Array(4);
  const length = sys.getsockopt(fd, SOL_SOCKET, SO_ERROR, value);
  return length < 0 ? length : -view(value).getInt32(0, LITTLE_ENDIAN);
}

/** The peer is to see a RST when the descriptor is closed, and nothing that is queued. */
export function resetOnClose(sys: Sys, fd: number): void {
  const linger = new Uint8Array(8);
  view(linger).setInt32(0, 1, LITTLE_ENDIAN);
  // A socket that is already gone needs no RST.
  sys.setsockopt(fd, SOL_SOCKET, SO_LINGER, linger);
}

/** Octets in the kernel's receive queue. */
export function unreadBytes(sys: Sys, fd: number): number {
  const count = new Uint8Array(4);
  return sys.ioctl(fd, FIONREAD, count) < 0 ? 0 : view(count).getInt32(0, LITTLE_ENDIAN);
}

/** Octets that the peer's TCP has acknowledged so far; 0 where the kernel does not tell. */
export function acknowledgedBytes(sys: Sys, fd: number): number {
  const info = new Uint8Array(TCP_INFO_LENGTH);
  const length = sys.getsockopt(fd, SOL_TCP, TCP_INFO, info);
  return length < TCP_INFO_LENGTH ? 0 : Number(view(info).getBigUint64(BYTES_ACKED_AT, LITTLE_ENDIAN));
}
