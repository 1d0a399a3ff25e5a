// Prefix → small dense row number, for tables of up to millions of prefixes: open addressing over typed arrays in 256
// shards, so that growing one shard never stalls the loop. Rows are stable: a rehash moves slots, never rows.
//
// A prefix is its address as Int32 words (IPv4: w0 only, the others 0) and its length. Bits beyond the length must be
// zero. The hash is seeded, so that a peer cannot choose prefixes that collide. Row 0 means "none".

import { type Family, IPV4_UNICAST } from "./family.js";

/** Hash tables of an index. */
export const SHARDS = 256;
const FIRST_SLOTS = 32; // pairs of (row, hash)
const FIRST_ROWS = 1024;
const MOST_GROWN_FAST = 4096;

export class PrefixIndex {
  readonly family: Family;
  /** Number of prefixes held. */
  size = 0;
  /** Rows allocated: every row number is below it. Parallel columns of the owner must be at least this long. */
  capacity: number;
  readonly #seed: number;
  readonly #wide: boolean;
  readonly #shards: Int32Array[] = [];
  readonly #counts = new Int32Array(SHARDS);
  #words: Int32Array; // IPv4: 1 word a row, IPv6: 4
  #lengths: Uint8Array; // prefix length + 1; 0: row is free
  #nextRow = 1;
  #freeRows: Int32Array = new Int32Array(16);
  #freeCount = 0;
  /** Free rows below `end` that are in no list, and a row below which there are none; see trimRows. */
  #holes = 0;
  #firstHole = 1;
  readonly #reserve: number;

  /** `reserve` rows of address space are taken at once; untouched pages cost no memory. */
  constructor(family: Family, seed: number, reserve = FIRST_ROWS) {
    this.family = family;
    this.#seed = seed | 0;
    this.#wide = family !== IPV4_UNICAST;
    for (let i = 0; i < SHARDS; i++) this.#shards.push(new Int32Array(FIRST_SLOTS * 2));
    this.capacity = this.#reserve = reserve;
    this.#words = new Int32Array(this.#wide ? reserve * 4 : reserve);
    this.#lengths = new Uint8Array(reserve);
  }

  /** One more than the highest row ever used: the bound for walks by row number. */
  get end(): number {
    return this.#nextRow;
  }

  /** Row of the prefix, or 0. */
  find(w0: number, w1: number, w2: number, w3: number, length: number): number {
    return this.findHashed(this.hash(w0, w1, w2, w3, length), w0, w1, w2, w3, length);
  }

  /** `find` where the hash is known. */
  findHashed(hash: number, w0: number, w1: number, w2: number, w3: number, length: number): number {
    const slots = this.#shards[hash >>> 24];
    const mask = slots.length - 1;
    let slot = (hash << 1) & mask;
    for (;;) {
      const row = slots[slot];
      if (row === 0) return 0;
      if (slots[slot + 1] === hash && this.#holds(row, w0, w1, w2, w3, length)) return row;
      slot = (slot + 2) & mask;
    }
  }

  /** Row of the prefix, made if it was not there. */
  insert(w0: number, w1: number, w2: number, w3: number, length: number): number {
    return this.insertHashed(this.hash(w0, w1, w2, w3, length), w0, w1, w2, w3, length);
  }

  /** What the slot of a hash holds, which means nothing to the caller: asking brings it near. Slots lie far apart, and the
   *  processor fetches those of several prefixes at a time if they are asked for in a row. */
  touch(hash: number): number {
    const slots = this.#shards[hash >>> 24];
    return slots[(hash << 1) & (slots.length - 1)];
  }

  /** `insert` where the hash is known. */
  insertHashed(hash: number, w0: number, w1: number, w2: number, w3: number, length: number): number {
    const shard = hash >>> 24;
    const slots = this.#shards[shard];
    const mask = slots.length - 1;
    let slot = (hash << 1) & mask;
    for (;;) {
      const row = slots[slot];
      if (row === 0) break;
      if (slots[slot + 1] === hash && this.#holds(row, w0, w1, w2, w3, length)) return row;
      slot = (slot + 2) & mask;
    }
    const row = this.#takeRow();
    this.#lengths[row] = length + 1;
    if (this.#wide) {
      const at = row << 2;
      this.#words[at] = w0;
      this.#words[at + 1] = w1;
      this.#words[at + 2] = w2;
      this.#words[at + 3] = w3;
    } else this.#words[row] = w0;
    slots[slot] = row;
    slots[slot + 1] = hash;
    this.size++;
    if (++this.#counts[shard] * 16 > slots.length * 5) this.#growShard(shard); // load 0.62 of the pairs
    return row;
  }

  /** Frees a row. Its number will be given out again. */
  delete(row: number): void {
    const length = this.length(row);
    const hash = this.hash(this.word(row, 0), this.word(row, 1), this.word(row, 2), this.word(row, 3), length);
    const shard = hash >>> 24;
    const slots = this.#shards[shard];
    const mask = slots.length - 1;
    let hole = (hash << 1) & mask;
    while (slots[hole] !== row) {
      if (slots[hole] === 0) throw new Error(`PrefixIndex.delete: row ${row} is not held`);
      hole = (hole + 2) & mask;
    }
    this.#lengths[row] = 0;
    this.#giveRow(row);
    this.size--;
    this.#counts[shard]--;
    for (let next = hole; ;) {
      // Backward shift: no tombstones, so probe chains stay short for ever.
      next = (next + 2) & mask;
      const moved = slots[next];
      if (moved === 0) break;
      const home = (slots[next + 1] << 1) & mask;
      if (((next - home) & mask) >= ((next - hole) & mask)) {
        slots[hole] = moved;
        slots[hole + 1] = slots[next + 1];
        hole = next;
      }
    }
    slots[hole] = 0;
  }

  /** Rows that memory was used for since the last trimRows. */
  get touched(): number {
    return this.#nextRow - 1 - this.#holes;
  }

  /** Moves the prefixes to new memory, of which they touch no more than they need: for a table of which little is left.
   *  Rows keep their numbers; `end` and `capacity` may become less. */
  trimRows(): void {
    let end = this.#nextRow;
    while (end > 1 && this.#lengths[end - 1] === 0) end--;
    let capacity = this.#reserve;
    while (capacity <= end) capacity *= 2;
    const lengths = new Uint8Array(capacity);
    const words = new Int32Array(this.#wide ? capacity * 4 : capacity);
    for (let row = 1; row < end; row++) {
      if (this.#lengths[row] === 0) continue;
      lengths[row] = this.#lengths[row];
      if (!this.#wide) words[row] = this.#words[row];
      else for (let at = row << 2; at < (row + 1) << 2; at++) words[at] = this.#words[at];
    }
    this.#lengths = lengths;
    this.#words = words;
    this.capacity = capacity;
    this.#nextRow = end;
    this.#freeRows = new Int32Array(16);
    this.#freeCount = 0;
    this.#holes = end - 1 - this.size;
    this.#firstHole = 1;
  }

  /** Makes the hash shards of that number (0 to 255) as small as they can be. */
  trimShard(shard: number): void {
    let length = FIRST_SLOTS * 2;
    while (this.#counts[shard] * 16 > length * 5) length *= 2;
    if (length < this.#shards[shard].length) this.#resizeShard(shard, length);
  }

  /** True if the row holds a prefix. */
  isUsed(row: number): boolean {
    return this.#lengths[row] !== 0;
  }

  /** Prefix length of a used row. */
  length(row: number): number {
    return this.#lengths[row] - 1;
  }

  /** Word `i` (0–3) of the row's address, signed. IPv4 has word 0 only; the others read 0. */
  word(row: number, i: number): number {
    if (this.#wide) return this.#words[(row << 2) + i];
    return i === 0 ? this.#words[row] : 0;
  }

  /** Writes the row's prefix as it stands on the wire (RFC 4271 §4.3: length, then as few octets as needed) at `at`;
   *  gives the offset behind it. The caller keeps 17 octets free. */
  writeNlri(row: number, bytes: Uint8Array, at: number): number {
    const length = this.#lengths[row] - 1;
    bytes[at++] = length;
    if (!this.#wide) {
      const word = this.#words[row];
      if (length > 0) bytes[at++] = word >>> 24;
      if (length > 8) bytes[at++] = word >>> 16;
      if (length > 16) bytes[at++] = word >>> 8;
      if (length > 24) bytes[at++] = word;
      return at;
    }
    const words = this.#words;
    const base = row << 2;
    for (let bit = 0; bit < length; bit += 8) bytes[at++] = words[base + (bit >> 5)] >>> (24 - (bit & 24));
    return at;
  }

  #holds(row: number, w0: number, w1: number, w2: number, w3: number, length: number): boolean {
    if (this.#lengths[row] !== length + 1) return false;
    const words = this.#words;
    if (!this.#wide) return words[row] === w0;
    const at = row << 2;
    return words[at] === w0 && words[at + 1] === w1 && words[at + 2] === w2 && words[at + 3] === w3;
  }

  /** The seeded hash of a prefix. */
  hash(w0: number, w1: number, w2: number, w3: number, length: number): number {
    let hash = Math.imul(w0 ^ (length << 1) ^ this.#seed, 0x9e3779b1);
    hash ^= hash >>> 15;
    if (this.#wide) {
      hash = Math.imul(hash ^ w1, 0x85ebca6b);
      hash ^= hash >>> 13;
      hash = Math.imul(hash ^ w2, 0xc2b2ae35);
      hash ^= hash >>> 15;
      hash = Math.imul(hash ^ w3, 0x9e3779b1);
      hash ^= hash >>> 14;
    }
    hash = Math.imul(hash ^ (this.#seed >>> 7), 0x85ebca6b);
    return hash ^ (hash >>> 13);
  }

  #takeRow(): number {
    if (this.#freeCount > 0) return this.#freeRows[--this.#freeCount];
    if (this.#holes > 0) return this.#takeHole();
    const row = this.#nextRow++;
    if (row >= this.capacity) this.#growRows();
    return row;
  }

  /** Holes are handed out in order when the list is empty: every unused row is one of them then. */
  #takeHole(): number {
    while (this.#lengths[this.#firstHole] !== 0) this.#firstHole++;
    this.#holes--;
    return this.#firstHole++;
  }

  #giveRow(row: number): void {
    if (this.#freeCount === this.#freeRows.length) {
      const larger = new Int32Array(this.#freeRows.length * 2);
      larger.set(this.#freeRows);
      this.#freeRows = larger;
    }
    this.#freeRows[this.#freeCount++] = row;
  }

  #growRows(): void {
    this.capacity *= 2;
    const words = new Int32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
    const lengths = new Uint8Array(this.capacity);
    lengths.set(this.#lengths);
    this.#lengths = lengths;
  }

  #growShard(shard: number): void {
    const { length } = this.#shards[shard];
    // Small ones grow faster: what is moved has to be hashed into its place again.
    this.#resizeShard(shard, length * (length < MOST_GROWN_FAST ? 4 : 2));
  }

  #resizeShard(shard: number, length: number): void {
    const old = this.#shards[shard];
    const slots = new Int32Array(length);
    const mask = slots.length - 1;
    for (let i = 0; i < old.length; i += 2) {
      if (old[i] === 0) continue;
      let slot = (old[i + 1] << 1) & mask;
      while (slots[slot] !== 0) slot = (slot + 2) & mask;
      slots[slot] = old[i];
      slots[slot + 1] = old[i + 1];
    }
    this.#shards[shard] = slots;
  }
}
