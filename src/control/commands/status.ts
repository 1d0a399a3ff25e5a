// `starling status`: is everything well? The exit code says it too.

import type { CommandModule } from "yargs";
import type { PeerStatus, SpeakerStatus } from "../../speaker/snapshot.js";
import { type CommandContext, EXIT_DEGRADED, EXIT_OK, type GlobalOptions } from "../command-context.js";
import { formatStatus, isDegraded } from "../status-view.js";

export function statusCommand(context: CommandContext): CommandModule<GlobalOptions, GlobalOptions> {
  return {
    command: "status",
    describe: "Show the daemon and its peers; exit code 1 if something needs attention",
    handler: (args) => context.run(() => showStatus(context, args)),
  };
}

async function showStatus(context: CommandContext, args: GlobalOptions): Promise<number> {
  const { status, peers } = await context.withDaemon(args, async (client) => ({
    status: (await client.request("status")) as SpeakerStatus,
    peers: (await client.request("peers")) as readonly PeerStatus[],
  }));
  await context.printAs(args, { status, peers }, () => formatStatus(status, peers, context.columnOptions(args)));
  return isDegraded(status, peers) ? EXIT_DEGRADED : EXIT_OK;
}
