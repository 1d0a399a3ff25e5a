import fc from "fast-check";
import t from "tap";
import { Bitset } from "../../src/base/bitset.js";

t.test("a new set is empty, also far out", async (t) => {
  const set = new Bitset();
  t.equal(set.size, 0);
  t.equal(set.has(0), false);
  t.equal(set.has(1_000_000), false);
  t.equal(set.next(0), -1);
  t.equal(set.next(1_000_000), -1);
});

t.test("add and delete say whether they changed anything", async (t) => {
  const set = new Bitset();
  t.equal(set.add(31), true);
  t.equal(set.add(31), false);
  t.equal(set.delete(32), false);
  t.equal(set.delete(31), true);
  t.equal(set.delete(31), false);
  t.equal(set.size, 0);
});

t.test("the sign bit of a word is a member like any other", async (t) => {
  const set = new Bitset();
  set.add(31);
  set.add(63);
  t.equal(set.next(0), 31);
  t.equal(set.next(32), 63);
  t.equal(set.next(64), -1);
});

t.test("a copy goes its own way", async (t) => {
  const set = new Bitset();
  set.add(5);
  const copy = set.copy();
  copy.add(6);
  set.delete(5);
  t.strictSame([copy.has(5), copy.has(6), copy.size], [true, true, 2]);
  t.strictSame([set.has(5), set.has(6), set.size], [false, false, 0]);
});

t.test("it does what a Set does", async (t) => {
  const step = fc.tuple(fc.constantFrom("add", "delete", "clear"), fc.nat(3000));
  fc.assert(
    fc.property(fc.array(step, { size: "max", maxLength: 200 }), fc.nat(3000), (steps, from) => {
      const set = new Bitset();
      const model = new Set<number>();
      for (const [what, row] of steps) {
        if (what === "clear") {
          set.clear();
          model.clear();
        } else if (what === "add") {
          if (set.add(row) !== !model.has(row)) return false;
          model.add(row);
        } else if (set.delete(row) !== model.delete(row)) return false;
      }
      const next = Math.min(...[...model].filter((row) => row >= from));
      return (
        set.size === model.size &&
        set.next(from) === (next === Infinity ? -1 : next) &&
        set.has(from) === model.has(from)
      );
    }),
  );
  t.pass("for many sequences of steps");
});
