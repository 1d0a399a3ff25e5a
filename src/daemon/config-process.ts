// The process that reads the configuration file for the daemon: one question, one answer, then it ends.

import { invariant } from "../base/invariant.js";
import { type ConfigFileOptions, type ConfigReading, readConfig } from "./read-config.js";

/** The reading, or the stack of our own bug. */
export type ConfigAnswer = { readonly reading: ConfigReading } | { readonly bug: string };

function answer(options: ConfigFileOptions): ConfigAnswer {
  try {
    return { reading: readConfig(options) };
  } catch (error) {
    return { bug: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

process.once("message", (options: ConfigFileOptions) => {
  invariant(process.send !== undefined, "config-process is started with a channel");
  process.send(answer(options), () => process.disconnect());
});
