// The decision process step by step, by name; MED, which is no order; equal paths.

import fc from "fast-check";
import t from "tap";
import type { PathAttributes } from "../../src/packet/attributes/attribute.js";
import type { DecisionOptions } from "../../src/rib/decision.js";
import { RELATION, type Relation, type Source } from "../../src/rib/sources.js";
import { bestOf as bestByRules, type NaivePath, rankedBy, sharing } from "./naive-decision.js";
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

/** Last octets of the sources in the order of the decision process. */
function rankedOf(stage: RibStage, most: number): readonly number[] {
  const { decision, routes } = stage.rib.families[0];
  const into = [99, 99, 99, 99, 99, 99, 99, 99];
  const count = decision.ranked(stage.rib.find(prefix(P)), most, into);
  if (into.length !== count) throw new Error("something of an earlier use is left");
  return into.map((route) => Number(stage.rib.sources.get(routes.source(route)).options.name.split(" ")[1]));
}

t.test("the ranking takes the best, then the best of the rest, until nothing is left", async (t) => {
  for (const order of [
    [0, 1, 2],
    [1, 2, 0],
    [2, 0, 1],
  ]) {
    const stage = new RibStage();
    offer(
      stage,
      order.map((i) => TRIO[i]),
    );
    t.same(rankedOf(stage, 9), [2, 3, 1], "A comes last: C of its own AS must be gone before it counts");
    t.same(rankedOf(stage, 2), [2, 3]);
    t.same(rankedOf(stage, 0), []);
  }
  const stage = new RibStage();
  stage.rib.reresolveNextHops((nextHop) => ({ reachable: nextHop[3] !== 7, cost: 0, via: "" }));
  offer(stage, [{ last: 1, attributes: { nextHop: address("192.0.2.7") } }, { last: 2 }]);
  t.same(rankedOf(stage, 9), [2], "what takes no part has no rank");
});

t.test("the ranking agrees with removing the best again and again", async () => {
  const path = fc.record({
    as: fc.integer({ min: 1, max: 3 }),
    med: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
    origin: fc.integer({ min: 0, max: 1 }),
    isInternal: fc.boolean(),
  });
  const options = fc.record({ alwaysCompareMed: fc.boolean(), missingMedAsWorst: fc.boolean() });
  fc.assert(
    fc.property(fc.array(path, { minLength: 1, maxLength: 7 }), options, (paths, chosen) => {
      const stage = new RibStage();
      stage.rib.setDecisionOptions(chosen);
      const sources = offer(
        stage,
        paths.map(({ as, med, origin, isInternal }, i) => ({
          last: i + 1,
          relation: isInternal ? internal : RELATION.ebgp,
          attributes: { asPath: sequence(as), origin, ...(med === undefined ? {} : { med }) },
        })),
      );
      const ranked = rankedOf(stage, 99);
      const oneByOne = paths.map(() => {
        const best = bestOf(stage);
        withdraw(stage.rib, sources[best - 1], [P]);
        return best;
      });
      return JSON.stringify(ranked) === JSON.stringify(oneByOne);
    }),
    { numRuns: 150 },
  );
});

const MED_CASES: readonly {
  readonly name: string;
  readonly options: Partial<DecisionOptions>;
  readonly offers: readonly Offer[];
  readonly best: number;
}[] = [
  {
    name: "without options MED does not count between neighbouring ASes",
    options: {},
    offers: [
      { last: 1, attributes: { asPath: sequence(65001), med: 10 } },
      { last: 2, attributes: { asPath: sequence(65002), med: 5 } },
    ],
    best: 1,
  },
  {
    name: "alwaysCompareMed compares them",
    options: { alwaysCompareMed: true },
    offers: [
      { last: 1, attributes: { asPath: sequence(65001), med: 10 } },
      { last: 2, attributes: { asPath: sequence(65002), med: 5 } },
    ],
    best: 2,
  },
  {
    name: "a missing MED counts as 0 (RFC 4271 §9.1.2.2 c)",
    options: {},
    offers: [{ last: 1, attributes: { med: 1 } }, { last: 2 }],
    best: 2,
  },
  {
    name: "missingMedAsWorst makes it the highest",
    options: { missingMedAsWorst: true },
    offers: [{ last: 1 }, { last: 2, attributes: { med: 0xfffffffe } }],
    best: 2,
  },
  {
    name: "missingMedAsWorst: the highest MED there is is no better than none",
    options: { missingMedAsWorst: true },
    offers: [{ last: 1 }, { last: 2, attributes: { med: 0xffffffff } }],
    best: 1,
  },
];
for (const { name, options, offers, best } of MED_CASES) {
  t.test(name, async (t) => {
    for (const inOrder of [offers, [...offers].reverse()]) {
      const stage = new RibStage();
      stage.rib.setDecisionOptions(options);
      offer(stage, inOrder);
      t.equal(bestOf(stage), best);
    }
  });
}

t.test("other options decide again about what is there", async (t) => {
  const stage = new RibStage();
  offer(stage, TRIO);
  t.equal(bestOf(stage), 2);
  const log = stage.rib.families[0].subscribe();
  stage.rib.setDecisionOptions({ alwaysCompareMed: true });
  stage.clock.settle();
  t.equal(bestOf(stage), 3, "the lowest MED of all");
  t.equal(log.length, 1);
  stage.rib.setDecisionOptions({ alwaysCompareMed: false });
  stage.clock.settle();
  t.equal(bestOf(stage), 2);
});

t.test("a path that a third one has removed by MED is not said to have lost by its identifier", async (t) => {
  const stage = new RibStage();
  offer(stage, TRIO);
  const { routes, decision } = stage.rib.families[0];
  const row = stage.rib.find(prefix(P));
  const best = routes.head(row);
  const loser = routes.find(row, 1, 0);
  t.equal(stage.rib.sources.get(1).options.name, "peer 1");
  t.equal(decision.decisiveStep(best, loser), "lower MED of another path from the same neighbouring AS");
});

t.test("equal paths must have equal AS_PATHs where relaxAsPath is off", async (t) => {
  const stage = new RibStage();
  stage.rib.setDecisionOptions({ multipathEbgp: 8 });
  offer(stage, [
    { last: 1, attributes: { asPath: sequence(65001, 65009) } },
    { last: 2, attributes: { asPath: sequence(65002, 65009) } },
    { last: 3, attributes: { asPath: sequence(65001, 65009) } },
    { last: 4, attributes: { asPath: [...sequence(65001), { type: 1, asNumbers: [65009] }] } },
  ]);
  t.same(multipathOf(stage), [1, 2, 3, 4]);
  stage.rib.setDecisionOptions({ relaxAsPath: false });
  t.same(multipathOf(stage), [1, 3], "octet by octet");
});

t.test("who follows every path hears of those that are not the best, without multipath too", async (t) => {
  const stage = new RibStage();
  const rib = stage.rib.families[0];
  const [bestOnly, multipath, every] = [rib.subscribe(), rib.subscribeMultipath(), rib.subscribe(true)];
  const heard = (): readonly number[] => [bestOnly, multipath, every].map((log) => log.length);
  const clear = (): void => [bestOnly, multipath, every].forEach((log) => log.clear());
  const [, second] = offer(stage, [{ last: 1 }, { last: 2 }]);
  t.same(heard(), [1, 1, 1]);
  clear();
  announce(stage.rib, second, [P], { asPath: sequence(65010), med: 7 });
  t.same(heard(), [0, 0, 1]);
  clear();
  stage.rib.setDecisionOptions({ multipathEbgp: 2 });
  stage.clock.settle();
  clear();
  withdraw(stage.rib, second, [P]);
  t.same(heard(), [0, 1, 1]);
  for (const log of [bestOnly, multipath, every]) rib.unsubscribe(log);
});

t.test(
  "best, ranking and equal paths are those of the naive process, whatever the options and the history",
  async () => {
    const path = fc.record({
      last: fc.integer({ min: 1, max: 6 }),
      asPath: fc.constantFrom(sequence(65001), sequence(65002), sequence(65003), sequence(65001, 65002), []),
      med: fc.option(fc.constantFrom(0, 1, 5, 0xffffffff), { nil: undefined }),
      isWithdrawn: fc.boolean(),
    });
    const options = fc.record({
      alwaysCompareMed: fc.boolean(),
      missingMedAsWorst: fc.boolean(),
      relaxAsPath: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(path, { minLength: 1, maxLength: 14 }), options, options, (history, before, after) => {
        const stage = new RibStage();
        stage.rib.setDecisionOptions({ ...before, multipathEbgp: 8, multipathIbgp: 8 });
        const sources = [1, 2, 3, 4, 5, 6].map((last) => stage.source(last > 4 ? internal : RELATION.ebgp, last));
        const held = new Map<number, NaivePath>();
        history.forEach(({ last, asPath, med, isWithdrawn }, i) => {
          if (i === history.length >> 1) stage.rib.setDecisionOptions(after);
          stage.clock.settle();
          if (isWithdrawn) {
            withdraw(stage.rib, sources[last - 1], [P]);
            held.delete(last);
            return;
          }
          const attributes = { origin: 0, asPath, ...(med === undefined ? {} : { med }) };
          announce(stage.rib, sources[last - 1], [P], attributes);
          held.set(last, {
            carried: { attributes, weight: 0, medIsOurs: false, nextHopIsOurs: false },
            isInternal: last > 4,
            bgpIdentifier: last,
            address: Uint8Array.of(last),
            pathId: 0,
            cost: 0,
          });
        });
        stage.clock.settle();
        const names = (paths: readonly NaivePath[]): readonly number[] =>
          paths.map(({ bgpIdentifier }) => bgpIdentifier);
        const naive = [...held.values()];
        const real = [bestOf(stage), rankedOf(stage, 99), multipathOf(stage)];
        const wanted = [
          bestByRules(naive, after)?.bgpIdentifier ?? 0,
          names(rankedBy(naive, after)),
          [...names(sharing(naive, after))].sort(),
        ];
        return JSON.stringify(real) === JSON.stringify(wanted);
      }),
      { numRuns: 250 },
    );
  },
);
