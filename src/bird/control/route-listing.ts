// `show route`: from the words of the command to the query, and from what the view gives to lines.

import type { Filter } from "../../policy/route.js";
import type { BirdView, Compiled, RouteQuery } from "./bird-view.js";
import type { FilterText, ShowRoute } from "./commands.js";
import { type Reply, ReplyError, type ReplyLine } from "./reply.js";
import { countText, networkLines } from "./show-routes.js";

/** Throws ReplyError for what the daemon does not have. */
export function showRoutes(command: ShowRoute, view: BirdView): Reply {
  const query = toQuery(command, view);
  return listing(command, query, view);
}

function* listing(command: ShowRoute, query: RouteQuery, view: BirdView): Generator<readonly ReplyLine[], void> {
  const { now } = view.status();
  const counts = { shown: 0, looked: 0, networks: 0 };
  const chunks = view.routes(query);
  try {
    for (;;) {
      const next = chunks.next();
      if (next.done === true) {
        yield ending(command, next.value === "reconfigured", counts);
        return;
      }
      for (const network of next.value) {
        counts.networks++;
        counts.shown += network.shown;
        counts.looked += network.looked;
      }
      yield query.countsOnly ? [] : next.value.flatMap((network) => networkLines(network, command.all, now));
    }
  } finally {
    // A client that went away in the middle.
    chunks.return?.("complete");
  }
}

function ending(
  command: ShowRoute,
  isReconfigured: boolean,
  counts: { readonly shown: number; readonly looked: number; readonly networks: number },
): readonly ReplyLine[] {
  if (isReconfigured) return [{ code: 8004, text: "Stopped due to reconfiguration", isLast: true }];
  if (command.network !== undefined)
    return counts.networks > 0 ? [] : [{ code: 8001, text: "Network not in table", isLast: true }];
  return command.counts === undefined ? [] : [{ code: 14, text: countText(counts), isLast: true }];
}

function toQuery(command: ShowRoute, view: BirdView): RouteQuery {
  const { exported, protocol, table = "master" } = command;
  for (const name of [exported?.protocol, protocol]) {
    if (name !== undefined && !view.protocols().some((each) => each.name === name))
      throw new ReplyError(9001, `${name} is not a protocol`);
  }
  const isTable = view.symbols().some(({ name, kind }) => name === table && kind === "routing table");
  if (table !== "master" && !isTable) throw new ReplyError(9001, `${table} is not a table`);
  const filter = command.filter === undefined ? undefined : compile(command.filter, view);
  if (exported !== undefined) requireExport(exported.protocol, view);
  return {
    network: command.network,
    table,
    protocol,
    exported,
    onlyBest: command.primary,
    onlyFiltered: command.filtered,
    filter,
    countsOnly: command.counts === "count",
  };
}

/** What goes out can be told only while something goes out. */
function requireExport(name: string, view: BirdView): void {
  const state = view.protocols().find((each) => each.name === name)?.state;
  if (state !== "up" && state !== "feed") throw new ReplyError(8005, "Protocol is down");
}

function compile(filter: FilterText, view: BirdView): Filter {
  switch (filter.kind) {
    case "named": {
      const found = view.expressions.namedFilter(filter.name);
      if (found === undefined) throw new ReplyError(9001, "No such filter.");
      return found;
    }
    case "body":
      return compiled(view.expressions.compileFilter(filter.text));
    case "where":
      return compiled(view.expressions.compileCondition(filter.text));
  }
}

/** The value, or its error as the reply. */
export function compiled<T>(result: Compiled<T>): T {
  if (!result.ok) throw new ReplyError(9001, result.error);
  return result.value;
}
