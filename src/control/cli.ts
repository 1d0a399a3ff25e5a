// The command line: commands, options, exit codes. What a command does stands in commands/.

import yargs, { type Argv } from "yargs";
import { checkCommand } from "./commands/check.js";
import { demoCommand } from "./commands/demo.js";
import { drainCommand } from "./commands/drain.js";
import { peerCommand } from "./commands/peer.js";
import { peersCommand } from "./commands/peers.js";
import { policyCommand } from "./commands/policy.js";
import { reloadCommand } from "./commands/reload.js";
import { replayCommand } from "./commands/replay.js";
import { routesCommand } from "./commands/routes.js";
import { runCommand } from "./commands/run.js";
import { schemaCommand } from "./commands/schema.js";
import { statusCommand } from "./commands/status.js";
import {
  type CliEnvironment,
  CommandContext,
  type GlobalOptions,
  OUTPUT_FORMATS,
  UsageError,
} from "./command-context.js";
import { explain } from "./exit-code.js";
import { globalDefaults } from "./global-options.js";

/** Runs the command in `words` (without interpreter and program) and gives the exit code: 0 fine, 1 degraded or refused,
 *  2 no daemon, 64 wrong usage, 70 our bug. Never throws, never exits. */
export async function runCli(words: readonly string[], environment: CliEnvironment): Promise<number> {
  const context = new CommandContext(environment);
  try {
    await parse(words, context);
    return context.exitCode;
  } catch (error) {
    return explain(error, environment);
  }
}

async function parse(words: readonly string[], context: CommandContext): Promise<void> {
  let text = "";
  // `help COMMAND` is what people try first; yargs knows the option only.
  const helped = words[0] === "help" ? [...words.slice(1), "--help"] : [...words];
  const parser = describe(context);
  await parser.parseAsync(helped, {}, (_error: Error | undefined, _argv: unknown, output: string) => {
    text = output;
  });
  if (text !== "") await context.print(`${text}\n`);
}

function describe(context: CommandContext): Argv<GlobalOptions> {
  return addCommands(addOptions(yargs(), context.environment), context)
    .completion("completion", "Print a completion script for bash or zsh")
    .demandCommand(1, "say what to do")
    .strict()
    .recommendCommands()
    .version(`starling ${context.environment.version}`)
    .help()
    .alias("help", "h")
    .wrap(100)
    .epilogue("Exit codes: 0 fine, 1 degraded or refused, 2 no daemon answers, 64 wrong usage.")
    .exitProcess(false)
    .fail((message, error) => {
      // yargs gives its own complaints as a message, what a command throws as an error.
      throw (error as Error | undefined) ?? new UsageError(message);
    });
}

function addOptions(parser: Argv, environment: CliEnvironment): Argv<GlobalOptions> {
  const defaults = globalDefaults(environment);
  return parser
    .scriptName("starling")
    .usage("$0 COMMAND\n\nA BGP speaker and route reflector.")
    .locale("en")
    .parserConfiguration({ "parse-numbers": false, "duplicate-arguments-array": false })
    .option("socket", {
      type: "string",
      describe: "Control socket of the daemon (or STARLING_SOCKET)",
      default: defaults.socket,
      requiresArg: true,
    })
    .option("output", { alias: "o", choices: OUTPUT_FORMATS, describe: "How to print", default: defaults.output })
    .option("headers", {
      type: "boolean",
      describe: "Titles above columns (--no-headers)",
      default: defaults.headers,
    })
    .option("color", {
      type: "boolean",
      describe: "Colours (--no-color, NO_COLOR)",
      default: defaults.color,
      defaultDescription: "on a terminal",
    });
}

function addCommands(parser: Argv<GlobalOptions>, context: CommandContext): Argv<GlobalOptions> {
  return parser
    .command(runCommand(context))
    .command(checkCommand(context))
    .command(statusCommand(context))
    .command(peersCommand(context))
    .command(routesCommand(context))
    .command(reloadCommand(context))
    .command(peerCommand(context))
    .command(drainCommand(context))
    .command(policyCommand(context))
    .command(replayCommand(context))
    .command(demoCommand(context))
    .command(schemaCommand(context));
}
