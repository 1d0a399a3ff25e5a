// Whatever stands in a configuration file: a configuration, or errors with a place inside the file. Never an exception.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { parse, stringify } from "yaml";
import { parseConfig, type ParseResult } from "../../src/config/parse-yaml.js";
import { ROOT } from "../support/root.js";

const FOLDER = join(ROOT, "config");
const EXAMPLES: readonly string[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => readFileSync(join(FOLDER, file), "utf8"));

/** True if the result is one that a user can do something with. */
function isUsable(text: string, result: ParseResult): boolean {
  if (!("errors" in result)) return result.config.localAs > 0;
  const lines = text.split("\n").length;
  return (
    result.errors.length > 0 &&
    result.errors.every(
      ({ file, line, column, message }) =>
        file === "f.yaml" &&
        line >= 1 &&
        line <= lines + 1 &&
        column >= 1 &&
        message.length > 0 &&
        message.length < 500,
    )
  );
}

function check(text: string): boolean {
  return isUsable(text, parseConfig(text, "f.yaml"));
}

t.test("any text", async (t) => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), check), { numRuns: 1000 });
  t.equal(check(""), true);
});

t.test("examples with characters changed, inserted and removed", async (t) => {
  const characters = fc.constantFrom(..."{}[]:,-#&*!|>'\"%@`\t\n 0x\\", "~", "é", "\u0000", "9", "a");
  const edits = fc.array(fc.tuple(fc.nat(5000), fc.nat(3), characters), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.constantFrom(...EXAMPLES), edits, (example, changes) => {
      const text = [...example];
      for (const [at, removed, put] of changes) text.splice(at % text.length, removed, put);
      return check(text.join(""));
    }),
    { numRuns: 400 },
  );
  t.ok(EXAMPLES.length >= 5, "there are examples");
});

const JUNK: readonly unknown[] = [
  ...[
    null,
    true,
    -1,
    0,
    1.5,
    4294967296,
    1e308,
    "",
    "x",
    "10.0.0.0/8",
    "10.0.0.1/8",
    "::/0",
    "fe80::1",
    "0x1",
    "65000:*",
  ],
  ...[[], [[]], {}, { match: {} }, { ipv4: -1 }, ["accept"], "accept", [null], { as: 0 }, "a".repeat(300)],
];

type Node = Record<string, unknown> | unknown[];

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null;
}

/** Every place of a document: the mapping or list, and the key. */
function placesOf(node: Node): { readonly node: Node; readonly key: string }[] {
  return Object.entries(node).flatMap(([key, value]) => [{ node, key }, ...(isNode(value) ? placesOf(value) : [])]);
}

t.test("examples with values replaced, removed and moved", async (t) => {
  const change = fc.tuple(fc.nat(10_000), fc.constantFrom("replace", "remove", "copy"), fc.nat(10_000));
  let good = 0;
  let bad = 0;
  fc.assert(
    fc.property(fc.constantFrom(...EXAMPLES), fc.array(change, { minLength: 1, maxLength: 4 }), (example, changes) => {
      const document = parse(example) as Node;
      for (const [at, what, other] of changes) {
        const places = placesOf(document);
        if (places.length === 0) break;
        const { node, key } = places[at % places.length];
        const target = node as Record<string, unknown>;
        const source = places[other % places.length];
        if (what === "replace") target[key] = structuredClone(JUNK[other % JUNK.length]);
        else if (what === "copy") target[key] = structuredClone((source.node as Record<string, unknown>)[source.key]);
        else if (Array.isArray(node)) node.splice(Number(key), 1);
        else Reflect.deleteProperty(target, key);
      }
      const text = stringify(document, { aliasDuplicateObjects: false });
      const result = parseConfig(text, "f.yaml");
      if ("errors" in result) bad++;
      else good++;
      return isUsable(text, result);
    }),
    { numRuns: 600 },
  );
  t.ok(good > 15 && bad > 60, `${good} accepted, ${bad} refused: both were tried`);
});
