// `starling routes [STAGE]`: the tables, printed as they come, so that a million routes need no memory here.

import type { CommandModule } from "yargs";
import { unreachable } from "../../base/invariant.js";
import type { KernelRouteView, RouteStage, RouteView } from "../../speaker/snapshot.js";
import type { ControlClient } from "../client.js";
import { type CommandContext, EXIT_OK, type GlobalOptions, toYaml, UsageError } from "../command-context.js";
import { prefixText } from "../methods.js";
import { type Column, ColumnPrinter } from "../render.js";
import { KERNEL_COLUMNS, RECEIVED_COLUMNS, ROUTE_COLUMNS, WIDE_ROUTE_COLUMNS } from "../routes-view.js";

interface RoutesOptions extends GlobalOptions {
  readonly stage: RouteStage;
  readonly peer: string | undefined;
  readonly prefix: string | undefined;
  readonly longer: boolean;
  readonly count: boolean;
  readonly family: "ipv4" | "ipv6" | undefined;
}

const STAGES: readonly RouteStage[] = ["received", "best", "advertised", "kernel"];

export function routesCommand(context: CommandContext): CommandModule<GlobalOptions, RoutesOptions> {
  return {
    command: "routes [stage]",
    describe: "Show routes: received, best, advertised to a peer, or in the kernel",
    builder: (parser) =>
      parser
        .positional("stage", { choices: STAGES, default: "best" as const, describe: "Which table" })
        .option("peer", { type: "string", requiresArg: true, describe: "From or to this peer (address or name)" })
        .option("prefix", {
          type: "string",
          requiresArg: true,
          describe: "Only this prefix; an address: the longest match",
        })
        .option("longer", { type: "boolean", default: false, describe: "Also what lies inside the prefix" })
        .option("count", { type: "boolean", default: false, describe: "Only say how many" })
        .option("family", {
          choices: ["ipv4", "ipv6"] as const,
          describe: "Only this address family",
        }),
    handler: (args) => context.run(() => showRoutes(context, args)),
  };
}

async function showRoutes(context: CommandContext, args: RoutesOptions): Promise<number> {
  if (args.longer && args.prefix === undefined) throw new UsageError("--longer needs --prefix");
  if (args.stage === "advertised" && args.peer === undefined)
    throw new UsageError("advertised routes are those of one peer: say --peer");
  const { stage, peer, longer, family } = args;
  const query = { stage, peer, prefix: prefixText(args.prefix), longer, family };
  await context.withDaemon(args, async (client) => {
    if (!args.count) return printRoutes(context, args, client, query);
    const count = (await client.request("countRoutes", query)) as number;
    return context.printAs(args, count, () => `${count}\n`);
  });
  return EXIT_OK;
}

type Rows = readonly (RouteView & KernelRouteView)[];

async function printRoutes(
  context: CommandContext,
  args: RoutesOptions,
  client: ControlClient,
  query: Readonly<Record<string, unknown>>,
): Promise<void> {
  const writer = rowWriter(context, args);
  for await (const chunk of client.stream("routes", query)) await context.print(await writer.rows(chunk as Rows));
  await context.print(await writer.end());
}

interface RowWriter {
  rows(rows: Rows): string | Promise<string>;
  end(): string | Promise<string>;
}

function rowWriter(context: CommandContext, args: RoutesOptions): RowWriter {
  switch (args.output) {
    case "json":
      return jsonWriter();
    case "yaml":
      return yamlWriter();
    case "table":
    case "wide":
      return columnWriter(columnsFor(args), context, args);
    default:
      return unreachable(args.output);
  }
}

function columnsFor(args: RoutesOptions): readonly Column<RouteView & KernelRouteView>[] {
  if (args.stage === "kernel") return KERNEL_COLUMNS;
  if (args.output === "wide") return WIDE_ROUTE_COLUMNS;
  return args.stage === "received" ? RECEIVED_COLUMNS : ROUTE_COLUMNS;
}

function columnWriter(
  columns: readonly Column<RouteView & KernelRouteView>[],
  context: CommandContext,
  args: RoutesOptions,
): RowWriter {
  const printer = new ColumnPrinter(columns, context.columnOptions(args));
  let started = false;
  return {
    rows: (rows) => {
      started = true;
      return printer.format(rows);
    },
    end: () => (started ? "" : printer.format([])),
  };
}

/** One array, one route a line. */
function jsonWriter(): RowWriter {
  let separator = "[\n";
  return {
    rows: (rows) => {
      const text = rows.map((row) => JSON.stringify(row)).join(",\n");
      const before = separator;
      separator = ",\n";
      return before + text;
    },
    end: () => (separator === "[\n" ? "[]\n" : "\n]\n"),
  };
}

/** Sequences one behind the other are one sequence. */
function yamlWriter(): RowWriter {
  let started = false;
  return {
    rows: (rows) => {
      started = true;
      return toYaml(rows);
    },
    end: () => (started ? "" : "[]\n"),
  };
}
