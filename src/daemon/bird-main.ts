// `bird` and `bird6` as processes, in BIRD's order: the control socket is taken, the file is read, protocols start.
//
// Deviates from BIRD: it never goes to the background, and it keeps its user (-u), whose privileges the kernel asks for at
// every route and every socket.

import { createWriteStream, openSync, rmSync, writeFileSync } from "node:fs";
import type { Writable } from "node:stream";
import { messageOf } from "../base/error-message.js";
import { BirdServer } from "../bird/control/bird-server.js";
import { BirdConfigReader } from "../bird/daemon/bird-config-reader.js";
import { BirdLog } from "../bird/daemon/bird-log.js";
import type { BirdOptions } from "../bird/daemon/options.js";
import { routerIdOfInterfaces } from "../bird/daemon/router-id.js";
import { BIRD_VERSION } from "../bird/version.js";
import { birdDoor } from "./bird-door.js";
import { EXIT_FAILED, type ProcessSurroundings, realSurroundings, runProcess } from "./daemon-process.js";
import { LoopWatch } from "./loop-watch.js";
import { LimitedScriptLog } from "./script-log.js";

/** Runs the daemon until a signal or its control socket ends it, or it cannot start; gives the exit code. */
export async function runBirdDaemon(options: BirdOptions, surroundings?: ProcessSurroundings): Promise<number> {
  const around = surroundings ?? (await realSurroundings());
  const { configFile, controlSocket, ipVersion } = options;
  const clock = new LoopWatch(around.clock);
  const log = openLog(options, around.stderr);
  const problem = changeIdentity(options);
  if (problem !== undefined) return refuse(log, problem);
  const server = new BirdServer({ path: controlSocket, version: BIRD_VERSION }, { clock, log });
  try {
    await server.listen();
  } catch (error) {
    return refuse(log, messageOf(error));
  }
  const scripts = new LimitedScriptLog(clock);
  scripts.log = log;
  const words = { scriptLog: scripts.write, findRouterId: routerIdOfInterfaces };
  const reader = new BirdConfigReader({ ipVersion, controlSocket }, words);
  const loaded = await reader.load(configFile);
  if (!loaded.ok) {
    await server.close();
    return refuse(log, loaded.errors.join("; "));
  }
  try {
    writePidFile(options.pidFile);
  } catch (error) {
    await server.close();
    return refuse(log, `Cannot create PID file ${options.pidFile}: ${messageOf(error)}`);
  }
  try {
    const door = birdDoor(options, { clock, log, reader, scriptLog: scripts.write, server });
    return await runProcess({ door, loaded, clock, log }, around);
  } finally {
    // Somebody may have removed it already.
    if (options.pidFile !== undefined) rmSync(options.pidFile, { force: true });
  }
}

function refuse(log: BirdLog, message: string): number {
  log.error(message);
  return EXIT_FAILED;
}

function openLog({ debug }: BirdOptions, stderr: Writable): BirdLog {
  const stream = typeof debug === "object" ? openDebugFile(debug.file, stderr) : stderr;
  // A reader that went away, or a full disk, is no reason to stop routing, and there is nobody left to tell.
  stream.on("error", () => undefined);
  return BirdLog.create((text) => stream.write(text));
}

/** Opened at once: what cannot be written to is said where somebody still listens. */
function openDebugFile(path: string, stderr: Writable): Writable {
  try {
    return createWriteStream(path, { fd: openSync(path, "a") });
  } catch (error) {
    stderr.write(`bird: Unable to open debug file ${path}: ${messageOf(error)}\n`);
    return stderr;
  }
}

/** Gives what speaks against it. */
function changeIdentity({ user, group }: BirdOptions): string | undefined {
  if (group !== undefined) {
    try {
      process.setgid?.(numberOrName(group));
    } catch (error) {
      return `Cannot change to group ${group}: ${messageOf(error)}`;
    }
  }
  if (user === undefined || user === "root" || numberOrName(user) === process.getuid?.()) return undefined;
  return `Cannot run as ${user}: writing kernel routes and listening on port 179 need the privileges this process has`;
}

function numberOrName(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}

function writePidFile(path: string | undefined): void {
  if (path !== undefined) writeFileSync(path, `${process.pid}\n`);
}
