// Puts a real speaker together: sockets, kernel, speaker. The only place that knows all the rooms.

import type { Clock } from "../base/clock.js";
import type { Log } from "../base/log.js";
import type { SpeakerConfig } from "../config/speaker-config.js";
import type { SpeakerApi } from "../control/api-types.js";
import { openKernel, type OpenKernel, type UnavailableKernel } from "../kernel/open-kernel.js";
import type { Sys } from "../native/sys.js";
import type { Fib, KernelView } from "../speaker/ports.js";
import { longestRecovery } from "../speaker/recovery.js";
import { Speaker } from "../speaker/speaker.js";
import { warmUp } from "../speaker/warm-up.js";
import { TcpListenerFactory } from "../transport/listener.js";
import { TcpTransport } from "../transport/tcp.js";
import { returnMemory } from "./return-memory.js";

/** A speaker as the daemon drives it. */
export interface RunningSpeaker extends SpeakerApi {
  /** Brings the speaker to `config`; gives what changed, one line each. Rejects where the world does not allow it, for
   *  example a port that is taken. */
  apply(config: SpeakerConfig): Promise<readonly string[]>;
  /** `graceful`: connections go without a NOTIFICATION, so that peers keep our routes (RFC 4724 §4.1). */
  stop(options: { readonly graceful: boolean }): Promise<void>;
}

/** The real speaker with what it stands on, for who looks at it from close by. */
export interface SpeakerInside {
  readonly speaker: Speaker;
  readonly fib: Fib | undefined;
  readonly kernel: KernelView | undefined;
}

export interface Assembled {
  readonly speaker: RunningSpeaker;
  readonly inside?: SpeakerInside;
  /** Ends what the speaker stood on. Kernel routes stay, unless the configuration says removeAtExit. */
  close(): Promise<void>;
}

/** What is left to be done when a recovery is over takes no longer. */
const SWEEP_MARGIN_SECONDS = 60;

export interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  readonly addon: Addon;
  /** This start is a recovery, as far as the configuration asks (SpeakerDependencies). */
  readonly isRecovery?: boolean;
  /** Views tell since when paths are as they are. */
  readonly keepsTimes?: boolean;
}

/** The C addon, or words that say what does not work without it. */
export type Addon = { readonly sys: Sys } | { readonly missing: string };

export type Assemble = (config: SpeakerConfig, surroundings: Surroundings) => Promise<Assembled>;

/** Opens the kernel where the configuration wants it, and makes a speaker that waits for apply(). */
export const assemble: Assemble = async (config, { clock, log, version, addon, isRecovery, keepsTimes }) => {
  const kernel = await openKernelFor(config, clock, log, addon);
  const fib = "fib" in kernel ? kernel.fib : undefined;
  const sys = "sys" in addon ? addon.sys : undefined;
  await warmUp(clock, config);
  const speaker = new Speaker({
    clock,
    log,
    version,
    transport: new TcpTransport({ clock, sys }),
    listeners: new TcpListenerFactory({ clock, log, sys }),
    fib,
    view: kernel.view,
    kernelProblem: "unavailable" in kernel ? kernel.unavailable : undefined,
    returnMemory: () => returnMemory(clock, sys),
    returnFreed: () => void sys?.mallocTrim?.(),
    ...(isRecovery === undefined ? {} : { isRecovery }),
    ...(keepsTimes === undefined ? {} : { keepsTimes }),
  });
  const close = async (): Promise<void> => {
    await fib?.close(); // before the view: it may still remove routes
    kernel.view?.close();
  };
  return { speaker, inside: { speaker, fib, kernel: speaker.view }, close };
};

async function openKernelFor(
  config: SpeakerConfig,
  clock: Clock,
  log: Log,
  addon: Addon,
): Promise<OpenKernel | UnavailableKernel | { readonly view: undefined }> {
  if (!config.kernel.enabled) return { view: undefined };
  if ("missing" in addon) return { unavailable: addon.missing, view: undefined };
  const kernel = await openKernel(kernelOptions(config), { clock, log, sys: addon.sys });
  if ("unavailable" in kernel) log.warn(`kernel routes are not written: ${kernel.unavailable}`);
  return kernel;
}

/** With graceful restart the speaker says when stale routes may go; the kernel room's own limit must not come before. */
function kernelOptions({ kernel, ...config }: SpeakerConfig): SpeakerConfig["kernel"] {
  if (!config.gracefulRestart.enabled) return kernel;
  const recovery = longestRecovery({ ...config, kernel });
  return { ...kernel, staleSeconds: Math.max(kernel.staleSeconds, recovery + SWEEP_MARGIN_SECONDS) };
}
