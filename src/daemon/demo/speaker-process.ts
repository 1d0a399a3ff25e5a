// One of our own daemons as a child process: `starling run` on a host of the lab, watched through its control socket.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { ControlClient, UnreachableError } from "../../control/client.js";
import { RequestError } from "../../control/protocol.js";
import type { RouteView, SpeakerStatus } from "../../speaker/snapshot.js";
import type { SpeakerPlan } from "./act.js";
import type { Lab, LabProcess } from "./lab.js";
import type { RoutingDaemon, SessionCounts } from "./routing-daemon.js";

/** The command line program, as it lies beside this file in the built tree. */
const PROGRAM = fileURLToPath(new URL("../../bin/starling", import.meta.url));

const ANSWER_LIMIT_MS = 2000;

/** A daemon that can also tell its routes: for where no kernel shows them. */
export interface Speaker extends RoutingDaemon {
  /** Empty while it does not answer. */
  bestRoutes(): Promise<readonly RouteView[]>;
  /** Holds the process still: to its peers it is a machine without a cable. It comes back only by `kill`. */
  freeze(): void;
}

export class SpeakerProcess implements Speaker {
  readonly host: string;
  readonly software = "Starling";
  readonly statusCommand: string = "starling status";
  readonly #lab: Lab;
  readonly #config: string;
  readonly #socket: string;
  readonly #color: boolean;
  #child: LabProcess | undefined;

  /** `color`: whether status tables may be coloured. */
  constructor(lab: Lab, plan: SpeakerPlan, color: boolean) {
    this.host = plan.host;
    this.#lab = lab;
    this.#color = color;
    const folder = join(lab.folder, plan.host);
    this.#config = join(folder, "starling.yaml");
    this.#socket = join(folder, "starling.sock");
    mkdirSync(folder, { recursive: true });
    writeFileSync(this.#config, stringify({ ...plan.config, control: { socket: this.#socket } }));
  }

  start(): Promise<void> {
    this.#child = this.#lab.spawn(this.host, [process.execPath, PROGRAM, "run", "-c", this.#config]);
    return Promise.resolve();
  }

  async kill(): Promise<void> {
    await this.#child?.end("SIGKILL");
  }

  freeze(): void {
    if (this.#child?.running === true) process.kill(this.#child.pid, "SIGSTOP");
  }

  async sessions(): Promise<SessionCounts | undefined> {
    return this.#asked(async (client) => {
      const status = (await client.request("status")) as SpeakerStatus;
      const { established, total } = status.peers;
      return { established, total, recovering: status.gracefulRestart.recovering };
    });
  }

  async statusText(): Promise<string> {
    const color = this.#color ? ["--color"] : [];
    const command = [process.execPath, PROGRAM, "status", ...color, "--socket", this.#socket];
    const { stdout, stderr } = await this.#lab.exec(this.host, command);
    return stdout + stderr;
  }

  async bestRoutes(): Promise<readonly RouteView[]> {
    const routes = await this.#asked(async (client) => {
      const found: RouteView[] = [];
      for await (const chunk of client.stream("routes", { stage: "best" }))
        found.push(...(chunk as readonly RouteView[]));
      return found;
    });
    return routes ?? [];
  }

  log(): string {
    return this.#child?.output ?? "";
  }

  /** Undefined where the daemon is not there, or not ready to answer. */
  async #asked<T>(question: (client: ControlClient) => Promise<T>): Promise<T | undefined> {
    let client: ControlClient | undefined;
    try {
      client = await ControlClient.connect(this.#socket, { clock: this.#lab.clock, timeoutMs: ANSWER_LIMIT_MS });
      return await question(client);
    } catch (error) {
      if (error instanceof UnreachableError || error instanceof RequestError) return undefined;
      throw error;
    } finally {
      client?.close();
    }
  }
}
