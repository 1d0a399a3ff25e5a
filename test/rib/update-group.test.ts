// Members that are slow, late, moved or told again: in the end each knows what it should, and no more is said than needed.

import t from "tap";
import { formatPrefix } from "../../src/base/ip.js";
import { REJECT_ALL } from "../../src/policy/route.js";
import { RELATION } from "../../src/rib/sources.js";
import { type Joined, groupOptions, RibStage } from "./rib-stage.js";
import { filterOf } from "./sample-filters.js";
import { address, announce, sequence, withdraw } from "./updates.js";

/** `count` prefixes of 24 bits. */
const many = (count: number, first = 0): string[] =>
  Array.from({ length: count }, (_, i) => `10.${(first + i) >> 8}.${(first + i) & 255}.0/24`);

const NO_RETENTION = { retainedBytes: 1 };

t.test("members of one group are sent the same octets, without their own routes", async (t) => {
  const stage = new RibStage();
  const [a, b, c] = [1, 2, 3].map((last) => stage.join(last));
  announce(stage.rib, a.source, ["10.1.0.0/16"]);
  announce(stage.rib, b.source, ["10.2.0.0/16"]);
  stage.settle();
  t.equal(stage.rib.groups.length, 1);
  t.same([...a.inbox.view.keys()], ["10.2.0.0/16"]);
  t.same([...b.inbox.view.keys()], ["10.1.0.0/16"]);
  t.same([...c.inbox.view.keys()].sort(), ["10.1.0.0/16", "10.2.0.0/16"]);
});

t.test("a route that becomes a member's own is withdrawn from that member alone", async (t) => {
  const stage = new RibStage();
  const [a, b, c] = [1, 2, 3].map((last) => stage.join(last));
  announce(stage.rib, a.source, ["10.1.0.0/16"]);
  stage.settle();
  announce(stage.rib, b.source, ["10.1.0.0/16"], { localPref: 200 });
  stage.settle();
  t.equal(b.inbox.view.size, 0);
  t.equal(b.inbox.withdrawn, 1);
  t.same([a.inbox.view.get("10.1.0.0/16")?.localPref, c.inbox.view.get("10.1.0.0/16")?.localPref], [200, 200]);
  t.equal(c.inbox.withdrawn, 0);
});

t.test("changes that cancel out before anybody could be told cost nothing", async (t) => {
  const stage = new RibStage();
  const [a, b] = [1, 2].map((last) => stage.join(last));
  stage.settle();
  announce(stage.rib, a.source, ["10.1.0.0/16"]);
  withdraw(stage.rib, a.source, ["10.1.0.0/16"]);
  stage.settle();
  t.equal(b.inbox.announced + b.inbox.withdrawn, 0);
  t.equal(stage.rib.families[0].routes.prefixes.size, 0);
});

t.test("End-of-RIB comes once, after the table", async (t) => {
  const stage = new RibStage();
  const a = stage.join(1);
  announce(stage.rib, a.source, many(3000));
  stage.settle();
  const late = stage.join(2);
  stage.settle();
  stage.settle();
  t.equal(late.inbox.view.size, 3000);
  t.same(late.inbox.endOfRib, [1, 0]);
  t.equal(late.inbox.messages.at(-1)?.nlri.length, 0, "it was the last message");
});

t.test("End-of-RIB is withheld while we restart", async (t) => {
  const stage = new RibStage();
  stage.rib.withholdEndOfRib(true);
  const a = stage.join(1);
  stage.settle();
  t.same(a.inbox.endOfRib, [0, 0]);
  stage.rib.withholdEndOfRib(false);
  stage.settle();
  t.same(a.inbox.endOfRib, [1, 0]);
});

t.test("late joiners of one turn share a walk, and changes meanwhile reach them", async (t) => {
  const stage = new RibStage({ batchBytes: 400 });
  const a = stage.join(1);
  announce(stage.rib, a.source, many(300));
  stage.settle();
  const [b, c] = [stage.join(2), stage.join(3)];
  c.inbox.holding = true;
  stage.clock.settle();
  withdraw(stage.rib, a.source, ["10.0.255.0/24"]);
  announce(stage.rib, a.source, ["10.0.3.0/24"], { med: 7 });
  stage.rib.requestFlush();
  stage.clock.settle();
  t.equal(b.inbox.view.size, 299);
  c.inbox.holding = false;
  stage.settle();
  for (const { inbox } of [b, c]) {
    t.equal(inbox.view.size, 299);
    t.equal(inbox.view.get("10.0.3.0/24")?.med, 7);
    t.same(inbox.endOfRib, [1, 0]);
  }
  t.equal(b.inbox.announced, 301, "each prefix once, and the change");
});

t.test("a slow member does not hold up the others, nor does memory follow it", async (t) => {
  const stage = new RibStage({ retainedBytes: 300_000 });
  const [a, slow, quick] = [1, 2, 3].map((last) => stage.join(last));
  stage.settle();
  slow.inbox.holding = true;
  for (let round = 0; round < 30; round++) {
    announce(stage.rib, a.source, many(2000), { med: round });
    stage.rib.requestFlush();
    stage.clock.settle();
  }
  t.equal(quick.inbox.view.size, 2000);
  t.ok(stage.rib.groups[0].retainedBytes <= 300_000, "what is kept is bounded");
  slow.inbox.holding = false;
  stage.settle();
  t.equal(slow.inbox.view.size, 2000);
  t.ok([...slow.inbox.view.values()].every(({ med }) => med === 29));
  t.ok(slow.inbox.announced < 30 * 2000, "most of what was outdated was never sent");
  t.equal(stage.rib.groups[0].retainedBytes, 0);
});

/** A table for two members, one of which takes what it has been given only when asked. */
function steadyAndQuick(): { stage: RibStage; steady: Joined; quick: Joined; turn: () => number } {
  const stage = new RibStage({ retainedBytes: 800_000, batchBytes: 4000 });
  const [a, steady, quick] = [1, 2, 3].map((last) => stage.join(last));
  stage.settle();
  steady.inbox.holding = true;
  announce(stage.rib, a.source, ["10.255.0.0/16"]);
  stage.rib.requestFlush();
  stage.clock.advance(1);
  steady.inbox.drain();
  for (let from = 0; from < 30_000; from += 5000) {
    announce(stage.rib, a.source, many(30_000).slice(from, from + 5000), { med: 1 });
  }
  stage.rib.requestFlush();
  const turn = (): number => {
    stage.clock.advance(1);
    const kept = stage.rib.groups[0].retainedBytes;
    steady.inbox.drain();
    return kept;
  };
  return { stage, steady, quick, turn };
}

t.test("a member that reads, only not as fast as we encode, is waited for, not walked over the table", async (t) => {
  const { steady, quick, turn } = steadyAndQuick();
  let mostKept = 0;
  for (let turns = 0; turns < 500 && steady.inbox.view.size < 30_001; turns++) mostKept = Math.max(mostKept, turn());
  t.equal(steady.inbox.view.size, 30_001);
  t.equal(steady.member.isLive, true);
  t.equal(steady.inbox.announced, quick.inbox.announced);
  t.ok(mostKept >= 400_000 && mostKept <= 800_000, `${mostKept} octets kept`);
});

t.test("one that stops reading in the midst of it delays nobody", async (t) => {
  const { stage, steady: stopping, quick, turn } = steadyAndQuick();
  for (let turns = 0; turns < 3; turns++) turn();
  t.ok(quick.inbox.view.size < 30_001, "it was waited for");
  stage.clock.advance(60);
  t.equal(quick.inbox.view.size, 30_001, "the other one has everything");
  t.ok(stage.rib.groups[0].retainedBytes <= 800_000);
  stage.settle();
  t.equal(stopping.inbox.view.size, 30_001, "reading again, it is told what it missed");
});

t.test("a slow member learns of withdrawals whose rows have come to mean other prefixes", async (t) => {
  const stage = new RibStage({ ...NO_RETENTION, batchBytes: 1 });
  const [a, slow, quick] = [1, 2, 3].map((last) => stage.join(last));
  announce(stage.rib, a.source, ["10.1.0.0/16", "10.2.0.0/16"]);
  stage.settle();
  slow.inbox.holding = true;
  // The first one fills its socket, the others stay in the group.
  for (const changes of [{ med: 1 }, { med: 2 }]) announce(stage.rib, a.source, ["10.9.0.0/16"], changes);
  stage.clock.settle();
  withdraw(stage.rib, a.source, ["10.1.0.0/16"]);
  stage.rib.requestFlush();
  stage.clock.settle();
  announce(stage.rib, a.source, ["10.7.0.0/16"]);
  stage.rib.requestFlush();
  stage.clock.settle();
  t.equal(quick.inbox.view.has("10.1.0.0/16"), false);
  slow.inbox.holding = false;
  stage.settle();
  t.same([...slow.inbox.view.keys()].sort(), ["10.2.0.0/16", "10.7.0.0/16", "10.9.0.0/16"]);
});

t.test("a slow member that asks for everything again loses no withdrawal it has not read", async (t) => {
  const stage = new RibStage({ batchBytes: 1 });
  const [a, slow] = [1, 2].map((last) => stage.join(last));
  announce(stage.rib, a.source, ["10.1.0.0/16", "10.2.0.0/16"]);
  stage.settle();
  slow.inbox.holding = true;
  announce(stage.rib, a.source, ["10.3.0.0/16"]);
  stage.rib.requestFlush();
  stage.clock.settle();
  withdraw(stage.rib, a.source, ["10.1.0.0/16"]);
  stage.rib.requestFlush();
  stage.clock.settle();
  let refreshed = 0;
  stage.rib.refresh(slow.member, () => refreshed++);
  slow.inbox.holding = false;
  stage.settle();
  t.same([...slow.inbox.view.keys()].sort(), ["10.2.0.0/16", "10.3.0.0/16"]);
  t.equal(refreshed, 1);
});

t.test("ROUTE-REFRESH tells one member everything again and the others nothing", async (t) => {
  const stage = new RibStage();
  const [a, b, c] = [1, 2, 3].map((last) => stage.join(last));
  announce(stage.rib, a.source, many(500));
  stage.settle();
  let refreshed = 0;
  stage.rib.refresh(b.member, () => refreshed++);
  stage.rib.refresh(b.member, () => refreshed++);
  stage.settle();
  t.equal(b.inbox.announced, 1000);
  t.equal(b.inbox.withdrawn, 0);
  t.equal(c.inbox.announced, 500);
  t.equal(refreshed, 1);
  stage.rib.leave(b.member);
  stage.rib.leave(c.member);
  stage.rib.leave(a.member);
  stage.rib.removeSource(a.source);
  stage.settle();
  t.equal(stage.rib.families[0].routes.prefixes.size, 0, "the walks have let go of their prefixes");
});

t.test("a new export policy for some members splits the group without a withdrawal too many", async (t) => {
  const stage = new RibStage();
  const [a, b, c] = [1, 2, 3].map((last) => stage.join(last));
  announce(stage.rib, a.source, many(400));
  stage.settle();
  const filter = filterOf("not 10.1", (route) => route.w0 >>> 16 !== 0x0a01, { readsPrefix: true });
  stage.rib.regroup(new Map([[b.member, groupOptions({ exportFilter: filter })]]));
  stage.settle();
  t.equal(stage.rib.groups.length, 2);
  t.equal(b.inbox.view.size, 256);
  t.equal(b.inbox.withdrawn, 144);
  t.equal(b.inbox.announced, 400, "what did not change was not told again");
  t.equal(c.inbox.announced, 400);
  stage.rib.regroup(new Map([[b.member, groupOptions()]]));
  stage.settle();
  t.equal(stage.rib.groups.length, 1);
  t.equal(b.inbox.view.size, 400);
  t.equal(b.inbox.announced, 544);
});

t.test("a new export policy for all members is told as what differs", async (t) => {
  const stage = new RibStage();
  const [a, b, c] = [1, 2, 3].map((last) => stage.join(last));
  announce(stage.rib, a.source, many(100));
  stage.settle();
  const all = (changes: Parameters<typeof groupOptions>[0]) =>
    new Map([a, b, c].map(({ member }) => [member, groupOptions(changes)]));
  stage.rib.regroup(all({ exportFilter: REJECT_ALL }));
  stage.settle();
  t.same([b.inbox.view.size, b.inbox.withdrawn, b.inbox.announced], [0, 100, 100]);
  stage.rib.regroup(all({}));
  stage.settle();
  t.same([c.inbox.view.size, c.inbox.withdrawn, c.inbox.announced], [100, 100, 200]);
  t.equal(stage.rib.groups.length, 1);
});

t.test("a slow member that changes groups keeps nothing it should have lost", async (t) => {
  for (const retainedBytes of [1, 8 << 20]) {
    const stage = new RibStage({ retainedBytes, batchBytes: 1 });
    const [a, slow, other] = [1, 2, 3].map((last) => stage.join(last));
    announce(stage.rib, a.source, ["10.1.0.0/16", "10.2.0.0/16"]);
    stage.settle();
    slow.inbox.holding = true;
    for (const step of ["10.3.0.0/16", "10.4.0.0/16"]) {
      announce(stage.rib, a.source, [step]);
      stage.rib.requestFlush();
      stage.clock.settle();
    }
    withdraw(stage.rib, a.source, ["10.1.0.0/16"]);
    stage.rib.requestFlush();
    stage.clock.settle();
    const filter = filterOf("accept", () => true);
    stage.rib.regroup(new Map([[slow.member, groupOptions({ exportFilter: filter })]]));
    slow.inbox.holding = false;
    stage.settle();
    t.same(
      [...slow.inbox.view.keys()].sort(),
      ["10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16"],
      `${retainedBytes} octets kept`,
    );
    t.same([...other.inbox.view.keys()].sort(), ["10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16"]);
  }
});

t.test("whoever joins while another member moves here is told the whole table", async (t) => {
  const stage = new RibStage();
  const filter = filterOf("accept", () => true);
  const [a, mover] = [1, 2].map((last) => stage.join(last));
  stage.join(3, { exportFilter: filter });
  announce(stage.rib, a.source, many(50));
  stage.settle();
  stage.rib.regroup(new Map([[mover.member, groupOptions({ exportFilter: filter })]]));
  const joiner = stage.join(4, { exportFilter: filter });
  stage.settle();
  t.equal(joiner.inbox.view.size, 50);
});

t.test("with other next hops everything is told again, and nobody is left as his own next hop", async (t) => {
  const stage = new RibStage();
  const [a, b, c] = [1, 2, 3].map((last) => stage.join(last, { nextHop: "self" }));
  announce(stage.rib, a.source, ["10.1.0.0/16", "10.2.0.0/16"], { nextHop: address("10.0.0.2") });
  stage.settle();
  t.equal(b.inbox.view.size, 2);
  stage.rib.regroup(new Map([a, b, c].map(({ member }) => [member, groupOptions({ nextHop: "keep" })])));
  stage.settle();
  t.equal(b.inbox.view.size, 0, "RFC 4271 §5.1.3");
  t.same(
    [...c.inbox.view.values()].map(({ nextHop }) => [...(nextHop ?? [])]),
    [
      [10, 0, 0, 2],
      [10, 0, 0, 2],
    ],
  );
});

t.test("peers that differ in one option only are in different groups", async (t) => {
  const stage = new RibStage();
  const kinds = [
    {},
    { fourOctetAs: false },
    { maxMessageLength: 65535 },
    { nextHop: "self" },
    { extendedNextHop: true },
    { family: 1 },
    { relation: RELATION.ebgp },
  ] as const;
  for (const [i, changes] of kinds.entries()) stage.join(i + 1, changes);
  t.equal(stage.rib.groups.length, kinds.length);
});

t.test("messages are full, whole and never too long", async (t) => {
  for (const maxMessageLength of [4096, 65535]) {
    const stage = new RibStage();
    const a = stage.join(1);
    const b = stage.join(2, { maxMessageLength, relation: RELATION.ebgp });
    for (const first of [0, 10_000]) announce(stage.rib, a.source, many(10_000, first), { asPath: sequence(65100) });
    stage.settle();
    t.equal(b.inbox.view.size, 20_000);
    const updates = b.inbox.messages.filter(({ nlri }) => nlri.length > 0);
    t.ok(
      updates.length <= Math.ceil(20_000 / Math.floor((maxMessageLength - 150) / 4)) + 2,
      `${updates.length} messages of ${maxMessageLength}`,
    );
    t.same(new Set(updates.flatMap(({ nlri }) => nlri.map(({ prefix }) => formatPrefix(prefix)))).size, 20_000);
  }
});

t.test("who walks while a policy changes is not told what the new one withholds", async (t) => {
  const stage = new RibStage();
  const source = stage.source(RELATION.ibgpNonClient, 9);
  const reader = stage.join(1);
  // Rows keep their numbers: those that stay lie behind more unused ones than are looked at in one go.
  const prefixes = many(20_000);
  for (let at = 0; at < 20_000; at += 500) announce(stage.rib, source, prefixes.slice(at, at + 500));
  stage.settle();
  for (let at = 0; at < 19_500; at += 500) withdraw(stage.rib, source, prefixes.slice(at, at + 500));
  stage.settle();
  t.equal(reader.inbox.view.size, 500);
  const late = stage.join(2);
  const told: string[] = [];
  late.inbox.onAnnounced = (prefix) => told.push(prefix);
  const rejecting = groupOptions({ exportFilter: REJECT_ALL });
  stage.rib.regroup(new Map([reader, late].map(({ member }) => [member, rejecting])));
  stage.settle();
  t.strictSame(told, []);
  t.equal(reader.inbox.view.size, 0);
});
