import fc from "fast-check";
import t from "tap";
import { type Bytes, fromHex, toHex } from "../../src/base/bytes.js";
import { MESSAGE } from "../../src/packet/codes.js";
import { Framer } from "../../src/packet/framing.js";
import { makeMessage, MAX_EXTENDED_MESSAGE_LENGTH, writeHeader } from "../../src/packet/header.js";
import { KEEPALIVE_MESSAGE } from "../../src/packet/keepalive.js";
import { NotificationError } from "../../src/packet/notification.js";

interface Delivered {
  readonly type: number;
  readonly body: string;
}

function drain(framer: Framer, into: Delivered[]): void {
  while (framer.next()) into.push({ type: framer.type, body: toHex(framer.bytes, framer.start, framer.end) });
}

const ROUTE_REFRESH = makeMessage(MESSAGE.ROUTE_REFRESH, fromHex("00010001"));
const UPDATE = makeMessage(MESSAGE.UPDATE, fromHex("0000 0000 18 c00002"));
const OPEN = makeMessage(MESSAGE.OPEN, fromHex("04 fde9 00b4 c0000201 00"));
const NOTIFICATION = makeMessage(MESSAGE.NOTIFICATION, fromHex("0604"));
const STREAM = Buffer.concat([OPEN, KEEPALIVE_MESSAGE, UPDATE, KEEPALIVE_MESSAGE, ROUTE_REFRESH, NOTIFICATION]);
const EXPECTED: readonly Delivered[] = [
  OPEN,
  KEEPALIVE_MESSAGE,
  UPDATE,
  KEEPALIVE_MESSAGE,
  ROUTE_REFRESH,
  NOTIFICATION,
].map((message) => ({ type: message[18], body: toHex(message, 19) }));

t.test("a KEEPALIVE is 19 octets", async (t) => {
  t.equal(toHex(KEEPALIVE_MESSAGE), `${"ff".repeat(16)}001304`);
});

t.test("a stream cut in two at any octet gives the same messages", async (t) => {
  for (let cut = 0; cut <= STREAM.length; cut++) {
    const framer = new Framer();
    const delivered: Delivered[] = [];
    framer.push(STREAM.subarray(0, cut));
    drain(framer, delivered);
    framer.push(STREAM.subarray(cut));
    drain(framer, delivered);
    t.strictSame(delivered, EXPECTED, `cut at ${cut}`);
    t.equal(framer.pending, 0);
  }
});

t.test("a stream in chunks of any equal size gives the same messages", async (t) => {
  for (let size = 1; size <= STREAM.length; size++) {
    const framer = new Framer();
    const delivered: Delivered[] = [];
    for (let at = 0; at < STREAM.length; at += size) {
      framer.push(STREAM.subarray(at, at + size));
      drain(framer, delivered);
    }
    t.strictSame(delivered, EXPECTED, `chunks of ${size}`);
  }
});

t.test("chunks pushed before the earlier ones are drained stay in order", async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(STREAM.length), { maxLength: 8 }),
      fc.array(fc.boolean(), { maxLength: 9 }),
      (cuts, drains) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), STREAM.length];
        const framer = new Framer();
        const delivered: Delivered[] = [];
        for (let i = 1; i < edges.length; i++) {
          framer.push(STREAM.subarray(edges[i - 1], edges[i]));
          if (drains[i] === true) drain(framer, delivered);
        }
        drain(framer, delivered);
        return JSON.stringify(delivered) === JSON.stringify(EXPECTED) && framer.pending === 0;
      },
    ),
  );
  t.pass("200 random chunkings");
});

t.test("a message that lies whole in a chunk is not copied, one that straddles is", async (t) => {
  const framer = new Framer();
  framer.push(STREAM.subarray(0, OPEN.length + 5));
  t.equal(framer.next(), true);
  t.equal(framer.bytes.buffer, STREAM.buffer);
  t.equal(framer.pending, 5);
  t.equal(framer.next(), false);
  t.equal(framer.pending, 5);
  framer.push(STREAM.subarray(OPEN.length + 5));
  t.equal(framer.next(), true);
  t.not(framer.bytes.buffer, STREAM.buffer);
  t.equal(framer.type, MESSAGE.KEEPALIVE);
  t.equal(framer.next(), true);
  t.equal(framer.bytes.buffer, STREAM.buffer);
});

t.test("after next() has returned false the chunk may be overwritten", async (t) => {
  const chunk = Uint8Array.from(UPDATE.subarray(0, 21));
  const framer = new Framer();
  framer.push(chunk);
  t.equal(framer.next(), false);
  chunk.fill(0);
  framer.push(UPDATE.subarray(21));
  t.equal(framer.next(), true);
  t.equal(toHex(framer.bytes, framer.start, framer.end), toHex(UPDATE, 19));
});

function header(length: number, type: number, size = 19): Bytes {
  const bytes = new Uint8Array(size);
  writeHeader(bytes, 0, length, type);
  return bytes;
}

const badMarker = header(19, MESSAGE.KEEPALIVE);
badMarker[15] = 0xfe;

// RFC 4271 §6.1, RFC 8654 §4.
const ROWS: readonly { name: string; bytes: Bytes; maxLength?: number; throws?: readonly [number, string] }[] = [
  { name: "a marker that is not all ones is Connection Not Synchronized", bytes: badMarker, throws: [1, ""] },
  { name: "length 18 is Bad Message Length", bytes: header(18, MESSAGE.KEEPALIVE), throws: [2, "0012"] },
  { name: "length 0 is Bad Message Length", bytes: header(0, MESSAGE.UPDATE), throws: [2, "0000"] },
  { name: "length 4096 is accepted", bytes: header(4096, MESSAGE.UPDATE, 4096) },
  { name: "length 4097 is Bad Message Length", bytes: header(4097, MESSAGE.UPDATE), throws: [2, "1001"] },
  {
    name: "length 65535 is accepted after RFC 8654 was advertised",
    bytes: header(65535, MESSAGE.UPDATE, 65535),
    maxLength: MAX_EXTENDED_MESSAGE_LENGTH,
  },
  {
    name: "a NOTIFICATION of 4097 octets is accepted after RFC 8654 was advertised",
    bytes: header(4097, MESSAGE.NOTIFICATION, 4097),
    maxLength: MAX_EXTENDED_MESSAGE_LENGTH,
  },
  {
    name: "an OPEN of 4097 octets is Bad Message Length even then",
    bytes: header(4097, MESSAGE.OPEN),
    maxLength: MAX_EXTENDED_MESSAGE_LENGTH,
    throws: [2, "1001"],
  },
  { name: "an OPEN of 28 octets is Bad Message Length", bytes: header(28, MESSAGE.OPEN), throws: [2, "001c"] },
  { name: "an UPDATE of 22 octets is Bad Message Length", bytes: header(22, MESSAGE.UPDATE), throws: [2, "0016"] },
  {
    name: "a NOTIFICATION of 20 octets is Bad Message Length",
    bytes: header(20, MESSAGE.NOTIFICATION),
    throws: [2, "0014"],
  },
  { name: "a KEEPALIVE of 20 octets is Bad Message Length", bytes: header(20, MESSAGE.KEEPALIVE), throws: [2, "0014"] },
  { name: "type 0 is Bad Message Type", bytes: header(19, 0), throws: [3, "00"] },
  { name: "type 6 is Bad Message Type", bytes: header(19, 6), throws: [3, "06"] },
  { name: "type 255 is Bad Message Type", bytes: header(19, 255), throws: [3, "ff"] },
];

for (const row of ROWS) {
  t.test(row.name, async (t) => {
    for (const chunks of [[row.bytes], [row.bytes.subarray(0, 7), row.bytes.subarray(7)]]) {
      const framer = new Framer();
      if (row.maxLength !== undefined) framer.maxLength = row.maxLength;
      const run = (): boolean => {
        let isDelivered = false;
        for (const chunk of chunks) {
          framer.push(chunk);
          isDelivered = framer.next();
        }
        return isDelivered;
      };
      if (row.throws === undefined) t.equal(run(), true);
      else {
        const error = t.throws(run, NotificationError) as unknown;
        t.match(error, { code: 1, subcode: row.throws[0] });
        if (error instanceof NotificationError) t.equal(toHex(error.data), row.throws[1]);
      }
    }
  });
}

t.test("random octets give messages or NotificationError, never anything else", async (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), (chunks) => {
      const framer = new Framer();
      try {
        for (const chunk of chunks) {
          framer.push(chunk);
          while (framer.next());
        }
        return true;
      } catch (error) {
        return error instanceof NotificationError;
      }
    }),
  );
  t.pass("nothing else was thrown");
});
