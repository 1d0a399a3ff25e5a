// The command line of `bird` and `bird6`: what confd, runit and people write, read as BIRD 1.6 reads it. Nothing is
// opened or looked up here.

import { basename } from "node:path";
import { type FoundOption, type OptionLetters, readOptions } from "../getopt.js";
import { defaultConfiguration, defaultSocket, type IpVersion, ipVersionOf } from "../places.js";
import { BIRD_VERSION } from "../version.js";

/** Where debug messages go. */
export type DebugOutput = "none" | "stderr" | { readonly file: string };

export interface BirdOptions {
  readonly ipVersion: IpVersion;
  /** As given: messages about it begin with this name. */
  readonly configFile: string;
  readonly controlSocket: string;
  /** `-d`, `-D` or `-f`. BIRD goes to the background without them; runit wants it in the foreground. */
  readonly foreground: boolean;
  readonly debug: DebugOutput;
  /** `-p`: read the configuration, say whether it is good, touch nothing. */
  readonly parseOnly: boolean;
  /** `-R`: the run before this one ended without a word, its routes are still there. */
  readonly gracefulRestart: boolean;
  readonly pidFile: string | undefined;
  /** Name or number. */
  readonly user: string | undefined;
  readonly group: string | undefined;
}

/** What the words ask for. */
export type BirdRequest =
  | { readonly kind: "run"; readonly options: BirdOptions }
  /** Print on standard output, end with 0. */
  | { readonly kind: "help"; readonly text: string }
  /** Print on standard error (as BIRD does), end with 0. */
  | { readonly kind: "version"; readonly text: string }
  /** Print on standard error, end with 1. */
  | { readonly kind: "refusal"; readonly text: string };

const LETTERS: OptionLetters = new Map([
  ...["d", "f", "h", "l", "p", "R"].map((letter) => [letter, "flag"] as const),
  ...["c", "D", "g", "P", "s", "u"].map((letter) => [letter, "value"] as const),
]);

/** Reads the words behind the program's name. `program` is the name it was called by: one that ends with 6 means IPv6. */
export function readBirdOptions(program: string, words: readonly string[]): BirdRequest {
  if (words.length === 1 && words[0] === "--version")
    return { kind: "version", text: `BIRD version ${BIRD_VERSION}\n` };
  if (words.length === 1 && words[0] === "--help") return { kind: "help", text: helpText(program) };
  const read = readOptions(words, LETTERS);
  if (!read.ok) return { kind: "refusal", text: `${program}: ${read.fault}\n\n${usageLine(program)}\n` };
  if (read.options.some(({ letter }) => letter === "h")) return { kind: "help", text: helpText(program) };
  if (read.rest.length > 0) return { kind: "refusal", text: `${usageLine(program)}\n` };
  return { kind: "run", options: birdOptions(ipVersionOf(program), read.options) };
}

function birdOptions(ipVersion: IpVersion, found: readonly FoundOption[]): BirdOptions {
  const has = (letter: string): boolean => found.some((option) => option.letter === letter);
  const last = (letter: string): string | undefined => found.findLast((option) => option.letter === letter)?.value;
  // -l moves the usual places only; what is named is meant.
  const usual = (path: string): string => (has("l") ? basename(path) : path);
  return {
    ipVersion,
    configFile: last("c") ?? usual(defaultConfiguration(ipVersion)),
    controlSocket: last("s") ?? usual(defaultSocket(ipVersion)),
    foreground: has("d") || has("D") || has("f"),
    debug: debugOutput(found),
    parseOnly: has("p"),
    gracefulRestart: has("R"),
    pidFile: last("P"),
    user: last("u"),
    group: last("g"),
  };
}

/** A file wins over standard error, wherever it stands. */
function debugOutput(found: readonly FoundOption[]): DebugOutput {
  const file = found.findLast(({ letter }) => letter === "D")?.value;
  if (file !== undefined) return { file };
  return found.some(({ letter }) => letter === "d") ? "stderr" : "none";
}

function usageLine(program: string): string {
  return `Usage: ${basename(program)} [--version] [--help] [-c <config-file>] [OPTIONS]`;
}

function helpText(program: string): string {
  const version = ipVersionOf(program);
  return `${usageLine(program)}

Options:
  -c <config-file>     Configuration file, instead of
                       ${defaultConfiguration(version)}
  -d                   Stay in the foreground, debug messages on standard error
  -D <debug-file>      Stay in the foreground, debug messages in a file
  -f                   Stay in the foreground
  -g <group>           Run as this group
  -h, --help           Print this text
  -l                   Configuration file and control socket in the current folder
  -p                   Read the configuration, say what is wrong with it, and end
  -P <pid-file>        Write the process number into this file
  -R                   Start with the recovery of a graceful restart
  -s <control-socket>  Control socket, instead of
                       ${defaultSocket(version)}
  -u <user>            Run as this user
  --version            Print the version
`;
}
