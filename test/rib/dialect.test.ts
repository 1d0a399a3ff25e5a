// Where BIRD 1.6 does otherwise than the RFCs (CompatibilityConfig): each difference on and off.

import t from "tap";
import { RELATION, type SourceOptions } from "../../src/rib/sources.js";
import { type Joined, LOCAL_AS, RibStage, sourceOptions } from "./rib-stage.js";
import { filterOf } from "./sample-filters.js";
import { address, announce, PLAIN_SESSION, prefix, receive, sequence, withdraw } from "./updates.js";

const P = "10.1.0.0/16";
const { local, ebgp, ibgpClient: client, ibgpNonClient: nonClient } = RELATION;

/** Last octet of the source of the best path, 0 where there is none. */
function bestOf(stage: RibStage): number {
  const rib = stage.rib.families[0];
  const best = rib.best(stage.rib.find(prefix(P)));
  return best === 0 ? 0 : Number(stage.rib.sources.get(rib.routes.source(best)).options.name.split(" ")[1]);
}

/** Next hops 192.0.2.x do not resolve. */
function withHoles(stage: RibStage): void {
  stage.rib.reresolveNextHops((nextHop) => ({ reachable: nextHop[0] !== 192, cost: 0, via: "" }));
}

function weighing(stage: RibStage, source: Parameters<RibStage["rib"]["setImportFilter"]>[0], weight: number): void {
  stage.rib.setImportFilter(
    source,
    filterOf(`weight ${weight}`, (route) => ((route.weight = weight), true)),
  );
}

t.test("keepsUnresolved: a path without a way to its next hop is used behind all others", async (t) => {
  for (const keepsUnresolved of [false, true]) {
    const stage = new RibStage();
    withHoles(stage);
    stage.rib.setDecisionOptions({ keepsUnresolved });
    const reader = stage.join(9);
    const [a, b, c] = [1, 2, 3].map((last) => stage.source(client, last));
    announce(stage.rib, a, [P], { nextHop: address("192.0.2.1"), localPref: 300 });
    stage.settle();
    t.equal(bestOf(stage), keepsUnresolved ? 1 : 0);
    t.equal(reader.inbox.view.has(P), keepsUnresolved, "it is announced");
    announce(stage.rib, b, [P], { nextHop: address("10.0.0.2"), localPref: 50 });
    t.equal(bestOf(stage), 2, "LOCAL_PREF does not help it");
    t.same(stage.rib.families[0].decision.multipath(stage.rib.find(prefix(P))).length, 1);
    if (keepsUnresolved) {
      const { routes, decision } = stage.rib.families[0];
      const best = routes.head(stage.rib.find(prefix(P)));
      t.equal(decision.decisiveStep(best, routes.next(best)), "NEXT_HOP resolves");
      weighing(stage, c, 200);
      announce(stage.rib, c, [P], { nextHop: address("192.0.2.3") });
      t.equal(bestOf(stage), 3, "its weight does (BIRD: preference comes first)");
      withdraw(stage.rib, c, [P]);
    }
    withdraw(stage.rib, b, [P]);
    t.equal(bestOf(stage), keepsUnresolved ? 1 : 0);
    stage.rib.reresolveNextHops(() => ({ reachable: false, cost: 0, via: "ourselves" }));
    stage.settle();
    t.equal(bestOf(stage), 0, "our own address is no next hop in either case");
    t.notOk(reader.inbox.view.has(P));
  }
});

t.test("ownFirst: of paths of one weight the node's own one wins, whatever their attributes", async (t) => {
  for (const ownFirst of [false, true]) {
    const stage = new RibStage();
    stage.rib.setDecisionOptions({ ownFirst });
    const [own, learned, heavier] = [stage.source(local, 1), stage.source(client, 2), stage.source(client, 3)];
    announce(stage.rib, learned, [P], { localPref: 300 });
    announce(stage.rib, own, [P], { localPref: 50 });
    t.equal(bestOf(stage), ownFirst ? 1 : 2);
    const { routes, decision } = stage.rib.families[0];
    const best = routes.head(stage.rib.find(prefix(P)));
    t.equal(decision.decisiveStep(best, routes.next(best)), ownFirst ? "the node's own" : "higher LOCAL_PREF");
    t.equal(decision.multipath(stage.rib.find(prefix(P))).length, 1);
    weighing(stage, heavier, 200);
    announce(stage.rib, heavier, [P], { localPref: 1 });
    t.equal(bestOf(stage), 3, "a higher weight comes first");
    withdraw(stage.rib, heavier, [P]);
    withdraw(stage.rib, own, [P]);
    t.equal(bestOf(stage), 2);
  }
});

t.test("olderWins: of two paths of one peer the older one, whatever their path ids", async (t) => {
  const session = { ...PLAIN_SESSION, addPathReceive: [true, true] as const };
  const offer = (stage: RibStage, source: ReturnType<RibStage["source"]>, pathId: number, med = 0): void =>
    receive(
      stage.rib,
      source,
      {
        announced: [{ prefix: prefix(P), pathId }],
        attributes: { origin: 0, asPath: sequence(65010), nextHop: address("10.0.0.1"), med },
      },
      session,
    );
  const bestId = (stage: RibStage): number => {
    const { routes } = stage.rib.families[0];
    return routes.pathId(routes.head(stage.rib.find(prefix(P))));
  };
  for (const olderWins of [false, true]) {
    const stage = new RibStage();
    if (olderWins) stage.rib.keepTimes();
    stage.rib.setDecisionOptions({ olderWins });
    const source = stage.source(ebgp, 1);
    for (const pathId of [7, 9, 3]) offer(stage, source, pathId);
    t.equal(bestId(stage), olderWins ? 7 : 3, `olderWins: ${olderWins}`);
    offer(stage, source, 7);
    t.equal(bestId(stage), olderWins ? 7 : 3, "told again as it was, it is as old as it was");
    offer(stage, source, 7, 1);
    offer(stage, source, 7);
    t.equal(bestId(stage), olderWins ? 9 : 3, "one that changed is new");
  }
});

t.test("keepTimes: since when a path is as it is, also after tables have grown and shrunk", async (t) => {
  const stage = new RibStage();
  const source = stage.source(ebgp, 1);
  const { routes } = stage.rib.families[0];
  const arrival = (text: string): number => routes.arrivedAt(routes.head(stage.rib.find(prefix(text))));
  announce(stage.rib, source, [P], { asPath: sequence(65010) });
  t.equal(arrival(P), 0, "nobody asked");
  stage.rib.keepTimes();
  stage.clock.advance(5000);
  const at = stage.clock.now();
  announce(stage.rib, source, ["10.2.0.0/16", "10.3.0.0/16"], { asPath: sequence(65010) });
  t.ok(arrival("10.2.0.0/16") >= at && arrival("10.2.0.0/16") < at + 1);
  t.ok(arrival("10.3.0.0/16") > arrival("10.2.0.0/16"), "no two arrive at once");
  const many = Array.from({ length: 500 }, (_, i) => `11.${i >> 8}.${i & 255}.0/24`);
  const before = arrival("10.3.0.0/16");
  announce(stage.rib, source, many, { asPath: sequence(65010) });
  t.equal(arrival("10.3.0.0/16"), before);
  withdraw(stage.rib, source, many);
  routes.trim();
  t.equal(arrival("10.3.0.0/16"), before);
});

t.test("weight: 16 bits, before everything, and equal weights share the traffic", async (t) => {
  const stage = new RibStage();
  stage.rib.setDecisionOptions({ multipathIbgp: 8 });
  const [a, b, c] = [1, 2, 3].map((last) => stage.source(client, last));
  for (const [source, weight] of [
    [a, 100],
    [b, 100],
    [c, 65535],
  ] as const) {
    weighing(stage, source, weight);
  }
  announce(stage.rib, a, [P], { localPref: 4_294_967_295 });
  announce(stage.rib, b, [P], { localPref: 4_294_967_295 });
  const paths = (): number => stage.rib.families[0].decision.multipath(stage.rib.find(prefix(P))).length;
  t.equal(paths(), 2, "equal weight");
  announce(stage.rib, c, [P], { localPref: 1, asPath: sequence(1, 2, 3), origin: 2 });
  t.equal(bestOf(stage), 3, "65535 is more than 100, whatever comes after");
  t.equal(paths(), 1);
});

t.test("zeroMedToExternal: a MED that came with the route goes to external peers as 0", async (t) => {
  const stage = new RibStage();
  const off = stage.join(8, { relation: ebgp });
  const on = stage.join(9, { relation: ebgp, zeroesMed: true });
  announce(stage.rib, stage.source(client, 1), [P], { med: 5 });
  announce(stage.rib, stage.source(client, 2), ["10.2.0.0/16"]);
  stage.settle();
  t.equal(off.inbox.view.get(P)?.med, undefined);
  t.equal(on.inbox.view.get(P)?.med, 0);
  t.equal(on.inbox.view.get("10.2.0.0/16")?.med, undefined, "none is invented");
});

t.test("announcesGateways: a route of ours goes to internal peers with its gateway", async (t) => {
  const stage = new RibStage();
  const gateway = address("10.0.0.77");
  const own = stage.rib.addSource(sourceOptions(local, { name: "static" }));
  const self = address("10.0.0.254");
  const cases: readonly (readonly [string, Joined, Uint8Array])[] = [
    ["off", stage.join(1), self],
    ["internal", stage.join(2, { announcesGateways: true }), gateway],
    ["internal, next hop self", stage.join(3, { announcesGateways: true, nextHop: "self" }), self],
    ["internal, selfExternal", stage.join(4, { announcesGateways: true, nextHop: "selfExternal" }), self],
    ["external", stage.join(5, { relation: ebgp, announcesGateways: false }), self],
  ];
  const gatewayPeer = stage.join(77, { announcesGateways: true });
  stage.rib.announceLocal(own, prefix(P), { origin: 0, asPath: [], nextHop: gateway });
  stage.rib.announceLocal(own, prefix("10.2.0.0/16"), { origin: 0, asPath: [] });
  stage.settle();
  for (const [name, { inbox }, expected] of cases) {
    t.same(inbox.view.get(P)?.nextHop, expected, name);
    t.same(inbox.view.get("10.2.0.0/16")?.nextHop, self, `${name}: without a gateway`);
  }
  t.notOk(gatewayPeer.inbox.view.has(P), "not to the gateway itself (RFC 4271 §5.1.3)");
});

t.test("separatesLocalAs: internal sessions with another local AS are not the same iBGP", async (t) => {
  const stage = new RibStage();
  const source = stage.source(nonClient, 1, { localAs: LOCAL_AS });
  const cases = [
    { name: "same AS", joined: stage.join(2, { relation: nonClient, separatesLocalAs: true }), isTold: false },
    {
      name: "another AS",
      joined: stage.join(3, { relation: nonClient, separatesLocalAs: true, localAs: 64999 }),
      isTold: true,
    },
    { name: "another AS, off", joined: stage.join(4, { relation: nonClient, localAs: 64999 }), isTold: false },
  ];
  const reflected = stage.join(5, { relation: client, separatesLocalAs: true });
  announce(stage.rib, source, [P], { localPref: 300 });
  stage.settle();
  for (const { name, joined, isTold } of cases) t.equal(joined.inbox.view.has(P), isTold, name);
  const told = cases[1].joined.inbox.view.get(P);
  t.equal(told?.localPref, 300);
  t.equal(told?.originatorId, undefined, "that is no reflection");
  t.equal(told?.clusterList, undefined);
  t.equal(reflected.inbox.view.get(P)?.originatorId, 0x0a000001, "this is");
});

t.test("clusterLoopOnlyWithClients: our cluster id is a loop on sessions with clients only", async (t) => {
  const cluster = 0x0a0000fd;
  const importing = (ignoresClusterList: boolean): Partial<SourceOptions> => ({
    import: {
      globalAs: LOCAL_AS,
      prependsLocalAs: false,
      allowAsIn: 0,
      enforcesFirstAs: false,
      weight: 0,
      localPref: undefined,
      role: undefined,
      honoursGracefulShutdown: false,
      honoursBlackhole: false,
      isDraining: false,
      ignoresClusterList,
    },
  });
  for (const ignores of [false, true]) {
    for (const unusual of [{}, { communities: Array.from({ length: 80 }, (_, i) => i + 1) }]) {
      const stage = new RibStage();
      const looking = stage.join(8, { relation: client, checksClusterList: true });
      const other = stage.join(9, { relation: client });
      const source = stage.source(nonClient, 1, importing(ignores));
      announce(stage.rib, source, [P], { originatorId: 7, clusterList: [3, cluster], ...unusual });
      stage.settle();
      t.equal(bestOf(stage), ignores ? 1 : 0, `ignoresClusterList: ${ignores}`);
      t.notOk(looking.inbox.view.has(P), "it does not come back to clients");
      t.equal(other.inbox.view.has(P), ignores);
    }
  }
});
