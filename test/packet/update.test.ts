// Framing of UPDATE: sections, RFC 7606 §3–§5, End-of-RIB.

import t from "tap";
import { type Bytes, fromHex, toHex } from "../../src/base/bytes.js";
import { NotificationError } from "../../src/packet/notification.js";
import { decodeUpdate, type UpdateContext, UpdateView } from "../../src/packet/update.js";

const PLAIN: UpdateContext = { addPathReceive: [false, false], fourOctetAs: true };
const ADD_PATH: UpdateContext = { addPathReceive: [true, true], fourOctetAs: true };
const NO_EXTENDED_NEXT_HOP: UpdateContext = { ...PLAIN, extendedNextHop: false };

interface Parts {
  readonly withdrawn?: string;
  readonly attributes?: string;
  readonly nlri?: string;
}

function body({ withdrawn = "", attributes = "", nlri = "" }: Parts): Bytes {
  const u16 = (hex: string): string => fromHex(hex).length.toString(16).padStart(4, "0");
  return fromHex(`${u16(withdrawn)} ${withdrawn} ${u16(attributes)} ${attributes} ${nlri}`);
}

function decode(bytes: Bytes, context = PLAIN): UpdateView {
  const view = new UpdateView();
  decodeUpdate(bytes, 0, bytes.length, context, view);
  return view;
}

const BASE = "40 01 01 00 40 02 00 40 03 04 c0000201";
const GLOBAL = "20010db8000000000000000000000001";

t.test("sections are found at any offset", async (t) => {
  const inner = body({ withdrawn: "18 c00002", attributes: BASE, nlri: "08 0a 00" });
  const bytes = new Uint8Array(inner.length + 40);
  bytes.set(inner, 33);
  const view = new UpdateView();
  decodeUpdate(bytes, 33, 33 + inner.length, PLAIN, view);
  t.equal(toHex(bytes, view.withdrawnAt, view.withdrawnEnd), "18c00002");
  t.equal(toHex(bytes, view.attributesAt, view.attributesEnd), BASE.replaceAll(" ", ""));
  t.equal(toHex(bytes, view.nlriAt, view.nlriEnd), "080a00");
  t.match(view, {
    reachFamily: -1,
    unreachFamily: -1,
    hasMultiprotocol: false,
    treatAsWithdraw: false,
    attributesWithoutNlri: false,
    endOfRib: -1,
    faultText: undefined,
  });
});

t.test("MP_REACH_NLRI and MP_UNREACH_NLRI are found", async (t) => {
  const bytes = body({
    attributes:
      `80 0f 0a 0002 01 30 20010db80002 ${BASE} 90 0e 0021 0002 01 10 ${GLOBAL} ff 30 20010db80001 18 20010d`.replace(
        "0021",
        (5 + 16 + 7 + 4).toString(16).padStart(4, "0"),
      ),
  });
  const view = decode(bytes);
  t.match(view, { reachFamily: 1, reachNextHopLength: 16, unreachFamily: 1, hasMultiprotocol: true, endOfRib: -1 });
  t.equal(toHex(bytes, view.reachNextHopAt, view.reachNextHopAt + 16), GLOBAL);
  t.equal(toHex(bytes, view.reachAt, view.reachEnd), "3020010db800011820010d");
  t.equal(toHex(bytes, view.unreachAt, view.unreachEnd), "3020010db80002");
});

t.test("nothing of the last message stays in the view", async (t) => {
  const view = new UpdateView();
  const full = body({
    withdrawn: "08 0a",
    attributes: `80 0f 0a 0002 01 30 20010db80002 80 0e 15 0002 01 10 ${GLOBAL} 00 ${BASE} c0 08 09 00`,
    nlri: "08 0a",
  });
  decodeUpdate(full, 0, full.length, PLAIN, view);
  t.match(view, { treatAsWithdraw: true, hasMultiprotocol: true, reachFamily: 1 });
  const empty = body({});
  decodeUpdate(empty, 0, empty.length, PLAIN, view);
  const fresh = new UpdateView();
  decodeUpdate(empty, 0, empty.length, PLAIN, fresh);
  // Where the next hop lies means nothing while its length is 0.
  t.strictSame({ ...view, reachNextHopAt: 0 }, { ...fresh, reachNextHopAt: 0 });
});

const MP6 = (prefixes: string, nextHop = GLOBAL): string => {
  const value = fromHex(`0002 01 ${fromHex(nextHop).length.toString(16).padStart(2, "0")} ${nextHop} 00 ${prefixes}`);
  return `80 0e ${value.length.toString(16).padStart(2, "0")} ${toHex(value)}`;
};

interface ResetRow {
  readonly name: string;
  readonly given: Bytes;
  readonly context?: UpdateContext;
  readonly subcode: number;
  readonly data?: string;
}

const RESETS: readonly ResetRow[] = [
  { name: "§3(b) a body of three octets", given: fromHex("000000"), subcode: 1 },
  { name: "§3(b) Withdrawn Routes Length too large", given: fromHex("0001 0000"), subcode: 1 },
  { name: "§3(b) Withdrawn Routes Length that leaves one octet", given: fromHex("0001 00 00"), subcode: 1 },
  { name: "§3(b) Total Path Attribute Length too large", given: fromHex("0000 0001"), subcode: 1 },
  { name: "§3(g) MP_REACH_NLRI twice", given: body({ attributes: `${MP6("00")} ${MP6("00")}` }), subcode: 1 },
  { name: "§3(g) MP_UNREACH_NLRI twice", given: body({ attributes: "80 0f 03 000201 80 0f 03 000201" }), subcode: 1 },
  { name: "§3(i) withdrawn prefix of 33 bits", given: body({ withdrawn: "21 0a00000000" }), subcode: 10 },
  { name: "§3(i) withdrawn prefix cut off", given: body({ withdrawn: "18 0a00" }), subcode: 10 },
  { name: "§5.3 prefix of 33 bits", given: body({ attributes: BASE, nlri: "21 0a00000000" }), subcode: 10 },
  { name: "§5.3 prefix cut off", given: body({ attributes: BASE, nlri: "08 0a 20 0a0000" }), subcode: 10 },
  {
    name: "RFC 7911: prefix without path identifier",
    given: body({ attributes: BASE, nlri: "08 0a" }),
    context: ADD_PATH,
    subcode: 10,
  },
  {
    name: "RFC 7911: path identifier without prefix",
    given: body({ attributes: BASE, nlri: "00000001" }),
    context: ADD_PATH,
    subcode: 10,
  },
  {
    name: "§5.3 MP_REACH_NLRI of 4 octets",
    given: body({ attributes: "80 0e 04 00020100" }),
    subcode: 9,
    data: "800e0400020100",
  },
  {
    name: "§5.3 MP_UNREACH_NLRI of 2 octets",
    given: body({ attributes: "80 0f 02 0002" }),
    subcode: 9,
    data: "800f020002",
  },
  { name: "§5.3 IPv6 prefix of 129 bits", given: body({ attributes: MP6(`81 ${"00".repeat(17)}`) }), subcode: 9 },
  { name: "§5.3 IPv6 prefix cut off", given: body({ attributes: MP6("40 20010db8") }), subcode: 9 },
  {
    name: "§5.3 IPv6 withdrawn prefix of 129 bits",
    given: body({ attributes: `80 0f 15 0002 01 81 ${"00".repeat(17)}` }),
    subcode: 9,
  },
  {
    name: "§5.3 MP_REACH_NLRI with the Transitive bit",
    given: body({ attributes: MP6("00").replace("80", "c0") }),
    subcode: 9,
  },
  { name: "§5.3 MP_UNREACH_NLRI without the Optional bit", given: body({ attributes: "00 0f 03 000201" }), subcode: 9 },
  { name: "§7.11 IPv6 next hop of 4 octets", given: body({ attributes: MP6("00", "c0000201") }), subcode: 9 },
  { name: "§7.11 IPv6 next hop of no octets", given: body({ attributes: "80 0e 06 0002 01 00 00 00" }), subcode: 9 },
  { name: "§7.11 IPv6 next hop of 17 octets", given: body({ attributes: MP6("00", `${GLOBAL}00`) }), subcode: 9 },
  {
    name: "§7.11 next hop that leaves no reserved octet",
    given: body({ attributes: `80 0e 14 0002 01 10 ${GLOBAL}` }),
    subcode: 9,
  },
  {
    name: "§7.11 IPv6 next hop of IPv4 prefixes where RFC 8950 was not negotiated",
    given: body({ attributes: `80 0e 16 0001 01 10 ${GLOBAL} 00 00` }),
    context: NO_EXTENDED_NEXT_HOP,
    subcode: 9,
  },
  {
    name: "§3(j) MP_REACH_NLRI that overruns",
    given: body({ attributes: "80 0e 20 0002 01", nlri: "00" }),
    subcode: 9,
  },
  {
    name: "§3(j) MP_UNREACH_NLRI that overruns",
    given: body({ attributes: "80 0f 20 0002 01", nlri: "00" }),
    subcode: 9,
  },
  {
    name: "§5.2 attribute that overruns, no reachable prefix",
    given: body({ withdrawn: "08 0a", attributes: "c0 08 08 0000" }),
    subcode: 1,
  },
  {
    name: "§5.2 single octet instead of an attribute, no reachable prefix",
    given: body({ attributes: `${BASE} 40` }),
    subcode: 1,
  },
];

for (const { name, given, context, subcode, data } of RESETS) {
  t.test(`${name} resets the session`, async (t) => {
    const error = t.throws(() => decode(given, context), NotificationError) as unknown;
    t.match(error, { code: 3, subcode });
    if (data !== undefined && error instanceof NotificationError) t.equal(toHex(error.data), data);
  });
}

interface KeptRow {
  readonly name: string;
  readonly given: Bytes;
  readonly context?: UpdateContext;
  readonly expect: Partial<UpdateView>;
}

const KEPT: readonly KeptRow[] = [
  {
    name: "§4 an attribute that overruns",
    given: body({ attributes: `${BASE} c0 08 08 0000`, nlri: "08 0a" }),
    expect: { treatAsWithdraw: true },
  },
  {
    name: "§4 two octets left",
    given: body({ attributes: `${BASE} c0 08`, nlri: "08 0a" }),
    expect: { treatAsWithdraw: true },
  },
  {
    name: "§4 three octets left of an extended header",
    given: body({ attributes: `${BASE} d0 08 00`, nlri: "08 0a" }),
    expect: { treatAsWithdraw: true },
  },
  {
    name: "§4 an overrun behind MP_REACH_NLRI",
    given: body({ attributes: `${MP6("00")} c0 08 08 0000` }),
    expect: { treatAsWithdraw: true, reachFamily: 1 },
  },
  {
    name: "§7.3 NEXT_HOP of 16 octets for the NLRI field",
    given: body({ attributes: `40 03 10 ${GLOBAL}`, nlri: "08 0a" }),
    expect: { treatAsWithdraw: true },
  },
  {
    name: "§3(g) a second NEXT_HOP of 16 octets does not matter",
    given: body({ attributes: `${BASE} 40 03 10 ${GLOBAL}`, nlri: "08 0a" }),
    expect: { treatAsWithdraw: false },
  },
  {
    name: "RFC 4760 §3: NEXT_HOP beside MP_REACH_NLRI alone is ignored",
    given: body({ attributes: `40 03 04 00000000 ${MP6("00")}` }),
    expect: { treatAsWithdraw: false, reachFamily: 1 },
  },
  {
    name: "RFC 7606 §7.3: a NEXT_HOP of another length is malformed, superfluous or not",
    given: body({ attributes: `40 03 01 00 ${MP6("00")}` }),
    expect: { treatAsWithdraw: true, reachFamily: 1 },
  },
  {
    name: "RFC 7606 §3(c): a NEXT_HOP with the Optional bit is malformed, superfluous or not",
    given: body({ attributes: `c0 03 04 c0000201 ${MP6("00")}` }),
    expect: { treatAsWithdraw: true, reachFamily: 1 },
  },
  {
    name: "attributes without prefixes",
    given: body({ attributes: BASE }),
    expect: { attributesWithoutNlri: true, endOfRib: -1 },
  },
  {
    name: "attributes beside withdrawn routes",
    given: body({ withdrawn: "08 0a", attributes: BASE }),
    expect: { attributesWithoutNlri: true },
  },
  {
    name: "MP_REACH_NLRI without prefixes",
    given: body({ attributes: MP6("") }),
    expect: { attributesWithoutNlri: true, reachFamily: 1, endOfRib: -1 },
  },
  {
    name: "MP_UNREACH_NLRI alone",
    given: body({ attributes: "80 0f 04 0002 01 00" }),
    expect: { attributesWithoutNlri: false, unreachFamily: 1, endOfRib: -1 },
  },
  {
    name: "a prefix of a family we do not speak is reachable",
    given: body({ attributes: "80 0e 06 0019 46 00 00 ff" }),
    expect: { attributesWithoutNlri: false, reachFamily: -1, hasMultiprotocol: true },
  },
  {
    name: "multicast SAFI is a family we do not speak",
    given: body({ attributes: "80 0e 09 0001 02 04 c0000201 00" }),
    expect: { reachFamily: -1, hasMultiprotocol: true },
  },
  {
    name: "IPv4 prefixes with an IPv4 next hop in MP_REACH_NLRI",
    given: body({ attributes: "80 0e 0b 0001 01 04 c0000201 00 08 0a" }),
    context: NO_EXTENDED_NEXT_HOP,
    expect: { reachFamily: 0, reachNextHopLength: 4 },
  },
  {
    name: "IPv4 prefixes with an IPv6 next hop",
    given: body({ attributes: `80 0e 17 0001 01 10 ${GLOBAL} 00 08 0a` }),
    expect: { reachFamily: 0, reachNextHopLength: 16 },
  },
  {
    name: "IPv6 next hop with link-local address",
    given: body({ attributes: MP6("00", `${GLOBAL}fe80000000000000000000000000000a`) }),
    expect: { reachNextHopLength: 32 },
  },
  {
    name: "path identifiers",
    given: body({ withdrawn: "00000001 08 0a 00000002 00", attributes: BASE, nlri: "ffffffff 20 0a000001" }),
    context: ADD_PATH,
    expect: { treatAsWithdraw: false },
  },
  { name: "an empty UPDATE is End-of-RIB of IPv4", given: body({}), expect: { endOfRib: 0 } },
  {
    name: "an empty MP_UNREACH_NLRI is End-of-RIB of IPv6",
    given: body({ attributes: "80 0f 03 000201" }),
    expect: { endOfRib: 1 },
  },
  {
    name: "an empty MP_UNREACH_NLRI is End-of-RIB of IPv4",
    given: body({ attributes: "80 0f 03 000101" }),
    expect: { endOfRib: 0 },
  },
  {
    name: "End-of-RIB of a family we do not speak is none",
    given: body({ attributes: "80 0f 03 001946" }),
    expect: { endOfRib: -1, hasMultiprotocol: true },
  },
  {
    name: "an empty MP_UNREACH_NLRI beside withdrawn routes is no End-of-RIB",
    given: body({ withdrawn: "08 0a", attributes: "80 0f 03 000201" }),
    expect: { endOfRib: -1 },
  },
  {
    name: "an empty MP_UNREACH_NLRI beside announced prefixes is no End-of-RIB",
    given: body({ attributes: `80 0f 03 000201 ${BASE}`, nlri: "00" }),
    expect: { endOfRib: -1 },
  },
];

for (const { name, given, context, expect } of KEPT) {
  t.test(`${name} keeps the session`, async (t) => {
    const view = decode(given, context);
    t.match(view, expect);
    t.equal(view.faultText !== undefined, view.treatAsWithdraw, "a fault has a text");
  });
}
