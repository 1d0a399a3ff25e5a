// Text of communities and of patterns over them: `65000:100`, `65000:*`, `no-export`, `65000:1:*`, `rt:65000:100`.
//
// RFC 1997 (two halves of 16 bits), RFC 8092 (three words), RFC 4360, 5668 (extended: route target and route origin with a
// 2-octet AS, an IPv4 address or a 4-octet AS; anything else as 0x and 16 digits). A part of a pattern is a number, a range
// `100-200` or `*`. A value is a pattern that only one community matches.

import { parseAddress } from "../base/ip.js";
import type { CommunityPattern, ExtendedCommunityPattern, LargeCommunityPattern, NumberRange } from "./ast.js";
import type { ExtendedCommunity, LargeCommunity } from "./route.js";

/** IANA's well-known communities by the names users write. */
export const WELL_KNOWN_COMMUNITIES: Readonly<Record<string, number>> = {
  "graceful-shutdown": 0xffff0000, // RFC 8326
  "accept-own": 0xffff0001, // RFC 7611
  "llgr-stale": 0xffff0006, // RFC 9494
  "no-llgr": 0xffff0007, // RFC 9494
  blackhole: 0xffff029a, // RFC 7999
  "no-export": 0xffffff01, // RFC 1997
  "no-advertise": 0xffffff02, // RFC 1997
  "no-export-subconfed": 0xffffff03, // RFC 1997
  "no-peer": 0xffffff04, // RFC 3765
};

const U16 = 0xffff;
const U32 = 0xffffffff;

/** Parses a pattern over communities; undefined if the text is none. */
export function parseCommunityPattern(text: string): CommunityPattern | undefined {
  const known = Object.hasOwn(WELL_KNOWN_COMMUNITIES, text) ? WELL_KNOWN_COMMUNITIES[text] : undefined;
  if (known !== undefined) return { high: [known >>> 16, known >>> 16], low: [known & U16, known & U16] };
  const ranges = parseParts(text.split(":"), [U16, U16]);
  return ranges && { high: ranges[0], low: ranges[1] };
}

/** Parses one community as an unsigned word; undefined for a pattern or anything else. */
export function parseCommunity(text: string): number | undefined {
  const pattern = parseCommunityPattern(text);
  if (pattern === undefined || !isSingle(pattern.high) || !isSingle(pattern.low)) return undefined;
  return ((pattern.high[0] << 16) | pattern.low[0]) >>> 0;
}

/** Parses a pattern over large communities; undefined if the text is none. */
export function parseLargeCommunityPattern(text: string): LargeCommunityPattern | undefined {
  const ranges = parseParts(text.split(":"), [U32, U32, U32]);
  return ranges && [ranges[0], ranges[1], ranges[2]];
}

export function parseLargeCommunity(text: string): LargeCommunity | undefined {
  const pattern = parseLargeCommunityPattern(text);
  return pattern?.every(isSingle) === true ? [pattern[0][0], pattern[1][0], pattern[2][0]] : undefined;
}

const SUBTYPES: Readonly<Record<string, number>> = { rt: 0x02, target: 0x02, soo: 0x03, ro: 0x03, origin: 0x03 };
const TWO_OCTET_AS = 0x00;
const IPV4_ADDRESS = 0x01;
const FOUR_OCTET_AS = 0x02;

/** Parses a pattern over extended communities: one mask and value for each encoding it covers; undefined if the text is
 *  none. Ranges are not possible here. An AS number up to 65535 means the 2-octet encoding (RFC 5668 §2), `*` both. */
export function parseExtendedCommunityPattern(text: string): readonly ExtendedCommunityPattern[] | undefined {
  const raw = /^0x([0-9a-f]{8})([0-9a-f]{8})$/i.exec(text);
  if (raw !== null) return [{ mask: [U32, U32], value: [parseInt(raw[1], 16), parseInt(raw[2], 16)] }];
  const [kind, administrator, number, ...rest] = text.split(":");
  if (number === undefined || rest.length > 0 || !Object.hasOwn(SUBTYPES, kind)) return undefined;
  const subtype = SUBTYPES[kind];
  if (administrator === "*") {
    const encodings = [TWO_OCTET_AS, FOUR_OCTET_AS].flatMap((type) => extended(type, subtype, undefined, number) ?? []);
    return encodings.length === 0 ? undefined : encodings;
  }
  const address = parseAddress(administrator)?.bytes;
  if (address?.length === 4) {
    const word = ((address[0] << 24) | (address[1] << 16) | (address[2] << 8) | address[3]) >>> 0;
    return wrap(extended(IPV4_ADDRESS, subtype, word, number));
  }
  const as = parseNumber(administrator, U32);
  if (as === undefined) return undefined;
  return wrap(extended(as <= U16 ? TWO_OCTET_AS : FOUR_OCTET_AS, subtype, as, number));
}

export function parseExtendedCommunity(text: string): ExtendedCommunity | undefined {
  const patterns = parseExtendedCommunityPattern(text);
  if (patterns?.length !== 1) return undefined;
  const [{ mask, value }] = patterns;
  return mask[0] === U32 && mask[1] === U32 ? value : undefined;
}

function wrap(pattern: ExtendedCommunityPattern | undefined): readonly ExtendedCommunityPattern[] | undefined {
  return pattern && [pattern];
}

/** Administrator (undefined: any) and local number (`*`: any) in the layout of `type`. */
function extended(
  type: number,
  subtype: number,
  administrator: number | undefined,
  numberText: string,
): ExtendedCommunityPattern | undefined {
  const isShort = type === TWO_OCTET_AS;
  const number = numberText === "*" ? undefined : parseNumber(numberText, isShort ? U32 : U16);
  if (number === undefined && numberText !== "*") return undefined;
  const head = ((type << 24) | (subtype << 16)) >>> 0;
  const adminMask = administrator === undefined ? 0 : U32;
  const numberMask = number === undefined ? 0 : U32;
  const admin = administrator ?? 0;
  if (isShort) {
    // RFC 4360 §3.1: AS in the low half of the first word, 32 bits of number
    const mask: ExtendedCommunity = [(0xffff0000 | (adminMask & U16)) >>> 0, numberMask >>> 0];
    return { mask, value: [(head | admin) >>> 0, number ?? 0] };
  }
  // RFC 4360 §3.2, RFC 5668 §2: 32 bits of administrator across the words, 16 bits of number
  const mask: ExtendedCommunity = [
    (0xffff0000 | (adminMask >>> 16)) >>> 0,
    ((adminMask << 16) | (numberMask & U16)) >>> 0,
  ];
  return { mask, value: [(head | (admin >>> 16)) >>> 0, ((admin << 16) | (number ?? 0)) >>> 0] };
}

function parseParts(parts: readonly string[], greatest: readonly number[]): readonly NumberRange[] | undefined {
  if (parts.length !== greatest.length) return undefined;
  const ranges: NumberRange[] = [];
  for (const [i, part] of parts.entries()) {
    const range = parseNumberRange(part, greatest[i]);
    if (range === undefined) return undefined;
    ranges.push(range);
  }
  return ranges;
}

/** Parses `100`, `100-200` or `*` with values up to `greatest`; undefined for anything else. */
export function parseNumberRange(text: string, greatest: number): NumberRange | undefined {
  if (text === "*") return [0, greatest];
  const [leastText, greatestText, ...rest] = text.split("-");
  if (rest.length > 0) return undefined;
  const least = parseNumber(leastText, greatest);
  const last = greatestText === undefined ? least : parseNumber(greatestText, greatest);
  return least === undefined || last === undefined || last < least ? undefined : [least, last];
}

function parseNumber(text: string, greatest: number): number | undefined {
  if (!/^(0|[1-9][0-9]{0,9})$/.test(text)) return undefined;
  const value = Number(text);
  return value <= greatest ? value : undefined;
}

function isSingle(range: NumberRange): boolean {
  return range[0] === range[1];
}
