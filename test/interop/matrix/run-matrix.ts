// One column of the matrix: every feature that the peer has, in both directions, on one segment.

import t, { type Test } from "tap";
import { execute } from "../../support/daemon-process.js";
import { needs } from "../../support/requirements.js";
import { type Direction, FEATURES, type FeatureName } from "./cells.js";
import { CHECKS } from "./checks.js";
import type { MatrixPeer } from "./peers.js";
import { openSegment, type Segment } from "./segment.js";

const DIRECTIONS: Readonly<Record<Direction, string>> = {
  toPeer: "to the peer",
  fromPeer: "from the peer",
  session: "the session",
};

/** Tests a whole column; the file that calls it is the peer's. */
export function runMatrix(kind: MatrixPeer): void {
  t.setTimeout(240_000);
  t.test(`${kind.name} and Starling`, needs(...kind.programs), async (t) => {
    await checkVersion(t, kind);
    const segment = await openSegment(t, kind);
    for (const feature of Object.keys(FEATURES) as FeatureName[]) {
      const gap = kind.gaps[feature];
      if (gap?.missing === "all") t.comment(`${FEATURES[feature]}: not with ${kind.name}: ${gap.why}`);
      else await runFeature(t, segment, feature, gap?.missing ?? []);
    }
  });
}

async function runFeature(
  t: Test,
  segment: Segment,
  feature: FeatureName,
  missing: readonly Direction[],
): Promise<void> {
  const checks = Object.entries(CHECKS[feature]) as [Direction, (t: Test, segment: Segment) => Promise<void>][];
  for (const [direction, check] of checks) {
    if (missing.includes(direction)) continue;
    await t.test(`${FEATURES[feature]}: ${DIRECTIONS[direction]}`, (t) => check(t, segment));
  }
}

/** docs/interop.md names versions: in continuous integration they are the ones that run. */
async function checkVersion(t: Test, { name, version, versionCommand }: MatrixPeer): Promise<void> {
  const { stdout, stderr } = await execute(versionCommand);
  const text = `${stdout}${stderr}`.trim();
  if ((process.env["CI"] ?? "") === "") t.comment(text);
  else t.match(text, version, `this is ${name} ${version}`);
}
