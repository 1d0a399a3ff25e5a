// Nothing walks over a large table at one go: whatever happens, only so many rows are looked at between two looks at the
// clock. Counted, not timed.

import t from "tap";
import type { GroupOptions } from "../../src/rib/export-rules.js";
import type { GroupMember, MemberSink } from "../../src/rib/group-member.js";
import { BATCH_LIMITS } from "../../src/rib/group-batches.js";
import { Rib } from "../../src/rib/rib.js";
import { RELATION, type Source } from "../../src/rib/sources.js";
import { groupOptions, IDENTITY, sourceOptions } from "./rib-stage.js";
import { filterOf } from "./sample-filters.js";
import { SteppingClock } from "./stepping-clock.js";
import { address, attributesOf, receive } from "./updates.js";

const PREFIXES = 200_000;
const PER_UPDATE = 800;
/** Calls about rows between two looks at the clock: a full batch has 13,000 prefixes, and each of them needs some eight. */
const MOST_CALLS = 120_000;

/** What is called on instances, with the number of calls kept. */
type Counted = Record<string, (...values: never[]) => unknown>;

class CountingClock extends SteppingClock {
  calls = 0;
  most = 0;
  readonly #counted = new Set<object>();

  override now(): number {
    this.look();
    return super.now();
  }

  look(): void {
    this.most = Math.max(this.most, this.calls);
    this.calls = 0;
  }

  /** Counts calls of these methods. */
  count(object: object, ...names: readonly string[]): void {
    if (this.#counted.has(object)) return;
    this.#counted.add(object);
    const methods = object as Counted;
    for (const name of names) {
      const method = methods[name].bind(object);
      methods[name] = (...values) => {
        this.calls++;
        return method(...values);
      };
    }
  }
}

/** A socket that takes everything, unless it is told to hold. */
class Socket implements MemberSink {
  isHolding = false;
  octets = 0;
  writableLength = 0;
  #waiting: (() => void)[] = [];

  write(bytes: Uint8Array, onWritten?: () => void): boolean {
    this.octets += bytes.length;
    if (this.isHolding) {
      this.writableLength += bytes.length;
      if (onWritten !== undefined) this.#waiting.push(onWritten);
    } else onWritten?.();
    return !this.isHolding;
  }

  cork(): void {
    this.octets += 0;
  }

  uncork(): void {
    this.octets += 0;
  }

  release(): void {
    this.isHolding = false;
    this.writableLength = 0;
    for (const run of this.#waiting.splice(0)) run();
  }
}

interface Joined {
  readonly source: Source;
  readonly socket: Socket;
  readonly member: GroupMember;
}

class Stage {
  readonly clock = new CountingClock(10);
  readonly rib = new Rib(this.clock, IDENTITY, 1 << 18, BATCH_LIMITS);
  readonly sender = this.source(1);

  constructor() {
    const { routes } = this.rib.families[0];
    this.clock.count(routes.prefixes, "isUsed", "word", "writeNlri", "delete");
    this.clock.count(routes, "head", "hold", "unhold", "next");
  }

  source(last: number): Source {
    const source = this.rib.addSource(
      sourceOptions(RELATION.ibgpClient, { address: address(`10.0.0.${last}`), name: `${last}` }),
    );
    this.rib.nextHops.setPeer(address(`10.0.0.${last}`), source.id);
    return source;
  }

  join(last: number, options: Partial<GroupOptions> = {}): Joined {
    const source = this.source(last);
    const socket = new Socket();
    const member = this.rib.join(source, socket, groupOptions(options), true);
    this.watchGroups();
    return { source, socket, member };
  }

  watchGroups(): void {
    for (const { advertised } of this.rib.groups) this.clock.count(advertised, "first", "attrs", "set");
  }

  /** Announces the table, or withdraws it. */
  tell(source: Source, changes: Parameters<typeof attributesOf>[0] | undefined, count = PREFIXES): void {
    for (let at = 0; at < count; at += PER_UPDATE) {
      const entries = Array.from({ length: PER_UPDATE }, (_, i) => ({
        prefix: { family: 0 as const, bytes: bytesOf(at + i), length: 24 },
      }));
      if (changes === undefined) receive(this.rib, source, { withdrawn: entries });
      else receive(this.rib, source, { announced: entries, attributes: attributesOf(changes) });
      this.rib.requestFlush();
      this.clock.look();
      if (at % (PER_UPDATE * 10) === 0) this.clock.settle();
    }
    this.clock.settle();
  }

  /** The most calls that anything in `run` made between two looks at the clock. */
  most(run: () => void): number {
    this.clock.look();
    this.clock.most = 0;
    run();
    this.watchGroups();
    this.clock.look();
    this.clock.settle();
    this.clock.look();
    return this.clock.most;
  }
}

function bytesOf(i: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(20 + (i >> 16), (i >> 8) & 255, i & 255, 0);
}

const NOT_LARGE = filterOf("all but 20.1", (route) => route.w0 >>> 16 !== 0x1401, { readsPrefix: true });

const MARKED = filterOf("mark", (route) => {
  route.med = 77;
  return true;
});

t.test("what happens to one who sends a table is done in slices", async (t) => {
  const stage = new Stage();
  const { rib, sender } = stage;
  stage.join(2);
  const deeds: readonly (readonly [string, () => void])[] = [
    ["the table comes", () => stage.tell(sender, { med: 1 })],
    [
      "it refreshes, twice, with an UPDATE between",
      () => {
        rib.beginRefresh(sender, 0);
        stage.tell(sender, { med: 1 }, PER_UPDATE);
        rib.beginRefresh(sender, 0);
      },
    ],
    ["it tells all again", () => stage.tell(sender, { med: 1 })],
    ["the refresh ends", () => rib.sweepStale(sender, 0, () => undefined)],
    ["it restarts", () => rib.sourceDown(sender, [0, 1])],
    ["it tells some again", () => stage.tell(sender, { med: 1 }, PER_UPDATE * 10)],
    ["it restarts once more: what was stale goes", () => rib.sourceDown(sender, [0, 1])],
    ["it tells all again, otherwise", () => stage.tell(sender, { med: 2 })],
    [
      "its import policy changes",
      () =>
        rib.setImportFilter(
          sender,
          filterOf("none", () => false),
        ),
    ],
    [
      "and changes back",
      () =>
        rib.setImportFilter(
          sender,
          filterOf("all", () => true),
        ),
    ],
    ["its next hop is lost", () => rib.reresolveNextHops(() => ({ reachable: false, cost: 0, via: "" }))],
    ["and found", () => rib.reresolveNextHops(() => ({ reachable: true, cost: 0, via: "" }))],
    ["the decision process is another", () => rib.setDecisionOptions({ alwaysCompareMed: true })],
    ["it is removed", () => rib.removeSource(sender)],
  ];
  for (const [name, run] of deeds) {
    const most = stage.most(run);
    t.ok(most <= MOST_CALLS, `${name}: ${most}`);
  }
  t.equal(rib.families[0].routes.prefixes.size, 0);
  t.equal(rib.sources.find(sender.id), undefined);
});

t.test("what happens to those who are told a table is done in slices", async (t) => {
  const stage = new Stage();
  const { rib, sender } = stage;
  const first = stage.join(2);
  stage.tell(sender, { med: 1 });
  const others = new Map<string, Joined>();
  const asked: number[] = [];
  const limit = (most: number) => ({ most, permits: (count: number) => asked.push(count) > 0 && count <= most });
  const deeds: readonly (readonly [string, () => void])[] = [
    ["late joiners", () => [3, 4, 5].forEach((last) => others.set(`${last}`, stage.join(last)))],
    ["a refresh", () => rib.refresh(first.member)],
    ["many refreshes", () => Array.from({ length: 50 }, () => rib.refresh(first.member))],
    ["a limit", () => rib.setLimit(first.member, limit(PREFIXES))],
    ["two move to a new group", () => rib.regroup(moves([first, others.get("3")], { exportFilter: NOT_LARGE }))],
    ["a third one follows", () => rib.regroup(moves([others.get("4")], { exportFilter: NOT_LARGE }))],
    ["one goes where everything is told again", () => rib.regroup(moves([others.get("4")], { nextHop: "self" }))],
    ["a whole group gets other options", () => rib.regroup(moves([others.get("4")], { nextHop: "keep" }))],
    [
      "it gets a policy that changes every route",
      () => rib.regroup(moves([others.get("4")], { exportFilter: MARKED })),
    ],
    ["and another one", () => rib.regroup(moves([others.get("4")], { exportFilter: NOT_LARGE }))],
    ["one leaves, and its group with it", () => rib.leave(member(others.get("4")))],
    [
      "a slow one falls out of what is kept",
      () => {
        const slow = others.get("5");
        if (slow !== undefined) slow.socket.isHolding = true;
        for (let med = 10; med < 14; med++) stage.tell(sender, { med });
      },
    ],
    ["and is told the rest", () => others.get("5")?.socket.release()],
    ["everything is withdrawn", () => stage.tell(sender, undefined)],
  ];
  for (const [name, run] of deeds) {
    const most = stage.most(run);
    t.ok(most <= MOST_CALLS, `${name}: ${most}`);
  }
  t.same(asked.slice(-1), [0], "the limit was asked about the last count");
  t.equal(rib.families[0].routes.prefixes.size, 0);
});

t.test("limits and counts over a full table", async (t) => {
  const stage = new Stage();
  const { rib, sender } = stage;
  const limited = stage.join(2);
  stage.tell(sender, { nextHop: address("10.0.0.2") });
  stage.tell(sender, { med: 3 }, PREFIXES / 2);
  const asked: number[] = [];
  const most = stage.most(() =>
    rib.setLimit(limited.member, {
      most: PREFIXES / 2,
      permits: (count) => {
        asked.push(count);
        return true;
      },
    }),
  );
  t.ok(most <= MOST_CALLS, `a limit that the bound exceeds: ${most}`);
  t.same(asked.slice(-1), [PREFIXES / 2], "without those of which it is the next hop");
  let steps = 0;
  const counting = rib.countingBySource(0);
  for (let step = counting.next(); ; step = counting.next()) {
    stage.clock.look();
    steps++;
    if (step.done !== true) continue;
    t.equal(step.value.best[sender.id], PREFIXES);
    break;
  }
  t.ok(steps > 20, `${steps} steps`);
});

function member(joined: Joined | undefined): GroupMember {
  if (joined === undefined) throw new Error("it has never joined");
  return joined.member;
}

function moves(
  joined: readonly (Joined | undefined)[],
  options: Partial<GroupOptions>,
): ReadonlyMap<GroupMember, GroupOptions> {
  return new Map(joined.map((one) => [member(one), groupOptions(options)]));
}
