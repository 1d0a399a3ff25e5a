// UPDATE bodies for tests of the RIB, as a peer would send them.

import { HEADER_LENGTH } from "../../src/packet/header.js";
import { encodeMessage, type UpdateMessage } from "../../src/packet/message.js";
import type { PathAttributes } from "../../src/packet/attributes/attribute.js";
import type { NlriEntry } from "../../src/packet/nlri.js";
import { type IpPrefix, parseAddress, parsePrefix } from "../../src/base/ip.js";
import type { Bytes } from "../../src/base/bytes.js";
import type { Rib } from "../../src/rib/rib.js";
import type { Source } from "../../src/rib/sources.js";
import type { IngestContext } from "../../src/rib/ingest.js";

export const PLAIN_SESSION: IngestContext = { addPathReceive: [false, false], fourOctetAs: true, families: [0, 1] };

/** The prefix of a text that is one. */
export function prefix(text: string): IpPrefix {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new RangeError(`not a prefix: ${text}`);
  return parsed;
}

/** Octets of an address. */
export function address(text: string): Bytes {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new RangeError(`not an address: ${text}`);
  return parsed.bytes;
}

/** IGP, no path, one next hop; with `changes`. */
export function attributesOf(changes: PathAttributes = {}): PathAttributes {
  return { origin: 0, asPath: [], nextHop: address("192.0.2.1"), ...changes };
}

/** AS_PATH of one sequence. */
export function sequence(...asNumbers: number[]): NonNullable<PathAttributes["asPath"]> {
  return asNumbers.length === 0 ? [] : [{ type: 2, asNumbers }];
}

export interface UpdateParts {
  readonly announced?: readonly NlriEntry[];
  readonly withdrawn?: readonly NlriEntry[];
  readonly attributes?: PathAttributes;
  /** Next hop of the IPv6 prefixes; IPv4 prefixes go into MP_REACH_NLRI too if `wide`. */
  readonly nextHop6?: Bytes;
  readonly wide?: boolean;
}

/** One UPDATE of both families: IPv4 in the fields of RFC 4271, IPv6 in MP_REACH_NLRI and MP_UNREACH_NLRI. */
export function updateMessage(parts: UpdateParts): UpdateMessage {
  const { announced = [], withdrawn = [], attributes = {}, nextHop6 = address("2001:db8::1"), wide = false } = parts;
  const of = (entries: readonly NlriEntry[], family: number): readonly NlriEntry[] =>
    entries.filter((entry) => entry.prefix.family === family);
  const reach = wide ? announced : of(announced, 1);
  const mpReach = { afi: wide ? 1 : 2, safi: 1, nextHop: nextHop6, prefixes: reach };
  const mpUnreach = { afi: 2, safi: 1, prefixes: of(withdrawn, 1) };
  const nlri = wide ? [] : of(announced, 0);
  const { nextHop, ...others } = attributes;
  return {
    type: "UPDATE",
    withdrawn: of(withdrawn, 0),
    attributes: nlri.length > 0 && nextHop !== undefined ? attributes : announced.length > 0 ? others : {},
    nlri,
    ...(reach.length > 0 ? { mpReach } : {}),
    ...(mpUnreach.prefixes.length > 0 ? { mpUnreach } : {}),
  };
}

/** Feeds the RIB what the source has sent. */
export function receive(rib: Rib, source: Source, parts: UpdateParts, context = PLAIN_SESSION): void {
  const bytes = encodeMessage(updateMessage(parts), { ...context, extendedMessage: true });
  rib.receive(source, bytes, HEADER_LENGTH, bytes.length, context);
}

/** Announces plain prefixes, given as texts. */
export function announce(rib: Rib, source: Source, prefixes: readonly string[], changes: PathAttributes = {}): void {
  receive(rib, source, {
    announced: prefixes.map((text) => ({ prefix: prefix(text) })),
    attributes: attributesOf(changes),
  });
}

export function withdraw(rib: Rib, source: Source, prefixes: readonly string[]): void {
  receive(rib, source, { withdrawn: prefixes.map((text) => ({ prefix: prefix(text) })) });
}
