// Netlink framing, apart from any family (RFC 3549 §2.3): the message header, attributes, requests in a transferable
// buffer, iteration over what was received, and errors with the kernel's own words (extended acknowledgement).
//
// Numbers are in host byte order, as the kernel wants them; addresses stay in network order.

import { endianness } from "node:os";

import type { Bytes } from "../base/bytes.js";

export const LITTLE_ENDIAN = endianness() === "LE";

export const AF_NETLINK = 16;
export const AF_INET = 2;
export const AF_INET6 = 10;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLMSG_OVERRUN = 4;

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

export const NLM_F_REQUEST = 1;
export const NLM_F_ACK = 4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_DUMP = 0x300;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;

const NLMSGERR_ATTR_MSG = 1;

export const HEADER_LENGTH = 16;
export const ATTRIBUTE_HEADER = 4;
/** Upper bits of an attribute's type are flags (nested, network byte order). */
export const ATTRIBUTE_TYPE_MASK = 0x3fff;

export function align4(length: number): number {
  return (length + 3) & ~3;
}

/** Requests one behind another in `memory[at, at + size)`, which another thread may read.
 *  The caller checks `remaining` before it begins a message; writing beyond the end is lost. */
export class RequestBuffer {
  readonly bytes: Uint8Array;
  readonly #u16: Uint16Array;
  readonly #u32: Uint32Array;
  /** Octets written. */
  length = 0;
  #start = 0;

  /** `at` and `size` are multiples of four. */
  constructor(memory: ArrayBufferLike, at = 0, size = memory.byteLength) {
    this.bytes = new Uint8Array(memory, at, size);
    this.#u16 = new Uint16Array(memory, at, size >> 1);
    this.#u32 = new Uint32Array(memory, at, size >> 2);
  }

  get remaining(): number {
    return this.bytes.length - this.length;
  }

  /** Opens a message; `end` closes it. */
  begin(type: number, flags: number, sequence: number): void {
    const at = (this.#start = this.length);
    this.#u16[(at + 4) >> 1] = type;
    this.#u16[(at + 6) >> 1] = flags;
    this.#u32[(at + 8) >> 2] = sequence;
    this.#u32[(at + 12) >> 2] = 0;
    this.length = at + HEADER_LENGTH;
  }

  end(): void {
    this.#u32[this.#start >> 2] = this.length - this.#start;
  }

  /** Adds NLM_F_ACK to the message that was written last. */
  askForAck(): void {
    this.#u16[(this.#start + 6) >> 1] |= NLM_F_ACK;
  }

  u8(value: number): void {
    this.bytes[this.length++] = value;
  }

  /** At an even offset. */
  u16(value: number): void {
    this.#u16[this.length >> 1] = value;
    this.length += 2;
  }

  /** At a multiple of four. */
  u32(value: number): void {
    this.#u32[this.length >> 2] = value;
    this.length += 4;
  }

  append(source: Bytes): void {
    this.bytes.set(source, this.length);
    this.length += source.length;
  }

  attributeU32(type: number, value: number): void {
    this.u16(ATTRIBUTE_HEADER + 4);
    this.u16(type);
    this.u32(value);
  }

  attributeBytes(type: number, value: Bytes): void {
    const at = this.openAttribute(type);
    this.append(value);
    this.closeAttribute(at);
  }

  /** Opens an attribute of unknown length; gives what closeAttribute wants. */
  openAttribute(type: number): number {
    const at = this.length;
    this.#u16[(at + 2) >> 1] = type;
    this.length = at + ATTRIBUTE_HEADER;
    return at;
  }

  /** Sets the length and pads to a multiple of four. */
  closeAttribute(at: number): void {
    this.#u16[at >> 1] = this.length - at;
    while ((this.length & 3) !== 0) this.bytes[this.length++] = 0;
  }

  /** Overwrites a 16-bit length written earlier, as the next hops of a multipath route need it. */
  patchU16(at: number, value: number): void {
    this.#u16[at >> 1] = value;
  }
}

/** Received octets with their view, so that decoders need not make one each time. */
export interface Received {
  readonly bytes: Bytes;
  readonly view: DataView;
}

export function receiveBuffer(size: number): Received {
  return received(new Uint8Array(size));
}

export function received(bytes: Bytes): Received {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** A message header; reused by eachMessage, valid during the call. */
export interface MessageHeader {
  type: number;
  flags: number;
  sequence: number;
  /** Port id of the one whose request this answers or reports; 0: the kernel itself. */
  portId: number;
  /** Offsets of the whole message: payload starts at start + 16. */
  start: number;
  end: number;
}

/** Calls `handle` for each message in [0, end). Returns false if the octets are not whole messages. */
export function eachMessage(input: Received, end: number, handle: (message: MessageHeader) => void): boolean {
  const { view } = input;
  const message: MessageHeader = { type: 0, flags: 0, sequence: 0, portId: 0, start: 0, end: 0 };
  let at = 0;
  while (at + HEADER_LENGTH <= end) {
    const length = view.getUint32(at, LITTLE_ENDIAN);
    if (length < HEADER_LENGTH || at + length > end) return false;
    message.type = view.getUint16(at + 4, LITTLE_ENDIAN);
    message.flags = view.getUint16(at + 6, LITTLE_ENDIAN);
    message.sequence = view.getUint32(at + 8, LITTLE_ENDIAN);
    message.portId = view.getUint32(at + 12, LITTLE_ENDIAN);
    message.start = at;
    message.end = at + length;
    handle(message);
    at += align4(length);
  }
  return at >= end;
}

/** Calls `handle` with type and value range of each attribute in [at, end). Stops at the first that does not fit. */
export function eachAttribute(
  input: Received,
  at: number,
  end: number,
  handle: (type: number, valueAt: number, valueLength: number) => void,
): void {
  const { view } = input;
  while (at + ATTRIBUTE_HEADER <= end) {
    const length = view.getUint16(at, LITTLE_ENDIAN);
    if (length < ATTRIBUTE_HEADER || at + length > end) return;
    const type = view.getUint16(at + 2, LITTLE_ENDIAN) & ATTRIBUTE_TYPE_MASK;
    handle(type, at + ATTRIBUTE_HEADER, length - ATTRIBUTE_HEADER);
    at += align4(length);
  }
}

/** What the kernel said about a request. */
export interface NetlinkAnswer {
  /** 0: done. Otherwise a positive error number. */
  readonly errno: number;
  /** The kernel's words, if it gave any. */
  readonly text: string | undefined;
}

/** Reads NLMSG_ERROR (also the acknowledgement with error 0) and the error that ends a dump in NLMSG_DONE.
 *  An answer too short to hold an error counts as EBADMSG. */
export function readAnswer(input: Received, message: MessageHeader): NetlinkAnswer {
  const at = message.start + HEADER_LENGTH;
  if (at + 4 > message.end) return { errno: message.type === NLMSG_DONE ? 0 : EBADMSG, text: undefined };
  const errno = -input.view.getInt32(at, LITTLE_ENDIAN);
  if ((message.flags & NLM_F_ACK_TLVS) === 0) return { errno, text: undefined };
  return { errno, text: textOf(input, attributesAt(input, message, at + 4), message.end) };
}

const EBADMSG = 74;

/** NLMSG_DONE has its attributes behind the number; NLMSG_ERROR behind the request it echoes, whole or its header. */
function attributesAt(input: Received, message: MessageHeader, at: number): number {
  if (message.type === NLMSG_DONE) return at;
  if ((message.flags & NLM_F_CAPPED) !== 0 || at + 4 > message.end) return at + HEADER_LENGTH;
  const echoed = input.view.getUint32(at, LITTLE_ENDIAN);
  // Beyond 31 bits align4 would give a place in front of the message.
  return echoed > message.end - at ? message.end : at + align4(echoed);
}

function textOf(input: Received, at: number, end: number): string | undefined {
  let text: string | undefined;
  eachAttribute(input, at, end, (type, valueAt, valueLength) => {
    if (type !== NLMSGERR_ATTR_MSG || valueLength === 0) return;
    const last = valueAt + valueLength;
    const stop = input.bytes[last - 1] === 0 ? last - 1 : last;
    text = Buffer.from(input.bytes.buffer, input.bytes.byteOffset + valueAt, stop - valueAt).toString("latin1");
  });
  return text;
}
