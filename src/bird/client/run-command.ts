// One command of a person: written out, asked, its reply printed.

import type { Conversation } from "./conversation.js";
import { describeCommands, expand } from "./expand.js";
import type { Print } from "./output.js";

const NO_SUCH_COMMAND = "No such command. Press `?' for help.\n";

/** Asks what the line means and prints the reply, or says that it means nothing or too much. */
export async function runCommand(line: string, conversation: Conversation, print: Print): Promise<void> {
  const expansion = expand(line);
  switch (expansion.kind) {
    case "command":
      return conversation.ask(expansion.text);
    case "ambiguous":
      return print(`Ambiguous command, possible expansions are:\n${describeCommands(expansion.candidates)}`);
    case "unknown":
      return print(NO_SUCH_COMMAND);
  }
}
