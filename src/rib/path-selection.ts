// Which paths of a prefix an ADD-PATH group is to be told, before export rules and policy are asked about each of them:
// all that take part in the decision process, or the best n in its order (RFC 7911 §2 leaves the choice to us).

import type { LocRib } from "./loc-rib.js";
import type { PrefixId, RouteId } from "./route-table.js";

/** Longer lists are sorted by the engine, which allocates. */
const SHORT = 32;

export class PathSelection {
  readonly #rib: LocRib;
  readonly #most: number;
  readonly #paths: RouteId[] = [];

  /** `most`: paths per prefix. */
  constructor(rib: LocRib, most: number | "all") {
    this.#rib = rib;
    this.#most = most === "all" ? Infinity : most;
  }

  /** Rows of the paths, ascending; valid until the next call. The row is the path identifier that peers are told: unique
   *  among the paths of a prefix, the same as long as the path lives, whatever its attributes. */
  select(prefix: PrefixId): readonly RouteId[] {
    const paths = this.#paths;
    const { routes, decision } = this.#rib;
    if (this.#most === Infinity) {
      paths.length = 0;
      for (let route = routes.head(prefix); route !== 0; route = routes.next(route)) {
        if (decision.isEligible(route)) paths.push(route);
      }
    } else decision.ranked(prefix, this.#most, paths);
    sortAscending(paths);
    return paths;
  }
}

function sortAscending(rows: RouteId[]): void {
  if (rows.length > SHORT) {
    rows.sort((a, b) => a - b);
    return;
  }
  for (let i = 1; i < rows.length; i++) {
    const row = rows[i];
    let at = i;
    for (; at > 0 && rows[at - 1] > row; at--) rows[at] = rows[at - 1];
    rows[at] = row;
  }
}
