// The command line of `birdcl` and `birdcl6`.

import { basename } from "node:path";
import { type OptionLetters, readOptions } from "../getopt.js";
import { defaultSocket, ipVersionOf } from "../places.js";
import { BIRD_VERSION } from "../version.js";

export interface ClientOptions {
  readonly socket: string;
  /** `-v`: show lines with their codes. */
  readonly codes: boolean;
  /** `-r`: give up all rights but looking. */
  readonly restricted: boolean;
  /** What to ask; undefined for a conversation. */
  readonly command: string | undefined;
}

export type ClientRequest =
  | { readonly kind: "talk"; readonly options: ClientOptions }
  /** Print on standard output, end with 0. */
  | { readonly kind: "words"; readonly text: string }
  /** Print on standard error, end with 1. */
  | { readonly kind: "refusal"; readonly text: string };

const LETTERS: OptionLetters = new Map([
  ["s", "value"],
  ["v", "flag"],
  ["r", "flag"],
  ["l", "flag"],
]);

/** Reads the words behind the program's name; one that ends with 6 means the daemon of IPv6. */
export function readClientOptions(program: string, words: readonly string[]): ClientRequest {
  const usage = `Usage: ${basename(program)} [-s <control-socket>] [-v] [-r] [-l] [<command>]\n`;
  if (words.length === 1 && words[0] === "--version") return { kind: "words", text: `BIRD client ${BIRD_VERSION}\n` };
  if (words.length === 1 && words[0] === "--help") return { kind: "words", text: usage };
  const read = readOptions(words, LETTERS);
  if (!read.ok) return { kind: "refusal", text: `${program}: ${read.fault}\n${usage}` };
  const has = (letter: string): boolean => read.options.some((option) => option.letter === letter);
  const usual = defaultSocket(ipVersionOf(program));
  const options: ClientOptions = {
    socket: read.options.findLast(({ letter }) => letter === "s")?.value ?? (has("l") ? basename(usual) : usual),
    codes: has("v"),
    restricted: has("r"),
    command: read.rest.length === 0 ? undefined : oneLine(read.rest),
  };
  return { kind: "talk", options };
}

/** A line break inside a word would be a second command. */
function oneLine(words: readonly string[]): string {
  return words.join(" ").replace(/[\r\n]+/g, " ");
}
