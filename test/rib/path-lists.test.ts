// Lists of path identifiers in typed arrays against Maps.

import fc from "fast-check";
import t from "tap";
import { PathLists } from "../../src/rib/path-lists.js";

const entriesOf = (lists: PathLists, prefix: number): [number, number][] => {
  const entries: [number, number][] = [];
  for (let node = lists.first(prefix); node !== 0; node = lists.next(node)) {
    entries.push([lists.pathId(node), lists.value(node)]);
  }
  return entries;
};

t.test("each prefix has its paths in ascending order, whatever comes and goes", async (t) => {
  const change = fc.record({
    prefix: fc.constantFrom(1, 2, 3, 5000),
    pathId: fc.oneof(fc.nat(6), fc.constant(0x7ffffff0)),
    value: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
      const lists = new PathLists();
      const model = new Map<number, Map<number, number>>();
      for (const { prefix, pathId, value } of changes) {
        const paths = model.get(prefix) ?? new Map<number, number>();
        model.set(prefix, paths);
        const was = paths.get(pathId) ?? 0;
        if (value === 0) paths.delete(pathId);
        else paths.set(pathId, value);
        if (lists.set(prefix, pathId, value) !== was) throw new Error("another number was there before");
      }
      const copy = lists.copy();
      for (const [prefix, paths] of model) for (const pathId of paths.keys()) lists.set(prefix, pathId, 0);
      if (lists.size !== 0) throw new Error(`${lists.size} paths are left`);
      let size = 0;
      for (const [prefix, paths] of model) {
        const wanted = [...paths].sort(([a], [b]) => a - b);
        size += wanted.length;
        const found = JSON.stringify(entriesOf(copy, prefix));
        if (found !== JSON.stringify(wanted)) throw new Error(`${found} instead of ${JSON.stringify(wanted)}`);
      }
      return copy.size === size;
    }),
  );
  t.equal(new PathLists().first(1_000_000), 0, "rows that nobody has spoken of have no paths");
});

t.test("a list may be read on while the path just read is taken out", async (t) => {
  const lists = new PathLists();
  for (let pathId = 1; pathId <= 3000; pathId++) lists.set(7, pathId, pathId);
  const seen: number[] = [];
  for (let node = lists.first(7); node !== 0;) {
    const pathId = lists.pathId(node);
    node = lists.next(node);
    seen.push(pathId);
    if (pathId % 2 === 0) lists.set(7, pathId, 0);
  }
  t.same(
    seen,
    Array.from({ length: 3000 }, (_, i) => i + 1),
  );
  t.equal(lists.size, 1500);
});
