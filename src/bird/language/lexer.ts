// Characters to tokens, as BIRD's scanner cuts them: the longest match wins, `include` is known only at the beginning of a
// line, reserved words are reserved everywhere. One token at a time, and none before it is asked for, because an error
// names the place of the last token that was read.

import { dirname } from "node:path";
import { parseAddress } from "../../base/ip.js";
import type { Bytes } from "../../base/bytes.js";
import { messageOf } from "../../base/error-message.js";
import { BirdConfigError } from "./bird-config-error.js";
import { type ConfigFiles, hasWildcards } from "./config-files.js";
import { ENUM_CONSTANTS, isKeyword } from "./keywords.js";

/** Reserved words and punctuation are their own kind; the others have names in capitals. `QUAD` is a dotted quad where it
 *  is no address (IPv6). */
export type TokenKind = string;

/** Files in files, the main one among them. */
const DEEPEST_FILE = 8;
const LONGEST_SYMBOL = 64;

interface Frame {
  readonly file: string;
  readonly text: string;
  /** 1: the main file. */
  readonly depth: number;
  at: number;
  line: number;
  lineStart: number;
  /** Where the last thing that was read begins: a token, a run of blanks, a newline. */
  last: number;
  isAtLineStart: boolean;
}

const INCLUDE = /[ \t]*include[ \t]*".*"[ \t]*;/y;
const WORD = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const QUOTED_WORD = /'[a-zA-Z0-9_\-.:]*'/y;
const NUMBER = /0x[0-9a-fA-F]+|[0-9]+/y;
const QUAD = /[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/y;
const IPV6 =
  /(?:[0-9a-fA-F]*::|(?:[0-9a-fA-F]*:){3,})(?:[0-9a-fA-F]*:)*(?:[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-fA-F]*)/y;
/** What may begin an IPv6 address: a cheap look before the costly one. */
const MAYBE_IPV6 = /[0-9a-fA-F]*:[0-9a-fA-F]*:/y;
const ELSE_COLON = /else:/y;
const TEXT = /"[^"\n]*["\n]/y;
const OPERATOR = /!=|!~|<=|>=|&&|\|\||\[=|=\]|\.\.|[={}:;,.()+*/%<>~[\]?!|-]/y;
const BLANKS = /[ \t]+/y;

export class Lexer {
  readonly #files: ConfigFiles;
  readonly #ipVersion: 4 | 6;
  readonly #read: string[] = [];
  readonly #frames: Frame[] = [];
  #frame: Frame;
  /** Kind of the token read last. */
  kind: TokenKind = "";
  /** Its text: name of a symbol or constant, text without the quotes. */
  text = "";
  /** Value of a number; unsigned. Also of a dotted quad that is no address. */
  number = 0;
  bytes: Bytes = new Uint8Array(0);

  /** Throws BirdConfigError without a place if the main file cannot be opened. */
  constructor(path: string, ipVersion: 4 | 6, files: ConfigFiles) {
    this.#files = files;
    this.#ipVersion = ipVersion;
    try {
      this.#frame = this.#open(path, files.read(path), 1);
    } catch (error) {
      throw new BirdConfigError(`Unable to open configuration file ${path}: ${messageOf(error)}`, path);
    }
  }

  /** Every file opened so far, the main one first. */
  get files(): readonly string[] {
    return this.#read;
  }

  get file(): string {
    return this.#frame.file;
  }

  get line(): number {
    return this.#frame.line;
  }

  /** Column of the last thing that was read, from 1; a newline has column 0. */
  get column(): number {
    return this.#frame.last - this.#frame.lineStart + 1;
  }

  fail(text: string): never {
    const { text: source, lineStart, last } = this.#frame;
    // BIRD counts octets.
    const column = last < lineStart ? 0 : Buffer.byteLength(source.slice(lineStart, last)) + 1;
    throw new BirdConfigError(text, this.file, this.line, column);
  }

  /** Reads the next token into the fields. `END` again and again at the end of the main file. */
  next(): void {
    for (;;) {
      const frame = this.#frame;
      const code = frame.text.charCodeAt(frame.at);
      if (Number.isNaN(code)) {
        if (this.#leaveFile()) continue;
        this.kind = "END";
        return;
      }
      if (frame.isAtLineStart) {
        frame.isAtLineStart = false;
        if (this.#match(INCLUDE)) {
          this.#include();
          continue;
        }
      }
      if (code === 10) this.#newline();
      else if (code === 32 || code === 9) this.#match(BLANKS);
      else if (code === 35) this.#skipLine();
      else if (code === 47 && frame.text.charCodeAt(frame.at + 1) === 42) this.#skipComment();
      else {
        this.#token(code);
        return;
      }
    }
  }

  #open(file: string, text: string, depth: number): Frame {
    this.#read.push(file);
    return { file, text, depth, at: 0, line: 1, lineStart: 0, last: 0, isAtLineStart: true };
  }

  /** Matches at the place that was reached, and moves behind it. */
  #match(pattern: RegExp): boolean {
    const frame = this.#frame;
    pattern.lastIndex = frame.at;
    if (!pattern.test(frame.text)) return false;
    frame.last = frame.at;
    frame.at = pattern.lastIndex;
    return true;
  }

  /** The text of the last match. */
  #matched(): string {
    return this.#frame.text.slice(this.#frame.last, this.#frame.at);
  }

  #newline(): void {
    const frame = this.#frame;
    frame.last = frame.at;
    frame.at++;
    frame.line++;
    frame.lineStart = frame.at;
    frame.isAtLineStart = true;
  }

  /** In comments each character counts as a thing that was read. A comment does not end with its file, if that has no last
   *  newline: it goes on where the file was included. */
  #skipLine(): void {
    for (;;) {
      const frame = this.#frame;
      const end = frame.text.indexOf("\n", frame.at);
      const stop = end < 0 ? frame.text.length : end;
      if (stop > frame.at) frame.last = stop - 1;
      frame.at = stop;
      if (end >= 0 || !this.#leaveFile()) return;
    }
  }

  #skipComment(): void {
    const frame = this.#frame;
    frame.last = frame.at;
    frame.at += 2;
    for (;;) {
      const code = frame.text.charCodeAt(frame.at);
      if (Number.isNaN(code)) this.fail("Unterminated comment");
      if (code === 10) {
        this.#newline();
        frame.isAtLineStart = false;
        continue;
      }
      frame.last = frame.at;
      const second = frame.text.charCodeAt(frame.at + 1);
      if (code === 47 && second === 42) this.fail("Comment nesting not supported");
      frame.at += code === 42 && second === 47 ? 2 : 1;
      if (code === 42 && second === 47) return;
    }
  }

  /** At the end of the main file BIRD forgets the line: errors found there are placed in line 1. */
  #leaveFile(): boolean {
    const outer = this.#frames.pop();
    if (outer !== undefined) this.#frame = outer;
    else this.#frame.line = 1;
    return outer !== undefined;
  }

  #include(): void {
    const [, name] = this.#matched().split('"');
    if (name === "") this.fail("Include with empty argument");
    const depth = this.#frame.depth + 1;
    if (depth > DEEPEST_FILE) this.fail("Max include depth reached");
    const path = name.startsWith("/") ? name : `${dirname(this.#frame.file)}/${name}`;
    const paths = hasWildcards(name) ? this.#matching(path) : [path];
    const opened = paths.map((each) => this.#openIncluded(each, depth));
    for (const frame of opened.reverse()) {
      this.#frames.push(this.#frame);
      this.#frame = frame;
    }
  }

  #matching(pattern: string): readonly string[] {
    try {
      return this.#files.match(pattern);
    } catch (error) {
      return this.fail(`Unable to match pattern ${pattern}: ${messageOf(error)}`);
    }
  }

  #openIncluded(path: string, depth: number): Frame {
    try {
      return this.#open(path, this.#files.read(path), depth);
    } catch (error) {
      return this.fail(`Unable to open included file ${path}: ${messageOf(error)}`);
    }
  }

  #token(code: number): void {
    if (isHexDigit(code) || code === 58) {
      if (this.#looksLike(MAYBE_IPV6) && this.#match(IPV6)) return this.#ipv6();
    }
    if (code >= 48 && code <= 57) return this.#match(QUAD) ? this.#quad() : this.#number();
    if (code === 101 && this.#match(ELSE_COLON)) this.kind = "else:";
    else if (isLetter(code) && this.#match(WORD)) this.#word(this.#matched());
    else if (code === 39 && this.#match(QUOTED_WORD)) this.#word(this.#matched().slice(1, -1));
    else if (code === 34 && this.#match(TEXT)) this.#text();
    else if (this.#match(OPERATOR)) this.kind = this.#matched();
    else {
      this.#frame.last = this.#frame.at;
      this.fail("Unknown character");
    }
  }

  #looksLike(pattern: RegExp): boolean {
    pattern.lastIndex = this.#frame.at;
    return pattern.test(this.#frame.text);
  }

  #ipv6(): void {
    const text = this.#matched();
    if (this.#ipVersion === 4) this.fail("This is an IPv4 router, therefore IPv6 addresses are not supported");
    const address = parseAddress(text);
    if (address === undefined) return this.fail(`Invalid IPv6 address ${text}`);
    this.kind = "IP";
    this.bytes = address.bytes;
  }

  #quad(): void {
    const parts = this.#matched().split(".").map(Number);
    if (parts.some((part) => part > 255)) this.fail(`Invalid IPv4 address ${this.#matched()}`);
    this.bytes = Uint8Array.from(parts);
    this.number = ((parts[0] << 24) | (parts[1] << 16) | (parts[2] << 8) | parts[3]) >>> 0;
    this.kind = this.#ipVersion === 4 ? "IP" : "QUAD";
  }

  #number(): void {
    this.#match(NUMBER);
    this.number = Number(this.#matched());
    this.kind = "NUMBER";
    if (this.number > 0xffffffff) this.fail("Number out of range");
  }

  #word(text: string): void {
    this.text = text;
    if (isKeyword(text, this.#ipVersion)) this.kind = text;
    else if (ENUM_CONSTANTS.has(text)) this.kind = "ENUM";
    else if (text.length > LONGEST_SYMBOL) this.fail("Symbol too long");
    else this.kind = "SYMBOL";
  }

  #text(): void {
    const text = this.#matched();
    if (text.endsWith("\n")) this.fail("Unterminated string");
    this.kind = "TEXT";
    this.text = text.slice(1, -1);
  }
}

function isHexDigit(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102);
}

function isLetter(code: number): boolean {
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
}
