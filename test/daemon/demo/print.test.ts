// The printer: colours only where wanted, tables in columns, failures that stand out. And the counting of checks.

import t from "tap";
import { Checks } from "../../../src/daemon/demo/checks.js";
import { Printer } from "../../../src/daemon/demo/print.js";

function printed(color: boolean, write: (printer: Printer) => void): string {
  let text = "";
  write(new Printer((part) => (text += part), color));
  return text;
}

function everything(printer: Printer): void {
  printer.heading("Act");
  printer.part("Sessions");
  printer.say("words");
  printer.warn("a stand-in");
  printer.command("node1", "ip route", "");
  printer.table(
    [
      ["a", "b"],
      ["1", "lost"],
    ],
    (cell) => cell === "lost",
  );
  printer.check(true, "seen");
  printer.check(false, "not seen");
  printer.verdict(true, "done");
}

t.test("without colour there is no escape sequence, with colour the same words", (t) => {
  const plain = printed(false, everything);
  const colored = printed(true, everything);
  // eslint-disable-next-line no-control-regex -- escape sequences are what this is about
  const sequences = /\x1b\[[\d;]*m/g;
  t.notMatch(plain, sequences);
  t.match(colored, sequences);
  t.equal(colored.replace(sequences, ""), plain);
  t.end();
});

t.test("a table is aligned, also where cells are coloured", (t) => {
  const rows = [
    ["from", "pod-1"],
    ["pod-1", "·"],
    ["p", "lost"],
  ];
  t.equal(
    printed(false, (printer) => printer.table(rows)),
    "    from   pod-1\n    pod-1  ·\n    p      lost\n",
  );
  t.end();
});

t.test("a command without output says so", (t) => {
  t.equal(
    printed(false, (printer) => printer.command("node1", "ip route", "\n")),
    "  node1 $ ip route\n    (nothing)\n",
  );
  t.end();
});

t.test("checks are counted, and failed ones kept with their act", (t) => {
  let text = "";
  const checks = new Checks(new Printer((part) => (text += part), false));
  checks.begin("act 1");
  t.equal(checks.expect(true, "pings go on", "never printed"), true);
  checks.begin("act 2");
  t.equal(checks.expect(false, "routes left", "they are still there"), false);
  t.equal(checks.passed, 1);
  t.strictSame(checks.failed, ["act 2: routes left"]);
  t.equal(text, "  ✔ pings go on\n  ✘ routes left — but: they are still there\n");
  t.end();
});
