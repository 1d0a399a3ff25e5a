// What a peer of the model's world sends for a sketch: attributes that only it could send, marked as its own.

import { FAMILIES } from "../../src/base/family.js";
import type { PathAttributes } from "../../src/packet/attributes/attribute.js";
import { RELATION } from "../../src/rib/sources.js";
import type { Sketch } from "./model-commands.js";
import { type ModelPeer, NEXT_HOPS } from "./model-universe.js";

/** More than any but an extended message (RFC 8654) holds. */
const HUGE = Array.from({ length: 1100 }, (_, i) => 0x00070000 + i);
const AS_TRANS = 23456;

/** Attributes of the UPDATE, without next hop. `tag`: community that only this peer uses. */
export function attributesFor(peer: ModelPeer, tag: number, sketch: Sketch): PathAttributes {
  const { origin, med, localPref, originatorId, clusterList, onlyToCustomer, extras } = sketch;
  const first = peer.relation === RELATION.ebgp && !sketch.hidesAs ? [peer.as] : [];
  const sequence = [...first, ...sketch.tail];
  const path = [
    ...(sequence.length === 0 ? [] : [{ type: 2, asNumbers: sequence }]),
    ...(sketch.set.length === 0 ? [] : [{ type: 1, asNumbers: sketch.set }]),
  ];
  const isHuge = extras === 4 && peer.maxMessageLength > 4096;
  const attributes: PathAttributes = {
    origin,
    asPath: path,
    communities: [...sketch.communities, tag, ...(isHuge ? HUGE : [])],
    ...(med === undefined ? {} : { med }),
    ...(localPref === undefined ? {} : { localPref }),
    ...(originatorId === undefined ? {} : { originatorId }),
    ...(clusterList === undefined ? {} : { clusterList }),
    ...(onlyToCustomer === undefined ? {} : { onlyToCustomer }),
    ...(extras === 1 ? { aggregator: { as: 400001, id: 5 }, atomicAggregate: true } : {}),
    ...(extras === 2 ? { unknown: [{ flags: 0xe0, code: 99, value: Uint8Array.of(1, 2, 3) }] } : {}),
    ...(extras === 3
      ? { largeCommunities: [[1, 2, 3] as const], extendedCommunities: [[2, 3] as const, [0x40000002, 3] as const] }
      : {}),
  };
  return peer.fourOctetAs ? attributes : asOldSpeaker(attributes);
}

/** The next hops of the UPDATE, by family. */
export function nextHopsFor(sketch: Sketch): readonly Uint8Array[] {
  return FAMILIES.map(({ family }) => NEXT_HOPS[family][sketch.nextHops[family]]);
}

/** What a receiver makes of them (RFC 6793 §4.2.3). */
export function merged(attributes: PathAttributes): PathAttributes {
  const { as4Path, as4Aggregator, ...rest } = attributes;
  return {
    ...rest,
    ...(as4Path === undefined ? {} : { asPath: as4Path }),
    ...(as4Aggregator === undefined ? {} : { aggregator: as4Aggregator }),
  };
}

/** RFC 6793 §4.2.2, as a speaker of two octets passes on what wide ones said. */
function asOldSpeaker(attributes: PathAttributes): PathAttributes {
  const { asPath = [], aggregator } = attributes;
  const isWide = asPath.some(({ asNumbers }) => asNumbers.some((as) => as > 0xffff));
  return {
    ...attributes,
    ...(isWide ? { as4Path: asPath } : {}),
    ...(aggregator === undefined ? {} : { aggregator: { ...aggregator, as: AS_TRANS }, as4Aggregator: aggregator }),
  };
}
