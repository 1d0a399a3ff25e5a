// Generated configurations of Calico nodes, run by BIRD 1.6.8 and by us (differential.test.ts). DIFFERENTIAL_ROUNDS says how
// many of each IP version, DIFFERENTIAL_SEED which: both are in the names of the subtests.

import fc from "fast-check";
import t from "tap";
import { Lab } from "../../support/netns.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { needs } from "../../support/requirements.js";
import { calicoConfigs } from "./calico-config-arbitrary.js";
import { differences } from "./compare-worlds.js";
import { makeCase } from "./differential-case.js";
import { DifferentialWorld } from "./differential-world.js";

const ROUNDS = Number(process.env["DIFFERENTIAL_ROUNDS"] ?? 1);
const SEED = Number(process.env["DIFFERENTIAL_SEED"] ?? 1);

t.setTimeout(60_000 + ROUNDS * 120_000);

t.test("generated configurations as BIRD does", needs(...BIRD1_PROGRAMS), async (t) => {
  const lab = await Lab.open(t);
  const worlds = [await DifferentialWorld.open(lab, "BIRD"), await DifferentialWorld.open(lab, "ours")] as const;
  t.teardown(() => Promise.all(worlds.map((world) => world.close())).then(() => undefined));
  for (const ipVersion of [4, 6] as const) {
    for (let seed = SEED; seed < SEED + ROUNDS; seed++) {
      const [files] = fc.sample(calicoConfigs(ipVersion), { seed, numRuns: 1 });
      await t.test(`IPv${ipVersion}, seed ${seed}`, async (t) => {
        const found = await differences(worlds, makeCase(`seed ${seed}`, ipVersion, files));
        if (found.length > 0) t.comment(Object.values(files).join("\n"));
        t.equal(found.join("\n"), "");
      });
    }
  }
});
