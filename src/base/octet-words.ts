// Octets as the words of this machine: hashed, copied and compared four at a time, whatever their place in a message.

import type { Bytes } from "./bytes.js";

const LITTLE_ENDIAN = new Uint8Array(Int32Array.of(1).buffer)[0] === 1;

/** A reused copy of some octets. */
export class OctetWords {
  /** The octets as they would lie in memory; the last word is filled up with zeros. */
  readonly words: Int32Array;

  /** `capacity` octets at most. */
  constructor(capacity: number) {
    this.words = new Int32Array((capacity + 3) >> 2);
  }

  /** Takes `bytes[at, at + length)` and gives their hash. */
  take(bytes: Bytes, at: number, length: number, seed: number): number {
    const words = this.words;
    const whole = length >> 2;
    let hash = (seed ^ length) | 0;
    for (let i = 0; i < whole; i++, at += 4) {
      const word = LITTLE_ENDIAN
        ? bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
        : (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
      words[i] = word;
      hash = Math.imul(hash ^ word, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    const rest = length & 3;
    if (rest > 0) {
      const word = lastWord(bytes, at, rest);
      words[whole] = word;
      hash = Math.imul(hash ^ word, 0x85ebca6b);
    }
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    return hash ^ (hash >>> 16);
  }
}

/** The word that begins with `count` octets, fewer than four. */
function lastWord(bytes: Bytes, at: number, count: number): number {
  let word = 0;
  for (let i = 0; i < count; i++) word |= bytes[at + i] << (LITTLE_ENDIAN ? 8 * i : 24 - 8 * i);
  return word;
}
