// The arithmetic of budgets, and that the benchmarks can be run at all.

import t from "tap";
import { baselineLoop } from "./baseline.js";
import { shuffled } from "./benchmark.js";
import { BENCHMARKS } from "./benchmarks.js";
import { best, formatVerdicts, judge, least, unsteadiness } from "./verdict.js";

t.test("a call is judged by how many steps of the baseline loop it takes", async (t) => {
  const within = judge({ name: "a", nanosecondsPerCall: 30, budget: 10 }, 3);
  t.strictSame([within.ratio, within.isOver], [10, false], "the budget itself is allowed");
  const over = judge({ name: "a", nanosecondsPerCall: 30.3, budget: 10 }, 3);
  t.equal(over.isOver, true);
  t.equal(judge({ name: "a", nanosecondsPerCall: 30.3, budget: 10 }, 4).isOver, false, "a slower machine");
});

t.test("times that cannot be are no good news", async (t) => {
  for (const [time, baseline] of [
    [0, 1],
    [1, 0],
    [NaN, 1],
    [1, NaN],
  ]) {
    t.throws(() => judge({ name: "a", nanosecondsPerCall: time, budget: 10 }, baseline), RangeError);
  }
  t.throws(() => least([]), RangeError);
});

t.test("the least measurement counts, and the spread of the baseline is told", async (t) => {
  t.equal(least([3, 2, 5]), 2);
  t.equal(unsteadiness([2, 3, 2.5]), 0.5);
  t.equal(unsteadiness([2]), 0);
});

t.test("of several processes the best one counts, function by function", async (t) => {
  const result = (first: number, second: number): Parameters<typeof best>[0][number] => ({
    baselines: [2],
    verdicts: [
      judge({ name: "a", nanosecondsPerCall: first, budget: 10 }, 2),
      judge({ name: "b", nanosecondsPerCall: second, budget: 10 }, 2),
    ],
  });
  const found = best([result(30, 18), result(10, 40), result(12, 20)]);
  t.strictSame(
    found.map(({ name, ratio, isOver }) => [name, ratio, isOver]),
    [
      ["a", 5, false],
      ["b", 9, false],
    ],
  );
  t.strictSame(
    best([result(30, 18)]).map(({ isOver }) => isOver),
    [true, false],
  );
});

t.test("the table has a line per function and marks what is over", async (t) => {
  const verdicts = [
    judge({ name: "fast", nanosecondsPerCall: 4, budget: 10 }, 2),
    judge({ name: "slow one", nanosecondsPerCall: 400.04, budget: 10 }, 2),
  ];
  t.equal(
    formatVerdicts(verdicts),
    [
      "function  ns/op  ratio  budget",
      "fast        4.0    2.0    10.0  ok",
      "slow one  400.0  200.0    10.0  OVER",
      "",
    ].join("\n"),
  );
});

t.test("the order of access is a permutation, and not the sorted one", async (t) => {
  const order = shuffled(1000);
  t.strictSame(
    [...order].sort((a, b) => a - b),
    Array.from({ length: 1000 }, (_, i) => i),
  );
  t.notSame(order.slice(0, 10), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.strictSame(shuffled(1000), order);
});

t.test("every benchmark can be run again and again", async (t) => {
  const names = BENCHMARKS.map(({ name }) => name);
  t.equal(new Set(names).size, names.length, "names are distinct");
  for (const measured of [baselineLoop(), ...BENCHMARKS.map(({ prepare }) => prepare())]) {
    t.ok(measured.operations > 0);
    for (let round = 0; round < 3; round++) {
      measured.run();
      measured.restore?.();
    }
  }
  for (const { name, budget } of BENCHMARKS) t.ok(budget > 0 && Number.isFinite(budget), name);
});
