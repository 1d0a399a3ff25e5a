// What filters say when they run: a few lines each ten seconds, because a filter may say something of every route.

import type { Clock } from "../../base/clock.js";
import type { Log } from "../../base/log.js";
import type { ScriptLog } from "../../policy/script.js";

const MOST_LINES = 10;
const PERIOD_MS = 10_000;

export function limitedScriptLog(log: Log, clock: Clock): ScriptLog {
  let since = -Infinity;
  let lines = 0;
  return (kind, text) => {
    const now = clock.now();
    if (now - since >= PERIOD_MS) {
      since = now;
      lines = 0;
    }
    lines++;
    if (lines > MOST_LINES) return;
    const suffix = lines === MOST_LINES ? " (more of this is not logged for 10 s)" : "";
    if (kind === "error") log.error(`${text}${suffix}`);
    else log.info(`${text}${suffix}`);
  };
}
