// Which protocols a command is about.

import type { ProtocolChoice } from "./commands.js";
import type { ProtocolView } from "./bird-view.js";
import { ReplyError } from "./reply.js";

/** In the order of the configuration. Throws ReplyError 9002 for a name that is none, 8003 where no pattern fits. */
export function chooseProtocols(choice: ProtocolChoice, protocols: readonly ProtocolView[]): readonly ProtocolView[] {
  if (choice.kind === "name") {
    const found = protocols.find(({ name }) => name === choice.name);
    if (found === undefined) throw new ReplyError(9002, `${choice.name} is not a protocol`);
    return [found];
  }
  const found = protocols.filter(({ name }) => choice.kind === "all" || matchesPattern(choice.pattern, name));
  if (found.length === 0) throw new ReplyError(8003, "No protocols match");
  return found;
}

/** Shell patterns of BIRD: `*`, `?`, and `\` before a character that stands for itself. */
export function matchesPattern(pattern: string, text: string): boolean {
  // Where to go on when what follows the last `*` did not fit: one character further.
  let star = -1;
  let resume = 0;
  let at = 0;
  let read = 0;
  while (read < text.length) {
    const isEscaped = pattern[at] === "\\" && at + 1 < pattern.length;
    const wanted = isEscaped ? pattern[at + 1] : pattern[at];
    if (!isEscaped && wanted === "*") {
      star = at++;
      resume = read;
    } else if (wanted === text[read] || (!isEscaped && wanted === "?")) {
      at += isEscaped ? 2 : 1;
      read++;
    } else if (star >= 0) {
      at = star + 1;
      read = ++resume;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
