// Routes with metrics of their own and routes through a tunnel device against the real kernel: changes without a gap,
// restarts without an event, leftovers of an earlier run, and the routes of other programs.

import t from "tap";

import { eventually, FibAgent, needsNetns, openPair, ourRoutes, type Pair, routeEvents } from "./fib-lab.js";

t.setTimeout(180_000);
const options = needsNetns();

/** What a node of Calico's has: blocks, IPIP through tunl0 also over several ways, routes of the fabric, of both families. */
const WISHES: Readonly<Record<string, string>> = {
  "10.1.0.0/26": "via 192.0.2.2 dev tunl0 onlink metric 1024",
  "10.1.0.64/26": "via 192.0.2.3 dev tunl0 onlink + via 198.51.100.9 dev tunl0 onlink metric 1024",
  "10.1.0.128/26": "via 192.0.2.2 dev eth0 + via 192.0.2.3 dev eth0 metric 2147483547",
  "10.1.0.192/26": "blackhole",
  "10.1.1.0/26": "blackhole metric 1024",
  "10.1.1.64/26": "unreachable metric 4294967295",
  "10.1.1.128/26": "via 192.0.2.2",
  "0.0.0.0/0": "via 192.0.2.2 metric 2147483547",
  "2001:db8:1::/48": "via 2001:db8:ffff::2 metric 512",
  "2001:db8:2::/48": "via 2001:db8:ffff::2 dev eth0 + via 2001:db8:ffff::3 dev eth0 metric 2147483547",
  "2001:db8:3::/48": "blackhole",
  "2001:db8:4::/48": "unreachable metric 7",
  "2001:db8:5::/48": "via 2001:db8:ffff::2",
};

async function openNode(t: Parameters<typeof openPair>[0]): Promise<Pair> {
  const pair = await openPair(t);
  await pair.lab.veth(pair.node, "tunl0", pair.peer, "tunl0");
  return pair;
}

void t.test("metrics are written as ip shows them; other metrics come before the old ones go", options, async (t) => {
  const { node } = await openNode(t);
  const { agent } = await FibAgent.start(node);
  await agent.wish(WISHES);
  t.strictSame(await agent.counts(), { wanted: 13, installed: 13, failed: 0, stale: 0 });
  t.strictSame(await ourRoutes(node), [
    "10.1.0.0/26 via 192.0.2.2 dev tunl0 metric 1024 onlink",
    "10.1.0.128/26 metric 2147483547 nexthop via 192.0.2.2 dev eth0 weight 1 nexthop via 192.0.2.3 dev eth0 weight 1",
    "10.1.0.64/26 metric 1024 nexthop via 192.0.2.3 dev tunl0 weight 1 onlink nexthop via 198.51.100.9 dev tunl0 weight 1 onlink",
    "10.1.1.128/26 via 192.0.2.2 dev eth0",
    "2001:db8:1::/48 via 2001:db8:ffff::2 dev eth0 metric 512 pref medium",
    "2001:db8:2::/48 metric 2147483547 pref medium nexthop via 2001:db8:ffff::2 dev eth0 weight 1 nexthop via 2001:db8:ffff::3 dev eth0 weight 1",
    "2001:db8:5::/48 via 2001:db8:ffff::2 dev eth0 metric 1024 pref medium",
    "blackhole 10.1.0.192/26",
    "blackhole 10.1.1.0/26 metric 1024",
    "blackhole 2001:db8:3::/48 dev lo metric 1024 pref medium",
    "default via 192.0.2.2 dev eth0 metric 2147483547",
    "unreachable 10.1.1.64/26 metric 4294967295",
    "unreachable 2001:db8:4::/48 dev lo metric 7 pref medium",
  ]);
  const changed: Readonly<Record<string, string>> = {
    "10.1.0.0/26": "via 192.0.2.2 dev tunl0 onlink metric 512",
    "10.1.0.128/26": "via 192.0.2.2 dev eth0 + via 192.0.2.3 dev eth0 metric 1024",
    "10.1.0.192/26": "blackhole metric 9",
    "10.1.1.0/26": "blackhole",
    "2001:db8:1::/48": "via 2001:db8:ffff::2 metric 1024",
    "2001:db8:2::/48": "via 2001:db8:ffff::2 metric 7",
  };
  const events = await routeEvents(node, () => agent.wish(changed));
  for (const prefix of Object.keys(changed)) {
    const about = events.filter((line) => line.includes(`${prefix} `));
    t.equal(about.length, 2, about.join("; "));
    t.notMatch(about[0], /^Deleted/, `${prefix}: there is always a route`);
    t.match(about[1], /^Deleted/);
  }
  t.equal((await ourRoutes(node)).length, 13);
  t.strictSame(await agent.counts(), { wanted: 13, installed: 13, failed: 0, stale: 0 });
  await agent.close();
});

void t.test("kill and restart: not one route event, whatever the order of the wishes", options, async (t) => {
  const { node } = await openNode(t);
  const first = await FibAgent.start(node);
  await first.agent.wish(WISHES);
  await first.agent.kill();
  const before = await ourRoutes(node);
  let { agent } = first;
  const events = await routeEvents(node, async () => {
    ({ agent } = await FibAgent.start(node));
    await agent.ask("hold", "true");
    t.equal((await agent.counts()).stale, 13);
    // What the first peer tells alone: fewer ways, another metric, another tunnel.
    await agent.wish({
      "10.1.0.128/26": "via 192.0.2.2 metric 2147483547",
      "2001:db8:1::/48": "via 2001:db8:ffff::2 metric 1024",
      "10.1.0.0/26": "via 192.0.2.2 metric 1024",
      "10.1.1.128/26": "via 192.0.2.2",
    });
    await agent.wish({ "10.1.1.128/26": "none" });
    await agent.wish(WISHES);
    await agent.ask("hold", "false");
    await agent.ask("flushed");
    await agent.ask("sweep");
    await agent.ask("flushed");
  });
  t.strictSame(events, []);
  t.strictSame(await ourRoutes(node), before);
  t.strictSame(await agent.counts(), { wanted: 13, installed: 13, failed: 0, stale: 0 });
  await agent.close();
});

void t.test("wrong leftovers of an earlier run are repaired, unwanted ones go", options, async (t) => {
  const { node } = await openNode(t);
  const add = async (...routes: readonly string[]): Promise<void> => {
    for (const route of routes) await node.exec(`ip ${route.includes("2001") ? "-6 " : ""}route add ${route} proto 12`);
  };
  await add(
    "10.1.0.0/26 via 192.0.2.3 dev tunl0 onlink metric 1024",
    "10.1.0.64/26 via 192.0.2.3 dev eth0 metric 1024",
    "10.1.0.128/26 via 192.0.2.2 dev tunl0 onlink metric 2147483547",
    "10.1.1.0/26 via 192.0.2.2 metric 3",
    "10.1.1.128/26 via 192.0.2.2",
    "10.1.1.128/26 via 192.0.2.2 metric 5",
    "10.1.1.128/26 via 192.0.2.2 metric 6",
    "10.9.0.0/16 via 192.0.2.2 metric 77",
    "2001:db8:1::/48 via 2001:db8:ffff::2 metric 1024",
    "2001:db8:3::/48 via 2001:db8:ffff::2",
    "2001:db8:9::/48 via 2001:db8:ffff::2 metric 5",
    "2001:db8:9::/48 via 2001:db8:ffff::2 metric 6",
  );
  await node.exec("ip route add 10.9.0.0/16 via 192.0.2.2 proto 80");
  const { agent } = await FibAgent.start(node);
  await agent.wish(WISHES);
  t.strictSame(await agent.counts(), { wanted: 13, installed: 13, failed: 0, stale: 2 });
  await agent.ask("sweep");
  await agent.ask("flushed");
  const lines = await ourRoutes(node);
  t.equal(lines.length, 13);
  t.match(
    lines.filter((line) => line.startsWith("10.1.")).map((line) => line.split(" nexthop")[0]),
    [
      "10.1.0.0/26 via 192.0.2.2 dev tunl0 metric 1024 onlink",
      "10.1.0.128/26 metric 2147483547",
      "10.1.0.64/26 metric 1024",
      "10.1.1.128/26 via 192.0.2.2 dev eth0",
    ],
  );
  t.ok(lines.includes("blackhole 10.1.1.0/26 metric 1024"));
  t.match(await node.exec("ip route show proto 80"), /10\.9\.0\.0\/16/);
  await agent.close();
});

void t.test(
  "routes of others stay, with the same prefix and metric too; ours follow when they go",
  options,
  async (t) => {
    const { node } = await openNode(t);
    await node.exec("ip route add 10.1.0.0/26 dev tunl0 proto 80 metric 1024; ip route add 10.2.0.0/16 via 192.0.2.9");
    await node.exec("ip -6 route add 2001:db8:1::/48 via 2001:db8:ffff::9 proto 80 metric 512");
    const { agent } = await FibAgent.start(node);
    await agent.wish({
      "10.1.0.0/26": "via 192.0.2.2 metric 512",
      "10.2.0.0/16": "via 192.0.2.2 metric 5",
      "2001:db8:1::/48": "via 2001:db8:ffff::2 metric 7",
    });
    t.equal((await agent.counts()).installed, 3, "another metric is another place");
    await agent.wish({
      "10.1.0.0/26": "via 192.0.2.2 metric 1024",
      "10.2.0.0/16": "via 192.0.2.2",
      "2001:db8:1::/48": "via 2001:db8:ffff::2 metric 512",
    });
    const failed = async (): Promise<string[]> => {
      const entries = await agent.ask<{ prefix: string; error: string }[]>("failed");
      return entries.map(({ prefix, error }) => `${prefix} ${error}`).sort();
    };
    t.strictSame(await failed(), [
      "10.1.0.0/26 a route of protocol 80 (Felix) exists",
      "10.2.0.0/16 a route of protocol boot exists",
      "2001:db8:1::/48 a route of protocol 80 (Felix) exists",
    ]);
    t.strictSame(await ourRoutes(node), [], "the old metric is not wished for any more");
    t.match(await node.exec("ip route show proto 80"), /10\.1\.0\.0\/26 dev tunl0 scope link metric 1024/);
    await node.exec("ip route del 10.1.0.0/26 proto 80; ip route del 10.2.0.0/16; ip -6 route del 2001:db8:1::/48");
    const routes = await eventually(
      () => ourRoutes(node),
      (lines) => lines.length === 3,
    );
    t.strictSame(routes, [
      "10.1.0.0/26 via 192.0.2.2 dev eth0 metric 1024",
      "10.2.0.0/16 via 192.0.2.2 dev eth0",
      "2001:db8:1::/48 via 2001:db8:ffff::2 dev eth0 metric 512 pref medium",
    ]);
    await agent.close();
  },
);

void t.test("alien routes are seen with kind, ways and metric", options, async (t) => {
  const { node } = await openNode(t);
  await node.exec(`
    ip route add 10.65.0.7/32 dev tunl0 proto 80 metric 1024
    ip route add 10.65.0.7/32 dev tunl0 proto 80 metric 512
    ip route add blackhole 10.66.0.0/26 proto 80
    ip route add prohibit 10.67.0.0/26
    ip route add 10.68.0.0/16 proto static nexthop via 192.0.2.2 dev eth0 nexthop via 192.0.2.9 dev tunl0 onlink
    ip -6 route add unreachable 2001:db8:9::/48 proto 80 metric 9
    ip route add 10.69.0.0/16 via 192.0.2.2 table 99`);
  const { agent } = await FibAgent.start(node);
  const aliens = async (): Promise<string[]> =>
    (await agent.ask<string[]>("aliens")).filter((line) => !/ 2( metric \d+)?$/.test(line)).sort();
  t.strictSame(await aliens(), [
    "10.65.0.7/32 tunl0 80 metric 1024",
    "10.65.0.7/32 tunl0 80 metric 512",
    "10.66.0.0/26 blackhole 80",
    "10.67.0.0/26 prohibit 3",
    "10.68.0.0/16 eth0+tunl0 4",
    "2001:db8:9::/48 unreachable 80 metric 9",
  ]);
  await node.exec("ip route del 10.65.0.7/32 metric 512; ip route del blackhole 10.66.0.0/26");
  await eventually(aliens, (lines) => lines.length === 4);
  await agent.close();
});
