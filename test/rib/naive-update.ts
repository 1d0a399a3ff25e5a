// UPDATE messages once more, as RFC 4271 §4.3, RFC 4760, RFC 6793, RFC 7606 §5 and RFC 7911 tell them: read octet by octet,
// without src/packet, and stricter than a receiver may be. Throws Error for whatever we should not send.

import type { Family } from "../../src/base/family.js";
import { formatPrefix } from "../../src/base/ip.js";
import type { AsPathSegment, PathAttributes, PathAttributesDraft } from "../../src/packet/attributes/attribute.js";

/** What the session has agreed upon. */
export interface NaiveSession {
  readonly fourOctetAs: boolean;
  readonly hasPathIds: boolean;
  readonly maxMessageLength: number;
  readonly isExternal: boolean;
}

export interface NaiveUpdate {
  /** Prefixes as texts; with path identifiers `PREFIX ID`. */
  readonly withdrawn: readonly string[];
  readonly announced: readonly string[];
  /** With the next hop of whichever field has it. */
  readonly attributes: PathAttributes;
  /** The message ends the family's table (RFC 4724 §2). */
  readonly endOfRib: Family | undefined;
}

/** Octets from `at` to `end`, read from the front. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    if (end > bytes.length) throw new Error("a length leads out of the message");
    this.#bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get isDone(): boolean {
    return this.at === this.end;
  }

  number(octets: number): number {
    return this.take(octets).reduce((sum, octet) => sum * 256 + octet, 0);
  }

  take(count: number): Uint8Array {
    if (this.at + count > this.end) throw new Error("a field is cut off");
    this.at += count;
    return this.#bytes.slice(this.at - count, this.at);
  }

  /** A part of its own. */
  part(length: number): Reader {
    if (this.at + length > this.end) throw new Error("a part is cut off");
    this.at += length;
    return new Reader(this.#bytes, this.at - length, this.at);
  }

  numbers(octets: number): number[] {
    const all: number[] = [];
    while (!this.isDone) all.push(this.number(octets));
    return all;
  }
}

/** Messages of a chunk, which must be whole. */
export function splitMessages(chunk: Uint8Array, maxMessageLength: number): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let at = 0; at < chunk.length;) {
    const length = chunk[at + 16] * 256 + chunk[at + 17];
    if (chunk.subarray(at, at + 16).some((octet) => octet !== 255)) throw new Error("a marker is not all ones");
    if (length < 23 || length > maxMessageLength) throw new Error(`a message of ${length} octets`);
    if (at + length > chunk.length) throw new Error("a chunk does not end with a message");
    messages.push(chunk.slice(at, at + length));
    at += length;
  }
  return messages;
}

/** Decodes one message, header included. */
export function readUpdate(message: Uint8Array, session: NaiveSession): NaiveUpdate {
  if (message[18] !== 2) throw new Error(`a member was sent a message of type ${message[18]}`);
  const body = new Reader(message, 19, message.length);
  const withdrawn = prefixes(body.part(body.number(2)), 0, session.hasPathIds);
  const attributes = readAttributes(body.part(body.number(2)), session);
  const nlri = prefixes(body, 0, session.hasPathIds);
  const { reach, unreach } = attributes;
  if (reach !== undefined && nlri.length > 0) throw new Error("NLRI beside MP_REACH_NLRI");
  const update: NaiveUpdate = {
    withdrawn: [...withdrawn, ...(unreach?.prefixes ?? [])],
    announced: [...nlri, ...(reach?.prefixes ?? [])],
    attributes: { ...attributes.draft, ...(reach === undefined ? {} : { nextHop: reach.nextHop }) },
    endOfRib: undefined,
  };
  const all = [...update.withdrawn, ...update.announced];
  if (new Set(all).size !== all.length) throw new Error(`a prefix twice in one message: ${all.join(", ")}`);
  if (update.announced.length > 0) checkAnnouncement(attributes.draft, reach !== undefined, session);
  else if (attributes.codes.some((code) => code !== 15)) throw new Error("attributes without a prefix");
  if (all.length > 0) return update;
  return { ...update, endOfRib: unreach?.family ?? 0 };
}

function prefixes(from: Reader, family: Family, hasPathIds: boolean): string[] {
  const all: string[] = [];
  while (!from.isDone) {
    const pathId = hasPathIds ? ` ${from.number(4)}` : "";
    const length = from.number(1);
    const bytes = new Uint8Array(family === 0 ? 4 : 16);
    if (length > bytes.length * 8) throw new Error(`a prefix of ${length} bits`);
    bytes.set(from.take(Math.ceil(length / 8)));
    for (let bit = length; bit < bytes.length * 8; bit++) {
      if ((bytes[bit >> 3] & (0x80 >> (bit & 7))) !== 0) throw new Error("bits behind a prefix");
    }
    all.push(`${formatPrefix({ family, bytes, length })}${pathId}`);
  }
  return all;
}

interface ReadAttributes {
  readonly draft: PathAttributesDraft;
  /** In the order of the message. */
  readonly codes: readonly number[];
  readonly reach: { readonly nextHop: Uint8Array; readonly prefixes: readonly string[] } | undefined;
  readonly unreach: { readonly family: Family; readonly prefixes: readonly string[] } | undefined;
}

/** Optional and Transitive bits by code (RFC 4271 §5, RFC 4760 §3, RFC 6793 §4, RFC 8092, RFC 9234). */
const CATEGORIES: Readonly<Record<number, number>> = {
  ...{ 1: 0x40, 2: 0x40, 3: 0x40, 4: 0x80, 5: 0x40, 6: 0x40, 7: 0xc0, 8: 0xc0, 9: 0x80, 10: 0x80 },
  ...{ 14: 0x80, 15: 0x80, 16: 0xc0, 17: 0xc0, 18: 0xc0, 25: 0xc0, 32: 0xc0, 35: 0xc0 },
};

function readAttributes(from: Reader, session: NaiveSession): ReadAttributes {
  const draft: PathAttributesDraft = {};
  const codes: number[] = [];
  let reach: ReadAttributes["reach"];
  let unreach: ReadAttributes["unreach"];
  while (!from.isDone) {
    const flags = from.number(1);
    const code = from.number(1);
    const value = from.part(from.number((flags & 0x10) === 0 ? 1 : 2));
    if (code in CATEGORIES && (flags & 0xc0) !== CATEGORIES[code])
      throw new Error(`flags ${flags} of attribute ${code}`);
    if ((flags & 0x0f) !== 0) throw new Error(`unused flags of attribute ${code}`);
    codes.push(code);
    if (code === 14) reach = readReach(value, session.hasPathIds);
    else if (code === 15) unreach = { family: familyOf(value), prefixes: [] };
    else readValue(flags, code, value, draft, session.fourOctetAs ? 4 : 2);
    if (code === 15 && unreach !== undefined) {
      unreach = { ...unreach, prefixes: prefixes(value, unreach.family, session.hasPathIds) };
    }
    if (!value.isDone) throw new Error(`attribute ${code} is too long`);
  }
  checkOrder(codes);
  return { draft, codes, reach, unreach };
}

/** RFC 4271 §5: once each, in ascending order; RFC 7606 §5.1: MP_REACH_NLRI and MP_UNREACH_NLRI come first. */
function checkOrder(codes: readonly number[]): void {
  const order = codes.map((code) => (code === 14 || code === 15 ? code - 100 : code));
  if (order.some((code, i) => i > 0 && code <= order[i - 1])) throw new Error(`attributes ${codes.join(" ")}`);
}

function familyOf(from: Reader): Family {
  const afi = from.number(2);
  const safi = from.number(1);
  if ((afi !== 1 && afi !== 2) || safi !== 1) throw new Error(`AFI ${afi}, SAFI ${safi}`);
  return afi === 1 ? 0 : 1;
}

function readReach(value: Reader, hasPathIds: boolean): NonNullable<ReadAttributes["reach"]> {
  const family = familyOf(value);
  const nextHop = value.take(value.number(1));
  if (value.number(1) !== 0) throw new Error("the reserved octet of MP_REACH_NLRI is not 0");
  if (nextHop.length !== 16 && !(family === 0 && nextHop.length === 4)) {
    throw new Error(`MP_REACH_NLRI with a next hop of ${nextHop.length} octets`);
  }
  const reachable = prefixes(value, family, hasPathIds);
  if (reachable.length === 0) throw new Error("MP_REACH_NLRI without a prefix");
  return { nextHop, prefixes: reachable };
}

function readValue(flags: number, code: number, value: Reader, draft: PathAttributesDraft, asLength: number): void {
  const pairs = (): [number, number][] => {
    const all = value.numbers(4);
    return all.flatMap((word, i) => (i % 2 === 0 ? [[word, all[i + 1]] as [number, number]] : []));
  };
  const triples = (): [number, number, number][] => {
    const all = value.numbers(4);
    return all.flatMap((word, i) => (i % 3 === 0 ? [[word, all[i + 1], all[i + 2]] as [number, number, number]] : []));
  };
  if (value.isDone && code !== 2 && code !== 6) throw new Error(`attribute ${code} is empty`);
  if (code === 1) draft.origin = value.number(1);
  else if (code === 2) draft.asPath = readPath(value, asLength);
  else if (code === 3) draft.nextHop = value.take(4);
  else if (code === 4) draft.med = value.number(4);
  else if (code === 5) draft.localPref = value.number(4);
  else if (code === 6) draft.atomicAggregate = true;
  else if (code === 7) draft.aggregator = { as: value.number(asLength), id: value.number(4) };
  else if (code === 8) draft.communities = value.numbers(4);
  else if (code === 9) draft.originatorId = value.number(4);
  else if (code === 10) draft.clusterList = value.numbers(4);
  else if (code === 16) draft.extendedCommunities = pairs();
  else if (code === 17) draft.as4Path = readPath(value, 4);
  else if (code === 18) draft.as4Aggregator = { as: value.number(4), id: value.number(4) };
  else if (code === 32) draft.largeCommunities = triples();
  else if (code === 35) draft.onlyToCustomer = value.number(4);
  else {
    const bytes = value.take(value.end - value.at);
    draft.unknown = [...(draft.unknown ?? []), { flags: flags & ~0x10, code, value: bytes }];
  }
}

function readPath(value: Reader, asLength: number): AsPathSegment[] {
  const segments: AsPathSegment[] = [];
  while (!value.isDone) {
    const type = value.number(1);
    const asNumbers = value.part(value.number(1) * asLength).numbers(asLength);
    if ((type !== 1 && type !== 2) || asNumbers.length === 0) throw new Error(`a segment of type ${type}`);
    if (asNumbers.includes(0)) throw new Error("AS 0 in a path (RFC 7607)");
    segments.push({ type, asNumbers });
  }
  return segments;
}

/** What belongs into an announcement (RFC 4271 §5), and what only into that of an internal peer. */
function checkAnnouncement(draft: PathAttributesDraft, isMultiprotocol: boolean, session: NaiveSession): void {
  const demand = (is: boolean, what: string): void => {
    if (!is) throw new Error(`an announcement ${what}`);
  };
  demand(draft.origin !== undefined && draft.origin <= 2, "without a sound ORIGIN");
  demand(draft.asPath !== undefined, "without AS_PATH");
  demand((draft.nextHop === undefined) === isMultiprotocol, "with NEXT_HOP in the wrong place");
  demand((draft.localPref === undefined) === session.isExternal, "with or without LOCAL_PREF");
  demand(!session.isExternal || draft.originatorId === undefined, "with ORIGINATOR_ID to an external peer");
  demand(!session.isExternal || draft.clusterList === undefined, "with CLUSTER_LIST to an external peer");
  demand(!session.isExternal || draft.asPath?.[0]?.type === 2, "without our AS in front");
  demand(!session.fourOctetAs || draft.as4Path === undefined, "with AS4_PATH to a new speaker");
  demand(!session.fourOctetAs || draft.as4Aggregator === undefined, "with AS4_AGGREGATOR to a new speaker");
}
