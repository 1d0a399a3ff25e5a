// What the model says that peers must have been told: worked out by hand for each rule.

import t from "tap";
import { differences, SoakModel } from "./soak-model.js";
import { addressWord, entryOf, factsOf, makeUniverse, nextHopWord, type PeerPlan, VARIANTS } from "./universe.js";

const UNIVERSE = makeUniverse(10);
/** By kind, the first of the ten: peers 1, 5, 7, 10 and 3. */
const [CLIENT, OTHER_CLIENT, ADD_PATH, FILTERED, NON_CLIENT, EXTERNAL] = [1, 2, 5, 7, 10, 3].map(
  (number): PeerPlan => UNIVERSE.peers[number - 1],
);

/** The least variant with these facts. */
function variantWith(wanted: Partial<ReturnType<typeof factsOf>>): number {
  for (let variant = 0; variant < VARIANTS; variant++) {
    const facts: Readonly<Record<string, unknown>> = { ...factsOf(variant, 10) };
    if (Object.entries(wanted).every(([name, value]) => facts[name] === value)) return variant;
  }
  throw new RangeError("there is no such variant");
}

const PLAIN = { localPref: 100, pathLength: 0, origin: 0, isMarked: false, nextHopPeer: 0 };

/** What the receiver is told of prefix 0, after the announcements of (peer, variant). */
function told(receiver: PeerPlan, ...announced: readonly (readonly [PeerPlan, number])[]): readonly number[] {
  const model = new SoakModel(UNIVERSE);
  for (const [peer, variant] of announced) model.announce(peer.number, 0, variant);
  return model.expected(receiver, model.ranking()).get(0) ?? [];
}

function entry(peer: PeerPlan, variant: number): number {
  return entryOf(peer.number, variant, nextHopWord(peer.number, factsOf(variant, 10)));
}

t.test("the ten kinds of peers are what the tests take them for", async (t) => {
  t.strictSame(
    [CLIENT, OTHER_CLIENT, ADD_PATH, FILTERED, NON_CLIENT, EXTERNAL].map(({ kind }) => kind),
    ["client", "client", "addPath", "filtered", "nonClient", "external"],
  );
});

t.test("the best path wins: LOCAL_PREF, length, origin, external, identifier", async (t) => {
  const plain = variantWith(PLAIN);
  const preferred = variantWith({ ...PLAIN, localPref: 200, pathLength: 3 });
  const longer = variantWith({ ...PLAIN, pathLength: 1 });
  const incomplete = variantWith({ ...PLAIN, origin: 2 });
  const cases: readonly (readonly [string, readonly [PeerPlan, number], readonly [PeerPlan, number]])[] = [
    ["LOCAL_PREF", [OTHER_CLIENT, preferred], [CLIENT, plain]],
    ["length", [OTHER_CLIENT, plain], [CLIENT, longer]],
    ["origin", [OTHER_CLIENT, plain], [CLIENT, incomplete]],
    ["external: its own AS counts", [EXTERNAL, plain], [CLIENT, longer]],
    ["identifier", [CLIENT, plain], [OTHER_CLIENT, plain]],
  ];
  for (const [name, winner, loser] of cases) {
    t.strictSame(told(FILTERED, winner, loser), [entry(...winner)], name);
    t.strictSame(told(FILTERED, loser, winner), [entry(...winner)], `${name}, the other order`);
  }
});

t.test("nobody hears of its own route, not even of the second best one", async (t) => {
  const best = variantWith({ ...PLAIN, localPref: 200 });
  t.strictSame(told(CLIENT, [CLIENT, best], [OTHER_CLIENT, variantWith(PLAIN)]), []);
});

t.test("with ADD-PATH all paths are told, but the receiver's own", async (t) => {
  const plain = variantWith(PLAIN);
  const all = [CLIENT, OTHER_CLIENT, ADD_PATH].map((peer) => [peer, plain] as const);
  t.strictSame(
    told(ADD_PATH, ...all),
    [entry(CLIENT, plain), entry(OTHER_CLIENT, plain)].sort((a, b) => a - b),
  );
});

t.test("non-clients hear of clients only (RFC 4456 §6), filtered ones of unmarked routes only", async (t) => {
  const second = makeUniverse(20).peers[19];
  t.equal(second.kind, "nonClient");
  const universe = makeUniverse(20);
  const model = new SoakModel(universe);
  model.announce(NON_CLIENT.number, 0, variantWith(PLAIN));
  t.equal(model.expected(second, model.ranking()).size, 0);
  t.equal(model.expected(universe.peers[0], model.ranking()).size, 1);
  const marked = variantWith({ ...PLAIN, isMarked: true });
  t.strictSame(told(FILTERED, [CLIENT, marked]), []);
  t.strictSame(told(OTHER_CLIENT, [CLIENT, marked]), [entry(CLIENT, marked)]);
});

t.test("a route is kept from the peer that is its next hop (RFC 4271 §5.1.3), but for external ones", async (t) => {
  const borrowed = variantWith({ ...PLAIN, nextHopPeer: OTHER_CLIENT.number });
  t.strictSame(told(OTHER_CLIENT, [CLIENT, borrowed]), []);
  t.strictSame(told(FILTERED, [CLIENT, borrowed]), [entryOf(1, borrowed, addressWord(OTHER_CLIENT.number))]);
  const own = variantWith({ ...PLAIN, nextHopPeer: EXTERNAL.number });
  t.strictSame(told(EXTERNAL, [CLIENT, own]), [entryOf(1, own, 0x7f000001)]);
});

t.test("what is withdrawn or forgotten is told no more, and not counted", async (t) => {
  const model = new SoakModel(UNIVERSE);
  const [first6] = UNIVERSE.territories[1][1];
  for (const index of [0, 1, first6]) model.announce(1, index, 0);
  model.announce(2, 1, 0);
  t.strictSame(model.counts(model.ranking()), [
    { prefixes: 2, paths: 3 },
    { prefixes: 1, paths: 1 },
  ]);
  t.strictSame(model.countsOf(1), [2, 1]);
  model.withdraw(1, 0);
  model.forget(2);
  t.strictSame(model.counts(model.ranking()), [
    { prefixes: 1, paths: 1 },
    { prefixes: 1, paths: 1 },
  ]);
  t.strictSame([...model.expected(EXTERNAL, model.ranking()).keys()], [1], "external peers speak IPv4 only");
});

t.test("differences are what is missing, what is stale and what is another route", async (t) => {
  const told = new Map([
    [1, [10]],
    [2, [20]],
    [3, [30, 31]],
    [4, [40]],
  ]);
  const wanted = new Map([
    [1, [10]],
    [3, [30, 32]],
    [4, [41]],
    [5, [50]],
  ]);
  t.strictSame(differences(told, wanted), [
    { index: 3, told: [30, 31], wanted: [30, 32] },
    { index: 4, told: [40], wanted: [41] },
    { index: 5, told: [], wanted: [50] },
    { index: 2, told: [20], wanted: [] },
  ]);
  t.strictSame(differences(told, told), []);
});
