// Loads the configuration file by way of a process of its own. What reads it (a schema library, a YAML parser, the checks)
// takes some 30 MB that a running daemon never looks at again; a module that was loaded is never given back, and of a
// thread's memory a third stays in the allocator. Besides, this process goes on meanwhile, at the start as well as at a
// reload.

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { messageOf } from "../base/error-message.js";
import type { ScriptLog } from "../policy/script.js";
import type { ConfigAnswer } from "./config-process.js";
import type { LoadedConfig } from "./config-source.js";
import { fromPlainConfig } from "./plain-config.js";
import type { ConfigFileOptions, ConfigReading } from "./read-config.js";

/** Starts the process that reads; a test may start another one. */
export type StartReader = () => ChildProcess;

/** Reads and parses the file. `log`: what scripts say while they run. Rejects on our own bugs only. */
export async function loadConfigFile(
  options: ConfigFileOptions,
  startReader: StartReader = forkReader,
  log?: ScriptLog,
): Promise<LoadedConfig> {
  const answer = await ask(startReader, options);
  if ("bug" in answer) throw new Error(`while reading ${options.path}: ${answer.bug}`);
  const reading = "silence" in answer ? await readHere(options, answer.silence) : answer.reading;
  return reading.ok ? { ...reading, config: await fromPlainConfig(reading.config, log) } : reading;
}

function forkReader(): ChildProcess {
  return fork(fileURLToPath(new URL("./config-process.js", import.meta.url)), {
    serialization: "advanced",
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
}

/** Why there is no answer: the system gives no process, or has ended it. */
interface Silence {
  readonly silence: string;
}

function ask(startReader: StartReader, options: ConfigFileOptions): Promise<ConfigAnswer | Silence> {
  return new Promise((resolve) => {
    const fail = (error: unknown): void => resolve({ silence: messageOf(error) });
    try {
      const reader = startReader();
      reader.once("message", (message) => resolve(message as ConfigAnswer));
      reader.on("error", fail);
      // Not `exit`, which may come before the last message.
      reader.once("disconnect", () => fail("it has ended without an answer"));
      reader.send(options);
    } catch (error) {
      fail(error);
    }
  });
}

/** At the cost of memory, but a daemon must be able to start. */
async function readHere(options: ConfigFileOptions, why: string): Promise<ConfigReading> {
  const { readConfig } = await import("./read-config.js");
  const reading = readConfig(options);
  if (!reading.ok) return reading;
  const warning = `no process could be had to read ${options.path}, so the daemon did, which costs memory: ${why}`;
  return { ...reading, warnings: [...reading.warnings, warning] };
}
