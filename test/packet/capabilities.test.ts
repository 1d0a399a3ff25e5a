import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import t from "tap";
import { ByteWriter, fromHex, toHex } from "../../src/base/bytes.js";
import type { Family } from "../../src/base/family.js";
import {
  type Capabilities,
  capabilityNames,
  decodeCapabilities,
  encodeCapabilities,
  NO_CAPABILITIES,
} from "../../src/packet/capabilities.js";

function decode(hex: string): Capabilities {
  const bytes = fromHex(hex);
  return decodeCapabilities(bytes, 0, bytes.length);
}

function capabilities(part: Partial<Capabilities>): Capabilities {
  return { ...NO_CAPABILITIES, ...part };
}

const ROWS: readonly { name: string; given: string; expect: Partial<Capabilities>; names: readonly string[] }[] = [
  { name: "nothing is nothing", given: "", expect: {}, names: [] },
  {
    name: "a family named twice counts once",
    given: "0104 0001 00 01 0104 0001 00 01",
    expect: { families: [0] },
    names: ["ipv4 unicast"],
  },
  {
    name: "the reserved octet of multiprotocol is ignored",
    given: "0104 0002 ff 01",
    expect: { families: [1] },
    names: ["ipv6 unicast"],
  },
  {
    name: "RFC 4724 §3: the last graceful restart counts",
    given: "4006 8078 0001 01 80 4006 005a 0002 01 00",
    expect: {
      gracefulRestart: {
        restarting: false,
        notification: false,
        restartTimeSeconds: 90,
        families: [{ family: 1, forwardingPreserved: false }],
      },
    },
    names: ["graceful restart (90 s)"],
  },
  {
    name: "graceful restart passes over families we do not speak",
    given: "400a 4fff 0019 46 80 0001 01 ff",
    expect: {
      gracefulRestart: {
        restarting: false,
        notification: true,
        restartTimeSeconds: 4095,
        families: [{ family: 0, forwardingPreserved: true }],
      },
    },
    names: ["graceful restart (4095 s)"],
  },
  {
    name: "RFC 7911 §4: add-path modes 0 and 4 count as not understood",
    given: "450c 0001 01 00 0002 01 04 0019 46 03",
    expect: {},
    names: [],
  },
  {
    name: "add-path by family and direction",
    given: "4508 0001 01 02 0002 01 03",
    expect: {
      addPath: [
        { family: 0, receive: false, send: true },
        { family: 1, receive: true, send: true },
      ],
    },
    names: ["add-path ipv4 (send)", "add-path ipv6 (receive, send)"],
  },
  {
    name: "extended next hop passes over families we do not speak",
    given: "050c 0001 0001 0002 0001 0080 0002",
    expect: { extendedNextHop: [{ family: 0, nextHopAfi: 2 }] },
    names: ["ipv4 with ipv6 next hop"],
  },
  {
    name: "unknown capabilities are kept in order",
    given: "fa02 0102 4900",
    expect: {
      unknown: [
        { code: 250, value: Uint8Array.of(1, 2) },
        { code: 73, value: new Uint8Array(0) },
      ],
    },
    names: ["capability 250", "FQDN"],
  },
  {
    name: "RFC 9234 §4.2: a role told twice is one role",
    given: "0901 03 0901 03",
    expect: { roles: [3] },
    names: ["role customer"],
  },
  {
    name: "RFC 9234 §4.1: a contradiction, and a role that has no name",
    given: "0901 01 0901 07",
    expect: { roles: [1, 7] },
    names: ["role routeServer", "role 7"],
  },
  {
    name: "all flags",
    given: "0200 0600 4104 00010000 4600",
    expect: { routeRefresh: true, extendedMessage: true, enhancedRouteRefresh: true, fourOctetAs: 65536 },
    names: ["route refresh", "extended message", "4-octet AS", "enhanced route refresh"],
  },
];

for (const { name, given, expect, names } of ROWS) {
  t.test(name, async (t) => {
    const decoded = decode(given);
    t.strictSame(decoded, capabilities(expect));
    t.strictSame(capabilityNames(decoded), names);
  });
}

t.test("decoding leaves NO_CAPABILITIES alone", async (t) => {
  decode("0104 0001 00 01 fa00 0200");
  t.strictSame(NO_CAPABILITIES.families, []);
  t.strictSame(NO_CAPABILITIES.unknown, []);
  t.equal(NO_CAPABILITIES.routeRefresh, false);
});

t.test("a restart time beyond 4095 is sent as 4095", async (t) => {
  const out = new ByteWriter();
  const gracefulRestart = { restarting: false, notification: false, restartTimeSeconds: 9999, families: [] };
  encodeCapabilities(capabilities({ gracefulRestart }), out);
  t.equal(toHex(out.finish()), "40020fff");
});

function plainRecord<Model>(model: { [Key in keyof Model]: fc.Arbitrary<Model[Key]> }): fc.Arbitrary<Model> {
  return fc.record(model, { noNullPrototype: true });
}

t.test("what is encoded is decoded", async (t) => {
  const family = fc.constantFrom<Family>(0, 1);
  const part = plainRecord({
    families: fc.uniqueArray(family),
    otherFamilies: fc.array(plainRecord({ afi: fc.integer({ min: 3, max: 65535 }), safi: fc.nat(255) }), {
      maxLength: 3,
    }),
    routeRefresh: fc.boolean(),
    enhancedRouteRefresh: fc.boolean(),
    extendedMessage: fc.boolean(),
    roles: fc.uniqueArray(fc.nat(255), { maxLength: 3 }),
    extendedNextHop: fc.array(plainRecord({ family, nextHopAfi: fc.nat(65535) }), { maxLength: 3 }),
    gracefulRestart: fc.option(
      plainRecord({
        restarting: fc.boolean(),
        notification: fc.boolean(),
        restartTimeSeconds: fc.nat(4095),
        families: fc.array(plainRecord({ family, forwardingPreserved: fc.boolean() }), { maxLength: 3 }),
      }),
      { nil: undefined },
    ),
    fourOctetAs: fc.option(fc.nat(0xffffffff), { nil: undefined }),
    addPath: fc.uniqueArray(
      fc.constantFrom(
        { family: 0 as Family, receive: true, send: false },
        { family: 1 as Family, receive: true, send: true },
      ),
    ),
    unknown: fc.array(
      plainRecord({ code: fc.integer({ min: 130, max: 255 }), value: fc.uint8Array({ maxLength: 9 }) }),
      {
        maxLength: 3,
      },
    ),
  });
  fc.assert(
    fc.property(part, (given) => {
      const out = new ByteWriter(1024);
      encodeCapabilities(given, out);
      return isDeepStrictEqual(decodeCapabilities(out.bytes, 0, out.length), given);
    }),
  );
  t.pass("100 random sets");
});
