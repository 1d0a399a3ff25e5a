// The configuration file of the daemon: read at the start, again at SIGHUP and on demand over the control socket. A bad
// file changes nothing: the old configuration stays, the errors say file, line and column.

import type { Clock } from "../base/clock.js";
import type { Log } from "../base/log.js";
import { messageOf } from "../base/error-message.js";
import type { SpeakerConfig } from "../config/speaker-config.js";
import type { ReloadResult } from "../control/api-types.js";
import type { SpeakerStatus } from "../speaker/snapshot.js";
import type { ConfigSource } from "./config-source.js";

/** Brings a configuration to the running daemon; gives what changed, one line each. */
export type ApplyConfig = (config: SpeakerConfig) => Promise<readonly string[]>;

/** What the log is told of a reload. */
export interface ReloadWords {
  readonly done: (changes: string) => string;
  readonly failed: (error: string) => string;
}

export interface ConfigFileDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly apply: ApplyConfig;
  readonly words: ReloadWords;
}

export class ConfigFile {
  readonly #deps: ConfigFileDependencies;
  #running: Promise<ReloadResult> | undefined;
  #queued: Promise<ReloadResult> | undefined;
  /** Of the last request that waits: the others are outdated. */
  #next: ConfigSource;
  readonly #source: ConfigSource;
  #lastReload: SpeakerStatus["lastReload"] | undefined;

  constructor(source: ConfigSource, dependencies: ConfigFileDependencies) {
    this.#source = this.#next = source;
    this.#deps = dependencies;
  }

  /** How the last reload went; undefined before the first. */
  get lastReload(): SpeakerStatus["lastReload"] | undefined {
    return this.#lastReload;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Reads the file, or for once `source`, and applies it. Requests that come during a reload share the one that follows
   *  it, which is the newest. */
  reload(source = this.#source): Promise<ReloadResult> {
    if (this.#running === undefined) return this.#start(source);
    this.#next = source;
    this.#queued ??= this.#running.then(() => {
      this.#queued = undefined;
      return this.#start(this.#next);
    });
    return this.#queued;
  }

  #start(source: ConfigSource): Promise<ReloadResult> {
    const running = this.#reloadNow(source).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #reloadNow(source: ConfigSource): Promise<ReloadResult> {
    const { log, apply, words } = this.#deps;
    let changes: readonly string[];
    try {
      const loaded = await source.load();
      if (!loaded.ok) return this.#failed(loaded.errors);
      for (const warning of loaded.warnings) log.warn(warning);
      changes = await apply(loaded.config);
    } catch (error) {
      // A port that is taken, for example; or a bug of ours in the reading, for which nobody's sessions are to end.
      return this.#failed([messageOf(error)]);
    }
    const message = changes.length === 0 ? "nothing changed" : changes.join("; ");
    this.#note(true, message);
    log.info(words.done(message));
    return { ok: true, changes };
  }

  #failed(errors: readonly string[]): ReloadResult {
    this.#note(false, errors.join("\n"));
    const { log, words } = this.#deps;
    for (const error of errors) log.error(words.failed(error));
    return { ok: false, errors };
  }

  #note(ok: boolean, message: string): void {
    this.#lastReload = { ok, at: new Date(this.#deps.clock.wallTime()).toISOString(), message };
  }
}
