// A node as calico/node makes it: a configuration in a folder of its own, one daemon named `bird` or `bird6` on it, ours or the
// real one, started as runit starts it and asked by the real client of BIRD 1.6.

import { cp, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FamilyName } from "../../src/base/family.js";
import { type CalicoConfig, formatCalicoConfig } from "./calico-config.js";
import { DaemonProcess, run } from "./daemon-process.js";
import { eventually } from "./eventually.js";
import { forIpv6, type PeerText, withPeers } from "./calico-text.js";
import type { Namespace } from "./netns.js";
import { makeFolder, removeFolder, requireProgram } from "./peers/real-peer.js";
import { ROOT } from "./root.js";

const BIRD1_FOLDER = join(process.env["BIRD1_DIR"] ?? "/nonexistent", "usr/sbin");
/** A start on a busy machine takes its time. */
const START_MS = 90_000;

export type DaemonMaker = "ours" | "BIRD 1.6";

const CONFIGS = ["bird.cfg", "bird_aggr.cfg", "bird_ipam.cfg"] as const;

export class CalicoNode {
  readonly namespace: Namespace;
  readonly maker: DaemonMaker;
  readonly folder: string;
  readonly family: FamilyName;
  #process: DaemonProcess | undefined;
  #earlierLog = "";

  private constructor(namespace: Namespace, maker: DaemonMaker, folder: string, family: FamilyName) {
    this.namespace = namespace;
    this.maker = maker;
    this.folder = folder;
    this.family = family;
  }

  /** `fixture`: a folder of configurations below proto-fixtures/bird, of which the node has a copy. */
  static async make(namespace: Namespace, maker: DaemonMaker, fixture: string): Promise<CalicoNode> {
    const folder = await makeFolder("calico");
    await cp(join(ROOT, "proto-fixtures/bird", fixture), folder, { recursive: true });
    return new CalicoNode(namespace, maker, folder, "ipv4");
  }

  /** A node of ours with the files that confd would write for this configuration. */
  static async of(namespace: Namespace, config: CalicoConfig): Promise<CalicoNode> {
    const node = new CalicoNode(namespace, "ours", await makeFolder("calico"), config.family ?? "ipv4");
    for (const [file, text] of Object.entries(formatCalicoConfig(config))) await writeFile(node.path(file), text);
    return node;
  }

  /** Name of the program and of its files. */
  get program(): "bird" | "bird6" {
    return this.family === "ipv4" ? "bird" : "bird6";
  }

  /** Node 1 of the mesh with other peers. */
  static async withPeers(
    namespace: Namespace,
    maker: DaemonMaker,
    peers: readonly PeerText[],
    ipVersion: 4 | 6 = 4,
  ): Promise<CalicoNode> {
    const folder = await makeFolder("calico");
    for (const name of CONFIGS) {
      const text = await readFile(join(ROOT, "proto-fixtures/bird/mesh/node1", name), "utf8");
      const changed = name === "bird.cfg" ? withPeers(text, peers) : text;
      if (ipVersion === 4) await writeFile(join(folder, name), changed);
      else await writeFile(join(folder, name.replace("bird", "bird6")), forIpv6(changed));
    }
    return new CalicoNode(namespace, maker, folder, ipVersion === 4 ? "ipv4" : "ipv6");
  }

  get socket(): string {
    return this.path(`${this.program}.ctl`);
  }

  get process(): DaemonProcess {
    if (this.#process === undefined) throw new Error("the daemon was not started");
    return this.#process;
  }

  get log(): string {
    return this.#earlierLog + (this.#process?.output ?? "");
  }

  /** `recovery`: what runit's command line says, or nothing. */
  launch(recovery: readonly string[] = ["-R"]): DaemonProcess {
    this.#earlierLog = this.log;
    const { program: name, maker } = this;
    const program = maker === "ours" ? join(ROOT, "dist/bin", name) : requireProgram(name, [BIRD1_FOLDER]);
    // The test runner's own hooks must not run in the daemon.
    const words = [...recovery, "-s", this.socket, "-d", "-c", this.path(`${name}.cfg`)];
    this.#process = new DaemonProcess(
      `${name} (${maker})`,
      this.namespace.spawn(["env", "-u", "NODE_OPTIONS", program, ...words]),
    );
    return this.#process;
  }

  /** Launches the daemon and resolves when it answers. */
  async start(recovery?: readonly string[]): Promise<void> {
    const process = this.launch(recovery);
    await eventually(
      `the first answer of ${process.name}`,
      async () => {
        if (!process.isRunning) throw new Error(`it ended:\n${process.output}`);
        return (await this.birdc("show status")).includes("Daemon is up and running");
      },
      START_MS,
    );
  }

  /** The real client of BIRD 1.6. */
  birdc(command: string): Promise<string> {
    return run([requireProgram("birdc", [BIRD1_FOLDER]), "-s", this.socket, ...command.split(" ")]);
  }

  async isEstablished(protocol: string): Promise<boolean> {
    return (await this.row(protocol)).includes("Established");
  }

  /** The protocol's row of `show protocols`, or "". */
  async row(protocol: string): Promise<string> {
    const rows = (await this.birdc("show protocols")).split("\n");
    return rows.find((line) => line.startsWith(`${protocol} `)) ?? "";
  }

  /** As confd's reload does, but at once. */
  reload(): void {
    this.process.signal("SIGHUP");
  }

  /** Routes of the kernel, `ip route show` with these words. */
  kernelRoutes(words = "proto bird"): Promise<string> {
    return this.namespace.exec(`ip ${this.family === "ipv4" ? "-4" : "-6"} route show ${words}`);
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  /** Puts another text in the place of a file, as confd does. */
  async edit(file: string, change: (text: string) => string): Promise<void> {
    const staged = this.path(`.${file}${process.pid}`);
    await writeFile(staged, change(await readFile(this.path(file), "utf8")));
    await rename(staged, this.path(file));
  }

  async remove(): Promise<void> {
    if (this.#process?.isRunning === true) await this.#process.stop();
    await removeFolder(this.folder);
  }
}
