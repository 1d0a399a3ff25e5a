// What a path attribute is to us: its specification (one per file NN-name.ts), its object form for people, and the
// facts that judging takes from it for the RIB. RFC 4271 §5.
//
// Normal form, which the RIB stores: type-length-values in ascending order of type; AS numbers of four octets, AS4_PATH
// and AS4_AGGREGATOR merged in (RFC 6793 §4.2.3); no MP_REACH_NLRI or MP_UNREACH_NLRI; the next hop always as
// NEXT_HOP (flags 0x40) of 4, 16 or 32 octets, wherever it came from; the Extended Length bit only where it is needed.

import type { ByteWriter, Bytes } from "../../base/bytes.js";
import { AttributeSection } from "./section.js";

export interface AsPathSegment {
  /** One of SEGMENT: 1 AS_SET, 2 AS_SEQUENCE (RFC 4271 §4.3). */
  readonly type: number;
  readonly asNumbers: readonly number[];
}

export type AsPath = readonly AsPathSegment[];

/** RFC 8092: global administrator and two data words. */
export type LargeCommunity = readonly [number, number, number];

/** RFC 4360: the eight octets as two unsigned words. */
export type ExtendedCommunity = readonly [number, number];

export interface Aggregator {
  readonly as: number;
  /** BGP Identifier or address of the aggregating speaker, unsigned. */
  readonly id: number;
}

/** An attribute we do not know, or one whose value makes no sense. */
export interface UnknownAttribute {
  readonly flags: number;
  readonly code: number;
  readonly value: Bytes;
}

/** Object form. Absent keys are absent attributes; numbers are unsigned. */
export interface PathAttributes {
  readonly origin?: number;
  readonly asPath?: AsPath;
  /** 4, 16 or 32 octets (global and link-local, RFC 2545). */
  readonly nextHop?: Bytes;
  readonly med?: number;
  readonly localPref?: number;
  readonly atomicAggregate?: boolean;
  readonly aggregator?: Aggregator;
  readonly communities?: readonly number[];
  readonly originatorId?: number;
  readonly clusterList?: readonly number[];
  readonly extendedCommunities?: readonly ExtendedCommunity[];
  /** Only where a speaker of two-octet AS numbers sent them; not in normal form. */
  readonly as4Path?: AsPath;
  readonly as4Aggregator?: Aggregator;
  /** RFC 5701: 20 octets each. */
  readonly ipv6ExtendedCommunities?: readonly Bytes[];
  readonly largeCommunities?: readonly LargeCommunity[];
  /** RFC 9234. */
  readonly onlyToCustomer?: number;
  /** Ascending by code. */
  readonly unknown?: readonly UnknownAttribute[];
}

/** Object form under construction. */
export type PathAttributesDraft = { -readonly [Key in keyof PathAttributes]: PathAttributes[Key] };

/** Something wrong with an attribute, and what RFC 7606 §2 wants done about it. */
export interface Fault {
  readonly fate: "discard" | "withdraw";
  /** `COMMUNITIES length is not a non-zero multiple of 4 (RFC 7606 §7.8): treated as withdrawn`. */
  readonly text: string;
}

/** "Attribute discard": the message is processed as if the attribute were not there. */
export function discard(what: string, source: string): Fault {
  return { fate: "discard", text: `${what} (${source}): attribute discarded` };
}

/** "Treat-as-withdraw": the message is processed as if its prefixes had been withdrawn. */
export function withdraw(what: string, source: string): Fault {
  return { fate: "withdraw", text: `${what} (${source}): treated as withdrawn` };
}

/** Octets of an AS number in AS_PATH and AGGREGATOR as they stand on the wire. */
export type AsLength = 2 | 4;

/** All there is to know about an attribute. Offsets and lengths are those of the value. */
export interface AttributeSpec {
  readonly code: number;
  /** The RFC's name. */
  readonly name: string;
  /** The Optional and Transitive bits it must have. */
  readonly flags: number;
  /** Given: what becomes of it if an external neighbour sends it, well-formed or not (RFC 7606 §7.5, §7.9, §7.10). */
  readonly fromExternal?: Fault;
  /** What is wrong with the value, or undefined. One of few constant faults: nothing is allocated. */
  readonly check: (bytes: Bytes, at: number, length: number, asLength: AsLength) => Fault | undefined;
  /** Takes what the decision process needs from a checked value in normal form. */
  readonly learn?: (bytes: Bytes, at: number, length: number, facts: AttributeFacts) => void;
  /** Copies a checked value to `target` at `to`, leaving out what the normal form does not have; gives its length. */
  readonly normalize?: (bytes: Bytes, at: number, length: number, target: Bytes, to: number) => number;
  /** Adds a checked value to the object form. */
  readonly decode: (bytes: Bytes, at: number, length: number, asLength: AsLength, draft: PathAttributesDraft) => void;
  /** Appends the value; false (and nothing appended) if the object has none. */
  readonly encode: (attributes: PathAttributes, asLength: AsLength, out: ByteWriter) => boolean;
  /** A checked value in normal form, for people. */
  readonly text: (bytes: Bytes, at: number, length: number) => string;
}

export const FATE_ACCEPT = 0;
export const FATE_TREAT_AS_WITHDRAW = 1;
export type Fate = typeof FATE_ACCEPT | typeof FATE_TREAT_AS_WITHDRAW;

/** What judging found. Reused: every field is valid until the next judgeAttributes with it. */
export class AttributeFacts {
  /** 0 IGP, 1 EGP, 2 INCOMPLETE. */
  origin = 0;
  /** Unsigned; -1: absent. */
  localPref = -1;
  hasMed = false;
  /** Unsigned. */
  med = 0;
  /** RFC 4271 §9.1.2.2 a): an AS_SET counts as one. */
  asPathLength = 0;
  /** First AS of the path, unsigned; 0 if the path is empty or begins with an AS_SET. */
  neighborAs = 0;
  hasOriginatorId = false;
  /** Unsigned. */
  originatorId = 0;
  clusterCount = 0;
  /** 4, 16, 32, or 0: absent. */
  nextHopLength = 0;
  /** Offset of the next hop from the beginning of the normal form. */
  nextHopAt = 0;
  fate: Fate = FATE_ACCEPT;
  /** An attribute's own error, not only a missing one, asked for treat-as-withdraw. */
  hasMalformed = false;
  /** One text per fault, also for discarded attributes. The array is reused. */
  readonly reasons: string[] = [];
  /** Scratch of judging: where the attributes lie in the raw section. */
  readonly section = new AttributeSection();

  reset(): void {
    this.origin = 0;
    this.localPref = -1;
    this.hasMed = false;
    this.med = 0;
    this.asPathLength = 0;
    this.neighborAs = 0;
    this.hasOriginatorId = false;
    this.originatorId = 0;
    this.clusterCount = 0;
    this.nextHopLength = 0;
    this.nextHopAt = 0;
    this.fate = FATE_ACCEPT;
    this.hasMalformed = false;
    if (this.reasons.length > 0) this.reasons.length = 0;
  }

  /** Notes a fault. RFC 7606 §3(h): the strongest approach wins. */
  add(fault: Fault): void {
    this.reasons.push(fault.text);
    if (fault.fate === "withdraw") this.fate = FATE_TREAT_AS_WITHDRAW;
  }
}
