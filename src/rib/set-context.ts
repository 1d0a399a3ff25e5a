// What an attribute set means beside its octets, and who judges it: part of its key, or of every judgement.

import { LONGEST_BLOB } from "../base/byte-arena.js";

/** Who we are: what makes a received route a loop. */
export interface Identity {
  readonly routerId: number;
  readonly clusterId: number;
}

/** Octets of the longest set that the table can hold. */
export const LONGEST_SET = LONGEST_BLOB;

/** What a set's octets mean beside the octets: bits of the `context` column. */
export const CONTEXT = {
  /** Low 16 bits: weight. */
  weightMask: 0xffff,
  /** The session speaks 2-octet AS numbers (RFC 6793). */
  oldSpeaker: 1 << 16,
  /** Made here (local route or edited by a filter): already in normal form. */
  normal: 1 << 17,
  /** A filter set MED: it goes out on eBGP too (RFC 4271 §5.1.4). */
  medIsOurs: 1 << 18,
  /** A filter set NEXT_HOP: it is sent as it is. */
  nextHopIsOurs: 1 << 19,
  /** 11 bits from here on: the generation of the source, added by the table. */
  generationShift: 20,
  /** BLACKHOLE is honoured: packets are dropped, whatever the next hop (RFC 7999 §3.3). */
  dropsPackets: 1 << 31,
} as const;
