// Reads a capture in chunks and plays its packets: the only file of this room that touches the file system.

import { createReadStream } from "node:fs";
import { AnyCaptureDecoder } from "./capture/capture-decoder.js";
import type { CaptureFault } from "./capture/captured-packet.js";
import type { Replay } from "./replay.js";

/** The file could not be read at all, in words. */
export class CaptureReadError extends Error {
  constructor(path: string, cause: unknown) {
    super(`cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`);
    this.name = "CaptureReadError";
  }
}

/** Plays the whole file; `afterChunk` is awaited now and then, so that what was said so far can be written away.
 *  Gives what is wrong with the file: everything before that was played. Rejects with CaptureReadError. */
export async function playFile(
  path: string,
  replay: Replay,
  afterChunk: () => Promise<void>,
): Promise<CaptureFault | undefined> {
  const decoder = new AnyCaptureDecoder((packet) => replay.add(packet));
  for await (const chunk of chunksOf(path)) {
    decoder.push(chunk);
    await afterChunk();
    if (decoder.fault !== undefined) break;
  }
  decoder.end();
  replay.end();
  await afterChunk();
  return decoder.fault;
}

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path)) yield chunk as Buffer;
  } catch (error) {
    throw new CaptureReadError(path, error);
  }
}
