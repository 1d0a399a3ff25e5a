// Interfaces and their addresses as rtnetlink carries them (struct ifinfomsg, struct ifaddrmsg). Pure decoding.

import type { Bytes } from "../base/bytes.js";
import {
  AF_INET,
  AF_INET6,
  eachAttribute,
  HEADER_LENGTH,
  LITTLE_ENDIAN,
  type MessageHeader,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  type Received,
  type RequestBuffer,
  RTM_GETADDR,
  RTM_GETLINK,
} from "./netlink.js";

const IFLA_IFNAME = 3;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_FLAGS = 8;

const IFF_UP = 1;
const IFF_LOWER_UP = 0x10000;
const IFA_F_NOPREFIXROUTE = 0x200;

const IFINFOMSG_LENGTH = 16;
const IFADDRMSG_LENGTH = 8;

export interface LinkMessage {
  readonly index: number;
  readonly name: string;
  /** Set up by the administrator: the kernel keeps routes through it. */
  readonly adminUp: boolean;
  /** There is a carrier. IPv4 routes stay without one, but nothing passes. */
  readonly carrier: boolean;
}

export interface AddressMessage {
  readonly interfaceIndex: number;
  /** 4 or 16 octets: the node's own address. */
  readonly address: Bytes;
  /** The prefix on the link; of a point-to-point link it holds the other end. */
  readonly prefix: Bytes;
  readonly prefixLength: number;
  /** The kernel made no connected route for it. */
  readonly noPrefixRoute: boolean;
}

/** Appends the request for all interfaces. */
export function encodeLinkDump(out: RequestBuffer, sequence: number): void {
  out.begin(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, sequence);
  for (let i = 0; i < IFINFOMSG_LENGTH; i++) out.u8(0);
  out.end();
}

/** Appends the request for all addresses of both families. */
export function encodeAddressDump(out: RequestBuffer, sequence: number): void {
  out.begin(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, sequence);
  for (let i = 0; i < IFADDRMSG_LENGTH; i++) out.u8(0);
  out.end();
}

/** Decodes RTM_NEWLINK and RTM_DELLINK; undefined if there is no name in it or it speaks of a bridge's ports. */
export function decodeLink(input: Received, message: MessageHeader): LinkMessage | undefined {
  const at = message.start + HEADER_LENGTH;
  if (at + IFINFOMSG_LENGTH > message.end) return undefined;
  // AF_BRIDGE (7) messages tell that a port joined or left: its DELLINK does not mean that the interface went away.
  if (input.bytes[at] !== 0) return undefined;
  const index = input.view.getInt32(at + 4, LITTLE_ENDIAN);
  const flags = input.view.getUint32(at + 8, LITTLE_ENDIAN);
  let name: string | undefined;
  eachAttribute(input, at + IFINFOMSG_LENGTH, message.end, (type, valueAt, valueLength) => {
    if (type === IFLA_IFNAME) name = text(input, valueAt, valueLength);
  });
  if (name === undefined) return undefined;
  return { index, name, adminUp: (flags & IFF_UP) !== 0, carrier: (flags & IFF_LOWER_UP) !== 0 };
}

/** Decodes RTM_NEWADDR and RTM_DELADDR; undefined for other families. The octets are copies. */
export function decodeAddress(input: Received, message: MessageHeader): AddressMessage | undefined {
  const at = message.start + HEADER_LENGTH;
  const { bytes, view } = input;
  if (at + IFADDRMSG_LENGTH > message.end) return undefined;
  const family = bytes[at];
  const addressLength = family === AF_INET ? 4 : 16;
  if ((family !== AF_INET && family !== AF_INET6) || bytes[at + 1] > addressLength * 8) return undefined;
  let flags = bytes[at + 2];
  let remote: Bytes | undefined;
  let local: Bytes | undefined;
  eachAttribute(input, at + IFADDRMSG_LENGTH, message.end, (type, valueAt, valueLength) => {
    if (type === IFA_FLAGS && valueLength === 4) flags = view.getUint32(valueAt, LITTLE_ENDIAN);
    if (valueLength !== addressLength) return;
    if (type === IFA_ADDRESS) remote = bytes.slice(valueAt, valueAt + valueLength);
    if (type === IFA_LOCAL) local = bytes.slice(valueAt, valueAt + valueLength);
  });
  const address = local ?? remote;
  if (address === undefined) return undefined;
  return {
    interfaceIndex: view.getUint32(at + 4, LITTLE_ENDIAN),
    address,
    prefix: remote ?? address,
    prefixLength: bytes[at + 1],
    noPrefixRoute: (flags & IFA_F_NOPREFIXROUTE) !== 0,
  };
}

function text(input: Received, at: number, length: number): string {
  const end = length > 0 && input.bytes[at + length - 1] === 0 ? at + length - 1 : at + length;
  return Buffer.from(input.bytes.buffer, input.bytes.byteOffset + at, end - at).toString("utf8");
}
