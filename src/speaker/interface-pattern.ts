// Interfaces and their addresses by patterns, in order, as BIRD's `interface -"cali*", "eth*" 10.0.0.0/8, "*"`: a shell
// pattern (`*`, `?`) on the name, a prefix that holds the address, or both with a blank between them; `!` in front excludes.
//
// The first that matches decides. In BIRD what nothing matches is excluded; here a list with exclusions only means
// "everything but these": a list of BIRD's that ends with an exclusion needs `!*` behind it.

import type { Bytes } from "../base/bytes.js";
import { type IpPrefix, parsePrefix, prefixContains } from "../base/ip.js";

interface Pattern {
  readonly excludes: boolean;
  /** Undefined: every name. */
  readonly name: RegExp | undefined;
  /** Undefined: every address. */
  readonly prefix: IpPrefix | undefined;
}

const compiled = new WeakMap<readonly string[], readonly Pattern[]>();

/** `address` may be left out where patterns are of names only: no pattern with a prefix matches then. */
export function matchesPatterns(name: string, patterns: readonly string[], address?: Bytes): boolean {
  let list = compiled.get(patterns);
  if (list === undefined) compiled.set(patterns, (list = patterns.map(compile)));
  for (const pattern of list) if (matches(pattern, name, address)) return !pattern.excludes;
  return list.length > 0 && list.every(({ excludes }) => excludes);
}

function matches(pattern: Pattern, name: string, address: Bytes | undefined): boolean {
  if (pattern.name?.test(name) === false) return false;
  const { prefix } = pattern;
  if (prefix === undefined) return true;
  return address !== undefined && address.length === prefix.bytes.length && prefixContains(prefix, address);
}

function compile(text: string): Pattern {
  const excludes = text.startsWith("!");
  const words = text
    .slice(excludes ? 1 : 0)
    .split(" ")
    .filter((word) => word !== "");
  // No interface has a slash in its name.
  const name = words.find((word) => !word.includes("/"));
  const prefix = words.find((word) => word.includes("/"));
  return {
    excludes,
    name: name === undefined ? undefined : toExpression(name),
    prefix: prefix === undefined ? undefined : parsePrefix(prefix),
  };
}

function toExpression(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/\*/g, ".*").replace(/\?/g, ".")}$`);
}
