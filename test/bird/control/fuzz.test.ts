// Whatever comes over the socket: a whole reply, never an exception, never silence.

import fc from "fast-check";
import t from "tap";
import { parseCommand } from "../../../src/bird/control/parse-command.js";
import { matchesPattern } from "../../../src/bird/control/protocol-choice.js";
import { ReplyError, ReplyFramer } from "../../../src/bird/control/reply.js";
import { startBird } from "./bird-client.js";
import { LabView } from "./lab-view.js";

const WORDS = [
  ..."show status protocols route interfaces summary static memory symbols bfd sessions roa ospf".split(" "),
  ..."all primary filtered export preexport noexport protocol stats count table filter where for".split(" "),
  ..."configure check soft undo timeout confirm enable disable restart reload in out debug dump".split(" "),
  ..."echo off eval restrict down routes Rack Mesh_10_9_0_2 master nope 10.40.0.0/16 10.40.0.5 fd00::/64".split(" "),
  ...["{", "}", "(", ")", ",", ";", "/", '"Mesh*"', '"', "'x'", "#", "/*", "*/", "1", "0x", "99999999999", "\t", "é"],
];
const sentence = fc.array(fc.constantFrom(...WORDS), { maxLength: 9 }).map((words) => words.join(" "));
const begun = fc.tuple(
  fc.constantFrom(
    "show protocols",
    "show route",
    "show symbols",
    "configure",
    "reload",
    "eval",
    "show roa",
    "echo all",
  ),
  fc.array(fc.constantFrom(...WORDS), { maxLength: 2 }),
);
const likely = begun.map(([start, words]) => [start, ...words].join(" "));
const line = fc.oneof(sentence, likely, fc.string({ unit: "binary", maxLength: 200 }));

t.test("every line is a command or is refused with 9001", async (t) => {
  let commands = 0;
  let refused = 0;
  fc.assert(
    fc.property(line, fc.constantFrom(4 as const, 6 as const), (text, ipVersion) => {
      try {
        parseCommand(text, ipVersion);
        commands++;
      } catch (error) {
        if (!(error instanceof ReplyError) || error.code !== 9001) throw error;
        refused++;
      }
    }),
    { numRuns: 5000 },
  );
  t.ok(commands > 50 && refused > 1000, `${commands} commands, ${refused} refused`);
});

const FIRST = /^\d{4}[- ]/;

t.test("every line over the socket has one well-formed reply, in order", async (t) => {
  const client = await startBird(t, new LabView());
  await client.line();
  const octets = line.map((text) => text.replaceAll(/[\n\0]/g, " ")).filter((text) => Buffer.byteLength(text) < 4000);
  await fc.assert(
    fc.asyncProperty(octets, async (text) => {
      const lines = (await client.ask(text)).split("\n").slice(0, -1);
      const last = lines.at(-1) ?? "";
      const isFramed = lines.slice(0, -1).every((each) => each.startsWith(" ") || /^\d{4}-/.test(each));
      const mark = await client.ask("eval 4711");
      return FIRST.test(lines[0]) && /^\d{4} /.test(last) && isFramed && mark === "0023 4711\n";
    }),
    { numRuns: 1500 },
  );
});

t.test("replies are framed by the rules, whatever their lines", async (t) => {
  const replyLine = fc.record({ code: fc.constantFrom(1, 24, 1002, 1006), text: fc.string({ maxLength: 10 }) });
  fc.assert(
    fc.property(fc.array(replyLine, { maxLength: 20 }), (lines) => {
      const framer = new ReplyFramer();
      const text = lines.map((each) => framer.frame([each])).join("") + framer.end();
      const out = text.split("\n").slice(0, -1);
      const expected = lines.map(({ code }, i) =>
        code === lines[i - 1]?.code ? " " : `${String(code).padStart(4, "0")}-`,
      );
      return (
        out.length === lines.length + 1 &&
        out.at(-1) === "0000 " &&
        expected.every((prefix, i) => out[i].startsWith(prefix))
      );
    }),
  );
  t.end();
});

t.test("patterns: the same as regular expressions, in time that does not explode", async (t) => {
  const pattern = fc.stringMatching(/^[ab*?]{0,8}$/);
  fc.assert(
    fc.property(pattern, fc.stringMatching(/^[ab]{0,8}$/), (wanted, text) => {
      const expected = new RegExp(`^${wanted.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(text);
      return matchesPattern(wanted, text) === expected;
    }),
    { numRuns: 3000 },
  );
  t.notOk(matchesPattern(`${"*a".repeat(2000)}b`, "a".repeat(4000)));
  t.ok(matchesPattern("a\\*", "a*"));
  t.notOk(matchesPattern("a\\*", "ab"));
});
