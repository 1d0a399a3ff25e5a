// Classic capture files: one header of 24 octets, then a header of 16 octets before each packet.
// Four kinds: both byte orders, microseconds or nanoseconds (draft-ietf-opsawg-pcap).

import type { Bytes } from "../../base/bytes.js";
import { ByteQueue } from "./byte-queue.js";
import {
  type CaptureDecoder,
  type CaptureFault,
  FileIntegers,
  MAX_CAPTURED_LENGTH,
  type PacketHandler,
} from "./captured-packet.js";

/** First four octets, read most significant first. */
const KINDS: ReadonlyMap<number, { readonly isLittle: boolean; readonly isNano: boolean }> = new Map([
  [0xa1b2c3d4, { isLittle: false, isNano: false }],
  [0xd4c3b2a1, { isLittle: true, isNano: false }],
  [0xa1b23c4d, { isLittle: false, isNano: true }],
  [0x4d3cb2a1, { isLittle: true, isNano: true }],
]);
const FILE_HEADER_LENGTH = 24;
const RECORD_HEADER_LENGTH = 16;

/** True if a file that begins with `magic` is of this format. */
export function isPcapMagic(magic: number): boolean {
  return KINDS.has(magic);
}

export class PcapDecoder implements CaptureDecoder {
  fault: CaptureFault | undefined = undefined;
  readonly #onPacket: PacketHandler;
  readonly #queue = new ByteQueue();
  readonly #integers: FileIntegers;
  readonly #isNano: boolean;
  #link: number | undefined;
  #count = 0;

  /** `magic`: the first four octets, which are pushed nevertheless. */
  constructor(magic: number, onPacket: PacketHandler) {
    const kind = KINDS.get(magic);
    if (kind === undefined) throw new RangeError("not the magic number of a classic capture file");
    this.#onPacket = onPacket;
    this.#integers = new FileIntegers(kind.isLittle);
    this.#isNano = kind.isNano;
  }

  push(chunk: Bytes): void {
    if (this.fault !== undefined) return;
    this.#queue.push(chunk);
    if (this.#link === undefined && !this.#readFileHeader()) return;
    while (this.#readRecord());
  }

  end(): void {
    const { offset, length } = this.#queue;
    if (this.fault !== undefined) return;
    if (this.#link === undefined) this.fault = { offset, text: "the file ends inside its header" };
    else if (length > 0) this.fault = { offset, text: `the file ends inside packet ${this.#count + 1}` };
  }

  #readFileHeader(): boolean {
    const header = this.#queue.take(FILE_HEADER_LENGTH);
    if (header === undefined) return false;
    // The upper half holds the length of the frame check sequence, where it is given.
    this.#link = this.#integers.u32(header, 20) & 0xffff;
    return true;
  }

  #readRecord(): boolean {
    const header = this.#queue.peek(RECORD_HEADER_LENGTH);
    if (header === undefined || this.#link === undefined) return false;
    const captured = this.#integers.u32(header, 8);
    if (captured > MAX_CAPTURED_LENGTH) {
      const text = `packet ${this.#count + 1} claims ${captured} octets: the file is damaged`;
      this.fault = { offset: this.#queue.offset, text };
      return false;
    }
    const record = this.#queue.take(RECORD_HEADER_LENGTH + captured);
    if (record === undefined) return false;
    const fraction = this.#integers.u32(record, 4);
    this.#onPacket({
      number: ++this.#count,
      timeMicros: this.#integers.u32(record, 0) * 1e6 + (this.#isNano ? Math.floor(fraction / 1000) : fraction),
      link: this.#link,
      bytes: record.subarray(RECORD_HEADER_LENGTH),
      originalLength: Math.max(captured, this.#integers.u32(record, 12)),
    });
    return true;
  }
}
