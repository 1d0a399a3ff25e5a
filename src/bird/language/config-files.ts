// How the parser gets at files: the main one, and what `include` names. Tests give a map instead.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { getSystemErrorMap } from "node:util";
import { messageOf } from "../../base/error-message.js";

export interface ConfigFiles {
  /** The whole text. Throws an error whose message is the system's words for it (`No such file or directory`). */
  read(path: string): string;
  /** The files that match a shell pattern, sorted; none is fine. Throws like read() if a folder cannot be looked into. */
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
  if (text === undefined) return messageOf(error);
  return `${text[0].toUpperCase()}${text.slice(1)}`;
}

/** As glob(3) with GLOB_ERR, folders left out. Throws an error whose message is the system's words if a folder cannot be read. */
function matchOnDisk(pattern: string): readonly string[] {
  return pathsOnDisk(pattern)
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
    .sort();
}

/** Each part of the path may have wildcards. */
function pathsOnDisk(pattern: string): readonly string[] {
  const folder = dirname(pattern);
  const folders = hasWildcards(folder) ? pathsOnDisk(folder) : [folder];
  const wanted = new RegExp(`^${shellPattern(pattern.slice(pattern.lastIndexOf("/") + 1))}$`);
  return folders.flatMap((each) =>
    namesIn(each)
      .filter((name) => wanted.test(name))
      .map((name) => (each === "/" ? `/${name}` : `${each}/${name}`)),
  );
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    // Below what is no folder there is nothing.
    if (error instanceof Error && "code" in error && error.code === "ENOTDIR") return [];
    throw new Error(systemText(error), { cause: error });
  }
}

export function hasWildcards(path: string): boolean {
  return /[*?[]/.test(path);
}

/** `*` and `?` stand for no slash and, as in a shell, for no dot at the beginning. */
function shellPattern(pattern: string): string {
  const text = pattern.replace(
    /\[([!^]?)(\]?[^\]]*)\]|[.+^${}()|\\\][]|\*|\?/g,
    (part, negation: string, items: string) => {
      if (part === "*") return "[^/]*";
      if (part === "?") return "[^/]";
      return part.length > 1 ? characterSet(negation !== "", items) : `\\${part}`;
    },
  );
  return /^[*?[]/.test(pattern) ? `(?!\\.)${text}` : text;
}

/** What is between brackets; a range whose ends are reversed has no members. */
function characterSet(isNegated: boolean, items: string): string {
  const members = items.replace(/([^])-([^])|[^]/g, (part, least?: string, greatest?: string) => {
    if (least === undefined || greatest === undefined) return `\\u${hex(part)}`;
    return least <= greatest ? `\\u${hex(least)}-\\u${hex(greatest)}` : "";
  });
  return `[${isNegated ? "^/" : ""}${members}]`;
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(4, "0");
}
