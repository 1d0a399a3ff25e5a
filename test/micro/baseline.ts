// The measure of all budgets: one step of a fixed loop of Math.imul over a typed array. Each step needs the result of the
// one before and a word of 256 KB that nobody foresees, so that it tells of the processor's clock and of its caches alike.

import { type Measured, sink } from "./benchmark.js";

const WORDS = 1 << 16;
const STEPS = 1 << 14;

/** The loop, for the same clockwork that measures the benchmarks. */
export function baselineLoop(): Measured {
  const words = new Int32Array(WORDS);
  for (let i = 0; i < WORDS; i++) words[i] = Math.imul(i + 1, 0x9e3779b1);
  return {
    operations: STEPS,
    run: () => {
      let hash = 1;
      for (let i = 0; i < STEPS; i++) {
        hash = Math.imul(hash ^ words[hash & (WORDS - 1)] ^ i, 0x85ebca6b);
        hash ^= hash >>> 15;
      }
      sink.value ^= hash;
    },
  };
}
