// FibSync against the real kernel, in network namespaces: what BIRD's users rely on when routes come and go.

import t from "tap";

import { eventually, FibAgent, needsNetns, openPair, ourRoutes, type Pair, routeEvents } from "./fib-lab.js";

t.setTimeout(180_000);
const options = needsNetns();
const GATEWAYS = { 0: "via 192.0.2.2", 1: "via 2001:db8:ffff::2" } as const;

async function waitForRoutes(pair: Pair, check: (lines: string[]) => boolean): Promise<string[]> {
  return eventually(() => ourRoutes(pair.node), check);
}

void t.test("every kind of route is installed as ip shows it", options, async (t) => {
  const pair = await openPair(t);
  await pair.lab.veth(pair.node, "tunl0", pair.peer, "tunl0");
  const { agent } = await FibAgent.start(pair.node);
  await agent.wish({
    "10.1.0.0/16": "via 192.0.2.2",
    "10.2.0.0/16": "blackhole",
    "10.3.0.0/16": "unreachable",
    "10.4.0.0/16": "prohibit",
    "10.5.0.0/16": "dev eth0",
    "10.6.0.0/16": "via 203.0.113.9 dev tunl0 onlink",
    "10.7.0.0/16": "via 192.0.2.2 dev eth0 + via 192.0.2.3 dev eth0 weight 3",
    "10.8.0.0/16": "via fe80::1 dev eth0",
    "2001:db8:1::/48": "via 2001:db8:ffff::2",
    "2001:db8:2::/48": "blackhole",
    "2001:db8:3::/48": "dev eth0",
    "2001:db8:4::/48": "via fe80::2 dev eth0 + via 2001:db8:ffff::3 dev eth0",
    "2001:db8:5::/48": "via 2001:db8:eeee::1 dev tunl0 onlink",
    "2001:db8:6::/48": "unreachable",
    "2001:db8:7::/48": "prohibit",
  });
  t.strictSame(await agent.counts(), { wanted: 15, installed: 15, failed: 0, stale: 0 });
  t.strictSame(await ourRoutes(pair.node), [
    "10.1.0.0/16 via 192.0.2.2 dev eth0",
    "10.5.0.0/16 dev eth0 scope link",
    "10.6.0.0/16 via 203.0.113.9 dev tunl0 onlink",
    "10.7.0.0/16 nexthop via 192.0.2.2 dev eth0 weight 1 nexthop via 192.0.2.3 dev eth0 weight 3",
    "10.8.0.0/16 via inet6 fe80::1 dev eth0",
    "2001:db8:1::/48 via 2001:db8:ffff::2 dev eth0 metric 1024 pref medium",
    "2001:db8:3::/48 dev eth0 metric 1024 pref medium",
    "2001:db8:4::/48 metric 1024 pref medium nexthop via fe80::2 dev eth0 weight 1 nexthop via 2001:db8:ffff::3 dev eth0 weight 1",
    "2001:db8:5::/48 via 2001:db8:eeee::1 dev tunl0 metric 1024 onlink pref medium",
    "blackhole 10.2.0.0/16",
    "blackhole 2001:db8:2::/48 dev lo metric 1024 pref medium",
    "prohibit 10.4.0.0/16",
    "prohibit 2001:db8:7::/48 dev lo metric 1024 pref medium",
    "unreachable 10.3.0.0/16",
    "unreachable 2001:db8:6::/48 dev lo metric 1024 pref medium",
  ]);

  const events = await routeEvents(pair.node, async () => {
    await agent.ask("resync");
    await eventually(
      () => agent.ask<string[]>("log"),
      (lines) => lines.some((line) => line.includes("asked for")),
    );
    await agent.ask("flushed");
  });
  t.strictSame(events, [], "reading everything again changes nothing");

  await agent.wish({
    "2001:db8:4::/48": "blackhole",
    "2001:db8:1::/48": "via fe80::2 dev eth0 + via fe80::3 dev eth0",
    "10.7.0.0/16": "via 192.0.2.3",
  });
  t.match(
    (await ourRoutes(pair.node)).join("\n"),
    /10\.7\.0\.0\/16 via 192\.0\.2\.3 dev eth0\n[^]*2001:db8:1::\/48 .*fe80::2 .*fe80::3 [^]*blackhole 2001:db8:4::/,
  );
  const entries = await agent.ask<{ prefix: string }[]>("entries");
  for (const { prefix } of entries) await agent.ask("set", prefix, "none");
  await agent.ask("flushed");
  t.strictSame(await ourRoutes(pair.node), []);
  await agent.close();
});

void t.test("10,000 routes of each family go in and out", options, async (t) => {
  const { node } = await openPair(t);
  const { agent } = await FibAgent.start(node);
  for (const family of [0, 1] as const) {
    await agent.ask("many", family, 0, 10_000, GATEWAYS[family]);
    await agent.ask("flushed");
    t.strictSame(await agent.counts(), { wanted: 10_000, installed: 10_000, failed: 0, stale: 0 });
    t.equal((await ourRoutes(node)).length, 10_000);
    await agent.ask("many", family, 0, 10_000, "none");
    await agent.ask("flushed");
    t.equal((await ourRoutes(node)).length, 0);
  }
  await agent.close();
});

void t.test(
  "a restart with the same wishes causes no route event; 100 changed ones cause exactly these",
  options,
  async (t) => {
    const { node } = await openPair(t);
    const fill = async (agent: FibAgent): Promise<void> => {
      for (const family of [0, 1] as const) await agent.ask("many", family, 0, 1000, GATEWAYS[family]);
      await agent.wish({
        "10.7.0.0/16": "via 192.0.2.2 dev eth0 + via 192.0.2.3 dev eth0",
        "10.8.0.0/16": "blackhole",
      });
    };
    const first = await FibAgent.start(node);
    await fill(first.agent);
    await first.agent.kill();
    let agent = first.agent;
    const events = await routeEvents(node, async () => {
      ({ agent } = await FibAgent.start(node));
      t.strictSame(await agent.counts(), { wanted: 0, installed: 0, failed: 0, stale: 2002 });
      await fill(agent);
      await agent.ask("sweep");
      await agent.ask("flushed");
      t.strictSame(await agent.counts(), { wanted: 2002, installed: 2002, failed: 0, stale: 0 });
    });
    t.strictSame(events, []);
    await agent.kill();

    // While nobody runs: 100 routes get another gateway, so that the next start finds exactly these different.
    await node.exec("for i in $(seq 0 99); do ip route replace 20.0.$i.0/24 via 192.0.2.9 proto 12; done");
    const repairs = await routeEvents(node, async () => {
      ({ agent } = await FibAgent.start(node));
      await fill(agent);
      await agent.ask("sweep");
      await agent.ask("flushed");
    });
    t.equal(repairs.length, 100);
    t.equal(new Set(repairs.map((line) => /20\.0\.\d+\.0\/24/.exec(line)?.[0])).size, 100);

    // 40 wishes are gone, 60 changed.
    await agent.kill();
    const changes = await routeEvents(node, async () => {
      ({ agent } = await FibAgent.start(node));
      await agent.ask("many", 0, 40, 960, GATEWAYS[0]);
      await agent.ask("many", 0, 40, 60, "via 192.0.2.7");
      await agent.ask("many", 1, 0, 1000, GATEWAYS[1]);
      await agent.wish({
        "10.7.0.0/16": "via 192.0.2.2 dev eth0 + via 192.0.2.3 dev eth0",
        "10.8.0.0/16": "blackhole",
      });
      t.equal((await agent.counts()).stale, 40);
      await agent.ask("sweep");
      await agent.ask("flushed");
    });
    t.equal(changes.filter((line) => line.startsWith("Deleted")).length, 40);
    t.equal(changes.length, 100);
    await agent.close();
  },
);

void t.test("a route that someone deletes or changes is put back", options, async (t) => {
  const pair = await openPair(t);
  const { agent } = await FibAgent.start(pair.node);
  const wished = {
    "10.1.0.0/16": "via 192.0.2.2",
    "10.2.0.0/16": "via 192.0.2.2",
    "2001:db8:1::/48": GATEWAYS[1],
    "2001:db8:2::/48": GATEWAYS[1],
  };
  await agent.wish(wished);
  const before = await ourRoutes(pair.node);
  await pair.node.exec("ip route del 10.1.0.0/16; ip route change 10.2.0.0/16 via 192.0.2.9 proto 12");
  await pair.node.exec("ip -6 route del 2001:db8:1::/48; ip -6 route replace blackhole 2001:db8:2::/48 proto 12");
  t.strictSame(await waitForRoutes(pair, (lines) => lines.join() === before.join()), before);
  await agent.close();
});

void t.test("drift that no event told of is found by the audit", options, async (t) => {
  const pair = await openPair(t);
  const { agent } = await FibAgent.start(pair.node, { auditSeconds: 1, staleSeconds: 0 });
  await agent.wish({ "10.1.0.0/16": "via 192.0.2.2", "10.2.0.0/16": "blackhole" });
  const before = await ourRoutes(pair.node);
  await pair.node.exec("ip route add 10.3.0.0/16 via 192.0.2.2 proto 12");
  t.equal((await ourRoutes(pair.node)).length, 3);
  t.strictSame(
    await waitForRoutes(pair, (lines) => lines.length === 2),
    before,
    "a stranger with our protocol number goes",
  );
  await agent.close();
});

void t.test("routes of an IP version that is not asked for are another daemon's", options, async (t) => {
  const pair = await openPair(t);
  await pair.node.exec(
    "ip route add 10.9.0.0/16 via 192.0.2.2 proto 12; ip route add blackhole 2001:db8:9::/48 proto 12",
  );
  const four = await FibAgent.start(pair.node, { families: [0], auditSeconds: 1, staleSeconds: 0 });
  await waitForRoutes(pair, (lines) => !lines.some((line) => line.includes("10.9.0.0/16")));
  await four.agent.wish({ "10.1.0.0/16": "via 192.0.2.2" });
  const six = await FibAgent.start(pair.node, { families: [1], auditSeconds: 1, staleSeconds: 0 });
  await waitForRoutes(pair, (lines) => !lines.some((line) => line.includes("2001:db8:9::/48")));
  const events = await routeEvents(pair.node, async () => {
    await six.agent.wish({ "2001:db8:1::/48": "blackhole" });
    // An audit of each.
    await new Promise((resolve) => setTimeout(resolve, 1500));
  });
  t.match(events, [/^blackhole 2001:db8:1::\/48 /], "and nothing else happened");
  t.equal(events.length, 1);
  await four.agent.close();
  await six.agent.close();
});

void t.test("routes return after a link went down and up, or away and back", options, async (t) => {
  const pair = await openPair(t);
  const { agent } = await FibAgent.start(pair.node);
  await agent.wish({
    "10.1.0.0/16": "via 192.0.2.2",
    "2001:db8:1::/48": "via fe80::2 dev eth0",
    "10.2.0.0/16": "blackhole",
  });
  const before = await ourRoutes(pair.node);
  await pair.node.exec("ip link set eth0 down");
  await eventually(
    () => agent.counts(),
    (counts) => counts.failed === 2,
  );
  t.equal(await agent.ask("isUp", "eth0"), false);
  t.match(await agent.ask("failed"), [
    { error: /ENETUNREACH|ENETDOWN|EHOSTUNREACH/ },
    { error: /ENETUNREACH|ENETDOWN|EHOSTUNREACH|ENODEV/ },
  ]);
  await pair.node.exec("ip link set eth0 up");
  t.strictSame(await waitForRoutes(pair, (lines) => lines.length === 3), before);
  await pair.node.exec("ip link del eth0");
  await eventually(
    () => agent.counts(),
    (counts) => counts.failed === 2,
  );
  await pair.lab.veth(pair.node, "eth0", pair.peer, "eth0");
  await pair.node.exec("ip addr add 192.0.2.1/24 dev eth0");
  t.strictSame(await waitForRoutes(pair, (lines) => lines.length === 3), before, "with another index");
  t.strictSame(await agent.counts(), { wanted: 3, installed: 3, failed: 0, stale: 0 });
  await agent.close();
});

void t.test("addresses come and go: a second one makes its gateways usable", options, async (t) => {
  const pair = await openPair(t);
  const { agent } = await FibAgent.start(pair.node);
  await agent.wish({ "10.1.0.0/16": "via 198.51.100.2" });
  t.match(await agent.ask("failed"), [{ prefix: "10.1.0.0/16", error: "Nexthop has invalid gateway (ENETUNREACH)" }]);
  t.equal(await agent.ask("resolve", "198.51.100.2"), null);
  await pair.node.exec("ip addr add 198.51.100.1/24 dev eth0");
  await waitForRoutes(pair, (lines) => lines.length === 1);
  t.match(await agent.ask("resolve", "198.51.100.2"), { kind: "connected", device: "eth0" });
  const addresses = await agent.ask<string[]>("addresses");
  t.ok(["127.0.0.1 lo", "192.0.2.1 eth0", "198.51.100.1 eth0"].every((line) => addresses.includes(line)));
  t.ok((await agent.ask<number>("changes")) > 0);
  await pair.node.exec("ip addr del 192.0.2.1/24 dev eth0; ip addr del 198.51.100.1/24 dev eth0");
  await eventually(
    () => agent.counts(),
    (counts) => counts.failed === 1,
  );
  t.strictSame(await ourRoutes(pair.node), [], "the kernel had dropped it without a word");
  await agent.close();
});

void t.test("next hops are resolved through the kernel's other routes", options, async (t) => {
  const { node } = await openPair(t);
  await node.exec(
    "ip route add default via 192.0.2.254; ip route add 203.0.113.0/24 via 192.0.2.9 metric 30 proto static",
  );
  await node.exec(
    "ip route add blackhole 203.0.113.128/25; ip -6 route add 2001:db8:9::/48 via fe80::9 dev eth0 proto static",
  );
  const { agent } = await FibAgent.start(node);
  await agent.wish({ "203.0.113.0/26": "via 192.0.2.2" });
  t.match(await agent.ask("resolve", "203.0.113.5"), {
    kind: "recursive",
    device: "eth0",
    gateway: "192.0.2.9",
    cost: 30,
  });
  t.match(await agent.ask("resolve", "8.8.8.8"), { kind: "recursive", gateway: "192.0.2.254" });
  t.equal(await agent.ask("resolve", "203.0.113.200"), null);
  t.match(await agent.ask("resolve", "2001:db8:9::1"), { kind: "recursive", gateway: "fe80::9" });
  t.match(await agent.ask("resolve", "fe80::77", "eth0"), { kind: "connected", device: "eth0" });
  t.match(await agent.ask("resolve", "192.0.2.1"), { kind: "local" });
  await node.exec("ip route del default");
  await eventually(
    () => agent.ask("resolve", "8.8.8.8"),
    (found) => found === null,
  );
  const aliens = await agent.ask<string[]>("aliens");
  t.ok(aliens.includes("203.0.113.0/24 eth0 4 metric 30"));
  t.notOk(
    aliens.some((line) => line.includes("/26")),
    "ours are not alien",
  );
  await agent.close();
});

void t.test("a foreign route stays, is named, and ours follows when it goes", options, async (t) => {
  const pair = await openPair(t);
  await pair.node.exec(
    "ip route add 10.1.0.0/16 via 192.0.2.9 proto static; ip -6 route add blackhole 2001:db8:1::/48 proto 80",
  );
  const { agent } = await FibAgent.start(pair.node);
  await agent.wish({
    "10.1.0.0/16": "via 192.0.2.2",
    "2001:db8:1::/48": GATEWAYS[1],
    "192.0.2.0/24": "via 192.0.2.2",
    "10.2.0.0/16": "via 192.0.2.2",
  });
  const words = async (): Promise<string[]> =>
    (await agent.ask<{ prefix: string; error: string }[]>("failed"))
      .map(({ prefix, error }) => `${prefix} ${error}`)
      .sort();
  t.strictSame(await words(), [
    "10.1.0.0/16 a route of protocol static exists",
    "192.0.2.0/24 a route of protocol kernel exists",
    "2001:db8:1::/48 a route of protocol 80 (Felix) exists",
  ]);
  await pair.node.exec("ip route replace 10.2.0.0/16 via 192.0.2.9 proto static");
  await eventually(words, (lines) => lines.includes("10.2.0.0/16 a route of protocol static exists"));
  t.strictSame(await ourRoutes(pair.node), []);
  await pair.node.exec("ip route del 10.1.0.0/16; ip route del 10.2.0.0/16; ip -6 route del 2001:db8:1::/48");
  t.equal((await waitForRoutes(pair, (lines) => lines.length === 3)).length, 3);
  await agent.close();
});

void t.test("lost notifications lead to a complete reading", options, async (t) => {
  const pair = await openPair(t);
  const { agent } = await FibAgent.start(pair.node, { notifyBufferBytes: 4096 });
  await agent.ask("many", 0, 0, 2000, GATEWAYS[0]);
  await agent.ask("flushed");
  await agent.whileStopped(() => pair.node.exec("ip route flush proto 12")); // 2,000 events for a buffer of a few
  await waitForRoutes(pair, (lines) => lines.length === 2000);
  await eventually(
    () => agent.counts(),
    (counts) => counts.installed === 2000,
  );
  t.ok((await agent.ask<string[]>("log")).some((line) => line.includes("notifications of the kernel were lost")));
  await agent.close();
});

void t.test("removeAtExit removes ours and nothing else; without it they stay", options, async (t) => {
  const { node } = await openPair(t);
  await node.exec("ip route add 10.9.0.0/16 via 192.0.2.9 proto static");
  for (const [removeAtExit, left] of [
    [false, 101],
    [true, 0],
  ] as const) {
    const { agent } = await FibAgent.start(node, { removeAtExit });
    await agent.ask("many", 1, 0, 100, GATEWAYS[1]);
    await agent.wish({ "10.1.0.0/16": "via 192.0.2.2" });
    await agent.close();
    t.equal((await ourRoutes(node)).length, left);
  }
  t.match(await node.exec("ip route show proto static"), /10\.9\.0\.0\/16/);
});

void t.test("another table, protocol and metric leave the main table alone", options, async (t) => {
  const { node } = await openPair(t);
  const { agent } = await FibAgent.start(node, { table: 1000, protocol: 77, metric: 50 });
  await agent.wish({ "10.1.0.0/16": "via 192.0.2.2", "2001:db8:1::/48": GATEWAYS[1] });
  t.match(await node.exec("ip route show table 1000"), /^10\.1\.0\.0\/16 via 192\.0\.2\.2 dev eth0 proto 77 metric 50/);
  t.match(
    await node.exec("ip -6 route show table 1000"),
    /^2001:db8:1::\/48 via 2001:db8:ffff::2 dev eth0 proto 77 metric 50/,
  );
  t.strictSame(
    (await node.exec("ip route show")).split("\n").filter((line) => line.includes("10.1.")),
    [],
  );
  await agent.close();
});

void t.test("without CAP_NET_ADMIN routes are read, and the words say what is missing", options, async (t) => {
  const { node } = await openPair(t);
  const { hello } = await FibAgent.start(node, {}, [
    "setpriv",
    "--bounding-set",
    "-all",
    "--inh-caps",
    "-all",
    "--reuid",
    "65534",
    "--regid",
    "65534",
    "--clear-groups",
  ]);
  t.strictSame(hello, {
    unavailable: "writing kernel routes needs CAP_NET_ADMIN in this network namespace",
    resolves: true,
  });
});
