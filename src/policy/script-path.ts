// AS paths as scripts see them: first and last AS, what a mask or a set says, what is left when AS numbers are taken out.
//
// An AS_SET counts as one position of the path. Prepending: prepend of compile.ts.

import { isUnorderedSegment } from "./values.js";
import type { AsPath } from "./route.js";
import type { PathMaskItem } from "./script-ast.js";

const AS_SEQUENCE = 2;

/** The nearest AS; 0 where the path is empty or begins with a set. */
export function nearestAs(path: AsPath): number {
  const first = path[0];
  return first?.type === AS_SEQUENCE ? (first.asNumbers[0] ?? 0) : 0;
}

/** The AS the path begins at; 0 where it is empty or ends in a set. */
export function farthestAs(path: AsPath): number {
  const last = path[path.length - 1];
  return last?.type === AS_SEQUENCE ? (last.asNumbers[last.asNumbers.length - 1] ?? 0) : 0;
}

/** The last AS before the first set; 0 where there is none. */
export function lastNonAggregatedAs(path: AsPath): number {
  let last = 0;
  for (const { type, asNumbers } of path) {
    if (type !== AS_SEQUENCE) break;
    last = asNumbers[asNumbers.length - 1] ?? last;
  }
  return last;
}

export function hasAs(path: AsPath, test: (as: number) => boolean): boolean {
  return path.some(({ asNumbers }) => asNumbers.some(test));
}

/** The path without the AS numbers that `keeps` refuses; segments that are left empty go. */
export function filteredPath(path: AsPath, keeps: (as: number) => boolean): AsPath {
  return path
    .map(({ type, asNumbers }) => ({ type, asNumbers: asNumbers.filter(keeps) }))
    .filter(({ asNumbers }) => asNumbers.length > 0);
}

/** True if the mask covers the whole path. Expressions in it are numbers by now. */
export function matchesMask(path: AsPath, mask: readonly PathMaskItem[]): boolean {
  // The items that may come next, as in a non-deterministic automaton: `*` may be passed by at any time.
  let at = passStars(mask, new Set([0]));
  for (const position of positionsOf(path)) {
    const next = new Set<number>();
    for (const index of at) {
      const item = mask[index] as PathMaskItem | undefined;
      if (item === undefined) continue;
      if (item.kind === "any") next.add(index);
      else if (fitsOne(item, position)) next.add(index + 1);
    }
    if (next.size === 0) return false;
    at = passStars(mask, next);
  }
  return at.has(mask.length);
}

function passStars(mask: readonly PathMaskItem[], at: Set<number>): Set<number> {
  // Indices that are added are visited too.
  for (const index of at) if (mask[index]?.kind === "any") at.add(index + 1);
  return at;
}

/** The AS numbers at each position. */
function positionsOf(path: AsPath): readonly (readonly number[])[] {
  return path.flatMap(({ type, asNumbers }) =>
    isUnorderedSegment(type) ? [asNumbers] : asNumbers.map((as) => [as] as const),
  );
}

function fitsOne(item: PathMaskItem, position: readonly number[]): boolean {
  switch (item.kind) {
    case "one":
      return true;
    case "as":
      return position.includes(item.as);
    case "range":
      return position.some((as) => as >= item.least && as <= item.greatest);
    default:
      return false;
  }
}
