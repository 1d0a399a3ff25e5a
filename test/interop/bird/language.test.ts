// Our reading of configurations against BIRD 1.6's own: both must take or refuse the same files, with the same words for the
// same place. Sound files first, then thousands of damaged ones.
//
// GOLDEN_DIR adds the configurations that Calico's tests expect; MUTATIONS says how many damaged copies of each file are made.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import t, { type Test } from "tap";
import { Dice, mutate } from "../../support/bird-mutations.js";
import { verdictOfBird, verdictOfOurs, withoutTunnels } from "../../support/bird1-check.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { needs } from "../../support/requirements.js";
import { ROOT } from "../../support/root.js";
import { ERRORS, IPV6_ERRORS } from "../../bird/language/error-cases.js";

const PROGRAMS = dirname(BIRD1_PROGRAMS[0]);
const MUTATIONS = Number(process.env["MUTATIONS"] ?? 40);
const SEED = Number(process.env["SEED"] ?? 1);

// A large corpus takes minutes.
t.setTimeout(0);

/** We may refuse what BIRD takes if we say that we do not support it. */
const NOT_SUPPORTED = / is not supported$/;

/** Main files below a folder. */
function mainFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => /^bird6?\.cfg$/.test(basename(path)))
    .map((path) => join(folder, path));
}

/** Copies the files beside a main file into `folder`, without what only Calico's BIRD knows; the copy of the main file. */
function copyConfig(path: string, folder: string): { main: string; parts: string[] } {
  const names = readdirSync(dirname(path)).filter((name) => name.endsWith(".cfg"));
  for (const name of names) {
    cpSync(join(dirname(path), name), join(folder, name));
    writeFileSync(join(folder, name), withoutTunnels(readFileSync(join(folder, name), "utf8")));
  }
  const isIpv6 = basename(path) === "bird6.cfg";
  const parts = names.filter((name) => name.startsWith("bird6") === isIpv6).map((name) => join(folder, name));
  return { main: join(folder, basename(path)), parts };
}

function scratchFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), "starling-bird-language-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Undefined: both say the same. */
function difference(main: string): string | undefined {
  const ipVersion = basename(main) === "bird6.cfg" ? 6 : 4;
  const [theirs, ours] = [verdictOfBird(PROGRAMS, main, ipVersion), verdictOfOurs(main, ipVersion)];
  return theirs === ours || NOT_SUPPORTED.test(ours) ? undefined : `BIRD: ${theirs || "fine"}; we: ${ours || "fine"}`;
}

void t.test("every error text and its place", needs(...BIRD1_PROGRAMS), (t) => {
  const main = join(scratchFolder(t), "x.cfg");
  for (const [ipVersion, cases] of [[4, ERRORS] as const, [6, IPV6_ERRORS] as const]) {
    for (const [config, error] of cases) {
      if (NOT_SUPPORTED.test(error)) continue;
      writeFileSync(main, config);
      t.equal(verdictOfBird(PROGRAMS, main, ipVersion), error, config);
    }
  }
  t.end();
});

const CORPORA = [join(ROOT, "proto-fixtures/bird"), process.env["GOLDEN_DIR"] ?? ""].filter((folder) => folder !== "");

for (const corpus of CORPORA) {
  void t.test(`sound and damaged files of ${corpus}`, needs(...BIRD1_PROGRAMS), (t) => {
    const dice = new Dice(SEED);
    const folder = scratchFolder(t);
    const differences: string[] = [];
    let compared = 0;
    for (const path of mainFiles(corpus)) {
      const { main, parts } = copyConfig(path, folder);
      t.equal(verdictOfBird(PROGRAMS, main, basename(main) === "bird6.cfg" ? 6 : 4), "", path);
      t.equal(verdictOfOurs(main, basename(main) === "bird6.cfg" ? 6 : 4), "", path);
      for (const part of parts) {
        const sound = readFileSync(part, "utf8");
        for (const { name, text } of mutate(sound, MUTATIONS, dice)) {
          writeFileSync(part, text);
          compared++;
          const found = difference(main);
          if (found !== undefined) differences.push(`${path} ${basename(part)}, ${name}: ${found}`);
        }
        writeFileSync(part, sound);
      }
    }
    t.same(differences, [], `${compared} damaged files`);
    t.ok(compared > 0);
    t.end();
  });
}
