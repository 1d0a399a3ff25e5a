// The wire of the recording clients: OPEN and UPDATE put together, and UPDATEs taken apart, for IPv4 and IPv6 unicast with
// or without path identifiers (RFC 4271, 4760, 7911, 4724). None of it comes from src/packet, so that a mistake there
// cannot hide itself.

import { readU16, readU32, toHex } from "../../src/base/bytes.js";
import { formatBytes, formatIpv4Word, parseAddress, parsePrefix } from "../../src/base/ip.js";

export const OPEN = 1;
export const UPDATE = 2;
export const NOTIFICATION = 3;
export const KEEPALIVE = 4;
export const ROUTE_REFRESH = 5;
const HEADER = 19;

export function message(type: number, body: readonly number[]): Uint8Array {
  const length = HEADER + body.length;
  return Uint8Array.from([...new Array<number>(16).fill(255), length >> 8, length & 255, type, ...body]);
}

export const u16 = (value: number): number[] => [(value >> 8) & 255, value & 255];
export const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value & 0xffff)];

export interface StreamOpen {
  readonly as: number;
  readonly holdTimeSeconds: number;
  /** BGP Identifier, a dotted quad. */
  readonly identifier: string;
  /** RFC 7911: paths with identifiers are taken, in both families. */
  readonly takesPaths: boolean;
  /** RFC 4724: seconds; forwarding is always preserved. Undefined: the capability is not there. */
  readonly restartTimeSeconds: number | undefined;
}

/** An OPEN for both families with ROUTE-REFRESH and 4-octet AS numbers. */
export function openMessage(open: StreamOpen): Uint8Array {
  const { as, holdTimeSeconds, identifier, takesPaths, restartTimeSeconds } = open;
  const capabilities = [
    [1, ...[0, 1, 0, 1]],
    [1, ...[0, 2, 0, 1]],
    [2],
    [65, ...u32(as)],
    ...(takesPaths ? [[69, ...[0, 1, 1, 1], ...[0, 2, 1, 1]]] : []),
    ...(restartTimeSeconds === undefined
      ? []
      : [[64, ...u16(restartTimeSeconds), ...[0, 1, 1, 0x80], ...[0, 2, 1, 0x80]]]),
  ].flatMap(([code, ...value]) => [code, value.length, ...value]);
  const narrowAs = as > 0xffff ? 23456 : as;
  const fixed = [4, ...u16(narrowAs), ...u16(holdTimeSeconds), ...addressOctets(identifier)];
  return message(OPEN, [...fixed, capabilities.length + 2, 2, capabilities.length, ...capabilities]);
}

/** RFC 4724 §3, as far as a helper needs it. */
export interface RestartOffer {
  readonly restartTimeSeconds: number;
  /** By family: forwarding was preserved; undefined: the family is not there. */
  readonly preserved: readonly (boolean | undefined)[];
}

/** What the graceful restart capability of an OPEN says; undefined: there is none. */
export function readRestartOffer(body: Uint8Array): RestartOffer | undefined {
  for (let at = 10; at < body.length; at += 2 + body[at + 1]) {
    const end = at + 2 + body[at + 1];
    for (let capability = at + 2; body[at] === 2 && capability < end; capability += 2 + body[capability + 1]) {
      if (body[capability] !== 64) continue;
      const preserved: (boolean | undefined)[] = [undefined, undefined];
      for (let i = capability + 4; i < capability + 2 + body[capability + 1]; i += 4) {
        preserved[readU16(body, i) === 1 ? 0 : 1] = (body[i + 3] & 0x80) !== 0;
      }
      return { restartTimeSeconds: readU16(body, capability + 2) & 0xfff, preserved };
    }
  }
  return undefined;
}

/** What the clients look at in a route. */
export interface StreamPath {
  readonly nextHop: string;
  readonly asPath: readonly number[];
  readonly med: number | undefined;
  readonly localPref: number | undefined;
  readonly communities: readonly number[];
  readonly originatorId: string | undefined;
  readonly clusterList: readonly string[];
}

export interface StreamAnnouncement {
  readonly prefixes: readonly string[];
  readonly nextHop4: string;
  readonly nextHop6: string;
  /** Empty for an internal peer's own routes. */
  readonly asPath?: readonly number[];
  readonly med?: number;
  readonly localPref?: number;
  readonly communities?: readonly number[];
}

/** The UPDATEs that announce the prefixes: one for IPv4, one for IPv6. They must fit. */
export function announcement(told: StreamAnnouncement): Uint8Array[] {
  const { asPath = [], med, localPref, communities = [] } = told;
  const common = [
    ...attribute(0x40, 1, [0]),
    ...attribute(0x40, 2, asPath.length === 0 ? [] : [2, asPath.length, ...asPath.flatMap(u32)]),
  ];
  const more = [
    ...(med === undefined ? [] : attribute(0x80, 4, u32(med))),
    ...(localPref === undefined ? [] : attribute(0x40, 5, u32(localPref))),
    ...(communities.length === 0 ? [] : attribute(0xc0, 8, communities.flatMap(u32))),
  ];
  const [nlri4, nlri6] = byFamily(told.prefixes);
  const updates: Uint8Array[] = [];
  if (nlri4.length > 0) {
    updates.push(update([...common, ...attribute(0x40, 3, addressOctets(told.nextHop4)), ...more], nlri4));
  }
  if (nlri6.length > 0) {
    const reach = [...u16(2), 1, 16, ...addressOctets(told.nextHop6), 0, ...nlri6];
    updates.push(update([...attribute(0x80, 14, reach), ...common, ...more], []));
  }
  return updates;
}

export function withdrawal(prefixes: readonly string[]): Uint8Array[] {
  const [nlri4, nlri6] = byFamily(prefixes);
  const updates: Uint8Array[] = [];
  if (nlri4.length > 0) updates.push(message(UPDATE, [...u16(nlri4.length), ...nlri4, 0, 0]));
  if (nlri6.length > 0) updates.push(update(attribute(0x80, 15, [...u16(2), 1, ...nlri6]), []));
  return updates;
}

export const END_OF_RIB: readonly Uint8Array[] = [
  message(UPDATE, [0, 0, 0, 0]),
  update(attribute(0x80, 15, [...u16(2), 1]), []),
];

/** What an UPDATE says. Prefixes as text, with a path identifier behind them where there are any: `10.0.0.0/8 7`. */
export interface StreamUpdate {
  readonly withdrawn: readonly string[];
  readonly announced: readonly string[];
  readonly path: StreamPath;
  /** Family whose table is complete, or -1. */
  readonly endOfRib: number;
}

type Draft = { -readonly [Key in keyof StreamPath]: StreamPath[Key] };

export function readUpdate(body: Uint8Array, hasPathIds: boolean): StreamUpdate {
  const withdrawnEnd = 2 + readU16(body, 0);
  const attributesEnd = withdrawnEnd + 2 + readU16(body, withdrawnEnd);
  const withdrawn = readPrefixes(body, 2, withdrawnEnd, 0, hasPathIds);
  const announced = readPrefixes(body, attributesEnd, body.length, 0, hasPathIds);
  const path: Draft = {
    nextHop: "",
    asPath: [],
    med: undefined,
    localPref: undefined,
    communities: [],
    originatorId: undefined,
    clusterList: [],
  };
  let endOfRib = body.length === 4 ? 0 : -1;
  for (let at = withdrawnEnd + 2; at < attributesEnd;) {
    const valueAt = at + ((body[at] & 0x10) === 0 ? 3 : 4);
    const end = valueAt + ((body[at] & 0x10) === 0 ? body[at + 2] : readU16(body, at + 2));
    const type = body[at + 1];
    at = end;
    if (type === 14) {
      const family = readU16(body, valueAt) === 1 ? 0 : 1;
      const nlriAt = valueAt + 5 + body[valueAt + 3];
      path.nextHop = formatBytes(body, valueAt + 4, Math.min(16, body[valueAt + 3]));
      announced.push(...readPrefixes(body, nlriAt, end, family, hasPathIds));
    } else if (type === 15) {
      const family = readU16(body, valueAt) === 1 ? 0 : 1;
      if (end === valueAt + 3) endOfRib = family;
      withdrawn.push(...readPrefixes(body, valueAt + 3, end, family, hasPathIds));
    } else readAttribute(type, body, valueAt, end, path);
  }
  return { withdrawn, announced, path, endOfRib };
}

function readAttribute(type: number, body: Uint8Array, at: number, end: number, path: Draft): void {
  const words = (): number[] => Array.from({ length: (end - at) >> 2 }, (_, i) => readU32(body, at + 4 * i));
  if (type === 2) path.asPath = readAsPath(body, at, end);
  else if (type === 3) path.nextHop = formatBytes(body, at, 4);
  else if (type === 4) path.med = readU32(body, at);
  else if (type === 5) path.localPref = readU32(body, at);
  else if (type === 8) path.communities = words();
  else if (type === 9) path.originatorId = formatIpv4Word(readU32(body, at));
  else if (type === 10) path.clusterList = words().map(formatIpv4Word);
  else if (type !== 1) throw new Error(`attribute ${type}: ${toHex(body, at, end)}`);
}

function readAsPath(body: Uint8Array, at: number, end: number): readonly number[] {
  const path: number[] = [];
  while (at < end) {
    if (body[at] !== 2) throw new Error(`AS_PATH segment of type ${body[at]}`);
    const count = body[at + 1];
    for (let i = 0; i < count; i++) path.push(readU32(body, at + 2 + 4 * i));
    at += 2 + 4 * count;
  }
  return path;
}

function readPrefixes(body: Uint8Array, at: number, end: number, family: number, hasPathIds: boolean): string[] {
  const list: string[] = [];
  const width = family === 0 ? 4 : 16;
  while (at < end) {
    const mark = hasPathIds ? ` ${readU32(body, at)}` : "";
    if (hasPathIds) at += 4;
    const octets = (body[at] + 7) >> 3;
    const address = new Uint8Array(width);
    address.set(body.subarray(at + 1, at + 1 + octets));
    list.push(`${formatBytes(address)}/${body[at]}${mark}`);
    at += 1 + octets;
  }
  return list;
}

function byFamily(prefixes: readonly string[]): readonly [number[], number[]] {
  const nlri: [number[], number[]] = [[], []];
  for (const text of prefixes) {
    const prefix = parsePrefix(text);
    if (prefix === undefined) throw new RangeError(`not a prefix: ${text}`);
    nlri[prefix.family].push(prefix.length, ...prefix.bytes.subarray(0, (prefix.length + 7) >> 3));
  }
  return nlri;
}

function update(attributes: readonly number[], nlri: readonly number[]): Uint8Array {
  return message(UPDATE, [0, 0, ...u16(attributes.length), ...attributes, ...nlri]);
}

function attribute(flags: number, type: number, value: readonly number[]): number[] {
  if (value.length > 255) return [flags | 0x10, type, ...u16(value.length), ...value];
  return [flags, type, value.length, ...value];
}

function addressOctets(text: string): readonly number[] {
  const address = parseAddress(text);
  if (address === undefined) throw new RangeError(`not an address: ${text}`);
  return [...address.bytes];
}
