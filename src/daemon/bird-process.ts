// What the control socket of `bird` asks of the process: reading configurations, going back to the one before, ending.

import type { Alarm, Clock } from "../base/clock.js";
import type { SpeakerConfig } from "../config/speaker-config.js";
import type { ReloadResult } from "../control/api-types.js";
import type { ConfigureMode, ConfigureResult, LogLine } from "../bird/control/bird-view.js";
import type { BirdProcess } from "../bird/control/speaker-view.js";
import type { BirdConfigReader } from "../bird/daemon/bird-config-reader.js";
import type { BirdLog } from "../bird/daemon/bird-log.js";
import { checkBirdConfig } from "../bird/daemon/check-configuration.js";
import type { BirdConfig } from "../bird/language/declarations.js";
import { invariant } from "../base/invariant.js";
import type { DaemonTarget } from "./front-door.js";

export interface BirdProcessOptions {
  readonly ipVersion: 4 | 6;
  readonly configFile: string;
}

export interface BirdProcessDependencies {
  readonly clock: Clock;
  readonly log: BirdLog;
  readonly reader: BirdConfigReader;
  readonly target: DaemonTarget;
}

export class BirdDaemonProcess implements BirdProcess {
  readonly #options: BirdProcessOptions;
  readonly #deps: BirdProcessDependencies;
  #isStopping = false;
  /** What `configure undo` goes back to. */
  #before: SpeakerConfig | undefined;
  #undoAlarm: Alarm | undefined;

  constructor(options: BirdProcessOptions, dependencies: BirdProcessDependencies) {
    this.#options = options;
    this.#deps = dependencies;
  }

  get configFile(): string {
    return this.#options.configFile;
  }

  config(): BirdConfig {
    const { reader, target } = this.#deps;
    const declared = reader.declarationsOf(target.config());
    invariant(declared !== undefined, "the configuration in force came from a file of BIRD");
    return declared;
  }

  phase(): "running" | "reconfiguring" | "shutting down" {
    if (this.#isStopping) return "shutting down";
    return this.#deps.target.isReloading() ? "reconfiguring" : "running";
  }

  checkConfig(file: string): Promise<string | undefined> {
    return Promise.resolve(checkBirdConfig(file, this.#options.ipVersion));
  }

  async configure(file: string, _mode: ConfigureMode, undoSeconds: number | undefined): Promise<ConfigureResult> {
    if (this.#isStopping) return { kind: "shutting down" };
    const { clock, reader, target, log } = this.#deps;
    this.#undoAlarm?.cancel();
    this.#undoAlarm = undefined;
    const before = target.config();
    const result = await target.reloadFrom({ load: () => reader.load(file) });
    if (!result.ok) return failed(result);
    this.#before = before;
    if (undoSeconds !== undefined) {
      this.#undoAlarm = clock.at(clock.now() + undoSeconds * 1000, () => {
        log.info("Config timeout expired, starting undo");
        void this.undo();
      });
    }
    return { kind: "done" };
  }

  async undo(): Promise<ConfigureResult> {
    if (this.#isStopping) return { kind: "shutting down" };
    this.#undoAlarm?.cancel();
    this.#undoAlarm = undefined;
    const config = this.#before;
    if (config === undefined) return { kind: "nothing to do" };
    this.#before = undefined;
    const result = await this.#deps.target.reloadFrom({ load: async () => ({ ok: true, config, warnings: [] }) });
    return result.ok ? { kind: "done" } : failed(result);
  }

  confirm(): boolean {
    const isPending = this.#undoAlarm !== undefined;
    this.#undoAlarm?.cancel();
    this.#undoAlarm = undefined;
    return isPending;
  }

  switchProtocols(isDown: (protocol: string) => boolean): void {
    const { reader, target } = this.#deps;
    target.inside?.speaker.applyLocal(reader.localConfig(this.config(), isDown));
  }

  /** What `debug` switches is not told by this daemon: its log is the same for all protocols. */
  debug(): void {
    return;
  }

  dump(what: string): void {
    const { log, target } = this.#deps;
    log.info(`dump ${what}: ${JSON.stringify(target.speaker.status())}`);
  }

  shutDown(): void {
    this.#isStopping = true;
    this.#deps.target.shutDown();
  }

  watchLog(listener: (line: LogLine) => void): () => void {
    return this.#deps.log.watch(listener);
  }
}

function failed(result: ReloadResult & { readonly ok: false }): ConfigureResult {
  return { kind: "error", message: result.errors.join("; ") };
}
