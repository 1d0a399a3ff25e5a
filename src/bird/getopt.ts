// Options of one letter as getopt(3) reads them, because BIRD's programs do: letters may be combined (`-pc FILE`), a value may
// stand in the same word or in the next one, options may stand behind other words, `--` ends them. Long options do not
// exist: their second hyphen is an unknown letter.

/** Which letters there are, and whether they take a value. */
export type OptionLetters = ReadonlyMap<string, "flag" | "value">;

export interface FoundOption {
  readonly letter: string;
  /** Empty for a flag. */
  readonly value: string;
}

export type Words =
  | { readonly ok: true; readonly options: readonly FoundOption[]; readonly rest: readonly string[] }
  | { readonly ok: false; readonly fault: string };

/** Splits the words of a command line (without the program) into options, in their order, and the rest; or gives what is
 *  wrong in the words that getopt has for it. */
export function readOptions(words: readonly string[], letters: OptionLetters): Words {
  const options: FoundOption[] = [];
  const rest: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === "--") return { ok: true, options, rest: [...rest, ...words.slice(at + 1)] };
    if (!word.startsWith("-") || word === "-") {
      rest.push(word);
      continue;
    }
    for (let column = 1; column < word.length; column++) {
      const letter = word[column];
      const kind = letters.get(letter);
      if (kind === undefined) return { ok: false, fault: `invalid option -- '${letter}'` };
      if (kind === "flag") {
        options.push({ letter, value: "" });
        continue;
      }
      const isInWord = column + 1 < word.length;
      if (!isInWord && at + 1 === words.length)
        return { ok: false, fault: `option requires an argument -- '${letter}'` };
      options.push({ letter, value: isInWord ? word.slice(column + 1) : words[++at] });
      break;
    }
  }
  return { ok: true, options, rest };
}
