// The arithmetic behind the tables.

import t from "tap";
import fc from "fast-check";
import { median, pairedRatios, percentile, spread } from "./statistics.js";

t.test("a median is the middle value, or the mean of the two in the middle", async (t) => {
  t.equal(median([]), undefined);
  t.equal(median([3]), 3);
  t.equal(median([9, 1, 5]), 5);
  t.equal(median([4, 1, 3, 2]), 2.5);
  t.equal(median([10, 9]), 9.5, "numbers are not sorted as text");
});

t.test("a percentile is one of the values", async (t) => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  t.equal(percentile([], 0.5), undefined);
  t.equal(percentile(hundred, 0.99), 99);
  t.equal(percentile(hundred, 1), 100);
  t.equal(percentile(hundred, 0.5), 50);
  t.equal(percentile(hundred, 0), 1);
  t.equal(percentile([7], 0.99), 7);
});

t.test("a percentile is not exceeded by its share of the values", async () => {
  const values = fc.array(fc.double({ noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (samples, fraction) => {
      const limit = percentile(samples, fraction);
      if (limit === undefined) return false;
      const within = samples.filter((sample) => sample <= limit).length;
      const below = samples.filter((sample) => sample < limit).length;
      return within >= samples.length * fraction - 1e-9 && below <= samples.length * fraction + 1e-9;
    }),
  );
});

t.test("a spread tells the median, the ends and the number", async (t) => {
  t.equal(spread([]), undefined);
  t.strictSame(spread([5, 1, 3]), { median: 3, least: 1, most: 5, count: 3 });
});

t.test("ratios are made of runs of the same round only", async (t) => {
  const ours = new Map([
    [0, 1],
    [1, 3],
    [3, 8],
  ]);
  const theirs = new Map([
    [0, 2],
    [2, 5],
    [3, 0],
  ]);
  t.strictSame(pairedRatios(ours, theirs), [0.5]);
  t.strictSame(pairedRatios(ours, new Map()), []);
});
