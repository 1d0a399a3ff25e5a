// The BGP messages of the soak's peers, written and read by code of their own: nothing of the program under test is trusted.

import {
  factsOf,
  LOCAL_AS,
  nextHopWord,
  nextHopWord6,
  type PeerPlan,
  entryOf,
  type Universe,
  VARIANTS,
} from "./universe.js";

export const HEADER = 19;
export const TYPE = { open: 1, update: 2, notification: 3, keepalive: 4, routeRefresh: 5 } as const;
/** RFC 7313 §4. */
export const MARKER = { request: 0, beginning: 1, end: 2 } as const;
/** AFIs by family. */
const AFI = [1, 2] as const;

const FIRST_OCTET = 10;
const IPV6_WORD = 0x20010db8;
const MARK = [65000, 666] as const;

type Octets = readonly number[];

const u16 = (value: number): Octets => [(value >> 8) & 255, value & 255];
const u32 = (value: number): Octets => [...u16(value >>> 16), ...u16(value & 0xffff)];

function message(type: number, body: Octets): Buffer {
  return Buffer.from([...Array<number>(16).fill(255), ...u16(HEADER + body.length), type, ...body]);
}

export const KEEPALIVE = message(TYPE.keepalive, []);

/** Cease, Administrative Reset. */
export const CEASE = message(TYPE.notification, [6, 4]);

export function openMessage(plan: PeerPlan, holdTimeSeconds: number): Buffer {
  const families = plan.speaksIpv6 ? ([0, 1] as const) : ([0] as const);
  const capability = (code: number, value: Octets): Octets => [code, value.length, ...value];
  const list = [
    ...families.flatMap((family) => capability(1, [...u16(AFI[family]), 0, 1])),
    ...capability(2, []),
    ...capability(65, u32(plan.as)),
    ...(plan.enhancedRefresh ? capability(70, []) : []),
    ...(plan.kind === "addPath"
      ? capability(
          69,
          families.flatMap((family) => [...u16(AFI[family]), 1, 1]),
        )
      : []),
    // Restart time 60 s, forwarding state preserved: routes stay until they are told again.
    ...(plan.restarts
      ? capability(64, [...u16(60), ...families.flatMap((family) => [...u16(AFI[family]), 1, 0x80])])
      : []),
  ];
  const parameter = [2, list.length, ...list];
  return message(TYPE.open, [
    4,
    ...u16(plan.as),
    ...u16(holdTimeSeconds),
    ...u32(plan.identifier),
    parameter.length,
    ...parameter,
  ]);
}

export function refreshRequest(family: 0 | 1): Buffer {
  return message(TYPE.routeRefresh, [...u16(AFI[family]), MARKER.request, 1]);
}

export function endOfRib(family: 0 | 1): Buffer {
  if (family === 0) return message(TYPE.update, [0, 0, 0, 0]);
  return message(TYPE.update, [0, 0, 0, 6, 0x80, 15, 3, ...u16(AFI[1]), 1]);
}

function nlri(universe: Universe, index: number): Octets {
  if (index < universe.ipv4) return [24, FIRST_OCTET, ...u16(index)];
  return [48, ...u32(IPV6_WORD), ...u16(index - universe.ipv4)];
}

function attribute(flags: number, type: number, value: Octets): Octets {
  if (value.length > 255) return [flags | 0x10, type, ...u16(value.length), ...value];
  return [flags, type, value.length, ...value];
}

/** Announces prefixes of one family with the attributes of a variant. */
export function announcement(universe: Universe, plan: PeerPlan, variant: number, indexes: readonly number[]): Buffer {
  const facts = factsOf(variant, universe.peers.length);
  const { number } = plan;
  const isExternal = plan.as !== LOCAL_AS;
  const wide = indexes[0] >= universe.ipv4;
  const prefixes = indexes.flatMap((index) => nlri(universe, index));
  const path = [...(isExternal ? [plan.as] : []), ...Array.from({ length: facts.pathLength }, (_, i) => 64600 + i)];
  const nextHop6 = [...u32(IPV6_WORD), ...u32(0xffff0000), ...u32(0), ...u32(nextHopWord6(number))];
  const attributes = [
    // RFC 7606 §5.1: first of all.
    ...(wide ? attribute(0x80, 14, [...u16(AFI[1]), 1, 16, ...nextHop6, 0, ...prefixes]) : []),
    ...attribute(0x40, 1, [facts.origin]),
    ...attribute(0x40, 2, path.length === 0 ? [] : [2, path.length, ...path.flatMap(u32)]),
    ...(wide ? [] : attribute(0x40, 3, u32(nextHopWord(number, facts)))),
    ...(isExternal ? [] : attribute(0x40, 5, u32(facts.localPref))),
    ...(facts.isMarked ? attribute(0xc0, 8, MARK.flatMap(u16)) : []),
    ...attribute(0xc0, 32, [LOCAL_AS, number, variant].flatMap(u32)),
  ];
  return message(TYPE.update, [...u16(0), ...u16(attributes.length), ...attributes, ...(wide ? [] : prefixes)]);
}

/** Withdraws prefixes of one family. */
export function withdrawal(universe: Universe, indexes: readonly number[]): Buffer {
  const prefixes = indexes.flatMap((index) => nlri(universe, index));
  if (indexes[0] < universe.ipv4) return message(TYPE.update, [...u16(prefixes.length), ...prefixes, 0, 0]);
  const attributes = attribute(0x80, 15, [...u16(AFI[1]), 1, ...prefixes]);
  return message(TYPE.update, [0, 0, ...u16(attributes.length), ...attributes]);
}

// ---- reading ----

/** Hears of every prefix of an UPDATE, in order. */
export interface Listener {
  announced(index: number, pathId: number, entry: number): void;
  withdrawn(index: number, pathId: number): void;
}

export interface Reading {
  readonly universe: Universe;
  readonly hasPathIds: boolean;
}

/** Reads the body of an UPDATE. Throws Error for what cannot be ours: other prefixes, a route without our community. */
export function readUpdate(body: Buffer, { universe, hasPathIds }: Reading, listener: Listener): void {
  const withdrawnEnd = 2 + body.readUInt16BE(0);
  const attributesEnd = withdrawnEnd + 2 + body.readUInt16BE(withdrawnEnd);
  let nextHop = 0;
  let tag = -1;
  let reach = [0, 0];
  const withdrawn = (at: number, end: number, wide: boolean): void => {
    eachPrefix(body, at, end, wide, hasPathIds, universe, (index, pathId) => listener.withdrawn(index, pathId));
  };
  withdrawn(2, withdrawnEnd, false);
  for (let at = withdrawnEnd + 2; at < attributesEnd;) {
    const header = (body[at] & 0x10) !== 0 ? 4 : 3;
    const value = at + header;
    const end = value + (header === 4 ? body.readUInt16BE(at + 2) : body[at + 2]);
    switch (body[at + 1]) {
      case 3:
        nextHop = body.readUInt32BE(value);
        break;
      case 14:
        nextHop = body.readUInt32BE(value + 4 + body[value + 3] - 4);
        reach = [value + 5 + body[value + 3], end];
        break;
      case 15:
        withdrawn(value + 3, end, true);
        break;
      case 32:
        tag = body.readUInt32BE(value + 4) * VARIANTS + body.readUInt32BE(value + 8);
        break;
    }
    at = end;
  }
  const announced = (at: number, end: number, wide: boolean): void => {
    if (at === end) return;
    if (tag < 0) throw new Error(`an UPDATE without the community of its announcer: ${body.toString("hex")}`);
    const entry = entryOf(Math.floor(tag / VARIANTS), tag % VARIANTS, nextHop);
    eachPrefix(body, at, end, wide, hasPathIds, universe, (index, pathId) => listener.announced(index, pathId, entry));
  };
  announced(reach[0], reach[1], true);
  announced(attributesEnd, body.length, false);
}

function eachPrefix(
  body: Buffer,
  at: number,
  end: number,
  wide: boolean,
  hasPathIds: boolean,
  universe: Universe,
  visit: (index: number, pathId: number) => void,
): void {
  while (at < end) {
    const pathId = hasPathIds ? body.readUInt32BE(at) : 0;
    if (hasPathIds) at += 4;
    const index = wide ? universe.ipv4 + body.readUInt16BE(at + 5) : body.readUInt16BE(at + 2);
    const isOurs = wide
      ? body[at] === 48 && body.readUInt32BE(at + 1) === IPV6_WORD && index < universe.prefixes
      : body[at] === 24 && body[at + 1] === FIRST_OCTET && index < universe.ipv4;
    if (!isOurs) throw new Error(`a prefix that nobody announced: ${body.toString("hex", at, at + 7)}`);
    visit(index, pathId);
    at += wide ? 7 : 4;
  }
}
