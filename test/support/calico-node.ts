// A node as calico/node makes it: a configuration in a folder of its own, one daemon named `bird` on it, ours or the real
// one, started as runit starts it and asked by the real client of BIRD 1.6.

import { cp, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DaemonProcess, run } from "./daemon-process.js";
import { eventually } from "./eventually.js";
import type { Namespace } from "./netns.js";
import { makeFolder, removeFolder, requireProgram } from "./peers/real-peer.js";
import { ROOT } from "./root.js";

const BIRD1_FOLDER = join(process.env["BIRD1_DIR"] ?? "/nonexistent", "usr/sbin");
/** A start on a busy machine takes its time. */
const START_MS = 45_000;

export type DaemonMaker = "ours" | "BIRD 1.6";

export class CalicoNode {
  readonly namespace: Namespace;
  readonly maker: DaemonMaker;
  readonly folder: string;
  #process: DaemonProcess | undefined;
  #earlierLog = "";

  private constructor(namespace: Namespace, maker: DaemonMaker, folder: string) {
    this.namespace = namespace;
    this.maker = maker;
    this.folder = folder;
  }

  /** `fixture`: a folder of configurations below proto-fixtures/bird, of which the node has a copy. */
  static async make(namespace: Namespace, maker: DaemonMaker, fixture: string): Promise<CalicoNode> {
    const folder = await makeFolder("calico");
    await cp(join(ROOT, "proto-fixtures/bird", fixture), folder, { recursive: true });
    return new CalicoNode(namespace, maker, folder);
  }

  get socket(): string {
    return join(this.folder, "bird.ctl");
  }

  get process(): DaemonProcess {
    if (this.#process === undefined) throw new Error("the daemon was not started");
    return this.#process;
  }

  get log(): string {
    return this.#earlierLog + (this.#process?.output ?? "");
  }

  launch(): DaemonProcess {
    this.#earlierLog = this.log;
    const program = this.maker === "ours" ? join(ROOT, "dist/bin/bird") : requireProgram("bird", [BIRD1_FOLDER]);
    // The test runner's own hooks must not run in the daemon.
    const command = ["env", "-u", "NODE_OPTIONS", program, "-R", "-s", this.socket, "-d", "-c", this.path("bird.cfg")];
    this.#process = new DaemonProcess(`bird (${this.maker})`, this.namespace.spawn(command));
    return this.#process;
  }

  /** Launches the daemon and resolves when it answers. */
  async start(): Promise<void> {
    const process = this.launch();
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
    const row = (await this.birdc("show protocols")).split("\n").find((line) => line.startsWith(protocol));
    return row?.includes("Established") === true;
  }

  /** Routes of the kernel, `ip route show` with these words. */
  kernelRoutes(words = "proto bird"): Promise<string> {
    return this.namespace.exec(`ip route show ${words}`);
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
