// RFC 7606 §3 and §7 row by row, with what RFC 4271, 5065, 6793, 7607, 8092 and 9234 add: raw attributes → what becomes
// of them. Read by judge.test.ts.

import type { JudgeContext } from "../../../src/packet/attributes/index.js";

export const ORIGIN = "40 01 01 00";
export const AS_PATH = "40 02 06 02 01 0000fde9";
export const NEXT_HOP = "40 03 04 c0000201";
export const BASE = `${ORIGIN} ${AS_PATH} ${NEXT_HOP}`;

export const IBGP: JudgeContext = { fourOctetAs: true, ebgp: false };
export const EBGP: JudgeContext = { fourOctetAs: true, ebgp: true };

export interface Row {
  readonly name: string;
  /** Raw attributes. */
  readonly given: string;
  /** Default: both kinds of neighbour. */
  readonly from?: JudgeContext;
  readonly fate: "accept" | "withdraw";
  /** Where the attribute set is accepted: its normal form; default: BASE alone. */
  readonly normal?: string;
  /** Parts of the reasons, in order; default: none. */
  readonly reasons?: readonly string[];
}

export const ROWS: readonly Row[] = [
  { name: "sound mandatory attributes are accepted", given: BASE, fate: "accept" },
  { name: "the order of attributes does not matter", given: `${NEXT_HOP} ${AS_PATH} ${ORIGIN}`, fate: "accept" },
  {
    name: "a superfluous Extended Length bit is taken away",
    given: `50 01 0001 00 ${AS_PATH} ${NEXT_HOP}`,
    fate: "accept",
  },
  // §3(c)
  {
    name: "§3(c) ORIGIN with the Optional bit",
    given: `c0 01 01 00 ${AS_PATH} ${NEXT_HOP}`,
    fate: "withdraw",
    reasons: ["ORIGIN has conflicting flags"],
  },
  {
    name: "§3(c) MULTI_EXIT_DISC with the Transitive bit",
    given: `${BASE} c0 04 04 00000001`,
    fate: "withdraw",
    reasons: ["MULTI_EXIT_DISC has conflicting flags"],
  },
  {
    name: "§3(c) COMMUNITIES without the Transitive bit",
    given: `${BASE} 80 08 04 fde90001`,
    fate: "withdraw",
    reasons: ["COMMUNITIES has conflicting flags"],
  },
  {
    name: "§3(c) AGGREGATOR without the Optional bit",
    given: `${BASE} 40 07 08 0000fde9 c0000201`,
    fate: "withdraw",
    reasons: ["AGGREGATOR has conflicting flags"],
  },
  {
    name: "the Partial bit and the low four bits are no conflict",
    given: `6f 01 01 00 ${AS_PATH} ${NEXT_HOP}`,
    fate: "accept",
  },
  {
    name: "a Partial bit on COMMUNITIES stays",
    given: `${BASE} e0 08 04 fde90001`,
    fate: "accept",
    normal: `${BASE} e0 08 04 fde90001`,
  },
  {
    name: "a Partial bit on MULTI_EXIT_DISC goes",
    given: `${BASE} a0 04 04 00000001`,
    fate: "accept",
    normal: `${BASE} 80 04 04 00000001`,
  },
  // §3(d)
  { name: "§3(d) without ORIGIN", given: `${AS_PATH} ${NEXT_HOP}`, fate: "withdraw", reasons: ["ORIGIN is missing"] },
  { name: "§3(d) without AS_PATH", given: `${ORIGIN} ${NEXT_HOP}`, fate: "withdraw", reasons: ["AS_PATH is missing"] },
  { name: "§3(d) without NEXT_HOP", given: `${ORIGIN} ${AS_PATH}`, fate: "withdraw", reasons: ["NEXT_HOP is missing"] },
  {
    name: "§3(d) without any attribute",
    given: "",
    fate: "withdraw",
    reasons: ["ORIGIN is missing", "AS_PATH is missing", "NEXT_HOP is missing"],
  },
  { name: "LOCAL_PREF is not missed from an internal neighbour", given: BASE, from: IBGP, fate: "accept" },
  // §3(g)
  {
    name: "§3(g) of two ORIGINs the first counts",
    given: `${BASE} 40 01 01 02`,
    fate: "accept",
    reasons: ["ORIGIN more than once"],
  },
  {
    name: "§3(g) a malformed second COMMUNITIES does no harm",
    given: `${BASE} c0 08 04 fde90001 c0 08 03 000000`,
    fate: "accept",
    normal: `${BASE} c0 08 04 fde90001`,
    reasons: ["COMMUNITIES more than once"],
  },
  {
    name: "§3(g) an unrecognized attribute counts once too",
    given: `${BASE} c0 63 01 aa c0 63 01 bb`,
    fate: "accept",
    normal: `${BASE} e0 63 01 aa`,
    reasons: ["attribute 99 more than once"],
  },
  // §3(h)
  {
    name: "§3(h) treat-as-withdraw beats attribute discard",
    given: `${BASE} 40 06 01 00 c0 08 00`,
    fate: "withdraw",
    reasons: ["ATOMIC_AGGREGATE length", "COMMUNITIES length"],
  },
  // §4
  {
    name: "§4 an attribute that runs over the section",
    given: `${BASE} c0 08 08 fde90001`,
    fate: "withdraw",
    reasons: ["runs over"],
  },
  { name: "§4 one octet too much", given: `${BASE} c0`, fate: "withdraw", reasons: ["runs over"] },
  {
    name: "§4 an extended header that is cut off",
    given: `${BASE} d0 08 00`,
    fate: "withdraw",
    reasons: ["runs over"],
  },
  // §7.1
  {
    name: "§7.1 ORIGIN of length 0",
    given: `40 01 00 ${AS_PATH} ${NEXT_HOP}`,
    fate: "withdraw",
    reasons: ["ORIGIN length"],
  },
  {
    name: "§7.1 ORIGIN of length 2",
    given: `40 01 02 0000 ${AS_PATH} ${NEXT_HOP}`,
    fate: "withdraw",
    reasons: ["ORIGIN length"],
  },
  {
    name: "§7.1 ORIGIN 3",
    given: `40 01 01 03 ${AS_PATH} ${NEXT_HOP}`,
    fate: "withdraw",
    reasons: ["ORIGIN has an undefined value"],
  },
  // §7.2
  {
    name: "§7.2 AS_PATH may be empty",
    given: `${ORIGIN} 40 02 00 ${NEXT_HOP}`,
    fate: "accept",
    normal: `${ORIGIN} 40 02 00 ${NEXT_HOP}`,
  },
  {
    name: "§7.2 AS_PATH with segment type 0",
    given: `${ORIGIN} 40 02 06 00 01 0000fde9 ${NEXT_HOP}`,
    fate: "withdraw",
    reasons: ["unrecognized segment type"],
  },
  {
    name: "§7.2 AS_PATH with segment type 5",
    given: `${ORIGIN} 40 02 06 05 01 0000fde9 ${NEXT_HOP}`,
    fate: "withdraw",
    reasons: ["unrecognized segment type"],
  },
  {
    name: "§7.2 AS_PATH whose segment overruns",
    given: `${ORIGIN} 40 02 06 02 02 0000fde9 ${NEXT_HOP}`,
    fate: "withdraw",
    reasons: ["runs over"],
  },
  {
    name: "§7.2 AS_PATH with a single octet left",
    given: `${ORIGIN} 40 02 07 02 01 0000fde9 02 ${NEXT_HOP}`,
    fate: "withdraw",
    reasons: ["single octet"],
  },
  {
    name: "§7.2 AS_PATH with an empty segment",
    given: `${ORIGIN} 40 02 08 02 01 0000fde9 0100 ${NEXT_HOP}`,
    fate: "withdraw",
    reasons: ["empty segment"],
  },
  {
    name: "AS_CONFED_SEQUENCE in AS_PATH",
    given: `${ORIGIN} 40 02 06 03 01 0000fde9 ${NEXT_HOP}`,
    fate: "withdraw",
    reasons: ["confederation segment"],
  },
  {
    name: "AS_CONFED_SET in AS_PATH",
    given: `${ORIGIN} 40 02 06 04 01 0000fde9 ${NEXT_HOP}`,
    fate: "withdraw",
    reasons: ["confederation segment"],
  },
  {
    name: "RFC 7607 §2: AS 0 in AS_PATH",
    given: `${ORIGIN} 40 02 0a 02 02 0000fde9 00000000 ${NEXT_HOP}`,
    fate: "withdraw",
    reasons: ["AS 0"],
  },
  {
    name: "AS 65536 has zero in its low half only and is no AS 0",
    given: `${ORIGIN} 40 02 06 02 01 00010000 ${NEXT_HOP}`,
    fate: "accept",
    normal: `${ORIGIN} 40 02 06 02 01 00010000 ${NEXT_HOP}`,
  },
  // §7.3
  {
    name: "§7.3 NEXT_HOP of length 0",
    given: `${ORIGIN} ${AS_PATH} 40 03 00`,
    fate: "withdraw",
    reasons: ["NEXT_HOP length"],
  },
  {
    name: "§7.3 NEXT_HOP of length 5",
    given: `${ORIGIN} ${AS_PATH} 40 03 05 c000020100`,
    fate: "withdraw",
    reasons: ["NEXT_HOP length"],
  },
  {
    name: "NEXT_HOP 0.0.0.0 is no host",
    given: `${ORIGIN} ${AS_PATH} 40 03 04 00000000`,
    fate: "withdraw",
    reasons: ["no host address"],
  },
  {
    name: "NEXT_HOP 224.0.0.1 is no host",
    given: `${ORIGIN} ${AS_PATH} 40 03 04 e0000001`,
    fate: "withdraw",
    reasons: ["no host address"],
  },
  {
    name: "NEXT_HOP 255.255.255.255 is no host",
    given: `${ORIGIN} ${AS_PATH} 40 03 04 ffffffff`,
    fate: "withdraw",
    reasons: ["no host address"],
  },
  {
    name: "NEXT_HOP ff02::1 is no host",
    given: `${ORIGIN} ${AS_PATH} 40 03 10 ff020000000000000000000000000001`,
    fate: "withdraw",
    reasons: ["no host address"],
  },
  {
    name: "NEXT_HOP :: is no host",
    given: `${ORIGIN} ${AS_PATH} 40 03 10 ${"00".repeat(16)}`,
    fate: "withdraw",
    reasons: ["no host address"],
  },
  {
    name: "NEXT_HOP :: with a link-local address behind it is reachable",
    given: `${ORIGIN} ${AS_PATH} 40 03 20 ${"00".repeat(16)} fe80000000000000 0000000000000001`,
    fate: "accept",
    normal: `${ORIGIN} ${AS_PATH} 40 03 20 ${"00".repeat(16)} fe80000000000000 0000000000000001`,
  },
  // §7.4
  {
    name: "§7.4 MULTI_EXIT_DISC of length 4",
    given: `${BASE} 80 04 04 00000007`,
    fate: "accept",
    normal: `${BASE} 80 04 04 00000007`,
  },
  {
    name: "§7.4 MULTI_EXIT_DISC of length 3",
    given: `${BASE} 80 04 03 000000`,
    fate: "withdraw",
    reasons: ["MULTI_EXIT_DISC length"],
  },
  // §7.5
  {
    name: "§7.5 LOCAL_PREF from an internal neighbour",
    given: `${BASE} 40 05 04 000000c8`,
    from: IBGP,
    fate: "accept",
    normal: `${BASE} 40 05 04 000000c8`,
  },
  {
    name: "§7.5 LOCAL_PREF of length 3 from an internal neighbour",
    given: `${BASE} 40 05 03 0000c8`,
    from: IBGP,
    fate: "withdraw",
    reasons: ["LOCAL_PREF length"],
  },
  {
    name: "§7.5 LOCAL_PREF from an external neighbour is discarded",
    given: `${BASE} 40 05 04 000000c8`,
    from: EBGP,
    fate: "accept",
    reasons: ["LOCAL_PREF from an external neighbor"],
  },
  {
    name: "§7.5 LOCAL_PREF of length 3 from an external neighbour is discarded",
    given: `${BASE} 40 05 03 0000c8`,
    from: EBGP,
    fate: "accept",
    reasons: ["LOCAL_PREF from an external neighbor"],
  },
  // §7.6
  { name: "§7.6 ATOMIC_AGGREGATE of length 0", given: `${BASE} 40 06 00`, fate: "accept", normal: `${BASE} 40 06 00` },
  {
    name: "§7.6 ATOMIC_AGGREGATE of length 1 is discarded",
    given: `${BASE} 40 06 01 00`,
    fate: "accept",
    reasons: ["ATOMIC_AGGREGATE length"],
  },
  // §7.7
  {
    name: "§7.7 AGGREGATOR of length 8",
    given: `${BASE} c0 07 08 0000fde9 c0000201`,
    fate: "accept",
    normal: `${BASE} c0 07 08 0000fde9 c0000201`,
  },
  {
    name: "§7.7 AGGREGATOR of length 6 between speakers of four octets is discarded",
    given: `${BASE} c0 07 06 fde9 c0000201`,
    fate: "accept",
    reasons: ["AGGREGATOR length"],
  },
  {
    name: "RFC 7607 §2: AGGREGATOR of AS 0 is discarded",
    given: `${BASE} c0 07 08 00000000 c0000201`,
    fate: "accept",
    reasons: ["AS 0"],
  },
  // §7.8
  {
    name: "§7.8 COMMUNITIES of length 8",
    given: `${BASE} c0 08 08 fde90001 fde90002`,
    fate: "accept",
    normal: `${BASE} c0 08 08 fde90001 fde90002`,
  },
  {
    name: "§7.8 COMMUNITIES of length 0",
    given: `${BASE} c0 08 00`,
    fate: "withdraw",
    reasons: ["COMMUNITIES length"],
  },
  {
    name: "§7.8 COMMUNITIES of length 6",
    given: `${BASE} c0 08 06 fde90001 fde9`,
    fate: "withdraw",
    reasons: ["COMMUNITIES length"],
  },
  // §7.9
  {
    name: "§7.9 ORIGINATOR_ID from an internal neighbour",
    given: `${BASE} 80 09 04 0a000001`,
    from: IBGP,
    fate: "accept",
    normal: `${BASE} 80 09 04 0a000001`,
  },
  {
    name: "§7.9 ORIGINATOR_ID of length 5 from an internal neighbour",
    given: `${BASE} 80 09 05 0a00000100`,
    from: IBGP,
    fate: "withdraw",
    reasons: ["ORIGINATOR_ID length"],
  },
  {
    name: "§7.9 ORIGINATOR_ID from an external neighbour is discarded, whatever its length",
    given: `${BASE} 80 09 05 0a00000100`,
    from: EBGP,
    fate: "accept",
    reasons: ["ORIGINATOR_ID from an external neighbor"],
  },
  // §7.10
  {
    name: "§7.10 CLUSTER_LIST from an internal neighbour",
    given: `${BASE} 80 0a 08 0a000001 0a000002`,
    from: IBGP,
    fate: "accept",
    normal: `${BASE} 80 0a 08 0a000001 0a000002`,
  },
  {
    name: "§7.10 CLUSTER_LIST of length 0 from an internal neighbour",
    given: `${BASE} 80 0a 00`,
    from: IBGP,
    fate: "withdraw",
    reasons: ["CLUSTER_LIST length"],
  },
  {
    name: "§7.10 CLUSTER_LIST of length 7 from an internal neighbour",
    given: `${BASE} 80 0a 07 0a000001 0a0000`,
    from: IBGP,
    fate: "withdraw",
    reasons: ["CLUSTER_LIST length"],
  },
  {
    name: "§7.10 CLUSTER_LIST from an external neighbour is discarded",
    given: `${BASE} 80 0a 04 0a000001`,
    from: EBGP,
    fate: "accept",
    reasons: ["CLUSTER_LIST from an external neighbor"],
  },
  // §7.14, §7.15, RFC 8092 §6, RFC 9234 §5
  {
    name: "§7.14 EXTENDED_COMMUNITIES of length 8, of a type nobody knows",
    given: `${BASE} c0 10 08 7f7f 000000000000`,
    fate: "accept",
    normal: `${BASE} c0 10 08 7f7f 000000000000`,
  },
  {
    name: "§7.14 EXTENDED_COMMUNITIES of length 0",
    given: `${BASE} c0 10 00`,
    fate: "withdraw",
    reasons: ["EXTENDED_COMMUNITIES length"],
  },
  {
    name: "§7.14 EXTENDED_COMMUNITIES of length 12",
    given: `${BASE} c0 10 0c ${"00".repeat(12)}`,
    fate: "withdraw",
    reasons: ["EXTENDED_COMMUNITIES length"],
  },
  {
    name: "§7.15 IPV6_EXTENDED_COMMUNITIES of length 16",
    given: `${BASE} c0 19 10 ${"00".repeat(16)}`,
    fate: "withdraw",
    reasons: ["IPV6_EXTENDED_COMMUNITIES length"],
  },
  {
    name: "RFC 8092 §6: LARGE_COMMUNITY of length 8",
    given: `${BASE} c0 20 08 ${"00".repeat(8)}`,
    fate: "withdraw",
    reasons: ["LARGE_COMMUNITY length"],
  },
  {
    name: "RFC 8092 §6: LARGE_COMMUNITY of length 0",
    given: `${BASE} c0 20 00`,
    fate: "withdraw",
    reasons: ["LARGE_COMMUNITY length"],
  },
  {
    name: "RFC 8092 §3: redundant large communities are removed silently",
    given: `${BASE} c0 20 30 ${"000000010000000200000003".repeat(2)} 000000010000000200000004 000000010000000200000003`,
    fate: "accept",
    normal: `${BASE} c0 20 18 000000010000000200000003 000000010000000200000004`,
  },
  { name: "RFC 9234 §5: OTC of length 3", given: `${BASE} c0 23 03 000001`, fate: "withdraw", reasons: ["OTC length"] },
  // RFC 4271 §5, §6.3
  {
    name: "an unrecognized transitive attribute is passed on with the Partial bit",
    given: `${BASE} c0 63 02 0102`,
    fate: "accept",
    normal: `${BASE} e0 63 02 0102`,
  },
  {
    name: "an unrecognized non-transitive attribute is ignored quietly",
    given: `${BASE} 80 63 02 0102`,
    fate: "accept",
  },
  {
    name: "unrecognized attributes are sorted in",
    given: `c0 80 00 c0 0b 00 ${BASE}`,
    fate: "accept",
    normal: `${BASE} e0 0b 00 e0 80 00`,
  },
  {
    name: "MP_REACH_NLRI and MP_UNREACH_NLRI are passed over",
    given: `80 0f 03 000201 ${BASE} 80 0e 01 00`,
    fate: "accept",
  },
  // RFC 6793 §6
  {
    name: "AS4_PATH from a speaker of four octets is discarded",
    given: `${BASE} c0 11 06 02 01 00010000`,
    fate: "accept",
    reasons: ["AS4_PATH from a speaker of four-octet"],
  },
  {
    name: "AS4_AGGREGATOR from a speaker of four octets is discarded",
    given: `${BASE} c0 12 08 00010000 c0000201`,
    fate: "accept",
    reasons: ["AS4_AGGREGATOR from a speaker of four-octet"],
  },
];
