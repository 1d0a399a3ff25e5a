// Routes as rtnetlink carries them (linux/rtnetlink.h, struct rtmsg): encoding of our wishes, decoding of dumps and events.
//
// Both directions are made for tables of 100,000 routes: the part of a request that depends on the next hops is encoded
// once per path and copied; a decoded route fills a reused RouteMessage, whose path is canonical octets that
// path-table.ts turns into a number. Nothing here opens a socket.

import { type Bytes, readI32, writeU32 } from "../base/bytes.js";
import { type Family, IPV4_UNICAST, IPV6_UNICAST } from "../base/family.js";
import { unreachable } from "../base/invariant.js";
import type { FibNextHop, FibRoute } from "../speaker/ports.js";
import {
  AF_INET,
  AF_INET6,
  align4,
  ATTRIBUTE_HEADER,
  ATTRIBUTE_TYPE_MASK,
  eachAttribute,
  HEADER_LENGTH,
  LITTLE_ENDIAN,
  type MessageHeader,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  NLM_F_REQUEST,
  type Received,
  RequestBuffer,
  RTM_DELROUTE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
} from "./netlink.js";

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_MULTIPATH = 9;
const RTA_FLOW = 11;
const RTA_TABLE = 15;
const RTA_VIA = 18;

export const RTN_UNICAST = 1;
export const RTN_BLACKHOLE = 6;
export const RTN_UNREACHABLE = 7;
export const RTN_PROHIBIT = 8;

const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;
const RT_SCOPE_NOWHERE = 255;

const RTNH_F_ONLINK = 4;
const RTM_F_CLONED = 0x200;

const RTMSG_LENGTH = 12;
const RTNEXTHOP_LENGTH = 8;
/** Header, rtmsg, destination, table and metric: what a request needs beside its path. */
export const ROUTE_OVERHEAD = HEADER_LENGTH + RTMSG_LENGTH + 20 + 8 + 8;
/** More next hops than any ECMP group of ours; keeps a request far below the 64 KB of one attribute. */
export const MAX_NEXT_HOPS = 255;

/** Which routes are ours, whatever their metric. */
export interface RouteOwner {
  readonly table: number;
  readonly protocol: number;
}

/** The metric a route really has in the kernel: IPv6 turns 0 into 1024. */
export function effectiveMetric(family: Family, metric: number): number {
  return family === IPV6_UNICAST && metric === 0 ? 1024 : metric;
}

function familyNumber(family: Family): number {
  return family === IPV4_UNICAST ? AF_INET : AF_INET6;
}

export function typeOf(kind: FibRoute["kind"]): number {
  switch (kind) {
    case "unicast":
      return RTN_UNICAST;
    case "blackhole":
      return RTN_BLACKHOLE;
    case "unreachable":
      return RTN_UNREACHABLE;
    case "prohibit":
      return RTN_PROHIBIT;
    default:
      return unreachable(kind);
  }
}

/** The part of a request that all prefixes with one path share. */
export interface EncodedPath {
  readonly type: number;
  readonly scope: number;
  readonly flags: number;
  /** RTA_GATEWAY, RTA_VIA, RTA_OIF or RTA_MULTIPATH, padded. */
  readonly attributes: Bytes;
}

/** Encodes the path of a wish, or says in words what is wrong with it. `indexOf` gives the index of an interface. */
export function encodePath(
  family: Family,
  route: FibRoute,
  indexOf: (device: string) => number | undefined,
): EncodedPath | string {
  const type = typeOf(route.kind);
  if (type !== RTN_UNICAST) return { type, scope: RT_SCOPE_UNIVERSE, flags: 0, attributes: new Uint8Array(0) };
  const hops = route.nextHops;
  if (hops.length === 0) return "the route has no next hop";
  if (hops.length > MAX_NEXT_HOPS) return `the route has more than ${MAX_NEXT_HOPS} next hops`;
  const indexes: number[] = [];
  for (const hop of hops) {
    const problem = checkNextHop(family, hop);
    if (problem !== undefined) return problem;
    const index = hop.device === undefined ? 0 : indexOf(hop.device);
    if (index === undefined) return `interface ${hop.device} does not exist`;
    indexes.push(index);
  }
  const out = new RequestBuffer(new ArrayBuffer(8 + hops.length * 40));
  if (hops.length === 1) encodeGateway(out, family, hops[0], indexes[0]);
  else encodeMultipath(out, family, hops, indexes);
  const linkOnly = hops.length === 1 && hops[0].gateway === undefined;
  return {
    type,
    scope: linkOnly && family === IPV4_UNICAST ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
    flags: hops.length === 1 && hops[0].onlink ? RTNH_F_ONLINK : 0,
    attributes: out.bytes.subarray(0, out.length),
  };
}

function checkNextHop(family: Family, hop: FibNextHop): string | undefined {
  if (hop.gateway === undefined)
    return hop.device === undefined ? "a next hop has neither gateway nor interface" : undefined;
  if (hop.onlink && hop.device === undefined) return "an onlink next hop needs an interface";
  const fits = hop.gateway.length === 16 || (hop.gateway.length === 4 && family === IPV4_UNICAST);
  return fits ? undefined : "an IPv6 route cannot have an IPv4 gateway";
}

function encodeGateway(out: RequestBuffer, family: Family, hop: FibNextHop, index: number): void {
  const { gateway } = hop;
  if (gateway !== undefined && gateway.length === 16 && family === IPV4_UNICAST) {
    const at = out.openAttribute(RTA_VIA); // RFC 8950: struct rtvia
    out.u16(AF_INET6);
    out.append(gateway);
    out.closeAttribute(at);
  } else if (gateway !== undefined) out.attributeBytes(RTA_GATEWAY, gateway);
  if (index !== 0) out.attributeU32(RTA_OIF, index);
}

function encodeMultipath(
  out: RequestBuffer,
  family: Family,
  hops: readonly FibNextHop[],
  indexes: readonly number[],
): void {
  const attribute = out.openAttribute(RTA_MULTIPATH);
  for (const [i, hop] of hops.entries()) {
    const start = out.length;
    out.u16(0);
    out.u8(hop.onlink ? RTNH_F_ONLINK : 0);
    out.u8(Math.min(255, Math.max(0, hop.weight - 1)));
    out.u32(indexes[i]);
    encodeGateway(out, family, hop, 0); // the index stands in struct rtnexthop
    out.patchU16(start, out.length - start);
  }
  out.closeAttribute(attribute);
}

/** A prefix as words, the form of PrefixIndex. */
export interface PrefixWords {
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
  readonly length: number;
}

/** `add` refuses if any route with this prefix, metric and table exists; `replace` overwrites it, whoever made it. */
export type RouteRequest = "add" | "replace" | "delete";

/** Appends a request. `metric` 0: the kernel's default; in the deletion of an IPv4 route it stands for any. The caller has
 *  seen to ROUTE_OVERHEAD + path.attributes.length octets of room. */
export function encodeRoute(
  out: RequestBuffer,
  request: RouteRequest,
  sequence: number,
  owner: RouteOwner,
  family: Family,
  prefix: PrefixWords,
  metric: number,
  path: EncodedPath | undefined,
): void {
  if (request === "delete" || path === undefined) out.begin(RTM_DELROUTE, NLM_F_REQUEST, sequence);
  else
    out.begin(RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_CREATE | (request === "add" ? NLM_F_EXCL : NLM_F_REPLACE), sequence);
  encodeRtmsg(out, family, prefix.length, owner, path);
  const at = out.openAttribute(RTA_DST);
  writeAddress(out, family, prefix);
  out.closeAttribute(at);
  if (owner.table > 255) out.attributeU32(RTA_TABLE, owner.table);
  const priority = effectiveMetric(family, metric);
  if (priority !== 0) out.attributeU32(RTA_PRIORITY, priority);
  if (path !== undefined) out.append(path.attributes);
  out.end();
}

function encodeRtmsg(
  out: RequestBuffer,
  family: Family,
  length: number,
  owner: RouteOwner,
  path: EncodedPath | undefined,
): void {
  out.u8(familyNumber(family));
  out.u8(length);
  out.u8(0);
  out.u8(0);
  out.u8(owner.table < 256 ? owner.table : 0);
  out.u8(owner.protocol);
  out.u8(path === undefined ? RT_SCOPE_NOWHERE : path.scope);
  out.u8(path === undefined ? 0 : path.type);
  out.u32(path === undefined ? 0 : path.flags);
}

function writeAddress(out: RequestBuffer, family: Family, prefix: PrefixWords): void {
  const at = out.length;
  writeU32(out.bytes, at, prefix.w0);
  out.length = at + 4;
  if (family === IPV4_UNICAST) return;
  writeU32(out.bytes, at + 4, prefix.w1);
  writeU32(out.bytes, at + 8, prefix.w2);
  writeU32(out.bytes, at + 12, prefix.w3);
  out.length = at + 16;
}

/** Appends the request for all routes of one table. Needs a socket with strict checking, or the filter is ignored. */
export function encodeRouteDump(out: RequestBuffer, sequence: number, family: Family, table: number): void {
  out.begin(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, sequence);
  for (let i = 0; i < RTMSG_LENGTH; i++) out.u8(0);
  out.bytes[out.length - RTMSG_LENGTH] = familyNumber(family);
  out.attributeU32(RTA_TABLE, table);
  out.end();
}

/** One decoded route. Reused: valid until the next decodeRoute with it. */
export class RouteMessage implements PrefixWords {
  family: Family = IPV4_UNICAST;
  w0 = 0;
  w1 = 0;
  w2 = 0;
  w3 = 0;
  length = 0;
  table = 0;
  protocol = 0;
  type = 0;
  metric = 0;
  /** rtm_scope. */
  scope = 0;
  /** RTA_FLOW; 0: none. */
  realm = 0;
  /** RTA_PREFSRC: so many octets of it, or 0. */
  readonly preferredSource = new Uint8Array(16);
  preferredSourceLength = 0;
  /** Type and next hops in canonical form: see appendHop. Flags that only tell the link's state are left out. */
  readonly path = new Uint8Array(2 + MAX_NEXT_HOPS * HOP_LENGTH);
  pathLength = 0;

  /** The path as an object, for people and for routes that are not ours. */
  observedPath(): ObservedPath {
    return readPath(this.path);
  }
}

/** flags, weight − 1, gateway length, 16 octets of gateway, 4 of interface index. */
const HOP_LENGTH = 23;

export interface ObservedHop {
  readonly gateway: Bytes | undefined;
  readonly interfaceIndex: number;
  readonly onlink: boolean;
  readonly weight: number;
}

/** What the kernel does with a prefix, as it says itself. */
export interface ObservedPath {
  readonly type: number;
  readonly hops: readonly ObservedHop[];
}

/** Decodes RTM_NEWROUTE or RTM_DELROUTE into `out`. False for what cannot be one of ours or stand in our way: other
 *  families, cached routes, routes by TOS or source, more next hops than we would ever write, octets that do not fit. */
export function decodeRoute(input: Received, message: MessageHeader, out: RouteMessage): boolean {
  const at = message.start + HEADER_LENGTH;
  const { bytes, view } = input;
  if (at + RTMSG_LENGTH > message.end) return false;
  const family = bytes[at];
  if (family !== AF_INET && family !== AF_INET6) return false;
  const isIpv4 = family === AF_INET;
  const flags = view.getUint32(at + 8, LITTLE_ENDIAN);
  if (bytes[at + 2] !== 0 || bytes[at + 3] !== 0 || (flags & RTM_F_CLONED) !== 0) return false;
  out.family = isIpv4 ? IPV4_UNICAST : IPV6_UNICAST;
  out.length = bytes[at + 1];
  out.table = bytes[at + 4];
  out.protocol = bytes[at + 5];
  out.scope = bytes[at + 6];
  out.type = bytes[at + 7];
  out.w0 = out.w1 = out.w2 = out.w3 = 0;
  out.metric = out.realm = out.preferredSourceLength = 0;
  out.path[0] = out.type;
  out.path[1] = 0;
  out.pathLength = 2;
  return out.length <= (isIpv4 ? 32 : 128) && decodeAttributes(input, at + RTMSG_LENGTH, message.end, out, flags);
}

function decodeAttributes(input: Received, at: number, end: number, out: RouteMessage, flags: number): boolean {
  const { bytes, view } = input;
  const addressLength = out.family === IPV4_UNICAST ? 4 : 16;
  let gatewayAt = 0;
  let gatewayLength = 0;
  let index = 0;
  let multipathAt = 0;
  let multipathEnd = 0;
  // Written out instead of eachAttribute: a closure per route doubles the time of a dump of 100,000.
  while (at + ATTRIBUTE_HEADER <= end) {
    const attributeLength = view.getUint16(at, LITTLE_ENDIAN);
    if (attributeLength < ATTRIBUTE_HEADER || at + attributeLength > end) break;
    const type = view.getUint16(at + 2, LITTLE_ENDIAN) & ATTRIBUTE_TYPE_MASK;
    const valueAt = at + ATTRIBUTE_HEADER;
    const valueLength = attributeLength - ATTRIBUTE_HEADER;
    if (type === RTA_DST && valueLength === addressLength) readWords(bytes, valueAt, addressLength, out);
    else if (type === RTA_OIF && valueLength === 4) index = view.getUint32(valueAt, LITTLE_ENDIAN);
    else if (type === RTA_PRIORITY && valueLength === 4) out.metric = view.getUint32(valueAt, LITTLE_ENDIAN);
    else if (type === RTA_TABLE && valueLength === 4) out.table = view.getUint32(valueAt, LITTLE_ENDIAN);
    else if (type === RTA_FLOW && valueLength === 4) out.realm = view.getUint32(valueAt, LITTLE_ENDIAN);
    else if (type === RTA_PREFSRC && valueLength === addressLength)
      readPreferredSource(bytes, valueAt, valueLength, out);
    else if (type === RTA_MULTIPATH) {
      multipathAt = valueAt;
      multipathEnd = valueAt + valueLength;
    } else if (isGateway(type, valueLength)) {
      gatewayAt = type === RTA_VIA ? valueAt + 2 : valueAt;
      gatewayLength = type === RTA_VIA ? valueLength - 2 : valueLength;
    }
    at += align4(attributeLength);
  }
  if (out.type !== RTN_UNICAST) return true; // IPv6 shows `dev lo` on a blackhole: not a next hop
  if (multipathEnd > 0) return decodeMultipath(input, multipathAt, multipathEnd, out);
  appendHop(out, bytes, flags & RTNH_F_ONLINK, 0, gatewayAt, gatewayLength, index);
  return true;
}

function isGateway(type: number, valueLength: number): boolean {
  if (type === RTA_GATEWAY) return valueLength === 4 || valueLength === 16;
  return type === RTA_VIA && valueLength === 18;
}

function readWords(bytes: Bytes, at: number, addressLength: number, out: RouteMessage): void {
  out.w0 = readI32(bytes, at);
  if (addressLength === 4) return;
  out.w1 = readI32(bytes, at + 4);
  out.w2 = readI32(bytes, at + 8);
  out.w3 = readI32(bytes, at + 12);
}

function readPreferredSource(bytes: Bytes, at: number, length: number, out: RouteMessage): void {
  for (let i = 0; i < length; i++) out.preferredSource[i] = bytes[at + i];
  out.preferredSourceLength = length;
}

function decodeMultipath(input: Received, at: number, end: number, out: RouteMessage): boolean {
  const { bytes, view } = input;
  while (at + RTNEXTHOP_LENGTH <= end) {
    const length = view.getUint16(at, LITTLE_ENDIAN);
    if (length < RTNEXTHOP_LENGTH || at + length > end || out.path[1] === MAX_NEXT_HOPS) return false;
    let gatewayAt = 0;
    let gatewayLength = 0;
    eachAttribute(input, at + RTNEXTHOP_LENGTH, at + length, (type, valueAt, valueLength) => {
      if (!isGateway(type, valueLength)) return;
      gatewayAt = type === RTA_VIA ? valueAt + 2 : valueAt;
      gatewayLength = type === RTA_VIA ? valueLength - 2 : valueLength;
    });
    const index = view.getUint32(at + 4, LITTLE_ENDIAN);
    appendHop(out, bytes, bytes[at + 2] & RTNH_F_ONLINK, bytes[at + 3], gatewayAt, gatewayLength, index);
    at += align4(length);
  }
  return true;
}

function appendHop(
  out: RouteMessage,
  bytes: Bytes,
  flags: number,
  weight: number,
  gatewayAt: number,
  gatewayLength: number,
  index: number,
): void {
  const { path } = out;
  const at = out.pathLength;
  path[at] = flags;
  path[at + 1] = weight;
  path[at + 2] = gatewayLength;
  for (let i = 0; i < 16; i++) path[at + 3 + i] = i < gatewayLength ? bytes[gatewayAt + i] : 0;
  writeU32(path, at + 19, index);
  path[1]++;
  out.pathLength = at + HOP_LENGTH;
}

/** Reads the canonical octets of a RouteMessage. Gateways are copies. */
export function readPath(path: Bytes): ObservedPath {
  const hops: ObservedHop[] = [];
  for (let i = 0, at = 2; i < path[1]; i++, at += HOP_LENGTH) {
    const gatewayLength = path[at + 2];
    hops.push({
      gateway: gatewayLength === 0 ? undefined : path.slice(at + 3, at + 3 + gatewayLength),
      interfaceIndex: readI32(path, at + 19),
      onlink: (path[at] & RTNH_F_ONLINK) !== 0,
      weight: path[at + 1] + 1,
    });
  }
  return { type: path[0], hops };
}
