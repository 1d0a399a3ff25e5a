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
  /** What `configure undo` has gone back to: there is no further way back. */
  #undone: SpeakerConfig | undefined;
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
    const fault = checkBirdConfig(file, this.#options.ipVersion);
    return Promise.resolve(fault === undefined ? undefined : socketWords(fault));
  }

  /** `mode` makes no difference: routes follow their filters at once, and no session ends for it. */
  async configure(file: string, _mode: ConfigureMode, undoSeconds: number | undefined): Promise<ConfigureResult> {
    if (this.#isStopping) return { kind: "shutting down" };
    const { reader, target } = this.#deps;
    const source = { load: () => reader.load(file) };
    const isQueued = target.isReloading();
    const fault = isQueued ? await this.checkConfig(file) : undefined;
    if (fault !== undefined) return { kind: "error", message: fault };
    const reload = target.reloadFrom(source);
    if (isQueued) {
      void reload.then((result) => result.ok && this.#schedule(undoSeconds));
      return { kind: "queued" };
    }
    const result = await reload;
    if (!result.ok) return failed(result);
    this.#schedule(undoSeconds);
    return { kind: "done" };
  }

  async undo(): Promise<ConfigureResult> {
    if (this.#isStopping) return { kind: "shutting down" };
    const { target } = this.#deps;
    const isQueued = target.isReloading();
    const hasBefore = target.configBefore() !== undefined && target.config() !== this.#undone;
    if (!isQueued && !hasBefore) return { kind: "nothing to do" };
    this.#forgetUndo();
    // What is being applied now is what goes: asked when that is over. Where it failed, nothing does.
    const inForce = target.config();
    const reload = target.reloadFrom({
      load: async () => {
        const hasFailed = isQueued && target.config() === inForce;
        const config = (hasFailed ? undefined : target.configBefore()) ?? inForce;
        this.#undone = config;
        return { ok: true, config, warnings: [] };
      },
    });
    if (isQueued) return { kind: "queued" };
    const result = await reload;
    return result.ok ? { kind: "done" } : failed(result);
  }

  /** A configuration that nobody confirms goes, unless another one has come meanwhile. */
  #schedule(undoSeconds: number | undefined): void {
    const { clock, log, target } = this.#deps;
    this.#forgetUndo();
    if (undoSeconds === undefined) return;
    const config = target.config();
    this.#undoAlarm = clock.at(clock.now() + undoSeconds * 1000, () => {
      this.#undoAlarm = undefined;
      if (target.config() !== config) return;
      log.info("Config timeout expired, starting undo");
      void this.undo();
    });
  }

  #forgetUndo(): void {
    this.#undoAlarm?.cancel();
    this.#undoAlarm = undefined;
  }

  confirm(): boolean {
    const isPending = this.#undoAlarm !== undefined;
    this.#forgetUndo();
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
  return { kind: "error", message: socketWords(result.errors.join("; ")) };
}

/** The socket is told of a file that cannot be read in fewer words than the log. */
function socketWords(message: string): string {
  return message.replace(/^Unable to open configuration file /, "");
}
