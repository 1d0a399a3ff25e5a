// Where each attribute of a raw section lies, by type, and which types there are, ascending.
//
// Duplicates are told apart here (RFC 7606 §3(g)); what the attributes say is not looked at.

import { type Bytes, readU16 } from "../../base/bytes.js";
import { FLAG_EXTENDED_LENGTH } from "../codes.js";

const ABSENT = -1;

/** Reused: valid until the next scan. */
export class AttributeSection {
  /** Number of distinct types. */
  count = 0;
  /** The types, ascending; the first `count` entries count. */
  readonly types = new Uint8Array(256);
  /** By type: flags octet, offset and length of the value. */
  readonly flags = new Uint8Array(256);
  readonly valueAt = new Int32Array(256);
  readonly lengths = new Int32Array(256).fill(ABSENT);
  /** Types that came more than once. */
  readonly repeated: number[] = [];

  has(type: number): boolean {
    return this.lengths[type] !== ABSENT;
  }

  /** Walks `bytes[at, end)`. False if an attribute runs over `end`; those before it are kept. RFC 7606 §4. */
  scan(bytes: Bytes, at: number, end: number): boolean {
    for (let i = 0; i < this.count; i++) this.lengths[this.types[i]] = ABSENT;
    this.count = 0;
    if (this.repeated.length > 0) this.repeated.length = 0;
    while (at < end) {
      const flags = bytes[at];
      const isExtended = (flags & FLAG_EXTENDED_LENGTH) !== 0;
      const valueAt = at + (isExtended ? 4 : 3);
      if (valueAt > end) return false;
      const type = bytes[at + 1];
      const length = isExtended ? readU16(bytes, at + 2) : bytes[at + 2];
      at = valueAt + length;
      if (at > end) return false;
      if (this.lengths[type] !== ABSENT) {
        this.repeated.push(type);
        continue;
      }
      this.flags[type] = flags;
      this.valueAt[type] = valueAt;
      this.lengths[type] = length;
      this.#insert(type);
    }
    return true;
  }

  // Most speakers send ascending types, so this seldom moves anything.
  #insert(type: number): void {
    const types = this.types;
    let i = this.count++;
    while (i > 0 && types[i - 1] > type) {
      types[i] = types[i - 1];
      i--;
    }
    types[i] = type;
  }
}
