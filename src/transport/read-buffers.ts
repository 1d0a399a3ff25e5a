// Buffers that sockets are read into: a few are enough for all connections, because what is read is mostly worked off at
// once. Only who cannot do so keeps one for a while.

import type { Bytes } from "../base/bytes.js";

const LENGTH = 1 << 16;
/** Kept when nobody needs them. */
const MOST_KEPT = 4;

const free: Bytes[] = [];

/** A buffer of 64 KB with anything in it; the caller owns it until it gives it back. */
export function takeReadBuffer(): Bytes {
  return free.pop() ?? new Uint8Array(LENGTH);
}

export function giveReadBuffer(buffer: Bytes): void {
  if (free.length < MOST_KEPT) free.push(buffer);
}
