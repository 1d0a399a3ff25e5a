// The front door of `bird` and `bird6`: bird.cfg, BIRD's control socket, BIRD's words.

import type { BirdServer } from "../bird/control/bird-server.js";
import { ScriptExpressions } from "../bird/control/script-expressions.js";
import { SpeakerView } from "../bird/control/speaker-view.js";
import type { BirdConfigReader } from "../bird/daemon/bird-config-reader.js";
import type { BirdLog } from "../bird/daemon/bird-log.js";
import type { BirdOptions } from "../bird/daemon/options.js";
import { BIRD_VERSION } from "../bird/version.js";
import type { Clock } from "../base/clock.js";
import { invariant } from "../base/invariant.js";
import type { ScriptLog } from "../policy/script.js";
import { BirdDaemonProcess } from "./bird-process.js";
import type { DaemonTarget, FrontDoor } from "./front-door.js";

export interface BirdDoorDependencies {
  readonly clock: Clock;
  readonly log: BirdLog;
  readonly reader: BirdConfigReader;
  /** What filters of commands print, and what goes wrong in them. */
  readonly scriptLog: ScriptLog;
  /** Already listening: before anything is read, as BIRD does it. */
  readonly server: BirdServer;
}

export function birdDoor(
  options: BirdOptions,
  { clock, log, reader, scriptLog, server }: BirdDoorDependencies,
): FrontDoor {
  const { configFile, ipVersion, gracefulRestart } = options;
  const serve = (target: DaemonTarget): void => {
    const { inside } = target;
    invariant(inside !== undefined, "the real speaker was assembled");
    log.askFailures((protocol) => inside.speaker.peerOf(protocol)?.session.status().lastFailure);
    const process = new BirdDaemonProcess({ ipVersion, configFile }, { clock, log, reader, target });
    const expressions = new ScriptExpressions(() => process.config(), scriptLog);
    server.serve(new SpeakerView({ clock, ...inside, version: BIRD_VERSION, process, expressions }));
  };
  return {
    version: BIRD_VERSION,
    source: { load: () => reader.load(configFile) },
    openControl: async () => ({ serve, close: () => server.close() }),
    reloadWords: { done: () => "Reconfigured", failed: (error) => error },
    habits: {
      // SIGINT is not handled: it ends the process like SIGKILL, and peers keep our routes.
      stopSignals: ["SIGTERM"],
      stopping: () => "Shutting down",
      reloading: "Reconfiguration requested by SIGHUP",
    },
    isRecovery: gracefulRestart,
    keepsTimes: true,
    words: {
      running: () => log.info("Started"),
      stopped: () => log.info("Shutdown completed"),
      dump: (target) => log.info(`dump: ${JSON.stringify(target.speaker.status())}`),
    },
  };
}
