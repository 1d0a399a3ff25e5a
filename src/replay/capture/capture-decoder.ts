// Tells the formats of capture files apart by their first four octets and hands the file to the decoder of its format.

import { type Bytes, readU32 } from "../../base/bytes.js";
import { ByteQueue } from "./byte-queue.js";
import type { CaptureDecoder, CaptureFault, PacketHandler } from "./captured-packet.js";
import { isPcapMagic, PcapDecoder } from "./pcap.js";
import { PCAPNG_MAGIC, PcapngDecoder } from "./pcapng.js";

const MAGIC_LENGTH = 4;
const GZIP = 0x1f8b;
const ZSTD = 0x28b52ffd;

/** A decoder for files of any format we know. */
export class AnyCaptureDecoder implements CaptureDecoder {
  readonly #onPacket: PacketHandler;
  readonly #head = new ByteQueue();
  #decoder: CaptureDecoder | undefined;
  #fault: CaptureFault | undefined;

  constructor(onPacket: PacketHandler) {
    this.#onPacket = onPacket;
  }

  get fault(): CaptureFault | undefined {
    return this.#fault ?? this.#decoder?.fault;
  }

  push(chunk: Bytes): void {
    if (this.fault !== undefined) return;
    if (this.#decoder !== undefined) {
      this.#decoder.push(chunk);
      return;
    }
    this.#head.push(chunk);
    const head = this.#head.peek(MAGIC_LENGTH);
    if (head === undefined) return;
    const magic = readU32(head, 0);
    if (isPcapMagic(magic)) this.#decoder = new PcapDecoder(magic, this.#onPacket);
    else if (magic === PCAPNG_MAGIC) this.#decoder = new PcapngDecoder(this.#onPacket);
    else {
      this.#fault = { offset: 0, text: strangeMagic(magic) };
      return;
    }
    this.#decoder.push(this.#head.take(this.#head.length) ?? chunk);
  }

  end(): void {
    if (this.#decoder !== undefined) this.#decoder.end();
    else if (this.#fault === undefined) {
      const text = this.#head.length === 0 ? "the file is empty" : "too short for a capture file";
      this.#fault = { offset: 0, text };
    }
  }
}

function strangeMagic(magic: number): string {
  if (magic >>> 16 === GZIP || magic === ZSTD) return "compressed: unpack it first";
  return "neither a pcap nor a pcapng file";
}
