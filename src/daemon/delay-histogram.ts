// How often how long: counts of durations in buckets that grow with the duration, sixteen to a power of two, so that a
// percentile is at most a sixteenth too large. A fixed 2 KB, nothing allocated per record.

/** Buckets per power of two, as a power of two. */
const PRECISION_BITS = 4;
const PER_POWER = 1 << PRECISION_BITS;
/** Microseconds; 17 minutes. What is longer counts as this. */
const LONGEST = 2 ** 30 - 1;

export class DelayHistogram {
  readonly #counts = new Uint32Array(bucketOf(LONGEST) + 1);
  #count = 0;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  /** The longest recorded, milliseconds, exact; 0 where nothing was. */
  get maxMs(): number {
    return this.#max;
  }

  record(ms: number): void {
    this.#count++;
    if (ms > this.#max) this.#max = ms;
    this.#counts[bucketOf(Math.min(LONGEST, Math.round(ms * 1000)))]++;
  }

  /** Milliseconds that `part` (0 to 1) of the records did not exceed, rounded up to the edge of a bucket; 0 where nothing
   *  was recorded. */
  percentile(part: number): number {
    const rank = Math.ceil(part * this.#count);
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket];
      if (seen > 0 && seen >= rank) return Math.min(this.#max, upperEdge(bucket) / 1000);
    }
    return this.#max;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#max = 0;
  }
}

function bucketOf(value: number): number {
  if (value < PER_POWER) return value;
  const shift = 31 - Math.clz32(value) - PRECISION_BITS;
  return shift * PER_POWER + (value >>> shift);
}

/** The greatest value of a bucket. */
function upperEdge(bucket: number): number {
  if (bucket < 2 * PER_POWER) return bucket;
  const shift = (bucket >> PRECISION_BITS) - 1;
  return (((bucket & (PER_POWER - 1)) + PER_POWER + 1) << shift) - 1;
}
