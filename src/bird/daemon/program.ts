// The program `bird` behind its command line: says what only needs words, and hands over to what reads configurations
// or runs the daemon. Those two are given from outside, because each is loaded only where it is wanted.

import { type BirdOptions, readBirdOptions } from "./options.js";

/** What the program does; each gives the exit code. */
export interface BirdPrograms {
  /** `-p`: 0 if the configuration is good, else 1 and words on standard error. */
  readonly checkConfiguration: (options: BirdOptions) => Promise<number>;
  /** Runs until a signal or the control socket ends it. */
  readonly runDaemon: (options: BirdOptions) => Promise<number>;
}

/** What is around the program; a test puts its own in. */
export interface BirdSurroundings {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly programs: BirdPrograms;
}

/** Runs `bird` or `bird6`, by the name it was called by; gives the exit code. */
export async function runBird(
  program: string,
  words: readonly string[],
  { stdout, stderr, programs }: BirdSurroundings,
): Promise<number> {
  const request = readBirdOptions(program, words);
  switch (request.kind) {
    case "help":
      stdout.write(request.text);
      return 0;
    case "version":
      stderr.write(request.text);
      return 0;
    case "refusal":
      stderr.write(request.text);
      return 1;
    case "run":
      return request.options.parseOnly
        ? programs.checkConfiguration(request.options)
        : programs.runDaemon(request.options);
  }
}
