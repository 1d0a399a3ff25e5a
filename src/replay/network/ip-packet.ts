// IPv4 (RFC 791) and IPv6 (RFC 8200) headers, options and extension headers passed over, up to TCP.

import { type Bytes, readU16, readU32 } from "../../base/bytes.js";

export const PROTOCOL_TCP = 6;

/** A packet, or one fragment of it. */
export interface IpPacket {
  /** 4 or 16 octets; point into the capture. */
  readonly source: Bytes;
  readonly destination: Bytes;
  /** Of the payload; in a later fragment that of the first one. */
  readonly protocol: number;
  /** As much of the payload as was captured. */
  readonly payload: Bytes;
  /** Octets of the payload on the wire. */
  readonly payloadLength: number;
  readonly fragment: Fragment | undefined;
}

export interface Fragment {
  readonly id: number;
  /** Of the payload, in octets. */
  readonly offset: number;
  readonly isLast: boolean;
}

/** The packet whose header lies at `at`; undefined if it makes no sense. `missing`: octets behind `bytes` that were on the
 *  wire but not captured. */
export function readIpPacket(bytes: Bytes, at: number, missing: number): IpPacket | undefined {
  return bytes[at] >>> 4 === 4 ? readIpv4(bytes, at, missing) : readIpv6(bytes, at, missing);
}

function readIpv4(bytes: Bytes, at: number, missing: number): IpPacket | undefined {
  const headerLength = 4 * (bytes[at] & 0x0f);
  const available = bytes.length - at;
  if (headerLength < 20 || available < headerLength) return undefined;
  // 0: the network card was to cut the packet into pieces (segmentation offload) and fill in their lengths.
  const totalLength = readU16(bytes, at + 2) || available + missing;
  if (totalLength < headerLength) return undefined;
  const flags = readU16(bytes, at + 6);
  const offset = 8 * (flags & 0x1fff);
  const isLast = (flags & 0x2000) === 0;
  return {
    source: bytes.subarray(at + 12, at + 16),
    destination: bytes.subarray(at + 16, at + 20),
    protocol: bytes[at + 9],
    // Ethernet pads short frames: the length of the packet counts.
    payload: bytes.subarray(at + headerLength, Math.min(bytes.length, at + totalLength)),
    payloadLength: totalLength - headerLength,
    fragment: offset === 0 && isLast ? undefined : { id: readU16(bytes, at + 4), offset, isLast },
  };
}

const IPV6_HEADER_LENGTH = 40;
const EXTENSION = { HOP_BY_HOP: 0, ROUTING: 43, FRAGMENT: 44, AUTHENTICATION: 51, DESTINATION: 60 } as const;
/** Mobility, HIP, Shim6: with a length octet like the others. */
const OTHER_EXTENSIONS: readonly number[] = [135, 139, 140];

function readIpv6(bytes: Bytes, start: number, missing: number): IpPacket | undefined {
  if (bytes.length - start < IPV6_HEADER_LENGTH) return undefined;
  let at = start + IPV6_HEADER_LENGTH;
  const given = readU16(bytes, start + 4);
  const end = given === 0 ? bytes.length + missing : at + given;
  let protocol = bytes[start + 6];
  let fragment: Fragment | undefined;
  while (fragment === undefined) {
    const length = extensionLength(protocol, bytes, at);
    if (length === undefined) break;
    if (at + length > Math.min(end, bytes.length)) return undefined;
    if (protocol === EXTENSION.FRAGMENT) fragment = fragmentAt(bytes, at);
    protocol = bytes[at];
    at += length;
  }
  return {
    source: bytes.subarray(start + 8, start + 24),
    destination: bytes.subarray(start + 24, start + 40),
    protocol,
    payload: bytes.subarray(at, Math.min(bytes.length, end)),
    payloadLength: Math.max(0, end - at),
    fragment,
  };
}

// RFC 8200 §4.5. A packet in one fragment ("atomic", RFC 6946) is whole.
function fragmentAt(bytes: Bytes, at: number): Fragment | undefined {
  const word = readU16(bytes, at + 2);
  const offset = word & 0xfff8;
  const isLast = (word & 1) === 0;
  return offset === 0 && isLast ? undefined : { id: readU32(bytes, at + 4), offset, isLast };
}

// Undefined where `protocol` is no extension header.
function extensionLength(protocol: number, bytes: Bytes, at: number): number | undefined {
  switch (protocol) {
    case EXTENSION.FRAGMENT:
      return 8;
    case EXTENSION.AUTHENTICATION:
      return at + 1 < bytes.length ? 4 * (bytes[at + 1] + 2) : 8;
    case EXTENSION.HOP_BY_HOP:
    case EXTENSION.ROUTING:
    case EXTENSION.DESTINATION:
      return at + 1 < bytes.length ? 8 * (bytes[at + 1] + 1) : 8;
    default:
      if (!OTHER_EXTENSIONS.includes(protocol)) return undefined;
      return at + 1 < bytes.length ? 8 * (bytes[at + 1] + 1) : 8;
  }
}
