// The configuration file of the daemon: read at the start, again at SIGHUP and `starling reload`. A bad file changes
// nothing: the old configuration stays, the errors say file, line and column.

import type { Clock } from "../base/clock.js";
import type { Log } from "../base/log.js";
import type { SpeakerConfig } from "../config/speaker-config.js";
import type { ReloadResult } from "../control/api-types.js";
import type { SpeakerStatus } from "../speaker/snapshot.js";
import { loadConfigFile } from "./config-loader.js";
import type { ConfigFileOptions } from "./read-config.js";

/** Brings a configuration to the running daemon; gives what changed, one line each. */
export type ApplyConfig = (config: SpeakerConfig) => Promise<readonly string[]>;

export class ConfigFile {
  readonly #options: ConfigFileOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #apply: ApplyConfig;
  #running: Promise<ReloadResult> | undefined;
  #queued: Promise<ReloadResult> | undefined;
  #lastReload: SpeakerStatus["lastReload"] | undefined;

  constructor(
    options: ConfigFileOptions,
    dependencies: { readonly clock: Clock; readonly log: Log; readonly apply: ApplyConfig },
  ) {
    this.#options = options;
    this.#clock = dependencies.clock;
    this.#log = dependencies.log;
    this.#apply = dependencies.apply;
  }

  /** How the last reload went; undefined before the first. */
  get lastReload(): SpeakerStatus["lastReload"] | undefined {
    return this.#lastReload;
  }

  /** Reads the file and applies it. Requests that come during a reload share the one that follows it. */
  reload(): Promise<ReloadResult> {
    if (this.#running === undefined) return this.#start();
    this.#queued ??= this.#running.then(() => {
      this.#queued = undefined;
      return this.#start();
    });
    return this.#queued;
  }

  #start(): Promise<ReloadResult> {
    const running = this.#reloadNow().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #reloadNow(): Promise<ReloadResult> {
    const loaded = await loadConfigFile(this.#options);
    if (!loaded.ok) return this.#failed(loaded.errors);
    for (const warning of loaded.warnings) this.#log.warn(warning);
    let changes: readonly string[];
    try {
      changes = await this.#apply(loaded.config);
    } catch (error) {
      // A port that is taken, for example: the world failed, not the file.
      return this.#failed([error instanceof Error ? error.message : String(error)]);
    }
    const message = changes.length === 0 ? "nothing changed" : changes.join("; ");
    this.#note(true, message);
    this.#log.info(`configuration reloaded: ${message}`);
    return { ok: true, changes };
  }

  #failed(errors: readonly string[]): ReloadResult {
    this.#note(false, errors.join("\n"));
    for (const error of errors) this.#log.error(`configuration not reloaded: ${error}`);
    return { ok: false, errors };
  }

  #note(ok: boolean, message: string): void {
    this.#lastReload = { ok, at: new Date(this.#clock.wallTime()).toISOString(), message };
  }
}
