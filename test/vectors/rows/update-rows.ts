// UPDATE: its lengths, its prefixes, attributes that run over, what comes without prefixes, and what is strange but right.
// RFC 4271 §4.3, §6.3; RFC 7606 §3–§5; RFC 4724 §2; RFC 7911 §3.

import {
  accept,
  ACCEPT,
  ACCEPT6,
  EBGP,
  IBGP,
  IGNORE,
  notification,
  OLD_EBGP,
  RESET_LIST,
  type SessionKind,
  type Vector,
  WITHDRAW,
  WITHDRAW6,
  row,
} from "../vector.js";
import {
  AS_PATH,
  attribute,
  BASE,
  BASE6,
  BASE_2,
  LOCAL_PREF,
  message,
  NEXT_HOP,
  ORIGIN,
  reach,
  unreach,
  update,
} from "../wire.js";

const INVALID_NETWORK = notification(3, 10);
const COMMUNITIES = attribute(0xc0, 8, "fde90001");
const BAD_COMMUNITIES = attribute(0xc0, 8, "fde900");

const LENGTH_ROWS: readonly Vector[] = [
  row(
    "UPDATE: withdrawn routes length of 65535",
    "RFC 7606 §3(b)",
    update({ withdrawnLength: 65535, attributes: BASE, nlri: "<p4>" }),
    RESET_LIST,
  ),
  row("UPDATE: withdrawn routes length one too large", "RFC 7606 §3(b)", message(2, "00010000"), RESET_LIST),
  row(
    "UPDATE: withdrawn routes that leave no room for the attribute length",
    "RFC 7606 §3(b)",
    message(2, "0004 18c63364 00"),
    RESET_LIST,
  ),
  row(
    "UPDATE: attribute length of 65535",
    "RFC 7606 §3(b)",
    update({ attributes: BASE, attributesLength: 65535, nlri: "<p4>" }),
    RESET_LIST,
  ),
  row("UPDATE: attribute length one too large", "RFC 7606 §3(b)", message(2, "00000001"), RESET_LIST),
  row(
    "UPDATE: attribute length that reaches one octet too far",
    "RFC 7606 §3(b)",
    update({ attributes: BASE, attributesLength: 200, nlri: "<p4>" }),
    RESET_LIST,
  ),
  row(
    "UPDATE: lengths that exceed the message together",
    "RFC 7606 §3(b)",
    update({ withdrawn: "18c63364", attributes: ORIGIN, attributesLength: 5 }),
    RESET_LIST,
  ),
];

const cut = "RFC 7606 §5.3, RFC 4271 §6.3";
const BIRD_CUT = "answers 3/1 where a prefix is cut off";

const PREFIX_ROWS: readonly Vector[] = [
  ...[33, 64, 128, 255].map((length) =>
    row(
      `UPDATE: NLRI of ${length} bits`,
      cut,
      update({ attributes: BASE, nlri: `<p4>${length.toString(16)}${"0a".repeat((length + 7) >> 3)}` }),
      INVALID_NETWORK,
    ),
  ),
  ...["18", "180a", "180a00", "200a0000", "01", "08"].map((nlri) =>
    row(
      `UPDATE: NLRI cut off: ${nlri}`,
      cut,
      update({ attributes: BASE, nlri: `<p4>${nlri}` }),
      INVALID_NETWORK,
      EBGP,
      BIRD_CUT,
    ),
  ),
  ...[33, 255].map((length) =>
    row(
      `UPDATE: withdrawn prefix of ${length} bits`,
      "RFC 7606 §3(i), §5.3",
      update({ withdrawn: `${length.toString(16)}${"0a".repeat((length + 7) >> 3)}` }),
      INVALID_NETWORK,
    ),
  ),
  ...["18", "180a00", "20"].map((withdrawn) =>
    row(
      `UPDATE: withdrawn prefix cut off: ${withdrawn}`,
      "RFC 7606 §3(i), §5.3",
      update({ withdrawn }),
      INVALID_NETWORK,
      EBGP,
      BIRD_CUT,
    ),
  ),
  row(
    "UPDATE: a sound withdrawal in front of one that is cut off",
    "RFC 7606 §3(i), §5.3",
    update({ withdrawn: "<p4>180a" }),
    INVALID_NETWORK,
    EBGP,
    BIRD_CUT,
  ),
  row(
    "UPDATE: a malformed attribute beside a prefix of 33 bits: the strongest wins",
    "RFC 7606 §3(h), §3(j)",
    update({ attributes: `${BASE}${BAD_COMMUNITIES}`, nlri: "210a00000000" }),
    INVALID_NETWORK,
  ),
  row(
    "UPDATE: bits behind the length of a prefix are ignored",
    "RFC 4271 §4.3",
    update({ attributes: BASE, nlri: "<p4>090aff" }),
    ACCEPT,
  ),
  ...[
    ["multicast", "08e0"],
    ["multicast host", "20e0000005"],
    ["loopback", "087f"],
  ].map(([name, hex]) =>
    row(
      `UPDATE: a ${String(name)} prefix is ignored, the others are not`,
      "RFC 4271 §6.3",
      update({ attributes: BASE, nlri: `${String(hex)}<p4>` }),
      ACCEPT,
    ),
  ),
];

const OVERRUNS: readonly (readonly [string, string])[] = [
  ["COMMUNITIES that run one octet over", attribute(0xc0, 8, "fde90001", 5)],
  ["COMMUNITIES that run far over", attribute(0xc0, 8, "fde90001", 255)],
  ["extended COMMUNITIES that run far over", attribute(0xd0, 8, "fde90001", 65535)],
  ["an unknown attribute that runs over", attribute(0xc0, 99, "00", 2)],
  ["MED that runs over", attribute(0x80, 4, "000000", 4)],
  ["one octet left", "c0"],
  ["two octets left", "c008"],
  ["three octets left of an extended attribute", "d00800"],
  ["two octets of zeros left", "0000"],
];

const OVERRUN_ROWS: readonly Vector[] = OVERRUNS.flatMap(([name, tail]) => [
  row(name, "RFC 7606 §4", update({ attributes: `${BASE}${tail}`, nlri: "<p4>" }), WITHDRAW),
  row(
    `UPDATE: ${name}, behind MP_REACH_NLRI`,
    "RFC 7606 §4",
    update({ attributes: `${reach()}${BASE6}${tail}` }),
    WITHDRAW6,
  ),
  row(
    `UPDATE: ${name}, without reachable prefixes`,
    "RFC 7606 §4, §5.2",
    update({ withdrawn: "<p4>", attributes: `${ORIGIN}${tail}` }),
    RESET_LIST,
  ),
]);

const OVERRUN_MANDATORY_ROWS: readonly Vector[] = [
  row(
    "UPDATE: ORIGIN that swallows the other attributes",
    "RFC 7606 §4",
    update({ attributes: `${attribute(0x40, 1, "00", 255)}${AS_PATH}${NEXT_HOP}`, nlri: "<p4>" }),
    WITHDRAW,
  ),
  row(
    "UPDATE: AS_PATH that runs over",
    "RFC 7606 §4",
    update({ attributes: `${ORIGIN}${NEXT_HOP}${attribute(0x40, 2, "02010000fdf1", 7)}`, nlri: "<p4>" }),
    WITHDRAW,
  ),
];

/** Attributes that are malformed in a way that asks for treat-as-withdraw. */
const MALFORMED: readonly (readonly [string, string, SessionKind])[] = [
  ["ORIGIN of 2 octets", attribute(0x40, 1, "0000"), EBGP],
  ["ORIGIN 3", attribute(0x40, 1, "03"), EBGP],
  ["AS_PATH of segment type 9", attribute(0x40, 2, "09010000fdf1"), EBGP],
  ["NEXT_HOP of 3 octets", attribute(0x40, 3, "0a0000"), EBGP],
  ["NEXT_HOP of 16 octets", attribute(0x40, 3, "<nh6>"), EBGP],
  ["MED of 3 octets", attribute(0x80, 4, "000001"), EBGP],
  ["LOCAL_PREF of 3 octets", attribute(0x40, 5, "000064"), IBGP],
  ["COMMUNITIES of 3 octets", BAD_COMMUNITIES, EBGP],
  ["ORIGINATOR_ID of 3 octets", attribute(0x80, 9, "0a0000"), IBGP],
  ["CLUSTER_LIST of 3 octets", attribute(0x80, 10, "0a0000"), IBGP],
  ["extended communities of 7 octets", attribute(0xc0, 16, "0002fde9000000"), EBGP],
  ["large communities of 11 octets", attribute(0xc0, 32, "00".repeat(11)), EBGP],
  ["OTC of 3 octets", attribute(0xc0, 35, "000001"), EBGP],
  ["COMMUNITIES with wrong flags", attribute(0x40, 8, "fde90001"), EBGP],
];

const WITHOUT_NLRI_ROWS: readonly Vector[] = [
  ...MALFORMED.map(([name, hex, session]) =>
    row(
      `UPDATE: ${name}, without reachable prefixes`,
      "RFC 7606 §5.2",
      update({ withdrawn: "<p4>", attributes: hex }),
      RESET_LIST,
      session,
    ),
  ),
  ...MALFORMED.slice(0, 8).map(([name, hex, session]) =>
    row(
      `UPDATE: ${name}, beside MP_UNREACH_NLRI only`,
      "RFC 7606 §5.2",
      update({ attributes: `${unreach()}${hex}` }),
      RESET_LIST,
      session,
    ),
  ),
  ...[
    ["ATOMIC_AGGREGATE of 1 octet", attribute(0x40, 6, "00")],
    ["AGGREGATOR of 7 octets", attribute(0xc0, 7, "0000fdf10a0000")],
    ["LOCAL_PREF of 3 octets from an external peer", attribute(0x40, 5, "000064")],
    ["AS4_PATH between speakers of four octets", attribute(0xc0, 17, "02010000fdf1")],
  ].map(([name, hex]) =>
    row(
      `UPDATE: ${name}, without reachable prefixes: attribute discard keeps the session`,
      "RFC 7606 §5.2",
      update({ withdrawn: "<q4>", attributes: hex }),
      IGNORE,
    ),
  ),
  row("UPDATE: sound attributes without prefixes", "RFC 4271 §6.3", update({ attributes: BASE }), IGNORE),
  row(
    "UPDATE: an empty MP_REACH_NLRI beside sound attributes",
    "RFC 4271 §6.3",
    update({ attributes: `${reach("")}${BASE6}` }),
    IGNORE,
  ),
  row(
    "UPDATE: an empty MP_REACH_NLRI beside a malformed attribute",
    "RFC 7606 §5.2",
    update({ attributes: `${reach("")}${BASE6}${BAD_COMMUNITIES}` }),
    RESET_LIST,
  ),
];

const SOUND_ROWS: readonly Vector[] = [
  row("UPDATE: a sound route", "RFC 4271 §4.3", update({ attributes: BASE, nlri: "<p4>" }), ACCEPT),
  row("UPDATE: a sound IPv6 route", "RFC 2545 §3", update({ attributes: `${reach()}${BASE6}` }), ACCEPT6),
  row(
    "UPDATE: a sound route of an internal peer",
    "RFC 4271 §5.1.5",
    update({ attributes: `${BASE}${LOCAL_PREF}`, nlri: "<p4>" }),
    accept({ 5: "00000064" }),
    IBGP,
  ),
  row(
    "UPDATE: a sound route of an old speaker",
    "RFC 6793 §4.2.3",
    update({ attributes: BASE_2, nlri: "<p4>" }),
    accept({ 2: "02010000fdf1" }),
    OLD_EBGP,
  ),
  row(
    "UPDATE: attributes in descending order",
    "RFC 4271 §5",
    update({ attributes: `${COMMUNITIES}${NEXT_HOP}${AS_PATH}${ORIGIN}`, nlri: "<p4>" }),
    accept({ 8: "fde90001" }),
  ),
  row("UPDATE: End-of-RIB of IPv4", "RFC 4724 §2", update({}), IGNORE),
  row("UPDATE: End-of-RIB of IPv6", "RFC 4724 §2", update({ attributes: unreach("") }), IGNORE),
  row(
    "UPDATE: End-of-RIB of IPv4 as MP_UNREACH_NLRI",
    "RFC 4724 §2",
    update({ attributes: unreach("", { afi: 1 }) }),
    IGNORE,
  ),
  row(
    "UPDATE: End-of-RIB of a family nobody agreed on",
    "RFC 4724 §2, RFC 7606 §5.2",
    update({ attributes: unreach("", { afi: 25, safi: 70 }) }),
    IGNORE,
  ),
  row("UPDATE: a withdrawal", "RFC 4271 §4.3", update({ withdrawn: "<p4>" }), WITHDRAW),
  row("UPDATE: a withdrawal of what was never announced", "RFC 4271 §9.1.2", update({ withdrawn: "<q4>" }), IGNORE),
  row("UPDATE: an IPv6 withdrawal", "RFC 4760 §4", update({ attributes: unreach() }), WITHDRAW6),
  row(
    "UPDATE: both families in one message",
    "RFC 7606 §5.1",
    update({ attributes: `${reach()}${BASE}`, nlri: "<p4>" }),
    ACCEPT6,
  ),
  row(
    "UPDATE: a withdrawal and an announcement of the other family",
    "RFC 7606 §5.1",
    update({ attributes: `${unreach()}${BASE}`, nlri: "<p4>" }),
    { is: "withdraw", gone: ["p6"] },
  ),
  row(
    "UPDATE: MP_REACH_NLRI that is not the first attribute",
    "RFC 7606 §5.1",
    update({ attributes: `${BASE6}${COMMUNITIES}${reach()}` }),
    ACCEPT6,
  ),
  row(
    "UPDATE: a malformed attribute withdraws the prefixes of both families",
    "RFC 7606 §2",
    update({ attributes: `${reach()}${BASE}${BAD_COMMUNITIES}`, nlri: "<p4>" }),
    { is: "withdraw", gone: ["p4", "p6"] },
  ),
];

const ADD_PATH: SessionKind = { ...EBGP, addPath: true };

const ADD_PATH_ROWS: readonly Vector[] = [
  row("UPDATE: a path identifier", "RFC 7911 §3", update({ attributes: BASE, nlri: "00000001<p4>" }), ACCEPT, ADD_PATH),
  row("UPDATE: path identifier 0", "RFC 7911 §3", update({ withdrawn: "00000000<p4>" }), IGNORE, ADD_PATH),
  row("UPDATE: withdrawal of another path", "RFC 7911 §5", update({ withdrawn: "00000009<p4>" }), IGNORE, ADD_PATH),
  row("UPDATE: withdrawal of the path", "RFC 7911 §5", update({ withdrawn: "00000001<p4>" }), WITHDRAW, ADD_PATH),
  ...["00", "0000", "00000001", "0000000118", "0000000118c633"].map((nlri) =>
    row(
      `UPDATE: a path identifier and prefix cut off: ${nlri}`,
      "RFC 7911 §3, RFC 7606 §5.3",
      update({ attributes: BASE, nlri }),
      INVALID_NETWORK,
      ADD_PATH,
      BIRD_CUT,
    ),
  ),
  row(
    "UPDATE: a path identifier before a prefix of 33 bits",
    "RFC 7911 §3, RFC 7606 §5.3",
    update({ attributes: BASE, nlri: "00000001210a00000000" }),
    INVALID_NETWORK,
    ADD_PATH,
  ),
  row(
    "UPDATE: a malformed attribute with a path identifier",
    "RFC 7606 §2",
    update({ attributes: `${BASE}${BAD_COMMUNITIES}`, nlri: "00000001<p4>" }),
    WITHDRAW,
    ADD_PATH,
  ),
];

export const UPDATE_ROWS: readonly Vector[] = [
  ...LENGTH_ROWS,
  ...PREFIX_ROWS,
  ...OVERRUN_ROWS,
  ...OVERRUN_MANDATORY_ROWS,
  ...WITHOUT_NLRI_ROWS,
  ...SOUND_ROWS,
  ...ADD_PATH_ROWS,
];
