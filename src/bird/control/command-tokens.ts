// The words of a command line of the control socket. The lexical rules are those of the configuration file.

import { parseAddress } from "../../base/ip.js";
import { ReplyError } from "./reply.js";

export type TokenKind = "symbol" | "quoted symbol" | "number" | "address" | "text" | "sign";

export interface Token {
  readonly kind: TokenKind;
  /** Without quotes. */
  readonly text: string;
  /** Where it stands in the line. */
  readonly start: number;
  readonly end: number;
}

const MAX_SYMBOL_LENGTH = 64;
const SPACE = /[ \t\v\f\r]+|\/\*[^]*?\*\/|#.*/y;
const OPEN_COMMENT = /\/\*/y;
const ADDRESS4 = /[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/y;
const ADDRESS6 = /(?:[0-9a-fA-F]*::|(?:[0-9a-fA-F]*:){3,})(?:[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-fA-F:]*)/y;
const NUMBER = /0x[0-9a-fA-F]+|[0-9]+/y;
const SYMBOL = /[A-Za-z_][A-Za-z0-9_]*/y;
const QUOTED_SYMBOL = /'([-A-Za-z0-9_.:]*)'/y;
const TEXT = /"([^"\n]*)"/y;
const SIGN = /&&|\|\||!=|!~|<=|>=|\.\.|[-+*/=<>~!&|(){}[\].,;:?%]/y;

/** Throws ReplyError 9001 for what is no word. */
export function readTokens(line: string, ipVersion: 4 | 6): readonly Token[] {
  const tokens: Token[] = [];
  // A command ends where its octets say so, as a string of C does.
  const zero = line.indexOf("\0");
  const text = zero < 0 ? line : line.slice(0, zero);
  let at = 0;
  while (at < text.length) {
    const space = match(SPACE, text, at);
    if (space !== undefined) {
      at += space[0].length;
      continue;
    }
    const token = readToken(text, at, ipVersion);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

function readToken(line: string, at: number, ipVersion: 4 | 6): Token {
  if (match(OPEN_COMMENT, line, at) !== undefined) throw new ReplyError(9001, "Unterminated comment");
  const make = (kind: TokenKind, found: RegExpExecArray, text = found[0]): Token => ({
    kind,
    text,
    start: at,
    end: at + found[0].length,
  });
  const address = match(ADDRESS6, line, at) ?? match(ADDRESS4, line, at);
  if (address !== undefined) return checkAddress(make("address", address), ipVersion);
  const number = match(NUMBER, line, at);
  if (number !== undefined) return checkNumber(make("number", number));
  const symbol = match(SYMBOL, line, at);
  if (symbol !== undefined) {
    if (symbol[0].length > MAX_SYMBOL_LENGTH) throw new ReplyError(9001, "Symbol too long");
    return make("symbol", symbol);
  }
  const quoted = match(QUOTED_SYMBOL, line, at);
  if (quoted !== undefined) return make("quoted symbol", quoted, quoted[1]);
  const text = match(TEXT, line, at);
  if (text !== undefined) return make("text", text, text[1]);
  const sign = match(SIGN, line, at);
  if (sign !== undefined) return make("sign", sign);
  throw new ReplyError(9001, "Unknown character");
}

function match(pattern: RegExp, line: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(line) ?? undefined;
}

/** An address of IPv4 is a router id in `bird6`, one of IPv6 is an error in `bird`. */
function checkAddress(token: Token, ipVersion: 4 | 6): Token {
  const isIpv6 = token.text.includes(":");
  if (isIpv6 && ipVersion === 4)
    throw new ReplyError(9001, "This is an IPv4 router, therefore IPv6 addresses are not supported");
  if (parseAddress(token.text) === undefined)
    throw new ReplyError(9001, `Invalid IPv${isIpv6 ? 6 : 4} address ${token.text}`);
  return token;
}

function checkNumber(token: Token): Token {
  if (Number(token.text) > 0xffffffff) throw new ReplyError(9001, "Number out of range");
  return token;
}
