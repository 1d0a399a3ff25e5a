// What path attributes say: values, missing and repeated ones, unrecognized ones, those an external peer may not send.
// RFC 4271 §5, §6.3; RFC 7606 §3, §7; RFC 7607 §2; RFC 8092 §3.

import {
  accept,
  discard,
  EBGP,
  type Expectation,
  IBGP,
  notification,
  OLD_EBGP,
  type Seen,
  type Vector,
  WITHDRAW,
  WITHDRAW6,
  ACCEPT,
  ACCEPT6,
  row,
} from "../vector.js";
import { AS_PATH, attribute, BASE, BASE6, BASE_2, NEXT_HOP, ORIGIN, reach, update } from "../wire.js";

const route = (attributes: string): string => update({ attributes, nlri: "<p4>" });

const EXTERNAL_ROWS: readonly Vector[] = [
  row(
    "LOCAL_PREF from an external peer",
    "RFC 7606 §7.5",
    route(`${BASE}${attribute(0x40, 5, "000000c8")}`),
    discard(5, "00000064"),
  ),
  row(
    "LOCAL_PREF of 3 octets from an external peer",
    "RFC 7606 §7.5",
    route(`${BASE}${attribute(0x40, 5, "0000c8")}`),
    discard(5, "00000064"),
  ),
  row(
    "LOCAL_PREF of 0 octets from an external peer",
    "RFC 7606 §7.5",
    route(`${BASE}${attribute(0x40, 5)}`),
    discard(5, "00000064"),
  ),
  row(
    "ORIGINATOR_ID from an external peer",
    "RFC 7606 §7.9",
    route(`${BASE}${attribute(0x80, 9, "0a636363")}`),
    discard(9),
  ),
  row(
    "ORIGINATOR_ID of 3 octets from an external peer",
    "RFC 7606 §7.9",
    route(`${BASE}${attribute(0x80, 9, "0a6363")}`),
    discard(9),
  ),
  row(
    "CLUSTER_LIST from an external peer",
    "RFC 7606 §7.10",
    route(`${BASE}${attribute(0x80, 10, "0a636363")}`),
    discard(10),
  ),
  row(
    "CLUSTER_LIST of 3 octets from an external peer",
    "RFC 7606 §7.10",
    route(`${BASE}${attribute(0x80, 10, "0a6363")}`),
    discard(10),
  ),
  row(
    "LOCAL_PREF with wrong flags from an external peer: the strongest wins",
    "RFC 7606 §3(c), §3(h)",
    route(`${BASE}${attribute(0xc0, 5, "000000c8")}`),
    WITHDRAW,
  ),
];

const VALUE_ROWS: readonly Vector[] = [
  ...[3, 4, 127, 255].map((value) =>
    row(
      `ORIGIN ${value}`,
      "RFC 7606 §7.1",
      route(`${attribute(0x40, 1, value.toString(16).padStart(2, "0"))}${AS_PATH}${NEXT_HOP}`),
      WITHDRAW,
    ),
  ),
  row("ORIGIN 1", "RFC 4271 §5.1.1", route(`${attribute(0x40, 1, "01")}${AS_PATH}${NEXT_HOP}`), accept({ 1: "01" })),
  ...[
    ["0.0.0.0", "00000000"],
    ["224.0.0.1", "e0000001"],
    ["239.255.255.255", "efffffff"],
    ["255.255.255.255", "ffffffff"],
  ].map(([text, hex]) =>
    row(
      `NEXT_HOP ${String(text)}`,
      "RFC 4271 §6.3, RFC 7606 §3(e)",
      route(`${ORIGIN}${AS_PATH}${attribute(0x40, 3, hex)}`),
      WITHDRAW,
    ),
  ),
  row(
    "NEXT_HOP that is the receiver's own address",
    "RFC 4271 §6.3, §5.1.3",
    route(`${ORIGIN}${AS_PATH}${attribute(0x40, 3, "<us4>")}`),
    WITHDRAW,
  ),
  row(
    "extended communities of a type nobody knows",
    "RFC 7606 §7.14",
    route(`${BASE}${attribute(0xc0, 16, "3f3f010203040506")}`),
    accept({ 16: "3f3f010203040506" }),
  ),
  row(
    "IPv6 extended communities of a type nobody knows",
    "RFC 7606 §7.15",
    route(`${BASE}${attribute(0xc0, 25, `3f3f${"01".repeat(18)}`)}`),
    accept({ 25: `3f3f${"01".repeat(18)}` }),
  ),
  row(
    "large communities twice the same",
    "RFC 8092 §3",
    route(`${BASE}${attribute(0xc0, 32, "0000fdf10000000100000002".repeat(2))}`),
    accept({ 32: "0000fdf10000000100000002" }),
    EBGP,
    "passes both on",
  ),
  row(
    "AGGREGATOR of AS 0",
    "RFC 7607 §2, RFC 7606 §7.7",
    route(`${BASE}${attribute(0xc0, 7, "000000000a000001")}`),
    discard(7),
    EBGP,
    "does not look at the AS number of AGGREGATOR",
  ),
  row(
    "AGGREGATOR of 8 octets from an old speaker",
    "RFC 7606 §7.7",
    route(`${BASE_2}${attribute(0xc0, 7, "0000fdf10a000001")}`),
    discard(7),
    OLD_EBGP,
  ),
  row(
    "AGGREGATOR of AS 0 from an old speaker",
    "RFC 7607 §2, RFC 7606 §7.7",
    route(`${BASE_2}${attribute(0xc0, 7, "00000a000001")}`),
    discard(7),
    OLD_EBGP,
    "does not look at the AS number of AGGREGATOR",
  ),
  row(
    "AGGREGATOR of 6 octets from an old speaker",
    "RFC 6793 §4.2.3",
    route(`${BASE_2}${attribute(0xc0, 7, "fdf10a000001")}`),
    accept({ 7: "0000fdf10a000001" }),
    OLD_EBGP,
  ),
];

const MISSING_ROWS: readonly Vector[] = [
  row("no ORIGIN", "RFC 7606 §3(d)", route(`${AS_PATH}${NEXT_HOP}`), WITHDRAW),
  row("no AS_PATH", "RFC 7606 §3(d)", route(`${ORIGIN}${NEXT_HOP}`), WITHDRAW),
  row("no NEXT_HOP", "RFC 7606 §3(d)", route(`${ORIGIN}${AS_PATH}`), WITHDRAW),
  row("no attributes at all", "RFC 7606 §3(d)", route(""), WITHDRAW),
  row("no ORIGIN beside MP_REACH_NLRI", "RFC 7606 §3(d)", update({ attributes: `${reach()}${AS_PATH}` }), WITHDRAW6),
  row("no AS_PATH beside MP_REACH_NLRI", "RFC 7606 §3(d)", update({ attributes: `${reach()}${ORIGIN}` }), WITHDRAW6),
  row("no attributes beside MP_REACH_NLRI", "RFC 7606 §3(d)", update({ attributes: reach() }), WITHDRAW6),
  row("no NEXT_HOP beside MP_REACH_NLRI", "RFC 4760 §3", update({ attributes: `${reach()}${BASE6}` }), ACCEPT6),
  row(
    "no NEXT_HOP for the NLRI field, though MP_REACH_NLRI is there",
    "RFC 7606 §3(d), §2",
    update({ attributes: `${reach()}${BASE6}`, nlri: "<p4>" }),
    { is: "withdraw", gone: ["p4", "p6"] },
  ),
  row(
    "a sound NEXT_HOP beside MP_REACH_NLRI only",
    "RFC 4760 §3",
    update({ attributes: `${reach()}${BASE}` }),
    ACCEPT6,
  ),
  row(
    "a NEXT_HOP of 5 octets beside MP_REACH_NLRI only",
    "RFC 7606 §7.3",
    update({ attributes: `${reach()}${BASE6}${attribute(0x40, 3, "0a00000100")}` }),
    WITHDRAW6,
  ),
  row(
    "no LOCAL_PREF from an internal peer",
    "RFC 4271 §5.1.5, RFC 7606 §3(d)",
    route(BASE),
    accept({ 5: "00000064" }),
    IBGP,
  ),
];

/** A second occurrence, sound but other, or malformed: it is discarded. */
const REPEATED: readonly (readonly [string, string, string, Seen])[] = [
  ["ORIGIN", "", attribute(0x40, 1, "01"), { 1: "00" }],
  ["AS_PATH", "", attribute(0x40, 2, "02010000fdf2"), { 2: "02010000fdf1" }],
  ["NEXT_HOP", "", attribute(0x40, 3, "0a000063"), {}],
  ["MULTI_EXIT_DISC", attribute(0x80, 4, "00000007"), attribute(0x80, 4, "00000008"), { 4: "00000007" }],
  ["ATOMIC_AGGREGATE", attribute(0x40, 6), attribute(0x40, 6), { 6: "" }],
  [
    "AGGREGATOR",
    attribute(0xc0, 7, "0000fdf10a000001"),
    attribute(0xc0, 7, "0000fdf20a000001"),
    { 7: "0000fdf10a000001" },
  ],
  ["COMMUNITIES", attribute(0xc0, 8, "fde90001"), attribute(0xc0, 8, "fde90002"), { 8: "fde90001" }],
  [
    "extended communities",
    attribute(0xc0, 16, "0002fde900000001"),
    attribute(0xc0, 16, "0002fde900000002"),
    { 16: "0002fde900000001" },
  ],
  [
    "large communities",
    attribute(0xc0, 32, "0000fdf10000000100000002"),
    attribute(0xc0, 32, "00".repeat(12)),
    { 32: "0000fdf10000000100000002" },
  ],
  ["an unknown attribute", attribute(0xc0, 99, "aa"), attribute(0xc0, 99, "bb"), { 99: "aa" }],
  ["malformed ORIGIN", "", attribute(0x40, 1, "0909"), { 1: "00" }],
  ["malformed COMMUNITIES", attribute(0xc0, 8, "fde90001"), attribute(0xc0, 8, "00"), { 8: "fde90001" }],
  ["COMMUNITIES with wrong flags", attribute(0xc0, 8, "fde90001"), attribute(0x40, 8, "fde90002"), { 8: "fde90001" }],
];

const REPEATED_ROWS: readonly Vector[] = [
  ...REPEATED.map(([name, first, second, seen]) =>
    row(`${name} a second time`, "RFC 7606 §3(g)", route(`${BASE}${first}${second}`), accept(seen)),
  ),
  row(
    "a malformed COMMUNITIES in front of a sound one: the first counts",
    "RFC 7606 §3(g), §7.8",
    route(`${BASE}${attribute(0xc0, 8, "00")}${attribute(0xc0, 8, "fde90001")}`),
    WITHDRAW,
  ),
  row(
    "COMMUNITIES three times",
    "RFC 7606 §3(g)",
    route(`${BASE}${attribute(0xc0, 8, "fde90001").repeat(3)}`),
    accept({ 8: "fde90001" }),
  ),
];

/** The data is the attribute: type, length and value (RFC 4271 §6.3). */
function unrecognized(hex: string): Expectation {
  return notification(3, 2, hex);
}

const BIRD_UNKNOWN = "treats the route as withdrawn where RFC 4271 §6.3 resets the session";

const UNKNOWN_ROWS: readonly Vector[] = [
  ...[0, 99, 255].map((type) => {
    const hex = attribute(0x40, type, "0102");
    return row(
      `unrecognized well-known attribute ${type}`,
      "RFC 4271 §6.3",
      route(`${BASE}${hex}`),
      unrecognized(hex),
      EBGP,
      BIRD_UNKNOWN,
    );
  }),
  row(
    "unrecognized well-known attribute without flags",
    "RFC 4271 §6.3",
    route(`${BASE}${attribute(0x00, 99, "01")}`),
    unrecognized(attribute(0x00, 99, "01")),
    EBGP,
    BIRD_UNKNOWN,
  ),
  row(
    "unrecognized well-known attribute of extended length",
    "RFC 4271 §6.3",
    route(`${BASE}${attribute(0x50, 99, "00".repeat(300))}`),
    unrecognized(attribute(0x50, 99, "00".repeat(300))),
    EBGP,
    BIRD_UNKNOWN,
  ),
  row(
    "unrecognized well-known attribute beside a malformed one: the strongest wins",
    "RFC 7606 §3(h), RFC 4271 §6.3",
    route(`${BASE}${attribute(0xc0, 8, "00")}${attribute(0x40, 99, "01")}`),
    unrecognized(attribute(0x40, 99, "01")),
    EBGP,
    BIRD_UNKNOWN,
  ),
  row(
    "unknown transitive attribute",
    "RFC 4271 §5",
    route(`${BASE}${attribute(0xc0, 99, "0102")}`),
    accept({ 99: "0102" }),
  ),
  row("unknown transitive attribute of 0 octets", "RFC 4271 §5", route(`${BASE}${attribute(0xc0, 99)}`), ACCEPT),
  row(
    "unknown transitive attribute of 300 octets",
    "RFC 4271 §5",
    route(`${BASE}${attribute(0xd0, 99, "ab".repeat(300))}`),
    accept({ 99: "ab".repeat(300) }),
  ),
  row(
    "unknown transitive attribute with the Partial bit",
    "RFC 4271 §5",
    route(`${BASE}${attribute(0xe0, 99, "01")}`),
    accept({ 99: "01" }),
  ),
  row(
    "unknown non-transitive attribute",
    "RFC 4271 §5",
    route(`${BASE}${attribute(0x80, 99, "0102")}`),
    accept({ 99: null }),
  ),
];

const STRONGEST_ROWS: readonly Vector[] = [
  row(
    "treat-as-withdraw and attribute discard",
    "RFC 7606 §3(h)",
    route(`${BASE}${attribute(0x40, 6, "00")}${attribute(0xc0, 8, "00")}`),
    WITHDRAW,
  ),
  row(
    "attribute discard twice",
    "RFC 7606 §3(h)",
    route(`${BASE}${attribute(0x40, 6, "00")}${attribute(0xc0, 7, "00")}`),
    { is: "discard", prefix: "p4", seen: { 6: null, 7: null } },
  ),
  row(
    "attribute discard and session reset",
    "RFC 7606 §3(h), §3(g)",
    update({ attributes: `${reach()}${reach()}${BASE6}${attribute(0x40, 6, "00")}` }),
    notification(3, 1),
  ),
  row(
    "treat-as-withdraw and session reset",
    "RFC 7606 §3(h), §3(g)",
    update({ attributes: `${reach()}${reach()}${BASE6}${attribute(0xc0, 8, "00")}` }),
    notification(3, 1),
  ),
];

export const ATTRIBUTE_ROWS: readonly Vector[] = [
  ...EXTERNAL_ROWS,
  ...VALUE_ROWS,
  ...MISSING_ROWS,
  ...REPEATED_ROWS,
  ...UNKNOWN_ROWS,
  ...STRONGEST_ROWS,
];
