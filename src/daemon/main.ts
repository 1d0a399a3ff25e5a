// `starling run` as a process: its configuration, its log, its front door.

import type { RunOptions } from "../control/command-context.js";
import { loadConfigFile } from "./config-loader.js";
import type { ProcessSurroundings } from "./daemon-process.js";

const EXIT_FAILED = 1;

/** Runs the daemon until a signal stops it, or it cannot start; gives the exit code. */
export async function runDaemon(
  { config: path, node, version }: RunOptions,
  surroundings?: ProcessSurroundings,
): Promise<number> {
  // Another process reads the file; meanwhile this one loads what is needed if the file is good.
  const [loaded, program] = await Promise.all([loadConfigFile({ path, node }), loadProgram()]);
  const around = surroundings ?? (await program.realSurroundings());
  const { stderr, env } = around;
  if (!loaded.ok) {
    stderr.write(`${loaded.errors.join("\n")}\n`);
    return EXIT_FAILED;
  }
  const clock = new program.LoopWatch(around.clock);
  const color = stderr.isTTY === true && (env["NO_COLOR"] ?? "") === "";
  const log = program.DaemonLog.create({ ...loaded.config.log, stream: stderr, color }, clock);
  const door = program.yamlDoor({ path, node }, version);
  return program.runProcess({ door, loaded, clock, log }, around);
}

/** All that a daemon runs on; loaded while the file is read. */
async function loadProgram() {
  const [{ runProcess, realSurroundings }, { DaemonLog }, { LoopWatch }, { yamlDoor }] = await Promise.all([
    import("./daemon-process.js"),
    import("./log.js"),
    import("./loop-watch.js"),
    import("./yaml-door.js"),
    import("./assemble.js"),
  ]);
  return { runProcess, realSurroundings, DaemonLog, LoopWatch, yamlDoor };
}
