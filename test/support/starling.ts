// Our own daemon as a peer in a laboratory: the compiled program in a namespace, asked through its control socket or by its command line.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SystemClock } from "../../src/base/clock.js";
import { ControlClient } from "../../src/control/client.js";
import type { PeerStatus, RouteStage, RouteView, SpeakerStatus } from "../../src/speaker/snapshot.js";
import { DaemonProcess, execute, type Finished } from "./daemon-process.js";
import { eventually } from "./eventually.js";
import type { Namespace } from "./netns.js";
import { makeFolder, removeFolder } from "./peers/real-peer.js";

/** The program that was compiled together with this file. */
export const STARLING_PROGRAM = fileURLToPath(new URL("../../src/bin/starling.js", import.meta.url));

/** A start on a busy machine takes its time. */
const START_MS = 45_000;

/** A configuration as it would stand in YAML; `control` is added. */
export type StarlingConfig = Readonly<Record<string, unknown>>;

/** What `starling status -o json` prints. */
export interface StarlingStatus {
  readonly status: SpeakerStatus;
  readonly peers: readonly PeerStatus[];
}

export class Starling {
  readonly #namespace: Namespace;
  #config: StarlingConfig;
  #folder: string | undefined;
  #process: DaemonProcess | undefined;
  #earlierLog = "";

  constructor(namespace: Namespace, config: StarlingConfig) {
    this.#namespace = namespace;
    this.#config = config;
  }

  /** Starts the daemon and resolves when it answers; also again after kill or stop. */
  async start(): Promise<void> {
    await this.writeConfig(this.#config);
    const process = this.launch();
    const isReady = async (): Promise<boolean> => {
      if (!process.isRunning) throw new Error(`starling ended:\n${process.output}`);
      return (await this.status()).status.version !== "";
    };
    await eventually("starling's first answer", isReady, START_MS);
  }

  /** Starts the daemon without waiting; `wrapper` are words before the program (setpriv …). */
  launch(wrapper: readonly string[] = []): DaemonProcess {
    this.#earlierLog = this.log();
    const command = [
      ...wrapper,
      // The test runner's own hooks must not run in the daemon: they write files, which an unprivileged one may not.
      "env",
      "-u",
      "NODE_OPTIONS",
      process.execPath,
      "--enable-source-maps",
      STARLING_PROGRAM,
      "run",
      "-c",
      this.path("config.yaml"),
    ];
    this.#process = new DaemonProcess("starling", this.#namespace.spawn(command));
    return this.#process;
  }

  /** Ends it in order; gives how it ended. The folder stays. */
  async stop(): Promise<string> {
    return (await this.#process?.stop()) ?? "never started";
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** Ends it and removes its folder. */
  async remove(): Promise<void> {
    await this.stop();
    if (this.#folder !== undefined) await removeFolder(this.#folder);
  }

  async writeConfig(config: StarlingConfig): Promise<void> {
    this.#folder ??= await makeFolder("starling");
    this.#config = config;
    const control = { socket: this.path("control") };
    // JSON is YAML.
    await writeFile(this.path("config.yaml"), JSON.stringify({ control, ...config }, undefined, 2));
  }

  /** Changes the configuration of the running daemon; gives what it says. */
  async reload(config: StarlingConfig): Promise<string> {
    await this.writeConfig(config);
    const { code, stdout, stderr } = await this.cli("reload");
    if (code !== 0) throw new Error(`starling reload: exit code ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  /** What `starling status -o json` shows, asked through the same client without a process for each question. */
  status(): Promise<StarlingStatus> {
    return this.#ask(async (client) => ({
      status: (await client.request("status")) as SpeakerStatus,
      peers: (await client.request("peers")) as readonly PeerStatus[],
    }));
  }

  async peer(address: string): Promise<PeerStatus> {
    const { peers } = await this.status();
    const found = peers.find((peer) => peer.address === address);
    if (found === undefined) throw new Error(`starling has no peer ${address}`);
    return found;
  }

  /** What `starling routes STAGE -o json` shows. */
  routes(stage: RouteStage, query: Readonly<Record<string, unknown>> = {}): Promise<RouteView[]> {
    return this.#ask(async (client) => {
      const routes: RouteView[] = [];
      for await (const chunk of client.stream("routes", { stage, ...query })) routes.push(...(chunk as RouteView[]));
      return routes;
    });
  }

  /** Runs one command of our command line. */
  cli(...words: readonly string[]): Promise<Finished> {
    return execute([process.execPath, STARLING_PROGRAM, ...words, "--socket", this.path("control")]);
  }

  /** Resolves with the peer's status once it `fits`; a timeout says what it was instead. */
  peerWhen(
    address: string,
    what: string,
    fits: (peer: PeerStatus) => boolean,
    timeoutMs = 20_000,
  ): Promise<PeerStatus> {
    return eventually(
      `starling: ${address} ${what}`,
      async () => {
        const peer = await this.peer(address);
        if (!fits(peer)) throw new Error(JSON.stringify(peer));
        return peer;
      },
      timeoutMs,
    );
  }

  established(address: string): Promise<PeerStatus> {
    return this.peerWhen(address, "Established", (peer) => peer.state === "Established");
  }

  /** Resolves with our best route for the prefix, once there is one that `fits`. */
  bestRoute(prefix: string, fits: (route: RouteView) => boolean = () => true): Promise<RouteView> {
    return eventually(`starling: route ${prefix}`, async () => {
      const routes = await this.routes("best");
      const found = routes.find((route) => route.prefix === prefix && route.best && fits(route));
      if (found === undefined) throw new Error(`it has ${JSON.stringify(routes)}`);
      return found;
    });
  }

  /** Resolves when there is no route for the prefix any more. */
  async noRoute(prefix: string): Promise<void> {
    await eventually(`starling: withdrawal of ${prefix}`, async () =>
      (await this.routes("best")).every((route) => route.prefix !== prefix),
    );
  }

  log(): string {
    return `${this.#earlierLog}${this.#process?.output ?? ""}`;
  }

  /** Path of a file in the daemon's folder: `config.yaml`, `control`. */
  path(name: string): string {
    if (this.#folder === undefined) throw new Error("starling was not prepared");
    return join(this.#folder, name);
  }

  async #ask<T>(question: (client: ControlClient) => Promise<T>): Promise<T> {
    const client = await ControlClient.connect(this.path("control"), { clock: new SystemClock(), timeoutMs: 10_000 });
    try {
      return await question(client);
    } finally {
      client.close();
    }
  }
}
