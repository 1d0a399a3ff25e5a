// `starling replay FILE`: what BGP speakers said in a capture, message by message, and the tables that come of it; or what
// a speaker with our configuration would have made of it. Needs no daemon.

import type { Argv, CommandModule } from "yargs";
import { parseAddress } from "../../base/ip.js";
import { type CommandContext, type GlobalOptions, UsageError } from "../command-context.js";
import type { ReplayRequest } from "../replay-request.js";

interface ReplayCommandOptions extends GlobalOptions {
  readonly file: string;
  readonly port: string;
  readonly peer: string | undefined;
  readonly type: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly rib: boolean;
  readonly as2: boolean;
  readonly as4: boolean;
  readonly addPath: boolean | undefined;
  readonly speaker: string | undefined;
  readonly asPeer: string | undefined;
  readonly node: string | undefined;
}

const TYPES = ["open", "update", "notification", "keepalive", "route-refresh"] as const;

export function replayCommand(context: CommandContext): CommandModule<GlobalOptions, ReplayCommandOptions> {
  return {
    command: "replay <file>",
    describe: "Show the BGP messages and tables in a capture (pcap, pcapng)",
    builder: (parser) => addOptions(parser, context) as unknown as Argv<ReplayCommandOptions>,
    handler: (args) =>
      context.run(async () => {
        const request = await requestOf(args);
        const { runReplay } = await import("../replay-run.js");
        return runReplay(context, request, args);
      }),
  };
}

function addOptions(parser: Argv<GlobalOptions>, context: CommandContext): Argv {
  const text = { type: "string", requiresArg: true } as const;
  return parser
    .positional("file", { type: "string", demandOption: true, describe: "Capture file" })
    .option("port", { ...text, default: "179", describe: "TCP port of BGP" })
    .option("peer", { ...text, describe: "Only sessions of this address" })
    .option("type", { ...text, describe: `Only messages of these types: ${TYPES.join(", ")}` })
    .option("from", { ...text, describe: "Only from this time on (ISO, or seconds since 1970)" })
    .option("to", { ...text, describe: "Only up to this time, tables too" })
    .option("rib", { type: "boolean", default: false, describe: "Only the tables at the end" })
    .option("as2", { type: "boolean", default: false, describe: "AS numbers have two octets" })
    .option("as4", { type: "boolean", default: false, describe: "AS numbers have four octets" })
    .option("add-path", {
      type: "boolean",
      describe: "Prefixes carry path identifiers (--no-add-path: they do not)",
    })
    .option("speaker", { ...text, describe: "Give the recorded routes to a speaker with this configuration" })
    .option("as-peer", { ...text, describe: "With --speaker: as which of its peers (address or name)" })
    .option("node", {
      ...text,
      describe: "With --speaker: name of this node in the mesh (or STARLING_NODE)",
      default: context.environment.env["STARLING_NODE"],
    });
}

async function requestOf(args: ReplayCommandOptions): Promise<ReplayRequest> {
  const { parseMicros } = await import("../../replay/capture-filter.js");
  const port = /^\d{1,5}$/.test(args.port) ? Number(args.port) : 0;
  if (port < 1 || port > 65535) throw new UsageError(`--port: not a port: ${args.port}`);
  const peer = args.peer === undefined ? undefined : parseAddress(args.peer);
  if (args.peer !== undefined && peer === undefined) throw new UsageError(`--peer: not an address: ${args.peer}`);
  if (args.as2 && args.as4) throw new UsageError("--as2 and --as4 exclude each other");
  if ((args.speaker === undefined) !== (args.asPeer === undefined)) {
    throw new UsageError("--speaker and --as-peer belong together");
  }
  const moment = (option: string, text: string | undefined, otherwise: number): number => {
    const micros = text === undefined ? otherwise : parseMicros(text);
    if (micros === undefined) throw new UsageError(`--${option}: not a time: ${text}`);
    return micros;
  };
  return {
    file: args.file,
    options: { port, fourOctetAs: args.as2 ? false : args.as4 ? true : undefined, addPath: args.addPath },
    filter: {
      peer,
      types: typesOf(args.type),
      fromMicros: moment("from", args.from, -Infinity),
      toMicros: moment("to", args.to, Infinity),
    },
    ribOnly: args.rib,
    speaker:
      args.speaker === undefined || args.asPeer === undefined
        ? undefined
        : { config: args.speaker, peer: args.asPeer, node: args.node },
  };
}

function typesOf(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  return text.split(",").map((word) => {
    const type = word.trim().toLowerCase();
    if (!TYPES.some((known) => known === type)) throw new UsageError(`--type: ${word} is none of ${TYPES.join(", ")}`);
    return type.toUpperCase();
  });
}
