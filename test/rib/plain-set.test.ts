// The short way and judging are held against each other: whatever the one takes, the other must see in the same way.

import { deepStrictEqual as deepEqual } from "node:assert";
import fc from "fast-check";
import t from "tap";
import { ByteWriter, fromHex, toHex } from "../../src/base/bytes.js";
import { AttributeFacts } from "../../src/packet/attributes/attribute.js";
import { encodeAttributes, judgeAttributes, type PathAttributes } from "../../src/packet/attributes/index.js";
import { NotificationError } from "../../src/packet/notification.js";
import { NOT_PLAIN, readPlainSet } from "../../src/rib/plain-set.js";
import { marksOf } from "../../src/rib/set-marks.js";
import { RELATION, type SourceOptions } from "../../src/rib/sources.js";
import { IDENTITY, LOCAL_AS, sourceOptions } from "./rib-stage.js";

const OWN_ADDRESS = Uint8Array.of(192, 0, 2, 254);

const word = fc.oneof(
  fc.nat(0xffffffff),
  fc.constantFrom(
    0,
    LOCAL_AS,
    65010,
    IDENTITY.routerId,
    IDENTITY.clusterId,
    0xffff0000,
    0xffff029a,
    0xffffff01,
    0xffffff02,
    0xffffff03,
  ),
);
const segment = fc.record({
  type: fc.constantFrom(1, 2, 2, 2, 3),
  asNumbers: fc.array(word, { minLength: 1, maxLength: 4 }),
});
const nextHop = fc.oneof(
  fc.constantFrom(OWN_ADDRESS, Uint8Array.of(0, 0, 0, 0), Uint8Array.of(224, 0, 0, 1), Uint8Array.of(10, 0, 0, 1)),
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
);
const attributes: fc.Arbitrary<PathAttributes> = fc.record(
  {
    origin: fc.nat(2),
    asPath: fc.array(segment, { maxLength: 3 }),
    nextHop,
    med: word,
    localPref: word,
    atomicAggregate: fc.constant(true),
    aggregator: fc.record({ as: word, id: word }),
    communities: fc.array(word, { maxLength: 5 }),
    originatorId: word,
    clusterList: fc.array(word, { minLength: 1, maxLength: 4 }),
    extendedCommunities: fc.array(fc.tuple(word, word), { maxLength: 2 }),
    largeCommunities: fc.array(fc.tuple(fc.nat(2), fc.nat(1), fc.nat(1)), { maxLength: 10 }),
    onlyToCustomer: word,
  },
  { requiredKeys: ["origin", "asPath", "nextHop"] },
);
/** What speakers mostly send. */
const usual: fc.Arbitrary<PathAttributes> = fc.record(
  {
    origin: fc.nat(2),
    asPath: fc.array(
      fc.record({
        type: fc.constantFrom(1, 2),
        asNumbers: fc.array(fc.integer({ min: 64990, max: 65020 }), { minLength: 1, maxLength: 5 }),
      }),
      { maxLength: 2 },
    ),
    nextHop: fc.constantFrom(
      OWN_ADDRESS,
      Uint8Array.of(10, 0, 0, 1),
      Uint8Array.from({ length: 16 }, () => 0x20),
    ),
    med: word,
    atomicAggregate: fc.constant(true),
    communities: fc.array(word, { maxLength: 5 }),
    largeCommunities: fc.uniqueArray(fc.tuple(word, word, word), { selector: (value) => value.join(), maxLength: 9 }),
  },
  { requiredKeys: ["origin", "asPath", "nextHop"] },
);
const source: fc.Arbitrary<SourceOptions> = fc
  .record({
    relation: fc.constantFrom(RELATION.ebgp, RELATION.ibgpClient, RELATION.ibgpNonClient),
    globalAs: fc.constantFrom(LOCAL_AS, 65099),
    allowAsIn: fc.nat(2),
    knowsAddress: fc.boolean(),
    hasImport: fc.boolean(),
  })
  .map(({ relation, globalAs, allowAsIn, knowsAddress, hasImport }) => {
    if (!hasImport) return sourceOptions(relation);
    return sourceOptions(relation, {
      import: {
        globalAs,
        prependsLocalAs: false,
        allowAsIn,
        enforcesFirstAs: false,
        weight: 0,
        localPref: undefined,
        role: undefined,
        honoursGracefulShutdown: false,
        honoursBlackhole: false,
        isDraining: false,
        ignoresClusterList: false,
        ...(knowsAddress ? { localAddress: OWN_ADDRESS } : {}),
      },
    });
  });
/** Octets changed: place and new value. */
const damage = fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 2 });
const noDamage = fc.constant<[number, number][]>([]);
const sets = fc.oneof(
  fc.tuple(usual, noDamage),
  fc.tuple(usual, damage),
  fc.tuple(attributes, noDamage),
  fc.tuple(attributes, damage),
);

function encode(set: PathAttributes, changes: readonly (readonly [number, number])[]): Uint8Array {
  const out = new ByteWriter();
  encodeAttributes(set, out);
  const bytes = out.finish();
  for (const [at, octet] of changes) if (bytes.length > 0) bytes[at % bytes.length] = octet;
  return bytes;
}

interface Seen {
  readonly marks: number;
  readonly facts: Omit<AttributeFacts, "section" | "reset" | "add">;
}

function seen(marks: number, { section: _section, ...facts }: AttributeFacts): Seen {
  return { marks, facts: { ...facts, reasons: [...facts.reasons] } };
}

/** The long way: what it makes of the set, and its normal form. */
function judge(
  bytes: Uint8Array,
  ebgp: boolean,
  own: boolean,
  options: SourceOptions,
): Seen & { readonly body: string } {
  const facts = new AttributeFacts();
  const body = new ByteWriter(4096);
  judgeAttributes(bytes, 0, bytes.length, { fourOctetAs: true, ebgp, own }, facts, body);
  const marks = marksOf(body, options, IDENTITY.routerId, IDENTITY.clusterId);
  return { ...seen(marks, facts), body: toHex(body.bytes, 0, body.length) };
}

t.test("what the short way takes, judging takes as it is and sees alike", async (t) => {
  let taken = 0;
  let left = 0;
  fc.assert(
    fc.property(sets, source, fc.boolean(), ([set, changes], options, own) => {
      const bytes = encode(set, changes);
      const ebgp = options.relation === RELATION.ebgp && !own;
      // In the midst of others: nothing before or behind may be read.
      const padded = Uint8Array.from([0xff, 0xff, 0xff, ...bytes, 0xff, 0xff, 0xff, 0xff]);
      const facts = new AttributeFacts();
      const marks = readPlainSet(padded, 3, 3 + bytes.length, { ebgp, own }, options, IDENTITY, facts);
      if (marks === NOT_PLAIN) {
        left++;
        return true;
      }
      taken++;
      const judged = judge(bytes, ebgp, own, options);
      deepEqual(seen(marks, facts), { marks: judged.marks, facts: judged.facts }, toHex(bytes));
      return judged.body === toHex(bytes) && judged.facts.reasons.length === 0;
    }),
    { numRuns: 4000 },
  );
  t.ok(taken > 500 && left > 500, `${taken} taken, ${left} left to judging`);
});

t.test("a usual set is taken", async (t) => {
  const facts = new AttributeFacts();
  const bytes = encode(
    {
      origin: 0,
      asPath: [{ type: 2, asNumbers: [65010, 65020] }],
      nextHop: Uint8Array.of(10, 0, 0, 1),
      med: 5,
      communities: [1, 2],
      largeCommunities: [
        [1, 2, 3],
        [1, 2, 4],
      ],
    },
    [],
  );
  const options = sourceOptions(RELATION.ebgp);
  t.equal(readPlainSet(bytes, 0, bytes.length, { ebgp: true, own: false }, options, IDENTITY, facts), 0);
  t.same([facts.asPathLength, facts.neighborAs, facts.med], [2, 65010, 5]);
});

t.test("cut anywhere, a set is not taken", async (t) => {
  const bytes = fromHex("40010100 4002060201000003e8 4003040a000001 80040400000005");
  const options = sourceOptions(RELATION.ebgp);
  const facts = new AttributeFacts();
  const context = { ebgp: true, own: false };
  for (let end = 0; end < bytes.length; end++) {
    const isWhole = end === bytes.length - 7;
    const marks = readPlainSet(bytes, 0, end, context, options, IDENTITY, facts);
    t.equal(marks !== NOT_PLAIN, isWhole, `${end} octets`);
    if (marks === NOT_PLAIN) continue;
    t.doesNotThrow(() => judge(bytes.subarray(0, end), true, false, options));
  }
  t.throws(() => judge(fromHex("40630100"), true, false, options), NotificationError, "what judging refuses");
  t.equal(readPlainSet(fromHex("40630100"), 0, 4, context, options, IDENTITY, facts), NOT_PLAIN);
});
