// Recorded sessions with other implementations (proto-fixtures/pcap), both directions: framing, decoding, encoding,
// messages cut off, and the readable lines stored beside each capture. UPDATE_GENERATED=1 writes those anew.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { type Bytes, readU16, readU32, toHex, writeU16 } from "../../src/base/bytes.js";
import type { Capabilities } from "../../src/packet/capabilities.js";
import { MESSAGE } from "../../src/packet/codes.js";
import { describeMessage } from "../../src/packet/describe.js";
import { Framer } from "../../src/packet/framing.js";
import { HEADER_LENGTH, MAX_EXTENDED_MESSAGE_LENGTH, MAX_MESSAGE_LENGTH } from "../../src/packet/header.js";
import { decodeMessage, encodeMessage, type Message, type MessageContext } from "../../src/packet/message.js";
import { NotificationError } from "../../src/packet/notification.js";
import { decodeOpen } from "../../src/packet/open.js";
import { type CapturedStream, readStreams } from "../support/pcap.js";
import { ROOT } from "../support/root.js";

const FOLDER = join(ROOT, "proto-fixtures", "pcap");
const OURS = /^(10\.0\.0\.1|\[fd00::1\]):/;

// Legal, but we would write it otherwise: capture, sender, index of the message in its direction.
const NOT_CANONICAL: ReadonlySet<string> = new Set<string>([]);

/** What one side of a session sent. */
interface Direction {
  readonly stream: CapturedStream;
  /** How its receiver has to read it. */
  readonly context: MessageContext;
  readonly messages: readonly Bytes[];
}

/** All directions of a capture, in order of their first packet. */
function loadDirections(file: string): readonly Direction[] {
  const streams = readStreams(readFileSync(join(FOLDER, file)));
  return streams.map((stream) => {
    const back = streams.find(({ from, to }) => from === stream.to && to === stream.from);
    if (back === undefined) throw new Error(`${file}: nobody answers ${stream.from}`);
    const context = contextOf(capabilitiesOf(stream), capabilitiesOf(back));
    return { stream, context, messages: frame(stream.bytes, context, stream.bytes.length) };
  });
}

// Every stream begins with an OPEN, which no negotiation touches.
function capabilitiesOf({ bytes }: CapturedStream): Capabilities {
  return decodeOpen(bytes, HEADER_LENGTH, readU16(bytes, 16)).capabilities;
}

function contextOf(sender: Capabilities, receiver: Capabilities): MessageContext {
  const hasPaths = (family: number): boolean =>
    sender.addPath.some((entry) => entry.family === family && entry.send) &&
    receiver.addPath.some((entry) => entry.family === family && entry.receive);
  return {
    addPathReceive: [hasPaths(0), hasPaths(1)],
    fourOctetAs: sender.fourOctetAs !== undefined && receiver.fourOctetAs !== undefined,
    extendedNextHop: sender.extendedNextHop.length > 0 && receiver.extendedNextHop.length > 0,
    extendedMessage: sender.extendedMessage && receiver.extendedMessage,
  };
}

/** The messages as the Framer gives them when the octets come in chunks of `size`. Throws if any are left over. */
function frame(bytes: Bytes, context: MessageContext, size: number): readonly Bytes[] {
  const framer = new Framer();
  framer.maxLength = context.extendedMessage === true ? MAX_EXTENDED_MESSAGE_LENGTH : MAX_MESSAGE_LENGTH;
  const messages: Bytes[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    framer.push(bytes.subarray(at, at + size));
    while (framer.next()) messages.push(framer.bytes.slice(framer.start - HEADER_LENGTH, framer.end));
  }
  if (framer.pending > 0) throw new Error(`${framer.pending} octets of no message`);
  return messages;
}

function linesOf({ stream, context, messages }: Direction): string[] {
  const lines = messages.flatMap((bytes) => describeMessage(decodeMessage(bytes, context)));
  return [`# ${stream.from} to ${stream.to}`, ...lines, ""];
}

function testFraming(t: Test, { stream, context, messages }: Direction): void {
  t.equal(messages.map((bytes) => toHex(bytes)).join(""), toHex(stream.bytes), "the messages are all there is");
  for (const size of [1, 7, HEADER_LENGTH]) {
    t.strictSame(frame(stream.bytes, context, size), messages, `the same in chunks of ${size} octets`);
  }
}

function testEncoding(t: Test, label: string, bytes: Bytes, context: MessageContext): void {
  const message = decodeMessage(bytes, context);
  const encoded = encodeMessage(message, context);
  t.strictSame(decodeMessage(encoded, context), message, `${label}: round trip`);
  t.equal(toHex(encoded) === toHex(bytes), !NOT_CANONICAL.has(label), `${label}: encodes to the octets of the sender`);
}

// Cut off after each octet: once as it is, once with a header that owns up to it, so that the body's decoder is asked.
function testTruncations(t: Test, label: string, bytes: Bytes, context: MessageContext): void {
  const { type } = decodeMessage(bytes, context);
  for (let length = 0; length < bytes.length; length++) {
    const cut = bytes.slice(0, length);
    t.throws(() => decodeMessage(cut, context), NotificationError, `${label}: cut off after ${length} octets`);
    if (length < HEADER_LENGTH) continue;
    writeU16(cut, 16, length);
    const shorter = decodeOrError(cut, context);
    if (shorter instanceof NotificationError) continue;
    t.equal(shorter.type, type, `${label}: ${length} octets are a message of the same type`);
    t.ok(describeMessage(shorter).length > 0, `${label}: ${length} octets have lines`);
    const again = decodeMessage(encodeMessage(shorter, context), context);
    t.strictSame(withoutFault(again), withoutFault(shorter), `${label}: ${length} octets, round trip`);
  }
}

/** Lets every other error through. */
function decodeOrError(bytes: Bytes, context: MessageContext): Message | NotificationError {
  try {
    return decodeMessage(bytes, context);
  } catch (error) {
    if (error instanceof NotificationError) return error;
    throw error;
  }
}

function withoutFault(message: Message): Message {
  if (message.type !== "UPDATE") return message;
  const { fault, ...rest } = message;
  return fault === undefined ? message : rest;
}

function testCapture(t: Test, file: string): void {
  const directions = loadDirections(file);
  for (const direction of directions) {
    const { stream, context, messages } = direction;
    const sender = OURS.test(stream.from) ? "Starling" : "peer";
    const family = stream.from.startsWith("[") ? "ipv6" : "ipv4";
    t.test(`${sender}'s messages over ${family}`, async (t) => {
      testFraming(t, direction);
      for (const [index, bytes] of messages.entries()) {
        const label = `${file} ${sender} ${family} ${index}`;
        testEncoding(t, label, bytes, context);
        testTruncations(t, label, bytes, context);
      }
    });
  }
  t.test("the messages read as they are stored", async (t) => {
    const path = join(FOLDER, file.replace(".pcap", ".txt"));
    const text = directions.flatMap(linesOf).join("\n");
    if (process.env["UPDATE_GENERATED"] === "1") writeFileSync(path, text);
    t.equal(text, readFileSync(path, "utf8"));
  });
}

const FILES = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".pcap"))
  .sort();

for (const file of FILES) {
  t.test(file, async (t) => {
    testCapture(t, file);
  });
}

t.test("the captures hold what a session can bring", async (t) => {
  const directions = FILES.flatMap(loadDirections);
  const found = new Set(directions.flatMap(({ messages }) => messages.map((bytes) => bytes[18])));
  t.strictSame([...found].sort(), Object.values(MESSAGE).sort(), "every type of message");
  t.ok(
    directions.some(({ context }) => context.addPathReceive[0]),
    "IPv4 prefixes with path identifiers",
  );
  t.ok(
    directions.some(({ context }) => context.addPathReceive[1]),
    "IPv6 prefixes with path identifiers",
  );
  const text = directions.flatMap(linesOf).join("\n");
  const wanted = [
    "UPDATE End-of-RIB ipv4",
    "UPDATE End-of-RIB ipv6",
    "withdraw 198.18.1.0/24",
    "withdraw 2001:db8:b::/48",
    "COMMUNITIES: ",
    "LARGE_COMMUNITIES: ",
    "EXTENDED_COMMUNITIES: ",
    "ORIGINATOR_ID: ",
    "ROUTE-REFRESH request ipv4",
    "ROUTE-REFRESH beginning ipv4",
    "ROUTE-REFRESH end ipv4",
    'Administrative Shutdown: "end of recording',
  ];
  for (const part of wanted) t.ok(text.includes(part), part);
});

// The reader itself, on a capture whose packets are changed.

/** File header and records of a little-endian capture. */
function recordsOf(file: Bytes): { readonly header: Bytes; readonly records: readonly Bytes[] } {
  const records: Bytes[] = [];
  for (let at = 24; at < file.length; at += records[records.length - 1].length) {
    records.push(file.slice(at, at + 16 + Buffer.from(file).readUInt32LE(at + 8)));
  }
  return { header: file.slice(0, 24), records };
}

function sortedHex(file: Bytes): string[] {
  return readStreams(file)
    .map(({ from, to, bytes }) => `${from} ${to} ${toHex(bytes)}`)
    .sort();
}

const IP_AT = 16 + 14;

t.test("what is sent twice, late or in parts is put together", async (t) => {
  const file = Uint8Array.from(readFileSync(join(FOLDER, FILES[0])));
  const { header, records } = recordsOf(file);
  const join_ = (parts: readonly Bytes[]): Bytes => Uint8Array.from(Buffer.concat([header, ...parts]));
  const expected = sortedHex(file);
  t.ok(expected.length >= 2, "both directions");
  t.strictSame(sortedHex(join_([...records, ...records])), expected, "everything twice");
  t.strictSame(sortedHex(join_([...records].reverse())), expected, "backwards");
});
