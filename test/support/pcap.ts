// Captured TCP connections for tests: classic pcap of Ethernet, IPv4 and IPv6, put together in order of sequence numbers.
//
// Only as much as proto-fixtures/pcap needs: whole packets, no fragments, no VLAN tags, no IPv6 extension headers.
// Anything else throws, so that no octet of a session is overlooked.

import { Buffer } from "node:buffer";
import type { Bytes } from "../../src/base/bytes.js";
import { formatBytes } from "../../src/base/ip.js";

/** One direction of one TCP connection. */
export interface CapturedStream {
  /** `10.0.0.1:179`. */
  readonly from: string;
  readonly to: string;
  /** Everything that was sent, each octet once. */
  readonly bytes: Bytes;
}

interface Segment {
  readonly from: string;
  readonly to: string;
  /** Of the first octet of the payload. */
  readonly sequence: number;
  readonly isSyn: boolean;
  readonly payload: Buffer;
}

const FILE_HEADER_LENGTH = 24;
const RECORD_HEADER_LENGTH = 16;
const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const LINK_ETHERNET = 1;
const ETHERNET_HEADER_LENGTH = 14;
const PROTOCOL_TCP = 6;
const SYN = 0x02;

/** The streams of a capture in order of their first packet; those without any payload are left out. Copies.
 *  Throws Error where octets are missing or a packet is of a kind this reader does not know. */
export function readStreams(file: Bytes): CapturedStream[] {
  const connections = new Map<string, Segment[]>();
  for (const packet of readPackets(Buffer.from(file.buffer, file.byteOffset, file.byteLength))) {
    const segment = readSegment(packet);
    const key = `${segment.from} ${segment.to}`;
    const segments = connections.get(key);
    if (segments === undefined) connections.set(key, [segment]);
    else segments.push(segment);
  }
  const talking = [...connections.values()].filter((segments) => segments.some(({ payload }) => payload.length > 0));
  return talking.map(reassemble);
}

function readPackets(file: Buffer): Buffer[] {
  // The magic number tells in which byte order the machine wrote.
  const isLittle = file.readUInt32LE(0) === MAGIC_MICROSECONDS;
  const u32 = (at: number): number => (isLittle ? file.readUInt32LE(at) : file.readUInt32BE(at));
  if (u32(0) !== MAGIC_MICROSECONDS) throw new Error("not a classic pcap file with microseconds");
  if (u32(20) !== LINK_ETHERNET) throw new Error(`link type ${u32(20)} is not Ethernet`);
  const packets: Buffer[] = [];
  let at = FILE_HEADER_LENGTH;
  while (at < file.length) {
    const captured = u32(at + 8);
    const start = at + RECORD_HEADER_LENGTH;
    at = start + captured;
    if (captured !== u32(start - 4) || at > file.length) throw new Error(`packet ${packets.length + 1} is cut off`);
    packets.push(file.subarray(start, at));
  }
  return packets;
}

function readSegment(frame: Buffer): Segment {
  const etherType = frame.readUInt16BE(12);
  const packet = frame.subarray(ETHERNET_HEADER_LENGTH);
  if (etherType === 0x0800) return readIpv4(packet);
  if (etherType === 0x86dd) return readIpv6(packet);
  throw new Error(`EtherType 0x${etherType.toString(16)} is neither IPv4 nor IPv6`);
}

function readIpv4(packet: Buffer): Segment {
  const headerLength = 4 * (packet[0] & 0x0f);
  const flagsAndOffset = packet.readUInt16BE(6);
  if (packet[9] !== PROTOCOL_TCP || (flagsAndOffset & 0x3fff) !== 0) throw new Error("not a whole TCP segment");
  // Ethernet pads short frames: the length of the packet counts.
  const segment = packet.subarray(headerLength, packet.readUInt16BE(2));
  return readTcp(segment, formatBytes(packet, 12, 4), formatBytes(packet, 16, 4));
}

function readIpv6(packet: Buffer): Segment {
  if (packet[6] !== PROTOCOL_TCP) throw new Error(`next header ${packet[6]} is not TCP`);
  const segment = packet.subarray(40, 40 + packet.readUInt16BE(4));
  return readTcp(segment, `[${formatBytes(packet, 8, 16)}]`, `[${formatBytes(packet, 24, 16)}]`);
}

function readTcp(segment: Buffer, source: string, destination: string): Segment {
  const isSyn = (segment[13] & SYN) !== 0;
  return {
    from: `${source}:${segment.readUInt16BE(0)}`,
    to: `${destination}:${segment.readUInt16BE(2)}`,
    // RFC 9293 §3.4: SYN itself takes up one sequence number.
    sequence: (segment.readUInt32BE(4) + (isSyn ? 1 : 0)) >>> 0,
    isSyn,
    payload: segment.subarray(4 * (segment[12] >>> 4)),
  };
}

function reassemble(segments: readonly Segment[]): CapturedStream {
  const { from, to } = segments[0];
  const first = segments.find((segment) => segment.isSyn);
  if (first === undefined) throw new Error(`${from} to ${to}: the capture begins in the middle of the connection`);
  if (segments.some(({ isSyn, sequence }) => isSyn && sequence !== first.sequence)) {
    throw new Error(`${from} to ${to}: two connections from one port`);
  }
  // Positions relative to the first octet: sequence numbers wrap around, and a retransmission may come late.
  const placed = segments
    .filter(({ payload }) => payload.length > 0)
    .map(({ sequence, payload }) => ({ at: (sequence - first.sequence) >>> 0, payload }))
    .sort((a, b) => a.at - b.at);
  const parts: Buffer[] = [];
  let length = 0;
  for (const { at, payload } of placed) {
    if (at > length) throw new Error(`${from} to ${to}: octets ${length} to ${at} were not captured`);
    const fresh = payload.subarray(length - at);
    parts.push(fresh);
    length += fresh.length;
  }
  return { from, to, bytes: Uint8Array.from(Buffer.concat(parts)) };
}
