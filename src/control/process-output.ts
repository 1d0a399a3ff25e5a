// Standard output and error as the command line wants them: with back-pressure, and quiet when the reader leaves.

import type { Writable } from "node:stream";
import { type CliOutput, OutputClosedError } from "./command-context.js";

/** Wraps a stream of this process (or any other). Errors of the stream come out of write(). */
export function processOutput(stream: Writable & { readonly isTTY?: boolean }): CliOutput {
  let failure: Error | undefined;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    failure = error.code === "EPIPE" ? new OutputClosedError() : error;
  });
  return {
    isTTY: stream.isTTY === true,
    write: (text) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) {
          reject(failure);
          return;
        }
        // The callback comes with the error event of this write behind it, so the code is looked at here too.
        stream.write(text, (error: NodeJS.ErrnoException | null | undefined) => {
          if (error === null || error === undefined) resolve();
          else reject(error.code === "EPIPE" ? new OutputClosedError() : error);
        });
      }),
  };
}
