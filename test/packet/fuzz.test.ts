// Whatever a peer sends: the decoders give a value or throw NotificationError, and what they call sound is sound.

import fc from "fast-check";
import t from "tap";
import { ByteWriter, type Bytes, toHex } from "../../src/base/bytes.js";
import {
  AttributeFacts,
  attributeTexts,
  decodeAttributes,
  judgeAttributes,
} from "../../src/packet/attributes/index.js";
import { describeBytes } from "../../src/packet/describe.js";
import { type MessageContext, PLAIN_CONTEXT } from "../../src/packet/message.js";
import { decodePrefixes } from "../../src/packet/nlri.js";
import { NotificationError } from "../../src/packet/notification.js";
import { decodeUpdate, UpdateView } from "../../src/packet/update.js";
import { loadFixtures, type MessageFixture, octetsOf } from "./json-form.js";

const MESSAGES = ["open.json", "update.json", "notification.json", "route-refresh.json"]
  .flatMap((file) => loadFixtures<MessageFixture>(file))
  .map((fixture) => octetsOf(fixture.hex));
const UPDATES = loadFixtures<MessageFixture>("update.json").map((fixture) => octetsOf(fixture.hex).subarray(19));

const context = fc.record({
  addPathReceive: fc.tuple(fc.boolean(), fc.boolean()),
  fourOctetAs: fc.boolean(),
  extendedNextHop: fc.boolean(),
}) satisfies fc.Arbitrary<MessageContext>;

/** A fixture with a few octets changed: gets deeper into the decoders than random octets do. */
function mutated(samples: readonly Bytes[], from: number): fc.Arbitrary<Bytes> {
  const edits = fc.array(fc.tuple(fc.nat(0xffff), fc.nat(255)), { maxLength: 5 });
  return fc.tuple(fc.constantFrom(...samples), edits).map(([sample, changes]) => {
    const bytes = Uint8Array.from(sample);
    if (bytes.length > from) for (const [at, value] of changes) bytes[from + (at % (bytes.length - from))] = value;
    return bytes;
  });
}

/** Runs; false if something else than NotificationError is thrown. */
function onlyNotifications(run: () => boolean): boolean {
  try {
    return run();
  } catch (error) {
    if (error instanceof NotificationError) return true;
    throw error;
  }
}

function isInside(at: number, end: number, bytes: Bytes): boolean {
  return at >= 0 && at <= end && end <= bytes.length;
}

t.test("decodeUpdate", async (t) => {
  const view = new UpdateView();
  fc.assert(
    fc.property(fc.oneof(mutated(UPDATES, 0), fc.uint8Array({ maxLength: 64 })), context, (bytes, context) =>
      onlyNotifications(() => {
        decodeUpdate(bytes, 0, bytes.length, context, view);
        const [addPath4, addPath6] = context.addPathReceive;
        decodePrefixes(bytes, view.withdrawnAt, view.withdrawnEnd, 0, addPath4);
        decodePrefixes(bytes, view.nlriAt, view.nlriEnd, 0, addPath4);
        if (view.reachFamily !== -1) {
          decodePrefixes(
            bytes,
            view.reachAt,
            view.reachEnd,
            view.reachFamily,
            view.reachFamily === 0 ? addPath4 : addPath6,
          );
        }
        return (
          isInside(view.withdrawnAt, view.withdrawnEnd, bytes) &&
          isInside(view.attributesAt, view.attributesEnd, bytes) &&
          isInside(view.nlriAt, view.nlriEnd, bytes) &&
          isInside(view.reachAt, view.reachEnd, bytes) &&
          isInside(view.unreachAt, view.unreachEnd, bytes) &&
          (view.faultText !== undefined) === view.treatAsWithdraw
        );
      }),
    ),
    { numRuns: 5000 },
  );
  t.pass("5000 runs");
});

const SECTIONS = UPDATES.map((body) => {
  const withdrawn = (body[0] << 8) | body[1];
  const length = (body[2 + withdrawn] << 8) | body[3 + withdrawn];
  return body.subarray(4 + withdrawn, 4 + withdrawn + length);
});

t.test("judgeAttributes: the normal form is sound, sorted and its own normal form", async (t) => {
  const facts = new AttributeFacts();
  const out = new ByteWriter(16);
  const judge = fc.record({ fourOctetAs: fc.boolean(), ebgp: fc.boolean() });
  fc.assert(
    fc.property(fc.oneof(mutated(SECTIONS, 0), fc.uint8Array({ maxLength: 64 })), judge, (bytes, context) =>
      onlyNotifications(() => {
        out.clear();
        judgeAttributes(bytes, 0, bytes.length, context, facts, out);
        const { fate } = facts;
        const normal = out.finish();
        const decoded = decodeAttributes(normal, 0, normal.length);
        const hasOnlyForeign = (decoded.unknown ?? []).every(({ flags }) => (flags & 0xe0) === 0xe0);
        out.clear();
        judgeAttributes(normal, 0, normal.length, { fourOctetAs: true, ebgp: false }, facts, out);
        // A set that is withdrawn may lack its malformed attributes, but what is left is sound.
        return hasOnlyForeign && !facts.hasMalformed && facts.fate <= fate && toHex(out.finish()) === toHex(normal);
      }),
    ),
    { numRuns: 5000 },
  );
  t.pass("5000 runs");
});

t.test("decodeAttributes and attributeTexts take any octets", async (t) => {
  fc.assert(
    fc.property(
      fc.oneof(mutated(SECTIONS, 0), fc.uint8Array({ maxLength: 64 })),
      fc.boolean(),
      (bytes, fourOctetAs) => {
        const attributes = decodeAttributes(bytes, 0, bytes.length, fourOctetAs);
        return typeof attributes === "object" && Array.isArray(attributeTexts(bytes, 0, bytes.length));
      },
    ),
    { numRuns: 3000 },
  );
  t.pass("3000 runs");
});

t.test("describeBytes: whole messages of every type, header included", async (t) => {
  fc.assert(
    fc.property(fc.oneof(mutated(MESSAGES, 19), mutated(MESSAGES, 0)), context, (bytes, context) =>
      onlyNotifications(() => describeBytes(bytes, { ...PLAIN_CONTEXT, ...context }).length > 0),
    ),
    { numRuns: 3000 },
  );
  t.pass("3000 runs");
});
