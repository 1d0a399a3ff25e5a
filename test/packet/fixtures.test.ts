// Every wire fixture four ways: decode, encode, round trip, and cut off at every octet.

import t, { type Test } from "tap";
import { ByteWriter, type Bytes, toHex, writeU16 } from "../../src/base/bytes.js";
import {
  AttributeFacts,
  FATE_TREAT_AS_WITHDRAW,
  attributeTexts,
  decodeAttributes,
  encodeAttributes,
  judgeAttributes,
} from "../../src/packet/attributes/index.js";
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type MessageContext,
  PLAIN_CONTEXT,
} from "../../src/packet/message.js";
import { NotificationError, notificationText } from "../../src/packet/notification.js";
import {
  type AttributeFixture,
  attributesOf,
  loadFixtures,
  type MessageFixture,
  messageOf,
  octetsOf,
} from "./json-form.js";

/** Everything that a session may have agreed on: no cut may mislead any of them. */
const CONTEXTS: readonly MessageContext[] = [false, true].flatMap((fourOctetAs) =>
  [false, true].map((addPath) => ({
    fourOctetAs,
    addPathReceive: [addPath, addPath] as const,
    extendedNextHop: addPath,
    extendedMessage: addPath,
  })),
);
const JUDGES = [true, false].flatMap((fourOctetAs) => [true, false].map((ebgp) => ({ fourOctetAs, ebgp })));

const MESSAGE_FILES = ["open.json", "update.json", "notification.json", "keepalive.json", "route-refresh.json"];

for (const file of MESSAGE_FILES) {
  const fixtures = loadFixtures<MessageFixture>(file);
  t.ok(fixtures.length > 0, `${file} has rows`);
  for (const fixture of fixtures) testMessage(fixture);
}

function testMessage(fixture: MessageFixture): void {
  const bytes = octetsOf(fixture.hex);
  const expected = messageOf(fixture.message);
  const context = fixture.context ?? PLAIN_CONTEXT;
  t.test(`${fixture.name} (${fixture.rfc})`, async (t) => {
    const decoded = decodeMessage(bytes, context);
    t.strictSame(decoded, expected, "decodes");
    if (fixture.canonical !== false) t.equal(toHex(encodeMessage(expected, context)), toHex(bytes), "encodes");
    t.strictSame(
      withoutFault(decodeMessage(encodeMessage(decoded, context), context)),
      withoutFault(decoded),
      "round trip",
    );
    if (fixture.text !== undefined && decoded.type === "NOTIFICATION") {
      t.equal(notificationText(decoded), fixture.text, "reads well");
    }
    for (let length = 0; length < bytes.length; length++) {
      t.throws(
        () => decodeMessage(bytes.slice(0, length), context),
        NotificationError,
        `cut off after ${length} octets`,
      );
      for (const other of [context, ...CONTEXTS]) survives(t, shortened(bytes, length), other);
    }
  });
}

function withoutFault(message: Message): Message {
  if (message.type !== "UPDATE") return message;
  const { fault, ...rest } = message;
  return fault === undefined ? message : rest;
}

// The message ends after `length` octets and its header says so: the decoder of the body meets the gap, not framing.
function shortened(bytes: Bytes, length: number): Bytes {
  const cut = bytes.slice(0, Math.max(19, length));
  writeU16(cut, 16, cut.length);
  return cut;
}

function survives(t: Test, bytes: Bytes, context: MessageFixture["context"]): void {
  try {
    const message = decodeMessage(bytes, context);
    t.type(message.type, "string", `${bytes.length} octets are a message too`);
  } catch (error) {
    t.type(error, NotificationError, `${bytes.length} octets`);
  }
}

for (const fixture of loadFixtures<AttributeFixture>("attributes.json")) {
  const bytes = octetsOf(fixture.hex);
  const expected = attributesOf(fixture.attributes);
  t.test(`${fixture.name} (${fixture.rfc})`, async (t) => {
    t.strictSame(decodeAttributes(bytes, 0, bytes.length), expected, "decodes");
    const out = new ByteWriter();
    encodeAttributes(expected, out);
    t.equal(toHex(out.finish()), toHex(bytes), "encodes");
    t.strictSame(decodeAttributes(out.bytes, 0, out.length), expected, "round trip");
    t.strictSame(attributeTexts(bytes, 0, bytes.length), [[fixture.attribute, fixture.text]], "reads well");
    const facts = new AttributeFacts();
    out.clear();
    judgeAttributes(bytes, 0, bytes.length, { fourOctetAs: true, ebgp: false }, facts, out);
    t.equal(toHex(out.finish()), fixture.merged === true ? "" : toHex(bytes), "is its own normal form");
    t.equal(facts.hasMalformed, false, "is sound");
    for (let length = 1; length < bytes.length; length++) {
      out.clear();
      judgeAttributes(bytes, 0, length, { fourOctetAs: true, ebgp: false }, facts, out);
      t.ok(facts.hasMalformed, `cut off after ${length} octets is treated as withdrawn`);
      t.strictSame(decodeAttributes(bytes, 0, length), {}, `cut off after ${length} octets has no object form`);
      for (const judge of JUDGES) {
        out.clear();
        judgeAttributes(bytes, 0, length, judge, facts, out);
        t.equal(facts.fate, FATE_TREAT_AS_WITHDRAW, `cut off after ${length} octets, ${JSON.stringify(judge)}`);
        t.equal(out.length, 0, "and nothing of it is kept");
      }
    }
  });
}
