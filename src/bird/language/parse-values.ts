// The values of options: numbers, switches, addresses, prefixes, texts, masks of debugging, patterns of interfaces. Symbols
// stand for constants of the right type.

import { formatBytes, type IpPrefix, makePrefix } from "../../base/ip.js";
import type { Bytes } from "../../base/bytes.js";
import { evaluateNumber } from "./constant-value.js";
import type { DebugFlag, InterfacePattern } from "./declarations.js";
import { parseTerm } from "./parse-expression.js";
import type { Reader } from "./reader.js";

const DEBUG_FLAGS = ["states", "routes", "filters", "interfaces", "events", "packets"] as const;

/** A number, a constant, or an expression in parentheses. */
export function parseNumber(r: Reader): number {
  switch (r.take()) {
    case "NUMBER":
      return r.number;
    case "(": {
      const term = parseTerm(r);
      r.expect(")");
      return evaluateNumber(r, term);
    }
    case "SYMBOL": {
      const symbol = r.symbols.find(r.text);
      if (symbol?.kind !== "constant" || symbol.value.type !== "int") return r.fail("Number expected");
      return symbol.value.value;
    }
    default:
      return r.syntaxError();
  }
}

export function startsNumber(r: Reader): boolean {
  const kind = r.peek();
  return kind === "NUMBER" || kind === "(" || kind === "SYMBOL";
}

/** A switch; silence means on. */
export function parseSwitch(r: Reader): boolean {
  if (startsNumber(r)) return parseNumber(r) !== 0;
  if (r.takeIf("off") || r.takeIf("no")) return false;
  if (!r.takeIf("on")) r.takeIf("yes");
  return true;
}

export function parseIp(r: Reader): Bytes {
  if (r.takeIf("IP")) return r.bytes;
  r.expect("SYMBOL");
  const symbol = r.symbols.find(r.text);
  if (symbol?.kind !== "constant" || symbol.value.type !== "ip") return r.fail("IP address expected");
  return symbol.value.bytes;
}

/** `%NAME` behind an address. */
export function parseZone(r: Reader): string | undefined {
  return r.takeIf("%") ? r.symbol() : undefined;
}

/** `ADDRESS/LENGTH` or `ADDRESS:MASK`. */
export function parsePrefix(r: Reader): IpPrefix {
  const bytes = parseIp(r);
  return parseLength(r, bytes);
}

function parseLength(r: Reader, bytes: Bytes): IpPrefix {
  const length = r.takeIf(":") ? parseMaskLength(r) : parseSlashLength(r);
  const prefix = makePrefix(bytes, length);
  return prefix.bytes.every((octet, i) => octet === bytes[i]) ? prefix : r.fail("Invalid prefix");
}

function parseSlashLength(r: Reader): number {
  r.expect("/");
  const length = parseNumber(r);
  return length <= r.addressBits ? length : r.fail(`Invalid prefix length ${length | 0}`);
}

function parseMaskLength(r: Reader): number {
  const mask = parseIp(r);
  let length = 0;
  while (length < mask.length * 8 && (mask[length >> 3] & (0x80 >> (length & 7))) !== 0) length++;
  const isMask = makePrefix(mask, length).bytes.every((octet, i) => octet === mask[i]);
  return isMask ? length : r.fail(`Invalid netmask ${formatBytes(mask)}`);
}

export function parseText(r: Reader): string {
  if (r.takeIf("TEXT")) return r.text;
  r.expect("SYMBOL");
  const symbol = r.symbols.find(r.text);
  if (symbol?.kind !== "constant" || symbol.value.type !== "string") return r.fail("String expected");
  return symbol.value.value;
}

/** A router or cluster id: dotted quad or number. Unsigned. */
export function parseId(r: Reader): number {
  switch (r.take()) {
    case "NUMBER":
    case "QUAD":
      return r.number;
    case "(": {
      const term = parseTerm(r);
      r.expect(")");
      return evaluateNumber(r, term);
    }
    case "IP":
      if (r.ipVersion === 4) return wordOf(r.bytes);
      return r.fail("Router IDs must be entered as hexadecimal numbers or IPv4 addresses in IPv6 version");
    case "SYMBOL":
      return parseIdConstant(r);
    default:
      return r.syntaxError();
  }
}

function parseIdConstant(r: Reader): number {
  const symbol = r.symbols.find(r.text);
  const value = symbol?.kind === "constant" ? symbol.value : undefined;
  if (value?.type === "int" || value?.type === "quad") return value.value;
  if (value?.type === "ip" && r.ipVersion === 4) return wordOf(value.bytes);
  return r.fail("Number or IPv4 address constant expected");
}

function wordOf(bytes: Bytes): number {
  return ((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]) >>> 0;
}

export function parseDebug(r: Reader): readonly DebugFlag[] {
  if (r.takeIf("all")) return DEBUG_FLAGS;
  if (r.takeIf("off")) return [];
  return parseList(r, DEBUG_FLAGS);
}

/** `{ WORD, WORD … }` of the given words. */
export function parseList<Word extends string>(r: Reader, words: readonly Word[]): readonly Word[] {
  r.expect("{");
  const found: Word[] = [];
  do {
    const word = r.take();
    found.push(words.find((each) => each === word) ?? r.syntaxError());
  } while (r.takeIf(","));
  r.expect("}");
  return found;
}

/** `mrtdump` of a protocol or of all: read, and of no effect. */
export function skipMrtDump(r: Reader): void {
  if (!r.takeIf("all") && !r.takeIf("off")) parseList(r, ["states", "messages"]);
}

/** `[-] ("PATTERN" | PREFIX | "PATTERN" PREFIX)`, separated by commas. */
export function parseInterfaces(r: Reader): readonly InterfacePattern[] {
  const patterns: InterfacePattern[] = [];
  do {
    const isNegated = r.takeIf("-");
    const text = r.takeIf("TEXT") ? r.text : undefined;
    // The dash may stand in the text as well; two are none.
    const hasDash = text?.startsWith("-") === true;
    const excludes = isNegated !== hasDash;
    const pattern = hasDash ? text.slice(1) : text;
    const next = pattern === undefined ? "IP" : r.peek();
    const hasPrefix = next === "IP" || next === "SYMBOL";
    patterns.push({ excludes, pattern, prefix: hasPrefix ? parsePrefixOrHost(r) : undefined });
  } while (r.takeIf(","));
  return patterns;
}

function parsePrefixOrHost(r: Reader): IpPrefix {
  const bytes = parseIp(r);
  const next = r.peek();
  return next === "/" || next === ":" ? parseLength(r, bytes) : makePrefix(bytes, bytes.length * 8);
}

/** The name of a routing table. There is one. */
export function parseTable(r: Reader): void {
  const name = r.symbol();
  if (r.symbols.find(name)?.kind !== "routing table") r.fail("Table name expected");
  if (name !== "master") r.notSupported(`a routing table beside master (${name})`);
}
