// Percentiles out of buckets, against a sorted list.

import * as fc from "fast-check";
import t from "tap";
import { DelayHistogram } from "../../src/daemon/delay-histogram.js";

t.test("an empty one tells nothing", async (t) => {
  const histogram = new DelayHistogram();
  t.same([histogram.count, histogram.maxMs, histogram.percentile(0.5), histogram.percentile(1)], [0, 0, 0, 0]);
});

t.test("percentiles are exact up to a sixteenth, the longest is exact", async (t) => {
  const delay = fc.oneof(fc.double({ min: 0, max: 2, noNaN: true }), fc.double({ min: 0, max: 600_000, noNaN: true }));
  fc.assert(
    fc.property(
      fc.array(delay, { minLength: 1, maxLength: 300 }),
      fc.constantFrom(0.01, 0.5, 0.99, 1),
      (list, part) => {
        const histogram = new DelayHistogram();
        for (const ms of list) histogram.record(ms);
        const sorted = list.toSorted((a, b) => a - b);
        const exact = sorted[Math.ceil(part * list.length) - 1];
        const told = histogram.percentile(part);
        t.ok(told >= exact - 0.001 && told <= exact * (17 / 16) + 0.001, `${told} for ${exact}`);
        t.equal(histogram.maxMs, sorted.at(-1));
        t.equal(histogram.count, list.length);
      },
    ),
    { numRuns: 300 },
  );
});

t.test("what is too long for the buckets is still the longest", async (t) => {
  const histogram = new DelayHistogram();
  for (const ms of [1, 1e9]) histogram.record(ms);
  t.equal(histogram.maxMs, 1e9);
  t.ok(histogram.percentile(1) > 1e6);
  histogram.clear();
  t.same([histogram.count, histogram.maxMs, histogram.percentile(0.99)], [0, 0, 0]);
});
