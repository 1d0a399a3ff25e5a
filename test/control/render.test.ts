// The column printer and its small formats.

import t from "tap";
import {
  borderedTable,
  ColumnPrinter,
  durationText,
  momentText,
  nameValueBlock,
  paint,
  printable,
  sinceText,
} from "../../src/control/render.js";

process.env["TZ"] = "UTC";

const COLUMNS = [
  { title: "A", cell: (row: readonly string[]) => row[0] },
  { title: "N", cell: (row: readonly string[]) => row[1], align: "right" as const },
];

t.test("later rows keep the widths of the first, a longer cell shifts its own line only", async (t) => {
  const printer = new ColumnPrinter(COLUMNS, { headers: true, color: false });
  t.equal(printer.format([["abc", "1"]]), "A    N\nabc  1\n");
  t.equal(
    printer.format([
      ["abcdef", "2"],
      ["x", "3"],
    ]),
    "abcdef  2\nx    3\n",
  );
});

t.test("no rows give the titles, or nothing without titles", async (t) => {
  t.equal(new ColumnPrinter(COLUMNS, { headers: true, color: false }).format([]), "A  N\n");
  t.equal(new ColumnPrinter(COLUMNS, { headers: false, color: false }).format([]), "");
});

t.test("an empty cell is a dash, so that fields can be counted", async (t) => {
  t.equal(new ColumnPrinter(COLUMNS, { headers: false, color: false }).format([["", ""]]), "-  -\n");
});

t.test("widths count characters, not UTF-16 units", async (t) => {
  t.equal(
    borderedTable([COLUMNS[0]], [["🐦"], ["ab"]], { headers: true, color: false }),
    "+----+\n| A  |\n+----+\n| 🐦  |\n| ab |\n+----+\n",
  );
});

t.test("a bordered table without titles has only its frame", async (t) => {
  t.equal(borderedTable([COLUMNS[0]], [["x"]], { headers: false, color: false }), "+---+\n| x |\n+---+\n");
});

t.test("control, separator and direction characters become visible", async (t) => {
  t.equal(printable("a\u0000\u001b[31m\u009b\u202e\u2028z"), "a\\x00\\x1b[31m\\x9b\\u202e\\u2028z");
  t.equal(printable("Grüße 🐦"), "Grüße 🐦");
});

t.test("paint colours only where it may", async (t) => {
  t.equal(paint("x", "red", true), "\u001b[31mx\u001b[0m");
  t.equal(paint("x", "red", false), "x");
  t.equal(paint("x", "none", true), "x");
});

t.test("a recent moment is a time of day, an older one a date", async (t) => {
  const at = Date.UTC(2026, 10, 21, 10, 0, 0);
  const cases = [
    { since: "2026-11-21T09:59:59.000Z", want: "09:59:59" },
    { since: "2026-11-20T14:00:01.000Z", want: "14:00:01" },
    { since: "2026-11-20T14:00:00.000Z", want: "2026-11-20" },
    { since: "2025-01-02T03:04:05.000Z", want: "2025-01-02" },
    { since: "never", want: "never" },
  ];
  for (const { since, want } of cases) t.equal(sinceText(since, at), want, since);
  t.equal(momentText("2025-01-02T03:04:05.000Z"), "2025-01-02 03:04:05");
});

t.test("durations show their two largest units", async (t) => {
  const cases: readonly [number, string][] = [
    [0, "0s"],
    [59.9, "59s"],
    [61, "1m01s"],
    [3600, "1h00m"],
    [90_061, "1d1h"],
  ];
  for (const [seconds, want] of cases) t.equal(durationText(seconds), want);
});

t.test("a block leaves out what has no value", async (t) => {
  t.equal(
    nameValueBlock([
      ["Peer", "a"],
      ["Longer", undefined],
      ["AS", "1"],
    ]),
    "Peer:  a\nAS:    1\n",
  );
});
