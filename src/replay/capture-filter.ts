// Which messages a user wants to see.

import { equalAddresses, type IpAddress, parseAddress } from "../base/ip.js";
import type { Endpoint } from "./network/tcp-segment.js";
import type { Stamp } from "./network/tcp-stream.js";

export interface CaptureFilter {
  /** One of the two ends has this address. */
  readonly peer: IpAddress | undefined;
  /** Names as messages show them; empty: all. */
  readonly types: readonly string[];
  readonly fromMicros: number;
  readonly toMicros: number;
}

export const EVERYTHING: CaptureFilter = { peer: undefined, types: [], fromMicros: -Infinity, toMicros: Infinity };

/** True if the session is asked for. */
export function isOfPeer({ peer }: CaptureFilter, ...ends: readonly Endpoint[]): boolean {
  if (peer === undefined) return true;
  return ends.some(({ address }) => {
    const parsed = parseAddress(address);
    return parsed !== undefined && equalAddresses(parsed, peer);
  });
}

/** True if what was said at `stamp` is to be shown. */
export function isInTime({ fromMicros, toMicros }: CaptureFilter, { timeMicros }: Stamp): boolean {
  return timeMicros >= fromMicros && timeMicros <= toMicros;
}

/** Microseconds since 1970 of an ISO time or a number of seconds; undefined if the text is neither. */
export function parseMicros(text: string): number | undefined {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text) / 1000;
  if (Number.isNaN(seconds)) return undefined;
  // Date.parse drops what is finer than a millisecond.
  const fraction = /[T ]\d\d:\d\d:\d\d\.\d{3}(\d{1,3})/.exec(text)?.[1] ?? "";
  return Math.round(seconds * 1e6) + Number(fraction.padEnd(3, "0"));
}
