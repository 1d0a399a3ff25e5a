// Licences of everything in a package: ours, Node's, those of the npm packages that went into the bundles, those of the
// libraries of the compiler.
//
// Plain JavaScript, used by package.mjs.

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const LICENCE_FILE = /^(licen[cs]e|copying|notice)(\.(md|txt|mit|apache2?|bsd))?$/i;

/** libstdc++ and libgcc_s: what Debian and RHEL put beside them. */
const GCC_FILES = [
  "/usr/share/doc/libstdc++6/copyright",
  "/usr/share/doc/libgcc-s1/copyright",
  "/usr/share/licenses/libstdc++/COPYING3",
  "/usr/share/licenses/libstdc++/COPYING.RUNTIME",
  "/usr/share/licenses/libgcc/COPYING3",
  "/usr/share/licenses/libgcc/COPYING.RUNTIME",
  "/usr/share/common-licenses/GPL-3",
];

const GCC_WORDS = `libstdc++.so.6 and libgcc_s.so.1 are parts of GCC, unchanged but for removed symbols: GPL version 3 with the GCC
Runtime Library Exception version 3.1, https://www.gnu.org/licenses/gcc-exception-3.1.html. Their source is that of the
distribution they were taken from, and https://gcc.gnu.org.
`;

/** Where distributions and the tarballs of nodejs.org put Node's licence. */
function nodeLicence() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const candidates = [
    join(prefix, "LICENSE"),
    join(prefix, "share", "doc", "nodejs", "LICENSE"),
    join(prefix, "share", "doc", "node", "LICENSE"),
    join(prefix, "share", "licenses", "nodejs", "LICENSE"),
    "/usr/share/doc/nodejs/copyright",
  ];
  return candidates.find((file) => existsSync(file));
}

/** Folders of the npm packages that bundled files come from, relative to the root. */
function packageFolders(inputs) {
  const folders = inputs.map((input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]);
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort();
}

/** Name, version, licence and text of one package. */
function packageNotice(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const texts = readdirSync(folder)
    .filter((file) => LICENCE_FILE.test(file))
    .map((file) => readFileSync(join(folder, file), "utf8").trim());
  return { name, text: `${name} ${version} (${license})\n\n${texts.join("\n\n")}\n`, hasText: texts.length > 0 };
}

/**
 * Fills a folder with licences; gives what is missing, in words.
 * @param {string} folder
 * @param {string} root of the project
 * @param {readonly string[]} inputs bundled files, relative to the root
 * @param {readonly string[]} libraries paths of the shared libraries in the package
 * @returns {readonly string[]}
 */
export function collectLicences(folder, root, inputs, libraries) {
  mkdirSync(folder, { recursive: true });
  const missing = [];
  copyFileSync(join(root, "LICENSE"), join(folder, "starling.txt"));

  const node = nodeLicence();
  if (node === undefined) {
    missing.push("the licence of Node was not found: put it into licences/node.txt before you pass the package on");
  } else copyFileSync(node, join(folder, "node.txt"));

  const notices = packageFolders(inputs).map((path) => packageNotice(join(root, path)));
  for (const { name, hasText } of notices)
    if (!hasText) missing.push(`${name} has no file with its licence; licences/npm.txt names the licence only`);
  writeFileSync(join(folder, "npm.txt"), notices.map(({ text }) => text).join(`\n${"-".repeat(80)}\n\n`));

  const isGcc = (path) => /^lib(stdc\+\+|gcc_s)/.test(basename(path));
  if (libraries.some(isGcc)) {
    const files = GCC_FILES.filter((file) => existsSync(file));
    const texts = files.map((file) => `${file}:\n\n${readFileSync(file, "utf8").trim()}\n`);
    writeFileSync(join(folder, "gcc.txt"), [GCC_WORDS, ...texts].join(`\n${"-".repeat(80)}\n\n`));
  }
  for (const path of libraries.filter((library) => !isGcc(library)))
    missing.push(`${basename(path)} is in the package: put its licence into licences/ before you pass the package on`);
  return missing;
}
