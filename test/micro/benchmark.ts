// What a micro-benchmark is: a hot function called many times per run, since a clock cannot time a single call.

export interface Measured {
  /** Calls of the function in one run: the time of the run is divided by it. */
  readonly operations: number;
  readonly run: () => void;
  /** Takes back what run did, so that every run finds the same state. Not measured. */
  readonly restore?: () => void;
}

export interface Benchmark {
  readonly name: string;
  /** What a call may cost at most, in steps of the baseline loop (baseline.ts). */
  readonly budget: number;
  /** Makes what the runs work on; called once. */
  readonly prepare: () => Measured;
}

/** Results of what is measured end here, so that the compiler cannot leave the work out. */
export const sink = { value: 0 };

/** 0 to `count` − 1 in an order that no cache and no prefetcher foresees, the same at every run. */
export function shuffled(count: number): readonly number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  let state = 0x2545f491;
  for (let i = count - 1; i > 0; i--) {
    state = Math.imul(state ^ (state >>> 15), 0x9e3779b1);
    const other = (state >>> 0) % (i + 1);
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order;
}
