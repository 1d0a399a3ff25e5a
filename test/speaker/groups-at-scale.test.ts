// Ten export policies over 500 peers, both families, internal and external ones: each peer's view is what its own policy
// must give, and what a group is told is encoded once for all of its members.
//
// STARLING_GROUPS_RUNS=n plays n random scenarios instead of as many as fit the time.

import fc from "fast-check";
import t, { type Test } from "tap";
import { toHex } from "../../src/base/bytes.js";
import { BatchEncoder } from "../../src/rib/batch-encoder.js";
import type { Batch } from "../../src/rib/group-batches.js";
import { readUpdate } from "../support/stream-message.js";
import { play, playing } from "./groups-deeds.js";
import { ManyGroups, MARKED, type Member, type MemberSpec, POLICIES } from "./many-groups.js";

t.setTimeout(0);

const PEERS = 500;
const TIME_MS = 8000;
const EXTERNAL = [5, 6, 8];
const SELF = [3, 7];

/** The usual 500: policy by turns, so that ten groups of fifty come of it. */
function spec(index: number, changes: Partial<MemberSpec> = {}): MemberSpec {
  const policy = index % POLICIES.length;
  return {
    index,
    policy,
    isExternal: EXTERNAL.includes(policy),
    nextHop: SELF.includes(policy) ? "self" : "default",
    takesPaths: false,
    ...changes,
  };
}

const blockOf = (index: number): string[] => [`10.244.${index >> 1}.${(index & 1) * 128}/25`, ...blockOf6(index)];
const blockOf6 = (index: number): string[] => [`2001:db8:${(0x7f00 + index).toString(16)}::/48`];

/** Every seventh announces a block of each family, and shares two more prefixes with others. */
function announceAll(members: readonly Member[]): void {
  for (const member of members) {
    const { index } = member.spec;
    if (index % 7 !== 0) continue;
    const communities = index % 3 === 0 ? [MARKED] : [];
    member.announce(blockOf(index), { communities, localPref: 100, med: index % 2 === 0 ? 5 : undefined });
    const shared = [`10.246.${index % 4}.0/24`, `2001:db8:9${index % 4}00::/40`];
    member.announce(shared, { communities, localPref: 100 + 10 * (index % 5), med: undefined });
  }
}

async function opened(specs: readonly MemberSpec[]): Promise<ManyGroups> {
  const stage = await ManyGroups.open(specs);
  for (const member of stage.members) member.up();
  stage.world.run(5000);
  announceAll(stage.members);
  stage.settle();
  return stage;
}

/** Octets and batches that were encoded while `run` ran. */
function encoded(run: () => void): { readonly batches: number; readonly octets: number } {
  const finish: (this: BatchEncoder) => Batch = Reflect.get(BatchEncoder.prototype, "finish");
  const sum = { batches: 0, octets: 0 };
  BatchEncoder.prototype.finish = function (this: BatchEncoder) {
    const batch = finish.call(this);
    sum.batches++;
    sum.octets += batch.commonLength;
    return batch;
  };
  try {
    run();
  } finally {
    BatchEncoder.prototype.finish = finish;
  }
  return sum;
}

function checkAll(t: Test, stage: ManyGroups): void {
  const differences = stage.members.flatMap((member) => stage.difference(member) ?? []);
  t.same(differences.slice(0, 3), [], `${stage.members.length} views are what they must be`);
}

t.test("ten policies over 500 peers: ten groups per family, and each view is what its policy gives", async (t) => {
  const stage = await opened(Array.from({ length: PEERS }, (_, index) => spec(index)));
  const { groups } = stage.node.speaker.rib;
  t.equal(groups.length, 2 * POLICIES.length);
  t.equal(stage.groupsNeeded, groups.length);
  t.ok(groups.every(({ members }) => members.size === PEERS / POLICIES.length));
  checkAll(t, stage);
  const externals = stage.members.filter(({ spec: { policy } }) => policy === EXTERNAL[0]);
  t.equal(new Set(externals.map(({ as }) => as)).size, externals.length, "a group of peers of different ASes");

  await t.test("a change is encoded once per group, whatever the number of its members", async (t) => {
    for (const { session } of stage.members) session.isRecording = true;
    const [owner] = stage.members;
    const sum = encoded(() => {
      owner.announce(["10.247.0.0/24"], { communities: [], localPref: 100, med: undefined });
      stage.world.run(100);
    });
    t.equal(sum.batches, POLICIES.length, "one batch for each group of the family");
    const received = stage.members.map(({ session }) => octets(session.record));
    t.equal(received[0], 0, "the one who announced it hears nothing");
    const delivered = received.reduce((all, each) => all + each, 0);
    const perGroup = sum.octets / POLICIES.length;
    t.ok(delivered > (PEERS - 1) * 0.9 * perGroup, `${sum.octets} octets encoded, ${delivered} delivered`);
    t.equal(new Set(stage.members.slice(10).map((member) => `${member.spec.policy} ${text(member)}`)).size, 10);
    checkAll(t, stage);
  });

  await t.test("members of a group are told the same octets, but for their own routes", async (t) => {
    for (const { session } of stage.members) session.record.length = 0;
    const sum = encoded(() => {
      for (const member of stage.members.filter(({ announced }) => announced.size > 0)) {
        const { index } = member.spec;
        member.announce(blockOf(index), { communities: [], localPref: 100, med: 7 });
      }
      stage.world.run(100);
      for (const member of stage.members.filter(({ spec: { index } }) => index % 14 === 0)) {
        member.withdraw(blockOf6(member.spec.index));
      }
      stage.world.run(100);
    });
    const delivered = stage.members.reduce((all, { session }) => all + octets(session.record), 0);
    t.ok(delivered > 40 * sum.octets, `${sum.octets} octets encoded in ${sum.batches} batches, ${delivered} delivered`);
    for (let policy = 0; policy < POLICIES.length; policy++) {
      const group = stage.members.filter((member) => member.spec.policy === policy);
      const foreign = new Set(group.flatMap(({ spec: { index } }) => blockOf(index)));
      const streams = new Set(group.map((member) => without(member.session.record, foreign)));
      t.equal(streams.size, 1, `policy ${policy}: one stream for ${group.length} members`);
      t.ok([...streams][0].length > 1000, "which is not empty");
    }
    checkAll(t, stage);
  });
});

t.test("ADD-PATH members are groups of their own, beside the others", async (t) => {
  const specs = Array.from({ length: 120 }, (_, index) => spec(index, { takesPaths: index % 20 >= 10 }));
  const stage = await opened(specs);
  t.equal(stage.node.speaker.rib.groups.length, 4 * POLICIES.length);
  t.equal(stage.groupsNeeded, 4 * POLICIES.length);
  checkAll(t, stage);
});

t.test("500 peers: joining, leaving, refreshing, slow, with another policy", async (t) => {
  const stage = await opened(
    Array.from({ length: PEERS }, (_, index) => spec(index, { takesPaths: index % 25 === 0 })),
  );
  const moved = stage.members.filter(({ spec: { index } }) => index % 9 === 0);
  for (const [i, member] of stage.members.entries()) {
    if (i % 11 === 0) member.slow(true);
    if (i % 13 === 0) member.down();
    if (i % 17 === 0) for (const family of [0, 1] as const) member.session.refresh(family);
  }
  for (const member of moved) member.spec.policy = (member.spec.policy + 1) % POLICIES.length;
  await stage.reload();
  for (const member of stage.members.filter(({ spec: { index } }) => index % 26 === 0)) member.up();
  stage.world.run(50);
  for (const member of stage.members.filter(({ announced }) => announced.size > 0)) {
    member.announce(blockOf(member.spec.index), { communities: [MARKED], localPref: 100, med: undefined });
  }
  stage.world.run(10_000);
  for (const member of stage.members) member.up();
  stage.settle();
  checkAll(t, stage);
  t.equal(stage.node.speaker.rib.groups.length, stage.groupsNeeded);
  t.ok(stage.node.speaker.rib.groups.every(({ retainedBytes }) => retainedBytes === 0));
});

t.test("at random: whoever joins, leaves, asks, stops reading or changes group is told what it must be", async (t) => {
  const { STARLING_GROUPS_RUNS: runs, STARLING_GROUPS_SEED: seed, STARLING_GROUPS_PATH: path } = process.env;
  let played = 0;
  const property = fc.asyncProperty(playing, async (told) => {
    played++;
    await play(told);
  });
  await fc.assert(property, {
    ...(runs === undefined ? { numRuns: 100_000, interruptAfterTimeLimit: TIME_MS } : { numRuns: Number(runs) }),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
  });
  t.ok(played > 0, `${played} scenarios`);
});

const octets = (record: readonly Uint8Array[]): number => record.reduce((sum, { length }) => sum + length + 19, 0);
const text = ({ session }: Member): string => session.record.map((body) => toHex(body)).join("\n");

/** What came, without the messages that speak of these prefixes. */
function without(record: readonly Uint8Array[], prefixes: ReadonlySet<string>): string {
  const others = record.filter((body) => {
    const { announced, withdrawn } = readUpdate(body, false);
    return ![...announced, ...withdrawn].some((prefix) => prefixes.has(prefix));
  });
  return others.map((body) => toHex(body)).join("\n");
}
