// Sets of prefixes with length ranges (`10.0.0.0/8 ge 24 le 28`): one hash probe per distinct base length, no allocation.
//
// An entry is kept under its base prefix with a bitmap of the lengths it allows, so entries that share a base prefix are
// one row. For each length of a candidate the set knows which base lengths can allow it at all: a set of a million /24s
// answers with a single probe. Built once, never changed.

import { type Family, IPV4_UNICAST, IPV6_UNICAST } from "../base/family.js";
import { type Bytes, readI32 } from "../base/bytes.js";
import { makePrefix } from "../base/ip.js";
import type { PrefixRange } from "./ast.js";

/** Answers whether a prefix is in a list of prefix ranges. Both families in one set. */
export class PrefixSet {
  readonly #ipv4: FamilySet;
  readonly #ipv6: FamilySet;

  constructor(ranges: readonly PrefixRange[]) {
    const of = (family: Family): PrefixRange[] => ranges.filter((range) => range.prefix.family === family);
    this.#ipv4 = familySet(of(IPV4_UNICAST), 32);
    this.#ipv6 = familySet(of(IPV6_UNICAST), 128);
  }

  /** Words as in PrefixIndex: bits beyond `length` are zero, IPv4 uses `w0` only. */
  has(family: Family, w0: number, w1: number, w2: number, w3: number, length: number): boolean {
    return (family === IPV4_UNICAST ? this.#ipv4 : this.#ipv6).has(w0, w1, w2, w3, length);
  }

  /** True if the set holds the host prefix of an address of 4 or 16 octets. */
  hasAddress(bytes: Bytes): boolean {
    if (bytes.length === 4) return this.#ipv4.has(readI32(bytes, 0), 0, 0, 0, 32);
    if (bytes.length !== 16) return false;
    return this.#ipv6.has(readI32(bytes, 0), readI32(bytes, 4), readI32(bytes, 8), readI32(bytes, 12), 128);
  }
}

const STRIDE = 10; // w0–w3, base length + 1 (0: free slot), bitmap of 129 lengths in 5 words
const BASE = 4;
const ALLOWED = 5;

class FamilySet {
  readonly #rows: Int32Array;
  readonly #mask: number;
  /** Candidate length → base lengths that some entry allows it for. */
  readonly #basesOf: readonly Uint8Array[];

  constructor(ranges: readonly PrefixRange[], bits: number) {
    const entries = ranges.flatMap(splitShorter);
    let slots = 2;
    while (slots < entries.length * 2) slots *= 2;
    this.#rows = new Int32Array(slots * STRIDE);
    this.#mask = slots - 1;
    const isBaseOf = Array.from({ length: bits + 1 }, () => new Uint8Array(bits + 1));
    for (const { prefix, least, greatest } of entries) {
      const row = this.#insert(prefix.bytes, prefix.length);
      for (let length = least; length <= Math.min(greatest, bits); length++) {
        this.#rows[row + ALLOWED + (length >> 5)] |= 1 << (length & 31);
        isBaseOf[length][prefix.length] = 1;
      }
    }
    this.#basesOf = isBaseOf.map((flags) => Uint8Array.from([...flags.keys()].filter((base) => flags[base] === 1)));
  }

  has(w0: number, w1: number, w2: number, w3: number, length: number): boolean {
    const bases = this.#basesOf[length];
    for (let i = 0; i < bases.length; i++) {
      const base = bases[i];
      const m0 = w0 & wordMask(base);
      const m1 = w1 & wordMask(base - 32);
      const m2 = w2 & wordMask(base - 64);
      const m3 = w3 & wordMask(base - 96);
      const row = this.#find(m0, m1, m2, m3, base);
      if (this.#rows[row + BASE] !== 0 && (this.#rows[row + ALLOWED + (length >> 5)] >>> (length & 31)) & 1)
        return true;
    }
    return false;
  }

  /** Offset of the row that holds the prefix, or of the free one where it would go. */
  #find(w0: number, w1: number, w2: number, w3: number, base: number): number {
    const rows = this.#rows;
    for (let slot = hash(w0, w1, w2, w3, base); ; slot++) {
      const row = (slot & this.#mask) * STRIDE;
      if (rows[row + BASE] === 0) return row;
      const same = rows[row + BASE] === base + 1 && rows[row] === w0;
      if (same && rows[row + 1] === w1 && rows[row + 2] === w2 && rows[row + 3] === w3) return row;
    }
  }

  #insert(bytes: Bytes, base: number): number {
    const wide = bytes.length === 16;
    const words = [readI32(bytes, 0), ...[4, 8, 12].map((at) => (wide ? readI32(bytes, at) : 0))];
    const row = this.#find(words[0], words[1], words[2], words[3], base);
    this.#rows.set(words, row);
    this.#rows[row + BASE] = base + 1;
    return row;
  }
}

/** Of one family there is nothing in most sets, of which a filter may have thousands. */
const NOTHING = { 32: new FamilySet([], 32), 128: new FamilySet([], 128) };

function familySet(ranges: readonly PrefixRange[], bits: 32 | 128): FamilySet {
  return ranges.length === 0 ? NOTHING[bits] : new FamilySet(ranges, bits);
}

/** Lengths below the base prefix's own are entries of their own: the shortened prefix, exactly. */
function splitShorter(range: PrefixRange): readonly PrefixRange[] {
  const { prefix, least, greatest } = range;
  if (least >= prefix.length) return [range];
  const entries: PrefixRange[] = [];
  for (let length = least; length < prefix.length && length <= greatest; length++) {
    entries.push({ prefix: makePrefix(prefix.bytes, length), least: length, greatest: length });
  }
  if (greatest >= prefix.length) entries.push({ prefix, least: prefix.length, greatest });
  return entries;
}

/** Mask of the leading `bits` of a word; anything below 0 counts as 0, above 32 as 32. */
function wordMask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

function hash(w0: number, w1: number, w2: number, w3: number, base: number): number {
  let mixed = Math.imul(w0 ^ Math.imul(base + 1, 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul((mixed ^ (mixed >>> 15)) + w1, 0xc2b2ae35);
  mixed = Math.imul((mixed ^ (mixed >>> 13)) + w2, 0x27d4eb2f);
  mixed = Math.imul((mixed ^ (mixed >>> 15)) + w3, 0x165667b1);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
