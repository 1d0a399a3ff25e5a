// Medians, percentiles, ratios of pairs.

/** A median and what it is the median of. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly count: number;
}

function sorted(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}

/** Undefined where there are no values. */
export function median(values: readonly number[]): number | undefined {
  const ordered = sorted(values);
  const middle = ordered.length >> 1;
  if (ordered.length === 0) return undefined;
  return ordered.length % 2 === 1 ? ordered[middle] : (ordered[middle - 1] + ordered[middle]) / 2;
}

/** The smallest value that `fraction` (0 … 1) of the values do not exceed; undefined where there are none. */
export function percentile(values: readonly number[], fraction: number): number | undefined {
  const ordered = sorted(values);
  return ordered[Math.max(0, Math.ceil(ordered.length * fraction) - 1)];
}

export function spread(values: readonly number[]): Spread | undefined {
  const middle = median(values);
  if (middle === undefined) return undefined;
  const ordered = sorted(values);
  return { median: middle, least: ordered[0], most: ordered[ordered.length - 1], count: ordered.length };
}

/** Quotients of the values that have the same key in both; what is divided by nothing is left out. */
export function pairedRatios(ours: ReadonlyMap<number, number>, theirs: ReadonlyMap<number, number>): number[] {
  return [...ours].flatMap(([round, value]) => {
    const other = theirs.get(round);
    return other === undefined || other <= 0 ? [] : [value / other];
  });
}
