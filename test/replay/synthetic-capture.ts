// Captures made by tests: frames of chosen links around IP packets around TCP segments, in files of both formats.

import { ByteWriter, type Bytes, writeU16 } from "../../src/base/bytes.js";
import { parseAddress } from "../../src/base/ip.js";

export interface Segment {
  /** `ADDRESS PORT`. */
  readonly from: string;
  readonly to: string;
  readonly sequence: number;
  readonly acknowledgement?: number;
  /** Letters of the flags: S, F, R, A. */
  readonly flags?: string;
  readonly payload?: Bytes;
  /** Octets of options, a multiple of four. */
  readonly options?: number;
}

export interface TimedFrame {
  readonly timeMicros: number;
  readonly frame: Bytes;
  /** Octets on the wire, if the capture cut the frame. */
  readonly originalLength?: number;
}

const FLAG_BITS: Readonly<Record<string, number>> = { F: 1, S: 2, R: 4, P: 8, A: 16 };

function endOf(text: string): { readonly address: Bytes; readonly port: number } {
  const [addressText, port] = text.split(" ");
  const address = parseAddress(addressText);
  if (address === undefined) throw new Error(`not an address: ${addressText}`);
  return { address: address.bytes, port: Number(port) };
}

/** The TCP part alone. */
export function tcpOf(segment: Segment): Bytes {
  const { flags = "A", options = 0, payload = new Uint8Array(0) } = segment;
  const bits = [...flags].reduce((sum, letter) => sum | FLAG_BITS[letter], 0);
  const out = new ByteWriter();
  out.u16(endOf(segment.from).port).u16(endOf(segment.to).port).u32(segment.sequence);
  out
    .u32(segment.acknowledgement ?? 0)
    .u8((5 + options / 4) << 4)
    .u8(bits);
  out.u16(1000).u16(0).u16(0).append(new Uint8Array(options)).append(payload);
  return out.finish();
}

export interface IpOptions {
  /** Octets of IPv4 options, or of an IPv6 destination options header; a multiple of 8. */
  readonly extra?: number;
  readonly fragment?: { readonly id: number; readonly offset: number; readonly isLast: boolean };
}

/** `body` (TCP, or a fragment of it) in an IP packet of the addresses' version. */
export function ipAround(
  body: Bytes,
  { from, to }: Pick<Segment, "from" | "to">,
  { extra = 0, fragment }: IpOptions = {},
): Bytes {
  const [source, destination] = [endOf(from).address, endOf(to).address];
  const out = new ByteWriter();
  if (source.length === 4) {
    const word = fragment === undefined ? 0 : (fragment.isLast ? 0 : 0x2000) | (fragment.offset >>> 3);
    out
      .u8(0x40 | (5 + extra / 4))
      .u8(0)
      .u16(20 + extra + body.length);
    out
      .u16(fragment?.id ?? 0)
      .u16(word)
      .u8(64)
      .u8(6)
      .u16(0);
    out.append(source).append(destination).append(new Uint8Array(extra));
  } else {
    const length = extra + (fragment === undefined ? 0 : 8) + body.length;
    const inner = fragment === undefined ? 6 : 44;
    out
      .u32(0x60000000)
      .u16(length)
      .u8(extra > 0 ? 60 : inner)
      .u8(64)
      .append(source)
      .append(destination);
    if (extra > 0)
      out
        .u8(inner)
        .u8(extra / 8 - 1)
        .append(new Uint8Array(extra - 2));
    if (fragment !== undefined)
      out
        .u8(6)
        .u8(0)
        .u16(fragment.offset | (fragment.isLast ? 0 : 1))
        .u32(fragment.id);
  }
  return out.append(body).finish();
}

/** A whole segment in an IP packet. */
export function packetOf(segment: Segment, options?: IpOptions): Bytes {
  return ipAround(tcpOf(segment), segment, options);
}

const MAC_ADDRESSES = new Uint8Array(12);

function etherType(packet: Bytes): number {
  return packet[0] >>> 4 === 4 ? 0x0800 : 0x86dd;
}

/** An Ethernet frame, with VLAN tags of these EtherTypes. */
export function ethernet(packet: Bytes, tags: readonly number[] = []): Bytes {
  const out = new ByteWriter();
  out.append(MAC_ADDRESSES);
  for (const tag of tags) out.u16(tag).u16(7);
  return out.u16(etherType(packet)).append(packet).finish();
}

/** A frame of the link type: 1, 0, 9, 12, 50, 101, 104, 108, 113 or 276. */
export function frameOf(link: number, packet: Bytes): Bytes {
  const isV4 = packet[0] >>> 4 === 4;
  const out = new ByteWriter();
  if (link === 1) return ethernet(packet);
  if (link === 0) out.append(Uint8Array.of(isV4 ? 2 : 10, 0, 0, 0));
  if (link === 108) out.u32(isV4 ? 2 : 24);
  if (link === 9) out.u16(isV4 ? 0x21 : 0x57);
  if (link === 50) out.u16(0xff03).u16(isV4 ? 0x21 : 0x57);
  if (link === 104) out.u16(0x0f00).u16(etherType(packet));
  if (link === 113) out.append(new Uint8Array(14)).u16(etherType(packet));
  if (link === 276) out.u16(etherType(packet)).append(new Uint8Array(18));
  return out.append(packet).finish();
}

export interface PcapOptions {
  readonly link?: number;
  readonly isLittle?: boolean;
  readonly isNano?: boolean;
}

/** A classic capture file. */
export function pcapOf(
  frames: readonly TimedFrame[],
  { link = 1, isLittle = true, isNano = false }: PcapOptions = {},
): Bytes {
  const words = (...values: readonly number[]): Buffer => {
    const buffer = Buffer.alloc(4 * values.length);
    for (const [i, value] of values.entries()) {
      if (isLittle) buffer.writeUInt32LE(value, 4 * i);
      else buffer.writeUInt32BE(value, 4 * i);
    }
    return buffer;
  };
  const version = isLittle ? 0x00040002 : 0x00020004;
  const parts = [words(isNano ? 0xa1b23c4d : 0xa1b2c3d4, version, 0, 0, 262144, link)];
  for (const { timeMicros, frame, originalLength = frame.length } of frames) {
    const fraction = (timeMicros % 1e6) * (isNano ? 1000 : 1) + (isNano ? 789 : 0);
    parts.push(words(Math.floor(timeMicros / 1e6), fraction, frame.length, originalLength), Buffer.from(frame));
  }
  return Uint8Array.from(Buffer.concat(parts));
}

/** The same octets in pieces of `size`. */
export function piecesOf(bytes: Bytes, size: number): Bytes[] {
  const pieces: Bytes[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

/** A copy with the 16-bit field at `at` changed. */
export function withU16(bytes: Bytes, at: number, value: number): Bytes {
  const copy = bytes.slice();
  writeU16(copy, at, value);
  return copy;
}
