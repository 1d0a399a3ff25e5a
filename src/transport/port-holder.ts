// Who listens on a TCP port: /proc/net/tcp and tcp6 give the socket's inode, /proc/PID/fd the process that holds it.
//
// Best effort: other network namespaces' processes and other users' descriptors cannot be seen.

import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const LISTEN_STATE = "0A";

/** `bird (pid 1234)`, or undefined where it cannot be found. */
export function findPortHolder(port: number): string | undefined {
  const inodes = new Set([...listeningInodes("/proc/net/tcp", port), ...listeningInodes("/proc/net/tcp6", port)]);
  if (inodes.size === 0) return undefined;
  const links = new Set([...inodes].map((inode) => `socket:[${inode}]`));
  for (const pid of list("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const holds = list(`/proc/${pid}/fd`).some((fd) => links.has(linkOf(`/proc/${pid}/fd/${fd}`)));
    if (holds) return `${textOf(`/proc/${pid}/comm`).trim()} (pid ${pid})`;
  }
  return undefined;
}

/** Inodes of the sockets that listen on `port`, from text in the form of /proc/net/tcp. */
export function parseListeners(text: string, port: number): string[] {
  const inodes: string[] = [];
  for (const line of text.split("\n").slice(1)) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (local === undefined || inode === undefined || state !== LISTEN_STATE) continue;
    if (parseInt(local.slice(local.lastIndexOf(":") + 1), 16) === port) inodes.push(inode);
  }
  return inodes;
}

function listeningInodes(file: string, port: number): string[] {
  return parseListeners(textOf(file), port);
}

// Processes come and go while we look, and most of them are not ours to look into: nothing is the answer then.
function tryOr<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && "code" in error) return otherwise;
    throw error;
  }
}

function list(folder: string): string[] {
  return tryOr(() => readdirSync(folder), []);
}

function linkOf(file: string): string {
  return tryOr(() => readlinkSync(file), "");
}

function textOf(file: string): string {
  return tryOr(() => readFileSync(file, "utf8"), "");
}
