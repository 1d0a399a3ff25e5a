// The program `starling`: connects the command line with this process and with the rooms above it.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SystemClock } from "../base/clock.js";
import { runProgram } from "../control/program.js";
import { processOutput } from "../control/process-output.js";

/** Version in the nearest package.json: the build puts one beside the compiled code. */
function readVersion(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file))
      return (JSON.parse(readFileSync(file, "utf8")) as { readonly version?: string }).version ?? "unknown";
    if (folder === dirname(folder)) return "unknown";
  }
}

process.exitCode = await runProgram(process.argv.slice(2), {
  env: process.env,
  clock: new SystemClock(),
  version: readVersion(),
  stdout: processOutput(process.stdout),
  stderr: processOutput(process.stderr),
  programs: {
    runDaemon: async (options) => (await import("../daemon/main.js")).runDaemon(options),
    runDemo: async (options) => (await import("../daemon/demo/demo.js")).runDemo(options),
  },
});
