// The package for machines without Node: built, put into a root folder that holds glibc and nothing else (no /proc, no
// /dev, no shell), and run there by all its names: what only needs words, a check of a configuration, the daemon.

import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import t from "tap";
import { DaemonProcess, execute, type Finished } from "../../support/daemon-process.js";
import { eventually } from "../../support/eventually.js";
import { Lab } from "../../support/netns.js";
import { requireProgram } from "../../support/peers/real-peer.js";
import { needs } from "../../support/requirements.js";
import { ROOT } from "../../support/root.js";

t.setTimeout(240_000);

const NAMES = ["bird", "bird6", "birdcl", "birdcl6"];
/** glibc, as far as Node is linked to it. */
const GLIBC = /^(ld-linux-.*|libc|libm|libpthread|libdl|librt)\.so\.\d+$/;
/** strip, tar and a compiler at work on a busy machine. */
const BUILD_MS = 120_000;
/** A start on a busy machine takes its time. */
const START_MS = 45_000;
const CONFIGURATION = "/etc/calico/confd/config/bird.cfg";
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

/** Puts the configuration of a mesh node where calico/node has it. */
function installConfiguration(): void {
  const calico = join(root, "etc", "calico", "confd", "config");
  cpSync(join(ROOT, "proto-fixtures", "bird", "mesh", "node1"), calico, { recursive: true });
  mkdirSync(join(root, "var", "run", "calico"), { recursive: true });
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

  t.test("bird -p reads what Calico writes, includes and all", async (t) => {
    installConfiguration();
    t.strictSame(await inRoot("/bin/bird", "-p", "-c", CONFIGURATION), { code: 0, stdout: "", stderr: "" });
    const broken = "/etc/calico/confd/config/.bird.cfg1";
    writeFileSync(join(root, broken), "router id 10.0.0.1;\nprotocol bgp { neighbor 10.0.0.2 as; }\n");
    t.match(await inRoot("/bin/bird", "-p", "-c", broken), { code: 1, stderr: `bird: ${broken}:2:` });
  });

  t.test("the daemon runs, looks as BIRD does, and answers", async (t) => {
    installConfiguration();
    const lab = await Lab.open(t);
    const namespace = await lab.namespace("package");
    await lab.veth(namespace, "eth0", namespace, "nobody");
    await namespace.exec("ip addr add 10.0.0.1/24 dev eth0");
    const command = ["env", "-i", requireProgram("chroot"), root, "/bin/bird", "-R", "-d", "-c", CONFIGURATION];
    const daemon = new DaemonProcess("bird of the package", namespace.spawn(command));
    const ask = async (...words: string[]): Promise<string> => (await inRoot("/bin/birdcl", ...words)).stdout;
    const answer = async (): Promise<boolean> => {
      if (!daemon.isRunning) throw new Error(`it ended:\n${daemon.output}`);
      return (await ask("show", "status")).includes("Daemon is up and running");
    };
    await eventually("an answer", answer, START_MS);
    t.equal(readFileSync(`/proc/${daemon.pid}/comm`, "latin1"), "bird\n");
    t.equal(readFileSync(`/proc/${daemon.pid}/cmdline`, "latin1").split("\0")[0], "bird");
    t.match(await ask("show", "protocols"), /^Mesh_10_0_0_2 +BGP +master +start /m);
    // The addon is there and does its work: the block is a blackhole in the kernel.
    const routes = async (): Promise<boolean> =>
      (await namespace.exec("ip route show proto bird")).includes("blackhole 192.0.2.0/26");
    await eventually("the route of the node's block", routes, START_MS);
    t.equal(await daemon.stop(), "exit 0", daemon.output);
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
