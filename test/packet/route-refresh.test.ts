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

t.test("RFC 7313 §5: any other length is 7/1 with the whole message as data", async (t) => {
  for (const hex of ["", "000100", "0001000100"]) {
    const body = fromHex(hex);
    const error = t.throws(() => decodeRouteRefresh(body, 0, body.length), NotificationError) as unknown;
    t.match(error, { code: 7, subcode: 1 });
    const length = (19 + body.length).toString(16).padStart(4, "0");
    if (error instanceof NotificationError) t.equal(toHex(error.data), `${"ff".repeat(16)}${length}05${hex}`);
  }
});
