import fc from "fast-check";
import t from "tap";
import { fromHex, toHex } from "../../src/base/bytes.js";
import { CEASE, ERROR_CODE, messageName } from "../../src/packet/codes.js";
import {
  decodeNotification,
  encodeNotification,
  NotificationError,
  notificationText,
  shutdownData,
} from "../../src/packet/notification.js";

const TEXTS: readonly (readonly [code: number, subcode: number, data: string, text: string])[] = [
  [1, 1, "", "Message Header Error/Connection Not Synchronized"],
  [1, 2, "1001", "Message Header Error/Bad Message Length: length 4097"],
  [1, 2, "10", "Message Header Error/Bad Message Length"],
  [1, 3, "06", "Message Header Error/Bad Message Type: type 6"],
  [2, 0, "", "OPEN Message Error"],
  [2, 1, "0004", "OPEN Message Error/Unsupported Version Number: speaks version 4"],
  [2, 2, "", "OPEN Message Error/Bad Peer AS"],
  [2, 6, "", "OPEN Message Error/Unacceptable Hold Time"],
  [2, 7, "01040001000a", "OPEN Message Error/Unsupported Capability: 01040001000a"],
  [2, 11, "", "OPEN Message Error/Role Mismatch"],
  [3, 1, "", "UPDATE Message Error/Malformed Attribute List"],
  [3, 11, "4002", "UPDATE Message Error/Malformed AS_PATH"],
  [4, 0, "", "Hold Timer Expired"],
  [5, 0, "", "Finite State Machine Error"],
  [5, 3, "01", "Finite State Machine Error/Unexpected Message in Established State: OPEN"],
  [6, 1, "0001010000000a", "Cease/Maximum Number of Prefixes Reached: ipv4 limit 10"],
  [6, 1, "0019460000000a", "Cease/Maximum Number of Prefixes Reached: AFI 25 SAFI 70 limit 10"],
  [6, 2, "", "Cease/Administrative Shutdown"],
  [6, 2, "00", "Cease/Administrative Shutdown"],
  [6, 2, "0568656c6c6f", 'Cease/Administrative Shutdown: "hello"'],
  [6, 4, "0568656c6c6f00", 'Cease/Administrative Reset: "hello"'],
  [6, 2, "0668656c6c6f", "Cease/Administrative Shutdown: malformed communication 0x0668656c6c6f"],
  [6, 2, "02c328", "Cease/Administrative Shutdown: malformed communication 0x02c328"],
  [6, 2, "060a1b5b22415c", 'Cease/Administrative Shutdown: "\\x0a\\x1b[\\"A\\\\"'],
  [6, 2, "06e280aee280a8", 'Cease/Administrative Shutdown: "\\u{202e}\\u{2028}"'],
  [6, 7, "", "Cease/Connection Collision Resolution"],
  [6, 9, "0400", "Cease/Hard Reset: Hold Timer Expired"],
  [6, 9, "04", "Cease/Hard Reset"],
  [6, 9, "06090609", "Cease/Hard Reset: Cease/Hard Reset"],
  [6, 10, "", "Cease/BFD Down"],
  [6, 42, "", "Cease/subcode 42"],
  [7, 1, "ff", "ROUTE-REFRESH Message Error/Invalid Message Length"],
  [8, 0, "", "Send Hold Timer Expired"],
  [99, 1, "", "error code 99/subcode 1"],
];

for (const [code, subcode, data, text] of TEXTS) {
  t.test(`${code}/${subcode} with data "${data}" reads ${text}`, async (t) => {
    t.equal(notificationText({ code, subcode, data: fromHex(data) }), text);
  });
}

t.test("a message survives encoding", async (t) => {
  const bytes = encodeNotification({ code: 3, subcode: 9, data: fromHex("800e00") });
  t.equal(toHex(bytes), `${"ff".repeat(16)}0018030309800e00`);
  t.strictSame(decodeNotification(bytes, 19, bytes.length), { code: 3, subcode: 9, data: fromHex("800e00") });
});

t.test("data is cut so that the message has at most 4096 octets", async (t) => {
  const bytes = encodeNotification({ code: 3, subcode: 9, data: new Uint8Array(5000).fill(7) });
  t.equal(bytes.length, 4096);
  t.equal(decodeNotification(bytes, 19, bytes.length).data.length, 4075);
});

t.test("a body of one octet is Bad Message Length", async (t) => {
  t.throws(() => decodeNotification(Uint8Array.of(6), 0, 1), { code: 1, subcode: 2 });
});

t.test("decoded data does not follow the receive buffer", async (t) => {
  const bytes = fromHex("0602 01 41");
  const notification = decodeNotification(bytes, 0, bytes.length);
  bytes.fill(0);
  t.equal(toHex(notification.data), "0141");
});

t.test("NotificationError carries codes, data and words", async (t) => {
  const error = new NotificationError(ERROR_CODE.CEASE, CEASE.PEER_DE_CONFIGURED, fromHex("00"), "removed");
  t.type(error, Error);
  t.match(error, { name: "NotificationError", code: 6, subcode: 3, message: "Cease/Peer De-configured: removed" });
  t.equal(new NotificationError(4, 0).message, "Hold Timer Expired");
  t.equal(new NotificationError(4, 0).data.length, 0);
});

t.test("unknown message types have a text", async (t) => {
  t.equal(messageName(2), "UPDATE");
  t.equal(messageName(9), "message type 9");
});

t.test("shutdownData", async (t) => {
  t.equal(toHex(shutdownData("")), "");
  t.equal(toHex(shutdownData("hi")), "026869");
  t.equal(shutdownData("a".repeat(255)).length, 256);
  t.equal(shutdownData("a".repeat(256))[0], 255);
  // 254 octets and one of two octets: the second half would be the 256th.
  t.equal(shutdownData(`${"a".repeat(254)}é`)[0], 254);
  t.equal(shutdownData(`${"a".repeat(252)}😀`)[0], 252);
  t.equal(shutdownData(`${"a".repeat(251)}😀`)[0], 255);
});

t.test("shutdownData is at most 255 octets and reads as the beginning of the text", async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 300 }), (text) => {
      const data = shutdownData(text);
      const read = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data.subarray(1));
      return data.length === data[0] + 1 && data.length <= 256 && text.startsWith(read);
    }),
  );
  t.pass("100 random texts");
});

t.test("any data can be read", async (t) => {
  fc.assert(
    fc.property(fc.nat(9), fc.nat(12), fc.uint8Array({ maxLength: 40 }), (code, subcode, data) => {
      const text = notificationText({ code, subcode, data });
      return text.length > 0 && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text);
    }),
    { numRuns: 2000 },
  );
  t.pass("2000 random notifications");
});
