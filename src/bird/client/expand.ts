// Finds the command that a person means: every keyword may be cut short as long as only one fits. What follows the keywords
// is left as it was written.

import { type Command, COMMANDS } from "./commands.js";

export type Expansion =
  /** `text` is for the daemon. */
  | { readonly kind: "command"; readonly command: Command; readonly text: string }
  | { readonly kind: "ambiguous"; readonly candidates: readonly Command[] }
  | { readonly kind: "unknown" };

/** Writes out what was typed. */
export function expand(line: string, commands: readonly Command[] = COMMANDS): Expansion {
  const { path, rest, candidates } = descend(line, commands);
  if (candidates.length > 1) return { kind: "ambiguous", candidates };
  const found = path.at(-1);
  if (found?.parameters === undefined) return { kind: "unknown" };
  return { kind: "command", command: found, text: [...found.words, rest].join(" ").trimEnd() };
}

/** The commands to show for `?` behind what was typed: the one that was meant, and what may follow it. */
export function helpFor(line: string, commands: readonly Command[] = COMMANDS): readonly Command[] {
  const found = descend(line, commands).path.at(-1);
  const own = found === undefined || found.parameters === undefined ? [] : [{ ...found, folded: false }];
  return [...own, ...below(found, commands)];
}

/** Lines as BIRD's clients print them, for a list of commands. */
export function describeCommands(commands: readonly Command[]): string {
  return commands.map((command) => `${usage(command).padEnd(45)}  ${command.purpose}\n`).join("");
}

function usage({ words, parameters, folded }: Command): string {
  return [...words, folded ? "..." : (parameters ?? "")].join(" ").trimEnd();
}

interface Descent {
  /** The commands and groups along the keywords that were recognised. */
  readonly path: readonly Command[];
  /** What follows them, as it was written. */
  readonly rest: string;
  /** What the next word may mean, if more than one thing. */
  readonly candidates: readonly Command[];
}

function descend(line: string, commands: readonly Command[]): Descent {
  const path: Command[] = [];
  let rest = line.trim();
  for (;;) {
    const [word] = rest.split(/\s/, 1);
    const candidates = word === "" ? [] : fitting(word, below(path.at(-1), commands));
    if (candidates.length !== 1) return { path, rest, candidates };
    path.push(candidates[0]);
    rest = rest.slice(word.length).trimStart();
  }
}

function fitting(word: string, choices: readonly Command[]): readonly Command[] {
  const exact = choices.filter(({ words }) => words.at(-1) === word);
  return exact.length > 0 ? exact : choices.filter(({ words }) => words[words.length - 1].startsWith(word));
}

/** The commands one keyword longer than `parent`. */
function below(parent: Command | undefined, commands: readonly Command[]): readonly Command[] {
  const stem = parent?.words ?? [];
  return commands.filter(
    ({ words }) => words.length === stem.length + 1 && stem.every((word, index) => words[index] === word),
  );
}
