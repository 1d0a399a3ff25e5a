// MP_REACH_NLRI and MP_UNREACH_NLRI, and ROUTE-REFRESH. RFC 4760 §3–§7; RFC 2545 §3; RFC 7606 §3(g), §5.3, §7.11; RFC 8950;
// RFC 2918; RFC 7313 §5.

import {
  ACCEPT,
  ACCEPT6,
  EBGP,
  type Expectation,
  IGNORE,
  notification,
  RESET_LIST,
  type Vector,
  WITHDRAW6,
  row,
} from "../vector.js";
import { attribute, BASE, BASE6, MARKER, message, ORIGIN, reach, refresh, unreach, update } from "../wire.js";

/** RFC 4760 §7: Optional Attribute Error; RFC 4271 §6.3: the data is the attribute. */
function incorrect(hex: string): Expectation {
  return notification(3, 9, hex);
}

const withReach = (hex: string): string => update({ attributes: `${hex}${BASE6}` });
const withUnreach = (hex: string): string => update({ attributes: hex });

const LOCAL = `fe80${"00".repeat(13)}01`;
const NEXT_HOP_RULE = "RFC 7606 §7.11";
const BIRD_CODE = "answers 3/1 where a prefix is cut off, and 3/10 where it is too long";
const BIRD_FAMILY = "treats the route as withdrawn where the next hop is sound, but of the other family";
const BIRD_FLAGS = "answers 3/1 to wrong flags";

const NEXT_HOP_LENGTHS: readonly number[] = [0, 1, 4, 8, 12, 15, 17, 24, 31, 33, 48, 64];

const REACH_ROWS: readonly Vector[] = [
  ...NEXT_HOP_LENGTHS.map((length) => {
    const hex = reach("<p6>", { nextHop: `20010db8${"00".repeat(60)}`.slice(0, 2 * length) });
    return row(
      `MP_REACH_NLRI: IPv6 next hop of ${length} octets`,
      NEXT_HOP_RULE,
      withReach(hex),
      incorrect(hex),
      EBGP,
      length === 4 ? BIRD_FAMILY : undefined,
    );
  }),
  ...[0, 3, 5, 8, 12, 24].map((length) => {
    const hex = reach("<p4>", { afi: 1, nextHop: "0a0000010a00000100000000".repeat(2).slice(0, 2 * length) });
    return row(`MP_REACH_NLRI: IPv4 next hop of ${length} octets`, NEXT_HOP_RULE, withReach(hex), incorrect(hex));
  }),
  ...[
    ["17 octets in 20", reach("", { nextHop: "<nh6>", nextHopLength: 17 })],
    ["255 octets", reach("<p6>", { nextHopLength: 255 })],
  ].map(([name, hex]) =>
    row(
      `MP_REACH_NLRI: next hop that runs over: ${String(name)}`,
      NEXT_HOP_RULE,
      withReach(String(hex)),
      incorrect(String(hex)),
    ),
  ),
  row(
    "MP_REACH_NLRI: IPv6 next hop for IPv4 that nobody agreed on",
    "RFC 8950 §4, RFC 7606 §7.11",
    withReach(reach("<p4>", { afi: 1 })),
    incorrect(reach("<p4>", { afi: 1 })),
    EBGP,
    BIRD_FAMILY,
  ),
  row(
    "MP_REACH_NLRI: IPv6 next hop for IPv4 that both agreed on",
    "RFC 8950 §3",
    withReach(reach("<p4>", { afi: 1 })),
    ACCEPT,
    { ...EBGP, extendedNextHop: true },
  ),
  row("MP_REACH_NLRI of IPv4", "RFC 4760 §3", withReach(reach("<p4>", { afi: 1, nextHop: "<nh4>" })), ACCEPT),
  row(
    "MP_REACH_NLRI: global and link-local next hop",
    "RFC 2545 §3",
    withReach(reach("<p6>", { nextHop: `<nh6>${LOCAL}` })),
    ACCEPT6,
  ),
  row(
    "MP_REACH_NLRI: reserved octet that is not 0",
    "RFC 4760 §3",
    withReach(reach("<p6>", { reserved: "ff" })),
    ACCEPT6,
  ),
  row("MP_REACH_NLRI in extended length", "RFC 4271 §4.3", withReach(reach("<p6>", { flags: 0x90 })), ACCEPT6),
  row("MP_REACH_NLRI with the Partial bit", "RFC 7606 §3(c)", withReach(reach("<p6>", { flags: 0xa0 })), ACCEPT6),
  ...[0, 1, 3, 4].map((length) => {
    const hex = attribute(0x80, 14, "00020110".slice(0, 2 * length));
    return row(`MP_REACH_NLRI of ${length} octets`, "RFC 7606 §5.3", withReach(hex), incorrect(hex));
  }),
  ...[0xc0, 0x40, 0x00].map((flags) => {
    const hex = reach("<p6>", { flags });
    return row(
      `MP_REACH_NLRI with flags ${flags.toString(16)}`,
      "RFC 7606 §5.3, §3(j)",
      withReach(hex),
      incorrect(hex),
      EBGP,
      BIRD_FLAGS,
    );
  }),
  ...[129, 200, 255].map((bits) => {
    const hex = reach(`${bits.toString(16)}${"20".repeat((bits + 7) >> 3)}`);
    return row(
      `MP_REACH_NLRI: prefix of ${bits} bits`,
      "RFC 7606 §5.3",
      withReach(hex),
      incorrect(hex),
      EBGP,
      BIRD_CODE,
    );
  }),
  ...["30", "3020010d", "802001", "<p6>40"].map((nlri) => {
    const hex = reach(nlri);
    return row(
      `MP_REACH_NLRI: prefix cut off: ${nlri}`,
      "RFC 7606 §5.3",
      withReach(hex),
      incorrect(hex),
      EBGP,
      BIRD_CODE,
    );
  }),
  row(
    "MP_REACH_NLRI: IPv4 prefix of 33 bits",
    "RFC 7606 §5.3",
    withReach(reach("210a00000000", { afi: 1, nextHop: "<nh4>" })),
    incorrect(reach("210a00000000", { afi: 1, nextHop: "<nh4>" })),
    EBGP,
    BIRD_CODE,
  ),
  row("MP_REACH_NLRI twice", "RFC 7606 §3(g)", withReach(`${reach()}${reach("<q6>")}`), RESET_LIST),
  row(
    "MP_REACH_NLRI twice, of different families",
    "RFC 7606 §3(g)",
    withReach(`${reach()}${reach("<p4>", { afi: 1, nextHop: "<nh4>" })}`),
    RESET_LIST,
  ),
  row(
    "MP_REACH_NLRI that runs over the attributes",
    "RFC 7606 §3(j), §4",
    update({ attributes: `${BASE6}${attribute(0x80, 14, "0002011020010db8", 200)}` }),
    notification(3, 9, attribute(0x80, 14, "0002011020010db8", 200)),
    EBGP,
    "answers 3/1",
  ),
  row(
    "MP_REACH_NLRI: multicast next hop",
    "RFC 4760 §3, RFC 4271 §6.3",
    withReach(reach("<p6>", { nextHop: `ff02${"00".repeat(13)}01` })),
    WITHDRAW6,
  ),
  row(
    "MP_REACH_NLRI: next hop ::",
    "RFC 4760 §3, RFC 4271 §6.3",
    withReach(reach("<p6>", { nextHop: "00".repeat(16) })),
    WITHDRAW6,
  ),
  ...[
    ["of AFI 25", 25, 65],
    ["of AFI 0", 0, 1],
    ["of SAFI 0", 2, 0],
    ["of SAFI 128", 1, 128],
    ["of SAFI 2", 2, 2],
  ].map(([name, afi, safi]) =>
    row(
      `MP_REACH_NLRI ${String(name)}, which nobody agreed on`,
      "RFC 4760 §8, RFC 7606 §5.4",
      withReach(reach("18c63364", { afi: Number(afi), safi: Number(safi), nextHop: "<nh4>" })),
      IGNORE,
    ),
  ),
  row(
    "MP_REACH_NLRI: multicast prefix is ignored, the others are not",
    "RFC 4271 §6.3",
    withReach(reach("10ff02<p6>")),
    ACCEPT6,
  ),
  row(
    "MP_REACH_NLRI: a malformed attribute behind it",
    "RFC 7606 §7.8",
    withReach(`${reach()}${attribute(0xc0, 8, "00")}`),
    WITHDRAW6,
  ),
];

const UNREACH_ROWS: readonly Vector[] = [
  ...[0, 1, 2].map((length) => {
    const hex = attribute(0x80, 15, "0002".slice(0, 2 * length));
    return row(`MP_UNREACH_NLRI of ${length} octets`, "RFC 7606 §5.3", withUnreach(hex), incorrect(hex));
  }),
  ...[0xc0, 0x40, 0x00].map((flags) => {
    const hex = unreach("<p6>", { flags });
    return row(
      `MP_UNREACH_NLRI with flags ${flags.toString(16)}`,
      "RFC 7606 §5.3, §3(j)",
      withUnreach(hex),
      incorrect(hex),
      EBGP,
      BIRD_FLAGS,
    );
  }),
  ...[129, 255].map((bits) => {
    const hex = unreach(`${bits.toString(16)}${"20".repeat((bits + 7) >> 3)}`);
    return row(
      `MP_UNREACH_NLRI: prefix of ${bits} bits`,
      "RFC 7606 §5.3",
      withUnreach(hex),
      incorrect(hex),
      EBGP,
      BIRD_CODE,
    );
  }),
  ...["30", "3020010d", "<p6>40"].map((nlri) => {
    const hex = unreach(nlri);
    return row(
      `MP_UNREACH_NLRI: prefix cut off: ${nlri}`,
      "RFC 7606 §5.3",
      withUnreach(hex),
      incorrect(hex),
      EBGP,
      BIRD_CODE,
    );
  }),
  row(
    "MP_UNREACH_NLRI: IPv4 prefix of 33 bits",
    "RFC 7606 §5.3",
    withUnreach(unreach("210a00000000", { afi: 1 })),
    incorrect(unreach("210a00000000", { afi: 1 })),
    EBGP,
    BIRD_CODE,
  ),
  row("MP_UNREACH_NLRI twice", "RFC 7606 §3(g)", withUnreach(`${unreach()}${unreach("<q6>")}`), RESET_LIST),
  row(
    "MP_UNREACH_NLRI that runs over the attributes",
    "RFC 7606 §3(j), §4",
    update({ attributes: attribute(0x80, 15, "000201", 9) }),
    notification(3, 9, attribute(0x80, 15, "000201", 9)),
    EBGP,
    "answers 3/1",
  ),
  row(
    "MP_UNREACH_NLRI of AFI 25, which nobody agreed on",
    "RFC 4760 §8",
    withUnreach(unreach("18c63364", { afi: 25, safi: 65 })),
    IGNORE,
  ),
  row("MP_UNREACH_NLRI of IPv4", "RFC 4760 §4", withUnreach(unreach("<p4>", { afi: 1 })), {
    is: "withdraw",
    gone: ["p4"],
  }),
  row("MP_UNREACH_NLRI of what was never announced", "RFC 4760 §4", withUnreach(unreach("<q6>")), IGNORE),
  row(
    "MP_UNREACH_NLRI beside a malformed attribute",
    "RFC 7606 §5.2",
    withUnreach(`${unreach()}${attribute(0x40, 1, "09")}`),
    RESET_LIST,
  ),
  row("MP_UNREACH_NLRI beside a sound attribute", "RFC 7606 §5.2", withUnreach(`${unreach()}${ORIGIN}`), WITHDRAW6),
  row(
    "MP_REACH_NLRI and MP_UNREACH_NLRI together",
    "RFC 7606 §5.1",
    update({ attributes: `${unreach("<q6>")}${reach()}${BASE6}` }),
    ACCEPT6,
  ),
  row(
    "MP_UNREACH_NLRI with a prefix of 129 bits beside a sound route",
    "RFC 7606 §5.3, §3(j)",
    update({ attributes: `${unreach(`81${"20".repeat(17)}`)}${BASE}`, nlri: "<p4>" }),
    incorrect(unreach(`81${"20".repeat(17)}`)),
    EBGP,
    BIRD_CODE,
  ),
];

const whole = (body: string): string => `${MARKER}${(19 + body.length / 2).toString(16).padStart(4, "0")}05${body}`;

const REFRESH_ROWS: readonly Vector[] = [
  row("ROUTE-REFRESH", "RFC 2918 §4", refresh(1, 0, 1), IGNORE),
  row("ROUTE-REFRESH of a family nobody agreed on", "RFC 2918 §4", refresh(25, 0, 70), IGNORE),
  ...[3, 4, 100, 255].map((subtype) =>
    row(`ROUTE-REFRESH of subtype ${subtype}`, "RFC 7313 §5", refresh(1, subtype, 1), IGNORE),
  ),
  row("EoRR that no BoRR precedes", "RFC 7313 §4", refresh(1, 2, 1), IGNORE),
  ...["", "00", "0001", "000100"].map((body) =>
    row(
      `ROUTE-REFRESH of ${body.length / 2} octets`,
      "RFC 4271 §6.1, RFC 2918 §3",
      message(5, body),
      notification(1, 2, (19 + body.length / 2).toString(16).padStart(4, "0")),
    ),
  ),
  ...["000101", "000102"].map((body) =>
    row(
      `ROUTE-REFRESH marker ${body} of 3 octets`,
      "RFC 7313 §5",
      message(5, body),
      notification(7, 1, whole(body)),
      EBGP,
      "answers 1/2 whatever the subtype",
    ),
  ),
  ...["0001000100", "0001010100", "0001020100", `00010001${"00".repeat(20)}`].map((body) =>
    row(
      `ROUTE-REFRESH of ${body.length / 2} octets: ${body.slice(0, 12)}`,
      "RFC 7313 §5",
      message(5, body),
      notification(7, 1, whole(body)),
    ),
  ),
];

export const MULTIPROTOCOL_ROWS: readonly Vector[] = [...REACH_ROWS, ...UNREACH_ROWS, ...REFRESH_ROWS];
