// `starling demo`: shows the speaker at work on this machine.

import type { CommandModule } from "yargs";
import type { CommandContext, GlobalOptions } from "../command-context.js";

interface DemoCommandOptions extends GlobalOptions {
  readonly act: number | undefined;
  readonly plain: boolean;
}

export function demoCommand(context: CommandContext): CommandModule<GlobalOptions, DemoCommandOptions> {
  return {
    command: "demo",
    describe: "Show sessions, routes, a failure and a graceful restart in network namespaces",
    builder: (parser) =>
      parser.option("act", { type: "number", requiresArg: true, describe: "Only this act" }).option("plain", {
        type: "boolean",
        default: false,
        describe: "Use 127.0.x.x instead of network namespaces",
      }),
    handler: ({ act, plain, color }) => context.run(() => context.environment.programs.runDemo({ act, plain, color })),
  };
}
