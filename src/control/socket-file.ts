// The file of a Unix socket: who holds it, its permissions from the first moment on, its group.

import { chownSync, lstatSync, mkdirSync, readFileSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import type { Server } from "node:net";
import type { Clock } from "../base/clock.js";
import { messageOf } from "../base/error-message.js";
import { ControlClient, UnreachableError } from "./client.js";
import { isRecord, socketPathFault } from "./protocol.js";

/** The control socket cannot be had; the message is for people. */
export class SocketTakenError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SocketTakenError";
  }
}

export interface SocketFileOptions {
  readonly path: string;
  /** Permissions, e.g. 0o660. */
  readonly mode: number;
  /** Group name, or "" to leave it. */
  readonly group: string;
}

const HELLO_TIMEOUT_MS = 2000;
/** Connections that may wait for one turn of the loop; the kernel caps it at net.core.somaxconn. */
const BACKLOG = 2048;

/** Removes the socket of a daemon that is gone. Throws SocketTakenError where somebody answers, or where `path` is
 *  something else than a socket. */
export async function clearStaleSocket(path: string, clock: Clock): Promise<void> {
  const fault = socketPathFault(path);
  if (fault !== undefined) throw new SocketTakenError(fault);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new SocketTakenError(`${path} exists and is not a socket`);
  const holder = await askHolder(path, clock);
  if (holder !== undefined) throw new SocketTakenError(`another ${holder} answers on ${path}`);
  unlinkSync(path);
}

/** Who answers, in words; undefined: nobody does. */
async function askHolder(path: string, clock: Clock): Promise<string | undefined> {
  let client: ControlClient;
  try {
    client = await ControlClient.connect(path, { clock, timeoutMs: HELLO_TIMEOUT_MS });
  } catch (error) {
    if (error instanceof UnreachableError && error.isDead) return undefined;
    throw new SocketTakenError(messageOf(error));
  }
  try {
    const hello = await client.request("hello");
    const pid = isRecord(hello) ? hello["pid"] : undefined;
    return typeof pid === "number" ? `starling (pid ${pid})` : "program";
  } catch {
    return "program"; // it took the connection but does not speak our language
  } finally {
    client.close();
  }
}

/** Starts to listen; the file has its final permissions from the moment it appears. Rejects with the system's error. */
export async function listenOnSocketFile(server: Server, options: SocketFileOptions): Promise<void> {
  mkdirSync(dirname(options.path), { recursive: true, mode: 0o755 });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // bind(2) happens inside this call; a chmod afterwards would leave a gap in which anybody may connect.
    const before = process.umask(0o777 & ~options.mode);
    try {
      server.listen({ path: options.path, backlog: BACKLOG }, () => {
        server.off("error", reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

/** Gives the file to the group. Says in words why not, or undefined. */
export function giveToGroup(options: SocketFileOptions, groupFile = "/etc/group"): string | undefined {
  if (options.group === "") return undefined;
  const gid = findGroup(options.group, groupFile);
  if (gid === undefined) return `group ${options.group} does not exist; ${options.path} keeps its group`;
  try {
    chownSync(options.path, -1, gid);
    return undefined;
  } catch (error) {
    return `cannot give ${options.path} to group ${options.group}: ${messageOf(error)}`;
  }
}

/** Numeric id of a group; a number stands for itself. Node has no getgrnam. */
export function findGroup(name: string, groupFile: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  for (const line of readFileSync(groupFile, "utf8").split("\n")) {
    const fields = line.split(":");
    if (fields[0] === name && /^\d+$/.test(fields[2] ?? "")) return Number(fields[2]);
  }
  return undefined;
}
