import t from "tap";
import { LocalAddresses } from "../../src/speaker/local-addresses.js";

const HERE = Uint8Array.of(10, 0, 0, 1);
const THERE = Uint8Array.of(10, 0, 0, 2);

t.test("an address is ours while a session ends at it", async (t) => {
  const addresses = new LocalAddresses();
  t.notOk(addresses.has(HERE));
  addresses.add(HERE);
  addresses.add(HERE);
  addresses.add(THERE);
  addresses.remove(HERE);
  t.ok(addresses.has(Uint8Array.from(HERE)), "another session still does");
  addresses.remove(HERE);
  t.notOk(addresses.has(HERE));
  t.ok(addresses.has(THERE));
  t.notOk(addresses.has(THERE.subarray(0, 3)));
});
