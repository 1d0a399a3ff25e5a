// The program `birdcl`: one command and its reply, or a conversation.

import type { Readable, Writable } from "node:stream";
import { Conversation, ConversationError } from "./conversation.js";
import { type ClientOptions, readClientOptions } from "./options.js";
import { OutputClosedError, type Print, printTo } from "./output.js";
import { runCommand } from "./run-command.js";

/** What is around the program: the process itself, whose streams are made when they are first asked for. A test puts its
 *  own in. */
export interface ClientSurroundings {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Runs `birdcl` or `birdcl6`, by the name it was called by. Gives 0 whenever the daemon answered, whatever it said, else 1. */
export async function runClient(
  program: string,
  words: readonly string[],
  surroundings: ClientSurroundings,
): Promise<number> {
  const request = readClientOptions(program, words);
  const print = printTo(surroundings.stdout);
  try {
    switch (request.kind) {
      case "words":
        await print(request.text);
        return 0;
      case "refusal":
        surroundings.stderr.write(request.text);
        return 1;
      case "talk":
        await talk(request.options, print, surroundings);
        return 0;
    }
  } catch (error) {
    if (error instanceof OutputClosedError) return 0;
    if (!(error instanceof ConversationError)) throw error;
    surroundings.stderr.write(`${error.message}\n`);
    return 1;
  }
}

async function talk(options: ClientOptions, print: Print, surroundings: ClientSurroundings): Promise<void> {
  const conversation = await Conversation.open(options.socket, { print, codes: options.codes });
  try {
    if (options.restricted) await conversation.ask("restrict");
    if (options.command !== undefined) {
      await runCommand(options.command, conversation, print);
      return;
    }
    // Not before it is wanted: one question needs neither standard input nor what edits lines.
    const { runSession } = await import("./session.js");
    const { stdin, stdout, env } = surroundings;
    await runSession(conversation, { input: stdin, output: stdout, print, terminal: env["TERM"] });
  } finally {
    conversation.close();
  }
}
