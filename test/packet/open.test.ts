import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import t from "tap";
import { type Bytes, fromHex, toHex } from "../../src/base/bytes.js";
import { type Capabilities, NO_CAPABILITIES } from "../../src/packet/capabilities.js";
import { NotificationError } from "../../src/packet/notification.js";
import { decodeOpen, encodeOpen, type OpenMessage } from "../../src/packet/open.js";

const FIXED = "04 fde9 00b4 c0000201";

function open(capabilities: Partial<Capabilities>): OpenMessage {
  return {
    version: 4,
    myAs: 65001,
    holdTimeSeconds: 180,
    bgpIdentifier: 0xc0000201,
    capabilities: { ...NO_CAPABILITIES, ...capabilities },
  };
}

function decode(hex: string): OpenMessage {
  const bytes = fromHex(hex);
  return decodeOpen(bytes, 0, bytes.length);
}

function body(message: Bytes): Bytes {
  return message.subarray(19);
}

// RFC 4271 §6.2, RFC 5492 §4, RFC 9072 §2.
const ERRORS: readonly { name: string; given: string; subcode: number; data?: string }[] = [
  { name: "nine octets", given: "04 fde9 00b4 c0000201", subcode: 0 },
  { name: "version 3", given: "03 fde9 00b4 c0000201 00", subcode: 1, data: "0004" },
  { name: "version 5", given: "05 fde9 00b4 c0000201 00", subcode: 1, data: "0004" },
  { name: "octets behind no optional parameters", given: `${FIXED} 00 00`, subcode: 0 },
  { name: "optional parameters shorter than announced", given: `${FIXED} 04 02 00`, subcode: 0 },
  { name: "optional parameters longer than announced", given: `${FIXED} 02 02 00 00`, subcode: 0 },
  { name: "half an optional parameter header", given: `${FIXED} 01 02`, subcode: 0 },
  { name: "an optional parameter that overruns", given: `${FIXED} 03 02 02 02`, subcode: 0 },
  { name: "the deprecated authentication parameter", given: `${FIXED} 02 01 00`, subcode: 4 },
  { name: "an unknown optional parameter", given: `${FIXED} 03 07 01 00`, subcode: 4 },
  { name: "a capability that overruns its parameter", given: `${FIXED} 04 02 02 02 01`, subcode: 0 },
  { name: "half a capability header", given: `${FIXED} 03 02 01 02`, subcode: 0 },
  { name: "a multiprotocol capability of 3 octets", given: `${FIXED} 07 02 05 0103 000100`, subcode: 0 },
  { name: "a 4-octet AS capability of 2 octets", given: `${FIXED} 06 02 04 4102 fde9`, subcode: 0 },
  { name: "a graceful restart capability of 4 octets", given: `${FIXED} 08 02 06 4004 00780001`, subcode: 0 },
  { name: "a graceful restart capability of no octets", given: `${FIXED} 04 02 02 4000`, subcode: 0 },
  { name: "an add-path capability of 3 octets", given: `${FIXED} 07 02 05 4503 000101`, subcode: 0 },
  { name: "an extended next hop capability of 4 octets", given: `${FIXED} 08 02 06 0504 00010001`, subcode: 0 },
  { name: "a route refresh capability of 1 octet", given: `${FIXED} 05 02 03 0201 00`, subcode: 0 },
  { name: "an extended form that is cut off", given: `${FIXED} ff ff 00`, subcode: 0 },
  { name: "an extended form shorter than announced", given: `${FIXED} ff ff 0004 02 0000`, subcode: 0 },
  { name: "an extended form with half a parameter header", given: `${FIXED} ff ff 0002 02 00`, subcode: 0 },
  { name: "an extended form inside the extended form", given: `${FIXED} ff ff 0003 ff 0000`, subcode: 4 },
];

for (const { name, given, subcode, data } of ERRORS) {
  t.test(`${name} is OPEN Message Error ${subcode}`, async (t) => {
    const error = t.throws(() => decode(given), NotificationError) as unknown;
    t.match(error, { code: 2, subcode });
    if (error instanceof NotificationError) t.equal(toHex(error.data), data ?? "");
  });
}

t.test("RFC 9072: the extended form may hold no parameter, and its first length octet means nothing", async (t) => {
  t.strictSame(decode(`${FIXED} ff ff 0000`), open({}));
  t.strictSame(decode(`${FIXED} 07 ff 0005 02 0002 0200`), open({ routeRefresh: true }));
});

t.test("capabilities of several parameters add up", async (t) => {
  const given = `${FIXED} 14 02 06 0104 0001 00 01 02 02 0200 02 06 0104 0002 00 01`;
  t.strictSame(decode(given), open({ families: [0, 1], routeRefresh: true }));
});

t.test("capabilities of 253 octets take the plain form, of 254 the extended one", async (t) => {
  const value = (length: number): Bytes => new Uint8Array(length).fill(0x61);
  const plain = encodeOpen(open({ unknown: [{ code: 73, value: value(251) }] }));
  t.equal(toHex(body(plain).subarray(9, 12)), "ff02fd");
  const extended = encodeOpen(open({ unknown: [{ code: 73, value: value(252) }] }));
  t.equal(toHex(body(extended).subarray(9, 16)), "ffff01010200fe");
  for (const message of [plain, extended]) {
    const decoded = decodeOpen(message, 19, message.length);
    t.equal(toHex(encodeOpen(decoded)), toHex(message));
  }
});

t.test("an OPEN of thousands of octets of capabilities survives, one beyond 4096 is refused", async (t) => {
  const unknown = Array.from({ length: 15 }, (_, i) => ({ code: 200 + i, value: new Uint8Array(255).fill(i) }));
  const message = encodeOpen(open({ unknown }));
  t.ok(message.length > 3800 && message.length <= 4096);
  t.strictSame(decodeOpen(message, 19, message.length), open({ unknown }));
  t.throws(() => encodeOpen(open({ unknown: [...unknown, ...unknown] })), RangeError);
  t.throws(() => encodeOpen(open({ unknown: [{ code: 1, value: new Uint8Array(256) }] })), RangeError);
});

t.test("random octets give an OPEN or NotificationError 2, never anything else", async (t) => {
  const prefix = fromHex(FIXED);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (tail, isPlausible) => {
      const bytes = isPlausible
        ? Uint8Array.of(...prefix, tail.length, 2, Math.max(0, tail.length - 2), ...tail.subarray(2))
        : tail;
      try {
        const decoded = decodeOpen(bytes, 0, bytes.length);
        const again = encodeOpen(decoded);
        return isDeepStrictEqual(decodeOpen(again, 19, again.length), decoded);
      } catch (error) {
        return error instanceof NotificationError && error.code === 2;
      }
    }),
    { numRuns: 3000 },
  );
  t.pass("3000 random OPENs");
});
