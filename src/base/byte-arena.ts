// Byte store behind interning: many small blobs in 1 MB chunks, freed and reused by size class, never moved.
//
// A location is one Int32 (chunk number and offset in units of 16 octets), so tables can hold it in a column.

import type { Bytes } from "./bytes.js";
import { invariant } from "./invariant.js";

const CHUNK_LENGTH = 1 << 20;
const UNIT_BITS = 4;
/** Octets of the longest blob. */
export const LONGEST_BLOB = 1 << 16;

export class ByteArena {
  readonly #chunks: Bytes[] = [];
  /** The same memory as #chunks, by words: copying and comparing four octets at a time is what makes a new blob cheap. */
  readonly #words: Int32Array[] = [];
  #top = CHUNK_LENGTH;
  /** First free location + 1 per size class; the next one is kept inside the free blob. */
  readonly #free = new Int32Array((LONGEST_BLOB >> UNIT_BITS) + 1);
  /** Octets in use, rounded up to size classes. */
  usedBytes = 0;

  /** Copies `bytes[at, at + length)`, at most LONGEST_BLOB octets, and gives its location. */
  store(bytes: Bytes, at: number, length: number): number {
    const location = this.#allocate(length);
    const chunk = this.#chunks[location >>> 16];
    const offset = (location & 0xffff) << UNIT_BITS;
    for (let i = 0; i < length; i++) chunk[offset + i] = bytes[at + i];
    return location;
  }

  /** `store` where the octets stand in words (OctetWords): their number is `length`. */
  storeWords(words: Int32Array, length: number): number {
    const location = this.#allocate(length);
    const target = this.#words[location >>> 16];
    const offset = (location & 0xffff) << (UNIT_BITS - 2);
    const count = (length + 3) >> 2;
    for (let i = 0; i < count; i++) target[offset + i] = words[i];
    return location;
  }

  /** True if the blob, stored by words, holds the octets that stand in `words`. */
  equalsWords(location: number, words: Int32Array, length: number): boolean {
    const stored = this.#words[location >>> 16];
    const offset = (location & 0xffff) << (UNIT_BITS - 2);
    const count = (length + 3) >> 2;
    for (let i = 0; i < count; i++) if (stored[offset + i] !== words[i]) return false;
    return true;
  }

  /** The chunk that holds a location; the blob starts at `offset(location)` in it. */
  chunk(location: number): Bytes {
    return this.#chunks[location >>> 16];
  }

  offset(location: number): number {
    return (location & 0xffff) << UNIT_BITS;
  }

  /** Copies a blob of this arena into another one, as it was stored; gives its location there. */
  copyTo(other: ByteArena, location: number, length: number): number {
    const words = this.#words[location >>> 16];
    const at = (location & 0xffff) << (UNIT_BITS - 2);
    const copy = other.#allocate(length);
    const target = (copy & 0xffff) << (UNIT_BITS - 2);
    const copied = words.subarray(at, at + (unitsOf(length) << (UNIT_BITS - 2)));
    other.#words[copy >>> 16].set(copied, target);
    return copy;
  }

  /** Gives a blob back. `length` must be the one it was stored with. */
  release(location: number, length: number): void {
    const units = unitsOf(length);
    const chunk = this.#chunks[location >>> 16];
    const offset = (location & 0xffff) << UNIT_BITS;
    const next = this.#free[units];
    chunk[offset] = next;
    chunk[offset + 1] = next >>> 8;
    chunk[offset + 2] = next >>> 16;
    chunk[offset + 3] = next >>> 24;
    this.#free[units] = location + 1;
    this.usedBytes -= units << UNIT_BITS;
  }

  #allocate(length: number): number {
    invariant(length <= LONGEST_BLOB, `a blob of ${length} octets`);
    const units = unitsOf(length);
    this.usedBytes += units << UNIT_BITS;
    const head = this.#free[units];
    if (head !== 0) {
      const location = head - 1;
      const chunk = this.#chunks[location >>> 16];
      const at = (location & 0xffff) << UNIT_BITS;
      this.#free[units] = chunk[at] | (chunk[at + 1] << 8) | (chunk[at + 2] << 16) | (chunk[at + 3] << 24);
      return location;
    }
    if (this.#top + (units << UNIT_BITS) > CHUNK_LENGTH) {
      const chunk = new Uint8Array(CHUNK_LENGTH);
      this.#chunks.push(chunk);
      this.#words.push(new Int32Array(chunk.buffer));
      this.#top = 0;
    }
    const location = ((this.#chunks.length - 1) << 16) | (this.#top >> UNIT_BITS);
    this.#top += units << UNIT_BITS;
    return location;
  }
}

function unitsOf(length: number): number {
  return Math.max(1, (length + 15) >> UNIT_BITS);
}
