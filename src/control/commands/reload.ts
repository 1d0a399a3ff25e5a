// `starling reload`: the daemon reads its configuration file again and says what changed.

import type { CommandModule } from "yargs";
import type { ReloadResult } from "../api-types.js";
import {
  type CommandContext,
  EXIT_DEGRADED,
  EXIT_OK,
  type GlobalOptions,
  RELOAD_TIMEOUT_MS,
} from "../command-context.js";
import { printable } from "../render.js";

export function reloadCommand(context: CommandContext): CommandModule<GlobalOptions, GlobalOptions> {
  return {
    command: "reload",
    describe: "Read the configuration file again; a bad file changes nothing",
    handler: (args) => context.run(() => reload(context, args)),
  };
}

/** Asks the daemon to reload and prints what it says; gives the exit code. */
export async function reload(context: CommandContext, args: GlobalOptions): Promise<number> {
  const result = await context.withDaemon(
    args,
    async (client) => (await client.request("reload")) as ReloadResult,
    RELOAD_TIMEOUT_MS,
  );
  if (result.ok) {
    await context.printAs(args, result, () => formatChanges(result.changes));
    return EXIT_OK;
  }
  await context.printError("The configuration was not changed:");
  for (const line of result.errors) await context.printError(line.split("\n").map(printable).join("\n"));
  if (args.output === "json" || args.output === "yaml") await context.printAs(args, result, () => "");
  return EXIT_DEGRADED;
}

function formatChanges(changes: readonly string[]): string {
  if (changes.length === 0) return "Reloaded: nothing changed.\n";
  return `Reloaded:\n${changes.map((change) => `  ${printable(change)}\n`).join("")}`;
}
