// What a policy for the kernel sets on its way: metric and tunnel; which routes it is asked about; next hops that lead
// nowhere.

import t from "tap";
import { parsePrefix } from "../../src/base/ip.js";
import type { SpeakerConfig } from "../../src/config/speaker-config.js";
import type { Filter, Route, Verdict } from "../../src/policy/route.js";
import { alienRoute } from "../support/alien-route.js";
import { configOf, type Node, World } from "./world.js";

function prefix(text: string): NonNullable<ReturnType<typeof parsePrefix>> {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

const ACCEPTED: Verdict = { accept: true, by: "test" };
const REJECTED: Verdict = { accept: false, by: "test" };

function filter(decide: (route: Route) => boolean | void): Filter {
  const ask = (route: Route): Verdict => (decide(route) === false ? REJECTED : ACCEPTED);
  return Object.assign(ask, { readsPrefix: true, readsPeer: false, identity: `test ${Math.random()}` });
}

interface Changes {
  readonly decide: (route: Route) => boolean | void;
  readonly keepsUnresolved?: boolean;
  readonly node?: Partial<SpeakerConfig["node"]>;
}

const PEERS = `
as: 64512
peers: [{address: 10.0.0.2, as: 64512}, {address: 10.0.0.3, as: 64512}]`;

async function apply(
  node: Node,
  yaml: string,
  { decide, keepsUnresolved = false, node: more }: Changes,
): Promise<void> {
  const config = configOf(node.address, yaml);
  await node.speaker.apply({
    ...config,
    node: { ...config.node, ...more },
    compatibility: { ...config.compatibility, keepsUnresolved },
    kernel: { ...config.kernel, readsKernelFacts: true, exportPolicy: filter(decide) },
  });
}

const announcer = (...prefixes: readonly string[]): string => `
as: 64512
peers: [{address: 10.0.0.1, as: 64512}]
node: {static: [${prefixes.map((text) => `{prefix: ${text}, type: none}`).join(", ")}]}`;

t.test("metric of the policy, route by route; a reload changes it", async (t) => {
  const world = new World();
  const a = await world.start("10.0.0.1", PEERS);
  await apply(a, PEERS, {
    decide: (route) => void (route.kernelMetric = 2147483647 - (route.localPref ?? 0)),
  });
  await world.start("10.0.0.2", announcer("10.244.2.0/26", "10.244.3.0/26"));
  world.run(10_000);
  t.same(a.kernel.routes(), [
    "10.244.2.0/26 via 10.0.0.2 dev eth0 metric 2147483547",
    "10.244.3.0/26 via 10.0.0.2 dev eth0 metric 2147483547",
  ]);
  const wishes = [...a.kernel.entries()].map(({ route }) => route);
  t.equal(wishes[0], wishes[1], "equal wishes are one object");
  await apply(a, PEERS, {
    decide: (route) => {
      if (route.prefixLength === 26 && (route.w0 & 0xff00) === 0x0200) route.kernelMetric = 0;
    },
  });
  world.run(100);
  t.same(a.kernel.routes(), ["10.244.2.0/26 via 10.0.0.2 dev eth0 metric 0", "10.244.3.0/26 via 10.0.0.2 dev eth0"]);
});

t.test("tunnel: on-link with the BGP next hop, also for equal paths; without the device the usual way", async (t) => {
  const world = new World();
  const yaml = `${PEERS}\nmultipath: {ibgp: 4}`;
  const a = await world.start("10.0.0.1", yaml);
  a.kernel.setDevice("tunl0", false);
  a.kernel.setAlienRoutes([alienRoute(prefix("10.0.0.3/32"), "eth1", Uint8Array.of(192, 168, 1, 1))]);
  await apply(a, yaml, {
    decide: (route) => {
      route.kernelTunnel = route.prefixLength === 32 ? "" : "tunl0";
      route.kernelMetric = 7;
    },
  });
  await world.start("10.0.0.2", announcer("10.244.2.0/26", "10.244.9.9/32"));
  await world.start("10.0.0.3", announcer("10.244.2.0/26", "10.244.3.0/26"));
  world.run(10_000);
  const plain = [
    "10.244.2.0/26 via 10.0.0.2 dev eth0 + via 192.168.1.1 dev eth1 metric 7",
    "10.244.3.0/26 via 192.168.1.1 dev eth1 metric 7",
    "10.244.9.9/32 via 10.0.0.2 dev eth0 metric 7",
  ];
  t.same(a.kernel.routes(), plain);
  a.kernel.setDevice("tunl0", true);
  world.run(100);
  t.same(a.kernel.routes(), [
    "10.244.2.0/26 via 10.0.0.2 dev tunl0 onlink + via 10.0.0.3 dev tunl0 onlink metric 7",
    "10.244.3.0/26 via 10.0.0.3 dev tunl0 onlink metric 7",
    "10.244.9.9/32 via 10.0.0.2 dev eth0 metric 7",
  ]);
  a.kernel.setDevice("tunl0", false);
  world.run(100);
  t.same(a.kernel.routes(), plain);
});

t.test("the policy is asked about the node's own routes, but not about direct and learned ones", async (t) => {
  const world = new World();
  const yaml = `${PEERS}
node:
  blocks: [10.244.1.0/26]
  direct: ["eth*"]
  kernelRoutes: ["cali*"]
  static: [{prefix: 10.96.0.0/12, type: blackhole}, {prefix: 10.97.0.7/32, via: 10.0.0.7}]`;
  const a = await world.start("10.0.0.1", yaml);
  a.kernel.setAddresses([
    { device: "eth0", address: { bytes: Uint8Array.of(10, 0, 0, 1) }, prefix: prefix("10.0.0.0/24") },
  ]);
  a.kernel.setAlienRoutes([alienRoute(prefix("10.65.0.7/32"), "cali123", undefined)]);
  const asked = new Set<string>();
  await apply(a, yaml, {
    decide: (route) => {
      asked.add(`${(route.w0 >> 16) & 255}/${route.prefixLength} ${route.from}`);
      route.kernelTunnel = "tunl0";
      if (route.prefixLength === 26) route.kernelMetric = 100;
      return route.prefixLength !== 12;
    },
  });
  world.run(1000);
  t.same(a.kernel.routes(), ["10.244.1.0/26 blackhole metric 100", "10.97.0.7/32 via 10.0.0.7"]);
  t.same([...asked].sort(), ["244/26 static", "96/12 static", "97/32 static"]);
});

t.test("without readsKernelFacts own routes are not asked about, and what a policy sets does not count", async (t) => {
  const world = new World();
  const yaml = `${PEERS}\nnode: {blocks: [10.244.1.0/26]}`;
  const a = await world.start("10.0.0.1", yaml);
  const config = configOf("10.0.0.1", yaml);
  const exportPolicy = filter((route) => {
    route.kernelMetric = 5;
    return route.from === "bgp";
  });
  await a.speaker.apply({ ...config, kernel: { ...config.kernel, exportPolicy } });
  await world.start("10.0.0.2", announcer("10.244.2.0/26"));
  world.run(10_000);
  t.same(a.kernel.routes(), ["10.244.1.0/26 blackhole", "10.244.2.0/26 via 10.0.0.2 dev eth0"]);
});

t.test("a start holds what was adopted until every peer that is there has told its table", async (t) => {
  const world = new World();
  const a = await world.start("10.0.0.1", PEERS);
  t.equal(a.kernel.holdsAdopted, true);
  await world.start("10.0.0.2", announcer("10.244.2.0/26"));
  world.run(2000);
  t.equal(a.kernel.holdsAdopted, true, "10.0.0.3 may yet come");
  world.run(5000);
  await Promise.resolve();
  world.run(100);
  await Promise.resolve();
  t.equal(a.kernel.holdsAdopted, false, "it has been silent for five seconds");
});
