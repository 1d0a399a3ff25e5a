// Both ends of a connected socket, as the kernel names them.

import { readdirSync, readFileSync } from "node:fs";
import { type IpAddress, isLinkLocal } from "../base/ip.js";
import type { Sys } from "../native/sys.js";
import { portOf, scopeOf } from "./socket-options.js";

const SOCKADDR_IN_LENGTH = 16;
const SOCKADDR_MAX_LENGTH = 28;

export interface ConnectionEnds {
  readonly localAddress: IpAddress;
  readonly localPort: number;
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
}

/** Undefined if the connection is already gone. */
export function endsOfDescriptor(sys: Sys, fd: number): ConnectionEnds | undefined {
  const local = nameOf(sys, fd, 0);
  const remote = nameOf(sys, fd, 1);
  if (local === undefined || remote === undefined) return undefined;
  return {
    localAddress: addressOf(local),
    localPort: portOf(local),
    remoteAddress: addressOf(remote),
    remotePort: portOf(remote),
  };
}

function nameOf(sys: Sys, fd: number, peer: number): Uint8Array | undefined {
  const name = new Uint8Array(SOCKADDR_MAX_LENGTH);
  const length = sys.getsockname(fd, name, peer);
  return length < SOCKADDR_IN_LENGTH ? undefined : name.subarray(0, length);
}

function addressOf(name: Uint8Array): IpAddress {
  if (name.length === SOCKADDR_IN_LENGTH) return { bytes: name.slice(4, 8) };
  const bytes = name.slice(8, 24);
  return isLinkLocal(bytes) ? { bytes, zone: interfaceName(scopeOf(name)) } : { bytes };
}

/** Of an interface that has just gone the number is all there is. */
function interfaceName(index: number): string {
  for (const name of readdirSync("/sys/class/net")) {
    try {
      if (Number(readFileSync(`/sys/class/net/${name}/ifindex`, "utf8")) === index) return name;
    } catch (error) {
      // It went between the two readings.
      if (!(error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")))
        throw error;
    }
  }
  return String(index);
}
