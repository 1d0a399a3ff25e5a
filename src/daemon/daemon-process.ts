// A daemon as a process: signals, exit codes, what happens to our own bugs; the same for every front door.

import type { Writable } from "node:stream";
import { type Clock, SystemClock } from "../base/clock.js";
import { messageOf } from "../base/error-message.js";
import { loadSys } from "../native/load-sys.js";
import type { Addon, Assemble } from "./assemble.js";
import type { LoadedConfig } from "./config-source.js";
import { Daemon } from "./daemon.js";
import type { ConfigurableLog, FrontDoor } from "./front-door.js";
import type { LoopWatch } from "./loop-watch.js";
import { handleSignals, type SignalSource } from "./signals.js";

export const EXIT_OK = 0;
/** A bad configuration, or a machine that does not let us start. */
export const EXIT_FAILED = 1;
/** EX_SOFTWARE of sysexits(3): our bug. */
const EXIT_BUG = 70;

/** Longest orderly stop: what hangs must not keep a machine from going down. */
const STOP_LIMIT_MS = 15_000;

/** The process around the daemon; a test puts its own in. */
export interface ProcessSurroundings {
  readonly clock: Clock;
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signals: SignalSource;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
  /** Calls back for an exception nobody caught. */
  readonly onBug: (report: (error: unknown) => void) => void;
  readonly loadSys: () => Addon;
  readonly assemble: Assemble;
}

export async function realSurroundings(): Promise<ProcessSurroundings> {
  const { assemble } = await import("./assemble.js");
  return {
    clock: new SystemClock(),
    stderr: process.stderr,
    env: process.env,
    signals: process,
    exit: (code) => process.exit(code),
    onBug: (report) => {
      process.on("uncaughtException", report);
      process.on("unhandledRejection", report);
    },
    loadSys: () => loadSys(),
    assemble,
  };
}

/** What runs in the process. `clock` measures the delay of whoever uses it. */
export interface ProcessProgram {
  readonly door: FrontDoor;
  readonly loaded: Extract<LoadedConfig, { ok: true }>;
  readonly clock: LoopWatch;
  readonly log: ConfigurableLog;
}

/** Runs the daemon until a signal or the control socket stops it, or it cannot start; gives the exit code. */
export async function runProcess(program: ProcessProgram, surroundings: ProcessSurroundings): Promise<number> {
  const { door, loaded, clock, log } = program;
  surroundings.onBug((error) => {
    // Kernel routes stay and graceful restart covers: better than to go on with tables that may be wrong.
    log.error(`bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    surroundings.exit(EXIT_BUG);
  });
  for (const warning of loaded.warnings) log.warn(warning);
  const addon = surroundings.loadSys();
  if ("missing" in addon) log.warn(addon.missing);
  const stop = stopRequest(log, surroundings);
  const starting = Daemon.start(door, loaded.config, {
    clock,
    log,
    addon,
    assemble: surroundings.assemble,
    onLogConfig: (config) => log.configure(config),
    onShutDown: stop.ask,
    loopDelay: clock.delay,
  });
  return serveUntilStopped(starting, stop, program, surroundings);
}

interface StopRequest {
  readonly ask: () => void;
  readonly asked: Promise<void>;
}

/** From the first request on the stop has its time. */
function stopRequest(log: ConfigurableLog, { clock, exit }: ProcessSurroundings): StopRequest {
  let resolveAsked: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    resolveAsked = resolve;
  });
  let isAsked = false;
  const ask = (): void => {
    if (isAsked) return;
    isAsked = true;
    resolveAsked();
    clock.at(clock.now() + STOP_LIMIT_MS, () => {
      log.error(`not stopped within ${STOP_LIMIT_MS / 1000} s: ending at once`);
      exit(EXIT_FAILED);
    });
  };
  return { ask, asked };
}

async function serveUntilStopped(
  starting: Promise<Daemon>,
  stop: StopRequest,
  { door, log }: ProcessProgram,
  { signals, exit }: ProcessSurroundings,
): Promise<number> {
  let daemon: Daemon | undefined;
  /** The file was read before the start: what was written into it meanwhile is to be had afterwards. */
  let isReloadAsked = false;
  const { dump } = door.words;
  const actions = {
    stop: stop.ask,
    force: () => exit(EXIT_FAILED),
    reload: () => {
      isReloadAsked ||= daemon === undefined;
      // Failures are logged in there.
      void daemon?.reload();
    },
    dump: dump === undefined ? undefined : () => daemon !== undefined && dump(daemon.target),
  };
  const release = handleSignals(signals, log, actions, door.habits);
  try {
    daemon = await starting;
    door.words.running(log);
    if (isReloadAsked) void daemon.reload();
    await stop.asked;
    await daemon.stop();
    door.words.stopped(log);
    return EXIT_OK;
  } catch (error) {
    log.error(messageOf(error));
    return EXIT_FAILED;
  } finally {
    release();
  }
}
