// FibSync where routes of one table and protocol differ in their metric: one takes the place of the other without a moment
// without route, leftovers go, and the routes of other programs stay.

import fc from "fast-check";
import t from "tap";

import { BLACKHOLE, FibWorld, OURS, STATIC, through, via, withMetric } from "./fib-world.js";

const GATEWAY = through(via("192.0.2.2"));
const OTHER = through(via("192.0.2.3"));
const GATEWAY6 = through(via("2001:db8::2", "eth0"));
const FELIX = { table: 254, protocol: 80, metric: 0 };

void t.test("a route has the metric of its wish, or that of the configuration", async (t) => {
  const world = await new FibWorld({ metric: 50 }).start();
  world.put("10.1.0.0/16", GATEWAY);
  world.put("10.2.0.0/16", withMetric(0, GATEWAY));
  world.put("10.3.0.0/16", withMetric(2147483547, BLACKHOLE));
  world.put("10.4.0.0/16", withMetric(4294967295, GATEWAY));
  world.put("2001:db8:1::/48", withMetric(0, GATEWAY6));
  t.strictSame(world.kernel.lines(), [
    "10.1.0.0/16 via 192.0.2.2 if 2 proto 12 metric 50",
    "10.2.0.0/16 via 192.0.2.2 if 2 proto 12",
    "10.3.0.0/16 type 6 proto 12 metric 2147483547",
    "10.4.0.0/16 via 192.0.2.2 if 2 proto 12 metric 4294967295",
    "2001:db8:1::/48 via 2001:db8::2 if 2 proto 12",
  ]);
});

const CHANGES: readonly { readonly name: string; readonly metrics: readonly (number | undefined)[] }[] = [
  { name: "greater", metrics: [100, 200] },
  { name: "less", metrics: [1000, 512] },
  { name: "none", metrics: [100, undefined] },
  { name: "some", metrics: [undefined, 100] },
  { name: "there and back", metrics: [undefined, 100, undefined] },
];

for (const { name, metrics } of CHANGES) {
  for (const prefix of ["10.1.0.0/16", "2001:db8:1::/48"]) {
    void t.test(`another metric (${name}, ${prefix}): the new route is made before the old one goes`, async (t) => {
      const world = await new FibWorld().start();
      const route = prefix.includes(":") ? GATEWAY6 : GATEWAY;
      const shown = (metric: number | undefined): string => (metric === undefined ? "" : ` metric ${metric}`);
      world.put(prefix, { ...route, metric: metrics[0] });
      t.strictSame(world.takeRequests(), [`add ${prefix}${shown(metrics[0])}`]);
      for (let i = 1; i < metrics.length; i++) {
        world.put(prefix, { ...route, metric: metrics[i] });
        t.strictSame(world.takeRequests(), [
          `add ${prefix}${shown(metrics[i])}`,
          `delete ${prefix}${shown(metrics[i - 1])}`,
        ]);
        t.equal(world.kernel.lines().length, 1);
        t.equal(world.stateOf(prefix), "installed");
      }
      world.put(prefix, undefined);
      t.strictSame(world.kernel.lines(), []);
    });
  }
}

void t.test("the metric changes while the request is under way: every route but the last goes", async (t) => {
  const world = await new FibWorld().start();
  world.writer.holding = true;
  world.put("10.1.0.0/16", withMetric(1, GATEWAY));
  world.put("10.1.0.0/16", withMetric(2, GATEWAY));
  world.writer.release();
  world.clock.settle();
  t.strictSame(world.takeRequests(), [
    "add 10.1.0.0/16 metric 1",
    "add 10.1.0.0/16 metric 2",
    "delete 10.1.0.0/16 metric 1",
  ]);
  world.writer.holding = true;
  world.put("10.1.0.0/16", withMetric(3, GATEWAY));
  world.put("10.1.0.0/16", withMetric(2, GATEWAY));
  world.writer.release();
  world.clock.settle();
  t.strictSame(world.takeRequests(), ["add 10.1.0.0/16 metric 3", "delete 10.1.0.0/16 metric 3"]);
  t.strictSame(world.fib.counts(), { wanted: 1, installed: 1, failed: 0, stale: 0 });
});

void t.test("the place with the new metric is another program's: the wish fails, and the old route goes", async (t) => {
  const world = new FibWorld({}, (kernel) => kernel.write("add", { ...FELIX, metric: 1024 }, "10.1.0.0/16", OTHER));
  await world.start();
  world.put("10.1.0.0/16", withMetric(512, GATEWAY));
  world.put("10.1.0.0/16", withMetric(1024, GATEWAY));
  t.equal(world.stateOf("10.1.0.0/16"), "failed: a route of protocol 80 (Felix) exists");
  t.strictSame(world.kernel.lines(), ["10.1.0.0/16 via 192.0.2.3 if 2 proto 80 metric 1024"]);
  world.takeRequests();
  world.kernel.write("delete", { ...FELIX, metric: 1024 }, "10.1.0.0/16");
  world.clock.settle();
  t.strictSame(world.takeRequests(), ["add 10.1.0.0/16 metric 1024"]);
  t.equal(world.stateOf("10.1.0.0/16"), "installed");
  world.kernel.write("replace", OURS, "10.1.0.0/16", withMetric(1024, OTHER));
  world.clock.settle();
  t.strictSame(world.takeRequests(), ["replace 10.1.0.0/16 metric 1024"], "without a gap");
});

void t.test("a route of another program with another metric is no obstacle, and is not touched", async (t) => {
  const world = new FibWorld({}, (kernel) => {
    kernel.write("add", FELIX, "10.1.0.0/16", OTHER);
    kernel.write("add", { ...STATIC, metric: 300 }, "10.1.0.0/16", OTHER);
  });
  await world.start();
  for (const metric of [100, 200]) world.put("10.1.0.0/16", withMetric(metric, GATEWAY));
  t.equal(world.stateOf("10.1.0.0/16"), "installed");
  world.put("10.1.0.0/16", undefined);
  t.strictSame(world.kernel.lines(), [
    "10.1.0.0/16 via 192.0.2.3 if 2 proto 4 metric 300",
    "10.1.0.0/16 via 192.0.2.3 if 2 proto 80",
  ]);
});

void t.test("restart: leftovers with any metric are ours; the equal ones cost nothing", async (t) => {
  const world = new FibWorld({}, (kernel) => {
    kernel.addLink("tunl0");
    const tunnel = through({ ...via("192.0.2.9", "tunl0"), onlink: true });
    kernel.write("add", OURS, "10.1.0.0/16", withMetric(1024, tunnel));
    kernel.write("add", OURS, "10.2.0.0/16", withMetric(1024, tunnel));
    kernel.write("add", OURS, "10.3.0.0/16", withMetric(7, GATEWAY));
    kernel.write("add", OURS, "10.3.0.0/16", withMetric(9, GATEWAY));
    kernel.write("add", OURS, "10.4.0.0/16", withMetric(7, GATEWAY));
    kernel.write("add", OURS, "10.4.0.0/16", withMetric(8, GATEWAY));
    kernel.write("add", OURS, "2001:db8:1::/48", withMetric(2147483547, GATEWAY6));
    kernel.write("add", FELIX, "10.5.0.0/16", withMetric(1024, OTHER));
  });
  await world.start();
  t.equal(world.fib.counts().stale, 5, "prefixes");
  world.put("10.1.0.0/16", withMetric(1024, through({ ...via("192.0.2.9", "tunl0"), onlink: true })));
  world.put("2001:db8:1::/48", withMetric(2147483547, GATEWAY6));
  t.strictSame(world.takeRequests(), []);
  world.put("10.2.0.0/16", withMetric(1024, GATEWAY));
  t.strictSame(world.takeRequests(), ["replace 10.2.0.0/16 metric 1024"], "the tunnel was wrong");
  world.put("10.3.0.0/16", withMetric(9, GATEWAY));
  t.strictSame(world.takeRequests(), ["delete 10.3.0.0/16 metric 7"]);
  world.fib.sweepStale();
  world.clock.settle();
  t.strictSame(world.takeRequests().sort(), ["delete 10.4.0.0/16 metric 7", "delete 10.4.0.0/16 metric 8"]);
  t.strictSame(world.fib.counts(), { wanted: 4, installed: 4, failed: 0, stale: 0 });
});

void t.test("while adopted routes are held, nothing of the earlier run is changed or removed", async (t) => {
  const world = new FibWorld({}, (kernel) => {
    for (const prefix of ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16"])
      kernel.write("add", OURS, prefix, GATEWAY);
  });
  world.fib.holdAdopted(true);
  await world.start();
  const before = world.kernel.lines();
  world.put("10.1.0.0/16", OTHER);
  world.put("10.2.0.0/16", withMetric(5, GATEWAY));
  world.put("10.3.0.0/16", GATEWAY);
  world.put("10.3.0.0/16", undefined);
  world.put("10.4.0.0/16", OTHER);
  world.put("10.4.0.0/16", GATEWAY);
  t.strictSame(world.kernel.lines(), before);
  t.strictSame(world.fib.counts(), { wanted: 3, installed: 1, failed: 0, stale: 1 });
  await world.fib.flushed();
  world.put("10.5.0.0/16", GATEWAY);
  world.put("10.5.0.0/16", OTHER);
  world.put("10.5.0.0/16", undefined);
  t.equal(world.takeRequests().at(-1), "delete 10.5.0.0/16", "a route of this run comes and goes at once");
  world.fib.holdAdopted(false);
  world.clock.settle();
  t.strictSame(world.takeRequests(), ["replace 10.1.0.0/16", "add 10.2.0.0/16 metric 5", "delete 10.2.0.0/16"]);
  t.equal(world.fib.counts().stale, 1, "nobody claimed 10.3: it waits for the sweep");
  world.fib.sweepStale();
  world.clock.settle();
  t.strictSame(world.takeRequests(), ["delete 10.3.0.0/16"]);
});

void t.test("sweepStale ends the holding", async (t) => {
  const world = new FibWorld({}, (kernel) => kernel.write("add", OURS, "10.1.0.0/16", GATEWAY));
  world.fib.holdAdopted(true);
  await world.start();
  world.put("10.1.0.0/16", OTHER);
  t.strictSame(world.takeRequests(), []);
  world.fib.sweepStale();
  world.clock.settle();
  t.strictSame(world.takeRequests(), ["replace 10.1.0.0/16"]);
});

void t.test("a leftover that will not go is named and tried again, and the wish stands", async (t) => {
  const world = await new FibWorld({ auditSeconds: 0 }).start();
  world.put("10.1.0.0/16", withMetric(1, GATEWAY));
  world.writer.holding = true;
  world.put("10.1.0.0/16", withMetric(2, GATEWAY));
  world.writer.loseNext = 105;
  world.writer.release();
  world.clock.settle();
  t.match(world.stateOf("10.1.0.0/16"), /^installed: no buffer space/);
  world.takeRequests();
  world.clock.advance(1500);
  t.strictSame(world.kernel.lines(), ["10.1.0.0/16 via 192.0.2.2 if 2 proto 12 metric 2"]);
  t.equal(world.stateOf("10.1.0.0/16"), "installed");
});

void t.test("someone who takes our route with metric 0 away while we delete it costs no other for long", async (t) => {
  const world = await new FibWorld({ auditSeconds: 0 }).start();
  world.put("10.1.0.0/16", GATEWAY);
  world.writer.holding = true;
  world.put("10.1.0.0/16", withMetric(5, GATEWAY));
  world.writer.release();
  world.kernel.write("delete", OURS, "10.1.0.0/16");
  world.clock.settle();
  world.clock.advance(1000);
  t.strictSame(world.kernel.lines(), ["10.1.0.0/16 via 192.0.2.2 if 2 proto 12 metric 5"]);
});

type Deed = (world: FibWorld) => void;

const prefix = fc.constantFrom("10.1.0.0/16", "2001:db8:1::/48");
const metric = fc.constantFrom(undefined, 0, 1, 2, 1024);
const routeOf = (text: string, n: number) =>
  [
    BLACKHOLE,
    through(via(text.includes(":") ? "2001:db8::2" : "192.0.2.2", "eth0")),
    through(via(text.includes(":") ? "2001:db8::3" : "192.0.2.3", "eth0")),
  ][n];
const choice = fc.nat({ max: 2 });
/** What may fail because nothing, or something else, is there. */
const attempt = (act: () => void): void => {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Error) || !/errno (3|17)$/.test(error.message)) throw error;
  }
};
const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(prefix, metric, choice).map(
      ([text, m, n]): Deed =>
        (world) =>
          world.wish(text, { ...routeOf(text, n), metric: m }),
    ),
  },
  {
    weight: 2,
    arbitrary: prefix.map(
      (text): Deed =>
        (world) =>
          world.wish(text, undefined),
    ),
  },
  fc
    .tuple(
      prefix,
      metric,
      choice,
      fc.constantFrom<"add" | "replace" | "delete">("add", "replace", "delete"),
      fc.constantFrom(12, 80),
    )
    .map(
      ([text, m, n, request, protocol]): Deed =>
        (world) =>
          attempt(() =>
            world.kernel.write(
              request,
              { table: 254, protocol, metric: m ?? 0 },
              text,
              request === "delete" ? undefined : routeOf(text, n),
            ),
          ),
    ),
  fc.constant<Deed>((world) => world.clock.settle()),
  fc.constant<Deed>((world) => void world.clock.advance(1100)),
  fc.constant<Deed>((world) => void (world.writer.holding = true)),
  fc.constant<Deed>((world) => world.writer.release()),
  fc.constant<Deed>((world) => world.view.resync("test")),
  fc.constant<Deed>((world) => void (world.writer.loseNext = 105)),
  fc.constant<Deed>((world) => world.kernel.loseNotifications()),
  fc.constant<Deed>((world) => world.fib.holdAdopted(true)),
  fc.constant<Deed>((world) => world.fib.holdAdopted(false)),
);

void t.test("whatever happens, in the end the kernel holds the last wishes and the routes of others", async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { maxLength: 30 }), async (deeds) => {
      const world = new FibWorld({ auditSeconds: 5 });
      await world.start();
      for (const act of deeds) act(world);
      world.writer.release();
      world.writer.loseNext = 0;
      world.clock.settle();
      world.fib.sweepStale();
      const foreign = world.kernel.lines().filter((line) => line.includes("proto 80"));
      world.clock.advance(200_000);
      const lines = world.kernel.lines();
      t.strictSame(
        lines.filter((line) => line.includes("proto 80")),
        foreign,
      );
      const wishes = [...world.fib.entries()];
      const ours = lines.filter((line) => line.includes("proto 12"));
      const installed = wishes.filter(({ state }) => state === "installed");
      if (ours.length !== installed.length) throw new Error(`${ours.join("; ")} for ${installed.length} wishes`);
      for (const { prefix: text, route, state, error } of wishes) {
        const value = route.metric ?? 0;
        const isDefault = value === 0 || (text.includes(":") && value === 1024);
        const way = route.kind === "blackhole" ? " type 6" : ` via`;
        const line = ours.find((each) => each.startsWith(`${text}${way}`));
        if (state === "failed" && (error ?? "").includes("of protocol 80")) continue;
        if (state !== "installed") throw new Error(`${text} ${state} ${error ?? ""}`);
        if (line === undefined || line.endsWith("proto 12") !== isDefault)
          throw new Error(`${text}: ${ours.join("; ")}`);
      }
      await world.fib.close();
      world.view.close();
    }),
    { numRuns: 300 },
  );
});
