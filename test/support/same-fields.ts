// A comparison that tap lacks: exactly equal in the fields the test names, silent about the others. (t.match takes parts
// of texts and of lists for equal.)

import type { Test } from "tap";

/** Passes if every field of `expected` is exactly equal in `found`. */
export function sameFields<T extends object>(
  t: Test,
  found: T,
  expected: Partial<Record<keyof T, unknown>>,
  name: string,
): void {
  const keys = Object.keys(expected) as (keyof T)[];
  t.strictSame(Object.fromEntries(keys.map((key) => [key, found[key]])), expected, name);
}
