// The kernel's counters of TCP segments dropped for their MD5 signature or TTL: /proc/net/netstat, lines TcpExt, of the
// network namespace we live in. What they mean for a peer: session/drop-watch.ts.

import { readFileSync } from "node:fs";
import type { Clock } from "../base/clock.js";
import type { SegmentDrops } from "../session/ports.js";

const PATH = "/proc/net/netstat";
/** Many peers ask at about the same time: one reading serves them. */
const FRESH_MS = 100;

export class SegmentDropCounters {
  readonly #clock: Clock;
  readonly #path: string;
  #reading: SegmentDrops | undefined;
  #readAt = -Infinity;

  constructor(clock: Clock, path = PATH) {
    this.#clock = clock;
    this.#path = path;
  }

  /** The counters, at most 100 ms old; undefined where the kernel does not tell. */
  read(): SegmentDrops | undefined {
    const now = this.#clock.now();
    if (now - this.#readAt < FRESH_MS) return this.#reading;
    this.#readAt = now;
    this.#reading = parseNetstat(textOf(this.#path));
    return this.#reading;
  }
}

/** A counter that this kernel does not have stays 0. Undefined: no TcpExt lines. */
export function parseNetstat(text: string): SegmentDrops | undefined {
  const [names, values] = text
    .split("\n")
    .filter((line) => line.startsWith("TcpExt:"))
    .map((line) => line.split(" "));
  if (names === undefined || values === undefined) return undefined;
  const counter = (name: string): number => {
    const index = names.indexOf(name);
    return index === -1 ? 0 : Number(values[index]);
  };
  return {
    md5Missing: counter("TCPMD5NotFound"),
    md5Unexpected: counter("TCPMD5Unexpected"),
    md5Wrong: counter("TCPMD5Failure"),
    ttlTooLow: counter("TCPMinTTLDrop"),
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    // Hidden /proc: there is nothing to tell then, and nothing else depends on it.
    if (error instanceof Error && "code" in error) return "";
    throw error;
  }
}
