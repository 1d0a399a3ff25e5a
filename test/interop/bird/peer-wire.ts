// The wire of the scripted peers: OPEN and UPDATE put together and UPDATEs taken apart, for one IP version, with or without
// path identifiers. None of it comes from src/packet. Attributes of what is heard stay octets: they are compared, not read.

import { readU16, readU32, toHex } from "../../../src/base/bytes.js";
import { formatBytes, parseAddress, parsePrefix } from "../../../src/base/ip.js";
import { message, OPEN, u16, u32, UPDATE } from "../../support/stream-message.js";

export type IpVersion = 4 | 6;

/** A route that a peer announces. */
export interface Probe {
  readonly prefix: string;
  readonly nextHop: string;
  readonly asPath: readonly number[];
  readonly origin?: number;
  readonly med?: number;
  readonly localPref?: number;
  readonly communities?: readonly (readonly [number, number])[];
  readonly largeCommunities?: readonly (readonly [number, number, number])[];
  readonly originatorId?: string;
  readonly clusterList?: readonly string[];
  /** An attribute nobody knows, optional and transitive. */
  readonly unknown?: string;
  readonly pathId?: number;
}

export interface PeerScript {
  readonly name: string;
  /** Where it connects from, and what is told there. */
  readonly address: string;
  readonly speaker: string;
  readonly port: number;
  readonly as: number;
  readonly identifier: string;
  readonly ipVersion: IpVersion;
  /** RFC 7911, both ways. */
  readonly addPaths: boolean;
  readonly probes: readonly Probe[];
}

const addressOctets = (text: string): readonly number[] => {
  const address = parseAddress(text);
  if (address === undefined) throw new RangeError(`not an address: ${text}`);
  return [...address.bytes];
};

export function openOf(script: PeerScript): Uint8Array {
  const { as, identifier, ipVersion, addPaths } = script;
  const family = [0, ipVersion === 4 ? 1 : 2];
  const capabilities = [[1, ...family, 0, 1], [2], [65, ...u32(as)], ...(addPaths ? [[69, ...family, 1, 3]] : [])];
  const list = capabilities.flatMap(([code, ...value]) => [code, value.length, ...value]);
  const narrowAs = as > 0xffff ? 23456 : as;
  const fixed = [4, ...u16(narrowAs), ...u16(240), ...addressOctets(identifier)];
  return message(OPEN, [...fixed, list.length + 2, 2, list.length, ...list]);
}

/** Whether an OPEN offers to send and to receive several paths. */
export function offersPaths(body: Uint8Array): boolean {
  for (let at = 10; at < body.length; at += 2 + body[at + 1]) {
    const end = at + 2 + body[at + 1];
    for (let i = at + 2; body[at] === 2 && i < end; i += 2 + body[i + 1]) {
      if (body[i] === 69) return body[i + 5] === 3;
    }
  }
  return false;
}

/** One UPDATE for one route. */
export function updateOf(probe: Probe, ipVersion: IpVersion, hasPathIds: boolean): Uint8Array {
  const prefix = parsePrefix(probe.prefix);
  if (prefix === undefined) throw new RangeError(`not a prefix: ${probe.prefix}`);
  const octets = prefix.bytes.subarray(0, (prefix.length + 7) >> 3);
  const nlri = [...(hasPathIds ? u32(probe.pathId ?? 1) : []), prefix.length, ...octets];
  const { asPath, med, localPref, communities, largeCommunities, originatorId, clusterList, unknown } = probe;
  const nextHop = addressOctets(probe.nextHop);
  const reach = [...u16(2), 1, nextHop.length, ...nextHop, 0, ...nlri];
  const attributes = [
    ...(ipVersion === 6 ? attribute(0x80, 14, reach) : []),
    ...attribute(0x40, 1, [probe.origin ?? 0]),
    ...attribute(0x40, 2, asPath.length === 0 ? [] : [2, asPath.length, ...asPath.flatMap(u32)]),
    ...(ipVersion === 4 ? attribute(0x40, 3, nextHop) : []),
    ...(med === undefined ? [] : attribute(0x80, 4, u32(med))),
    ...(localPref === undefined ? [] : attribute(0x40, 5, u32(localPref))),
    ...(communities === undefined ? [] : attribute(0xc0, 8, communities.flat().flatMap(u16))),
    ...(originatorId === undefined ? [] : attribute(0x80, 9, addressOctets(originatorId))),
    ...(clusterList === undefined ? [] : attribute(0x80, 10, clusterList.flatMap(addressOctets))),
    ...(largeCommunities === undefined ? [] : attribute(0xc0, 32, largeCommunities.flat().flatMap(u32))),
    ...(unknown === undefined ? [] : attribute(0xc0, 99, [...Buffer.from(unknown, "hex")])),
  ];
  return message(UPDATE, [0, 0, ...u16(attributes.length), ...attributes, ...(ipVersion === 4 ? nlri : [])]);
}

function attribute(flags: number, type: number, value: readonly number[]): number[] {
  if (value.length > 255) return [flags | 0x10, type, ...u16(value.length), ...value];
  return [flags, type, value.length, ...value];
}

/** Path identifier and prefix. */
export type Heard = readonly [number, string];

export interface HeardUpdate {
  readonly withdrawn: readonly Heard[];
  readonly announced: readonly Heard[];
  /** Attributes in order of their types, `TYPE/FLAGS:VALUE` in hexadecimal; the next hop of MP_REACH_NLRI instead of it. */
  readonly attributes: string;
}

/** What an UPDATE changes. */
export function hearUpdate(body: Uint8Array, hasPathIds: boolean): HeardUpdate {
  const withdrawnEnd = 2 + readU16(body, 0);
  const attributesEnd = withdrawnEnd + 2 + readU16(body, withdrawnEnd);
  const withdrawn = prefixes(body, 2, withdrawnEnd, 4, hasPathIds);
  const announced = prefixes(body, attributesEnd, body.length, 4, hasPathIds);
  const attributes: [number, string][] = [];
  for (let at = withdrawnEnd + 2; at < attributesEnd;) {
    const isLong = (body[at] & 0x10) !== 0;
    // The Partial bit is told apart elsewhere: BIRD 1.6 sets it after its own fashion (docs/bird-compatibility.md).
    const flags = body[at] & 0xc0;
    const type = body[at + 1];
    const valueAt = at + (isLong ? 4 : 3);
    at = valueAt + (isLong ? readU16(body, at + 2) : body[at + 2]);
    if (type === 14) {
      const hopEnd = valueAt + 4 + body[valueAt + 3];
      announced.push(...prefixes(body, hopEnd + 1, at, 6, hasPathIds));
      attributes.push([type, `14:${toHex(body, valueAt + 4, hopEnd)}`]);
    } else if (type === 15) withdrawn.push(...prefixes(body, valueAt + 3, at, 6, hasPathIds));
    else attributes.push([type, `${type}/${flags.toString(16)}:${valueText(type, body.subarray(valueAt, at))}`]);
  }
  attributes.sort(([a], [b]) => a - b);
  return { withdrawn, announced, attributes: attributes.map(([, text]) => text).join(" ") };
}

/** Octets of one community by type of the attribute: BIRD sends sets in ascending order, we as they come. */
const SET_WIDTHS: ReadonlyMap<number, number> = new Map([
  [8, 4],
  [16, 8],
  [32, 12],
]);

function valueText(type: number, value: Uint8Array): string {
  const width = SET_WIDTHS.get(type);
  if (width === undefined) return toHex(value);
  const members = Array.from({ length: value.length / width }, (_, i) => toHex(value, i * width, (i + 1) * width));
  return members.sort().join("");
}

function prefixes(body: Uint8Array, at: number, end: number, ipVersion: IpVersion, hasPathIds: boolean): Heard[] {
  const list: Heard[] = [];
  while (at < end) {
    const pathId = hasPathIds ? readU32(body, at) : 0;
    if (hasPathIds) at += 4;
    const octets = (body[at] + 7) >> 3;
    const address = new Uint8Array(ipVersion === 4 ? 4 : 16);
    address.set(body.subarray(at + 1, at + 1 + octets));
    list.push([pathId, `${formatBytes(address)}/${body[at]}`]);
    at += 1 + octets;
  }
  return list;
}
