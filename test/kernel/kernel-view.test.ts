// KernelMonitor on a simulated kernel: resolution of next hops, events, and reading everything anew.

import t from "tap";

import { parseAddress } from "../../src/base/ip.js";
import { BLACKHOLE, FibWorld, OURS, STATIC, through, via } from "./fib-world.js";
import type { SimulatedKernel } from "./simulated-kernel.js";

const KERNEL = { table: 254, protocol: 2, metric: 0 };

function bytesOf(text: string): Uint8Array {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(text);
  return address.bytes;
}

/** eth0 has 192.0.2.1/24 and 2001:db8::1/64, eth1 198.51.100.1/24; a default route and one through eth1. */
function addRoutes(kernel: SimulatedKernel): void {
  kernel.addresses.push({ index: 2, bytes: bytesOf("192.0.2.1"), length: 24 });
  kernel.addresses.push({ index: 2, bytes: bytesOf("2001:db8::1"), length: 64 });
  kernel.addresses.push({ index: 3, bytes: bytesOf("198.51.100.1"), length: 24 });
  const onLink = (device: string) => through({ gateway: undefined, device, onlink: false, weight: 1 });
  kernel.write("add", KERNEL, "192.0.2.0/24", onLink("eth0"));
  kernel.write("add", KERNEL, "198.51.100.0/24", onLink("eth1"));
  kernel.write("add", { ...KERNEL, metric: 256 }, "2001:db8::/64", onLink("eth0"));
  kernel.write("add", { ...KERNEL, metric: 256 }, "fe80::/64", onLink("eth0"));
  kernel.write("add", STATIC, "0.0.0.0/0", through(via("192.0.2.254", "eth0")));
  kernel.write("add", { ...STATIC, metric: 50 }, "10.0.0.0/8", through(via("198.51.100.9", "eth1")));
  kernel.write("add", { ...STATIC, metric: 40 }, "10.0.0.0/8", through(via("192.0.2.9", "eth0")));
  kernel.write("add", STATIC, "10.6.0.0/16", BLACKHOLE);
  kernel.write("add", OURS, "10.7.0.0/16", through(via("192.0.2.77", "eth0")));
}

function describe(world: FibWorld, address: string, zone?: string): string {
  const found = world.view.resolve(bytesOf(address), zone);
  if (found === undefined) return "unreachable";
  const gateway = found.gateway === undefined ? "" : ` via ${[...found.gateway].join(".")}`;
  return `${found.kind} ${found.device}${gateway} ${found.cost}`;
}

void t.test("resolve takes the longest match, then the lowest metric, and never a route of ours", async (t) => {
  const world = await new FibWorld({}, addRoutes).start();
  const rows: readonly (readonly [string, string | undefined, string])[] = [
    ["192.0.2.1", undefined, "local eth0 0"],
    ["192.0.2.5", undefined, "connected eth0 0"],
    ["2001:db8::5", undefined, "connected eth0 0"],
    ["203.0.113.1", undefined, "recursive eth0 via 192.0.2.254 0"],
    ["10.1.2.3", undefined, "recursive eth0 via 192.0.2.9 40"],
    ["10.6.1.1", undefined, "unreachable"],
    ["10.7.1.1", undefined, "recursive eth0 via 192.0.2.9 40"],
    ["2001:db9::1", undefined, "unreachable"],
    ["fe80::1", "eth0", "connected eth0 0"],
    ["fe80::1", undefined, "unreachable"],
    ["fe80::1", "eth7", "unreachable"],
  ];
  for (const [address, zone, wanted] of rows)
    t.equal(describe(world, address, zone), wanted, `${address} ${zone ?? ""}`);
});

void t.test("a link that goes down takes its routes out of the resolution; another metric steps in", async (t) => {
  const world = await new FibWorld({}, addRoutes).start();
  let changes = 0;
  const stop = world.view.onChange(() => changes++);
  world.kernel.setLink("eth0", false);
  world.clock.settle();
  t.equal(world.view.isUp("eth0"), false);
  t.ok(changes > 0);
  t.equal(describe(world, "10.1.2.3"), "recursive eth1 via 198.51.100.9 50");
  t.equal(describe(world, "203.0.113.1"), "unreachable");
  t.equal(describe(world, "fe80::1", "eth0"), "unreachable");
  stop();
  const before = changes;
  world.kernel.setLink("eth0", true);
  world.clock.settle();
  t.equal(changes, before, "who stopped listening is not called");
});

void t.test("listeners are called once per turn, and not for an audit that finds nothing new", async (t) => {
  const world = await new FibWorld({ auditSeconds: 10 }, addRoutes).start();
  let changes = 0;
  world.view.onChange(() => changes++);
  world.kernel.write("add", STATIC, "10.8.0.0/16", through(via("192.0.2.8", "eth0")));
  world.kernel.write("add", STATIC, "10.9.0.0/16", through(via("192.0.2.9", "eth0")));
  world.clock.settle();
  t.equal(changes, 1);
  world.clock.advance(30_000);
  t.equal(changes, 1);
  world.kernel.write("delete", STATIC, "10.8.0.0/16");
  world.clock.settle();
  t.equal(changes, 2);
});

void t.test("alien routes are listed with interface and protocol, without ours and link-local ones", async (t) => {
  const world = await new FibWorld({}, addRoutes).start();
  const texts = world.view.alienRoutes().map(({ prefix, kind, nextHops, protocol }) => {
    const devices = nextHops.map(({ device }) => device).join("+");
    return `${prefix.bytes.join(".")}/${prefix.length} ${kind === "unicast" ? devices : kind} ${protocol}`;
  });
  t.strictSame(texts.sort(), [
    "0.0.0.0/0 eth0 4",
    "10.0.0.0/8 eth0 4",
    "10.0.0.0/8 eth1 4",
    "10.6.0.0/16 blackhole 4",
    "192.0.2.0/24 eth0 2",
    "198.51.100.0/24 eth1 2",
    "32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.0/64 eth0 2",
  ]);
  t.strictSame(
    world.view.addresses().map(({ device, prefix }) => `${device} /${prefix.length}`),
    ["eth0 /24", "eth0 /64", "eth1 /24"],
  );
});

void t.test("lost notifications: everything is read again, what vanished meanwhile is forgotten", async (t) => {
  const world = await new FibWorld({ auditSeconds: 0 }, addRoutes).start();
  world.kernel.write("delete", { ...STATIC, metric: 40 }, "10.0.0.0/8");
  world.kernel.write("add", STATIC, "10.8.0.0/16", through(via("192.0.2.8", "eth0")));
  world.kernel.loseNotifications();
  world.clock.settle();
  t.equal(describe(world, "10.1.2.3"), "recursive eth0 via 192.0.2.9 40", "not yet known");
  world.clock.advance(200);
  t.equal(describe(world, "10.1.2.3"), "recursive eth1 via 198.51.100.9 50");
  t.equal(describe(world, "10.8.0.1"), "recursive eth0 via 192.0.2.8 0");
});

void t.test("a table of its own: gateways are still looked up in the main table", async (t) => {
  const world = await new FibWorld({ table: 100 }, addRoutes).start();
  t.equal(describe(world, "192.0.2.5"), "connected eth0 0");
  world.put("10.5.0.0/16", through(via("192.0.2.2")));
  t.equal(world.stateOf("10.5.0.0/16"), "installed");
  t.ok([...world.kernel.routes.keys()].includes("10.5.0.0/16 100 0"));
});

void t.test("start fails in words when the kernel cannot be read", async (t) => {
  const world = new FibWorld({}, (kernel) => (kernel.dumpErrno = 5));
  await t.rejects(world.start(), /cannot read routes: .*errno 5/);
  world.view.close();
  world.clock.advance(5000);
  t.equal(world.fib.counts().wanted, 0);
});
