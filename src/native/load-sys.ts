// Finds and loads the C addon. Where it is missing the speaker still runs, as a reflector without kernel routes, TCP MD5
// and GTSM; whoever needs those shows the words given here.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Sys } from "./sys.js";
import { messageOf } from "../base/error-message.js";

const CONSEQUENCE = "kernel routes, TCP MD5 and GTSM do not work";
const REMEDY = "build it with `node src/native/build-addon.mjs OUTDIR` (needs a C compiler and the headers of Node)";

/** The addon beside this file (`sys.node`), or words that say what does not work and how to mend it.
 *  May be called in any thread; the addon is loaded once per thread. */
export function loadSys(folder = dirname(fileURLToPath(import.meta.url))): { sys: Sys } | { missing: string } {
  const file = join(folder, "sys.node");
  if (!existsSync(file)) return { missing: `${CONSEQUENCE}: ${file} is missing; ${REMEDY}` };
  try {
    return { sys: createRequire(import.meta.url)(file) as Sys };
  } catch (error) {
    const why = messageOf(error);
    return { missing: `${CONSEQUENCE}: ${file} cannot be loaded (${why}); ${REMEDY}` };
  }
}
