// The command line in this process, without a daemon: words in, texts and exit code out.

import { SystemClock } from "../../src/base/clock.js";
import { runCli } from "../../src/control/cli.js";
import type { CliOutput } from "../../src/control/command-context.js";

export interface WordsResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

class Recorder implements CliOutput {
  text = "";
  readonly isTTY = false;

  write(text: string): Promise<void> {
    this.text += text;
    return Promise.resolve();
  }
}

/** Runs `starling WORDS`. */
export async function starling(...words: readonly string[]): Promise<WordsResult> {
  const stdout = new Recorder();
  const stderr = new Recorder();
  const nothing = (): Promise<number> => Promise.resolve(70);
  const code = await runCli(words, {
    env: {},
    clock: new SystemClock(),
    version: "0.1.0",
    stdout,
    stderr,
    programs: { runDaemon: nothing, runDemo: nothing },
  });
  return { code, out: stdout.text, err: stderr.text };
}

/** What `replay` says of a capture, as stored beside it: one message a line, then one table a line. */
export async function expectationOf(path: string): Promise<string> {
  const messages = await starling("replay", path, "-o", "json");
  const tables = await starling("replay", path, "--rib", "-o", "json");
  if (messages.code !== 0 || tables.code !== 0) throw new Error(`${messages.err}${tables.err}`);
  const rows = (JSON.parse(tables.out) as readonly unknown[]).map((table) => `${JSON.stringify(table)}\n`);
  return messages.out + rows.join("");
}
