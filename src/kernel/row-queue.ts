// A first-in first-out queue of numbers in a ring of typed memory: 100,000 rows wait in 512 KB and make no garbage.

export class RowQueue {
  #ring = new Int32Array(1024);
  #head = 0;
  #size = 0;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  get size(): number {
    return this.#size;
  }

  push(value: number): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#size++) & (this.#ring.length - 1)] = value;
  }

  /** The oldest number. The queue must not be empty. */
  shift(): number {
    const value = this.#ring[this.#head];
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size--;
    return value;
  }

  #grow(): void {
    const larger = new Int32Array(this.#ring.length * 2);
    const untilEnd = this.#ring.subarray(this.#head);
    larger.set(untilEnd);
    larger.set(this.#ring.subarray(0, this.#head), untilEnd.length);
    this.#ring = larger;
    this.#head = 0;
  }
}
