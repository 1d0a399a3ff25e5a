// FibSync on a simulated kernel: what is written when, and what is believed after dumps, notifications and answers.

import t from "tap";

import { BLACKHOLE, FibWorld, OURS, STATIC, through, via } from "./fib-world.js";

const GATEWAY = through(via("192.0.2.2"));
const OTHER = through(via("192.0.2.3"));

void t.test("a wish is written once and installed; taking it back deletes it", async (t) => {
  const world = await new FibWorld().start();
  world.put("10.0.0.0/8", GATEWAY);
  t.equal(world.stateOf("10.0.0.0/8"), "installed");
  world.put("10.0.0.0/8", GATEWAY);
  world.put("10.0.0.0/8", through(via("192.0.2.2")));
  t.strictSame(world.takeRequests(), ["add 10.0.0.0/8"], "an equal wish costs nothing, also as another object");
  world.put("10.0.0.0/8", OTHER);
  t.strictSame(world.kernel.lines(), ["10.0.0.0/8 via 192.0.2.3 if 2 proto 12"]);
  world.put("10.0.0.0/8", undefined);
  t.strictSame(world.takeRequests(), ["replace 10.0.0.0/8", "delete 10.0.0.0/8"]);
  t.strictSame(world.kernel.lines(), []);
  t.strictSame(world.fib.counts(), { wanted: 0, installed: 0, failed: 0, stale: 0 });
});

void t.test("a wish that is taken back before it was written costs no request", async (t) => {
  const world = await new FibWorld().start();
  world.wish("10.0.0.0/8", GATEWAY);
  world.wish("10.0.0.0/8", undefined);
  world.clock.settle();
  t.strictSame(world.takeRequests(), []);
});

void t.test("nothing is written before the kernel was read; flushed waits for the answers", async (t) => {
  const world = new FibWorld();
  world.wish("10.0.0.0/8", GATEWAY);
  let flushed = false;
  const done = world.fib.flushed().then(() => (flushed = true));
  world.clock.settle();
  t.strictSame(world.takeRequests(), []);
  t.equal(flushed, false);
  await world.start();
  await done;
  t.strictSame(world.takeRequests(), ["add 10.0.0.0/8"]);
});

void t.test("a wish changed while its request is under way is written again after the answer", async (t) => {
  const world = await new FibWorld().start();
  world.writer.holding = true;
  world.put("10.0.0.0/8", GATEWAY);
  world.put("10.0.0.0/8", OTHER);
  world.put("10.0.0.0/8", BLACKHOLE);
  t.equal(world.stateOf("10.0.0.0/8"), "pending");
  t.strictSame(world.takeRequests(), ["add 10.0.0.0/8"]);
  world.writer.release();
  world.clock.settle();
  t.strictSame(world.takeRequests(), ["replace 10.0.0.0/8"], "only the last wish");
  t.strictSame(world.kernel.lines(), ["10.0.0.0/8 type 6 proto 12"]);
});

void t.test("a wish taken back while its request is under way is deleted after the answer", async (t) => {
  const world = await new FibWorld().start();
  world.writer.holding = true;
  world.put("10.0.0.0/8", GATEWAY);
  world.put("10.0.0.0/8", undefined);
  world.writer.release();
  world.clock.settle();
  t.strictSame(world.takeRequests(), ["add 10.0.0.0/8", "delete 10.0.0.0/8"]);
  t.strictSame(world.kernel.lines(), []);
});

void t.test("restart: equal routes are claimed without a request, others replaced, the rest swept", async (t) => {
  const world = new FibWorld({}, (kernel) => {
    kernel.write("add", OURS, "10.1.0.0/16", GATEWAY);
    kernel.write("add", OURS, "10.2.0.0/16", OTHER);
    kernel.write("add", OURS, "10.3.0.0/16", GATEWAY);
    kernel.write("add", OURS, "2001:db8::/32", through(via("fe80::1", "eth1")));
    kernel.write("add", STATIC, "10.4.0.0/16", GATEWAY);
    kernel.write("add", { ...OURS, metric: 99 }, "10.5.0.0/16", GATEWAY);
    kernel.write("add", { ...OURS, table: 100 }, "10.6.0.0/16", GATEWAY);
  });
  await world.start();
  t.equal(world.fib.counts().stale, 5, "table and protocol make a route ours, whatever its metric");
  world.put("10.1.0.0/16", GATEWAY);
  world.put("2001:db8::/32", through(via("fe80::1", "eth1")));
  t.strictSame(world.takeRequests(), []);
  world.put("10.2.0.0/16", GATEWAY);
  t.strictSame(world.takeRequests(), ["replace 10.2.0.0/16"]);
  t.strictSame(world.fib.counts(), { wanted: 3, installed: 3, failed: 0, stale: 2 });
  world.fib.sweepStale();
  world.clock.settle();
  t.strictSame(world.takeRequests(), ["delete 10.3.0.0/16", "delete 10.5.0.0/16 metric 99"]);
  t.equal(world.kernel.lines().length, 5);
});

void t.test("stale routes go by themselves after staleSeconds", async (t) => {
  const world = new FibWorld({ staleSeconds: 30, auditSeconds: 7 }, (kernel) =>
    kernel.write("add", OURS, "10.1.0.0/16", GATEWAY),
  );
  await world.start();
  world.clock.advance(29_900);
  t.equal(world.kernel.lines().length, 1, "audits before that leave them alone");
  world.clock.advance(200);
  t.equal(world.kernel.lines().length, 0);
});

void t.test("sweepStale before the kernel was read takes effect when it was", async (t) => {
  const world = new FibWorld({}, (kernel) => kernel.write("add", OURS, "10.1.0.0/16", GATEWAY));
  world.fib.sweepStale();
  await world.start();
  t.strictSame(world.takeRequests(), ["delete 10.1.0.0/16"]);
});

void t.test("taking back a wish that was never made removes the stale route at once", async (t) => {
  const world = new FibWorld({}, (kernel) => kernel.write("add", OURS, "10.1.0.0/16", GATEWAY));
  await world.start();
  world.put("10.1.0.0/16", undefined);
  t.strictSame(world.kernel.lines(), []);
});

void t.test("a foreign route is never overwritten; ours follows when it goes away", async (t) => {
  const world = new FibWorld({}, (kernel) => kernel.write("add", STATIC, "10.1.0.0/16", OTHER));
  await world.start();
  world.put("10.1.0.0/16", GATEWAY);
  t.equal(world.stateOf("10.1.0.0/16"), "failed: a route of protocol static exists");
  t.equal(world.fib.counts().failed, 1);
  world.takeRequests();
  world.kernel.write("delete", STATIC, "10.1.0.0/16");
  world.clock.settle();
  t.equal(world.stateOf("10.1.0.0/16"), "installed");
});

void t.test("a foreign route that replaces ours is left alone and shown", async (t) => {
  const world = await new FibWorld().start();
  world.put("10.1.0.0/16", GATEWAY);
  world.kernel.write("replace", STATIC, "10.1.0.0/16", OTHER);
  world.clock.settle();
  t.equal(world.stateOf("10.1.0.0/16"), "failed: a route of protocol static exists");
  t.strictSame(world.kernel.lines(), ["10.1.0.0/16 via 192.0.2.3 if 2 proto 4"]);
});

void t.test("a route someone deletes or changes is put back, ever more slowly", async (t) => {
  const world = await new FibWorld({ auditSeconds: 0 }).start();
  world.put("10.1.0.0/16", GATEWAY);
  const disturb = (): void => {
    world.kernel.write("delete", OURS, "10.1.0.0/16");
    world.clock.settle();
  };
  disturb();
  t.equal(world.kernel.lines().length, 1, "the first time at once");
  world.kernel.write("replace", OURS, "10.1.0.0/16", OTHER);
  world.clock.settle();
  t.match(world.kernel.lines()[0], /192\.0\.2\.3/, "the second time after a second");
  world.clock.advance(1000);
  t.match(world.kernel.lines()[0], /192\.0\.2\.2/);
  disturb();
  world.clock.advance(1900);
  t.equal(world.kernel.lines().length, 0, "the third time after two");
  t.equal(world.stateOf("10.1.0.0/16"), "pending");
  world.clock.advance(100);
  t.equal(world.kernel.lines().length, 1);
  t.ok(world.log.some((line) => line.includes("another program keeps changing") && line.includes("10.1.0.0/16")));
  world.clock.advance(200_000);
  disturb();
  t.equal(world.kernel.lines().length, 1, "after a calm minute at once again");
});

void t.test("a new wish does not wait for the end of a fight", async (t) => {
  const world = await new FibWorld({ auditSeconds: 0 }).start();
  world.put("10.1.0.0/16", GATEWAY);
  for (let i = 0; i < 2; i++) {
    world.kernel.write("delete", OURS, "10.1.0.0/16");
    world.clock.settle();
  }
  t.strictSame(world.kernel.lines(), []);
  world.put("10.1.0.0/16", OTHER);
  t.equal(world.kernel.lines().length, 1);
});

void t.test(
  "the audit puts back what is missing or changed and removes strangers once stale ones were swept",
  async (t) => {
    const world = await new FibWorld({ auditSeconds: 10 }).start();
    world.put("10.1.0.0/16", GATEWAY);
    world.put("10.2.0.0/16", GATEWAY);
    world.kernel.write("delete", OURS, "10.1.0.0/16");
    world.kernel.write("replace", OURS, "10.2.0.0/16", OTHER);
    world.kernel.write("add", OURS, "10.3.0.0/16", OTHER);
    world.kernel.loseNotifications();
    world.takeRequests();
    world.clock.advance(200);
    t.strictSame(
      world.takeRequests().sort(),
      ["add 10.1.0.0/16", "replace 10.2.0.0/16"],
      "lost notifications: read again",
    );
    t.equal(world.fib.counts().stale, 1);
    world.fib.sweepStale();
    world.kernel.write("add", OURS, "10.4.0.0/16", OTHER);
    world.clock.settle();
    t.match(world.kernel.lines(), [/10\.1/, /10\.2/, /10\.4/], "a stranger stays until the next audit");
    world.clock.advance(10_000);
    t.match(world.kernel.lines(), [/10\.1/, /10\.2/]);
    t.equal(world.kernel.lines().length, 2);
  },
);

void t.test("an audit of an unchanged kernel writes nothing", async (t) => {
  const world = await new FibWorld({ auditSeconds: 10 }).start();
  world.put("10.1.0.0/16", GATEWAY);
  world.put("10.2.0.0/16", through(via("192.0.2.2", "eth0"), via("192.0.2.3", "eth1")));
  world.put("2001:db8::/32", BLACKHOLE);
  world.takeRequests();
  const { dumps } = world.kernel;
  world.clock.advance(35_000);
  t.equal(world.kernel.dumps, dumps + 6, "three audits of two families");
  t.strictSame(world.takeRequests(), []);
});

void t.test("a link that goes down takes IPv4 routes silently; they return when it comes up", async (t) => {
  const world = await new FibWorld({ auditSeconds: 0 }).start();
  world.put("10.1.0.0/16", through(via("192.0.2.2", "eth1")));
  world.put("10.2.0.0/16", GATEWAY);
  world.kernel.setLink("eth1", false);
  world.clock.advance(500);
  t.equal(world.stateOf("10.1.0.0/16"), "failed: Nexthop has invalid gateway (ENETUNREACH)");
  t.equal(world.stateOf("10.2.0.0/16"), "installed");
  world.kernel.setLink("eth1", true);
  world.clock.advance(60);
  t.equal(world.stateOf("10.1.0.0/16"), "installed");
});

void t.test("a wish through an interface that does not exist waits for it", async (t) => {
  const world = await new FibWorld().start();
  world.put("10.1.0.0/16", through({ ...via("192.0.2.2", "tunl0"), onlink: true }));
  t.equal(world.stateOf("10.1.0.0/16"), "failed: interface tunl0 does not exist");
  world.kernel.addLink("tunl0");
  world.clock.advance(60);
  t.strictSame(world.kernel.lines(), ["10.1.0.0/16 via 192.0.2.2 if 4 proto 12"]);
});

void t.test("a refused route is tried again after 1, 2, 4 … 60 seconds", async (t) => {
  const world = await new FibWorld({ auditSeconds: 0 }).start();
  world.kernel.refused.set("10.1.0.0/16", "");
  world.put("10.1.0.0/16", GATEWAY);
  const tries = (seconds: number): number => {
    world.takeRequests();
    world.clock.advance(seconds * 1000);
    return world.takeRequests().length;
  };
  t.strictSame([tries(1), tries(1), tries(1), tries(3), tries(1), tries(8)], [1, 0, 1, 0, 1, 1]);
  tries(300);
  t.equal(tries(600), 10, "at last once a minute");
  world.kernel.refused.clear();
  world.clock.advance(60_000);
  t.equal(world.stateOf("10.1.0.0/16"), "installed");
});

void t.test("a batch whose answers are lost is read again, not written again", async (t) => {
  const world = await new FibWorld({ auditSeconds: 0 }).start();
  world.writer.loseNext = 105;
  world.put("10.1.0.0/16", GATEWAY);
  t.match(world.stateOf("10.1.0.0/16"), /^failed: no buffer space/);
  world.takeRequests();
  world.clock.advance(500);
  t.equal(world.stateOf("10.1.0.0/16"), "installed");
  t.strictSame(world.takeRequests(), []);
});

void t.test("a route of ours that we did not know of is taken over after another look", async (t) => {
  const world = await new FibWorld({ auditSeconds: 0 }).start();
  world.kernel.write("add", OURS, "10.1.0.0/16", OTHER);
  world.wish("10.1.0.0/16", GATEWAY); // before the notification is read
  world.writer.holding = true;
  world.clock.settle();
  world.writer.release();
  world.clock.advance(1000);
  t.strictSame(world.kernel.lines(), ["10.1.0.0/16 via 192.0.2.2 if 2 proto 12"]);
  t.equal(world.stateOf("10.1.0.0/16"), "installed");
});

void t.test("a change by others while our request is under way leads to another look", async (t) => {
  const world = await new FibWorld({ auditSeconds: 0 }).start();
  world.writer.holding = true;
  world.put("10.1.0.0/16", GATEWAY);
  world.kernel.write("delete", OURS, "10.1.0.0/16");
  world.clock.settle();
  world.writer.release();
  world.clock.advance(500);
  t.equal(world.kernel.lines().length, 1);
  t.equal(world.stateOf("10.1.0.0/16"), "installed");
});

void t.test("a dump that fails concludes nothing and is repeated", async (t) => {
  const world = await new FibWorld({ auditSeconds: 10 }).start();
  world.put("10.1.0.0/16", GATEWAY);
  world.takeRequests();
  world.kernel.dumpErrno = 5;
  world.clock.advance(12_000);
  t.strictSame(world.takeRequests(), []);
  t.equal(world.stateOf("10.1.0.0/16"), "installed");
  t.ok(world.log.some((line) => line.includes("cannot be read")));
  world.kernel.dumpErrno = 0;
  world.kernel.write("delete", OURS, "10.1.0.0/16");
  world.kernel.loseNotifications();
  world.clock.advance(2000);
  t.equal(world.kernel.lines().length, 1);
});

void t.test("close leaves the routes, or removes them where the options say so", async (t) => {
  for (const removeAtExit of [false, true]) {
    const world = new FibWorld({ removeAtExit }, (kernel) => kernel.write("add", OURS, "10.9.0.0/16", OTHER));
    await world.start();
    world.kernel.write("add", STATIC, "10.8.0.0/16", OTHER);
    world.put("10.1.0.0/16", GATEWAY);
    const closed = world.fib.close();
    world.wish("10.2.0.0/16", GATEWAY);
    world.clock.settle();
    await closed;
    t.equal(world.kernel.lines().length, removeAtExit ? 1 : 3, `removeAtExit ${removeAtExit}`);
    t.equal(world.writer.closed, true);
    world.view.close();
    t.equal(world.clock.pending, 0, "no alarm is left behind");
  }
});

void t.test("10,000 routes go in and out in batches; counters agree with the entries", async (t) => {
  const world = await new FibWorld({ auditSeconds: 0 }).start();
  const count = 10_000;
  for (let i = 0; i < count; i++) world.fib.set(0, (20 << 24) + i * 256, 0, 0, 0, 24, i % 3 === 0 ? OTHER : GATEWAY);
  world.clock.settle();
  t.strictSame(world.fib.counts(), { wanted: count, installed: count, failed: 0, stale: 0 });
  t.equal([...world.fib.entries()].filter(({ state }) => state === "installed").length, count);
  t.equal(world.kernel.routes.size, count);
  world.takeRequests();
  world.view.resync("test");
  world.clock.advance(5000);
  t.equal(world.takeRequests().length, 0);
  for (let i = 0; i < count; i++) world.fib.set(0, (20 << 24) + i * 256, 0, 0, 0, 24, undefined);
  world.clock.settle();
  t.equal(world.kernel.routes.size, 0);
  t.strictSame(world.fib.counts(), { wanted: 0, installed: 0, failed: 0, stale: 0 });
});

void t.test("a burst is written while it is still being wished", async (t) => {
  const world = await new FibWorld().start();
  for (let i = 0; i < 255; i++) world.fib.set(0, (20 << 24) + i * 256, 0, 0, 0, 24, GATEWAY);
  t.equal(world.kernel.requests.length, 0, "less than a batch waits for the end of the turn");
  for (let i = 255; i < 1000; i++) world.fib.set(0, (20 << 24) + i * 256, 0, 0, 0, 24, GATEWAY);
  t.equal(world.takeRequests().length, 768, "three full batches");
  world.clock.settle();
  t.equal(world.takeRequests().length, 232);
  t.strictSame(world.fib.counts(), { wanted: 1000, installed: 1000, failed: 0, stale: 0 });
});

void t.test("what is under way is bounded; the rest waits and may still change", async (t) => {
  const world = await new FibWorld({ auditSeconds: 0 }).start();
  world.writer.holding = true;
  const count = 20_000;
  for (let i = 0; i < count; i++) world.fib.set(0, (20 << 24) + i * 256, 0, 0, 0, 24, GATEWAY);
  world.clock.settle();
  t.equal(world.takeRequests().length, 8192, "32 batches of 256");
  for (let i = count - 5000; i < count; i++) world.fib.set(0, (20 << 24) + i * 256, 0, 0, 0, 24, undefined);
  for (let i = 0; i < 100; i++) world.fib.set(0, (20 << 24) + i * 256, 0, 0, 0, 24, undefined);
  world.clock.settle();
  t.equal(world.takeRequests().length, 0, "nothing more is written while nothing is answered");
  world.writer.release();
  world.clock.settle();
  const requests = world.takeRequests();
  t.equal(requests.filter((request) => request.startsWith("add")).length, 15_000 - 8192, "not those taken back");
  t.equal(requests.filter((request) => request.startsWith("delete")).length, 100);
  t.equal(world.kernel.routes.size, 14_900);
  t.strictSame(world.fib.counts(), { wanted: 14_900, installed: 14_900, failed: 0, stale: 0 });
});

void t.test("of a batch with refusals only the refused routes fail, each with its words", async (t) => {
  const world = new FibWorld({}, (kernel) => {
    for (let i = 0; i < 300; i += 7) kernel.write("add", STATIC, `20.0.${i >> 8}.${i & 255}/32`, OTHER);
  });
  await world.start();
  for (let i = 0; i < 600; i++) world.fib.set(0, (20 << 24) + i, 0, 0, 0, 32, GATEWAY);
  world.clock.settle();
  const failed = [...world.fib.entries()].filter(({ state }) => state === "failed");
  t.equal(failed.length, 43);
  t.ok(failed.every(({ error }) => error === "a route of protocol static exists"));
  t.ok(failed.every(({ prefix }) => Number(prefix.split(/[./]/)[2]) * 256 + Number(prefix.split(/[./]/)[3]) < 300));
  t.strictSame(world.fib.counts(), { wanted: 600, installed: 557, failed: 43, stale: 0 });
});

void t.test("paused: nothing is written, wishes are written afterwards", async (t) => {
  const world = await new FibWorld({ removeAtExit: true }).start();
  world.put("10.1.0.0/16", GATEWAY);
  world.put("10.2.0.0/16", GATEWAY);
  world.takeRequests();
  world.fib.pause(true);
  world.put("10.1.0.0/16", undefined);
  world.put("10.2.0.0/16", OTHER);
  world.put("10.3.0.0/16", GATEWAY);
  world.fib.sweepStale();
  await world.fib.flushed();
  t.strictSame(world.takeRequests(), []);
  world.fib.pause(false);
  world.clock.settle();
  t.strictSame(world.takeRequests().sort(), ["add 10.3.0.0/16", "delete 10.1.0.0/16", "replace 10.2.0.0/16"]);
  world.fib.pause(true);
  await world.fib.close();
  t.strictSame(world.takeRequests(), [], "what stays while paused stays at the end, too");
});
