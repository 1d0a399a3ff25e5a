// Recorded sessions with other implementations (proto-fixtures/pcap), both directions: framing, decoding, encoding,
// messages cut off, and the readable lines stored beside each capture. UPDATE_GENERATED=1 writes those anew.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { type Bytes, readU16, toHex, writeU16 } from "../../src/base/bytes.js";
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

const LONG_LENGTH = "MP_REACH_NLRI or MP_UNREACH_NLRI with Extended Length though short";
const LONG_AS_PATH = "AS_PATH, and over IPv6 MP_REACH_NLRI, with Extended Length though short";
const MULTIPROTOCOL_LAST = "MP_REACH_NLRI behind the other attributes";
const OWN_ORDER = "attributes not ascending by type";
const OPEN_FORM = "capabilities in another order, or a parameter for each";

// Legal, but encodeMessage writes it otherwise: capture, sender, family of the session → index of the message in its
// direction → why. Everything else must encode to the octets that were captured.
const NOT_CANONICAL: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  "ebgp-bird2.pcap Starling ipv6": { 2: LONG_LENGTH, 4: LONG_LENGTH },
  "ebgp-bird2.pcap peer ipv6": { 2: LONG_LENGTH, 4: LONG_LENGTH },
  "ebgp-exabgp.pcap peer ipv4": { 0: OPEN_FORM },
  "ebgp-frr.pcap peer ipv4": { 0: OPEN_FORM, 3: LONG_AS_PATH, 5: LONG_AS_PATH, 7: LONG_AS_PATH },
  "ebgp-frr.pcap Starling ipv6": { 2: LONG_LENGTH, 4: LONG_LENGTH },
  "ebgp-frr.pcap peer ipv6": { 0: OPEN_FORM, 3: LONG_AS_PATH, 4: LONG_LENGTH },
  "ebgp-gobgp.pcap peer ipv4": { 0: OPEN_FORM, 3: OWN_ORDER },
  "ebgp-gobgp.pcap Starling ipv6": { 2: LONG_LENGTH, 4: LONG_LENGTH },
  "ebgp-gobgp.pcap peer ipv6": { 0: OPEN_FORM, 2: MULTIPROTOCOL_LAST, 3: MULTIPROTOCOL_LAST },
  "ebgp-openbgpd.pcap Starling ipv6": { 2: LONG_LENGTH, 4: LONG_LENGTH },
  "ebgp-openbgpd.pcap peer ipv6": { 2: MULTIPROTOCOL_LAST, 4: LONG_LENGTH },
  "ibgp-client-bird2.pcap Starling ipv6": { 2: LONG_LENGTH, 4: LONG_LENGTH },
  "ibgp-client-bird2.pcap peer ipv6": { 2: LONG_LENGTH, 4: LONG_LENGTH },
  "ibgp-client-frr.pcap peer ipv4": { 0: OPEN_FORM, 3: LONG_AS_PATH, 5: LONG_AS_PATH, 7: LONG_AS_PATH },
  "ibgp-client-frr.pcap Starling ipv6": { 2: LONG_LENGTH, 4: LONG_LENGTH },
  "ibgp-client-frr.pcap peer ipv6": { 0: OPEN_FORM, 3: LONG_AS_PATH, 4: LONG_LENGTH },
};

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

/** As in NOT_CANONICAL. */
function nameOf(file: string, { from }: CapturedStream): string {
  return `${file} ${OURS.test(from) ? "Starling" : "peer"} ${from.startsWith("[") ? "ipv6" : "ipv4"}`;
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

/** `otherwise`: why the sender's octets are not ours. */
function testEncoding(t: Test, label: string, bytes: Bytes, context: MessageContext, otherwise?: string): void {
  const message = decodeMessage(bytes, context);
  const encoded = encodeMessage(message, context);
  t.strictSame(decodeMessage(encoded, context), message, `${label}: round trip`);
  if (otherwise === undefined) t.equal(toHex(encoded), toHex(bytes), `${label}: encodes to the octets of the sender`);
  else t.not(toHex(encoded), toHex(bytes), `${label}: ${otherwise}`);
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
    const name = nameOf(file, stream);
    t.test(`messages of ${name}`, async (t) => {
      testFraming(t, direction);
      for (const [index, bytes] of messages.entries()) {
        const label = `${name} ${index}`;
        testEncoding(t, label, bytes, context, NOT_CANONICAL[name]?.[index]);
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
  // Those of the matrix have several sessions each, with restarts: test/replay reads them.
  .filter((file) => file.endsWith(".pcap") && !file.startsWith("matrix-"))
  .sort();

for (const file of FILES) {
  t.test(file, async (t) => {
    testCapture(t, file);
  });
}

t.test("each direction has a name of its own, and the exceptions are exceptions of something", async (t) => {
  const named = FILES.flatMap((file) =>
    loadDirections(file).map(({ stream, messages }) => [nameOf(file, stream), messages.length] as const),
  );
  const counts = new Map(named);
  t.equal(counts.size, named.length, "no name twice");
  for (const [name, exceptions] of Object.entries(NOT_CANONICAL)) {
    for (const index of Object.keys(exceptions)) t.ok(Number(index) < (counts.get(name) ?? 0), `${name} ${index}`);
  }
});

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
    "LARGE_COMMUNITY: ",
    "EXTENDED_COMMUNITIES: ",
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

// Where the length of the packet stands behind the record's and the Ethernet header, and what precedes the payload.
const ETHERNET_END = 16 + 14;

/** The same packet as if its sender had sent `count` octets of payload less. The rest looks like padding. */
function withLess(record: Bytes, count: number): Bytes {
  const copy = record.slice();
  const lengthAt = ETHERNET_END + (copy[ETHERNET_END] >>> 4 === 4 ? 2 : 4);
  writeU16(copy, lengthAt, readU16(copy, lengthAt) - count);
  return copy;
}

t.test("what is sent twice, late or in parts is put together", async (t) => {
  const file = Uint8Array.from(readFileSync(join(FOLDER, FILES[0])));
  const { header, records } = recordsOf(file);
  const fileOf = (parts: readonly Bytes[]): Bytes => Uint8Array.from(Buffer.concat([header, ...parts]));
  const expected = sortedHex(file);
  // Every BGP message has 19 octets at least: a packet above 100 octets can do without 5 of them.
  const parts = records.flatMap((record) => (record.length > 16 + 100 ? [withLess(record, 5), record] : [record]));
  t.ok(expected.length >= 2, "both directions");
  t.ok(parts.length > records.length, "some packets are large enough");
  t.strictSame(sortedHex(fileOf([...records, ...records])), expected, "everything twice");
  t.strictSame(sortedHex(fileOf([...records].reverse())), expected, "backwards");
  t.strictSame(sortedHex(fileOf(parts)), expected, "retransmissions that reach further");
});

t.test("a capture that does not hold everything is refused", async (t) => {
  const file = Uint8Array.from(readFileSync(join(FOLDER, FILES[0])));
  const { header, records } = recordsOf(file);
  const firstLarge = records.findIndex((record) => record.length > 16 + 100);
  const without = Buffer.concat([header, ...records.filter((_, index) => index !== firstLarge)]);
  t.throws(() => readStreams(Uint8Array.from(without)), /were not captured/, "a packet is missing");
  t.throws(() => readStreams(file.slice(0, -1)), /cut off/, "the last packet is cut off");
  t.throws(() => readStreams(file.slice(1)), /not a classic pcap/, "another format");
});
