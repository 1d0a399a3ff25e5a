// What scripts say while they run, on its way to the log: errors and prints, each no oftener than five times a second, as a
// filter that fails for one route mostly fails for all of a full table.
//
// Filters are made before the log is there, which their configuration describes: it is put in afterwards.

import type { Clock } from "../base/clock.js";
import type { Log } from "../base/log.js";
import type { ScriptLog } from "../policy/script.js";

const WINDOW_MS = 1000;
const MOST_LINES = 5;

interface Window {
  start: number;
  lines: number;
  dropped: number;
}

export class LimitedScriptLog {
  /** Undefined: nothing is logged yet. */
  log: Log | undefined;
  readonly #clock: Clock;
  readonly #windows = { error: newWindow(), print: newWindow() };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For ScriptOptions.log. */
  readonly write: ScriptLog = (kind, text) => {
    const window = this.#windows[kind];
    const now = this.#clock.now();
    if (now - window.start >= WINDOW_MS) {
      if (window.dropped > 0) this.#say(kind, `filters: ${window.dropped} more lines like the last ones`);
      Object.assign(window, newWindow(), { start: now });
    }
    if (window.lines++ < MOST_LINES) this.#say(kind, text);
    else window.dropped++;
  };

  #say(kind: "error" | "print", text: string): void {
    if (kind === "error") this.log?.error(text);
    else this.log?.info(text);
  }
}

function newWindow(): Window {
  return { start: -WINDOW_MS, lines: 0, dropped: 0 };
}
