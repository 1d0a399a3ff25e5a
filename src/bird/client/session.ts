// The client with a prompt: lines from a person or a script, one command each. On a terminal `?` shows at once what may
// come next, as in BIRD's client; elsewhere what was read is printed behind the prompt.

import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Conversation } from "./conversation.js";
import { describeCommands, expand, helpFor } from "./expand.js";
import type { Print } from "./output.js";
import { runCommand } from "./run-command.js";

const PROMPT = "bird> ";

export interface SessionStreams {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable & { readonly isTTY?: boolean };
  readonly print: Print;
  /** `TERM`: a dumb terminal has no keys to edit a line with. */
  readonly terminal: string | undefined;
}

/** Talks until `exit`, `quit` or the end of the input. Rejects when the daemon or the reader of the output is gone. */
export async function runSession(conversation: Conversation, streams: SessionStreams): Promise<void> {
  const { input, output, print } = streams;
  const isPerson = input.isTTY === true && output.isTTY === true;
  const canEdit = isPerson && streams.terminal !== "dumb";
  const reader = canEdit
    ? createInterface({ input, output, terminal: true, prompt: PROMPT, completer: complete })
    : createInterface({ input, terminal: false });
  if (canEdit) showHelpOnKey(reader, input, print);
  const lines = new LineQueue(reader);
  const nextLine = async (): Promise<string | undefined> => {
    if (canEdit) reader.prompt();
    else if (isPerson) await print(PROMPT);
    const line = await lines.next();
    if (!isPerson) await print(`${PROMPT}${line ?? ""}\n`);
    else if (line === undefined) await print("\n");
    return line;
  };
  try {
    await Promise.race([
      runLines(nextLine, conversation, print),
      new Promise((_, reject) => conversation.onFailure(reject)),
    ]);
  } finally {
    lines.stop();
    reader.close();
  }
}

async function runLines(
  nextLine: () => Promise<string | undefined>,
  conversation: Conversation,
  print: Print,
): Promise<void> {
  for (;;) {
    const line = await nextLine();
    if (line === undefined || !(await runLine(line, conversation, print))) return;
  }
}

/** False if the line ends the session. */
async function runLine(line: string, conversation: Conversation, print: Print): Promise<boolean> {
  const question = questionMark(line);
  if (question !== undefined) {
    await print(describeCommands(helpFor(line.slice(0, question))));
    return true;
  }
  const expansion = expand(line);
  const word = expansion.kind === "command" ? expansion.command.words[0] : "";
  if (word === "exit" || word === "quit") return false;
  if (word === "help") await print("Press `?' for context sensitive help.\n");
  else if (line.trim() !== "") await runCommand(line, conversation, print);
  return true;
}

/** The lines in their order, then undefined. */
class LineQueue {
  readonly #lines: string[] = [];
  #isClosed = false;
  #wake: () => void = () => undefined;

  constructor(reader: Interface) {
    reader.on("line", (line) => {
      this.#lines.push(line);
      this.#wake();
    });
    reader.once("close", () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  async next(): Promise<string | undefined> {
    while (this.#lines.length === 0 && !this.#isClosed) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#lines.shift();
  }

  /** Who waits for a line gets none, and no end either. */
  stop(): void {
    this.#wake = () => undefined;
  }
}

/** Where the line asks for help: a question mark outside of quotes, in which it is part of a pattern. */
function questionMark(line: string): number | undefined {
  const at = line.indexOf("?");
  return at < 0 || line.slice(0, at).split('"').length % 2 === 0 ? undefined : at;
}

function showHelpOnKey(reader: Interface, input: Readable, print: Print): void {
  input.on("keypress", (key: string | undefined) => {
    const line = reader.line;
    if (key !== "?" || questionMark(line) === undefined) return;
    const before = line.slice(0, questionMark(line));
    void print(`\n${describeCommands(helpFor(before))}`).then(() => {
      reader.write("", { ctrl: true, name: "h" }); // takes the question mark back
      reader.prompt(true);
    });
  });
}

/** Tab writes the keywords out as far as they are certain. */
function complete(line: string): [string[], string] {
  const lastWord = /\S*$/.exec(line)?.[0] ?? "";
  const before = line.slice(0, line.length - lastWord.length);
  const words = helpFor(before)
    .map(({ words }) => words[words.length - 1])
    .filter((word) => word.startsWith(lastWord));
  return [[...new Set(words)].map((word) => `${word} `), lastWord];
}
