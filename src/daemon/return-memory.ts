// Memory that the process no longer uses goes back to the system. In an idle process nothing else would see to it: V8
// collects when much is allocated, and the C library keeps what is freed between blocks that are in use.

import type { Clock } from "../base/clock.js";
import type { Sys } from "../native/sys.js";

/** V8 collects garbage when so much has been allocated outside its heap since the last time. Memory that is never touched
 *  is address space only. */
const PRESSURE_BYTES = 64 << 20;
const PRESSURES = 4;
/** For the collection, which runs beside us in part. */
const PAUSE_MS = 100;

/** Comes back at once; the work is done within a second. Where the addon is missing, part of the memory stays. */
export function returnMemory(clock: Clock, sys: Sys | undefined): void {
  let left = PRESSURES;
  const step = (): void => {
    if (left-- > 0 && allocates(PRESSURE_BYTES)) clock.at(clock.now() + PAUSE_MS, step);
    else sys?.mallocTrim?.();
  };
  step();
}

/** False where address space is scarce: then V8 is under pressure anyway. */
function allocates(bytes: number): boolean {
  try {
    return new ArrayBuffer(bytes).byteLength === bytes;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
