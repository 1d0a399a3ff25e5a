// `starling drain [PEER…] [--all] [--off]`: before maintenance, tells peers that their sessions are about to go down, so
// that they take other ways first (RFC 8326).

import type { CommandModule } from "yargs";
import { type CommandContext, EXIT_OK, type GlobalOptions, UsageError } from "../command-context.js";

interface DrainOptions extends GlobalOptions {
  readonly peer: readonly string[] | undefined;
  readonly all: boolean;
  readonly off: boolean;
}

export function drainCommand(context: CommandContext): CommandModule<GlobalOptions, DrainOptions> {
  return {
    command: "drain [peer..]",
    describe: "Ask peers to take other ways, before maintenance",
    builder: (parser) =>
      parser
        // Elsewhere the last of two equal options counts; here every word is a peer.
        .parserConfiguration({ "parse-numbers": false, "duplicate-arguments-array": true })
        .positional("peer", { type: "string", array: true, describe: "Addresses or names" })
        .option("all", {
          type: "boolean",
          default: false,
          describe: "Every peer, also those that come later",
        })
        .option("off", { type: "boolean", default: false, describe: "Maintenance is over" })
        .epilogue(
          "Routes go to the peers with the community GRACEFUL_SHUTDOWN, inside the AS with LOCAL_PREF 0, and external peers' " +
            "routes are taken with LOCAL_PREF 0 (RFC 8326). Wait until the traffic has moved, then disable the peers or stop " +
            "the daemon. A reload keeps it, the end of the daemon does not.",
        ),
    handler: (args) => context.run(() => drain(context, args)),
  };
}

async function drain(context: CommandContext, args: DrainOptions): Promise<number> {
  const { all, off } = args;
  const peers = args.peer ?? [];
  if (all && peers.length > 0) throw new UsageError("name peers or say --all, not both");
  if (!all && peers.length === 0) throw new UsageError("which peers? Name them, or say --all");
  const params = all ? { all, draining: !off } : { peers, draining: !off };
  const done = await context.withDaemon(args, (client) => client.request("drain", params));
  await context.printAs(args, done, () => confirmation(done as { readonly peers: readonly string[] }, off));
  return EXIT_OK;
}

function confirmation({ peers }: { readonly peers: readonly string[] }, off: boolean): string {
  const words = off ? "no longer draining" : "draining";
  return peers.length === 0 ? `${words} any peer that comes\n` : peers.map((peer) => `${words} ${peer}\n`).join("");
}
