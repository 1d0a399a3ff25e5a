// The decision process once more, as RFC 4271 §9.1.2.2 and RFC 4456 §9 tell it: sets of paths from which each step takes
// some away. Slow, on plain objects, and written without a look at src/rib/decision.ts.

import type { Carried } from "./naive-route.js";

export interface NaivePath {
  readonly carried: Carried;
  /** Learned inside our AS. */
  readonly isInternal: boolean;
  readonly bgpIdentifier: number;
  readonly address: Uint8Array;
  readonly pathId: number;
  /** IGP cost of the next hop, which is reachable. */
  readonly cost: number;
}

/** How the steps may differ from the RFC's. */
export interface NaiveChoices {
  readonly alwaysCompareMed: boolean;
  readonly missingMedAsWorst: boolean;
  readonly relaxAsPath: boolean;
}

export const PLAIN_CHOICES: NaiveChoices = { alwaysCompareMed: false, missingMedAsWorst: false, relaxAsPath: true };

/** Those whose value is the least. */
function keepLeast<T>(paths: readonly T[], value: (path: T) => number): T[] {
  const least = Math.min(...paths.map(value));
  return paths.filter((path) => value(path) === least);
}

function pathLength({ carried }: NaivePath): number {
  return (carried.attributes.asPath ?? []).reduce(
    (sum, { type, asNumbers }) => sum + (type === 1 ? 1 : asNumbers.length),
    0,
  );
}

/** 0: the path begins in our own AS, or nobody knows. */
function neighborAs({ carried }: NaivePath): number {
  const first = carried.attributes.asPath?.[0];
  return first?.type === 2 ? first.asNumbers[0] : 0;
}

/** §9.1.2.2 c): away with each path for which another of the same neighbouring AS has a lower MED. */
function keepByMed<T extends NaivePath>(paths: readonly T[], choices: NaiveChoices): T[] {
  const absent = choices.missingMedAsWorst ? 0xffffffff : 0;
  const med = ({ carried }: NaivePath): number => carried.attributes.med ?? absent;
  if (choices.alwaysCompareMed) return keepLeast(paths, med);
  return paths.filter(
    (path) => !paths.some((other) => neighborAs(other) === neighborAs(path) && med(other) < med(path)),
  );
}

/** What is left when everything that matters for forwarding has been compared: steps a) to e). */
export function equallyGood<T extends NaivePath>(paths: readonly T[], choices = PLAIN_CHOICES): T[] {
  if (paths.length === 0) return [];
  let left = keepLeast(paths, ({ carried }) => -carried.weight);
  left = keepLeast(left, ({ carried }) => -(carried.attributes.localPref ?? 100));
  left = keepLeast(left, pathLength);
  left = keepLeast(left, ({ carried }) => carried.attributes.origin ?? 2);
  left = keepByMed(left, choices);
  left = keepLeast(left, ({ isInternal }) => Number(isInternal));
  return keepLeast(left, ({ cost }) => cost);
}

/** Those that may share the traffic, the best path among them. */
export function sharing<T extends NaivePath>(paths: readonly T[], choices = PLAIN_CHOICES): T[] {
  const equal = equallyGood(paths, choices);
  if (choices.relaxAsPath) return equal;
  const path = (each: T | undefined): string => JSON.stringify(each?.carried.attributes.asPath ?? []);
  const wanted = path(bestOf(paths, choices));
  return equal.filter((each) => path(each) === wanted);
}

/** The paths in the order in which they are the best when those before them are gone. */
export function rankedBy<T extends NaivePath>(paths: readonly T[], choices = PLAIN_CHOICES): T[] {
  const best = bestOf(paths, choices);
  if (best === undefined) return [];
  return [
    best,
    ...rankedBy(
      paths.filter((path) => path !== best),
      choices,
    ),
  ];
}

/** The best path, or undefined if there is none. */
export function bestOf<T extends NaivePath>(paths: readonly T[], choices = PLAIN_CHOICES): T | undefined {
  if (paths.length === 0) return undefined;
  let left = equallyGood(paths, choices);
  left = keepLeast(left, ({ carried, bgpIdentifier }) => carried.attributes.originatorId ?? bgpIdentifier);
  left = keepLeast(left, ({ carried }) => carried.attributes.clusterList?.length ?? 0);
  left.sort((a, b) => Buffer.compare(a.address, b.address) || a.pathId - b.pathId);
  return left[0];
}
