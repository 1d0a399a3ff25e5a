// `starling status`: is everything well? The exit code says it too.

import type { Argv, CommandModule } from "yargs";
import type { PeerStatus, SpeakerStatus } from "../../speaker/snapshot.js";
import { type CommandContext, EXIT_DEGRADED, EXIT_OK, type GlobalOptions } from "../command-context.js";
import { formatStatus, isDegraded } from "../status-view.js";

export interface StatusOptions extends GlobalOptions {
  readonly resetDelay: boolean;
}

export function statusCommand(context: CommandContext): CommandModule<GlobalOptions, StatusOptions> {
  return {
    command: "status",
    describe: "Show the daemon and its peers; exit code 1 if something needs attention",
    builder: (parser) =>
      parser.option("reset-delay", {
        type: "boolean",
        default: false,
        describe: "Afterwards measure the delay of the event loop anew",
      }) as unknown as Argv<StatusOptions>,
    handler: (args) => context.run(() => showStatus(context, args)),
  };
}

/** Prints the status; gives the exit code. */
export async function showStatus(context: CommandContext, args: StatusOptions): Promise<number> {
  const { status, peers } = await context.withDaemon(args, async (client) => {
    const status = (await client.request("status")) as SpeakerStatus;
    const peers = (await client.request("peers")) as readonly PeerStatus[];
    if (args.resetDelay) await client.request("resetEventLoopDelay");
    return { status, peers };
  });
  await context.printAs(args, { status, peers }, () => formatStatus(status, peers, context.columnOptions(args)));
  return isDegraded(status, peers) ? EXIT_DEGRADED : EXIT_OK;
}
