// Filters may say something of every route: the log hears the first lines only.

import t from "tap";
import { SILENT_LOG } from "../../../src/base/log.js";
import { limitedScriptLog } from "../../../src/bird/daemon/script-log.js";
import { FakeClock } from "../../support/fake-clock.js";

t.test("ten lines in ten seconds", async (t) => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = limitedScriptLog(
    { ...SILENT_LOG, error: (text) => void lines.push(`error ${text}`), info: (text) => void lines.push(text) },
    clock,
  );
  for (let i = 0; i < 1000; i++) log("error", "filters, line 3: Incompatible types");
  t.equal(lines.length, 10);
  t.equal(lines[0], "error filters, line 3: Incompatible types");
  t.equal(lines[9], "error filters, line 3: Incompatible types (more of this is not logged for 10 s)");
  clock.advance(10_000);
  log("print", "words");
  t.equal(lines[10], "words");
});
