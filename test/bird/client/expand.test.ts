// Abbreviations, as BIRD's own client writes them out.

import fc from "fast-check";
import t from "tap";
import { COMMANDS } from "../../../src/bird/client/commands.js";
import { describeCommands, expand, helpFor } from "../../../src/bird/client/expand.js";

/** What was typed → what the daemon is asked; or the candidates behind a question mark; or nothing. */
const CASES: readonly [line: string, expected: string][] = [
  ["show status", "show status"],
  ["show proto", "show protocols"],
  ["sh p", "show protocols"],
  ["show proto all Mesh_10_0_0_2", "show protocols all Mesh_10_0_0_2"],
  ["show proto Mesh_10_0_0_2", "show protocols Mesh_10_0_0_2"],
  ["show proto a", "show protocols all"],
  ["show   proto    s1", "show protocols s1"],
  ['show proto "Mesh_*"', 'show protocols "Mesh_*"'],
  ["show rou 10.1.0.0/16  all", "show route 10.1.0.0/16  all"],
  ["show route for 10.1.2.3", "show route for 10.1.2.3"],
  ["show route pro s1", "show route pro s1"],
  ["sho int s", "show interfaces summary"],
  ["show bfd s", "show bfd sessions"],
  ["conf", "configure"],
  ["configure check", "configure check"],
  ['conf soft "x.cfg" timeout 5', 'configure soft "x.cfg" timeout 5'],
  ["ev 1 + 1", "eval 1 + 1"],
  ["enab all", "enable all"],
  ["reload i x", "reload in x"],
  ["down x", "down x"],
  ["\tshow status ", "show status"],
  ["show st", "? show static, show status"],
  ["show ro", "? show roa, show route"],
  ["e 1+1", "? echo, enable, eval, exit"],
  ["configure c", "? configure check, configure confirm"],
  ["rest", "? restart, restrict"],
  ["show", ""],
  ["dump", ""],
  ["show foo", ""],
  ["foo", ""],
  ["SHOW STATUS", ""],
  ["?", ""],
  ["", ""],
];

for (const [line, expected] of CASES) {
  t.test(`[${line}]`, async (t) => {
    const expansion = expand(line);
    const found =
      expansion.kind === "command"
        ? expansion.text
        : expansion.kind === "ambiguous"
          ? `? ${expansion.candidates.map(({ words }) => words.join(" ")).join(", ")}`
          : "";
    t.equal(found, expected);
  });
}

t.test("what is written out already stays as it is, and so does any unambiguous beginning", async (t) => {
  for (const { words, parameters } of COMMANDS) {
    const text = words.join(" ");
    t.match(expand(text), parameters === undefined ? { kind: "unknown" } : { kind: "command", text }, text);
  }
  const property = fc.property(fc.constantFrom(...COMMANDS), fc.array(fc.nat(20)), (command, cuts) => {
    const line = command.words.map((word, at) => word.slice(0, Math.max(1, word.length - (cuts[at] ?? 0)))).join(" ");
    const expansion = expand(line);
    return (
      expansion.kind !== "command" ||
      line.split(" ").every((word, at) => expansion.text.split(" ")[at].startsWith(word))
    );
  });
  fc.assert(property);
});

t.test("help", async (t) => {
  const names = (line: string): string => describeCommands(helpFor(line)).replace(/ {2,}.*$/gm, "");
  t.match(names(""), /^configure \.\.\.\ndebug \.\.\.\n[^]*\nshow \.\.\.\n$/);
  t.match(names("show "), /^show bfd \.\.\.\n[^]*\nshow symbols \.\.\.\n$/);
  t.equal(names("sh s"), names("show "), "a word that is not finished is none");
  t.equal(
    names("show proto "),
    'show protocols [<protocol> | "<pattern>"]\nshow protocols all [<protocol> | "<pattern>"]\n',
  );
  t.match(names("show route for "), /^show route \[<prefix>\|for <prefix>/);
  t.match(names("show nothing "), /^show bfd/);
  const columns = describeCommands(helpFor("show ")).split("\n", 1)[0].indexOf("Show BFD");
  t.equal(columns, 47, "purposes begin in the column of BIRD's");
});

t.test("the list is sorted by name, groups before what they hold", async (t) => {
  const names = COMMANDS.map(({ words }) => words.join(" "));
  t.strictSame(names, [...names].sort());
  t.equal(new Set(names).size, names.length);
  for (const { words } of COMMANDS.filter(({ words }) => words.length > 1))
    t.ok(names.includes(words.slice(0, -1).join(" ")), words.join(" "));
});
