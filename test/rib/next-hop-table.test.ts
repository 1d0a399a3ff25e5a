import t from "tap";
import { type NextHopResolution, NextHopTable, OWN_ADDRESS } from "../../src/rib/next-hop-table.js";
import { address } from "./updates.js";

const WAY: NextHopResolution = { reachable: true, cost: 0, via: "" };
const acquire = (table: NextHopTable, text: string): number => {
  const bytes = address(text);
  return table.acquire(bytes, 0, bytes.length);
};

t.test("no octets: no next hop, always reachable", async (t) => {
  const table = new NextHopTable(() => ({ ...WAY, reachable: false }));
  t.equal(table.acquire(new Uint8Array(4), 2, 0), 0);
  t.equal(table.reachable[0], 1);
  t.equal(table.bytes(0).length, 0);
});

t.test("equal octets share a row until the last one lets go", async (t) => {
  const table = new NextHopTable();
  const id = acquire(table, "192.0.2.1");
  t.equal(acquire(table, "192.0.2.1"), id);
  t.not(acquire(table, "192.0.2.2"), id);
  table.release(id);
  t.same([...table.bytes(id)], [192, 0, 2, 1]);
  table.release(id);
  t.equal(table.size, 1);
  t.equal(acquire(table, "192.0.2.3"), id, "the row is used again");
});

t.test("addresses of different length never share a row", async (t) => {
  const table = new NextHopTable();
  const short = table.acquire(Uint8Array.of(1, 2, 3, 4), 0, 4);
  const long = table.acquire(Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0, 16);
  t.not(short, long);
});

t.test("reresolve tells reachability, cost and way that changed", async (t) => {
  const ways = new Map<number, NextHopResolution>();
  const table = new NextHopTable((nextHop) => ways.get(nextHop[3]) ?? WAY);
  const ids = [1, 2, 3, 4].map((last) => acquire(table, `192.0.2.${last}`));
  ways.set(1, { ...WAY, reachable: false });
  ways.set(2, { ...WAY, cost: 5 });
  ways.set(3, { ...WAY, via: "eth1" });
  t.same(table.reresolve(), new Set(ids.slice(0, 3)));
  t.equal(table.reachable[ids[0]], 0);
  t.equal(table.cost[ids[1]], 5);
  t.same(table.reresolve(), new Set());
  t.same(
    table.reresolve(() => WAY),
    new Set(ids.slice(0, 3)),
    "another resolver",
  );
});

t.test("it knows which peer has an address, whoever comes first", async (t) => {
  const table = new NextHopTable();
  const before = acquire(table, "192.0.2.1");
  table.setPeer(address("192.0.2.1"), 7);
  table.setPeer(address("2001:db8::1"), 8);
  const after = acquire(table, "2001:db8::1");
  const withLinkLocal = table.acquire(Uint8Array.of(...address("2001:db8::1"), ...address("fe80::1")), 0, 32);
  t.same(
    [before, after, withLinkLocal].map((id) => table.peer[id]),
    [7, 8, 8],
  );
  table.setPeer(address("2001:db8::1"), 0);
  t.same(
    [before, after, withLinkLocal].map((id) => table.peer[id]),
    [7, 0, 0],
  );
  table.release(after);
  t.equal(table.peer[acquire(table, "192.0.2.9")], 0, "a row used again forgets its peer");
});

t.test("link-local next hops: alone, said twice, behind nothing, or beside a global one (RFC 2545)", async (t) => {
  const table = new NextHopTable();
  const pair = (first: string, second: string): number =>
    table.acquire(Uint8Array.of(...address(first), ...address(second)), 0, 32, "eth0");
  const alone = table.acquire(address("fe80::1"), 0, 16, "eth0");
  t.equal(pair("fe80::1", "fe80::1"), alone);
  t.equal(pair("::", "fe80::1"), alone);
  t.same([table.bytes(alone), table.zone(alone)], [address("fe80::1"), "eth0"]);
  t.equal(table.isLinkLocal(alone), true);
  t.not(table.acquire(address("fe80::1"), 0, 16, "eth1"), alone, "another link, another next hop");
  const beside = pair("2001:db8::1", "fe80::1");
  t.equal(table.bytes(beside).length, 32);
  t.equal(table.zone(beside), "eth0");
  t.equal(table.isLinkLocal(beside), false, "the global one may be passed on");
  const global = table.acquire(address("2001:db8::1"), 0, 16, "eth0");
  t.equal(table.zone(global), undefined);
  for (const id of [alone, alone, alone, beside, global]) table.release(id);
  t.equal(table.size, 1);
});

t.test("columns grow with the rows", async (t) => {
  const table = new NextHopTable((nextHop) => ({ reachable: nextHop[3] % 2 === 0, cost: nextHop[3], via: "" }));
  const ids = Array.from({ length: 2000 }, (_, i) => acquire(table, `10.0.${i >> 8}.${i & 255}`));
  t.equal(table.size, 2000);
  t.ok(ids.every((id, i) => table.cost[id] === (i & 255) && table.reachable[id] === ((i + 1) & 1)));
  for (const id of ids) table.release(id);
  t.equal(table.size, 0);
});

t.test("where packets are dropped no way is needed: a row of its own (RFC 7999 §3.3)", async (t) => {
  const table = new NextHopTable(() => ({ reachable: false, cost: 9, via: "" }));
  const bytes = address("192.0.2.1");
  const plain = table.acquire(bytes, 0, 4);
  const drops = table.acquire(bytes, 0, 4, undefined, true);
  t.not(plain, drops);
  t.equal(table.acquire(bytes, 0, 4, undefined, true), drops);
  t.same([table.reachable[plain], table.reachable[drops], table.cost[drops]], [0, 1, 0]);
  table.setPeer(bytes, 7);
  t.same([table.peer[plain], table.peer[drops]], [7, 7], "the peer with that address is not told it");
  t.equal(table.reresolve(() => ({ reachable: false, cost: 3, via: "" })).has(drops), false);
  t.equal(table.reachable[drops], 1);
  table.release(drops);
  table.release(drops);
  table.release(plain);
  t.equal(table.size, 0);
  t.equal(table.acquire(bytes, 0, 4), plain, "the row is an ordinary one again");
  t.equal(table.reachable[plain], 0);
});

t.test("an address of our own is told from one that cannot be reached", async (t) => {
  const table = new NextHopTable((nextHop) => (nextHop[3] === 1 ? OWN_ADDRESS : { ...WAY, reachable: false }));
  const [own, lost] = [acquire(table, "192.0.2.1"), acquire(table, "192.0.2.2")];
  t.same([table.isOwn(own), table.isOwn(lost)], [true, false]);
  t.same([table.reachable[own], table.reachable[lost]], [0, 0]);
});
