// Dialogues with BIRD 1.6.8, recorded with configurations of our own, had again with our server: the same octets.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { ROOT } from "../../support/root.js";
import { startBird } from "./bird-client.js";
import { LabView } from "./lab-view.js";

process.env["TZ"] = "UTC";

interface Exchange {
  readonly command: string;
  readonly reply: string;
}

function readDialogue(name: string): readonly Exchange[] {
  const text = readFileSync(join(ROOT, "proto-fixtures/bird/control", name), "utf8");
  const [, ...parts] = text.split(/^>>> /m);
  return parts.map((part) => {
    const end = part.indexOf("\n");
    return { command: part.slice(0, end), reply: part.slice(end + 1) };
  });
}

t.test("the dialogue of a node, one command after the other", async (t) => {
  const client = await startBird(t, new LabView());
  t.equal(await client.line(), "0001 BIRD 1.6.8 ready.\n");
  for (const { command, reply } of readDialogue("node.txt")) t.equal(await client.ask(command), reply, command);
});

t.test("the same dialogue in one write", async (t) => {
  const exchanges = readDialogue("node.txt");
  const client = await startBird(t, new LabView());
  await client.line();
  client.send(exchanges.map(({ command }) => `${command}\r\n`).join(""));
  for (const { command, reply } of exchanges) t.equal(await client.reply(), reply, command);
});
