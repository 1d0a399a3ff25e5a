// What the parts of the parser share: the tokens with one token of lookahead, the symbols, and what was found so far.
//
// The lookahead is read only when a decision needs it: BIRD's errors name the last token that was read, so reading ahead
// too early would name another line.

import type { Bytes } from "../../base/bytes.js";
import type { IpAddress } from "../../base/ip.js";
import type { Position } from "../../policy/ast.js";
import type { Script, ScriptExpression, ScriptValue, ScriptVariable } from "../../policy/script-ast.js";
import type { ConfigFiles } from "./config-files.js";
import type { DebugFlag, ProtocolDeclaration } from "./declarations.js";
import { Lexer, type TokenKind } from "./lexer.js";
import { type BirdSymbol, SymbolTable } from "./symbols.js";

/** Literals that BIRD checks only when the filter runs. */
const UNCHECKED: ReadonlySet<string> = new Set(["ip", "prefix", "pathMask"]);

/** Most that commands and parentheses may nest; a parenthesis counts twice. What BIRD's parser takes is ten times that. */
const DEEPEST_NESTING = 1000;

/** The variables of the script that is being read: parameters, then locals. */
export interface Frame {
  readonly variables: ScriptVariable[];
}

export class Reader {
  readonly #lexer: Lexer;
  readonly ipVersion: 4 | 6;
  readonly symbols = new SymbolTable();
  readonly scripts = new Map<string, Script>();
  readonly protocols: ProtocolDeclaration[] = [];
  routerId: number | undefined;
  readonly listen: { address: IpAddress | undefined; port: number | undefined } = {
    address: undefined,
    port: undefined,
  };
  gracefulRestartWaitSeconds: number | undefined;
  /** What `debug protocols` said. */
  defaultDebug: readonly DebugFlag[] | undefined;
  /** There can be one device protocol or template. */
  hasDevice = false;
  /** By kind of protocol: the number the next one without a name gets, if it is free. */
  readonly #counters = new Map<string, number>();
  /** Of the script that is being read; undefined between scripts. */
  frame: Frame | undefined;
  /** Values that symbols stand for: BIRD checks what is written in place more strictly. */
  readonly #defined = new WeakSet<ScriptValue>();
  #hasLookahead = false;
  #depth = 0;

  constructor(path: string, ipVersion: 4 | 6, files: ConfigFiles) {
    this.#lexer = new Lexer(path, ipVersion, files);
    this.ipVersion = ipVersion;
  }

  /** Kind of the next token; it stays there. */
  peek(): TokenKind {
    if (!this.#hasLookahead) {
      this.#lexer.next();
      this.#hasLookahead = true;
    }
    return this.#lexer.kind;
  }

  /** Takes the next token, whatever it is; its values are in `text`, `number`, `bytes` until the next look. */
  take(): TokenKind {
    const kind = this.peek();
    this.#hasLookahead = false;
    return kind;
  }

  /** Takes the next token if it is of this kind. */
  takeIf(kind: TokenKind): boolean {
    if (this.peek() !== kind) return false;
    this.#hasLookahead = false;
    return true;
  }

  /** Takes tokens of these kinds, in this order; anything else is a syntax error. */
  expect(...kinds: readonly TokenKind[]): void {
    for (const kind of kinds) {
      if (this.peek() !== kind) this.syntaxError();
      this.#hasLookahead = false;
    }
  }

  get text(): string {
    return this.#lexer.text;
  }

  get number(): number {
    return this.#lexer.number;
  }

  get bytes(): Bytes {
    return this.#lexer.bytes;
  }

  get files(): readonly string[] {
    return this.#lexer.files;
  }

  /** Before what may hold itself is read: the stack has an end. */
  descend(levels: number): void {
    this.#depth += levels;
    if (this.#depth > DEEPEST_NESTING) this.notSupported("nesting as deep as this");
  }

  ascend(levels: number): void {
    this.#depth -= levels;
  }

  /** Where the last token that was read begins. */
  position(): Position {
    return { file: this.#lexer.file, line: this.#lexer.line, column: this.#lexer.column };
  }

  /** Ends the reading: the place is that of the last token that was read. */
  fail(text: string): never {
    return this.#lexer.fail(text);
  }

  syntaxError(): never {
    return this.fail("syntax error");
  }

  /** For what BIRD knows and this parser does not. */
  notSupported(what: string): never {
    return this.fail(`${what} is not supported`);
  }

  /** Takes a symbol and gives its name. */
  symbol(): string {
    this.expect("SYMBOL");
    return this.text;
  }

  define(name: string, symbol: BirdSymbol): void {
    if (!this.symbols.define(name, symbol)) this.fail("Symbol already defined");
  }

  /** `kernel1`, `static2`: the name of a protocol without one. */
  unusedName(kind: string): string {
    const { name, counter } = this.symbols.freeName(kind, this.#counters.get(kind) ?? 1);
    this.#counters.set(kind, counter);
    return name;
  }

  defineConstant(name: string, value: ScriptValue): void {
    this.define(name, { kind: "constant", value });
    this.#defined.add(value);
  }

  /** The value of an expression that is one literal, which BIRD's parser checks where it stands. */
  literal(expression: ScriptExpression): ScriptValue | undefined {
    if (expression.kind !== "value" || this.#defined.has(expression.value)) return undefined;
    return UNCHECKED.has(expression.value.type) ? undefined : expression.value;
  }

  get addressBits(): number {
    return this.ipVersion === 4 ? 32 : 128;
  }
}
