// What became of a command: words for the user and the exit code.

import { UnreachableError } from "./client.js";
import {
  type CliEnvironment,
  EXIT_DEGRADED,
  EXIT_OK,
  EXIT_SOFTWARE,
  EXIT_UNREACHABLE,
  EXIT_USAGE,
  OutputClosedError,
  UsageError,
} from "./command-context.js";
import { RequestError } from "./protocol.js";

/** Tells the user what a command has thrown; gives the exit code. */
export async function explain(error: unknown, environment: CliEnvironment): Promise<number> {
  if (error instanceof OutputClosedError) return EXIT_OK;
  const code = exitCodeOf(error);
  const message =
    error instanceof Error ? (code === EXIT_SOFTWARE ? (error.stack ?? error.message) : error.message) : String(error);
  const hint = code === EXIT_USAGE ? "\nSee starling help." : "";
  await environment.stderr.write(`starling: ${message}${hint}\n`);
  return code;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UnreachableError) return EXIT_UNREACHABLE;
  if (error instanceof RequestError) return error.code === "bad-params" ? EXIT_USAGE : EXIT_DEGRADED;
  // yargs throws its complaints about values as errors of its own class
  if (error instanceof UsageError || (error instanceof Error && error.name === "YError")) return EXIT_USAGE;
  return EXIT_SOFTWARE;
}
