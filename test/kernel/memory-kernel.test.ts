// The kernel in memory, which tests of the speaker and the demonstration use.

import t from "tap";

import { parseAddress, parsePrefix } from "../../src/base/ip.js";
import { MemoryKernel } from "../../src/kernel/memory-kernel.js";
import { alienRoute } from "../support/alien-route.js";
import { FakeClock } from "../support/fake-clock.js";
import { BLACKHOLE, through, via } from "./fib-world.js";

function address(text: string): Uint8Array {
  return parseAddress(text)?.bytes ?? new Uint8Array(0);
}

function open(): { kernel: MemoryKernel; clock: FakeClock } {
  const clock = new FakeClock();
  const prefix = parsePrefix("192.0.2.0/24");
  if (prefix === undefined) throw new Error("no prefix");
  const own = { device: "eth0", address: { bytes: address("192.0.2.1") }, prefix };
  return { kernel: new MemoryKernel({ addresses: [own] }, { clock }), clock };
}

void t.test("wishes are fulfilled at once; equal ones and claimed routes cost no write", (t) => {
  const { kernel } = open();
  kernel.adopt("10.1.0.0/16", BLACKHOLE);
  kernel.adopt("10.2.0.0/16", BLACKHOLE);
  kernel.set(0, (10 << 24) | (1 << 16), 0, 0, 0, 16, BLACKHOLE);
  t.equal(kernel.writes, 0);
  kernel.set(1, 0x20010db8, 0, 0, 0, 32, through(via("fe80::1", "eth0")));
  t.strictSame(kernel.counts(), { wanted: 2, installed: 2, failed: 0, stale: 1 });
  t.strictSame(kernel.routes(), [
    "10.1.0.0/16 blackhole",
    "10.2.0.0/16 blackhole stale",
    "2001:db8::/32 via fe80::1 dev eth0",
  ]);
  kernel.sweepStale();
  kernel.set(1, 0x20010db8, 0, 0, 0, 32, undefined);
  t.strictSame(kernel.routes(), ["10.1.0.0/16 blackhole"]);
  t.equal(kernel.writes, 3);
  t.end();
});

void t.test("a refused prefix is failed with the words", (t) => {
  const { kernel } = open();
  kernel.refuse("10.0.0.0/8", "no");
  kernel.set(0, 10 << 24, 0, 0, 0, 8, BLACKHOLE);
  t.match([...kernel.entries()], [{ prefix: "10.0.0.0/8", state: "failed", error: "no" }]);
  t.strictSame(kernel.counts(), { wanted: 1, installed: 0, failed: 1, stale: 0 });
  t.end();
});

void t.test("everything is on the link unless a test says otherwise", (t) => {
  const { kernel, clock } = open();
  let changes = 0;
  kernel.onChange(() => changes++);
  t.match(kernel.resolve(address("203.0.113.7"), undefined), { kind: "connected", device: "eth0" });
  t.match(kernel.resolve(address("192.0.2.1"), undefined), { kind: "local" });
  t.match(kernel.resolve(address("fe80::1"), "eth5"), { kind: "connected", device: "eth5" });
  t.equal(kernel.resolve(address("fe80::1"), undefined), undefined);
  kernel.setReachable("203.0.113.7", false);
  t.equal(kernel.resolve(address("203.0.113.7"), undefined), undefined);
  const prefix = parsePrefix("198.51.100.0/24");
  if (prefix !== undefined) {
    kernel.setAlienRoutes([alienRoute(prefix, "eth1", address("192.0.2.9"), { metric: 5, protocol: 4 })]);
  }
  t.match(kernel.resolve(address("198.51.100.7"), undefined), { kind: "recursive", device: "eth1", cost: 5 });
  kernel.setLink("eth1", false);
  t.equal(kernel.resolve(address("198.51.100.7"), undefined), undefined);
  clock.settle();
  t.equal(changes, 1);
  t.end();
});
