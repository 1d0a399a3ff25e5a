// The decision process step by step, by name; MED, which is no order; equal paths.

import t from "tap";
import type { PathAttributes } from "../../src/packet/attributes/attribute.js";
import { RELATION, type Relation, type Source } from "../../src/rib/sources.js";
import { RibStage } from "./rib-stage.js";
import { filterOf } from "./sample-filters.js";
import { address, announce, attributesOf, PLAIN_SESSION, prefix, receive, sequence, withdraw } from "./updates.js";

const P = "10.1.0.0/16";

interface Offer {
  readonly relation?: Relation;
  readonly last: number;
  readonly attributes?: PathAttributes;
  readonly weight?: number;
}

/** Announces one prefix from each, in that order. */
function offer(stage: RibStage, offers: readonly Offer[]): readonly Source[] {
  return offers.map(({ relation = RELATION.ebgp, last, attributes = {}, weight }) => {
    const source = stage.source(relation, last);
    if (weight !== undefined) {
      stage.rib.setImportFilter(
        source,
        filterOf(`weight ${weight}`, (route) => ((route.weight = weight), true)),
      );
    }
    announce(stage.rib, source, [P], { asPath: sequence(65010), ...attributes });
    return source;
  });
}

/** Last octet of the source of the best path. */
function bestOf(stage: RibStage): number {
  const rib = stage.rib.families[0];
  const best = rib.best(stage.rib.find(prefix(P)));
  return best === 0 ? 0 : Number(stage.rib.sources.get(rib.routes.source(best)).options.name.split(" ")[1]);
}

function multipathOf(stage: RibStage): readonly number[] {
  const rib = stage.rib.families[0];
  const paths = rib.decision.multipath(stage.rib.find(prefix(P)));
  return paths
    .map((route) => Number(stage.rib.sources.get(rib.routes.source(route)).options.name.split(" ")[1]))
    .sort();
}

/** The step between the best path and the other one. */
function step(stage: RibStage): string {
  const { routes, decision } = stage.rib.families[0];
  const best = routes.head(stage.rib.find(prefix(P)));
  return decision.decisiveStep(best, routes.next(best));
}

const internal = RELATION.ibgpClient;
const asPath = sequence(65010);
/** `better` wins against `worse` in the step of that name, in whatever order they come. */
const STEPS: readonly { readonly name: string; readonly better: Offer; readonly worse: Offer }[] = [
  {
    name: "higher weight",
    better: { last: 9, weight: 5, attributes: { asPath: sequence(1, 2, 3) } },
    worse: { last: 1 },
  },
  {
    name: "higher LOCAL_PREF",
    better: { last: 9, relation: internal, attributes: { localPref: 0x80000000, asPath: sequence(1, 2) } },
    worse: { last: 1, relation: internal, attributes: { localPref: 0x7fffffff } },
  },
  {
    name: "higher LOCAL_PREF",
    better: { last: 9, relation: internal },
    worse: { last: 1, relation: internal, attributes: { localPref: 99 } },
  },
  {
    name: "shorter AS_PATH",
    better: { last: 9, attributes: { origin: 2 } },
    worse: { last: 1, attributes: { asPath: sequence(1, 2) } },
  },
  {
    name: "shorter AS_PATH",
    better: { last: 9, attributes: { asPath: [...asPath, { type: 1, asNumbers: [1, 2, 3] }] } },
    worse: { last: 1, attributes: { asPath: sequence(65010, 2, 3) } },
  },
  { name: "lower ORIGIN", better: { last: 9, attributes: { med: 9 } }, worse: { last: 1, attributes: { origin: 1 } } },
  {
    name: "lower MED",
    better: { last: 9, attributes: { med: 1 } },
    worse: { last: 1, attributes: { med: 0xffffffff } },
  },
  { name: "lower MED", better: { last: 9 }, worse: { last: 1, attributes: { med: 1 } } },
  {
    name: "eBGP over iBGP",
    better: { last: 9, attributes: { nextHop: address("192.0.2.7") } },
    worse: { last: 1, relation: internal },
  },
  {
    name: "lower IGP cost to NEXT_HOP",
    better: { last: 9 },
    worse: { last: 1, attributes: { nextHop: address("192.0.2.7") } },
  },
  { name: "lower BGP Identifier or ORIGINATOR_ID", better: { last: 1 }, worse: { last: 9 } },
  {
    name: "lower BGP Identifier or ORIGINATOR_ID",
    better: { last: 9, relation: internal, attributes: { originatorId: 0x7fffffff, clusterList: [1, 2, 3] } },
    worse: { last: 1, relation: internal, attributes: { originatorId: 0x80000000 } },
  },
  {
    name: "shorter CLUSTER_LIST",
    better: { last: 9, relation: internal, attributes: { originatorId: 5 } },
    worse: { last: 1, relation: internal, attributes: { originatorId: 5, clusterList: [1] } },
  },
  {
    name: "lower peer address",
    better: { last: 1, relation: internal, attributes: { originatorId: 5 } },
    worse: { last: 9, relation: internal, attributes: { originatorId: 5 } },
  },
];

for (const { name, better, worse } of STEPS) {
  for (const [order, offers] of [
    ["first", [better, worse]],
    ["last", [worse, better]],
  ] as const) {
    t.test(`${name} wins; the better path comes ${order}`, async (t) => {
      const stage = new RibStage();
      stage.rib.reresolveNextHops((nextHop) => ({ reachable: true, cost: nextHop[3] === 7 ? 10 : 1, via: "" }));
      offer(stage, offers);
      stage.clock.settle();
      t.equal(bestOf(stage), better.last);
      t.equal(step(stage), name);
    });
  }
}

t.test("of two paths of one peer the lower path id wins", async (t) => {
  const stage = new RibStage();
  const source = stage.source(internal, 1);
  const context = { ...PLAIN_SESSION, addPathReceive: [true, true] as const };
  for (const pathId of [0x80000000, 7]) {
    receive(stage.rib, source, { announced: [{ prefix: prefix(P), pathId }], attributes: attributesOf() }, context);
  }
  const { routes } = stage.rib.families[0];
  t.equal(routes.pathId(routes.head(stage.rib.find(prefix(P)))), 7);
  t.equal(step(stage), "lower path id");
});

t.test("a path whose next hop does not resolve takes no part, until it does", async (t) => {
  const stage = new RibStage();
  let reachable = false;
  stage.rib.reresolveNextHops((nextHop) => ({ reachable: reachable || nextHop[3] !== 7, cost: 0, via: "" }));
  offer(stage, [{ last: 1, attributes: { nextHop: address("192.0.2.7") } }]);
  t.equal(bestOf(stage), 0);
  offer(stage, [{ last: 9, attributes: { asPath: sequence(1, 2, 3) } }]);
  t.equal(bestOf(stage), 9);
  t.equal(step(stage), "eligible");
  reachable = true;
  stage.rib.reresolveNextHops();
  stage.clock.settle();
  t.equal(bestOf(stage), 1);
});

// Without the order of elimination, A beats B by identifier, B beats C by identifier, C beats A by MED.
const TRIO: readonly Offer[] = [
  { last: 1, attributes: { asPath: sequence(65001), med: 10 } },
  { last: 2, attributes: { asPath: sequence(65002), med: 5 } },
  { last: 3, attributes: { asPath: sequence(65001), med: 1 } },
];
for (const order of [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
]) {
  t.test(`MED is no order: the outcome does not depend on who comes first, as ${order.join(", ")}`, async (t) => {
    const stage = new RibStage();
    const sources = offer(
      stage,
      order.map((i) => TRIO[i]),
    );
    t.equal(bestOf(stage), 2, "A is beaten by C within AS 65001, and B has a lower identifier than C");
    withdraw(stage.rib, sources[order.indexOf(2)], [P]);
    t.equal(bestOf(stage), 1, "A is back when C is gone");
  });
}

t.test("a path that was beaten by MED comes back when the one that beat it gets worse", async (t) => {
  for (const worse of [
    { asPath: sequence(65001), med: 20 },
    { asPath: sequence(65001, 65001), med: 1 },
    { asPath: sequence(65001), med: 1, origin: 2 },
    { asPath: sequence(65000), med: 1 },
  ]) {
    const stage = new RibStage();
    const sources = offer(stage, TRIO);
    announce(stage.rib, sources[2], [P], worse);
    t.equal(bestOf(stage), 1, JSON.stringify(worse));
  }
});

t.test("equal paths share the traffic, as many as configured", async (t) => {
  const stage = new RibStage();
  offer(stage, [
    { last: 1 },
    { last: 2 },
    { last: 3, attributes: { asPath: sequence(65020) } },
    { last: 4, attributes: { med: 1 } },
    { last: 5, relation: internal },
  ]);
  t.same(multipathOf(stage), [1], "one path by default");
  stage.rib.setDecisionOptions({ multipathEbgp: 8, multipathIbgp: 1 });
  t.same(multipathOf(stage), [1, 2, 3], "neither the one with a worse MED nor the internal one");
  stage.rib.setDecisionOptions({ multipathEbgp: 2, multipathIbgp: 8 });
  t.equal(multipathOf(stage).length, 2);
});

t.test(
  "a path that MED removes among its own neighbouring AS shares no traffic with the best of another",
  async (t) => {
    const stage = new RibStage();
    stage.rib.setDecisionOptions({ multipathEbgp: 8, multipathIbgp: 1 });
    offer(stage, [
      { last: 1, attributes: { asPath: sequence(65020) } },
      { last: 2, attributes: { med: 10 } },
      { last: 3, attributes: { med: 5 } },
    ]);
    t.same(multipathOf(stage), [1, 3]);
  },
);

t.test("a local route beats every peer's", async (t) => {
  const stage = new RibStage();
  offer(stage, [{ last: 1 }]);
  const local = stage.rib.addSource({
    kind: "static",
    name: "static 77",
    relation: RELATION.local,
    localAs: 65000,
    peer: undefined,
    address: undefined,
  });
  stage.rib.announceLocal(local, prefix(P), { origin: 2, asPath: [] });
  t.equal(bestOf(stage), 77);
  stage.rib.withdrawLocal(local, prefix(P));
  t.equal(bestOf(stage), 1);
});
