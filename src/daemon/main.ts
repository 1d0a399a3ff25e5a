// The daemon as a process: configuration, log, signals, exit codes.

import type { Writable } from "node:stream";
import { type Clock, SystemClock } from "../base/clock.js";
import type { RunOptions } from "../control/command-context.js";
import { loadSys } from "../native/load-sys.js";
import type { Addon, Assemble } from "./assemble.js";
import { type LoadedConfig, loadConfigFile } from "./config-loader.js";
import type { Daemon } from "./daemon.js";
import type { DaemonLog } from "./log.js";
import { LoopWatch } from "./loop-watch.js";
import { handleSignals, type SignalSource } from "./signals.js";

const EXIT_OK = 0;
/** A bad configuration, or a machine that does not let us start. */
const EXIT_FAILED = 1;
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

/** Runs the daemon until a signal stops it, or it cannot start; gives the exit code. */
export async function runDaemon(options: RunOptions, surroundings?: ProcessSurroundings): Promise<number> {
  // Another process reads the file; meanwhile this one loads what is needed if the file is good.
  const [loaded, around, program] = await Promise.all([
    loadConfigFile({ path: options.config, node: options.node }),
    surroundings ?? realSurroundings(),
    loadProgram(),
  ]);
  if (loaded.ok) return runWith(loaded, options, around, program);
  around.stderr.write(`${loaded.errors.join("\n")}\n`);
  return EXIT_FAILED;
}

interface Program {
  readonly startDaemon: typeof Daemon.start;
  readonly createLog: typeof DaemonLog.create;
}

async function loadProgram(): Promise<Program> {
  const [{ Daemon }, { DaemonLog }] = await Promise.all([import("./daemon.js"), import("./log.js")]);
  return { startDaemon: Daemon.start.bind(Daemon), createLog: DaemonLog.create.bind(DaemonLog) };
}

async function realSurroundings(): Promise<ProcessSurroundings> {
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

async function runWith(
  loaded: Extract<LoadedConfig, { ok: true }>,
  { config: path, node, version }: RunOptions,
  surroundings: ProcessSurroundings,
  { startDaemon, createLog }: Program,
): Promise<number> {
  const { stderr, env } = surroundings;
  const clock = new LoopWatch(surroundings.clock);
  const color = stderr.isTTY === true && (env["NO_COLOR"] ?? "") === "";
  const log = createLog({ ...loaded.config.log, stream: stderr, color }, clock);
  surroundings.onBug((error) => {
    // Kernel routes stay and graceful restart covers: better than to go on with tables that may be wrong.
    log.error(`bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    surroundings.exit(EXIT_BUG);
  });
  for (const warning of loaded.warnings) log.warn(warning);
  const addon = surroundings.loadSys();
  if ("missing" in addon) log.warn(addon.missing);
  const starting = startDaemon({ path, node, version }, loaded.config, {
    clock,
    log,
    addon,
    assemble: surroundings.assemble,
    onLogConfig: (config) => log.configure(config),
    loopDelay: clock.delay,
  });
  return serveUntilStopped(starting, log, surroundings, version);
}

async function serveUntilStopped(
  starting: Promise<Daemon>,
  log: DaemonLog,
  surroundings: ProcessSurroundings,
  version: string,
): Promise<number> {
  const { clock, signals, exit } = surroundings;
  let stopAsked: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    stopAsked = resolve;
  });
  let daemon: Daemon | undefined;
  const release = handleSignals(signals, log, {
    stop: () => {
      stopAsked();
      clock.at(clock.now() + STOP_LIMIT_MS, () => {
        log.error(`not stopped within ${STOP_LIMIT_MS / 1000} s: ending at once`);
        exit(EXIT_FAILED);
      });
    },
    force: () => exit(EXIT_FAILED),
    // Before the start is over there is nothing to do: the file was read just now. Failures are logged in reload().
    reload: () => void daemon?.reload(),
  });
  try {
    daemon = await starting;
    log.info(`starling ${version} is running`, { pid: process.pid });
    await stopped;
    await daemon.stop();
    log.info("stopped");
    return EXIT_OK;
  } catch (error) {
    log.error(error instanceof Error ? error.message : String(error));
    return EXIT_FAILED;
  } finally {
    release();
  }
}
