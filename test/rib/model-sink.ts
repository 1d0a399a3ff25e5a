// A member's socket in the model's world: keeps the octets until the test lets them through and reads them only then, as a
// kernel would, so that a buffer that is used again too early shows.

import { type Bytes, readU16 } from "../../src/base/bytes.js";
import type { MemberSink } from "../../src/rib/group-member.js";

interface Chunk {
  readonly bytes: Bytes;
  readonly onWritten: (() => void) | undefined;
  readonly isWalked: boolean;
}

export class ModelSink implements MemberSink {
  /** Octets stay in the socket until `drain`. */
  isHolding = false;
  /** Most octets that ever waited here. */
  peakBytes = 0;
  /** True while the member is told the table instead of the stream. */
  readonly #isWalking: () => boolean;
  readonly #onRead: (octets: Uint8Array, isWalked: boolean) => void;
  readonly #chunks: Chunk[] = [];
  #waiting = 0;

  /** `onRead` gets whole messages, in order, with what `isWalking` said when they were written. */
  constructor(isWalking: () => boolean, onRead: (octets: Uint8Array, isWalked: boolean) => void) {
    this.#isWalking = isWalking;
    this.#onRead = onRead;
  }

  get writableLength(): number {
    return this.#waiting;
  }

  write(bytes: Bytes, onWritten?: () => void, messages?: number): boolean {
    if (messages !== undefined && messages !== countMessages(bytes)) throw new Error(`${messages} messages announced`);
    this.#chunks.push({ bytes, onWritten, isWalked: this.#isWalking() });
    this.#waiting += bytes.length;
    this.peakBytes = Math.max(this.peakBytes, this.#waiting);
    if (!this.isHolding && this.#chunks.length === 1) this.drain();
    return this.#chunks.length === 0;
  }

  cork(): void {
    // Nothing: when octets leave is up to the test anyway.
  }

  uncork(): void {
    // See cork.
  }

  /** Lets the next `count` chunks through; true if there was any. */
  drain(count = Infinity): boolean {
    let done = 0;
    for (; done < count && this.#chunks.length > 0; done++) {
      const [chunk] = this.#chunks;
      this.#chunks.shift();
      this.#waiting -= chunk.bytes.length;
      this.#onRead(Uint8Array.from(chunk.bytes), chunk.isWalked);
      chunk.onWritten?.();
    }
    return done > 0;
  }
}

function countMessages(bytes: Bytes): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at += readU16(bytes, at + 16)) count++;
  return count;
}
