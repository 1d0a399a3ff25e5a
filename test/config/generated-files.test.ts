// docs/configuration.md and config/starling.schema.json are written from the schema. To write them anew, run this test with
// UPDATE_GENERATED=1 in the environment.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { configReference } from "../../src/config/config-reference.js";
import { configJsonSchema } from "../../src/config/schema.js";
import { ROOT } from "../support/root.js";

const SCHEMA_FILE = join(ROOT, "config", "starling.schema.json");
const DOCS_FILE = join(ROOT, "docs", "configuration.md");
const REFERENCE_HEADING = "## Reference\n";

const schema = configJsonSchema();
const handWritten = readFileSync(DOCS_FILE, "utf8").split(REFERENCE_HEADING)[0];
const docs = `${handWritten}${REFERENCE_HEADING}\nWritten from the schema. Times are in seconds.\n\n${configReference().trimEnd()}\n`;

if (process.env["UPDATE_GENERATED"] === "1") {
  writeFileSync(SCHEMA_FILE, `${JSON.stringify(schema, null, 2)}\n`);
  writeFileSync(DOCS_FILE, docs);
}

/** Spaces and dashes that a formatter puts into tables say nothing. */
function words(markdown: string): string {
  return markdown.replace(/-{2,}/g, "--").replace(/[ \t]+/g, " ");
}

t.test("config/starling.schema.json is current", (t) => {
  const written: unknown = JSON.parse(readFileSync(SCHEMA_FILE, "utf8"));
  t.same(written, schema);
  t.end();
});

t.test("the reference in docs/configuration.md is current", (t) => {
  t.equal(words(readFileSync(DOCS_FILE, "utf8")), words(docs));
  t.end();
});

function keysOf(node: unknown, keys: Set<string>): Set<string> {
  if (typeof node !== "object" || node === null) return keys;
  const entries: [string, unknown][] = Object.entries(node);
  for (const [name, value] of entries) {
    if (name === "properties" && typeof value === "object" && value !== null)
      for (const key of Object.keys(value)) keys.add(key);
    keysOf(value, keys);
  }
  return keys;
}

t.test("every key of the schema has a line in the reference and every one is described", (t) => {
  const reference = configReference();
  const keys = keysOf(schema, new Set());
  t.ok(keys.size > 100, `${keys.size} keys`);
  for (const key of keys) {
    const line = reference.split("\n").find((candidate) => candidate.startsWith(`| \`${key}\` |`));
    t.ok(line !== undefined && !line.endsWith("|  |"), key);
  }
  t.end();
});
