// The commands that service managers, probes and scripts run all day, in their plain spellings: `run -c FILE`, `status -o
// json`, `peers`, `reload`, `--version`. They are understood here, because the library of the command line takes longer to
// load than they take to run, and a daemon would carry it for ever. Whatever is not quite plain (help, a misspelt word, an
// option twice, a value that looks like an option) is left to it, so that there is one judge of what is wrong.

import { type CliEnvironment, type GlobalOptions, OUTPUT_FORMATS } from "./command-context.js";
import { globalDefaults } from "./global-options.js";

export const DEFAULT_CONFIG = "/etc/starling/starling.yaml";

export type PlainCommand =
  | { readonly name: "version" }
  | { readonly name: "run"; readonly config: string; readonly node: string | undefined }
  | { readonly name: "status" | "peers" | "reload"; readonly options: GlobalOptions };

/** As written → name. */
const RUN_OPTIONS = new Map([
  ["-c", "config"],
  ["--config", "config"],
  ["--node", "node"],
]);
const NO_FLAGS: ReadonlySet<string> = new Set();
const GLOBAL_OPTIONS = new Map([
  ["--socket", "socket"],
  ["-o", "output"],
  ["--output", "output"],
]);
const GLOBAL_FLAGS = new Set(["--no-headers", "--no-color"]);

/** Undefined: not plain. The meaning is that which cli.ts gives to the same words. */
export function plainCommand(
  words: readonly string[],
  environment: Pick<CliEnvironment, "env" | "stdout">,
): PlainCommand | undefined {
  const [name, ...rest] = words;
  switch (name) {
    case "--version":
      return rest.length === 0 ? { name: "version" } : undefined;
    case "run": {
      const found = readOptions(rest, RUN_OPTIONS, NO_FLAGS);
      if (found === undefined) return undefined;
      const config = found.values.get("config") ?? DEFAULT_CONFIG;
      return { name, config, node: found.values.get("node") ?? environment.env["STARLING_NODE"] };
    }
    case "status":
    case "peers":
    case "reload": {
      const options = readGlobalOptions(rest, globalDefaults(environment));
      return options === undefined ? undefined : { name, options };
    }
    default:
      return undefined;
  }
}

function readGlobalOptions(words: readonly string[], defaults: GlobalOptions): GlobalOptions | undefined {
  const found = readOptions(words, GLOBAL_OPTIONS, GLOBAL_FLAGS);
  if (found === undefined) return undefined;
  const format = found.values.get("output") ?? defaults.output;
  const output = OUTPUT_FORMATS.find((known) => known === format);
  if (output === undefined) return undefined;
  return {
    socket: found.values.get("socket") ?? defaults.socket,
    output,
    headers: defaults.headers && !found.flags.has("--no-headers"),
    color: defaults.color && !found.flags.has("--no-color"),
  };
}

interface Found {
  readonly values: ReadonlyMap<string, string>;
  readonly flags: ReadonlySet<string>;
}

/** `--name value`, `--name=value`, `-n value` and flags, each option once; undefined for anything else. */
function readOptions(
  words: readonly string[],
  valued: ReadonlyMap<string, string>,
  flagged: ReadonlySet<string>,
): Found | undefined {
  const values = new Map<string, string>();
  const flags = new Set<string>();
  for (let i = 0; i < words.length; i++) {
    if (flagged.has(words[i])) {
      flags.add(words[i]);
      continue;
    }
    const [, long, written] = /^(--[a-z]+)=(.*)$/s.exec(words[i]) ?? [];
    const name = valued.get(long ?? words[i]);
    const value = long === undefined ? words[++i] : written;
    if (name === undefined || values.has(name) || !isPlainValue(value)) return undefined;
    values.set(name, value);
  }
  return { values, flags };
}

/** Nothing that could be an option, nothing in quotes that somebody else takes off. */
function isPlainValue(value: string | undefined): value is string {
  return value !== undefined && /^[\w./:@%+,][\w./:@%+,-]*$/.test(value);
}
