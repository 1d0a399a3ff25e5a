// The octets by which attribute sets are interned, also where the attributes of a message run over their end.

import fc from "fast-check";
import t from "tap";
import { fromHex, toHex } from "../../src/base/bytes.js";
import { NotificationError } from "../../src/packet/notification.js";
import { decodeUpdate, UpdateView } from "../../src/packet/update.js";
import { AttributeKey } from "../../src/rib/attribute-key.js";

const CONTEXT = { addPathReceive: [false, false], fourOctetAs: true } as const;
const REACH = "800e1a 0002 01 10 20010db8000000000000000000000001 00 2020010db8";

function viewOf(attributes: string): UpdateView {
  const octets = attributes.replace(/\s/g, "");
  const body = fromHex(`0000${(octets.length / 2).toString(16).padStart(4, "0")}${octets}`);
  const view = new UpdateView();
  decodeUpdate(body, 0, body.length, CONTEXT, view);
  return view;
}

function keyOf(view: UpdateView): string {
  const key = new AttributeKey();
  key.forReach(view);
  return toHex(key.bytes, key.at, key.at + key.length);
}

t.test("the next hop of MP_REACH_NLRI stands where NEXT_HOP would", async (t) => {
  const view = viewOf(`40010100 400200 80040400000007 ${REACH}`);
  t.equal(keyOf(view), `40010100400200${"400310"}20010db800000000000000000000000180040400000007`);
});

t.test("an attribute that runs over the end is kept as far as it goes, for judging to see", async (t) => {
  for (const rest of ["c008ff 00000001", "c0", "c008", "d00801", "400101"]) {
    const view = viewOf(`40010100 400200 ${REACH} ${rest}`);
    t.equal(view.treatAsWithdraw, true, rest);
    const key = keyOf(view);
    t.ok(key.endsWith(rest.replace(/\s/g, "")), `${rest}: ${key}`);
  }
});

t.test("whatever the attributes are, a key has the length of something", async (t) => {
  const start = `40010100 400200 ${REACH} `;
  const lengths = new Set<number>();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (rest) => {
      let view: UpdateView;
      try {
        view = viewOf(start + toHex(rest));
      } catch (error) {
        if (error instanceof NotificationError) return true;
        throw error;
      }
      const length = keyOf(view).length / 2;
      lengths.add(length);
      return Number.isInteger(length) && length > 0 && length <= 64 + rest.length;
    }),
    { numRuns: 2000 },
  );
  t.ok(lengths.size > 10, "keys of many lengths were made");
});
