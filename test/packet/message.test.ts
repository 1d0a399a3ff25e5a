import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import t from "tap";
import { parsePrefix } from "../../src/base/ip.js";
import {
  decodeMessage,
  encodeMessage,
  type MessageContext,
  PLAIN_CONTEXT,
  type UpdateMessage,
} from "../../src/packet/message.js";
import { NotificationError } from "../../src/packet/notification.js";

const PLAIN = { noNullPrototype: true } as const;
const EMPTY: UpdateMessage = { type: "UPDATE", withdrawn: [], attributes: {}, nlri: [] };

function prefix(text: string): UpdateMessage["nlri"][number] {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(`not a prefix: ${text}`);
  return { prefix: parsed };
}

function sized(count: number): UpdateMessage {
  return { ...EMPTY, withdrawn: Array.from({ length: count }, () => prefix("192.0.2.1/32")) };
}

t.test("a message beyond 4096 octets needs RFC 8654", async (t) => {
  const extended: MessageContext = { ...PLAIN_CONTEXT, extendedMessage: true };
  t.equal(encodeMessage(sized(814)).length, 4093);
  t.throws(() => encodeMessage(sized(815)), RangeError);
  const bytes = encodeMessage(sized(815), extended);
  t.throws(() => decodeMessage(bytes), { code: 1, subcode: 2 });
  t.strictSame(decodeMessage(bytes, extended), sized(815));
  t.throws(() => encodeMessage(sized(20000), extended), RangeError);
});

t.test("two messages are not one", async (t) => {
  const one = encodeMessage({ type: "KEEPALIVE" });
  t.throws(() => decodeMessage(Buffer.concat([one, one])), NotificationError);
  t.throws(() => decodeMessage(one.subarray(0, 18)), NotificationError);
});

t.test("set bits beyond a prefix's length are cleared", async (t) => {
  const bytes = encodeMessage({ ...EMPTY, withdrawn: [prefix("10.2.0.0/15")] }).slice();
  bytes[bytes.length - 3] |= 1;
  const decoded = decodeMessage(bytes);
  t.strictSame(decoded, { ...EMPTY, withdrawn: [prefix("10.2.0.0/15")] });
});

t.test("random attributes survive", async (t) => {
  const word = fc.nat(0xffffffff);
  const as = fc.integer({ min: 1, max: 0xffffffff });
  const attributes = fc.record(
    {
      origin: fc.nat(2),
      asPath: fc.array(
        fc.record({ type: fc.constantFrom(1, 2), asNumbers: fc.array(as, { minLength: 1, maxLength: 70 }) }, PLAIN),
        { maxLength: 3 },
      ),
      nextHop: fc.constantFrom(Uint8Array.of(192, 0, 2, 1), new Uint8Array(16).fill(1), new Uint8Array(32).fill(1)),
      med: word,
      localPref: word,
      atomicAggregate: fc.constant(true),
      aggregator: fc.record({ as, id: word }, PLAIN),
      communities: fc.array(word, { minLength: 1, maxLength: 70 }),
      originatorId: word,
      clusterList: fc.array(word, { minLength: 1, maxLength: 5 }),
      extendedCommunities: fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 5 }),
      largeCommunities: fc.array(fc.tuple(word, word, word), { minLength: 1, maxLength: 5 }),
      onlyToCustomer: word,
      unknown: fc.constant([{ flags: 0xe0, code: 200, value: new Uint8Array(300).fill(9) }]),
    },
    { ...PLAIN, requiredKeys: [] },
  );
  fc.assert(
    fc.property(attributes, (given) => {
      const message: UpdateMessage = { ...EMPTY, attributes: given, nlri: [prefix("192.0.2.0/24")] };
      // NEXT_HOP of other lengths than 4 belongs to the normal form, not to the NLRI field.
      const expected =
        given.nextHop !== undefined && given.nextHop.length !== 4
          ? { fault: "NEXT_HOP malformed (RFC 7606 §3(c), §7.3)" }
          : {};
      return isDeepStrictEqual(decodeMessage(encodeMessage(message)), { ...message, ...expected });
    }),
  );
  t.pass("100 random sets");
});
