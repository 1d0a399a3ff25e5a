// What capture files consist of, whatever their format: packets with a time, a link type, and perhaps cut short.

import type { Bytes } from "../../base/bytes.js";

export interface CapturedPacket {
  /** From 1, as other tools count. */
  readonly number: number;
  /** Since 1970; finer digits are dropped. */
  readonly timeMicros: number;
  /** LINKTYPE_… number of the interface. */
  readonly link: number;
  /** May point into the file's octets; never changed. */
  readonly bytes: Bytes;
  /** Octets on the wire: more than `bytes` has where the snapshot length cut the packet. */
  readonly originalLength: number;
}

/** The file is damaged or ends too early: nothing can be read from `offset` on. */
export interface CaptureFault {
  readonly offset: number;
  readonly text: string;
}

/** Octets of a file in, packets out. */
export interface CaptureDecoder {
  /** Takes the next octets of the file; calls `onPacket` for each packet that is complete. */
  push(chunk: Bytes): void;
  /** The file is over. */
  end(): void;
  /** Set once something is wrong; later octets are ignored. */
  readonly fault: CaptureFault | undefined;
}

export type PacketHandler = (packet: CapturedPacket) => void;

/** Integers of a file in the byte order of the machine that wrote it. */
export class FileIntegers {
  readonly #isLittle: boolean;

  constructor(isLittle: boolean) {
    this.#isLittle = isLittle;
  }

  u16(bytes: Bytes, at: number): number {
    return this.#isLittle ? bytes[at] | (bytes[at + 1] << 8) : (bytes[at] << 8) | bytes[at + 1];
  }

  u32(bytes: Bytes, at: number): number {
    const [first, second] = this.#isLittle ? [at + 2, at] : [at, at + 2];
    return this.u16(bytes, first) * 0x10000 + this.u16(bytes, second);
  }
}

/** No record is longer: more means that the file is damaged, and must not be waited for. */
export const MAX_CAPTURED_LENGTH = 1 << 20;
