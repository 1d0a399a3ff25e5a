// docs/interop.md says what the matrix tests. To write it anew, run this test with UPDATE_GENERATED=1 in the environment.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { ROOT } from "../../support/root.js";
import { FEATURES, type FeatureName } from "./cells.js";
import { CHECKS } from "./checks.js";
import { MATRIX_HEADING, matrixPage } from "./interop-page.js";
import { PEERS } from "./peers.js";

const FILE = join(ROOT, "docs", "interop.md");

const page = `${readFileSync(FILE, "utf8").split(MATRIX_HEADING)[0]}${MATRIX_HEADING}\n${matrixPage()}`;
if (process.env["UPDATE_GENERATED"] === "1") writeFileSync(FILE, page);

/** Spaces and dashes that a formatter puts into tables say nothing. */
function words(markdown: string): string {
  return markdown.replace(/-{2,}/g, "--").replace(/[ \t]+/g, " ");
}

t.test("the matrix in docs/interop.md is the one that is tested", (t) => {
  t.equal(words(readFileSync(FILE, "utf8")), words(page));
  t.end();
});

t.test("every gap leaves out something that would be tested, and says why", (t) => {
  for (const peer of Object.values(PEERS)) {
    for (const [feature, { missing, why }] of Object.entries(peer.gaps)) {
      const checks = Object.keys(CHECKS[feature as FeatureName]);
      const rest = missing === "all" ? [] : checks.filter((direction) => !missing.some((gap) => gap === direction));
      t.ok(missing === "all" || (rest.length > 0 && rest.length < checks.length), `${peer.name}: ${feature}`);
      t.match(why, /\w+ \w+/, `${peer.name}: ${feature}: why`);
    }
  }
  t.equal(Object.keys(FEATURES).length, Object.keys(CHECKS).length);
  t.end();
});
