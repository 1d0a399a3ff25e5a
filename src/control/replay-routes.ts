// Tables of replayed routes: with the columns of `starling routes received`, or as JSON, one row a line.

import type { RouteView } from "../speaker/snapshot.js";
import { ColumnPrinter, type ColumnOptions } from "./render.js";
import { RECEIVED_COLUMNS, WIDE_ROUTE_COLUMNS } from "./routes-view.js";

/** Lines in chunks; nothing at all, not even titles, where there is no route. */
export function* routeLines(
  chunks: Iterable<readonly RouteView[]>,
  options: ColumnOptions & { readonly wide: boolean },
): Generator<string> {
  const printer = new ColumnPrinter(options.wide ? WIDE_ROUTE_COLUMNS : RECEIVED_COLUMNS, options);
  for (const chunk of chunks) if (chunk.length > 0) yield printer.format(chunk);
}

/** One array, one row a line. */
export function jsonRows(rows: readonly unknown[]): string {
  return rows.length === 0 ? "[]\n" : `[\n${rows.map((row) => JSON.stringify(row)).join(",\n")}\n]\n`;
}
