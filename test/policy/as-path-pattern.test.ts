import fc from "fast-check";
import t from "tap";
import { AsPathPattern, AsPathPatternError } from "../../src/policy/as-path-pattern.js";
import type { AsPath } from "../../src/policy/route.js";
import { sequence } from "./sample-route.js";

const WITH_SET: AsPath = [...sequence(65001, 65002), { type: 1, asNumbers: [65010, 65011] }];

const ROWS: readonly { pattern: string; matches: readonly AsPath[]; fails: readonly AsPath[] }[] = [
  {
    pattern: "65010",
    matches: [sequence(65010), sequence(1, 65010, 2), WITH_SET],
    fails: [[], sequence(650101), sequence(1, 2)],
  },
  {
    pattern: "_65010_",
    matches: [sequence(65010), sequence(1, 65010, 2)],
    fails: [sequence(165010), sequence(650100)],
  },
  { pattern: "^65001", matches: [sequence(65001), sequence(65001, 2), WITH_SET], fails: [sequence(2, 65001), []] },
  { pattern: "65010$", matches: [sequence(65010), sequence(1, 65010), WITH_SET], fails: [sequence(65010, 1), []] },
  {
    pattern: "^65001 .* 65010$",
    matches: [sequence(65001, 65010), sequence(65001, 1, 2, 65010), WITH_SET],
    fails: [sequence(65001), sequence(65010)],
  },
  { pattern: "^$", matches: [[]], fails: [sequence(1), WITH_SET] },
  { pattern: ".*", matches: [[], sequence(1), sequence(1, 2, 3)], fails: [] },
  { pattern: "^.$", matches: [sequence(7)], fails: [[], sequence(1, 2)] },
  { pattern: "^. .$", matches: [sequence(1, 2)], fails: [sequence(1), sequence(1, 2, 3)] },
  { pattern: "^65001+$", matches: [sequence(65001), sequence(65001, 65001, 65001)], fails: [[], sequence(65001, 1)] },
  { pattern: "^65001? 2$", matches: [sequence(2), sequence(65001, 2)], fails: [sequence(1, 2), sequence(65001)] },
  {
    pattern: "^[64512-65534 100]+$",
    matches: [sequence(64512, 65534, 100)],
    fails: [sequence(64511), sequence(65000, 65535)],
  },
  {
    pattern: "^(1 2|3)* 4$",
    matches: [sequence(4), sequence(1, 2, 4), sequence(3, 1, 2, 4)],
    fails: [sequence(1, 4), sequence(2, 4)],
  },
  { pattern: "^(1|2|)$", matches: [[], sequence(1), sequence(2)], fails: [sequence(3), sequence(1, 2)] },
  { pattern: "1 2", matches: [sequence(9, 1, 2, 9), sequence(1, 1, 2)], fails: [sequence(1, 9, 2), sequence(2, 1)] },
  { pattern: "^65001 65002 65011$", matches: [WITH_SET], fails: [sequence(65001, 65002)] },
  { pattern: "4294967295", matches: [sequence(4294967295)], fails: [sequence(4294967294)] },
];

for (const { pattern, matches, fails } of ROWS) {
  t.test(`${pattern} takes the paths it should`, (t) => {
    const compiled = new AsPathPattern(pattern);
    for (const path of matches) t.ok(compiled.matches(path), JSON.stringify(path));
    for (const path of fails) t.notOk(compiled.matches(path), JSON.stringify(path));
    t.end();
  });
}

const FAULTS: readonly { pattern: string; at: number; message: RegExp }[] = [
  { pattern: "", at: 0, message: /empty/ },
  { pattern: "[0-9]+", at: 1, message: /AS 0 is in no path/ },
  { pattern: "65001 *", at: 6, message: /nothing to repeat/ },
  { pattern: "1 ^2", at: 2, message: /beginning/ },
  { pattern: "^1$ 2", at: 4, message: /end/ },
  { pattern: "(1 2", at: 4, message: /"\)" is missing/ },
  { pattern: "1 2)", at: 3, message: /unexpected "\)"/ },
  { pattern: "[5-3]", at: 1, message: /range 5-3 is empty/ },
  { pattern: "[]", at: 2, message: /holds no AS number/ },
  { pattern: "[1", at: 2, message: /expected an AS number/ },
  { pattern: "4294967296", at: 0, message: /no AS number/ },
  { pattern: "AS65000", at: 0, message: /unexpected "A"/ },
  { pattern: "(".repeat(60), at: 50, message: /nested too deeply/ },
  { pattern: "1 ".repeat(501), at: 1001, message: /more than 500 terms/ },
];

for (const { pattern, at, message } of FAULTS) {
  t.test(`${pattern.slice(0, 20)} is refused with its place`, (t) => {
    try {
      new AsPathPattern(pattern);
      t.fail("it was accepted");
    } catch (error) {
      if (!(error instanceof AsPathPatternError)) throw error;
      t.match(error.message, message);
      t.equal(error.at, at);
    }
    t.end();
  });
}

t.test("a pattern agrees with a regular expression over letters", (t) => {
  const atom = fc.constantFrom("1", "2", "3", ".", "[1-2]", "(1 2)", "(1|3)", "(2 .|3 1)");
  const term = fc.tuple(atom, fc.constantFrom("", "", "*", "+", "?")).map(([text, repeat]) => text + repeat);
  const terms = fc.array(term, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(" "));
  const pattern = fc
    .tuple(fc.boolean(), terms, fc.boolean())
    .map(([start, body, end]) => `${start ? "^" : ""}${body}${end ? "$" : ""}`);
  fc.assert(
    fc.property(pattern, fc.array(fc.constantFrom(1, 2, 3), { maxLength: 7 }), (text, path) => {
      const expected = new RegExp(text.replaceAll(" ", "")).test(path.join(""));
      return new AsPathPattern(text).matches(sequence(...path)) === expected;
    }),
    { numRuns: 1000 },
  );
  t.pass("1000 random patterns");
  t.end();
});

t.test("a pattern that makes backtracking matchers explode takes no time", (t) => {
  const pattern = new AsPathPattern(`^${"(1* 1*)* ".repeat(20)}2$`);
  const started = process.hrtime.bigint();
  t.notOk(pattern.matches(sequence(...new Array<number>(2000).fill(1))));
  t.ok(Number(process.hrtime.bigint() - started) / 1e6 < 2000, "2000 hops, 40 nested repeats");
  t.end();
});
