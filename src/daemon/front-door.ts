// What differs between the daemons that are made of one speaker: `starling` with its YAML, `bird` and `bird6` with
// bird.cfg. Where the configuration comes from, who answers on the control socket, and in which words things are said.

import type { Clock } from "../base/clock.js";
import type { Log } from "../base/log.js";
import type { LogConfig, SpeakerConfig } from "../config/speaker-config.js";
import type { ControlTarget, ReloadResult } from "../control/api-types.js";
import type { Sys } from "../native/sys.js";
import type { RunningSpeaker, SpeakerInside } from "./assemble.js";
import type { ReloadWords } from "./config-file.js";
import type { ConfigSource } from "./config-source.js";
import type { SignalHabits } from "./signals.js";

/** The daemon as a control socket sees it. */
export interface DaemonTarget extends ControlTarget {
  readonly speaker: RunningSpeaker;
  /** For views in other words than the speaker's own; undefined: another one stands in its place. */
  readonly inside: SpeakerInside | undefined;
  /** The one that runs. */
  config(): SpeakerConfig;
  /** The one before that; undefined: there was none. */
  configBefore(): SpeakerConfig | undefined;
  isReloading(): boolean;
  /** As reload(), from elsewhere. */
  reloadFrom(source: ConfigSource): Promise<ReloadResult>;
  /** Ends the process in order, as a signal does. */
  shutDown(): void;
}

/** A control socket that is already ours. */
export interface ControlDoor {
  /** From now on requests are answered. */
  serve(target: DaemonTarget): void;
  /** Drops all clients and removes the socket file. */
  close(): Promise<void>;
}

export interface ControlSurroundings {
  readonly clock: Clock;
  readonly log: Log;
  readonly sys: Sys | undefined;
}

/** A log that follows the configuration. */
export interface ConfigurableLog extends Log {
  configure(config: LogConfig): void;
}

export interface FrontDoor {
  readonly version: string;
  readonly source: ConfigSource;
  /** Takes the control socket; undefined: there is none. Rejects where another daemon answers on it. */
  readonly openControl: (config: SpeakerConfig, around: ControlSurroundings) => Promise<ControlDoor | undefined>;
  readonly reloadWords: ReloadWords;
  readonly habits: SignalHabits;
  /** This start is a recovery, and views tell times (Surroundings of assemble.ts). */
  readonly isRecovery?: boolean;
  readonly keepsTimes?: boolean;
  readonly words: {
    readonly running: (log: Log) => void;
    readonly stopped: (log: Log) => void;
    /** SIGUSR1; undefined: it is not listened to. */
    readonly dump?: (target: DaemonTarget) => void;
  };
}
