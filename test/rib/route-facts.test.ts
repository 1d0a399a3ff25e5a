// What scripts read of a route beside its attributes: where it leads, what the kernel says of it; and that verdicts that
// depend on the way to a next hop follow it.

import t from "tap";
import { formatBytes } from "../../src/base/ip.js";
import type { PathAttributes } from "../../src/packet/attributes/attribute.js";
import type { Filter, Route } from "../../src/policy/route.js";
import type { LocalFacts } from "../../src/rib/local-facts.js";
import type { NextHopResolution } from "../../src/rib/next-hop-table.js";
import { RouteCursor } from "../../src/rib/route-cursor.js";
import { RELATION } from "../../src/rib/sources.js";
import { RibStage } from "./rib-stage.js";
import { address, announce, prefix, sequence } from "./updates.js";

const P = "10.1.0.0/16";
const { local, ebgp } = RELATION;
const FACTS: LocalFacts = {
  destination: "router",
  gateway: address("10.0.0.77"),
  interfaceName: "cali12ab",
  kernelMetric: 1024,
  kernelSource: 80,
  protocolName: "",
};

/** A cursor at the best path of P. */
function cursorAt(stage: RibStage): RouteCursor {
  const { rib } = stage;
  const family = rib.families[0];
  const cursor = new RouteCursor(rib.attrs, rib.sources);
  cursor.seek(family.routes.attrs(family.best(rib.find(prefix(P)))), undefined);
  return cursor;
}

function facts(route: Route): unknown {
  const { destination, interfaceName, kernelMetric, kernelSource, protocolName, isBare } = route;
  return {
    destination,
    gateway: formatBytes(route.gateway),
    interfaceName,
    kernelMetric,
    kernelSource,
    protocolName,
    isBare,
  };
}

t.test("a route of our own carries its facts", async (t) => {
  const stage = new RibStage();
  stage.rib.announceLocal(
    stage.source(local, 1, { name: "kernel1", kind: "kernel" }),
    prefix(P),
    { origin: 0 },
    10,
    FACTS,
  );
  const route = cursorAt(stage);
  t.same(facts(route), {
    destination: "router",
    gateway: "10.0.0.77",
    interfaceName: "cali12ab",
    kernelMetric: 1024,
    kernelSource: 80,
    protocolName: "kernel1",
    isBare: true,
  });
  t.equal(route.weight, 10);
});

t.test("routes that differ in their facts only are different sets", async (t) => {
  const stage = new RibStage();
  const source = stage.source(local, 1);
  stage.rib.announceLocal(source, prefix(P), { origin: 0 }, 10, FACTS);
  const before = cursorAt(stage).interfaceName;
  stage.rib.announceLocal(source, prefix(P), { origin: 0 }, 10, {
    ...FACTS,
    interfaceName: "eth0",
    kernelMetric: undefined,
  });
  const after = cursorAt(stage);
  t.same([before, after.interfaceName, after.kernelMetric], ["cali12ab", "eth0", undefined]);
});

t.test("routes of one source may be of several protocols", async (t) => {
  const stage = new RibStage();
  const source = stage.source(local, 1, { name: "static", kind: "static" });
  const nameOf = (protocolName: string): string => {
    stage.rib.announceLocal(source, prefix(P), { origin: 0 }, 10, { ...FACTS, protocolName });
    const route = cursorAt(stage);
    t.match(facts(route), { gateway: "10.0.0.77", interfaceName: "cali12ab", kernelMetric: 1024, kernelSource: 80 });
    return route.protocolName;
  };
  t.same(["static1", "uplinks", ""].map(nameOf), ["static1", "uplinks", "static"]);
});

t.test("a peer cannot say such facts", async (t) => {
  const stage = new RibStage();
  const member = stage.join(9, { relation: ebgp });
  const forged: PathAttributes = {
    asPath: sequence(65010),
    unknown: [{ flags: 0xe0, code: 255, value: Uint8Array.of(2, 3, 0, 0, 4, 0, 0, 0, 0, 80, 0, 97) }],
  };
  announce(stage.rib, stage.source(ebgp, 1), [P], forged);
  stage.settle();
  t.match(facts(cursorAt(stage)), {
    destination: "router",
    interfaceName: "",
    kernelMetric: undefined,
    kernelSource: undefined,
  });
  t.equal(member.inbox.view.get(P)?.unknown?.[0]?.code, 255, "to others it is an attribute like any other");
});

t.test("metric and tunnel that a filter sets are there until the next route", async (t) => {
  const stage = new RibStage();
  stage.rib.announceLocal(stage.source(local, 1), prefix(P), { origin: 0 }, 10, FACTS);
  const route = cursorAt(stage);
  const id = route.commit();
  route.kernelMetric = 7;
  route.kernelTunnel = "tunl0";
  t.same([route.kernelMetric, route.kernelTunnel], [7, "tunl0"]);
  t.equal(route.commit(), id, "they are no part of the set");
  route.kernelMetric = undefined;
  t.equal(route.kernelMetric, undefined);
  route.seek(id, undefined);
  t.same([route.kernelMetric, route.kernelTunnel], [1024, undefined]);
});

const WAY: NextHopResolution = { reachable: true, cost: 0, via: "eth0", device: "eth0", gateway: address("10.0.0.1") };

t.test("a learned route leads where its next hop does", async (t) => {
  const stage = new RibStage();
  stage.rib.reresolveNextHops(() => WAY);
  announce(stage.rib, stage.source(ebgp, 1), [P], { asPath: sequence(65010) });
  stage.settle();
  t.match(facts(cursorAt(stage)), { destination: "router", gateway: "10.0.0.1", interfaceName: "eth0", isBare: false });
  stage.rib.reresolveNextHops(() => ({ ...WAY, via: "eth1", device: "eth1" }));
  stage.settle();
  t.match(facts(cursorAt(stage)), { interfaceName: "eth1" });
});

const throughEth0: Filter = Object.assign((route: Route) => ({ accept: route.interfaceName === "eth0", by: "test" }), {
  readsPrefix: false,
  readsPeer: false,
  readsWay: true,
  identity: "eth0 only",
});

t.test("an export policy that looks at the way follows it", async (t) => {
  const stage = new RibStage();
  stage.rib.reresolveNextHops(() => WAY);
  const member = stage.join(9, { relation: ebgp, exportFilter: throughEth0 });
  announce(stage.rib, stage.source(ebgp, 1), [P], { asPath: sequence(65010) });
  stage.settle();
  t.ok(member.inbox.view.has(P));
  stage.rib.reresolveNextHops(() => ({ ...WAY, via: "eth1", device: "eth1" }));
  stage.settle();
  t.notOk(member.inbox.view.has(P), "it leads through eth1 now");
  stage.rib.reresolveNextHops(() => WAY);
  stage.settle();
  t.ok(member.inbox.view.has(P));
});

t.test("an import policy that looks at the way follows it", async (t) => {
  const stage = new RibStage();
  stage.rib.reresolveNextHops(() => WAY);
  const source = stage.source(ebgp, 1);
  stage.rib.setImportFilter(source, throughEth0);
  announce(stage.rib, source, [P], { asPath: sequence(65010) });
  stage.settle();
  const best = (): number => stage.rib.families[0].best(stage.rib.find(prefix(P)));
  t.not(best(), 0);
  stage.rib.reresolveNextHops(() => ({ ...WAY, via: "eth1", device: "eth1" }));
  stage.settle();
  t.equal(best(), 0);
  stage.rib.reresolveNextHops(() => WAY);
  stage.settle();
  t.not(best(), 0);
});
