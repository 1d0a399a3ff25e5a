// Tables that were large give memory back; what is left in them stays as it was, and rows are used again rightly.

import fc from "fast-check";
import t from "tap";
import type { Family } from "../../src/base/family.js";
import { RELATION } from "../../src/rib/sources.js";
import { type Joined, RibStage } from "./rib-stage.js";
import { address, attributesOf, PLAIN_SESSION, prefix, receive, sequence } from "./updates.js";

const PER_UPDATE = 500;

/** The i-th prefix of the family, as people are shown it: no word of an IPv6 prefix is zero. */
const text = (family: Family, i: number): string =>
  family === 0 ? `${10 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.0/24` : `2001:db8:${(i + 1).toString(16)}::/48`;

interface Range {
  readonly first: number;
  readonly count: number;
}

/** Tells, or takes back, a range of prefixes; a new attribute set every hundred. */
function tell(stage: RibStage, { source }: Joined, family: Family, { first, count }: Range, med?: number): void {
  for (let at = first; at < first + count; at += PER_UPDATE) {
    const entries = Array.from({ length: Math.min(PER_UPDATE, first + count - at) }, (_, i) => ({
      prefix: prefix(text(family, at + i)),
    }));
    if (med === undefined) receive(stage.rib, source, { withdrawn: entries });
    else {
      for (let i = 0; i < entries.length; i += 100) {
        const attributes = attributesOf({ med, asPath: sequence(65100 + at + i) });
        receive(stage.rib, source, { announced: entries.slice(i, i + 100), attributes }, PLAIN_SESSION);
      }
    }
    stage.clock.settle();
  }
  stage.settle();
}

function trim(stage: RibStage): boolean {
  let isDone = false;
  stage.rib.trim(() => (isDone = true));
  stage.settle();
  return isDone;
}

t.test("a table that has left is sparse until it is trimmed", async (t) => {
  const stage = new RibStage();
  const [sender, receiver] = [stage.join(1), stage.join(2)];
  tell(stage, sender, 0, { first: 0, count: 300 }, 1);
  tell(stage, sender, 0, { first: 1000, count: 40_000 }, 1);
  t.equal(stage.rib.isSparse, false);
  tell(stage, sender, 0, { first: 1000, count: 40_000 });
  t.equal(stage.rib.isSparse, true);
  const { routes } = stage.rib.families[0];
  t.ok(routes.prefixes.capacity >= 40_000);
  t.equal(trim(stage), true);
  t.equal(stage.rib.isSparse, false);
  t.equal(routes.prefixes.size, 300);
  t.equal(routes.prefixes.end, 301, "free rows at the end are gone");
  t.ok(routes.prefixes.capacity < 1024);
  t.equal(receiver.inbox.view.size, 300);
  const announced = receiver.inbox.announced;
  const late = stage.join(3);
  stage.settle();
  t.equal(late.inbox.view.size, 300);
  t.equal(receiver.inbox.announced, announced, "nobody else heard of it");
});

t.test("prefixes that stay between others keep their rows, and the rows between them are used again", async (t) => {
  const stage = new RibStage();
  const [sender, other, receiver] = [stage.join(1), stage.join(2), stage.join(3)];
  tell(stage, sender, 0, { first: 0, count: 40_000 }, 1);
  for (const first of [0, 20_000, 39_900]) tell(stage, other, 0, { first, count: 100 }, 2);
  const rows = [0, 20_000, 39_950].map((i) => stage.rib.find(prefix(text(0, i))));
  tell(stage, sender, 0, { first: 0, count: 40_000 });
  t.equal(trim(stage), true);
  t.same(
    [0, 20_000, 39_950].map((i) => stage.rib.find(prefix(text(0, i)))),
    rows,
  );
  t.equal(receiver.inbox.view.size, 300);
  tell(stage, sender, 0, { first: 50_000, count: 45_000 }, 3);
  t.equal(receiver.inbox.view.size, 45_300);
  const { routes } = stage.rib.families[0];
  t.equal(routes.prefixes.size, 45_300);
  t.equal(routes.prefixes.end, 45_301, "no row is missing, none is twice");
  t.ok([...receiver.inbox.view.values()].every(({ med }) => med === 2 || med === 3));
});

t.test("nothing that is trimmed at any time changes what members know", async (t) => {
  const family = fc.constantFrom<Family>(0, 1);
  const range = fc.record({ first: fc.nat(1500), count: fc.integer({ min: 1, max: 600 }) });
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant("announce" as const), who: fc.nat(1), family, range, med: fc.nat(3) }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("withdraw" as const), who: fc.nat(1), family, range }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("trim" as const) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 16 }), fc.boolean(), (steps, takesPaths) => {
      const stage = new RibStage({ batchBytes: 4000 });
      const senders = [1, 2].map((last) => stage.join(last));
      const other = takesPaths ? ({ addPathSend: "all" } as const) : {};
      const receivers = [0, 1].map((each) => stage.join(5 + each, { ...other, family: each as Family }));
      const model = [new Map<string, number>(), new Map<string, number>()] as const;
      for (const one of steps) {
        if (one.do === "trim") {
          // Whether or not it is worth the while.
          for (const rib of stage.rib.families) for (const _ of rib.trimming()) stage.clock.settle();
          stage.rib.attrs.trim();
          for (const group of stage.rib.groups) group.trim();
          trim(stage);
          continue;
        }
        tell(stage, senders[one.who], one.family, one.range, one.do === "announce" ? one.med : undefined);
        for (let i = one.range.first; i < one.range.first + one.range.count; i++) {
          const key = `${text(one.family, i)} ${one.who}`;
          if (one.do === "announce") model[one.family].set(key, one.med);
          else model[one.family].delete(key);
        }
      }
      stage.settle();
      for (const each of [0, 1] as const) {
        const { view } = receivers[each].inbox;
        const prefixes = new Set([...model[each].keys()].map((key) => key.split(" ")[0]));
        const wanted = takesPaths ? model[each].size : prefixes.size;
        if (view.size !== wanted) throw new Error(`family ${each}: ${view.size} instead of ${wanted}`);
        const told = [...view].map(([key, { med }]) => `${key.split(" ")[0]} ${med}`);
        for (const one of told) {
          const [key, med] = one.split(" ");
          if (![0, 1].some((who) => model[each].get(`${key} ${who}`) === Number(med))) throw new Error(`told ${one}`);
        }
        if (stage.rib.families[each].routes.size !== model[each].size) throw new Error("paths are counted wrongly");
      }
    }),
    { numRuns: 25 },
  );
  t.pass("25 histories");
});

t.test("next hops and sets of their own survive with what is left", async (t) => {
  const stage = new RibStage();
  const [sender, receiver] = [stage.join(1), stage.join(2)];
  for (let i = 0; i < 200; i++) {
    receive(stage.rib, sender.source, {
      announced: [{ prefix: prefix(text(0, i)) }],
      attributes: attributesOf({
        nextHop: address(`192.0.2.${i}`),
        communities: Array.from({ length: i }, (_, k) => k),
      }),
    });
  }
  tell(stage, sender, 0, { first: 1000, count: 40_000 }, 1);
  tell(stage, sender, 0, { first: 1000, count: 40_000 });
  trim(stage);
  stage.rib.attrs.trim();
  stage.rib.refresh(receiver.member);
  stage.settle();
  t.equal(receiver.inbox.view.size, 200);
  for (let i = 0; i < 200; i++) {
    const told = receiver.inbox.view.get(text(0, i));
    if (told?.nextHop?.[3] !== i || (told.communities ?? []).length !== i) t.fail(`${text(0, i)} is told wrongly`);
  }
  t.ok(stage.rib.sources.relation[sender.source.id] === RELATION.ibgpClient);
});
