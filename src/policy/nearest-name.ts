// "Did you mean …?": the name that a misspelt one is nearest to.
//
// Edit distance with swaps of neighbouring letters; up to a third of the letters may be wrong. For names that people
// write: a handful of candidates, never on the hot path.

/** `did you mean "x"?` for the candidate nearest to a misspelt name, or "". */
export function nearestHint(name: string, candidates: Iterable<string>): string {
  let nearest = "";
  // Of one or two letters none may be wrong: any other short name would be near.
  let least = name.length <= 2 ? 1 : Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = candidate.toLowerCase() === name.toLowerCase() ? 0 : editDistance(name, candidate, least);
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest === "" ? "" : `did you mean "${nearest}"?`;
}

/** Insertions, deletions, replacements and swaps of neighbours between two texts; `limit` or more is not worked out. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit || a.length > 64) return limit;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let distance = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + cost);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) distance = Math.min(distance, before[j - 2] + 1);
      row.push(distance);
    }
    before = last;
    last = row;
  }
  return last[b.length];
}
