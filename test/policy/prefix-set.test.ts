import fc from "fast-check";
import t from "tap";
import { type IpPrefix, makePrefix } from "../../src/base/ip.js";
import type { PrefixRange } from "../../src/policy/ast.js";
import { PrefixSet } from "../../src/policy/prefix-set.js";
import { prefixOf, prefixWords } from "./sample-route.js";

function holds(set: PrefixSet, prefix: IpPrefix): boolean {
  const { family, w0, w1, w2, w3, prefixLength } = prefixWords(prefix);
  return set.has(family, w0, w1, w2, w3, prefixLength);
}

function range(text: string, least: number, greatest: number): PrefixRange {
  return { prefix: prefixOf(text), least, greatest };
}

const ROWS: readonly { name: string; ranges: readonly PrefixRange[]; inside: string[]; outside: string[] }[] = [
  { name: "an empty set holds nothing", ranges: [], inside: [], outside: ["0.0.0.0/0", "10.0.0.0/8", "::/0"] },
  {
    name: "an exact prefix holds itself alone",
    ranges: [range("10.0.0.0/8", 8, 8)],
    inside: ["10.0.0.0/8"],
    outside: ["10.0.0.0/9", "10.0.0.0/10", "11.0.0.0/8", "0.0.0.0/0", "a00::/8"],
  },
  {
    name: "a range of lengths holds what is inside, within the lengths",
    ranges: [range("10.0.0.0/8", 24, 28)],
    inside: ["10.0.0.0/24", "10.255.255.0/24", "10.1.2.16/28"],
    outside: ["10.0.0.0/8", "10.0.0.0/23", "10.0.0.0/29", "11.0.0.0/24"],
  },
  {
    name: "lengths below the prefix's own mean the prefixes around it",
    ranges: [range("10.128.0.0/9", 0, 9)],
    inside: ["0.0.0.0/0", "8.0.0.0/5", "10.0.0.0/8", "10.128.0.0/9"],
    outside: ["10.0.0.0/9", "10.128.0.0/10", "128.0.0.0/1"],
  },
  {
    name: "entries with one base prefix add their lengths up",
    ranges: [range("10.0.0.0/8", 8, 8), range("10.0.0.0/8", 32, 32)],
    inside: ["10.0.0.0/8", "10.9.8.7/32"],
    outside: ["10.0.0.0/16", "10.9.8.0/31"],
  },
  {
    name: "everything of one family leaves the other out",
    ranges: [range("0.0.0.0/0", 0, 32)],
    inside: ["0.0.0.0/0", "255.255.255.255/32"],
    outside: ["::/0", "2001:db8::/32"],
  },
  {
    name: "IPv6 prefixes are told apart in every word",
    ranges: [range("2001:db8:0:1::/64", 64, 128), range("2001:db8::ffff:0:0/96", 96, 96)],
    inside: ["2001:db8:0:1::/64", "2001:db8:0:1:ffff::/80", "2001:db8:0:1::1/128", "2001:db8::ffff:0:0/96"],
    outside: ["2001:db8:0:2::/64", "2001:db8::/63", "2001:db8::fffe:0:0/96", "2001:db8::ffff:0:1/128"],
  },
];

for (const { name, ranges, inside, outside } of ROWS) {
  t.test(name, (t) => {
    const set = new PrefixSet(ranges);
    for (const text of inside) t.ok(holds(set, prefixOf(text)), `${text} is in`);
    for (const text of outside) t.notOk(holds(set, prefixOf(text)), `${text} is out`);
    t.end();
  });
}

t.test("addresses are looked up as host prefixes", (t) => {
  const set = new PrefixSet([range("192.0.2.0/24", 32, 32), range("fe80::/10", 128, 128)]);
  t.ok(set.hasAddress(Uint8Array.of(192, 0, 2, 77)));
  t.notOk(set.hasAddress(Uint8Array.of(192, 0, 3, 77)));
  t.ok(set.hasAddress(prefixOf("fe80::1").bytes));
  t.notOk(set.hasAddress(prefixOf("2001:db8::1").bytes));
  t.notOk(set.hasAddress(new Uint8Array(0)), "a route without a next hop");
  t.end();
});

/** Few distinct octets, so that prefixes often meet. */
function prefixArbitrary(octets: number): fc.Arbitrary<IpPrefix> {
  const octet = fc.constantFrom(0, 1, 10, 128, 255);
  return fc
    .tuple(fc.array(octet, { minLength: octets, maxLength: octets }), fc.nat(octets * 8))
    .map(([bytes, length]) => makePrefix(Uint8Array.from(bytes), length));
}

const anyPrefix = fc.oneof(prefixArbitrary(4), prefixArbitrary(16));
const anyRange = anyPrefix.chain((prefix) => {
  const bits = prefix.bytes.length * 8;
  return fc
    .tuple(fc.nat(bits), fc.nat(bits))
    .map(([a, b]): PrefixRange => ({ prefix, least: Math.min(a, b), greatest: Math.max(a, b) }));
});

/** The definition, bit by bit. */
function isInRange({ prefix, least, greatest }: PrefixRange, candidate: IpPrefix): boolean {
  if (prefix.family !== candidate.family || candidate.length < least || candidate.length > greatest) return false;
  const bit = (of: IpPrefix, i: number): number => (of.bytes[i >> 3] >> (7 - (i & 7))) & 1;
  for (let i = 0; i < Math.min(prefix.length, candidate.length); i++)
    if (bit(prefix, i) !== bit(candidate, i)) return false;
  return true;
}

t.test("a set agrees with the definition for any ranges and any prefix", (t) => {
  fc.assert(
    fc.property(
      fc.array(anyRange, { maxLength: 12 }),
      fc.array(anyPrefix, { minLength: 1, maxLength: 20 }),
      (ranges, candidates) => {
        const set = new PrefixSet(ranges);
        // The ranges' own prefixes are asked, too: chance alone would rarely hit one.
        for (const candidate of [...candidates, ...ranges.map(({ prefix }) => prefix)]) {
          const expected = ranges.some((entry) => isInRange(entry, candidate));
          if (holds(set, candidate) !== expected) return false;
        }
        return true;
      },
    ),
    { numRuns: 300 },
  );
  t.pass("300 random sets");
  t.end();
});

t.test("a large set finds each of its prefixes and no neighbour", (t) => {
  const prefixes = Array.from({ length: 20000 }, (_, i) =>
    makePrefix(Uint8Array.of(10 + (i >> 15), i >> 7, (i & 127) * 2, 0), 24),
  );
  const set = new PrefixSet(prefixes.map((prefix) => ({ prefix, least: 24, greatest: 24 })));
  t.ok(prefixes.every((prefix) => holds(set, prefix)));
  t.notOk(
    prefixes.some((prefix) =>
      holds(set, makePrefix(Uint8Array.of(...prefix.bytes.slice(0, 2), prefix.bytes[2] + 1, 0), 24)),
    ),
  );
  t.end();
});
