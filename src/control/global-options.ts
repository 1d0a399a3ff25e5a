// What the options of every command are where nobody says otherwise.

import type { CliEnvironment, GlobalOptions } from "./command-context.js";
import { DEFAULT_SOCKET } from "./protocol.js";

export function globalDefaults({ env, stdout }: Pick<CliEnvironment, "env" | "stdout">): GlobalOptions {
  return {
    socket: env["STARLING_SOCKET"] ?? DEFAULT_SOCKET,
    output: "table",
    headers: true,
    // https://no-color.org: any value but the empty one
    color: stdout.isTTY && (env["NO_COLOR"] ?? "") === "",
  };
}
