// `starling run -c FILE`: the daemon, in the foreground, logging to standard error.

import type { Argv, CommandModule } from "yargs";
import type { CommandContext, GlobalOptions } from "../command-context.js";
import { DEFAULT_CONFIG } from "../plain-command.js";
import { checkFile } from "./check.js";

interface RunCommandOptions extends GlobalOptions {
  readonly config: string;
  readonly checkOnly: boolean;
  readonly node: string | undefined;
}

export function runCommand(context: CommandContext): CommandModule<GlobalOptions, RunCommandOptions> {
  const { env, version, programs } = context.environment;
  return {
    command: "run",
    describe: "Run the daemon in the foreground",
    builder: (parser) =>
      parser
        .option("config", {
          alias: "c",
          type: "string",
          requiresArg: true,
          describe: "Configuration file",
          default: DEFAULT_CONFIG,
        })
        .option("check-only", { type: "boolean", default: false, describe: "Check the file and end" })
        .option("node", {
          type: "string",
          requiresArg: true,
          describe: "Name of this node in the mesh (or STARLING_NODE)",
          default: env["STARLING_NODE"],
        }) as unknown as Argv<RunCommandOptions>,
    handler: ({ config, checkOnly, node }) =>
      context.run(() => (checkOnly ? checkFile(context, config, node) : programs.runDaemon({ config, node, version }))),
  };
}
