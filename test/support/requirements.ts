// What interop tests need of the machine. On a user's machine a test without it is skipped and says why; in
// continuous integration (environment variable CI) it runs and fails.

import { canUseNetns } from "./netns.js";
import { findProgram } from "./peers/real-peer.js";

/** Options for t.test: the reason to skip, or none. `programs` are names or absolute paths. */
export function needs(...programs: readonly string[]): { readonly skip?: string } {
  if ((process.env["CI"] ?? "") !== "") return {};
  const missing = programs.filter((name) => findProgram(name) === undefined);
  const reason = missing.length > 0 ? `not installed: ${missing.join(", ")}` : canUseNetns();
  return reason === undefined ? {} : { skip: reason };
}
