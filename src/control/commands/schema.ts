// `starling schema`: the JSON Schema of the configuration file, for editors and other checkers.

import type { CommandModule } from "yargs";
import { type CommandContext, EXIT_OK, type GlobalOptions, toYaml } from "../command-context.js";

export function schemaCommand(context: CommandContext): CommandModule<GlobalOptions, GlobalOptions> {
  return {
    command: "schema",
    describe: "Print the JSON Schema of the configuration file",
    handler: (args) => context.run(() => printSchema(context, args)),
  };
}

async function printSchema(context: CommandContext, args: GlobalOptions): Promise<number> {
  const { configJsonSchema } = await import("../../config/schema.js");
  const schema = configJsonSchema();
  await context.print(args.output === "yaml" ? await toYaml(schema) : `${JSON.stringify(schema, undefined, 2)}\n`);
  return EXIT_OK;
}
