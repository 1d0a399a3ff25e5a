// npm run test:golden: every configuration that Calico's own tests expect must load. GOLDEN_DIR is the folder with them:
// confd/tests/compiled_templates of a checkout of Calico, of one release or of several below one folder.

import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { BirdConfigError } from "../../src/bird/language/bird-config-error.js";
import { readBirdConfig } from "../../src/bird/language/read-bird-config.js";

/** Main files: the others are included by them. */
const MAIN_FILE = /^bird6?\.cfg$/;

const folder = process.env["GOLDEN_DIR"];
if (folder === undefined || folder === "") {
  console.error("GOLDEN_DIR is not set: the folder with the configurations that Calico's tests expect");
  process.exit(2);
}

let faults = 0;
let peers = 0;
const paths = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((path) => MAIN_FILE.test(basename(path)))
  .map((path) => join(folder, path));
const contents = new Set<string>();
for (const path of paths) {
  contents.add(readFileSync(path, "utf8"));
  try {
    const config = readBirdConfig(path, { ipVersion: basename(path) === "bird6.cfg" ? 6 : 4 });
    peers += config.protocols.filter(({ kind }) => kind === "bgp").length;
  } catch (error) {
    if (!(error instanceof BirdConfigError)) throw error;
    faults++;
    console.error(error.message);
  }
}
console.log(`${paths.length} files (${contents.size} different), ${peers} peers, ${faults} refused`);
if (paths.length === 0 || faults > 0) process.exit(1);
