// What `starling replay` was asked for, and how a damaged file is told.

import type { CaptureFault } from "../replay/capture/captured-packet.js";
import type { CaptureFilter } from "../replay/capture-filter.js";
import type { ReplayOptions } from "../replay/replay.js";
import { type CommandContext, EXIT_DEGRADED } from "./command-context.js";

export interface ReplayRequest {
  readonly file: string;
  readonly options: ReplayOptions;
  readonly filter: CaptureFilter;
  readonly ribOnly: boolean;
  readonly speaker: SpeakerFeedRequest | undefined;
}

export interface SpeakerFeedRequest {
  readonly config: string;
  /** Address or name. */
  readonly peer: string;
  readonly node: string | undefined;
}

/** Says where the file is damaged; gives the exit code. */
export async function tellFault(context: CommandContext, file: string, fault: CaptureFault): Promise<number> {
  await context.printError(`starling: ${file}: ${fault.text} (at octet ${fault.offset})`);
  return EXIT_DEGRADED;
}
