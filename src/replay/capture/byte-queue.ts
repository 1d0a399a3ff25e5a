// Octets of a file as they come in chunks, taken out in records. Knows how far into the file it is.

import type { Bytes } from "../../base/bytes.js";

const NO_BYTES: Bytes = new Uint8Array(0);

export class ByteQueue {
  #bytes: Bytes = NO_BYTES;
  #at = 0;
  /** Offset in the file of the next octet. */
  offset = 0;

  /** Octets that wait. */
  get length(): number {
    return this.#bytes.length - this.#at;
  }

  /** Adds a chunk, which must not change any more: what is taken out may point into it. */
  push(chunk: Bytes): void {
    if (this.length === 0) this.#bytes = chunk;
    else {
      const joined = new Uint8Array(this.length + chunk.length);
      joined.set(this.#bytes.subarray(this.#at));
      joined.set(chunk, this.length);
      this.#bytes = joined;
    }
    this.#at = 0;
  }

  /** The next `count` octets, which stay in the queue; undefined while there are fewer. */
  peek(count: number): Bytes | undefined {
    return this.length < count ? undefined : this.#bytes.subarray(this.#at, this.#at + count);
  }

  /** Takes the next `count` octets out; undefined (and nothing taken) while there are fewer. */
  take(count: number): Bytes | undefined {
    const taken = this.peek(count);
    if (taken === undefined) return undefined;
    this.#at += count;
    this.offset += count;
    return taken;
  }

  /** Drops everything. */
  clear(): void {
    this.offset += this.length;
    this.#bytes = NO_BYTES;
    this.#at = 0;
  }
}
