// Runs a case in both worlds and tells what differs. Daemons come to rest at their own pace: what differs counts only if it
// still does when the time is up, and agreement only if it lasts.

import { eventually, pause } from "../../support/eventually.js";
import type { DifferentialCase } from "./differential-case.js";
import type { DifferentialWorld, Snapshot } from "./differential-world.js";

/** Scans of the kernel are two seconds apart. */
const REST_MS = 2500;
const PATIENCE_MS = 9000;

/** Lines that only one of them has, `- ` BIRD and `+ ` ours, below where they were seen; empty: no difference. */
export async function differences(
  [bird, ours]: readonly [DifferentialWorld, DifferentialWorld],
  wanted: DifferentialCase,
): Promise<string[]> {
  await Promise.all([bird.start(wanted), ours.start(wanted)]);
  await pause(REST_MS);
  const look = async (): Promise<string[]> => {
    const outside = differ(await bird.outside(), await ours.outside());
    return [...outside, ...(outside.length > 0 ? [] : differ(await bird.inside(), await ours.inside()))];
  };
  try {
    await eventually("equal tables", async () => (await look()).length === 0 || undefined, PATIENCE_MS);
    return [];
  } catch {
    return [...differ(await bird.outside(), await ours.outside()), ...differ(await bird.inside(), await ours.inside())];
  }
}

function differ(bird: Snapshot, ours: Snapshot): string[] {
  return [...bird].flatMap(([place, expected]) => {
    const found = ours.get(place) ?? [];
    const lines = [...missing(expected, found).map((l) => `- ${l}`), ...missing(found, expected).map((l) => `+ ${l}`)];
    return lines.length === 0 ? [] : [place, ...lines.sort((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1))];
  });
}

function missing(from: readonly string[], other: readonly string[]): string[] {
  const left = [...other];
  return from.filter((line) => {
    const at = left.indexOf(line);
    if (at < 0) return true;
    left.splice(at, 1);
    return false;
  });
}
