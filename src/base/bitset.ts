// A growing set of small row numbers.

const FIRST_WORDS = 32;

export class Bitset {
  #words = new Int32Array(FIRST_WORDS);
  /** Members. */
  size = 0;

  has(row: number): boolean {
    const word = row >>> 5;
    return word < this.#words.length && (this.#words[word] & (1 << (row & 31))) !== 0;
  }

  /** True if `row` was not there before. */
  add(row: number): boolean {
    const word = row >>> 5;
    if (word >= this.#words.length) this.#grow(word);
    const bit = 1 << (row & 31);
    if ((this.#words[word] & bit) !== 0) return false;
    this.#words[word] |= bit;
    this.size++;
    return true;
  }

  /** True if `row` was there. */
  delete(row: number): boolean {
    if (!this.has(row)) return false;
    this.#words[row >>> 5] &= ~(1 << (row & 31));
    this.size--;
    return true;
  }

  /** The first member that is ≥ `row`, or −1. */
  next(row: number): number {
    const words = this.#words;
    let word = row >>> 5;
    if (word >= words.length) return -1;
    let bits = words[word] & (-1 << (row & 31));
    while (bits === 0) {
      if (++word === words.length) return -1;
      bits = words[word];
    }
    return (word << 5) + (31 - Math.clz32(bits & -bits));
  }

  clear(): void {
    this.#words.fill(0);
    this.size = 0;
  }

  /** Gives memory back if the set is empty. */
  trim(): void {
    if (this.size === 0 && this.#words.length > FIRST_WORDS) this.#words = new Int32Array(FIRST_WORDS);
  }

  copy(): Bitset {
    const other = new Bitset();
    other.#words = this.#words.slice();
    other.size = this.size;
    return other;
  }

  #grow(word: number): void {
    const larger = new Int32Array(Math.max(word + 1, this.#words.length * 2));
    larger.set(this.#words);
    this.#words = larger;
  }
}
