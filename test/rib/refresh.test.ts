// Stale routes by family: refreshes (RFC 7313), restarts (RFC 4724) and sweeps in slices, against a model of them.

import fc from "fast-check";
import t from "tap";
import { FAMILIES, type Family } from "../../src/base/family.js";
import { formatPrefix } from "../../src/base/ip.js";
import { BATCH_LIMITS } from "../../src/rib/group-batches.js";
import { prefixOf } from "../../src/rib/prefix-view.js";
import { Rib } from "../../src/rib/rib.js";
import { RELATION, type Source } from "../../src/rib/sources.js";
import { IDENTITY, RibStage, sourceOptions } from "./rib-stage.js";
import { SteppingClock } from "./stepping-clock.js";
import { address, announce, attributesOf, prefix, receive } from "./updates.js";

const PREFIXES: readonly (readonly string[])[] = [
  Array.from({ length: 600 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`),
  Array.from({ length: 600 }, (_, i) => `2001:db8:${(i + 1).toString(16)}::/48`),
];

interface Told {
  readonly med: number;
  readonly stale: boolean;
}

/** What the peer's routes of one family should be; removals happen at once. */
class FamilyModel {
  routes = new Map<string, Told>();
  state: "settled" | "refreshing" | "restarting" = "settled";

  mark(): void {
    for (const [text, { med }] of this.routes) this.routes.set(text, { med, stale: true });
  }

  drop(): void {
    for (const [text, { stale }] of this.routes) if (stale) this.routes.delete(text);
    this.state = "settled";
  }

  /** RFC 4724 §4.2: what was stale from an earlier restart goes; what a refresh had not reached yet does not. */
  down(isKept: boolean): void {
    if (!isKept) this.routes.clear();
    else if (this.state === "restarting") this.drop();
    this.mark();
    this.state = isKept ? "restarting" : "settled";
  }
}

class Stage {
  readonly clock = new SteppingClock(10);
  readonly rib = new Rib(this.clock, IDENTITY, 64, BATCH_LIMITS);
  readonly peer: Source = this.#source(1);
  readonly bystander: Source = this.#source(2);
  readonly models = [new FamilyModel(), new FamilyModel()] as const;

  constructor() {
    for (const { family } of FAMILIES) this.tell(this.bystander, family, 0, 600, 9);
  }

  #source(last: number): Source {
    return this.rib.addSource(
      sourceOptions(RELATION.ibgpClient, { address: address(`10.0.0.${last}`), name: `${last}` }),
    );
  }

  tell(source: Source, family: Family, first: number, count: number, med: number): void {
    const announced = PREFIXES[family].slice(first, first + count).map((text) => ({ prefix: prefix(text) }));
    receive(this.rib, source, { announced, attributes: attributesOf({ med }) });
  }

  untell(family: Family, first: number, count: number): void {
    const withdrawn = PREFIXES[family].slice(first, first + count).map((text) => ({ prefix: prefix(text) }));
    receive(this.rib, this.peer, { withdrawn });
  }

  /** What the tables hold of the source, by prefix. */
  held(source: Source, family: Family): Map<string, Told> {
    const found = new Map<string, Told>();
    const rib = this.rib.families[family];
    const { routes } = rib;
    for (let id = 1; id < routes.prefixes.end; id++) {
      if (!routes.prefixes.isUsed(id)) continue;
      for (let route = routes.head(id); route !== 0; route = routes.next(route)) {
        if (routes.source(route) !== source.id) continue;
        const med = this.rib.attrs.med(routes.attrs(route));
        found.set(formatPrefix(prefixOf(routes.prefixes, id)), { med, stale: rib.isStale(route) });
      }
    }
    return found;
  }
}

type Step =
  | {
      readonly do: "announce";
      readonly family: Family;
      readonly first: number;
      readonly count: number;
      readonly med: number;
    }
  | { readonly do: "withdraw"; readonly family: Family; readonly first: number; readonly count: number }
  | { readonly do: "beginRefresh" | "endStale"; readonly family: Family }
  | { readonly do: "down"; readonly keep: readonly Family[] }
  | { readonly do: "slices"; readonly count: number }
  | { readonly do: "settle" };

function perform(stage: Stage, step: Step): void {
  const { rib, peer, models } = stage;
  switch (step.do) {
    case "announce": {
      stage.tell(peer, step.family, step.first, step.count, step.med);
      for (const text of PREFIXES[step.family].slice(step.first, step.first + step.count))
        models[step.family].routes.set(text, { med: step.med, stale: false });
      return;
    }
    case "withdraw": {
      stage.untell(step.family, step.first, step.count);
      for (const text of PREFIXES[step.family].slice(step.first, step.first + step.count))
        models[step.family].routes.delete(text);
      return;
    }
    case "beginRefresh": {
      // The speaker ignores it before the End-of-RIB of a restart.
      if (models[step.family].state === "restarting") return;
      rib.beginRefresh(peer, step.family);
      models[step.family].mark();
      models[step.family].state = "refreshing";
      return;
    }
    case "endStale": {
      if (models[step.family].state === "settled") return;
      rib.sweepStale(peer, step.family, () => undefined);
      models[step.family].drop();
      return;
    }
    case "down": {
      rib.sourceDown(peer, step.keep);
      for (const { family } of FAMILIES) models[family].down(step.keep.includes(family));
      return;
    }
    case "slices": {
      for (let i = 0; i < step.count; i++) stage.clock.step();
      return;
    }
    case "settle":
      stage.clock.settle();
  }
}

const family = fc.constantFrom<Family>(0, 1);
const first = fc.integer({ min: 0, max: 500 });
const count = fc.integer({ min: 1, max: 300 });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("announce" as const),
      family,
      first,
      count,
      med: fc.integer({ min: 0, max: 2 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("withdraw" as const), family, first, count }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("beginRefresh" as const, "endStale" as const), family }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("down" as const),
      keep: fc.constantFrom<readonly Family[]>([], [0], [1], [0, 1]),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("slices" as const), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("settle" as const) }) },
);

const sorted = (routes: Map<string, Told>): [string, Told][] => [...routes].sort(([a], [b]) => (a < b ? -1 : 1));

t.test("whatever is refreshed, restarted and swept, the tables hold what the model says", (t) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      const stage = new Stage();
      for (const [i, one] of steps.entries()) {
        perform(stage, one);
        if (one.do !== "settle" && i < steps.length - 1) continue;
        stage.clock.settle();
        for (const { family: each } of FAMILIES) {
          const is = sorted(stage.held(stage.peer, each));
          const wanted = sorted(stage.models[each].routes);
          if (JSON.stringify(is) !== JSON.stringify(wanted)) throw new Error(`step ${i}, family ${each}`);
          if (stage.peer.received[each] !== wanted.length) throw new Error(`step ${i}: counted wrongly`);
          if (stage.held(stage.bystander, each).size !== 600) throw new Error(`step ${i}: a bystander lost routes`);
        }
      }
    }),
    { numRuns: 150 },
  );
  t.pass("150 histories");
  t.end();
});

t.test("the refresh of one family leaves the other alone", (t) => {
  const stage = new Stage();
  for (const each of [0, 1] as const) stage.tell(stage.peer, each, 0, 100, 1);
  stage.rib.beginRefresh(stage.peer, 0);
  t.same(
    [0, 1].map((each) => stage.rib.countBySource(each as Family).stale[stage.peer.id]),
    [100, 0],
  );
  stage.tell(stage.peer, 0, 0, 60, 1);
  t.equal(stage.rib.countBySource(0).stale[stage.peer.id], 40, "told again, though nothing in them has changed");
  stage.rib.beginRefresh(stage.peer, 0);
  t.equal(stage.rib.countBySource(0).stale[stage.peer.id], 100, "a second beginning starts over");
  stage.tell(stage.peer, 0, 0, 10, 1);
  stage.rib.sweepStale(stage.peer, 0, () => undefined);
  stage.clock.settle();
  t.same(stage.peer.received, [10, 100]);
  t.same(stage.peer.stale, [0, 0]);
  t.end();
});

t.test("refreshes that begin again and again and never end do not make the routes too old to be kept", async (t) => {
  for (const beginnings of [1, 127, 128, 255, 256, 260, 600]) {
    const stage = new RibStage();
    const [a, b] = [1, 2].map((last) => stage.join(last));
    announce(stage.rib, a.source, ["10.1.0.0/16"]);
    for (let i = 0; i < beginnings; i++) {
      stage.rib.beginRefresh(a.source, 0);
      stage.settle();
    }
    stage.rib.sourceDown(a.source, [0]);
    stage.settle();
    t.equal(a.source.received[0], 1, `${beginnings} beginnings`);
    t.same([...b.inbox.view.keys()], ["10.1.0.0/16"]);
  }
});
