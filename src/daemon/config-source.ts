// Where a daemon has its configuration from. Each front door has one: YAML by way of a process of its own
// (config-loader.ts), bird.cfg by its own parser (bird/daemon/).

import type { SpeakerConfig } from "../config/speaker-config.js";

export type LoadedConfig =
  | { readonly ok: true; readonly config: SpeakerConfig; readonly warnings: readonly string[] }
  /** Lines for people, with file, line and column. */
  | { readonly ok: false; readonly errors: readonly string[] };

export interface ConfigSource {
  /** Reads what is there now. Rejects on our own bugs only. */
  load(): Promise<LoadedConfig>;
}
