// Long walks run in slices, and miss nothing of what happens between two of them.

import t from "tap";
import { BATCH_LIMITS } from "../../src/rib/group-batches.js";
import { Rib } from "../../src/rib/rib.js";
import { RELATION, type Source } from "../../src/rib/sources.js";
import { IDENTITY, sourceOptions } from "./rib-stage.js";
import { filterOf } from "./sample-filters.js";
import { SteppingClock } from "./stepping-clock.js";
import { address, announce, attributesOf, PLAIN_SESSION, prefix, receive, withdraw } from "./updates.js";

const many = (count: number, first = 0): string[] =>
  Array.from({ length: count }, (_, i) => `10.${(first + i) >> 8}.${(first + i) & 255}.0/24`);

/** Every look at the clock ends a slice. */
function stage(): { clock: SteppingClock; rib: Rib; source: (last: number) => Source } {
  const clock = new SteppingClock(10);
  const rib = new Rib(clock, IDENTITY, 64, BATCH_LIMITS);
  return {
    clock,
    rib,
    source: (last) =>
      rib.addSource(sourceOptions(RELATION.ibgpClient, { address: address(`10.0.0.${last}`), name: `${last}` })),
  };
}

t.test("a peer that goes down with a large table leaves in slices", async (t) => {
  const { clock, rib, source } = stage();
  const [gone, stays] = [source(1), source(2)];
  announce(rib, gone, many(10_000));
  announce(rib, stays, many(10_000));
  rib.sourceDown(gone, []);
  t.equal(gone.received[0], 10_000, "nothing happens at once");
  let largest = 0;
  let slices = 0;
  for (let before = gone.received[0]; clock.step(); before = gone.received[0]) {
    largest = Math.max(largest, before - gone.received[0]);
    slices++;
  }
  t.equal(gone.received[0], 0);
  t.equal(stays.received[0], 10_000);
  t.ok(slices >= 10_000 / 256, `${slices} slices`);
  t.ok(largest <= 256, `at most ${largest} routes in one`);
});

t.test("peers that go down together share the walk", async (t) => {
  const { clock, rib, source } = stage();
  const sources = Array.from({ length: 20 }, (_, i) => source(i + 1));
  for (const [i, peer] of sources.entries()) announce(rib, peer, many(500, i * 500));
  for (const peer of sources) rib.sourceDown(peer, []);
  const slices = clock.settle();
  t.ok(sources.every(({ received }) => received[0] === 0));
  t.ok(slices < 2 * (10_000 / 256) + 10, `${slices} slices`);
});

t.test("a sweep misses no stale route although the table grows meanwhile", async (t) => {
  for (const steps of [0, 1, 3, 6]) {
    const { clock, rib, source } = stage();
    const [first, second, busy] = [source(1), source(2), source(3)];
    announce(rib, first, many(2000));
    announce(rib, second, many(2000));
    // The second sweep comes in where the first one stands, and goes round.
    rib.sourceDown(first, []);
    for (let i = 0; i < steps; i++) clock.step();
    rib.sourceDown(second, []);
    for (let i = 0; i < 3; i++) clock.step();
    announce(rib, busy, many(3000, 20_000));
    clock.settle();
    t.same([first.received[0], second.received[0], busy.received[0]], [0, 0, 3000], `the second after ${steps} slices`);
    t.equal(rib.families[0].routes.size, 3000);
  }
});

t.test("what a restarted peer announces again stays, the rest leaves at its End-of-RIB (RFC 4724 §4.2)", async (t) => {
  const { clock, rib, source } = stage();
  const peer = source(1);
  announce(rib, peer, many(1000));
  rib.sourceDown(peer, [0]);
  clock.settle();
  t.equal(peer.received[0], 1000, "kept as stale");
  t.equal(rib.countBySource(0).stale[peer.id], 1000);
  announce(rib, peer, many(400));
  announce(rib, peer, ["10.200.0.0/24"]);
  t.equal(rib.countBySource(0).stale[peer.id], 600);
  let done = 0;
  rib.sweepStale(peer, 0, () => done++);
  clock.settle();
  t.equal(peer.received[0], 401);
  t.equal(done, 1);
  t.equal(peer.stale[0], 0);
});

t.test("a peer that goes down again before its sweep was over keeps nothing of the time before", async (t) => {
  const { clock, rib, source } = stage();
  const peer = source(1);
  announce(rib, peer, many(1000));
  rib.sourceDown(peer, [0]);
  announce(rib, peer, many(10));
  rib.sourceDown(peer, [0]);
  clock.settle();
  t.equal(peer.received[0], 10, "stale twice is gone");
  rib.sourceDown(peer, []);
  clock.step();
  announce(rib, peer, ["10.200.0.0/24"]);
  clock.settle();
  t.equal(peer.received[0], 1);
});

t.test("a removed source frees its row when its last route has left", async (t) => {
  const { clock, rib, source } = stage();
  const peer = source(1);
  announce(rib, peer, many(1000));
  rib.removeSource(peer);
  t.equal(rib.sources.find(peer.id), peer);
  clock.settle();
  t.equal(rib.sources.find(peer.id), undefined);
  t.equal(rib.attrs.size, 0);
});

t.test("an import policy on its way through the table does not touch whoever gets the row next", async (t) => {
  const { clock, rib, source } = stage();
  const peer = source(1);
  announce(rib, peer, many(1000));
  rib.setImportFilter(
    peer,
    filterOf("nothing", () => false),
  );
  rib.sourceDown(peer, []);
  rib.removeSource(peer);
  // Rows for the policy to walk over when the peer's are gone.
  announce(rib, source(3), many(4000, 10_000));
  while (rib.sources.find(peer.id) !== undefined) clock.step();
  t.ok(rib.queue.length > 0, "the policy is still on its way");
  const next = source(2);
  t.equal(next.id, peer.id);
  announce(rib, next, many(1000, 5000));
  clock.settle();
  t.same([next.received[0], next.accepted[0]], [1000, 1000]);
});

t.test("a new import policy reaches every path of a peer with several per prefix", async (t) => {
  const { clock, rib, source } = stage();
  const peer = source(1);
  const other = source(2);
  const context = { ...PLAIN_SESSION, addPathReceive: [true, true] as const };
  const paths = [
    [1, 400],
    [2, 100],
    [3, 300],
    [4, 200],
  ] as const;
  for (const [pathId, localPref] of paths) {
    receive(
      rib,
      peer,
      { announced: [{ prefix: prefix("10.1.0.0/16"), pathId }], attributes: attributesOf({ localPref }) },
      context,
    );
  }
  announce(rib, other, ["10.1.0.0/16"], { localPref: 150 });
  rib.setImportFilter(
    peer,
    filterOf("nothing", () => false),
  );
  clock.settle();
  t.equal(peer.accepted[0], 0);
  const { routes } = rib.families[0];
  t.equal(routes.source(rib.families[0].best(rib.find(prefix("10.1.0.0/16")))), other.id);
});

t.test("next hops that are lost and found are noticed everywhere", async (t) => {
  const { clock, rib, source } = stage();
  const peer = source(1);
  announce(rib, peer, many(1000));
  announce(rib, peer, ["10.200.0.0/24"], { nextHop: address("192.0.2.2") });
  let isUp = false;
  rib.reresolveNextHops((nextHop) => ({ reachable: isUp || nextHop[3] === 2, cost: 0, via: "" }));
  clock.settle();
  t.equal(rib.countBySource(0).best[peer.id], 1);
  isUp = true;
  rib.reresolveNextHops();
  clock.settle();
  t.equal(rib.countBySource(0).best[peer.id], 1001);
  withdraw(rib, peer, [...many(1000), "10.200.0.0/24"]);
  t.equal(rib.nextHops.size, 0);
});

t.test("more sessions than there are epochs, without a turn between them", async (t) => {
  const { clock, rib, source } = stage();
  const peer = source(1);
  announce(rib, peer, many(500));
  for (let i = 0; i < 600; i++) {
    rib.sourceDown(peer, [0]);
    announce(rib, peer, many(1, i % 500));
  }
  clock.settle();
  t.same([peer.received[0], peer.stale[0]], [2, 1], "one of the last session, one of the session before");
  rib.sweepStale(peer, 0, () => undefined);
  clock.settle();
  t.same([peer.received[0], peer.stale[0]], [1, 0]);
  t.not(rib.find(prefix("10.0.99.0/24")), 0, "the last one");
});

t.test("more refreshes than there are epochs", async (t) => {
  for (const hasTurns of [true, false]) {
    const { clock, rib, source } = stage();
    const peer = source(1);
    announce(rib, peer, many(2000));
    for (let i = 0; i < 1000; i++) {
      rib.beginRefresh(peer, 0);
      announce(rib, peer, many(1, i));
      if (hasTurns) clock.step();
    }
    rib.sweepStale(peer, 0, () => undefined);
    clock.settle();
    if (hasTurns) t.equal(peer.received[0], 1, "what was told since the last beginning");
    else t.ok(peer.received[0] >= 1 && peer.received[0] < 1000, `${peer.received[0]} were told, and never withdrawn`);
    t.not(rib.find(prefix("10.3.231.0/24")), 0, "the last one");
    t.equal(peer.stale[0], 0);
  }
});
