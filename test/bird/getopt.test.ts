// Options of one letter, as getopt(3) reads them.

import t from "tap";
import { type OptionLetters, readOptions } from "../../src/bird/getopt.js";

const LETTERS: OptionLetters = new Map([
  ["p", "flag"],
  ["R", "flag"],
  ["c", "value"],
  ["s", "value"],
]);

/** Words → what is found, as letter or letter=value, then the rest behind a bar; or the fault. */
const CASES: readonly [words: string, found: string][] = [
  ["", "|"],
  ["-p", "p |"],
  ["-p -R", "p R |"],
  ["-pR", "p R |"],
  ["-pc file", "p c=file |"],
  ["-pcfile", "p c=file |"],
  ["-c -p", "c=-p |"],
  ["-c--", "c=-- |"],
  ["-c a -c b", "c=a c=b |"],
  ["show -p status", "p | show status"],
  ["-p -- -R x", "p | -R x"],
  ["- -p", "p | -"],
  ["-c --", "c=-- |"],
  ["-x", "invalid option -- 'x'"],
  ["-px", "invalid option -- 'x'"],
  ["--parse", "invalid option -- '-'"],
  ["-p -c", "option requires an argument -- 'c'"],
  ["-pc", "option requires an argument -- 'c'"],
];

for (const [words, expected] of CASES) {
  t.test(`[${words}]`, async (t) => {
    const read = readOptions(words === "" ? [] : words.split(" "), LETTERS);
    const found = read.ok
      ? [
          ...read.options.map(({ letter, value }) => (LETTERS.get(letter) === "flag" ? letter : `${letter}=${value}`)),
          "|",
          ...read.rest,
        ].join(" ")
      : read.fault;
    t.equal(found, expected);
  });
}
