// Puts a real speaker together: sockets, kernel, speaker. The only place that knows all the rooms.

import type { Clock } from "../base/clock.js";
import type { Log } from "../base/log.js";
import type { SpeakerConfig } from "../config/speaker-config.js";
import type { SpeakerApi } from "../control/api-types.js";
import { openKernel } from "../kernel/open-kernel.js";
import type { Sys } from "../native/sys.js";
import { Speaker } from "../speaker/speaker.js";
import { TcpListenerFactory } from "../transport/listener.js";
import { TcpTransport } from "../transport/tcp.js";

/** A speaker as the daemon drives it. */
export interface RunningSpeaker extends SpeakerApi {
  /** Brings the speaker to `config`; gives what changed, one line each. Rejects where the world does not allow it, for
   *  example a port that is taken. */
  apply(config: SpeakerConfig): Promise<readonly string[]>;
  /** `graceful`: connections go without a NOTIFICATION, so that peers keep our routes (RFC 4724 §4.1). */
  stop(options: { readonly graceful: boolean }): Promise<void>;
}

export interface Assembled {
  readonly speaker: RunningSpeaker;
  /** Ends what the speaker stood on. Kernel routes stay, unless the configuration says removeAtExit. */
  close(): Promise<void>;
}

export interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  readonly sys: Sys | undefined;
}

export type Assemble = (config: SpeakerConfig, surroundings: Surroundings) => Promise<Assembled>;

/** Opens the kernel where the configuration wants it, and makes a speaker that waits for apply(). */
export const assemble: Assemble = async (config, { clock, log, version, sys }) => {
  const kernel = config.kernel.enabled && sys !== undefined ? await openKernel(config.kernel, { clock, log, sys }) : undefined;
  const fib = kernel !== undefined && "fib" in kernel ? kernel.fib : undefined;
  const kernelProblem = kernel !== undefined && "unavailable" in kernel ? kernel.unavailable : undefined;
  if (kernelProblem !== undefined) log.warn(`kernel routes are not written: ${kernelProblem}`);
  const speaker = new Speaker({
    clock,
    log,
    version,
    transport: new TcpTransport({ clock, sys }),
    listeners: new TcpListenerFactory({ clock, log, sys }),
    fib,
    view: kernel?.view,
    kernelProblem,
  });
  const close = async (): Promise<void> => {
    await fib?.close(); // before the view: it may still remove routes
    kernel?.view?.close();
  };
  return { speaker, close };
};
