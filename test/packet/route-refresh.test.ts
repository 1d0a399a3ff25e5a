import t from "tap";
import { fromHex, toHex } from "../../src/base/bytes.js";
import { NotificationError } from "../../src/packet/notification.js";
import { decodeRouteRefresh, encodeRouteRefresh, REFRESH } from "../../src/packet/route-refresh.js";

t.test("a request for IPv6", async (t) => {
  const bytes = encodeRouteRefresh(2, 1, REFRESH.REQUEST);
  t.equal(toHex(bytes), `${"ff".repeat(16)}00170500020001`);
  t.strictSame(decodeRouteRefresh(bytes, 19, bytes.length), { afi: 2, safi: 1, family: 1, subtype: 0 });
});

t.test("a family we do not speak and a subtype nobody knows are told as they are", async (t) => {
  t.strictSame(decodeRouteRefresh(fromHex("0019 09 46"), 0, 4), { afi: 25, safi: 70, family: undefined, subtype: 9 });
});

const MARKER = "ff".repeat(16);

for (const { name, hex, code, data } of [
  { name: "no body", hex: "", code: "1/2", data: "0013" },
  { name: "a family only", hex: "0001", code: "1/2", data: "0015" },
  { name: "a request without SAFI", hex: "000100", code: "1/2", data: "0016" },
  { name: "a beginning without SAFI", hex: "000101", code: "7/1", data: `${MARKER}001605000101` },
  { name: "an end without SAFI", hex: "000102", code: "7/1", data: `${MARKER}001605000102` },
  { name: "an octet behind a request", hex: "0001000100", code: "7/1", data: `${MARKER}0018050001000100` },
  { name: "an octet behind an end", hex: "0001020100", code: "7/1", data: `${MARKER}0018050001020100` },
]) {
  t.test(`RFC 4271 §6.1, RFC 7313 §5: ${name} is ${code}`, async (t) => {
    const body = fromHex(hex);
    const error = t.throws(() => decodeRouteRefresh(body, 0, body.length), NotificationError) as unknown;
    if (!(error instanceof NotificationError)) return;
    t.equal(`${error.code}/${error.subcode}`, code);
    t.equal(toHex(error.data), data);
  });
}
