// A YAML text with positions: its plain value for the schema, and the line and column of everything in it for messages.
//
// Plain data only: keys are scalars, no merge keys, one document. Faults of the YAML itself are values, too.

import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  type YAMLError,
} from "yaml";
import type { Position } from "../policy/ast.js";
import type { ConfigError } from "./config-error.js";

/** Keys and indices from the root of the document. */
export type Path = readonly (string | number)[];

/** Characters of a parser's message. */
const MAX_MESSAGE = 200;
/** Deeper texts are refused: nobody writes them, and recursion must not run out of stack. */
const MAX_DEPTH = 60;

const HINTS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: "each key once; put the entries of both under one",
  BAD_ALIAS: 'texts that begin with "*" or "&" need quotes',
  TAB_AS_INDENT: "indent with spaces",
  MULTIPLE_DOCS: "a configuration is one document; remove what is behind ---",
  BAD_SCALAR_START: "put the text in quotes",
  NON_STRING_KEY: 'texts that begin with "[" or "{" need quotes',
  UNEXPECTED_TOKEN: 'texts that begin with "[" or "{" need quotes',
};

const MESSAGES: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: "this key was already there",
  NON_STRING_KEY: "a key must be a plain text",
  MULTIPLE_DOCS: "a second document begins here",
};

export class YamlSource {
  readonly file: string;
  /** Faults of the YAML; where there are any, `value` is undefined. */
  readonly faults: readonly ConfigError[];
  /** The document as plain data. */
  readonly value: unknown;
  readonly #lines = new LineCounter();
  readonly #contents: ParsedNode | null;
  readonly #resolve: (node: Node) => Node | undefined;

  constructor(text: string, file: string) {
    this.file = file;
    const document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      stringKeys: true,
      logLevel: "error",
      schema: "core",
    });
    this.#contents = document.contents;
    this.#resolve = (node) => (isAlias(node) ? node.resolve(document) : node);
    const broken = firstOfEachLine(document.errors.map((error) => this.#yamlFault(error)));
    const deep = broken.length === 0 ? this.#tooDeep(this.#contents, 0) : undefined;
    this.faults = deep === undefined ? broken : [deep];
    this.value = this.faults.length === 0 ? document.toJS() : undefined;
  }

  /** Where the value at `path` stands, or its key. For a path that leads nowhere: the last place on the way. */
  position(path: Path, part: "value" | "key" = "value"): Position {
    let node: Node | undefined = this.#contents ?? undefined;
    let offset = startOf(node) ?? 0;
    for (const [i, step] of path.entries()) {
      const resolved: Node | undefined = node && this.#resolve(node);
      const next = childOf(resolved, step);
      if (next === undefined) break;
      const wantsKey = part === "key" && i === path.length - 1;
      const value = startOf(next.value);
      // An empty value (`peers:`) has no place of its own worth pointing at.
      const isEmpty = next.value === undefined || (isScalar(next.value) && next.value.source === "");
      offset = ((wantsKey || isEmpty) && next.key !== undefined ? startOf(next.key) : value) ?? offset;
      node = next.value;
    }
    return this.#at(offset);
  }

  #at(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  #yamlFault(error: YAMLError): ConfigError {
    const message = MESSAGES[error.code] ?? shortened(error.message.replace(/\s+/g, " "));
    return { ...this.#at(error.pos[0]), message, hint: HINTS[error.code] ?? "" };
  }

  #tooDeep(node: unknown, depth: number): ConfigError | undefined {
    if (isAlias(node)) {
      const message = "aliases (*name) are not supported";
      return {
        ...this.#at(startOf(node) ?? 0),
        message,
        hint: "texts that begin with * need quotes; peerGroups can share options",
      };
    }
    if (depth > MAX_DEPTH && isNode(node)) {
      return { ...this.#at(startOf(node) ?? 0), message: "nested too deeply", hint: `at most ${MAX_DEPTH} levels` };
    }
    if (!isMap(node) && !isSeq(node)) return undefined;
    for (const item of node.items) {
      const fault = this.#tooDeep(isPair(item) ? item.value : item, depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
}

/** A quote that is never closed makes the parser quote the rest of the file. */
function shortened(message: string): string {
  const characters = [...message];
  return characters.length <= MAX_MESSAGE ? message : `${characters.slice(0, MAX_MESSAGE - 1).join("")}…`;
}

/** What follows on the same line is mostly an echo of the first fault. */
function firstOfEachLine(faults: readonly ConfigError[]): readonly ConfigError[] {
  return faults.filter((fault, i) => faults.findIndex(({ line }) => line === fault.line) === i);
}

function startOf(node: Node | undefined): number | undefined {
  return node?.range?.[0];
}

function childOf(
  node: Node | undefined,
  step: string | number,
): { key: Node | undefined; value: Node | undefined } | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return isNode(item) ? { key: undefined, value: item } : undefined;
  }
  if (!isMap(node)) return undefined;
  for (const { key, value } of node.items) {
    if (isScalar(key) && String(key.value) === String(step)) return { key, value: isNode(value) ? value : undefined };
  }
  return undefined;
}
