// RFC 7606 §3 and §7 row by row: raw attributes → fate, reasons and normal form, for internal and external neighbours.

import t from "tap";
import { ByteWriter, fromHex, toHex } from "../../../src/base/bytes.js";
import {
  AttributeFacts,
  judgeAttributes,
  type JudgeContext,
  judgeWithoutNlri,
} from "../../../src/packet/attributes/index.js";
import { NotificationError } from "../../../src/packet/notification.js";
import { AS_PATH, BASE, EBGP, IBGP, NEXT_HOP, ORIGIN, ROWS } from "./judge-rows.js";

const BASE_OUT = squeeze(BASE);

function squeeze(hex: string): string {
  return hex.replaceAll(" ", "");
}

interface Judged {
  readonly facts: AttributeFacts;
  readonly normal: string;
}

function judge(hex: string, context: JudgeContext): Judged {
  const facts = new AttributeFacts();
  const out = new ByteWriter(8);
  const bytes = fromHex(hex);
  judgeAttributes(bytes, 0, bytes.length, context, facts, out);
  return { facts, normal: toHex(out.finish()) };
}

for (const row of ROWS) {
  for (const from of row.from === undefined ? [IBGP, EBGP] : [row.from]) {
    t.test(`${row.name} (${from.ebgp ? "eBGP" : "iBGP"})`, async (t) => {
      const { facts, normal } = judge(row.given, from);
      t.equal(facts.fate, row.fate === "accept" ? 0 : 1, "fate");
      if (row.fate === "accept") t.equal(normal, squeeze(row.normal ?? BASE), "normal form");
      const reasons = row.reasons ?? [];
      const mandatory = facts.reasons.filter((reason) => reason.includes("is missing"));
      t.equal(facts.reasons.length, reasons.length, facts.reasons.join("; "));
      for (const [i, reason] of reasons.entries()) t.ok(facts.reasons[i].includes(reason), facts.reasons[i]);
      t.equal(facts.hasMalformed, facts.fate === 1 && mandatory.length < facts.reasons.length, "hasMalformed");
      if (row.fate === "accept" && from === IBGP) {
        t.equal(judge(normal, from).normal, normal, "the normal form is its own normal form");
      }
    });
  }
}

t.test("facts are those of the attributes", async (t) => {
  const given = `${ORIGIN.replace(/00$/, "02")} 40 02 10 02 02 fffffffe 0000fdea 01 01 0000fdeb 40 03 04 c0000201
    80 04 04 ffffffff 40 05 04 80000000 80 09 04 c0000209 80 0a 08 0a000001 0a000002`;
  const { facts } = judge(given, IBGP);
  t.match(facts, {
    fate: 0,
    origin: 2,
    asPathLength: 3,
    neighborAs: 0xfffffffe,
    hasMed: true,
    med: 0xffffffff,
    localPref: 0x80000000,
    hasOriginatorId: true,
    originatorId: 0xc0000209,
    clusterCount: 2,
    nextHopLength: 4,
    nextHopAt: 4 + 19 + 3,
  });
});

function withoutScratch(facts: AttributeFacts): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(facts).filter(([key]) => key !== "section"));
}

t.test("facts are forgotten before the next set is judged", async (t) => {
  const facts = new AttributeFacts();
  const out = new ByteWriter();
  const first = fromHex(
    `${BASE} 80 04 04 00000001 40 05 04 000000c8 80 09 04 01010101 80 0a 04 01010101 40 01 01 00 c0 08 00`,
  );
  judgeAttributes(first, 0, first.length, IBGP, facts, out);
  t.equal(facts.fate, 1);
  out.clear();
  judgeAttributes(new Uint8Array(0), 0, 0, { ...IBGP, own: true }, facts, out);
  const fresh = new AttributeFacts();
  t.strictSame(withoutScratch(facts), withoutScratch(fresh));
  t.equal(out.length, 0);
});

t.test("the offset of the next hop counts from the normal form, not from the writer", async (t) => {
  const bytes = fromHex(BASE);
  const facts = new AttributeFacts();
  const out = new ByteWriter();
  out.u32(0xdeadbeef);
  judgeAttributes(bytes, 0, bytes.length, IBGP, facts, out);
  t.equal(toHex(out.finish()), `deadbeef${BASE_OUT}`);
  t.equal(toHex(out.bytes, 4 + facts.nextHopAt, 4 + facts.nextHopAt + facts.nextHopLength), "c0000201");
});

t.test("an AS_PATH that begins with an AS_SET has no neighbour", async (t) => {
  const { facts } = judge(`${ORIGIN} 40 02 0a 01 02 0000fde9 0000fdea ${NEXT_HOP}`, EBGP);
  t.match(facts, { neighborAs: 0, asPathLength: 1 });
});

t.test("our own attributes need neither mandatory ones nor a host as next hop", async (t) => {
  const own: JudgeContext = { fourOctetAs: true, ebgp: false, own: true };
  t.match(judge(ORIGIN, own).facts, { fate: 0, nextHopLength: 0 });
  const { facts, normal } = judge(`${ORIGIN} ${AS_PATH} 40 03 04 00000000`, own);
  t.match(facts, { fate: 0, nextHopLength: 4, reasons: [] });
  t.ok(normal.endsWith("40030400000000"));
});

t.test("RFC 4271 §6.3: an unrecognized well-known attribute resets the session", async (t) => {
  for (const [given, data] of [
    ["40 63 02 0102", "4063020102"],
    ["50 63 0002 0102", "506300020102"],
  ] as const) {
    const error = t.throws(() => judge(`${BASE} ${given}`, IBGP), NotificationError) as unknown;
    t.match(error, { code: 3, subcode: 2 });
    if (error instanceof NotificationError) t.equal(toHex(error.data), data);
  }
});

// RFC 7606 §5.2: attributes of an UPDATE without reachable prefixes.
const WITHOUT_NLRI: readonly { name: string; given: string; resets: boolean }[] = [
  { name: "sound attributes do nothing", given: BASE, resets: false },
  { name: "missing attributes are not missed", given: "40 05 04 000000c8", resets: false },
  { name: "a discarded attribute does nothing", given: `${BASE} 40 06 01 00`, resets: false },
  { name: "malformed COMMUNITIES reset the session", given: `${BASE} c0 08 03 000000`, resets: true },
  { name: "conflicting flags reset the session", given: "c0 01 01 00", resets: true },
];

for (const { name, given, resets } of WITHOUT_NLRI) {
  t.test(`§5.2 without reachable prefixes ${name}`, async (t) => {
    const bytes = fromHex(given);
    const run = (): void => judgeWithoutNlri(bytes, 0, bytes.length, IBGP, new AttributeFacts(), new ByteWriter());
    if (resets) t.throws(run, { code: 3, subcode: 1 });
    else t.doesNotThrow(run);
  });
}

t.test("attributes of 255 octets have a short header, of 256 an extended one", async (t) => {
  for (const [length, header] of [
    [255, "e063ff"],
    [256, "f0630100"],
  ] as const) {
    const value = "5a".repeat(length);
    const { normal } = judge(`${BASE} d0 63 ${length.toString(16).padStart(4, "0")} ${value}`, IBGP);
    t.equal(normal, BASE_OUT + header + value);
  }
});
