// bird.cfg as the configuration of a running daemon. The parser is small, so the daemon reads by itself: a process of its
// own, as YAML has one, would cost more than it saves.

import { formatAddress } from "../../base/ip.js";
import type { SpeakerConfig } from "../../config/speaker-config.js";
import type { ScriptLog } from "../../policy/script.js";
import { FilterChoices } from "../config/filter-choices.js";
import { type LocalConfig, localConfig } from "../config/local-protocols.js";
import { toSpeakerConfig } from "../config/to-speaker-config.js";
import { BirdConfigError } from "../language/bird-config-error.js";
import type { BirdConfig } from "../language/declarations.js";
import { readBirdConfig } from "../language/read-bird-config.js";

/** BIRD's own words. */
const LISTEN_CHANGED = "Reconfiguration of BGP listening socket not implemented, please restart BIRD.";

export type BirdReading =
  | { readonly ok: true; readonly config: SpeakerConfig; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[] };

export interface BirdReaderOptions {
  readonly ipVersion: 4 | 6;
  readonly controlSocket: string;
}

export interface BirdReaderDependencies {
  readonly scriptLog: ScriptLog;
  /** Where the file says none; undefined: there is none to be found. */
  readonly findRouterId: () => number | undefined;
}

export class BirdConfigReader {
  readonly #options: BirdReaderOptions;
  readonly #deps: BirdReaderDependencies;
  readonly #declared = new WeakMap<SpeakerConfig, BirdConfig>();
  /** One that was used once stays: another would end all sessions. */
  #routerId: number | undefined;
  /** Where we listen: what the first file says, until the end. */
  #listen: BirdConfig["listen"] | undefined;
  /** What the file said last. */
  #wantedListen: BirdConfig["listen"] | undefined;

  constructor(options: BirdReaderOptions, dependencies: BirdReaderDependencies) {
    this.#options = options;
    this.#deps = dependencies;
  }

  /** Reads what is there now. Rejects on our own bugs only. */
  async load(path: string): Promise<BirdReading> {
    const { ipVersion, controlSocket } = this.#options;
    try {
      const declared = readBirdConfig(path, { ipVersion });
      const filters = new FilterChoices({ scripts: declared.scripts, log: this.#deps.scriptLog });
      const routerId = declared.routerId ?? this.#routerId ?? this.#deps.findRouterId();
      if (routerId === undefined)
        throw new BirdConfigError("Cannot determine router ID, please configure it manually", path, 0, 0);
      const listen = this.#listen ?? declared.listen;
      const config = toSpeakerConfig({ ...declared, listen }, { routerId, controlSocket, filters });
      const warnings = isSameListen(this.#wantedListen ?? listen, declared.listen) ? [] : [LISTEN_CHANGED];
      this.#listen = listen;
      this.#wantedListen = declared.listen;
      this.#routerId = routerId;
      this.#declared.set(config, declared);
      return { ok: true, config, warnings };
    } catch (error) {
      if (!(error instanceof BirdConfigError)) throw error;
      return { ok: false, errors: [error.message] };
    }
  }

  /** What protocols other than BGP make of the configuration, while those run of which `isDown` does not say otherwise. */
  localConfig(declared: BirdConfig, isDown: (protocol: string) => boolean): LocalConfig {
    return localConfig(declared, isDown, new FilterChoices({ scripts: declared.scripts, log: this.#deps.scriptLog }));
  }

  /** What the file said of which `config` was made; undefined: it was made otherwise. */
  declarationsOf(config: SpeakerConfig): BirdConfig | undefined {
    return this.#declared.get(config);
  }
}

function isSameListen(a: BirdConfig["listen"], b: BirdConfig["listen"]): boolean {
  const text = ({ address, port }: BirdConfig["listen"]): string =>
    `${address === undefined ? "" : formatAddress(address)} ${port ?? ""}`;
  return text(a) === text(b);
}
