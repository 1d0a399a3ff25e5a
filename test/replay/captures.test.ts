// Recorded sessions with other implementations (proto-fixtures/pcap) as `starling replay` shows them: messages and tables
// equal those stored beside each capture. UPDATE_GENERATED=1 writes them anew.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { ROOT } from "../support/root.js";
import { expectationOf, starling } from "./starling-words.js";

const FOLDER = join(ROOT, "proto-fixtures", "pcap");
const FILES = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".pcap"))
  .sort();

interface Line {
  readonly time: number;
  readonly packet: number;
  readonly type: string;
  readonly error?: string;
  readonly routes?: readonly { readonly prefix: string }[];
}

function linesOf(text: string): readonly Line[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}

for (const file of FILES) {
  t.test(`${file} is told as it is stored`, async (t) => {
    const stored = join(FOLDER, file.replace(".pcap", ".jsonl"));
    const text = await expectationOf(join(FOLDER, file));
    if (process.env["UPDATE_GENERATED"] === "1") writeFileSync(stored, text);
    t.equal(text, readFileSync(stored, "utf8"));
    const lines = linesOf(text);
    const messages = lines.filter(({ routes }) => routes === undefined);
    t.ok(messages.length > 10, "a whole session");
    t.strictSame(
      messages.filter(({ error }) => error !== undefined),
      [],
      "nothing is wrong with what real speakers say",
    );
    t.ok(
      messages.every(({ packet }, i) => i === 0 || packet >= messages[i - 1].packet),
      "in the order of the packets",
    );
    t.ok(
      lines.some(({ routes }) => routes?.some(({ prefix }) => prefix.startsWith("198.18.")) === true),
      "the peer's last route is in a table",
    );
  });

  t.test(`${file} as text has every message and table`, async (t) => {
    const { out, err, code } = await starling("replay", join(FOLDER, file));
    t.equal(code, 0);
    t.equal(err, "", "nothing is missing in the capture");
    const stored = linesOf(readFileSync(join(FOLDER, file.replace(".pcap", ".jsonl")), "utf8"));
    const headlines = out.split("\n").filter((line) => /^\d{4}-\d\d-\d\dT/.test(line));
    t.strictSame(
      headlines.map((line) => line.split(" ")[4]),
      stored.filter(({ routes }) => routes === undefined).map(({ type }) => type),
    );
    t.equal(out.match(/^\d+ routes? from /gm)?.length, stored.filter(({ routes }) => routes !== undefined).length);
  });
}

t.test("there are captures", async (t) => {
  t.ok(FILES.length >= 7);
});
