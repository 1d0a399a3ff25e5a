// One TCP segment (RFC 9293 §3.1): ports, sequence numbers, flags, payload.

import { type Bytes, readU16, readU32 } from "../../base/bytes.js";
import { formatBytes } from "../../base/ip.js";
import { type IpPacket, PROTOCOL_TCP } from "./ip-packet.js";

const FLAG = { FIN: 0x01, SYN: 0x02, RST: 0x04, ACK: 0x10 } as const;
const MIN_HEADER_LENGTH = 20;

/** One end of a connection. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface TcpSegment {
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** Of the first octet of the payload: one more than in the header where SYN is set (RFC 9293 §3.4). */
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly isSyn: boolean;
  readonly isFin: boolean;
  readonly isRst: boolean;
  readonly isAck: boolean;
  /** As much as was captured. */
  readonly payload: Bytes;
  /** Octets of the payload on the wire. */
  readonly payloadLength: number;
}

/** The segment in a whole IP packet; undefined if it is none. */
export function readTcpSegment(packet: IpPacket): TcpSegment | undefined {
  const { payload, payloadLength } = packet;
  if (packet.protocol !== PROTOCOL_TCP || payload.length < MIN_HEADER_LENGTH) return undefined;
  const headerLength = 4 * (payload[12] >>> 4);
  if (headerLength < MIN_HEADER_LENGTH || headerLength > payloadLength) return undefined;
  const flags = payload[13];
  const isSyn = (flags & FLAG.SYN) !== 0;
  return {
    from: { address: formatBytes(packet.source), port: readU16(payload, 0) },
    to: { address: formatBytes(packet.destination), port: readU16(payload, 2) },
    sequence: (readU32(payload, 4) + (isSyn ? 1 : 0)) >>> 0,
    acknowledgement: readU32(payload, 8),
    isSyn,
    isFin: (flags & FLAG.FIN) !== 0,
    isRst: (flags & FLAG.RST) !== 0,
    isAck: (flags & FLAG.ACK) !== 0,
    payload: payload.subarray(Math.min(headerLength, payload.length)),
    payloadLength: payloadLength - headerLength,
  };
}

/** `10.0.0.1:179`, `[fd00::1]:179`. */
export function endpointText({ address, port }: Endpoint): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
