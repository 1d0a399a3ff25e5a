// The straight line through the samples of memory, and what it is allowed to conclude.

import t from "tap";
import { fitTrend, isRising, lastTwoThirds, type Sample } from "./linear-trend.js";

/** A sample a second; `noise` is given the number of the sample. */
function series(count: number, start: number, perHour: number, noise: (i: number) => number = () => 0): Sample[] {
  return Array.from({ length: count }, (_, i) => ({ seconds: i, value: start + (perHour * i) / 3600 + noise(i) }));
}

/** The same at every run, without a pattern, from −1 to 1. */
function scatter(i: number): number {
  let state = Math.imul(i + 1, 0x9e3779b1);
  state = Math.imul(state ^ (state >>> 15), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return ((state >>> 8) / (1 << 24)) * 2 - 1;
}

t.test("an exact line is found exactly", async (t) => {
  const trend = fitTrend(series(100, 50, 36));
  t.ok(Math.abs(trend.slopePerHour - 36) < 1e-6, `${trend.slopePerHour}`);
  t.ok(Math.abs(trend.mean - (50 + (36 * 49.5) / 3600)) < 1e-9);
  t.ok(trend.marginPerHour < 1e-4);
});

t.test(
  "the slope of noisy samples lies within its margin, and the margin covers zero where there is no slope",
  async (t) => {
    for (const perHour of [0, 3, -8]) {
      const { slopePerHour, marginPerHour } = fitTrend(series(1200, 100, perHour, scatter));
      t.ok(Math.abs(slopePerHour - perHour) <= marginPerHour, `${slopePerHour} ± ${marginPerHour} for ${perHour}`);
      t.ok(marginPerHour < 2, `${marginPerHour}`);
    }
  },
);

t.test("a sawtooth makes the margin wider than independent noise of the same size", async (t) => {
  const independent = fitTrend(series(1200, 100, 0, scatter));
  const sawtooth = fitTrend(series(1200, 100, 0, (i) => (i % 100) / 50 - 1));
  t.ok(sawtooth.marginPerHour > 3 * independent.marginPerHour, `${sawtooth.marginPerHour}`);
  t.notOk(isRising(sawtooth, 0.05));
});

t.test("rising means more than the share in half an hour, and surely", async (t) => {
  t.equal(isRising(fitTrend(series(1200, 100, 12, scatter)), 0.05), true, "6 % in half an hour");
  t.equal(isRising(fitTrend(series(1200, 100, 8, scatter)), 0.05), false, "4 %");
  t.equal(isRising(fitTrend(series(1200, 100, -40, scatter)), 0.05), false, "it falls");
  t.equal(isRising({ samples: 20, mean: 100, slopePerHour: 30, marginPerHour: 40 }, 0.05), false, "nobody knows");
});

t.test("what is no series has no trend", async (t) => {
  t.throws(() => fitTrend(series(9, 1, 1)), RangeError);
  t.throws(() => fitTrend(series(20, 1, 1).map(({ value }) => ({ seconds: 5, value }))), RangeError);
});

t.test("the first third of the time does not count", async (t) => {
  t.strictSame(
    lastTwoThirds(series(10, 0, 3600)).map(({ seconds }) => seconds),
    [3, 4, 5, 6, 7, 8, 9],
  );
  t.strictSame(lastTwoThirds([]), []);
});
