import t from "tap";
import { parsePrefix } from "../../src/base/ip.js";
import { alienRoute } from "../support/alien-route.js";
import { World } from "./world.js";

const address = (...octets: number[]): Uint8Array => Uint8Array.from(octets);

function prefix(text: string): NonNullable<ReturnType<typeof parsePrefix>> {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

const two = (more: string): string => `
as: 64512
peers: [{address: 10.0.0.2, as: 64512}, {address: 10.0.0.3, as: 64512}]
${more}`;
const announcer = (prefixes: string): string => `
as: 64512
peers: [{address: 10.0.0.1, as: 64512}]
node: {static: [${prefixes
  .split(", ")
  .map((prefix) => `{prefix: ${prefix}, type: none}`)
  .join(", ")}]}`;

t.test("a next hop that is lost takes its routes along, and brings them back", async (t) => {
  const world = new World();
  const a = await world.start("10.0.0.1", two(""));
  await world.start("10.0.0.2", announcer("10.244.2.0/26"));
  world.run(10_000);
  t.same(a.fib(), ["10.244.2.0/26 unicast via 10.0.0.2 dev eth0"]);
  a.kernel.setReachable("10.0.0.2", false);
  world.run(100);
  t.same(a.fib(), []);
  t.match(a.routes({ stage: "received" })[0]?.reason, /NEXT_HOP is not reachable/);
  a.kernel.setReachable("10.0.0.2", true);
  world.run(100);
  t.same(a.fib(), ["10.244.2.0/26 unicast via 10.0.0.2 dev eth0"]);
});

t.test("a way that changes at equal cost reaches the kernel", async (t) => {
  const world = new World();
  const a = await world.start("10.0.0.1", two(""));
  await world.start("10.0.0.2", announcer("10.244.2.0/26"));
  world.run(10_000);
  const via = (gateway: Uint8Array): void =>
    a.kernel.setAlienRoutes([alienRoute(prefix("10.0.0.2/32"), "eth1", gateway)]);
  via(address(192, 168, 1, 1));
  world.run(100);
  t.same(a.fib(), ["10.244.2.0/26 unicast via 192.168.1.1 dev eth1"], "recursive through the alien route");
  via(address(192, 168, 1, 2));
  world.run(100);
  t.same(a.fib(), ["10.244.2.0/26 unicast via 192.168.1.2 dev eth1"]);
});

t.test("a next hop that comes after another one has gone does not get its way", async (t) => {
  const world = new World();
  const a = await world.start("10.0.0.1", two(""));
  const b = await world.start("10.0.0.2", announcer("10.244.2.0/26"));
  const c = await world.start("10.0.0.3", announcer("10.244.9.0/26"));
  world.run(10_000);
  t.same(a.fib(), ["10.244.2.0/26 unicast via 10.0.0.2 dev eth0", "10.244.9.0/26 unicast via 10.0.0.3 dev eth0"]);
  await c.apply(announcer("").replace("{prefix: , type: none}", ""));
  world.run(1000);
  await b.apply(announcer("").replace("{prefix: , type: none}", ""));
  world.run(1000);
  t.same(a.fib(), []);
  // The rows of both next hops are free; the one of 10.0.0.2 is given out first.
  await c.apply(announcer("10.244.9.0/26"));
  world.run(1000);
  t.same(a.fib(), ["10.244.9.0/26 unicast via 10.0.0.3 dev eth0"]);
  await b.apply(announcer("10.244.2.0/26"));
  world.run(1000);
  t.same(a.fib(), ["10.244.2.0/26 unicast via 10.0.0.2 dev eth0", "10.244.9.0/26 unicast via 10.0.0.3 dev eth0"]);
});

t.test("equal paths over next hops that come after others do not get their ways", async (t) => {
  const world = new World();
  const four = `
as: 64512
multipath: {ibgp: 4}
peers: [${[2, 3, 4, 5].map((i) => `{address: 10.0.0.${i}, as: 64512}`).join(", ")}]`;
  const a = await world.start("10.0.0.1", four);
  const nothing = announcer("").replace("{prefix: , type: none}", "");
  for (const i of [2, 3]) await world.start(`10.0.0.${i}`, announcer("10.96.0.10/32"));
  const later = [];
  for (const i of [4, 5]) later.push(await world.start(`10.0.0.${i}`, nothing));
  world.run(10_000);
  t.same(a.fib(), ["10.96.0.10/32 unicast via 10.0.0.2 dev eth0 via 10.0.0.3 dev eth0"]);
  for (const i of [2, 3]) await world.nodes.get(`10.0.0.${i}`)?.apply(nothing);
  world.run(1000);
  for (const node of later) await node.apply(announcer("10.96.0.10/32"));
  world.run(1000);
  t.same(a.fib(), ["10.96.0.10/32 unicast via 10.0.0.4 dev eth0 via 10.0.0.5 dev eth0"]);
});

t.test("equal paths over next hops behind one gateway name it once", async (t) => {
  const world = new World();
  const a = await world.start("10.0.0.1", two("multipath: {ibgp: 4}"));
  await world.start("10.0.0.2", announcer("10.244.9.0/26"));
  await world.start("10.0.0.3", announcer("10.244.9.0/26"));
  world.run(10_000);
  const gateway = address(192, 168, 1, 1);
  const behind = (text: string) => alienRoute(prefix(text), "eth1", gateway);
  a.kernel.setAlienRoutes([behind("10.0.0.2/32"), behind("10.0.0.3/32")]);
  world.run(1000);
  t.same(a.fib(), ["10.244.9.0/26 unicast via 192.168.1.1 dev eth1"]);
});

t.test("equal paths share the load where multipath allows it", async (t) => {
  const world = new World();
  const a = await world.start("10.0.0.1", two("multipath: {ibgp: 4}"));
  for (const i of [2, 3]) await world.start(`10.0.0.${i}`, announcer("10.96.0.10/32"));
  world.run(10_000);
  t.same(a.fib(), ["10.96.0.10/32 unicast via 10.0.0.2 dev eth0 via 10.0.0.3 dev eth0"]);
  t.equal(a.routes({ stage: "received" }).filter((route) => route.multipath).length, 1);
  await a.apply(two("multipath: {ibgp: 1}"));
  world.run(100);
  t.same(a.fib(), ["10.96.0.10/32 unicast via 10.0.0.2 dev eth0"], "and not where it does not");
});

t.test("encapsulation: always goes through the tunnel on-link, crossSubnet only beyond the link", async (t) => {
  const world = new World();
  const yaml = (mode: string): string =>
    two(`multipath: {ibgp: 2}\nkernel: {encapsulation: [{prefix: 10.244.0.0/16, mode: ${mode}, device: tunl0}]}`);
  const a = await world.start("10.0.0.1", yaml("always"));
  a.kernel.setAlienRoutes([alienRoute(prefix("10.0.0.3/32"), "eth0", address(10, 0, 0, 254))]);
  for (const i of [2, 3]) await world.start(`10.0.0.${i}`, announcer("10.244.2.0/26"));
  world.run(10_000);
  t.same(a.fib(), ["10.244.2.0/26 unicast via 10.0.0.2 dev tunl0 onlink via 10.0.0.3 dev tunl0 onlink"]);
  await a.apply(yaml("crossSubnet"));
  world.run(100);
  t.same(
    a.fib(),
    ["10.244.2.0/26 unicast via 10.0.0.2 dev eth0 via 10.0.0.3 dev tunl0 onlink"],
    "a device per next hop",
  );
  await a.apply(yaml("never"));
  world.run(100);
  t.match(a.fib()[0], /via 10\.0\.0\.254 dev eth0/);
});

t.test("the kernel's export policy keeps routes out of the kernel but not out of BGP", async (t) => {
  const world = new World();
  const a = await world.start(
    "10.0.0.1",
    two(`
prefixSets: {pods: [10.244.0.0/16 le 32]}
policies: {pods-only: [{match: {prefixSet: pods}, action: accept}, {action: reject}]}
kernel: {exportPolicy: pods-only}`),
  );
  await world.start("10.0.0.2", announcer("10.244.2.0/26, 10.96.0.10/32"));
  world.run(10_000);
  t.same(a.fib(), ["10.244.2.0/26 unicast via 10.0.0.2 dev eth0"]);
  t.equal(a.best().length, 2);
});

t.test("connected prefixes and alien routes are advertised by interface pattern", async (t) => {
  const world = new World();
  const yaml = `
as: 64512
peers: [{address: 10.0.0.2, as: 64512}]
node: {direct: ["eth*", "!eth9"], kernelRoutes: ["cali*"]}`;
  const a = await world.start("10.0.0.1", yaml);
  const b = await world.start("10.0.0.2", announcer("10.244.2.0/26"));
  a.kernel.setAddresses([
    { device: "eth0", address: { bytes: address(10, 0, 0, 1) }, prefix: prefix("10.0.0.0/24") },
    { device: "lo", address: { bytes: address(127, 0, 0, 1) }, prefix: prefix("127.0.0.0/8") },
  ]);
  a.kernel.setAlienRoutes([
    alienRoute(prefix("10.65.0.7/32"), "cali123", undefined),
    alienRoute(prefix("172.16.0.0/12"), "eth0", address(10, 0, 0, 254)),
  ]);
  world.run(10_000);
  const learned = (): string[] =>
    b
      .routes({ stage: "received", peer: "10.0.0.1" })
      .map((route) => route.prefix)
      .sort();
  t.same(learned(), ["10.0.0.0/24", "10.65.0.7/32"]);
  t.same(a.fib(), ["10.244.2.0/26 unicast via 10.0.0.2 dev eth0"], "they are in the kernel already");
  a.kernel.setAlienRoutes([]);
  world.run(100);
  t.same(learned(), ["10.0.0.0/24"], "a workload that has gone is withdrawn");
});

t.test("an aggregate lives while something inside it does; summaryOnly hides what is inside", async (t) => {
  const world = new World();
  const a = await world.start(
    "10.0.0.1",
    `
as: 64512
peers: [{address: 10.0.0.2, as: 64512}, {address: 10.0.0.3, as: 64512, routeReflectorClient: true}]
node: {aggregates: [{prefix: 10.244.0.0/16, summaryOnly: true}]}`,
  );
  const b = await world.start("10.0.0.2", announcer("10.244.2.0/26"));
  const c = await world.start("10.0.0.3", announcer("10.96.0.1/32"));
  world.run(10_000);
  const heard = (): string[] =>
    c
      .routes({ stage: "received", peer: "10.0.0.1" })
      .map((route) => route.prefix)
      .sort();
  t.same(heard(), ["10.244.0.0/16"]);
  t.ok(a.fib().includes("10.244.0.0/16 blackhole"));
  await b.apply(announcer("10.97.0.1/32"));
  world.run(1000);
  t.same(heard(), ["10.97.0.1/32"]);
  t.notOk(a.fib().includes("10.244.0.0/16 blackhole"));
});

t.test("static routes: through a gateway while it is reachable, blackholes, and advertised-only ones", async (t) => {
  const world = new World();
  const a = await world.start(
    "10.0.0.1",
    `
as: 64512
peers: [{address: 10.0.0.2, as: 64512}]
node:
  static:
    - {prefix: 192.0.2.0/24, via: 10.0.0.7}
    - {prefix: 198.51.100.0/24, type: blackhole}
    - {prefix: 203.0.113.0/24, type: none}`,
  );
  const b = await world.start("10.0.0.2", announcer("10.244.2.0/26"));
  world.run(10_000);
  t.same(a.fib(), [
    "10.244.2.0/26 unicast via 10.0.0.2 dev eth0",
    "192.0.2.0/24 unicast via 10.0.0.7",
    "198.51.100.0/24 blackhole",
  ]);
  t.equal(b.speaker.countRoutes({ stage: "received", peer: "10.0.0.1" }), 3);
  a.kernel.setReachable("10.0.0.7", false);
  world.run(1000);
  t.equal(b.speaker.countRoutes({ stage: "received", peer: "10.0.0.1" }), 2);
});
