// A daemon from start to stop: claims the control socket, then touches kernel and network, then serves. Ends in the
// opposite order.

import type { Clock } from "../base/clock.js";
import type { Log } from "../base/log.js";
import type { LogConfig, SpeakerConfig } from "../config/speaker-config.js";
import type { ReloadResult } from "../control/api-types.js";
import type { Addon, Assemble, Assembled } from "./assemble.js";
import { ConfigFile } from "./config-file.js";
import type { ConfigSource } from "./config-source.js";
import type { ControlDoor, DaemonTarget, FrontDoor } from "./front-door.js";
import type { LoopDelay } from "./loop-watch.js";

export interface DaemonDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly addon: Addon;
  readonly assemble: Assemble;
  /** Told of the log section when it changes. */
  readonly onLogConfig: (config: LogConfig) => void;
  /** Somebody has asked the daemon to end: stop() must follow. */
  readonly onShutDown: () => void;
  readonly loopDelay: LoopDelay;
}

/** Said of a configuration that comes when the end has begun. */
const TOO_LATE = "Reconfiguration ignored, shutting down";

export class Daemon {
  readonly #dependencies: DaemonDependencies;
  readonly #assembled: Assembled;
  readonly #control: ControlDoor | undefined;
  readonly #file: ConfigFile;
  #config: SpeakerConfig;
  #before: SpeakerConfig | undefined;
  #stopped: Promise<void> | undefined;

  private constructor(
    { source, reloadWords }: FrontDoor,
    config: SpeakerConfig,
    assembled: Assembled,
    control: ControlDoor | undefined,
    dependencies: DaemonDependencies,
  ) {
    const { clock, log } = dependencies;
    this.#dependencies = dependencies;
    this.#assembled = assembled;
    this.#control = control;
    this.#config = config;
    const apply = (next: SpeakerConfig): Promise<readonly string[]> => this.#apply(next);
    this.#file = new ConfigFile(source, { clock, log, apply, words: reloadWords });
  }

  /** Rejects, with everything undone, where the socket is taken, the kernel is closed to us or a port cannot be had. */
  static async start(door: FrontDoor, config: SpeakerConfig, dependencies: DaemonDependencies): Promise<Daemon> {
    const { clock, log, addon, assemble } = dependencies;
    const { version, isRecovery, keepsTimes } = door;
    // First of all: two daemons over one kernel table would take each other's routes away.
    const control = await door.openControl(config, { clock, log, sys: "sys" in addon ? addon.sys : undefined });
    let assembled: Assembled | undefined;
    try {
      assembled = await assemble(config, {
        clock,
        log,
        version,
        addon,
        ...(isRecovery === undefined ? {} : { isRecovery }),
        ...(keepsTimes === undefined ? {} : { keepsTimes }),
      });
      await assembled.speaker.apply(config);
    } catch (error) {
      await assembled?.speaker.stop({ graceful: false });
      await assembled?.close();
      await control?.close();
      throw error;
    }
    const daemon = new Daemon(door, config, assembled, control, dependencies);
    // What was warmed up before the first session is nobody's delay.
    dependencies.loopDelay.reset();
    control?.serve(daemon.target);
    return daemon;
  }

  /** The daemon as control sockets see it. */
  get target(): DaemonTarget {
    const { loopDelay, onShutDown } = this.#dependencies;
    const { speaker, inside } = this.#assembled;
    return {
      speaker,
      inside,
      config: () => this.#config,
      configBefore: () => this.#before,
      isReloading: () => this.#file.isRunning,
      reload: () => this.reload(),
      reloadFrom: (source) => this.#reload(source),
      lastReload: () => this.#file.lastReload,
      eventLoopDelay: () => loopDelay.snapshot(),
      resetEventLoopDelay: () => loopDelay.reset(),
      shutDown: onShutDown,
    };
  }

  /** Reads the file again and applies it; changes nothing once the daemon stops. */
  reload(): Promise<ReloadResult> {
    return this.#reload();
  }

  #reload(source?: ConfigSource): Promise<ReloadResult> {
    if (this.#stopped === undefined) return this.#file.reload(source);
    this.#dependencies.log.warn(TOO_LATE);
    return Promise.resolve({ ok: false, errors: [TOO_LATE] });
  }

  /** Stops once, however often it is called. With graceful restart our peers keep forwarding, and so does our kernel. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopNow();
    return this.#stopped;
  }

  async #stopNow(): Promise<void> {
    // The socket is closed to new clients at once; peers are told now, whatever the clients there are do.
    await Promise.all([this.#control?.close(), this.#stopSpeaker()]);
  }

  async #stopSpeaker(): Promise<void> {
    await this.#assembled.speaker.stop({ graceful: this.#config.gracefulRestart.enabled });
    await this.#assembled.close();
  }

  async #apply(next: SpeakerConfig): Promise<readonly string[]> {
    // What waits already goes first.
    await new Promise<void>((resolve) => this.#dependencies.clock.soon(resolve));
    // A speaker that has stopped would open its ports again.
    if (this.#stopped !== undefined) throw new Error(TOO_LATE);
    const changes = [...(await this.#assembled.speaker.apply(next))];
    const before = this.#config;
    this.#before = before;
    this.#config = next;
    if (before.log.level !== next.log.level || before.log.format !== next.log.format) {
      this.#dependencies.onLogConfig(next.log);
      changes.push(`log: ${next.log.level}, ${next.log.format}`);
    }
    for (const section of restartSections(before, next))
      changes.push(`${section}: the change takes effect at the next start`);
    return changes;
  }
}

/** Sections that are read at the start only, and differ. */
export function restartSections(before: SpeakerConfig, next: SpeakerConfig): readonly string[] {
  const sections: string[] = [];
  const { control: a } = before;
  const { control: b } = next;
  if (a.socket !== b.socket || a.mode !== b.mode || a.group !== b.group) sections.push("control");
  const kernelFields = [
    "enabled",
    "table",
    "protocol",
    "metric",
    "auditSeconds",
    "removeAtExit",
    "staleSeconds",
  ] as const;
  if (kernelFields.some((field) => before.kernel[field] !== next.kernel[field])) sections.push("kernel");
  return sections;
}
