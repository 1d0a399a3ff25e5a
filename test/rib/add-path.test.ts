// Members that are told several paths of a prefix, RFC 7911: each with an identifier of its own, and every way to be told
// (stream, walk, refresh, other group) ends in the same view.

import t from "tap";
import { RELATION, type Source } from "../../src/rib/sources.js";
import { groupOptions, type Joined, RibStage } from "./rib-stage.js";
import { filterOf } from "./sample-filters.js";
import { address, announce, attributesOf, PLAIN_SESSION, prefix, receive, withdraw } from "./updates.js";

const P = "10.1.0.0/16";
const ALL = { addPathSend: "all" } as const;

/** MEDs of the paths that the member knows of a prefix, sorted; the tests tell paths apart by them. */
function meds({ inbox }: Joined, of = P): (number | undefined)[] {
  const paths = [...inbox.view].filter(([key]) => key.startsWith(`${of} `));
  return paths.map(([, { med }]) => med).sort();
}

const idsOf = ({ inbox }: Joined): string[] => [...inbox.view.keys()].map((key) => key.split(" ")[1]).sort();

function flush(stage: RibStage): void {
  stage.rib.requestFlush();
  stage.clock.settle();
}

/** Announces one prefix as several paths: by path identifier, its MED. */
function announcePaths(stage: RibStage, source: Source, paths: Readonly<Record<number, number>>): void {
  for (const [pathId, med] of Object.entries(paths)) {
    receive(
      stage.rib,
      source,
      { announced: [{ prefix: prefix(P), pathId: Number(pathId) }], attributes: attributesOf({ med }) },
      { ...PLAIN_SESSION, addPathReceive: [true, true] },
    );
  }
}

/** Three reflector clients that take all paths; the first two have the prefix, with MED 1 and 2. */
function twoPaths(stage = new RibStage()): { stage: RibStage; a: Joined; b: Joined; c: Joined } {
  const [a, b, c] = [1, 2, 3].map((last) => stage.join(last, ALL));
  announce(stage.rib, a.source, [P], { med: 1 });
  announce(stage.rib, b.source, [P], { med: 2 });
  stage.settle();
  return { stage, a, b, c };
}

t.test("every path is told with an identifier of its own, none to where it came from", async (t) => {
  const { stage, a, b, c } = twoPaths();
  t.equal(stage.rib.groups.length, 1, "encoded once");
  t.same(meds(c), [1, 2]);
  t.equal(new Set(idsOf(c)).size, 2);
  t.same([meds(a), meds(b)], [[2], [1]]);
  t.equal(stage.rib.groups[0].advertisedCount, 2);
  t.equal(stage.rib.groups[0].countFor(a.member), 1);
});

t.test("one of two paths goes: one withdrawal, of that path", async (t) => {
  const { stage, a, c } = twoPaths();
  withdraw(stage.rib, a.source, [P]);
  stage.settle();
  t.same(meds(c), [2]);
  t.same([c.inbox.announced, c.inbox.withdrawn], [2, 1]);
  t.equal(a.inbox.withdrawn, 0, "it never had it");
});

t.test("a path keeps its identifier while its attributes change", async (t) => {
  const { stage, a, c } = twoPaths();
  const before = idsOf(c);
  announce(stage.rib, a.source, [P], { med: 7, localPref: 300 });
  stage.settle();
  t.same(meds(c), [2, 7]);
  t.same(idsOf(c), before);
  t.equal(c.inbox.withdrawn, 0);
});

t.test(
  "an identifier that comes to mean another path of the prefix replaces it, and is taken from its new owner",
  async (t) => {
    const { stage, a, b, c } = twoPaths();
    const [d] = [stage.join(4, ALL)];
    stage.settle();
    const before = idsOf(c);
    // The row of the path of `a` is free, then taken by that of `d`.
    withdraw(stage.rib, a.source, [P]);
    announce(stage.rib, d.source, [P], { med: 4 });
    stage.settle();
    t.same(idsOf(c), before);
    t.same([meds(a), meds(b), meds(c), meds(d)], [[2, 4], [4], [2, 4], [2]]);
    t.equal(c.inbox.withdrawn, 0);
    t.equal(d.inbox.withdrawn, 1);
  },
);

t.test("paths of one peer with identifiers of its own are passed on as several", async (t) => {
  const { stage, a, c } = twoPaths();
  announcePaths(stage, a.source, { 0: 1, 5: 15, 6: 16 });
  stage.settle();
  t.same(meds(c), [1, 15, 16, 2]);
  t.same(meds(a), [2]);
});

t.test("the best n are told: one that gets better pushes the last one out", async (t) => {
  const stage = new RibStage();
  const [a, b, c, d] = [1, 2, 3, 4].map((last) => stage.join(last, { addPathSend: 2 }));
  for (const [i, { source }] of [a, b, c].entries())
    announce(stage.rib, source, [P], { med: i + 1, localPref: 103 - i });
  stage.settle();
  t.same(meds(d), [1, 2]);
  t.same([meds(a), meds(b), meds(c)], [[2], [1], [1, 2]], "its own path counts, but is not told to it");
  announce(stage.rib, c.source, [P], { med: 3, localPref: 200 });
  stage.settle();
  t.same(meds(d), [1, 3]);
  t.equal(d.inbox.withdrawn, 1);
  withdraw(stage.rib, a.source, [P]);
  stage.settle();
  t.same(meds(d), [2, 3]);
});

t.test(
  "rules and policy are asked about each of the best n; no other path takes the place of one refused",
  async (t) => {
    const stage = new RibStage();
    const exportFilter = filterOf("no MED 1", (route) => route.med !== 1);
    const [a, b, c] = [1, 2, 3].map((last) => stage.join(last));
    const taker = stage.join(4, { addPathSend: 2, exportFilter });
    for (const [i, { source }] of [a, b, c].entries())
      announce(stage.rib, source, [P], { med: i + 1, localPref: 103 - i });
    stage.settle();
    t.same(meds(taker), [2]);
  },
);

t.test("a path whose next hop is lost is withdrawn alone, and comes back", async (t) => {
  const stage = new RibStage();
  const [a, b, c] = [1, 2, 3].map((last) => stage.join(last, ALL));
  announce(stage.rib, a.source, [P], { med: 1, nextHop: address("192.0.2.1") });
  announce(stage.rib, b.source, [P], { med: 2, nextHop: address("192.0.2.2") });
  stage.settle();
  const resolve = (lost: number): void =>
    stage.rib.reresolveNextHops((nextHop) => ({ reachable: nextHop[3] !== lost, cost: 0, via: "" }));
  resolve(2);
  stage.settle();
  t.same(meds(c), [1]);
  resolve(0);
  stage.settle();
  t.same(meds(c), [1, 2]);
});

t.test("nobody is told a path of which it is the next hop, also when that changes (RFC 4271 §5.1.3)", async (t) => {
  const { stage, a, b, c } = twoPaths();
  announce(stage.rib, a.source, [P], { med: 1, nextHop: address("10.0.0.3") });
  stage.settle();
  t.same([meds(b), meds(c)], [[1], [2]]);
  announce(stage.rib, a.source, [P], { med: 1 });
  stage.settle();
  t.same(meds(c), [1, 2]);
});

t.test("whoever joins late is told all paths; ROUTE-REFRESH tells them again and withdraws nothing", async (t) => {
  const { stage, a, c } = twoPaths();
  const late = stage.join(5, ALL);
  stage.settle();
  t.same(meds(late), [1, 2]);
  t.same(idsOf(late), idsOf(c));
  t.same(late.inbox.endOfRib, [1, 0]);
  let refreshed = 0;
  stage.rib.refresh(c.member, () => refreshed++);
  stage.settle();
  t.same([c.inbox.announced, c.inbox.withdrawn, refreshed], [4, 0, 1]);
  t.equal(a.inbox.announced, 1);
});

t.test("a slow member hears of each path that went while it was not looking", async (t) => {
  for (const retainedBytes of [1, 8 << 20]) {
    const stage = new RibStage({ batchBytes: 1, retainedBytes });
    const { a, b, c } = twoPaths(stage);
    c.inbox.holding = true;
    announce(stage.rib, a.source, ["10.9.0.0/16"], {});
    flush(stage);
    announcePaths(stage, b.source, { 5: 15, 6: 16 });
    flush(stage);
    withdraw(stage.rib, a.source, [P]);
    flush(stage);
    receive(
      stage.rib,
      b.source,
      { withdrawn: [{ prefix: prefix(P), pathId: 5 }] },
      { ...PLAIN_SESSION, addPathReceive: [true, true] },
    );
    flush(stage);
    c.inbox.holding = false;
    stage.settle();
    t.same(meds(c), [16, 2], `${retainedBytes} octets kept`);
    t.same(meds(c, "10.9.0.0/16"), [undefined]);
  }
});

t.test("a walk that is split owes what the whole one owed", async (t) => {
  const stage = new RibStage({ batchBytes: 1, retainedBytes: 1 });
  const { a, c } = twoPaths(stage);
  const d = stage.join(4, ALL);
  stage.settle();
  for (const { inbox } of [c, d]) inbox.holding = true;
  announce(stage.rib, a.source, ["10.9.0.0/16"], {});
  flush(stage);
  withdraw(stage.rib, a.source, [P]);
  flush(stage);
  announce(stage.rib, a.source, ["10.8.0.0/16"], {});
  flush(stage);
  // One of both reads on: the walk they share goes on without the other.
  c.inbox.holding = false;
  c.inbox.drain();
  flush(stage);
  t.same(meds(c), [2]);
  d.inbox.holding = false;
  stage.settle();
  t.same(meds(d), [2]);
});

t.test("another number of paths is told as what differs", async (t) => {
  const stage = new RibStage();
  const [a, b, c, d] = [1, 2, 3, 4].map((last) => stage.join(last, { addPathSend: 2 }));
  for (const [i, { source }] of [a, b, c].entries())
    announce(stage.rib, source, [P], { med: i + 1, localPref: 103 - i });
  stage.settle();
  stage.rib.regroup(new Map([[d.member, groupOptions(ALL)]]));
  stage.settle();
  t.same(meds(d), [1, 2, 3]);
  t.same([d.inbox.announced, d.inbox.withdrawn], [2 + 3, 0], "a walk tells prefixes: all paths of those that differ");
  t.same(meds(c), [1, 2], "the others keep their number");
  stage.rib.regroup(new Map([[d.member, groupOptions({ addPathSend: 1 })]]));
  stage.settle();
  t.same(meds(d), [1]);
  t.same([d.inbox.announced, d.inbox.withdrawn], [5, 2]);
});

t.test("another policy for all members withdraws single paths", async (t) => {
  const { stage, a, b, c } = twoPaths();
  const exportFilter = filterOf("no MED 1", (route) => route.med !== 1);
  stage.rib.regroup(new Map([a, b, c].map(({ member }) => [member, groupOptions({ ...ALL, exportFilter })])));
  stage.settle();
  t.same([meds(b), meds(c)], [[], [2]]);
  t.same([c.inbox.announced, c.inbox.withdrawn], [2, 1]);
});

t.test("a group without path identifiers beside it is told the best path only", async (t) => {
  const { stage, b } = twoPaths();
  const plain = stage.join(6);
  stage.settle();
  t.same(
    [...plain.inbox.view].map(([key, { med }]) => [key, med]),
    [[P, 1]],
  );
  announce(stage.rib, b.source, [P], { med: 3 });
  stage.settle();
  t.equal(plain.inbox.announced, 1, "the other path is none of its business");
});

t.test("IPv6, external peers and hundreds of paths", async (t) => {
  const stage = new RibStage();
  const taker = stage.join(200, { ...ALL, family: 1, relation: RELATION.ebgp });
  const sources = Array.from({ length: 150 }, (_, i) => stage.source(RELATION.ibgpClient, i + 1));
  for (const [i, source] of sources.entries()) {
    receive(stage.rib, source, {
      announced: [{ prefix: prefix("2001:db8::/32") }],
      attributes: attributesOf({ communities: [i] }),
    });
  }
  stage.settle();
  const known = (): number[] => [...taker.inbox.view.values()].map(({ communities = [] }) => communities[0]);
  t.same(
    known().sort((x, y) => x - y),
    sources.map((_, i) => i),
  );
  for (const source of sources.slice(0, 100)) stage.rib.removeSource(source);
  stage.settle();
  t.equal(taker.inbox.view.size, 50);
  t.equal(taker.inbox.withdrawn, 100);
});

t.test("nothing is left behind when all have gone", async (t) => {
  const { stage, a, b, c } = twoPaths();
  for (const { member } of [a, b, c]) stage.rib.leave(member);
  for (const { source } of [a, b, c]) stage.rib.removeSource(source);
  stage.settle();
  t.equal(stage.rib.families[0].routes.prefixes.size, 0);
  t.equal(stage.rib.attrs.size, 0);
  t.equal(stage.rib.groups.length, 0);
});

t.test("a session cannot change between one path and several", async (t) => {
  const { stage, a } = twoPaths();
  t.throws(() => stage.rib.regroup(new Map([[a.member, groupOptions()]])), /ADD-PATH/);
});

t.test("an originated default route stands for all paths, and the sets of those are not kept", async (t) => {
  // It makes a set per prefix, which nobody else holds.
  const exportFilter = filterOf(
    "rewrite",
    (route) => {
      route.med = 77;
      return true;
    },
    { readsPrefix: true },
  );
  for (const addPathSend of [0, "all"] as const) {
    const stage = new RibStage();
    const [a, b] = [1, 2].map((last) => stage.join(last));
    const taker = stage.join(3, { addPathSend, exportFilter, defaultOriginate: true });
    announce(stage.rib, a.source, ["0.0.0.0/0"], { med: 1 });
    announce(stage.rib, b.source, ["0.0.0.0/0"], { med: 2 });
    stage.settle();
    t.same([...taker.inbox.view.keys()], [addPathSend === 0 ? "0.0.0.0/0" : "0.0.0.0/0 0"]);
    for (const { member } of [a, b, taker]) stage.rib.leave(member);
    for (const { source } of [a, b, taker]) stage.rib.removeSource(source);
    stage.settle();
    t.equal(stage.rib.attrs.size, 0, `addPathSend ${addPathSend}`);
  }
});
