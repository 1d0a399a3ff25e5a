import fc from "fast-check";
import t from "tap";
import { type IpPrefix, makePrefix, parseAddress, prefixContains } from "../../src/base/ip.js";
import { findOverlaps, networkOf, rangeContains, rangeSize, unusableReason } from "../../src/config/address-ranges.js";
import { prefixOf } from "../policy/sample-route.js";

t.test("the network of a prefix with host bits is found", (t) => {
  t.same(networkOf("10.0.0.77/24"), { network: "10.0.0.0/24", last: "10.0.0.255" });
  t.same(networkOf("2001:db8:0:1::77/64"), { network: "2001:db8:0:1::/64", last: "2001:db8:0:1:ffff:ffff:ffff:ffff" });
  t.same(networkOf("::ffff:192.0.2.1/96"), { network: "::ffff:0.0.0.0/96", last: "::ffff:255.255.255.255" });
  t.equal(networkOf("10.0.0.0/33"), undefined);
  t.equal(networkOf("ten"), undefined);
  t.end();
});

t.test("sizes are exact, also beyond 2^53", (t) => {
  t.equal(rangeSize(prefixOf("192.0.2.64/26")), 64n);
  t.equal(rangeSize(prefixOf("2001:db8::/32")), 2n ** 96n);
  t.end();
});

t.test("addresses that no peer can have are told from others", (t) => {
  const rows: readonly [string, RegExp | undefined][] = [
    ["0.0.0.0", /unspecified/],
    ["::", /unspecified/],
    ["224.0.0.5", /multicast/],
    ["ff02::5", /multicast/],
    ["240.0.0.1", /reserved/],
    ["255.255.255.255", /reserved/],
    ["127.0.0.2", undefined],
    ["10.0.0.1", undefined],
    ["169.254.0.1", undefined],
    ["fe80::1", undefined],
    ["2001:db8::1", undefined],
    ["::1", undefined],
  ];
  for (const [text, expected] of rows) {
    const address = parseAddress(text);
    const reason = address && unusableReason(address);
    if (expected === undefined) t.equal(reason, undefined, text);
    else t.match(reason, expected, text);
  }
  t.end();
});

const prefix = (octets: number): fc.Arbitrary<IpPrefix> =>
  fc
    .tuple(fc.array(fc.constantFrom(0, 10, 128, 255), { minLength: octets, maxLength: octets }), fc.nat(octets * 8))
    .map(([bytes, length]) => makePrefix(Uint8Array.from(bytes), length));
const anyPrefix = fc.oneof(prefix(4), prefix(16));

t.test("containment agrees with a comparison of bits", (t) => {
  fc.assert(
    fc.property(anyPrefix, anyPrefix, (outer, inner) => {
      const expected = outer.length <= inner.length && prefixContains(outer, inner.bytes);
      return rangeContains(outer, inner) === expected;
    }),
  );
  t.pass("random pairs");
  t.end();
});

t.test("overlaps are found in any order, each prefix once", (t) => {
  fc.assert(
    fc.property(fc.array(anyPrefix, { maxLength: 8 }), (prefixes) => {
      const meets = (a: IpPrefix, b: IpPrefix): boolean => rangeContains(a, b) || rangeContains(b, a);
      const found = findOverlaps(prefixes);
      const isClean = prefixes.every((one, i) => prefixes.every((other, j) => i === j || !meets(one, other)));
      return (
        (found.length === 0) === isClean &&
        found.every(({ index, other }) => other < index && meets(prefixes[index], prefixes[other]))
      );
    }),
  );
  t.same(findOverlaps(["10.0.1.0/24", "10.1.0.0/16", "10.0.0.0/8", "11.0.0.0/8"].map(prefixOf)), [
    { index: 2, other: 0 },
    { index: 2, other: 1 },
  ]);
  t.end();
});
