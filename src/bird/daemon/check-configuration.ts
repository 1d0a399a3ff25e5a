// Whether a file is good, for `bird -p` and `configure check`. confd asks at every change, and waits: nothing is loaded but
// the language and what knows the limits of the speaker.

import { NO_FILTERS } from "../config/filter-source.js";
import { toSpeakerConfig } from "../config/to-speaker-config.js";
import { BirdConfigError } from "../language/bird-config-error.js";
import { readBirdConfig } from "../language/read-bird-config.js";
import type { BirdOptions } from "./options.js";

/** Reads a file without taking it anywhere: undefined, or what is wrong with it. */
export function checkBirdConfig(path: string, ipVersion: 4 | 6): string | undefined {
  try {
    const declared = readBirdConfig(path, { ipVersion });
    toSpeakerConfig(declared, { routerId: declared.routerId ?? 0, controlSocket: "", filters: NO_FILTERS });
    return undefined;
  } catch (error) {
    if (error instanceof BirdConfigError) return error.message;
    throw error;
  }
}

/** `bird -p`: gives the exit code; what is wrong goes to standard error. */
export function checkConfiguration(
  { configFile, ipVersion }: BirdOptions,
  stderr: { write(text: string): unknown },
): number {
  const fault = checkBirdConfig(configFile, ipVersion);
  if (fault === undefined) return 0;
  stderr.write(`bird: ${fault}\n`);
  return 1;
}
