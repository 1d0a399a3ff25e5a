// The node's own routes with what is known of them: learned from the kernel, static ones over gateways, connected
// prefixes; and the weight of each kind.

import t from "tap";
import { formatBytes, formatPrefix, parseAddress, parsePrefix } from "../../src/base/ip.js";
import type { NodeRoutesConfig } from "../../src/config/speaker-config.js";
import { MemoryKernel } from "../../src/kernel/memory-kernel.js";
import { ACCEPT_ALL } from "../../src/policy/route.js";
import { Rib } from "../../src/rib/rib.js";
import { RouteCursor } from "../../src/rib/route-cursor.js";
import { fromStatic, learned } from "../../src/speaker/local-route.js";
import { LocalRoutes } from "../../src/speaker/local-routes.js";
import type { AlienRoute, FibRoute } from "../../src/speaker/ports.js";
import { filterOf } from "../rib/sample-filters.js";
import { alienRoute } from "../support/alien-route.js";
import { FakeClock } from "../support/fake-clock.js";

function prefix(text: string): NonNullable<ReturnType<typeof parsePrefix>> {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

function bytes(text: string): Uint8Array {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(text);
  return parsed.bytes;
}

const NOTHING: NodeRoutesConfig = {
  blocks: [],
  borrowed: [],
  static: [],
  aggregates: [],
  direct: [],
  kernelRoutes: [],
  learnsAllKernelRoutes: false,
  weights: undefined,
};

/** LocalRoutes on a RIB and a kernel; best routes as `PREFIX SOURCE weight N`. */
class Stage {
  readonly clock = new FakeClock();
  readonly kernel = new MemoryKernel({}, { clock: this.clock });
  readonly rib = new Rib(this.clock, { routerId: 1, clusterId: 1 });
  readonly local = new LocalRoutes(this.rib, this.kernel);

  best(...prefixes: readonly string[]): string[] {
    return prefixes.map((text) => {
      const rib = this.rib.families[prefix(text).family];
      const best = rib.best(this.rib.find(prefix(text)));
      if (best === 0) return `${text} none`;
      const { name } = this.rib.sources.get(rib.routes.source(best)).options;
      return `${text} ${name} weight ${this.rib.attrs.weight(rib.routes.attrs(best))}`;
    });
  }
}

t.test("all kernel routes are learned: of our table, not of the kernel itself, the least metric of a prefix", (t) => {
  const stage = new Stage();
  const dead = (kind: FibRoute["kind"]): Partial<AlienRoute> => ({ kind, nextHops: [] });
  stage.kernel.setAlienRoutes([
    alienRoute(prefix("10.65.0.7/32"), "cali1", undefined, { protocol: 80 }),
    alienRoute(prefix("0.0.0.0/0"), "eth0", bytes("10.0.0.254"), { metric: 100, protocol: 16 }),
    alienRoute(prefix("10.1.0.0/16"), "", undefined, dead("blackhole")),
    alienRoute(prefix("10.2.0.0/16"), "", undefined, dead("prohibit")),
    alienRoute(prefix("10.0.0.0/24"), "eth0", undefined, { protocol: 2 }),
    alienRoute(prefix("10.3.0.0/16"), "eth0", bytes("10.0.0.9"), { protocol: 1 }),
    alienRoute(prefix("10.4.0.0/16"), "eth0", bytes("10.0.0.9"), { table: 100 }),
    alienRoute(prefix("2001:db8::/64"), "eth0", undefined, { metric: 1024, protocol: 9 }),
  ]);
  stage.local.apply({ ...NOTHING, learnsAllKernelRoutes: true });
  t.same(
    stage.best("10.65.0.7/32", "0.0.0.0/0", "10.1.0.0/16", "10.2.0.0/16", "10.0.0.0/24", "10.3.0.0/16", "10.4.0.0/16"),
    [
      "10.65.0.7/32 kernel weight 32768",
      "0.0.0.0/0 kernel weight 32768",
      "10.1.0.0/16 kernel weight 32768",
      "10.2.0.0/16 kernel weight 32768",
      "10.0.0.0/24 none",
      "10.3.0.0/16 none",
      "10.4.0.0/16 none",
    ],
  );
  t.same(stage.best("2001:db8::/64"), ["2001:db8::/64 kernel weight 32768"]);
  t.end();
});

t.test(
  "an import filter of the kernel refuses routes and gives others a weight; another filter is applied at once",
  (t) => {
    const stage = new Stage();
    stage.kernel.setAlienRoutes([
      alienRoute(prefix("10.65.0.7/32"), "cali1", undefined, { metric: 512, protocol: 80 }),
      alienRoute(prefix("10.65.0.8/32"), "cali2", undefined, { metric: 1024, protocol: 80 }),
      alienRoute(prefix("10.66.0.0/26"), "eth0", bytes("10.0.0.9"), { metric: 512, protocol: 80 }),
    ]);
    const config: NodeRoutesConfig = {
      ...NOTHING,
      learnsAllKernelRoutes: true,
      weights: { static: 200, direct: 240, kernel: 10 },
    };
    const best = (): string[] => stage.best("10.65.0.7/32", "10.65.0.8/32", "10.66.0.0/26");
    const importPolicy = filterOf("elevated", (route) => {
      if (!route.interfaceName.startsWith("cali")) return false;
      if ((route.kernelMetric ?? 0) < 1024) route.weight = 150;
      return true;
    });
    stage.local.apply(config, { table: 254, importPolicy }, true);
    t.same(best(), ["10.65.0.7/32 kernel weight 150", "10.65.0.8/32 kernel weight 10", "10.66.0.0/26 none"]);
    stage.local.apply(config, { table: 254, importPolicy: ACCEPT_ALL }, true);
    stage.clock.advance(100);
    t.same(best(), ["10.65.0.7/32 kernel weight 10", "10.65.0.8/32 kernel weight 10", "10.66.0.0/26 kernel weight 10"]);
    t.end();
  },
);

t.test("of several routes with one prefix the least metric counts, and its change is told again", (t) => {
  const stage = new Stage();
  const cali = alienRoute(prefix("10.65.0.7/32"), "cali1", undefined, { metric: 1024, protocol: 80 });
  const other = alienRoute(prefix("10.65.0.7/32"), "eth0", bytes("10.0.0.9"), { metric: 2000, protocol: 3 });
  stage.kernel.setAlienRoutes([other, cali]);
  t.equal(stage.local.apply({ ...NOTHING, learnsAllKernelRoutes: true }), 1);
  t.equal(stage.local.refresh(), 0);
  stage.kernel.setAlienRoutes([other, { ...cali, metric: 512 }]);
  t.equal(stage.local.refresh(), 1, "another metric");
  stage.kernel.setAlienRoutes([other, { ...cali, metric: 3000 }]);
  t.equal(stage.local.refresh(), 1, "the other route");
  stage.kernel.setAlienRoutes([{ ...cali, metric: 2000 }]);
  t.equal(stage.local.refresh(), 1, "another protocol and way");
  stage.kernel.setAlienRoutes([]);
  t.equal(stage.local.refresh(), 1);
  t.same(stage.best("10.65.0.7/32"), ["10.65.0.7/32 none"]);
  t.end();
});

t.test("facts of a learned route", (t) => {
  const facts = (route: AlienRoute): string => {
    const { destination, gateway, interfaceName, kernelMetric, kernelSource } = learned(route).facts;
    return [destination, gateway.join("."), interfaceName, kernelSource, kernelMetric].join(" ");
  };
  const hop = (gateway: string | undefined, device: string) => ({
    gateway: gateway === undefined ? undefined : bytes(gateway),
    device,
    onlink: false,
    weight: 1,
  });
  const p = prefix("10.1.0.0/16");
  t.equal(facts(alienRoute(p, "eth0", bytes("10.0.0.9"), { protocol: 80, metric: 5 })), "router 10.0.0.9 eth0 80 5");
  t.equal(facts(alienRoute(p, "cali1", undefined)), "device  cali1 3 0");
  t.equal(facts(alienRoute(p, "", undefined, { kind: "unreachable", nextHops: [] })), "unreachable   3 0");
  const nextHops = [hop("10.0.0.9", "eth0"), hop("10.0.0.8", "eth0")];
  t.equal(facts(alienRoute(p, "", undefined, { nextHops })), "multipath   3 0");
  t.end();
});

t.test("the next hop of a learned route is its gateway, if that is on a link", (t) => {
  const kernel = new MemoryKernel({}, { clock: new FakeClock() });
  kernel.setReachable("10.0.0.9", false);
  const nextHop = (gateway: string | undefined): string | undefined => {
    const route = alienRoute(prefix("10.1.0.0/16"), "eth0", gateway === undefined ? undefined : bytes(gateway));
    const found = learned(route, kernel).attributes.nextHop;
    return found === undefined ? undefined : formatBytes(found);
  };
  t.equal(nextHop("10.0.0.8"), "10.0.0.8");
  t.equal(nextHop("10.0.0.9"), undefined);
  t.equal(nextHop(undefined), undefined);
  t.end();
});

t.test("kernel routes by interface pattern are of unicast ones only", (t) => {
  const stage = new Stage();
  stage.kernel.setAlienRoutes([
    alienRoute(prefix("10.65.0.7/32"), "cali1", undefined),
    alienRoute(prefix("10.1.0.0/16"), "", undefined, { kind: "blackhole", nextHops: [] }),
  ]);
  stage.local.apply({ ...NOTHING, kernelRoutes: ["*"] });
  t.same(stage.best("10.65.0.7/32", "10.1.0.0/16"), ["10.65.0.7/32 kernel weight 32768", "10.1.0.0/16 none"]);
  t.end();
});

t.test("weights of static, direct and kernel routes decide between them, and may change", (t) => {
  const stage = new Stage();
  const p = prefix("10.9.0.0/24");
  stage.kernel.setAddresses([{ device: "eth0", address: { bytes: bytes("10.9.0.1") }, prefix: p }]);
  stage.kernel.setAlienRoutes([alienRoute(p, "eth1", undefined)]);
  const config: NodeRoutesConfig = {
    ...NOTHING,
    blocks: [prefix("10.8.0.0/26")],
    static: [{ prefix: p, via: { kind: "blackhole" }, install: true }],
    direct: ["eth*"],
    learnsAllKernelRoutes: true,
    weights: { static: 200, direct: 240, kernel: 10 },
  };
  stage.local.apply(config);
  t.same(stage.best("10.9.0.0/24", "10.8.0.0/26"), ["10.9.0.0/24 direct weight 240", "10.8.0.0/26 block weight 200"]);
  stage.local.apply({ ...config, weights: { static: 200, direct: 1, kernel: 10 } });
  t.same(stage.best("10.9.0.0/24"), ["10.9.0.0/24 static weight 200"]);
  stage.local.apply({ ...config, static: [], weights: { static: 200, direct: 1, kernel: 10 } });
  t.same(stage.best("10.9.0.0/24"), ["10.9.0.0/24 kernel weight 10"]);
  t.end();
});

t.test("direct routes: by name and prefix, never loopback or link-local", (t) => {
  const stage = new Stage();
  const own = (device: string, text: string, length: number) => {
    const address = bytes(text);
    return { device, address: { bytes: address }, prefix: prefix(`${text.replace(/[^.:]+$/, "0")}/${length}`) };
  };
  stage.kernel.setAddresses([
    own("lo", "127.0.0.1", 8),
    own("eth0", "10.1.0.1", 24),
    own("eth0", "192.0.2.1", 24),
    own("cali1", "10.2.0.1", 24),
  ]);
  const wanted = ["127.0.0.0/8", "10.1.0.0/24", "192.0.2.0/24", "10.2.0.0/24"];
  const directs = (patterns: readonly string[]): string[] => {
    stage.local.apply({ ...NOTHING, direct: patterns });
    return stage
      .best(...wanted)
      .filter((line) => line.includes("direct"))
      .map((line) => line.split(" ")[0]);
  };
  t.same(directs(["!cali*", "*"]), ["10.1.0.0/24", "192.0.2.0/24"]);
  t.same(directs(["10.0.0.0/8"]), ["10.1.0.0/24", "10.2.0.0/24"]);
  t.same(directs(["!eth* 10.1.0.0/16", "*"]), ["192.0.2.0/24", "10.2.0.0/24"]);
  t.end();
});

t.test("a gateway with a zone is behind the interface of that name, in the kernel as well", (t) => {
  const via = { kind: "gateway", address: { bytes: bytes("fe80::1"), zone: "eth0" }, device: undefined } as const;
  const route = fromStatic({ prefix: prefix("2001:db8::1/128"), via, install: true }, undefined);
  t.match(route?.fib?.nextHops, [{ device: "eth0" }]);
  t.end();
});

t.test("a static route is there while one of its gateways is on a link; several share the load", (t) => {
  const { kernel } = new Stage();
  const gateway = (text: string, device?: string) => ({ address: { bytes: bytes(text) }, device });
  const route = {
    prefix: prefix("10.9.0.0/16"),
    via: { kind: "gateways", gateways: [gateway("10.0.0.7"), gateway("10.0.0.8"), gateway("10.0.0.9", "eth9")] },
    install: true,
    metric: 50,
  } as const;
  const shown = (): string => {
    const local = fromStatic(route, kernel);
    if (local === undefined) return "none";
    const hops = local.fib?.nextHops.map((hop) => formatBytes(hop.gateway ?? new Uint8Array(0))).join("+") ?? "";
    const nextHop = (local.attributes.nextHop ?? []).join(".");
    return `${formatPrefix(local.prefix)} ${hops} metric ${local.fib?.metric ?? ""} ${local.facts.destination} next hop ${nextHop}`;
  };
  t.equal(shown(), "10.9.0.0/16 10.0.0.7+10.0.0.8 metric 50 multipath next hop ", "10.0.0.9 is not on eth9");
  kernel.setAlienRoutes([alienRoute(prefix("10.0.0.7/32"), "eth0", bytes("10.0.0.254"))]);
  t.equal(shown(), "10.9.0.0/16 10.0.0.8 metric 50 router next hop 10.0.0.8", "one lies behind a router");
  kernel.setReachable("10.0.0.8", false);
  t.equal(shown(), "none");
  t.equal(fromStatic(route, undefined)?.fib?.nextHops.length, 3, "nothing is known of links");
  t.end();
});

t.test("routes know the protocol that they are of, which may be renamed", (t) => {
  const stage = new Stage();
  stage.kernel.setAlienRoutes([alienRoute(prefix("10.65.0.7/32"), "cali1", undefined, { protocol: 80 })]);
  const apply = (first: string, kernel: string | undefined): string[] => {
    stage.local.apply(
      {
        ...NOTHING,
        static: [
          { prefix: prefix("10.1.0.0/16"), via: { kind: "blackhole" }, install: true, protocolName: first },
          { prefix: prefix("10.2.0.0/16"), via: { kind: "blackhole" }, install: true, protocolName: "static2" },
          { prefix: prefix("10.3.0.0/16"), via: { kind: "blackhole" }, install: true },
        ],
        learnsAllKernelRoutes: true,
        protocolNames: { direct: undefined, kernel },
      },
      { table: 254, importPolicy: ACCEPT_ALL },
      true,
    );
    const family = stage.rib.families[0];
    const cursor = new RouteCursor(stage.rib.attrs, stage.rib.sources);
    return ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "10.65.0.7/32"].map((text) => {
      cursor.seek(family.routes.attrs(family.best(stage.rib.find(prefix(text)))), undefined);
      return cursor.protocolName;
    });
  };
  t.same(apply("static1", "kernel1"), ["static1", "static2", "static", "kernel1"]);
  t.same(apply("uplinks", undefined), ["uplinks", "static2", "static", "kernel"]);
  t.end();
});
