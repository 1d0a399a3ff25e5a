// A configuration file named on the command line: read, checked, its faults told. For commands that need no daemon.

import { readFileSync } from "node:fs";
import { messageOf } from "../base/error-message.js";
import { formatConfigErrors } from "../config/config-error.js";
import type { ParsedConfig } from "../config/parse-yaml.js";
import type { CommandContext } from "./command-context.js";

/** What the file says, or undefined after its faults were printed. `node`: our name in its mesh. */
export async function loadConfig(
  context: CommandContext,
  file: string,
  node: string | undefined,
): Promise<ParsedConfig | undefined> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const reason = messageOf(error);
    await context.printError(`starling: cannot read ${file}: ${reason}`);
    return undefined;
  }
  const { parseConfig } = await import("../config/parse-yaml.js");
  const result = parseConfig(text, file, { node });
  if (!("errors" in result)) return result;
  await context.printError(formatConfigErrors(result.errors));
  return undefined;
}
