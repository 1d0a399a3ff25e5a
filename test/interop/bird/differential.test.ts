// Configurations of Calico nodes, run by BIRD 1.6.8 and by us in equal surroundings: what is announced, installed and shown
// must be equal. GOLDEN_DIR adds the configurations that Calico's own tests expect; DIFFERENTIAL_ONLY picks by name.

import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import t from "tap";
import { Lab } from "../../support/netns.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { needs } from "../../support/requirements.js";
import { ROOT } from "../../support/root.js";
import { differences } from "./compare-worlds.js";
import { type DifferentialCase, makeCase } from "./differential-case.js";
import { DifferentialWorld } from "./differential-world.js";

const FIXTURES = ["mesh/bird.cfg", "mesh/bird6.cfg", "older/bird.cfg", "mesh/node1/bird.cfg"];
const GOLDEN = process.env["GOLDEN_DIR"] ?? "";
const ONLY = new RegExp(process.env["DIFFERENTIAL_ONLY"] ?? "");

t.setTimeout(GOLDEN === "" ? 180_000 : 3_600_000);

/** A main file and those it includes. */
function caseOf(name: string, main: string): DifferentialCase {
  const stem = basename(main, ".cfg");
  const files = [stem, `${stem}_aggr`, `${stem}_ipam`].map((file) => `${file}.cfg`);
  const texts = files.map((file) => [file, readFileSync(join(dirname(main), file), "utf8")]);
  return makeCase(name, stem === "bird" ? 4 : 6, Object.fromEntries(texts) as Record<string, string>);
}

/** The same with routes of pods of a low metric put in front of what is learned by BGP. */
function withKernelImport(given: DifferentialCase): DifferentialCase {
  const filter = 'import filter { if (ifname ~ "cali*" && krt_metric < 1024) then preference = 150; accept; };';
  const files = Object.fromEntries(
    Object.entries(given.files).map(([file, text]) => [
      file,
      text.replace(/(template kernel [^}]*?)import all;/, `$1${filter}`),
    ]),
  );
  return { ...given, name: `${given.name} with a filter for learned routes`, files };
}

function cases(): DifferentialCase[] {
  const plain = FIXTURES.map((name) => caseOf(name, join(ROOT, "proto-fixtures/bird", name)));
  const own = [...plain, ...plain.slice(0, 2).map(withKernelImport)];
  const mains =
    GOLDEN === ""
      ? []
      : readdirSync(GOLDEN, { recursive: true, encoding: "utf8" }).filter((path) =>
          /^bird6?\.cfg$/.test(basename(path)),
        );
  const golden = mains.sort().map((path) => caseOf(relative(GOLDEN, join(GOLDEN, path)), join(GOLDEN, path)));
  return [...own, ...golden].filter(({ name }) => ONLY.test(name));
}

t.test("as BIRD does", needs(...BIRD1_PROGRAMS), async (t) => {
  const lab = await Lab.open(t);
  const worlds = [await DifferentialWorld.open(lab, "BIRD"), await DifferentialWorld.open(lab, "ours")] as const;
  t.teardown(() => Promise.all(worlds.map((world) => world.close())).then(() => undefined));
  for (const wanted of cases()) {
    await t.test(wanted.name, async (t) => {
      t.equal((await differences(worlds, wanted)).join("\n"), "");
    });
  }
});
