// A filter that fails for every route must not fill the log.

import t from "tap";
import { SILENT_LOG } from "../../src/base/log.js";
import { LimitedScriptLog } from "../../src/daemon/script-log.js";
import { FakeClock } from "../support/fake-clock.js";

t.test("five lines of each kind a second, and how many were left out", (t) => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const scripts = new LimitedScriptLog(clock);
  scripts.write("error", "too early");
  clock.advance(1000);
  scripts.log = {
    ...SILENT_LOG,
    error: (text) => void lines.push(`error ${text}`),
    info: (text) => void lines.push(`info ${text}`),
  };
  for (let i = 0; i < 8; i++) scripts.write("error", String(i));
  scripts.write("print", "a");
  t.same(lines.splice(0), ["error 0", "error 1", "error 2", "error 3", "error 4", "info a"]);
  clock.advance(1000);
  scripts.write("error", "later");
  t.same(lines, ["error filters: 3 more lines like the last ones", "error later"]);
  t.end();
});
