// How deep filters may nest: what is read can be compiled and run, what cannot is refused with its place.

import t from "tap";
import { ScriptFilters } from "../../../src/policy/script-filters.js";
import { sampleRoute } from "../../policy/sample-route.js";
import { errorOf, read } from "./read.js";

/** Filters `f` that accept, nested so many times. */
const SHAPES: readonly (readonly [name: string, shape: (times: number) => string])[] = [
  ["parentheses", (n) => `filter f { if ${"(".repeat(n)}true${")".repeat(n)} then accept; }`],
  ["negations", (n) => `filter f { if ${"!".repeat(2 * n)}true then accept; }`],
  ["if in if", (n) => `filter f { ${"if true then { ".repeat(n)} accept; ${"}".repeat(n)} }`],
  ["else if", (n) => `filter f { ${"if false then reject; else ".repeat(n)} accept; }`],
  ["case in case", (n) => `filter f { ${"case 1 { 1: ".repeat(n)} accept; ${"}".repeat(n)} }`],
  ["a sum", (n) => `filter f { if ${"0 + ".repeat(n)} 1 = 1 then accept; }`],
  ["&& and || in turn", (n) => `filter f { if ${"false || true && ".repeat(n)} true then accept; }`],
  [
    "arguments",
    (n) => `function g(int a) { return a; } filter f { if ${"g(".repeat(n)}1${")".repeat(n)} = 1 then accept; }`,
  ],
  [
    "functions that call functions",
    (n) =>
      "function f0() { return true; } " +
      Array.from({ length: n }, (_, i) => `function f${i + 1}() { return f${i}(); } `).join("") +
      `filter f { if f${n}() then accept; }`,
  ],
];

function accepts(filter: string): boolean {
  const { scripts } = read(`${filter} protocol device { }`);
  return new ScriptFilters({ scripts, log: () => undefined }).filter("f")(sampleRoute()).accept;
}

for (const [name, shape] of SHAPES) {
  t.test(`${name}: what is read runs, and the rest is refused by name`, (t) => {
    t.equal(accepts(shape(100)), true);
    let least = 100;
    let tooMany = 3000;
    while (tooMany - least > 1) {
      const middle = Math.floor((least + tooMany) / 2);
      if (errorOf(`${shape(middle)} protocol device { }`) === "") least = middle;
      else tooMany = middle;
    }
    t.equal(accepts(shape(least)), true, `${least} times`);
    t.match(
      errorOf(`${shape(tooMany)} protocol device { }`),
      /^x\.cfg:1:\d+ nesting as deep as this is not supported$/,
    );
    t.end();
  });
}

t.test("a long || or && does not nest", (t) => {
  t.equal(accepts(`filter f { if ${"net = 10.0.0.0/24 || ".repeat(20_000)} true then accept; }`), true);
  t.equal(accepts(`filter f { if ! (${"true && ".repeat(20_000)} false) then accept; }`), true);
  t.end();
});
