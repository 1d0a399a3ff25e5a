import fc from "fast-check";
import t from "tap";
import {
  equalAddresses,
  formatAddress,
  formatBytes,
  formatIpv4Word,
  formatPrefix,
  ipv4Word,
  isLinkLocal,
  makePrefix,
  parseAddress,
  parsePrefix,
  parsePrefixLoosely,
  prefixContains,
} from "../../src/base/ip.js";

const bytesOf = (text: string): Uint8Array => parseAddress(text)?.bytes ?? new Uint8Array(0);

t.test("addresses are written as RFC 5952 wants them", async (t) => {
  const cases = [
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"], // §4.2.2: one group of zeros stays
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"], // §4.2.3: the longest run
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"], // §4.2.3: the first of equal runs
    ["2001:DB8::AAAA", "2001:db8::aaaa"], // §4.3
    ["0:0:0:0:0:0:13.1.68.3", "::d01:4403"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1"], // §5
    ["0:0:0:0:0:ffff:c000:201", "::ffff:192.0.2.1"],
    ["fe80::1%eth0", "fe80::1%eth0"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["192.0.2.255", "192.0.2.255"],
    ["0.0.0.0", "0.0.0.0"],
  ];
  for (const [text, canonical] of cases) {
    const address = parseAddress(text);
    t.equal(address === undefined ? undefined : formatAddress(address), canonical, text);
  }
});

t.test("what is no address is refused", async (t) => {
  const texts = [
    ..."|1|1.2.3|1.2.3.4.5|256.1.1.1|01.2.3.4|1.2.3.4%eth0|1.2.3.-4|1.2.3.4 |a.b.c.d|1..2.3".split("|"),
    ..."1:2:3:4:5:6:7|1:2:3:4:5:6:7:8:9|1::2::3|:::|12345::|g::|1:2:3:4:5:6:7:8::|fe80::1%|:1|1:|::1.2.3|::1.2.3.4:5|1.2.3.4::".split(
      "|",
    ),
  ];
  for (const text of texts) t.equal(parseAddress(text), undefined, text);
});

t.test("what was written is read again, and IPv6 text is never longer than it need be", async (t) => {
  const octets = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 }).map((list) => Uint8Array.from(list)),
  );
  fc.assert(fc.property(octets, (bytes) => Buffer.compare(bytesOf(formatBytes(bytes)), bytes) === 0));
  t.pass("for all octets");
});

t.test("prefixes", async (t) => {
  for (const text of ["0.0.0.0/0", "10.0.0.0/8", "192.0.2.1/32", "::/0", "2001:db8::/32", "2001:db8::1/128"]) {
    const prefix = parsePrefix(text);
    t.equal(prefix === undefined ? undefined : formatPrefix(prefix), text);
  }
  t.equal(
    formatPrefix(parsePrefix("192.0.2.1") ?? makePrefix(bytesOf("::"), 0)),
    "192.0.2.1/32",
    "a bare address is a host",
  );
  for (const text of [
    "10.0.0.1/8",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/08",
    "10.0.0.0/-1",
    "::/129",
    "fe80::%eth0/10",
    "/8",
    "10.0.0.0/8/8",
  ]) {
    t.equal(parsePrefix(text), undefined, text);
  }
  t.equal(
    formatPrefix(parsePrefixLoosely("10.1.2.3/9") ?? makePrefix(bytesOf("::"), 0)),
    "10.0.0.0/9",
    "host bits are cleared",
  );
});

t.test("containment", async (t) => {
  const cases: [string, string, boolean][] = [
    ["0.0.0.0/0", "255.1.1.1", true],
    ["10.0.0.0/9", "10.127.255.255", true],
    ["10.0.0.0/9", "10.128.0.0", false],
    ["10.1.1.1/32", "10.1.1.1", true],
    ["10.1.1.1/32", "10.1.1.2", false],
    ["2001:db8::/33", "2001:db8:7fff::", true],
    ["2001:db8::/33", "2001:db8:8000::", false],
    ["::/0", "10.0.0.1", false],
    ["0.0.0.0/0", "::", false],
  ];
  for (const [outer, inner, inside] of cases) {
    const prefix = parsePrefix(outer);
    t.equal(prefix !== undefined && prefixContains(prefix, bytesOf(inner)), inside, `${inner} in ${outer}`);
  }
});

t.test("a prefix holds exactly the addresses that mask to it", async (t) => {
  const octets = fc.uint8Array({ minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(octets, octets, fc.nat(32), (a, b, length) => {
      const isEqual = Buffer.compare(makePrefix(a, length).bytes, makePrefix(b, length).bytes) === 0;
      return prefixContains(makePrefix(a, length), b) === isEqual;
    }),
  );
  t.pass("for all addresses and lengths");
});

t.test("words", async (t) => {
  t.equal(ipv4Word("192.0.2.1"), 0xc0000201 | 0);
  t.equal(formatIpv4Word(0xc0000201 | 0), "192.0.2.1");
  t.equal(formatIpv4Word(0xc0000201), "192.0.2.1");
  t.throws(() => ipv4Word("::1"), RangeError);
});

t.test("link-local addresses, and equality with zones", async (t) => {
  const cases: [string, boolean][] = [
    ["fe80::1", true],
    ["febf::1", true],
    ["fec0::1", false],
    ["ff02::1", false],
    ["169.254.0.1", false],
  ];
  for (const [text, is] of cases) t.equal(isLinkLocal(bytesOf(text)), is, text);
  const [a, b, c] = ["fe80::1%eth0", "fe80::1%eth1", "fe80:0::1%eth0"].map(
    (text) => parseAddress(text) ?? { bytes: new Uint8Array(0) },
  );
  t.equal(equalAddresses(a, b), false);
  t.equal(equalAddresses(a, c), true);
});
