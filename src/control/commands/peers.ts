// `starling peers [PEER] [--failed]`: the peers in columns, or one in full.

import type { CommandModule } from "yargs";
import type { PeerStatus } from "../../speaker/snapshot.js";
import { type CommandContext, EXIT_OK, type GlobalOptions } from "../command-context.js";
import { formatPeer, formatPeers } from "../peers-view.js";
import { isFailed } from "../status-view.js";

export interface PeersOptions extends GlobalOptions {
  readonly peer: string | undefined;
  readonly failed: boolean;
}

export function peersCommand(context: CommandContext): CommandModule<GlobalOptions, PeersOptions> {
  return {
    command: "peers [peer]",
    describe: "List the peers, or show one in full",
    builder: (parser) =>
      parser.positional("peer", { type: "string", describe: "Address or name" }).option("failed", {
        type: "boolean",
        default: false,
        describe: "Only peers that should be Established and are not",
      }),
    handler: (args) =>
      context.run(() => (args.peer === undefined ? listPeers(context, args) : showPeer(context, args, args.peer))),
  };
}

/** Prints the list; gives the exit code. */
export async function listPeers(context: CommandContext, args: PeersOptions): Promise<number> {
  const all = await context.withDaemon(
    args,
    async (client) => (await client.request("peers")) as readonly PeerStatus[],
  );
  const peers = args.failed ? all.filter(isFailed) : all;
  await context.printAs(args, peers, () => formatPeers(peers, context.columnOptions(args)));
  return EXIT_OK;
}

async function showPeer(context: CommandContext, args: PeersOptions, name: string): Promise<number> {
  const peer = await context.withDaemon(
    args,
    async (client) => (await client.request("peer", { peer: name })) as PeerStatus,
  );
  await context.printAs(args, peer, () => formatPeer(peer, context.columnOptions(args)));
  return EXIT_OK;
}
