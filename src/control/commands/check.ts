// `starling check FILE`: is the configuration right? Needs no daemon.

import type { CommandModule } from "yargs";
import { formatConfigErrors } from "../../config/config-error.js";
import { type CommandContext, EXIT_DEGRADED, EXIT_OK, type GlobalOptions } from "../command-context.js";
import { loadConfig } from "../config-argument.js";

interface CheckOptions extends GlobalOptions {
  readonly file: string;
  readonly node: string | undefined;
}

export function checkCommand(context: CommandContext): CommandModule<GlobalOptions, CheckOptions> {
  return {
    command: "check <file>",
    describe: "Check a configuration file",
    builder: (parser) =>
      parser.positional("file", { type: "string", demandOption: true, describe: "YAML file" }).option("node", {
        type: "string",
        requiresArg: true,
        describe: "Name of this node in the mesh (or STARLING_NODE)",
        default: context.environment.env["STARLING_NODE"],
      }),
    handler: (args) => context.run(() => checkFile(context, args.file, args.node)),
  };
}

/** Prints what is wrong with the file, or that nothing is; gives the exit code. */
export async function checkFile(context: CommandContext, file: string, node: string | undefined): Promise<number> {
  const result = await loadConfig(context, file, node);
  if (result === undefined) return EXIT_DEGRADED;
  if (result.warnings.length > 0) await context.printError(formatConfigErrors(result.warnings));
  const { peers, dynamicPeers } = result.config;
  const ranges =
    dynamicPeers.length === 0
      ? ""
      : `, ${dynamicPeers.length} range${dynamicPeers.length === 1 ? "" : "s"} of dynamic peers`;
  await context.print(`${file}: ok, ${peers.length} peer${peers.length === 1 ? "" : "s"}${ranges}\n`);
  return EXIT_OK;
}
