import t from "tap";
import { OwedPaths, OwedPrefixes, type OwedWithdrawals } from "../../src/rib/owed-withdrawals.js";

const idsOf = (owed: OwedWithdrawals, prefix: number): number[] => {
  const ids: number[] = [];
  for (let node = owed.first(prefix); node !== 0; node = owed.next(node)) ids.push(owed.pathId(node));
  return ids;
};

t.test("each path that may be known is owed once, until the prefix is told", async (t) => {
  for (const [owed, expected] of [
    [new OwedPaths(), [3, 8, 9]],
    [new OwedPrefixes(), [0]],
  ] as const) {
    for (const pathId of [8, 3, 9, 8]) owed.add(1, pathId);
    owed.add(2, 5);
    const copy = owed.copy();
    t.same(idsOf(owed, 1), expected);
    owed.clear(1);
    t.same(idsOf(owed, 1), []);
    t.equal(idsOf(owed, 2).length, 1, "the other prefix is still owed");
    t.same(idsOf(copy, 1), expected, "a copy stays as it was");
  }
});
