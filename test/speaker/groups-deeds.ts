// What may happen to the members of many groups, at random, and how it is played.

import fc from "fast-check";
import { unreachable } from "../../src/base/invariant.js";
import { ManyGroups, MARKED, type MemberSpec, POLICIES } from "./many-groups.js";

const MEMBERS = 16;
const PREFIXES = [
  "10.244.1.0/24",
  "10.244.200.0/25",
  "10.245.0.0/16",
  "2001:db8:1000::/36",
  "2001:db8:9000::/36",
  "2001:db8:a000:1::/64",
];

const member = fc.nat(MEMBERS - 1);
const some = fc.subarray(PREFIXES, { minLength: 1 });
const policy = fc.nat(POLICIES.length - 1);
const nextHop = fc.constantFrom<"default" | "self">("default", "self");
const route = fc.record({
  communities: fc.constantFrom<readonly number[]>([], [MARKED]),
  localPref: fc.constantFrom(100, 100, 150),
  med: fc.constant(undefined),
});
const deed = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("announce" as const), member, prefixes: some, route }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("withdraw" as const), member, prefixes: some }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("join" as const), member }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("leave" as const), member }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("refresh" as const), member, family: fc.constantFrom<0 | 1>(0, 1) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("slow" as const), member, isSlow: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("move" as const),
      members: fc.subarray(
        Array.from({ length: MEMBERS }, (_, i) => i),
        { minLength: 1 },
      ),
      policy,
      nextHop,
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(3000) }) },
);
type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

const member16 = fc.record({ policy: fc.nat(3), nextHop, isExternal: fc.boolean(), takesPaths: fc.boolean() });

export const playing = fc.record({
  specs: fc.array(member16, { minLength: MEMBERS, maxLength: MEMBERS }),
  up: fc.subarray(Array.from({ length: MEMBERS }, (_, i) => i)),
  deeds: fc.array(deed, { maxLength: 40, size: "max" }),
});
export type Playing = typeof playing extends fc.Arbitrary<infer T> ? T : never;

/** Plays the deeds; throws Error where a member is not told in the end what it must be told. */
export async function play({ specs, up, deeds }: Playing): Promise<void> {
  const stage = await ManyGroups.open(specs.map((spec, index): MemberSpec => ({ ...spec, index: index + 1 })));
  for (const i of up) stage.members[i].up();
  stage.world.run(2000);
  for (const next of deeds) await run(stage, next);
  stage.settle();
  for (const each of stage.members) {
    const difference = each.isUp ? stage.difference(each) : undefined;
    if (difference !== undefined) throw new Error(difference);
  }
  const { groups } = stage.node.speaker.rib;
  if (groups.length !== stage.groupsNeeded) throw new Error(`${groups.length} groups instead of ${stage.groupsNeeded}`);
  if (groups.some(({ retainedBytes }) => retainedBytes !== 0)) throw new Error("batches are kept for nobody");
}

async function run(stage: ManyGroups, next: Deed): Promise<void> {
  const { members } = stage;
  switch (next.kind) {
    case "announce":
      return members[next.member].announce(next.prefixes, next.route);
    case "withdraw":
      return members[next.member].withdraw(next.prefixes);
    case "join":
      return members[next.member].up();
    case "leave":
      return members[next.member].down();
    case "refresh":
      return members[next.member].session.refresh(next.family);
    case "slow":
      if (members[next.member].isUp) members[next.member].slow(next.isSlow);
      return;
    case "move":
      for (const i of next.members) Object.assign(members[i].spec, { policy: next.policy, nextHop: next.nextHop });
      return stage.reload();
    case "wait":
      return stage.world.run(next.ms);
    default:
      unreachable(next);
  }
}
