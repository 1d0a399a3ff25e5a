// `starling peer enable|disable|reset|refresh ADDRESS`: what an operator does to one peer. The reason of a shutdown or
// reset goes to the peer (RFC 9003).

import type { CommandModule } from "yargs";
import { unreachable } from "../../base/invariant.js";
import type { RefreshDirection } from "../api-types.js";
import { type CommandContext, EXIT_OK, type GlobalOptions, UsageError } from "../command-context.js";

const ACTIONS = ["enable", "disable", "reset", "refresh"] as const;
type Action = (typeof ACTIONS)[number];

interface PeerOptions extends GlobalOptions {
  readonly action: Action;
  readonly peer: string;
  readonly reason: string | undefined;
  readonly direction: RefreshDirection;
}

export function peerCommand(context: CommandContext): CommandModule<GlobalOptions, PeerOptions> {
  return {
    command: "peer <action> <peer>",
    describe: "Enable, disable, reset or refresh a peer",
    builder: (parser) =>
      parser
        .positional("action", { choices: ACTIONS, demandOption: true, describe: "What to do" })
        .positional("peer", { type: "string", demandOption: true, describe: "Address or name" })
        .option("reason", {
          type: "string",
          requiresArg: true,
          describe: "Told to the peer when its session is closed (RFC 9003)",
        })
        .option("direction", {
          choices: ["in", "out", "both"] as const,
          default: "both" as const,
          describe: "refresh: ask for its routes again, send ours again, or both",
        }),
    handler: (args) => context.run(() => act(context, args)),
  };
}

async function act(context: CommandContext, args: PeerOptions): Promise<number> {
  const { action, peer, reason, direction } = args;
  if (reason !== undefined && (action === "enable" || action === "refresh"))
    throw new UsageError(`--reason means nothing for ${action}`);
  const params = action === "refresh" ? { peer, direction } : { peer, reason };
  const done = await context.withDaemon(args, (client) => client.request(methodOf(action), params));
  await context.printAs(args, done, () => `${confirmation(action)} ${(done as { address: string }).address}\n`);
  return EXIT_OK;
}

function methodOf(action: Action): string {
  return `${action}Peer`;
}

function confirmation(action: Action): string {
  switch (action) {
    case "enable":
      return "enabled";
    case "disable":
      return "disabled";
    case "reset":
      return "reset";
    case "refresh":
      return "refreshing";
    default:
      return unreachable(action);
  }
}
