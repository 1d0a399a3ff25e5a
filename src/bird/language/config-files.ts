// How the parser gets at files: the main one, and what `include` names. Tests give a map instead.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { getSystemErrorMap } from "node:util";

export interface ConfigFiles {
  /** The whole text. Throws an error whose message is the system's words for it (`No such file or directory`). */
  read(path: string): string;
  /** The paths that match a shell pattern, sorted; none is fine. */
  match(pattern: string): readonly string[];
}

/** Files of the machine. */
export const DISK: ConfigFiles = {
  read(path) {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      throw new Error(systemText(error), { cause: error });
    }
  },
  match: matchOnDisk,
};

/** A map of path → text. */
export function filesOf(texts: Readonly<Record<string, string>>): ConfigFiles {
  return {
    read(path) {
      if (!Object.hasOwn(texts, path)) throw new Error("No such file or directory");
      return texts[path];
    },
    match: (pattern) => {
      const wanted = new RegExp(`^${shellPattern(pattern)}$`);
      return Object.keys(texts)
        .filter((path) => wanted.test(path))
        .sort();
    },
  };
}

/** The texts of the C library, which Node has in lower case: `no such file or directory`. */
function systemText(error: unknown): string {
  const errno = error instanceof Error && "errno" in error ? Number(error.errno) : NaN;
  const text = getSystemErrorMap().get(errno)?.[1];
  if (text === undefined) return error instanceof Error ? error.message : String(error);
  return `${text[0].toUpperCase()}${text.slice(1)}`;
}

/** Only the last part of the path may have wildcards, unless a folder before it has some too. */
function matchOnDisk(pattern: string): readonly string[] {
  const folder = dirname(pattern);
  const folders = /[*?[]/.test(folder) ? matchOnDisk(folder) : [folder];
  const wanted = new RegExp(`^${shellPattern(pattern.slice(pattern.lastIndexOf("/") + 1))}$`);
  const found: string[] = [];
  for (const each of folders) {
    for (const name of namesIn(each)) if (wanted.test(name)) found.push(each === "." ? `./${name}` : join(each, name));
  }
  return found.sort();
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    // A pattern that matches nothing includes nothing; so does one below a folder that is not there.
    if (error instanceof Error && "code" in error) return [];
    throw error;
  }
}

/** `*` and `?` stand for no slash and, as in a shell, for no dot at the beginning. */
function shellPattern(pattern: string): string {
  const text = pattern.replace(/\[(!?)([^\]]+)\]|[.+^${}()|\\\]]|\*|\?/g, (part, negation: string, items: string) => {
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    if (part.length > 1) return `[${negation === "!" ? "^" : ""}${items.replace(/\\/g, "\\\\")}]`;
    return `\\${part}`;
  });
  return /^[*?[]/.test(pattern) ? `(?!\\.)${text}` : text;
}
