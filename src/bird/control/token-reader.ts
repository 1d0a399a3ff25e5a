// Walks over the tokens of a command.

import { formatAddress, formatPrefix, makePrefix, parseAddress } from "../../base/ip.js";
import type { ProtocolChoice } from "./commands.js";
import { type Token } from "./command-tokens.js";
import { ReplyError } from "./reply.js";

export class TokenReader {
  readonly #line: string;
  readonly #tokens: readonly Token[];
  readonly #addressBytes: number;
  #at = 0;

  constructor(line: string, tokens: readonly Token[], ipVersion: 4 | 6) {
    this.#line = line;
    this.#tokens = tokens;
    this.#addressBytes = ipVersion === 4 ? 4 : 16;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  /** The word that comes next, where it is one of the language's own. */
  peekWord(): string | undefined {
    const token = this.peek();
    return token?.kind === "symbol" ? token.text : undefined;
  }

  skipRest(): void {
    this.#at = this.#tokens.length;
  }

  /** Steps over the word or sign. */
  take(text: string): boolean {
    const token = this.peek();
    if (token?.text !== text || (token.kind !== "symbol" && token.kind !== "sign")) return false;
    this.#at++;
    return true;
  }

  expect(text: string): void {
    if (!this.take(text)) throw syntaxError();
  }

  end(): void {
    if (!this.isAtEnd) throw syntaxError();
  }

  /** The first of these words. */
  takeOneOf<T extends string>(words: readonly T[]): T | undefined {
    const word = this.peekWord();
    const found = words.find((each) => each === word);
    if (found !== undefined) this.#at++;
    return found;
  }

  takeSymbol(): string | undefined {
    const token = this.peek();
    return token?.kind === "symbol" || token?.kind === "quoted symbol" ? this.#step(token).text : undefined;
  }

  symbol(): string {
    return this.takeSymbol() ?? fail();
  }

  takeText(): string | undefined {
    const token = this.peek();
    return token?.kind === "text" ? this.#step(token).text : undefined;
  }

  takeNumber(): number | undefined {
    const token = this.peek();
    return token?.kind === "number" ? Number(this.#step(token).text) : undefined;
  }

  number(): number {
    return this.takeNumber() ?? fail();
  }

  /** A name, a pattern, or `all`. */
  protocols(): ProtocolChoice {
    if (this.take("all")) return { kind: "all" };
    return this.takeProtocols() ?? fail();
  }

  takeProtocols(): ProtocolChoice | undefined {
    const pattern = this.takeText();
    if (pattern !== undefined) return { kind: "pattern", pattern };
    const name = this.takeSymbol();
    return name === undefined ? undefined : { kind: "name", name };
  }

  /** `10.0.0.0/8`. Throws ReplyError 9001. */
  prefix(): string {
    const bytes = this.#address() ?? fail();
    this.expect("/");
    const length = this.number();
    if (length > bytes.length * 8) throw new ReplyError(9001, `Invalid prefix length ${length}`);
    const prefix = makePrefix(bytes, length);
    if (formatAddress({ bytes: prefix.bytes }) !== formatAddress({ bytes }))
      throw new ReplyError(9001, "Invalid prefix");
    return formatPrefix(prefix);
  }

  /** A prefix, or an address as the longest one. */
  prefixOrAddress(): string {
    const from = this.#at;
    const bytes = this.#address();
    if (bytes === undefined)
      throw this.peek()?.kind === "symbol" ? new ReplyError(9001, "IP address expected") : syntaxError();
    if (this.peek()?.text !== "/") return formatPrefix(makePrefix(bytes, bytes.length * 8));
    this.#at = from;
    return this.prefix();
  }

  /** The text of `{ … }`. */
  block(): string {
    const start = this.peek()?.start ?? 0;
    this.expect("{");
    this.#skipTo((token, depth) => depth === 0 && token.text === "}");
    const last = this.peek() ?? fail();
    this.#at++;
    return this.#line.slice(start, last.end);
  }

  /** The text of an expression: all up to one of these words outside of brackets, or up to the end. */
  expression(stopWords: readonly string[]): string {
    const start = this.peek()?.start ?? 0;
    const first = this.#at;
    this.#skipTo((token, depth) => {
      if (depth > 0 || token.kind !== "symbol" || !stopWords.includes(token.text)) return false;
      // filter(…) is a function of the language.
      return token.text !== "filter" || this.#tokens[this.#tokens.indexOf(token) + 1]?.text !== "(";
    });
    if (this.#at === first) throw syntaxError();
    return this.#line.slice(start, this.#tokens[this.#at - 1].end);
  }

  #skipTo(isEnd: (token: Token, depth: number) => boolean): void {
    let depth = 0;
    for (; this.#at < this.#tokens.length; this.#at++) {
      const token = this.#tokens[this.#at];
      if (isEnd(token, depth)) return;
      if (token.kind !== "sign") continue;
      if ("([{".includes(token.text)) depth++;
      else if (")]}".includes(token.text)) depth--;
    }
  }

  /** The octets of an address of our version. */
  #address(): Uint8Array | undefined {
    const token = this.peek();
    if (token?.kind !== "address") return undefined;
    const bytes = parseAddress(token.text)?.bytes;
    if (bytes?.length !== this.#addressBytes) return undefined;
    this.#step(token);
    return bytes;
  }

  #step(token: Token): Token {
    this.#at++;
    return token;
  }
}

export function syntaxError(): ReplyError {
  return new ReplyError(9001, "syntax error");
}

function fail(): never {
  throw syntaxError();
}
