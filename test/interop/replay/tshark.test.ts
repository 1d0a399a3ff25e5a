// `starling replay` and tshark tell the same of every recorded session: messages in order, prefixes, attributes.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { starling } from "../../replay/starling-words.js";
import { ROOT } from "../../support/root.js";
import { needs } from "../../support/requirements.js";
import { replayFacts, TSHARK_PROGRAMS, tsharkFacts } from "../../support/tshark.js";

const FOLDER = join(ROOT, "proto-fixtures", "pcap");

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".pcap"))) {
  t.test(file, needs(...TSHARK_PROGRAMS), async (t) => {
    const path = join(FOLDER, file);
    const theirs = await tsharkFacts(path);
    const { out } = await starling("replay", path, "-o", "json");
    const ours = out
      .split("\n")
      .filter((line) => line !== "")
      .map(replayFacts);
    t.ok(theirs.length > 10, "tshark finds a session");
    t.equal(ours.length, theirs.length, "as many messages");
    for (const [i, facts] of theirs.entries()) t.strictSame(ours[i], facts, `message ${i}: ${String(facts["type"])}`);
  });
}
