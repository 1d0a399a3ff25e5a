// Random attribute sets to random groups: what is written is what a rewriting of plain objects gives, has no fault, and
// fits where it was said to fit.

import t from "tap";
import fc from "fast-check";
import { ByteWriter, type Bytes, toHex } from "../../src/base/bytes.js";
import {
  AttributeFacts,
  decodeAttributes,
  encodeAttributes,
  judgeAttributes,
  type PathAttributes,
} from "../../src/packet/attributes/index.js";
import { AttributeWriter } from "../../src/rib/attribute-writer.js";
import { AttrsTable } from "../../src/rib/attrs-table.js";
import { CONTEXT } from "../../src/rib/set-context.js";
import { ExportRules, type GroupOptions, usesMultiprotocol } from "../../src/rib/export-rules.js";
import { NextHopTable } from "../../src/rib/next-hop-table.js";
import { RELATION, type Relation, SourceTable } from "../../src/rib/sources.js";
import { attributesText } from "./naive-export.js";
import { type RewrittenSet, rewritten } from "./naive-rewriting.js";
import { groupOptions, IDENTITY, sourceOptions } from "./rib-stage.js";
import { address } from "./updates.js";

const BGP_IDENTIFIER = 0x0a000001;
const relation = fc.constantFrom<Relation>(0, 1, 2, 3);
const word = fc.integer({ min: 0, max: 0xffffffff });
const asNumber = fc.oneof(
  fc.constantFrom(65000, 65010, 7018, 400000, 1, 65535, 65536, 23456),
  fc.constantFrom(64511, 64512, 65534, 4199999999, 4200000000, 4294967294, 4294967295),
  fc.integer({ min: 1, max: 0xffffffff }),
);
const segment = fc.record({
  type: fc.constantFrom(1, 2, 2, 2),
  asNumbers: fc.oneof(
    { weight: 6, arbitrary: fc.array(asNumber, { minLength: 1, maxLength: 6 }) },
    { weight: 1, arbitrary: fc.array(asNumber, { minLength: 60, maxLength: 66, size: "max" }) },
    { weight: 1, arbitrary: fc.array(asNumber, { minLength: 252, maxLength: 255, size: "max" }) },
  ),
});
const communities = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.oneof(word, fc.constant(0xffff0000)), { minLength: 1, maxLength: 5 }) },
  { weight: 1, arbitrary: fc.array(word, { minLength: 61, maxLength: 65, size: "max" }) },
);
const attributes: fc.Arbitrary<PathAttributes> = fc.record(
  {
    origin: fc.constantFrom(0, 1, 2),
    asPath: fc.array(segment, { maxLength: 3 }),
    nextHop: fc.constant(address("192.0.2.1")),
    med: word,
    localPref: word,
    atomicAggregate: fc.constant(true),
    aggregator: fc.record({ as: asNumber, id: word }),
    communities,
    originatorId: word,
    clusterList: fc.array(word, { minLength: 1, maxLength: 64 }),
    extendedCommunities: fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 33 }),
    largeCommunities: fc.array(fc.tuple(word, word, word), { minLength: 1, maxLength: 3 }),
    onlyToCustomer: fc.integer({ min: 1, max: 0xffffffff }),
    unknown: fc
      .uniqueArray(
        fc.record({
          flags: fc.constant(0xe0),
          code: fc.constantFrom(20, 21, 30, 34, 36, 99, 255),
          value: fc.uint8Array({ maxLength: 300, size: "max" }),
        }),
        { maxLength: 2, selector: ({ code }) => code },
      )
      .map((list) => list.sort((a, b) => a.code - b.code)),
  },
  { requiredKeys: ["origin", "asPath", "nextHop"] },
);
const options: fc.Arbitrary<Partial<GroupOptions>> = fc.record({
  relation: fc.constantFrom<Relation>(1, 1, 2, 3),
  localAs: fc.constantFrom(65000, 7018, 400000),
  globalAs: fc.constantFrom(65000, 7018, 400000, 65001),
  overrideAs: fc.constantFrom(0, 0, 65010, 7018, 400000),
  removePrivateAs: fc.constantFrom("no" as const, "remove" as const, "replace" as const),
  role: fc.constantFrom(...([undefined, "provider", "customer", "peer", "routeServer", "routeServerClient"] as const)),
  isDraining: fc.boolean(),
  fourOctetAs: fc.boolean(),
  extendedNextHop: fc.boolean(),
});

interface Written {
  readonly bytes: Bytes;
  readonly bound: number;
  /** Shortest message length with which the rules let the set go out. */
  readonly shortestMessage: number;
}

function write(set: RewrittenSet, to: GroupOptions): Written {
  const sources = new SourceTable();
  const nextHops = new NextHopTable();
  const attrs = new AttrsTable(sources, nextHops, IDENTITY, 1, 16);
  const source = sources.add(sourceOptions(set.relation));
  sources.describe(source, source.options, set.bgpIdentifier);
  const body = new ByteWriter();
  encodeAttributes(set.attributes, body);
  const context = CONTEXT.normal | (set.medIsOurs ? CONTEXT.medIsOurs : 0);
  const id = attrs.intern(body.bytes, 0, body.length, source.id, context);
  const rules = new ExportRules(to, attrs, nextHops, sources);
  const writer = new AttributeWriter(rules, attrs, sources);
  // Where it lies must not matter.
  const out = new Uint8Array(writer.bound(id) + 600);
  const end = writer.write(id, out, 5);
  const fits = (maxMessageLength: number): boolean =>
    new ExportRules({ ...to, maxMessageLength }, attrs, nextHops, sources).misfit(id) === undefined;
  let [tooShort, shortestMessage] = [19, 0xffff];
  while (shortestMessage - tooShort > 1) {
    const between = (tooShort + shortestMessage) >> 1;
    if (fits(between)) shortestMessage = between;
    else tooShort = between;
  }
  return { bytes: out.slice(5, end), bound: writer.bound(id), shortestMessage };
}

/** Flags and types in order of appearance; throws where a length field is longer than it must be. */
function typesOf(bytes: Bytes): number[] {
  const types: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const isLong = (bytes[at] & 0x10) !== 0;
    const length = isLong ? (bytes[at + 2] << 8) | bytes[at + 3] : bytes[at + 2];
    if (isLong !== length > 255) throw new Error(`type ${bytes[at + 1]} of ${length} octets has flags ${bytes[at]}`);
    types.push(bytes[at + 1]);
    at += (isLong ? 4 : 3) + length;
  }
  return types;
}

function withoutNextHop({ nextHop: _nextHop, ...rest }: PathAttributes): PathAttributes {
  return rest;
}

const world = fc.record({
  attributes,
  relation,
  bgpIdentifier: fc.constant(BGP_IDENTIFIER),
  medIsOurs: fc.boolean(),
  clusterId: fc.constant(IDENTITY.clusterId),
});

t.test("what is written is what rewriting plain objects gives", async (t) => {
  let written = 0;
  fc.assert(
    fc.property(world, options, (set, changes) => {
      const to = groupOptions(changes);
      const { bytes, bound, shortestMessage } = write(set, to);
      const told = withoutNextHop(decodeAttributes(bytes, 0, bytes.length, to.fourOctetAs));
      const wanted = attributesText(rewritten(set, to));
      if (attributesText(told) !== wanted) throw new Error(`${attributesText(told)}\n  instead of\n${wanted}`);
      if (bytes.length > bound) throw new Error(`${bytes.length} octets, more than ${bound}`);
      const types = typesOf(bytes);
      if (types.some((type, i) => i > 0 && type <= types[i - 1])) throw new Error(`out of order: ${types.join(" ")}`);
      // Header, length fields, MP_REACH_NLRI with two IPv6 addresses, and what the encoder keeps free for a prefix.
      const rest = 19 + 4 + (usesMultiprotocol(to) ? 4 + 5 + 32 : 0) + 32;
      if (bytes.length + rest >= shortestMessage) throw new Error(`${bytes.length} octets and a prefix do not fit`);
      written++;
    }),
    { numRuns: 600 },
  );
  t.equal(written, 600);
});

t.test("the peer finds no fault, and in AS4_PATH the path that AS_PATH had no room for", async (t) => {
  const facts = new AttributeFacts();
  let checked = 0;
  fc.assert(
    fc.property(world, options, (set, changes) => {
      const to = groupOptions(changes);
      const { bytes } = write(set, to);
      const nextHop = usesMultiprotocol(to) ? [0x40, 3, 4, 192, 0, 2, 1] : [];
      const section = Uint8Array.of(...nextHop, ...bytes);
      const normal = new ByteWriter();
      const context = { fourOctetAs: to.fourOctetAs, ebgp: to.relation === RELATION.ebgp };
      judgeAttributes(section, 0, section.length, context, facts, normal);
      if (facts.reasons.length > 0) throw new Error(`${facts.reasons.join("; ")}: ${toHex(bytes)}`);
      const seen = withoutNextHop(decodeAttributes(normal.bytes, 0, normal.length, true));
      const wanted = attributesText(rewritten(set, to, true));
      if (attributesText(seen) !== wanted) throw new Error(`${attributesText(seen)}\n  instead of\n${wanted}`);
      checked++;
    }),
    { numRuns: 600 },
  );
  t.equal(checked, 600);
});
