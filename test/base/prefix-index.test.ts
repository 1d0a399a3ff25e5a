import fc from "fast-check";
import t from "tap";
import type { Family } from "../../src/base/family.js";
import { PrefixIndex } from "../../src/base/prefix-index.js";

type Words = readonly [number, number, number, number, number];

const text = (words: Words): string => words.join(" ");

t.test("row 0 means none, and 0.0.0.0/0 is not 0.0.0.0/32", async (t) => {
  const index = new PrefixIndex(0, 1);
  t.equal(index.find(0, 0, 0, 0, 0), 0);
  const all = index.insert(0, 0, 0, 0, 0);
  const host = index.insert(0, 0, 0, 0, 32);
  t.not(all, 0);
  t.not(host, all);
  t.equal(index.find(0, 0, 0, 0, 0), all);
  t.equal(index.find(0, 0, 0, 0, 32), host);
  t.equal(index.length(all), 0);
});

t.test("rows stay when the table grows far beyond its reserve", async (t) => {
  for (const family of [0, 1] as const) {
    const index = new PrefixIndex(family, 7, 8);
    const words = (i: number): Words => (family === 0 ? [i << 8, 0, 0, 0, 24] : [0x20010db8, i, 0, i << 1, 128]);
    const rows = Array.from({ length: 20_000 }, (_, i) => index.insert(...words(i)));
    t.equal(index.size, 20_000);
    t.equal(new Set(rows).size, 20_000);
    t.ok(
      rows.every(
        (row, i) => index.find(...words(i)) === row && index.word(row, 0) === words(i)[0] && row < index.capacity,
      ),
    );
    t.equal(index.end, 20_001);
  }
});

t.test("a deleted row is given out again, and only then", async (t) => {
  const index = new PrefixIndex(0, 3);
  const row = index.insert(1 << 24, 0, 0, 0, 8);
  index.delete(row);
  t.equal(index.isUsed(row), false);
  t.equal(index.insert(2 << 24, 0, 0, 0, 8), row);
  t.equal(index.find(1 << 24, 0, 0, 0, 8), 0);
  t.equal(index.end, row + 1);
});

t.test("deleting a row twice is our bug and is noticed", async (t) => {
  const index = new PrefixIndex(0, 3);
  const row = index.insert(1 << 24, 0, 0, 0, 8);
  index.delete(row);
  t.throws(() => index.delete(row));
});

t.test("writeNlri writes as few octets as hold the prefix", async (t) => {
  const cases: { family: Family; words: Words; nlri: number[] }[] = [
    { family: 0, words: [0, 0, 0, 0, 0], nlri: [0] },
    { family: 0, words: [0x0a000000, 0, 0, 0, 7], nlri: [7, 10] },
    { family: 0, words: [0x0a010200, 0, 0, 0, 24], nlri: [24, 10, 1, 2] },
    { family: 0, words: [0xc0a80101 | 0, 0, 0, 0, 32], nlri: [32, 192, 168, 1, 1] },
    { family: 1, words: [0, 0, 0, 0, 0], nlri: [0] },
    { family: 1, words: [0x20010db8, 0x80000000 | 0, 0, 0, 33], nlri: [33, 0x20, 1, 0x0d, 0xb8, 0x80] },
    {
      family: 1,
      words: [0x20010db8, 0, 0, 1, 128],
      nlri: [128, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    },
  ];
  for (const { family, words, nlri } of cases) {
    const index = new PrefixIndex(family, 9);
    const bytes = new Uint8Array(20);
    const end = index.writeNlri(index.insert(...words), bytes, 1);
    t.same([...bytes.slice(1, end)], nlri);
  }
});

const word = fc.constantFrom(0, 1, -1, 0x0a000000, 0x80000000 | 0, 0x7fffffff);
const prefixWords = (family: Family): fc.Arbitrary<Words> =>
  fc.tuple(
    fc.oneof(word, fc.integer()),
    family === 0 ? fc.constant(0) : word,
    family === 0 ? fc.constant(0) : word,
    family === 0 ? fc.constant(0) : word,
    fc.nat(family === 0 ? 32 : 128),
  );

t.test("it does what a Map does", async (t) => {
  for (const family of [0, 1] as const) {
    const step = fc.record({ remove: fc.boolean(), which: fc.nat(), words: prefixWords(family) });
    fc.assert(
      fc.property(fc.array(step, { size: "max", maxLength: 600 }), fc.integer(), (steps, seed) => {
        const index = new PrefixIndex(family, seed, 4);
        const model = new Map<string, { row: number; words: Words }>();
        for (const { remove, which, words } of steps) {
          const all = [...model.values()];
          if (remove && all.length > 0) {
            const gone = all[which % all.length];
            index.delete(gone.row);
            model.delete(text(gone.words));
          } else model.set(text(words), { row: index.insert(...words), words });
        }
        return (
          index.size === model.size &&
          [...model.values()].every(({ row, words }) => index.find(...words) === row && index.length(row) === words[4])
        );
      }),
      { numRuns: 60 },
    );
  }
  t.pass("for many sequences of steps");
});
