// The package for machines without Node: built, put into a root folder that holds glibc and nothing else (no /proc, no
// /dev, no shell), and run there by all its names.

import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import t from "tap";
import { execute, type Finished } from "../../support/daemon-process.js";
import { requireProgram } from "../../support/peers/real-peer.js";
import { needs } from "../../support/requirements.js";
import { ROOT } from "../../support/root.js";

const NAMES = ["bird", "bird6", "birdcl", "birdcl6"];
/** glibc, as far as Node is linked to it. */
const GLIBC = /^(ld-linux-.*|libc|libm|libpthread|libdl|librt)\.so\.\d+$/;
/** strip, tar and a compiler at work on a busy machine. */
const BUILD_MS = 120_000;
/** Paths of sockets hold 107 octets: not below the project. */
const folder = mkdtempSync(join(tmpdir(), "starling-package-"));
const root = join(folder, "root");
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** Copies the parts of glibc to where the loader looks for them. */
function copyGlibc(program: string): void {
  const { stdout } = spawnSync("ldd", [program], { encoding: "utf8" });
  // `libc.so.6 => /lib/…/libc.so.6 (0x…)`, and the loader by its path alone.
  const paths = [...stdout.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1]);
  for (const path of paths.filter((each) => GLIBC.test(each.split("/").at(-1) ?? ""))) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    copyFileSync(path, join(root, path));
  }
}

/** Runs one of our programs in the root folder, without anything of our environment. */
function inRoot(...command: readonly string[]): Promise<Finished> {
  return execute(["env", "-i", requireProgram("chroot"), root, ...command]);
}

t.test("the package runs with glibc alone", needs("chroot", "ldd", "tar", "strip"), async (t) => {
  const built = await execute([process.execPath, join(ROOT, "src", "package.mjs"), folder], BUILD_MS);
  t.equal(built.code, 0, built.stderr);
  t.match(built.stdout, /needs nothing but glibc 2\.\d+ or newer/);
  copyGlibc(join(folder, "starling", "runtime", "node"));
  mkdirSync(join(root, "bin"), { recursive: true });
  cpSync(join(folder, "starling"), join(root, "opt", "starling"), { recursive: true, verbatimSymlinks: true });
  for (const name of NAMES) symlinkSync(`/opt/starling/bin/${name}`, join(root, "bin", name));

  t.test("versions", async (t) => {
    for (const name of ["bird", "bird6"])
      t.strictSame(await inRoot(`/bin/${name}`, "--version"), {
        code: 0,
        stdout: "",
        stderr: "BIRD version v0.3.3+birdv1.6.8\n",
      });
    for (const name of ["birdcl", "birdcl6"])
      t.strictSame(await inRoot(`/bin/${name}`, "--version"), {
        code: 0,
        stdout: "BIRD client v0.3.3+birdv1.6.8\n",
        stderr: "",
      });
    t.match(await inRoot("/opt/starling/bin/starling", "--version"), { code: 0, stdout: /^starling \d/ });
  });

  t.test("each name is itself", async (t) => {
    for (const [name, socket] of [
      ["birdcl", "/var/run/calico/bird.ctl"],
      ["birdcl6", "/var/run/calico/bird6.ctl"],
    ])
      t.strictSame(await inRoot(`/bin/${name}`, "show", "status"), {
        code: 1,
        stdout: "",
        stderr: `Unable to connect to server control socket (${socket}): No such file or directory\n`,
      });
    for (const name of ["bird", "bird6"])
      t.match(await inRoot(`/bin/${name}`, "-h"), { code: 0, stdout: `/etc/calico/confd/config/${name}.cfg` });
  });

  t.test("the command line of starling, with all its packages", async (t) => {
    copyFileSync(join(ROOT, "config", "mesh-node.yaml"), join(root, "mesh-node.yaml"));
    t.match(await inRoot("/opt/starling/bin/starling", "check", "/mesh-node.yaml"), { code: 0, stdout: /: ok, / });
  });

  t.test("licences of what was brought along", async (t) => {
    const licence = (name: string): string => readFileSync(join(folder, "starling", "licences", name), "utf8");
    for (const name of ["winston", "yaml", "zod", "yargs", "ip-num"])
      t.match(licence("npm.txt"), new RegExp(`^${name} [\\d.]+ \\(`, "m"));
    t.match(licence("starling.txt"), "Apache License");
    if (existsSync(join(folder, "starling", "runtime", "lib", "libstdc++.so.6")))
      t.match(licence("gcc.txt"), /GCC\s+Runtime Library Exception/);
  });
});
