// The program behind the words of the command line. Loads only what the command needs.

import { unreachable } from "../base/invariant.js";
import { type CliEnvironment, CommandContext } from "./command-context.js";
import { explain } from "./exit-code.js";
import { type PlainCommand, plainCommand } from "./plain-command.js";

/** Runs the command in `words` and gives the exit code, as runCli does; never throws, never exits. */
export async function runProgram(words: readonly string[], environment: CliEnvironment): Promise<number> {
  const command = plainCommand(words, environment);
  if (command === undefined) return (await import("./cli.js")).runCli(words, environment);
  try {
    return await runPlain(command, environment);
  } catch (error) {
    return explain(error, environment);
  }
}

async function runPlain(command: PlainCommand, environment: CliEnvironment): Promise<number> {
  const { version, programs } = environment;
  const context = new CommandContext(environment);
  switch (command.name) {
    case "version":
      await context.print(`starling ${version}\n`);
      return context.exitCode;
    case "run":
      return programs.runDaemon({ config: command.config, node: command.node, version });
    case "status": {
      const { showStatus } = await import("./commands/status.js");
      return showStatus(context, { ...command.options, resetDelay: false });
    }
    case "peers": {
      const { listPeers } = await import("./commands/peers.js");
      return listPeers(context, { ...command.options, peer: undefined, failed: false });
    }
    case "reload": {
      const { reload } = await import("./commands/reload.js");
      return reload(context, command.options);
    }
    default:
      return unreachable(command);
  }
}
