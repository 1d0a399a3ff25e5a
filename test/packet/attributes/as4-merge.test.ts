// RFC 6793 §4.2.3: AS_PATH + AS4_PATH and AGGREGATOR + AS4_AGGREGATOR from a speaker of two-octet AS numbers.

import fc from "fast-check";
import t from "tap";
import { ByteWriter, fromHex, toHex } from "../../../src/base/bytes.js";
import {
  AttributeFacts,
  asPathText,
  decodeAttributes,
  encodeAttributes,
  judgeAttributes,
  needsAs4Path,
  type PathAttributes,
  writeTwoOctetPath,
} from "../../../src/packet/attributes/index.js";

const OLD = { fourOctetAs: false, ebgp: true };
const TRANS = 23456;

interface Judged {
  readonly facts: AttributeFacts;
  readonly attributes: PathAttributes;
}

function judge(attributes: PathAttributes, raw = ""): Judged {
  const section = new ByteWriter(8192);
  encodeAttributes({ origin: 0, nextHop: Uint8Array.of(192, 0, 2, 1), ...attributes }, section, false);
  section.append(fromHex(raw));
  const facts = new AttributeFacts();
  const out = new ByteWriter();
  judgeAttributes(section.bytes, 0, section.length, OLD, facts, out);
  return { facts, attributes: decodeAttributes(out.bytes, 0, out.length) };
}

function sequence(...asNumbers: number[]): { type: number; asNumbers: number[] } {
  return { type: 2, asNumbers };
}

function set(...asNumbers: number[]): { type: number; asNumbers: number[] } {
  return { type: 1, asNumbers };
}

interface PathRow {
  readonly name: string;
  readonly given: PathAttributes;
  readonly path: string;
  readonly length: number;
}

const PATH_ROWS: readonly PathRow[] = [
  {
    name: "without AS4_PATH the path is widened",
    given: { asPath: [sequence(65001, 65002)] },
    path: "65001 65002",
    length: 2,
  },
  { name: "an empty path stays empty", given: { asPath: [] }, path: "", length: 0 },
  {
    name: "AS4_PATH replaces the end of the path",
    given: { asPath: [sequence(65001, TRANS, TRANS)], as4Path: [sequence(100000, 200000)] },
    path: "65001 100000 200000",
    length: 3,
  },
  {
    name: "an AS4_PATH as long as the path replaces it",
    given: { asPath: [sequence(TRANS, TRANS)], as4Path: [sequence(100000, 200000)] },
    path: "100000 200000",
    length: 2,
  },
  {
    name: "an AS4_PATH longer than the path is ignored",
    given: { asPath: [sequence(65001)], as4Path: [sequence(100000, 200000)] },
    path: "65001",
    length: 1,
  },
  {
    name: "a set counts as one and is taken whole",
    given: { asPath: [sequence(65001), set(65002, 65003), sequence(TRANS)], as4Path: [sequence(100000)] },
    path: "65001 {65002 65003} 100000",
    length: 3,
  },
  {
    name: "sets that touch stay apart",
    given: { asPath: [set(65001), sequence(TRANS)], as4Path: [set(100000)] },
    path: "{65001} {100000}",
    length: 2,
  },
  {
    name: "confederation segments of AS4_PATH are dropped and do not count",
    given: { asPath: [sequence(65001, TRANS)], as4Path: [{ type: 3, asNumbers: [7, 8] }, sequence(100000)] },
    path: "65001 100000",
    length: 2,
  },
  {
    name: "with an AGGREGATOR that is not AS_TRANS both AS4 attributes are ignored",
    given: {
      asPath: [sequence(65001, TRANS)],
      as4Path: [sequence(100000)],
      aggregator: { as: 65001, id: 1 },
      as4Aggregator: { as: 100000, id: 2 },
    },
    path: `65001 ${TRANS}`,
    length: 2,
  },
  {
    name: "an AGGREGATOR that is not AS_TRANS without AS4_AGGREGATOR does not matter",
    given: { asPath: [sequence(65001, TRANS)], as4Path: [sequence(100000)], aggregator: { as: 65001, id: 1 } },
    path: "65001 100000",
    length: 2,
  },
];

for (const { name, given, path, length } of PATH_ROWS) {
  t.test(name, async (t) => {
    const { facts, attributes } = judge(given);
    t.equal(facts.fate, 0);
    t.equal(asPathText(attributes.asPath ?? []), path);
    t.equal(facts.asPathLength, length);
    t.equal(attributes.as4Path, undefined);
  });
}

t.test("AGGREGATOR and AS4_AGGREGATOR", async (t) => {
  const path = { asPath: [sequence(65001)] };
  const rows: readonly [string, PathAttributes, PathAttributes["aggregator"]][] = [
    ["AGGREGATOR alone is widened", { aggregator: { as: 65001, id: 1 } }, { as: 65001, id: 1 }],
    ["AS_TRANS alone stays", { aggregator: { as: TRANS, id: 1 } }, { as: TRANS, id: 1 }],
    [
      "AS_TRANS gives way",
      { aggregator: { as: TRANS, id: 1 }, as4Aggregator: { as: 100000, id: 2 } },
      { as: 100000, id: 2 },
    ],
    [
      "another AS does not",
      { aggregator: { as: 65001, id: 1 }, as4Aggregator: { as: 100000, id: 2 } },
      { as: 65001, id: 1 },
    ],
    ["AS4_AGGREGATOR alone is nothing", { as4Aggregator: { as: 100000, id: 2 } }, undefined],
  ];
  for (const [name, given, expected] of rows) {
    const { facts, attributes } = judge({ ...path, ...given });
    t.equal(facts.fate, 0, name);
    t.strictSame(attributes.aggregator, expected, name);
    t.equal(attributes.as4Aggregator, undefined, name);
  }
});

// RFC 6793 §6, RFC 7607 §2, RFC 7606 §7.7.
const DISCARDED: readonly { name: string; raw: string; reason: string }[] = [
  { name: "AS4_PATH of 4 octets", raw: "c0 11 04 02 00 0100", reason: "AS4_PATH malformed" },
  { name: "AS4_PATH with an empty segment", raw: "c0 11 08 02 00 02 01 00010000", reason: "AS4_PATH malformed" },
  { name: "AS4_PATH whose segment overruns", raw: "c0 11 06 02 02 00010000", reason: "AS4_PATH malformed" },
  { name: "AS4_PATH with segment type 5", raw: "c0 11 06 05 01 00010000", reason: "AS4_PATH malformed" },
  { name: "AS4_PATH with AS 0", raw: "c0 11 06 02 01 00000000", reason: "AS 0" },
  { name: "AS4_AGGREGATOR of 6 octets", raw: "c0 12 06 0001 00000001", reason: "AS4_AGGREGATOR length" },
  { name: "AS4_AGGREGATOR with AS 0", raw: "c0 12 08 00000000 00000001", reason: "AS 0" },
  {
    name: "AGGREGATOR of 8 octets from a speaker of two",
    raw: "c0 07 08 0000fde9 00000001",
    reason: "AGGREGATOR length",
  },
];

for (const { name, raw, reason } of DISCARDED) {
  t.test(`${name} is discarded, the path stays`, async (t) => {
    const { facts, attributes } = judge({ asPath: [sequence(65001, TRANS)] }, raw);
    t.equal(facts.fate, 0);
    t.equal(facts.reasons.length, 1);
    t.ok(facts.reasons[0].includes(reason), facts.reasons[0]);
    t.equal(asPathText(attributes.asPath ?? []), `65001 ${TRANS}`);
    t.equal(attributes.aggregator, undefined);
  });
}

t.test("AS_PATH of two octets is judged in two octets", async (t) => {
  const facts = new AttributeFacts();
  const raw = fromHex("40 01 01 00 40 02 06 02 02 fde9 0000 40 03 04 c0000201");
  judgeAttributes(raw, 0, raw.length, OLD, facts, new ByteWriter());
  t.equal(facts.fate, 1);
  t.match(facts.reasons, [/AS 0/]);
});

t.test("a path that outgrows 255 octets gets an extended header, one that outgrows a segment gets two", async (t) => {
  const asNumbers = Array.from({ length: 200 }, (_, i) => 1000 + i);
  const { attributes } = judge({ asPath: [sequence(...asNumbers), sequence(...asNumbers)] });
  t.strictSame(
    attributes.asPath?.map((segment) => segment.asNumbers.length),
    [255, 145],
  );
  t.strictSame(
    attributes.asPath?.flatMap((segment) => segment.asNumbers),
    [...asNumbers, ...asNumbers],
  );
});

t.test("what RFC 6793 §4.2.2 takes apart §4.2.3 puts together", async (t) => {
  const as = fc.oneof(fc.integer({ min: 1, max: 65535 }), fc.integer({ min: 65536, max: 4294967295 }));
  fc.assert(
    fc.property(fc.array(as, { minLength: 1, maxLength: 30 }), fc.array(as, { maxLength: 4 }), (path, aggregated) => {
      const asPath = aggregated.length === 0 ? [sequence(...path)] : [sequence(...path), set(...aggregated)];
      const { attributes, facts } = judge({ asPath, as4Path: asPath });
      return facts.fate === 0 && asPathText(attributes.asPath ?? []) === asPathText(asPath);
    }),
  );
  t.pass("100 random paths");
});

t.test("a normal path is written in two octets", async (t) => {
  const four = fromHex("02 02 0000fde9 00010000 01 01 ffffffff");
  const two = new Uint8Array(32);
  const length = writeTwoOctetPath(four, 0, four.length, two, 1);
  t.equal(toHex(two, 1, 1 + length), "0202fde95ba001015ba0");
  t.equal(needsAs4Path(four, 0, four.length), true);
  t.equal(needsAs4Path(fromHex("02 02 0000fde9 0000ffff"), 0, 10), false);
  t.equal(needsAs4Path(four, 0, 0), false);
});
