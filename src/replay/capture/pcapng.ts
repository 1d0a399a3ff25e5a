// pcapng files: blocks of sections, interfaces and packets (draft-ietf-opsawg-pcapng). Several sections with byte orders
// of their own, several interfaces with link types and clock resolutions of their own; unknown blocks are passed over.

import { type Bytes, readU32 } from "../../base/bytes.js";
import { ByteQueue } from "./byte-queue.js";
import { type CaptureDecoder, type CaptureFault, FileIntegers, type PacketHandler } from "./captured-packet.js";

/** Type of the Section Header Block; reads the same in both byte orders. */
export const PCAPNG_MAGIC = 0x0a0d0d0a;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const BYTE_ORDER_MAGIC_LITTLE = 0x4d3c2b1a;
const BLOCK = { INTERFACE: 1, PACKET: 2, SIMPLE_PACKET: 3, ENHANCED_PACKET: 6 } as const;
const OPTION = { END: 0, TS_RESOLUTION: 9, TS_OFFSET: 14 } as const;
const SECTION_HEADER_LENGTH = 12; // as much of it as is needed to know the byte order
const BLOCK_OVERHEAD = 12;
const MAX_BLOCK_LENGTH = 1 << 24;

interface Interface {
  readonly link: number;
  readonly snapLength: number;
  readonly ticksPerSecond: bigint;
  readonly offsetSeconds: bigint;
}

export class PcapngDecoder implements CaptureDecoder {
  fault: CaptureFault | undefined = undefined;
  readonly #onPacket: PacketHandler;
  readonly #queue = new ByteQueue();
  #integers = new FileIntegers(true);
  #interfaces: Interface[] = [];
  #count = 0;
  #lastTimeMicros = 0;

  constructor(onPacket: PacketHandler) {
    this.#onPacket = onPacket;
  }

  push(chunk: Bytes): void {
    if (this.fault !== undefined) return;
    this.#queue.push(chunk);
    while (this.fault === undefined && this.#readBlock());
  }

  end(): void {
    const { offset, length } = this.#queue;
    if (this.fault === undefined && length > 0) {
      this.fault = { offset, text: `the file ends inside a block, after ${this.#count} packets` };
    }
  }

  #readBlock(): boolean {
    const queue = this.#queue;
    const start = queue.peek(SECTION_HEADER_LENGTH);
    if (start === undefined) return false;
    const isSection = readU32(start, 0) === PCAPNG_MAGIC;
    if (isSection && !this.#learnByteOrder(start)) return this.#fail("no byte-order magic in a section header");
    const length = this.#integers.u32(start, 4);
    if (length < BLOCK_OVERHEAD || length % 4 !== 0 || length > MAX_BLOCK_LENGTH) {
      return this.#fail(`a block claims ${length} octets: the file is damaged`);
    }
    const offset = queue.offset;
    const block = queue.take(length);
    if (block === undefined) return false;
    const problem =
      this.#integers.u32(block, length - 4) === length
        ? this.#takeBlock(isSection ? PCAPNG_MAGIC : this.#integers.u32(block, 0), block.subarray(8, length - 4))
        : "the lengths before and behind a block differ: the file is damaged";
    return problem === undefined || this.#fail(problem, offset);
  }

  #fail(text: string, offset = this.#queue.offset): false {
    this.fault = { offset, text };
    return false;
  }

  #learnByteOrder(start: Bytes): boolean {
    const magic = readU32(start, 8);
    this.#integers = new FileIntegers(magic === BYTE_ORDER_MAGIC_LITTLE);
    return magic === BYTE_ORDER_MAGIC || magic === BYTE_ORDER_MAGIC_LITTLE;
  }

  // Gives what is wrong with the block.
  #takeBlock(type: number, body: Bytes): string | undefined {
    switch (type) {
      case PCAPNG_MAGIC:
        if (body.length < 16) return "a section header is too short";
        // Interfaces are numbered anew in each section.
        this.#interfaces = [];
        return this.#integers.u16(body, 4) === 1
          ? undefined
          : `version ${this.#integers.u16(body, 4)} of the format is not known`;
      case BLOCK.INTERFACE:
        return this.#takeInterface(body);
      case BLOCK.ENHANCED_PACKET:
      case BLOCK.PACKET:
        return this.#takePacket(type, body);
      case BLOCK.SIMPLE_PACKET:
        return this.#takeSimplePacket(body);
      default:
        return undefined;
    }
  }

  #takeInterface(body: Bytes): string | undefined {
    if (body.length < 8) return "an interface description is too short";
    const integers = this.#integers;
    let ticksPerSecond = 1_000_000n;
    let offsetSeconds = 0n;
    for (const { code, value } of optionsOf(integers, body, 8)) {
      if (code === OPTION.TS_RESOLUTION && value.length >= 1) ticksPerSecond = resolutionOf(value[0]);
      if (code === OPTION.TS_OFFSET && value.length >= 8) offsetSeconds = this.#i64(value);
    }
    this.#interfaces.push({
      link: integers.u16(body, 0),
      snapLength: integers.u32(body, 4),
      ticksPerSecond,
      offsetSeconds,
    });
    return undefined;
  }

  #i64(value: Bytes): bigint {
    const view = new DataView(value.buffer, value.byteOffset, 8);
    return view.getBigInt64(0, this.#integers.u16(Uint8Array.of(1, 0), 0) === 1);
  }

  #takePacket(type: number, body: Bytes): string | undefined {
    const integers = this.#integers;
    if (body.length < 20) return "a packet block is too short";
    const index = type === BLOCK.PACKET ? integers.u16(body, 0) : integers.u32(body, 0);
    const port = this.#interfaces.at(index);
    if (port === undefined) return `a packet of interface ${index}, which was not described`;
    const captured = integers.u32(body, 12);
    if (20 + captured > body.length) return "a packet runs over its block";
    const ticks = (BigInt(integers.u32(body, 4)) << 32n) | BigInt(integers.u32(body, 8));
    const micros = (ticks * 1_000_000n) / port.ticksPerSecond + port.offsetSeconds * 1_000_000n;
    this.#lastTimeMicros = Number(micros);
    this.#deliver(port, body.subarray(20, 20 + captured), integers.u32(body, 16));
    return undefined;
  }

  #takeSimplePacket(body: Bytes): string | undefined {
    const port = this.#interfaces.at(0);
    if (port === undefined || body.length < 4) return "a simple packet without an interface";
    const original = this.#integers.u32(body, 0);
    const captured = Math.min(original, port.snapLength === 0 ? original : port.snapLength);
    if (4 + captured > body.length) return "a packet runs over its block";
    // Simple packets have no time: that of the packet before is the nearest there is.
    this.#deliver(port, body.subarray(4, 4 + captured), original);
    return undefined;
  }

  #deliver(port: Interface, bytes: Bytes, original: number): void {
    this.#onPacket({
      number: ++this.#count,
      timeMicros: this.#lastTimeMicros,
      link: port.link,
      bytes,
      originalLength: Math.max(original, bytes.length),
    });
  }
}

interface BlockOption {
  readonly code: number;
  readonly value: Bytes;
}

// Options are told apart by code, padded to 32 bits, and over at the end of the block or at code 0.
function optionsOf(integers: FileIntegers, body: Bytes, start: number): BlockOption[] {
  const options: BlockOption[] = [];
  let at = start;
  while (at + 4 <= body.length) {
    const code = integers.u16(body, at);
    const length = integers.u16(body, at + 2);
    if (code === OPTION.END || at + 4 + length > body.length) break;
    options.push({ code, value: body.subarray(at + 4, at + 4 + length) });
    at += 4 + ((length + 3) & ~3);
  }
  return options;
}

// The upper bit says whether the rest is a negative power of two or of ten.
function resolutionOf(octet: number): bigint {
  const exponent = BigInt(octet & 0x7f);
  return (octet & 0x80) !== 0 ? 2n ** exponent : 10n ** exponent;
}
