// AS paths: segments in both widths, AS 0, confederations, and what old speakers send beside them. RFC 4271 §4.3; RFC 7606
// §7.2; RFC 5065 §5; RFC 6793 §4.2.3, §6; RFC 7607 §2.

import {
  accept,
  ACCEPT,
  discard,
  EBGP,
  type Expectation,
  IBGP,
  OLD_EBGP,
  OLD_IBGP,
  type SessionKind,
  type Vector,
  WITHDRAW,
  WITHDRAW6,
} from "../vector.js";
import { attribute, LOCAL_PREF, NEXT_HOP, ORIGIN, reach, update } from "../wire.js";

function row(
  name: string,
  rfc: string,
  attributes: string,
  expect: Expectation,
  session: SessionKind,
  bird2?: string,
): Vector {
  const localPref = session.kind === "ibgp" ? LOCAL_PREF : "";
  const send = update({ attributes: `${ORIGIN}${NEXT_HOP}${attributes}${localPref}`, nlri: "<p4>" });
  const base = { name, rfc, session, phase: "established", send, expect } as const;
  return bird2 === undefined ? base : { ...base, bird2 };
}

const path = (value: string): string => attribute(0x40, 2, value);
const long = (value: string): string => attribute(0x50, 2, value);
const RULE = "RFC 7606 §7.2";

/** Value in four octets and in two. */
const MALFORMED: readonly (readonly [name: string, rfc: string, four: string, two: string])[] = [
  ["segment type 0", RULE, "00010000fdf1", "0001fdf1"],
  ["segment type 5", RULE, "05010000fdf1", "0501fdf1"],
  ["segment type 255", RULE, "ff010000fdf1", "ff01fdf1"],
  ["unknown segment type behind a sound one", RULE, "02010000fdf106010000fdf2", "0201fdf10601fdf2"],
  ["segment that runs one AS over", RULE, "02020000fdf1", "0202fdf1"],
  ["segment that runs far over", RULE, "02ff0000fdf1", "02fffdf1"],
  ["segment that is one octet short", RULE, "02010000fd", "0201fd"],
  ["second segment that runs over", RULE, "02010000fdf101050000fdf2", "0201fdf10105fdf2"],
  ["one octet behind the last segment", RULE, "02010000fdf102", "0201fdf102"],
  ["a single octet", RULE, "02", "02"],
  ["an empty segment", RULE, "0200", "0200"],
  ["an empty segment behind a sound one", RULE, "02010000fdf10200", "0201fdf10200"],
  ["an empty AS_SET in front of a sound segment", RULE, "010002010000fdf1", "01000201fdf1"],
  ["AS 0 alone", "RFC 7607 §2", "020100000000", "02010000"],
  ["AS 0 in the middle", "RFC 7607 §2", "02030000fdf1000000000000fdf2", "0203fdf10000fdf2"],
  ["AS 0 in an AS_SET", "RFC 7607 §2", "02010000fdf1010200000000fdf20000", "0201fdf101020000fdf2"],
  ["an AS_CONFED_SEQUENCE", "RFC 5065 §5", "03010000fdf1", "0301fdf1"],
  ["an AS_CONFED_SET", "RFC 5065 §5", "04010000fdf1", "0401fdf1"],
  ["an AS_CONFED_SEQUENCE in front of a sequence", "RFC 5065 §5", "03010000fde802010000fdf1", "0301fde80201fdf1"],
];

const SEGMENT_ROWS: readonly Vector[] = MALFORMED.flatMap(([name, rfc, four, two]) => [
  row(`AS_PATH: ${name}`, rfc, path(four), WITHDRAW, EBGP, birdOnZero(name)),
  row(`AS_PATH in two octets: ${name}`, rfc, path(two), WITHDRAW, OLD_EBGP, birdOnZero(name)),
]);

function birdOnZero(name: string): string | undefined {
  return name.startsWith("AS 0") ? "does not look for AS 0" : undefined;
}

const INTERNAL_ROWS: readonly Vector[] = MALFORMED.filter((_row, index) => index % 4 === 0).map(([name, rfc, four]) =>
  row(`AS_PATH from an internal peer: ${name}`, rfc, path(four), WITHDRAW, IBGP, birdOnZero(name)),
);

const hundred = "0000fdf1".repeat(255);

const SOUND_ROWS: readonly Vector[] = [
  row("AS_PATH: an AS_SET", "RFC 4271 §4.3", path("02010000fdf101020000fdf30000fdf2"), ACCEPT, EBGP),
  row("AS_PATH: two sequences", "RFC 4271 §4.3", path("02010000fdf102010000fdf2"), ACCEPT, EBGP),
  row("AS_PATH: 255 AS numbers in a segment", "RFC 4271 §4.3", long(`02ff${hundred}`), ACCEPT, EBGP),
  row(
    "AS_PATH: an AS of more than two octets",
    "RFC 6793 §3",
    path("02020000fdf1fffffffe"),
    accept({ 2: "02020000fdf1fffffffe" }),
    EBGP,
  ),
  row(
    "AS_PATH: 65536 is no AS 0",
    "RFC 7607 §2",
    path("02020000fdf100010000"),
    accept({ 2: "02020000fdf100010000" }),
    EBGP,
  ),
  row("AS_PATH of no octets from an internal peer", "RFC 7606 §4", path(""), accept({ 2: "" }), IBGP),
  {
    name: "AS_PATH beside MP_REACH_NLRI: an empty segment",
    rfc: RULE,
    session: EBGP,
    phase: "established",
    send: update({ attributes: `${reach()}${ORIGIN}${path("0200")}` }),
    expect: WITHDRAW6,
  },
];

const as4Path = (value: string): string => attribute(0xc0, 17, value);
const as4Aggregator = (value: string): string => attribute(0xc0, 18, value);
/** AS_TRANS between two other AS numbers, 65009 in front. */
const TRANS_PATH = path("0202fdf15ba0");
const UNMERGED = { 2: "02020000fdf100005ba0", 17: null };

/** AS4_PATHs that are malformed: the route is taken with AS_PATH alone. */
const BAD_AS4_PATHS: readonly (readonly [string, string, string])[] = [
  ["of 0 octets", "RFC 6793 §6", ""],
  ["of 2 octets", "RFC 6793 §6", "0200"],
  ["of 5 octets", "RFC 6793 §6", "0201000100"],
  ["of 7 octets", "RFC 6793 §6", "02010001000000"],
  ["with an empty segment", "RFC 6793 §6", "0201000100000200"],
  ["whose segment runs over", "RFC 6793 §6", "020200010000"],
  ["with segment type 9", "RFC 6793 §6", "090100010000"],
  ["with segment type 0", "RFC 6793 §6", "000100010000"],
  ["with AS 0", "RFC 7607 §2, RFC 6793 §6", "020100000000"],
];

const AS4_ROWS: readonly Vector[] = [
  row(
    "AS4_PATH that is sound",
    "RFC 6793 §4.2.3",
    `${TRANS_PATH}${as4Path("020100010000")}`,
    accept({ 2: "02020000fdf100010000", 17: null }),
    OLD_EBGP,
  ),
  row(
    "AS4_PATH as long as AS_PATH",
    "RFC 6793 §4.2.3",
    `${TRANS_PATH}${as4Path("02020000fdf100010000")}`,
    accept({ 2: "02020000fdf100010000", 17: null }),
    OLD_EBGP,
  ),
  row(
    "AS4_PATH longer than AS_PATH is ignored",
    "RFC 6793 §4.2.3",
    `${TRANS_PATH}${as4Path("02030000fdf10001000000010001")}`,
    accept(UNMERGED),
    OLD_EBGP,
  ),
  ...BAD_AS4_PATHS.map(([name, rfc, value]) =>
    row(
      `AS4_PATH ${name}`,
      rfc,
      `${TRANS_PATH}${as4Path(value)}`,
      { is: "discard", prefix: "p4", seen: UNMERGED },
      OLD_EBGP,
      birdOnZero(name.replace("with ", "")),
    ),
  ),
  row(
    "AS4_PATH with a confederation segment, which is left out",
    "RFC 6793 §6",
    `${TRANS_PATH}${as4Path("03010000fde8020100010000")}`,
    accept({ 2: "02020000fdf100010000", 17: null }),
    OLD_EBGP,
  ),
  row(
    "AS4_PATH with wrong flags",
    "RFC 7606 §3(c)",
    `${TRANS_PATH}${attribute(0x80, 17, "020100010000")}`,
    WITHDRAW,
    OLD_EBGP,
  ),
  row(
    "AS4_PATH between speakers of four octets",
    "RFC 6793 §6",
    `${path("02020000fdf100005ba0")}${as4Path("020100010000")}`,
    { is: "discard", prefix: "p4", seen: UNMERGED },
    EBGP,
  ),
  row(
    "malformed AS4_PATH between speakers of four octets",
    "RFC 6793 §6",
    `${path("02020000fdf100005ba0")}${as4Path("0900")}`,
    { is: "discard", prefix: "p4", seen: UNMERGED },
    EBGP,
  ),
  row(
    "AS4_PATH from an old internal peer",
    "RFC 6793 §4.2.3",
    `${TRANS_PATH}${as4Path("020100010000")}`,
    accept({ 2: "02020000fdf100010000", 17: null }),
    OLD_IBGP,
  ),
  row(
    "AS4_AGGREGATOR that is sound",
    "RFC 6793 §4.2.3",
    `${TRANS_PATH}${attribute(0xc0, 7, "5ba00a000001")}${as4Aggregator("000100000a000002")}`,
    accept({ 7: "000100000a000002", 18: null }),
    OLD_EBGP,
  ),
  row(
    "AGGREGATOR that is not AS_TRANS: AS4_AGGREGATOR and AS4_PATH are ignored",
    "RFC 6793 §4.2.3",
    `${TRANS_PATH}${attribute(0xc0, 7, "fdf10a000001")}${as4Path("020100010000")}${as4Aggregator("000100000a000002")}`,
    accept({ ...UNMERGED, 7: "0000fdf10a000001", 18: null }),
    OLD_EBGP,
  ),
  ...[0, 4, 7, 9].map((length) =>
    row(
      `AS4_AGGREGATOR of ${length} octets`,
      "RFC 6793 §6",
      `${TRANS_PATH}${attribute(0xc0, 7, "5ba00a000001")}${as4Aggregator("000100000a00000200".slice(0, 2 * length))}`,
      { is: "discard", prefix: "p4", seen: { 7: "00005ba00a000001", 18: null } },
      OLD_EBGP,
    ),
  ),
  row(
    "AS4_AGGREGATOR of AS 0",
    "RFC 7607 §2, RFC 6793 §6",
    `${TRANS_PATH}${attribute(0xc0, 7, "5ba00a000001")}${as4Aggregator("000000000a000002")}`,
    { is: "discard", prefix: "p4", seen: { 7: "00005ba00a000001", 18: null } },
    OLD_EBGP,
    "does not look at the AS number of AS4_AGGREGATOR",
  ),
  row(
    "AS4_AGGREGATOR between speakers of four octets",
    "RFC 6793 §6",
    `${path("02010000fdf1")}${as4Aggregator("000100000a000002")}`,
    discard(18),
    EBGP,
  ),
];

export const PATH_ROWS: readonly Vector[] = [...SEGMENT_ROWS, ...INTERNAL_ROWS, ...SOUND_ROWS, ...AS4_ROWS];
