// Counts of each source for status: stale paths, which are always known, and best paths, which nobody keeps. A walk over a
// whole table, in steps, so that whoever shows them can let others work in between.

import type { Family } from "../base/family.js";
import type { LocRib } from "./loc-rib.js";
import type { SourceTable } from "./sources.js";

/** By SourceId. */
export interface SourceCounts {
  readonly best: Int32Array;
  readonly stale: Int32Array;
}

const PREFIXES_PER_STEP = 2048;

/** Each next() looks at some prefixes; the last one gives the counts. What changes in between may be counted in either
 *  state; sources that come in between are not counted. */
export function* countBySource(rib: LocRib, sources: SourceTable, family: Family): Generator<undefined, SourceCounts> {
  const { routes } = rib;
  const best = new Int32Array(sources.end);
  const stale = new Int32Array(sources.end);
  for (let prefix = 1; prefix < routes.prefixes.end; prefix++) {
    if (prefix % PREFIXES_PER_STEP === 0) yield;
    if (!routes.prefixes.isUsed(prefix)) continue;
    const head = rib.best(prefix);
    if (head !== 0) best[routes.source(head)]++;
  }
  for (const source of sources) stale[source.id] = source.stale[family];
  return { best, stale };
}
