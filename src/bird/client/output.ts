// Where the client prints: with back-pressure, and quiet when the reader leaves.

import type { Writable } from "node:stream";

/** Resolves when the text is on its way and more may come. Rejects with OutputClosedError when nobody reads any more. */
export type Print = (text: string) => Promise<void>;

/** The reader of our output has left (`birdcl show route | head`). */
export class OutputClosedError extends Error {
  constructor() {
    super("nobody reads the output");
    this.name = "OutputClosedError";
  }
}

/** Prints to a stream, octet by octet as the daemon sent it. */
export function printTo(stream: Writable): Print {
  let failure: Error | undefined;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    failure = error.code === "EPIPE" ? new OutputClosedError() : error;
  });
  return (text) =>
    new Promise((resolve, reject) => {
      if (failure !== undefined) {
        reject(failure);
        return;
      }
      // The callback comes before the error event of this write.
      stream.write(text, "latin1", (error: NodeJS.ErrnoException | null | undefined) => {
        if (error === null || error === undefined) resolve();
        else reject(error.code === "EPIPE" ? new OutputClosedError() : error);
      });
    });
}
