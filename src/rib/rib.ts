// The routing information base: sources put routes in, update groups and the kernel's table read them out. It calls
// nobody: it is fed, flushed and looked at. RFC 4271 §3.2.

import { randomInt } from "node:crypto";
import type { Bytes } from "../base/bytes.js";
import { ByteWriter } from "../base/bytes.js";
import type { Clock } from "../base/clock.js";
import { FAMILIES, type Family } from "../base/family.js";
import type { IpPrefix } from "../base/ip.js";
import { WorkQueue } from "../base/work-queue.js";
import type { PathAttributes } from "../packet/attributes/attribute.js";
import { encodeAttributes } from "../packet/attributes/index.js";
import { ACCEPT_ALL, type Filter, REJECT_ALL } from "../policy/route.js";
import { AttrsTable } from "./attrs-table.js";
import { CONTEXT, type Identity } from "./set-context.js";
import { BatchEncoder } from "./batch-encoder.js";
import type { DecisionOptions } from "./decision.js";
import { type GroupOptions, groupKey, isSameRewriting } from "./export-rules.js";
import { BATCH_LIMITS, type BatchLimits, BatchPool } from "./group-batches.js";
import { GroupMember, type MemberLimit, type MemberSink } from "./group-member.js";
import { ImportPolicy } from "./import-policy.js";
import { Ingest, type IngestContext } from "./ingest.js";
import { type LocalFacts, localFactsAttribute } from "./local-facts.js";
import { LocRib } from "./loc-rib.js";
import { OwedReleases } from "./owed-releases.js";
import { type NextHopResolver, NextHopTable } from "./next-hop-table.js";
import type { PrefixId } from "./route-table.js";
import { countBySource, type SourceCounts } from "./source-counts.js";
import { epochAt, type Source, type SourceOptions, SourceTable } from "./sources.js";
import { TableWalks } from "./table-walks.js";
import { UpdateGroup } from "./update-group.js";

/** Somebody who follows the best routes, such as the kernel's table. */
export interface RibReader {
  /** Update groups wait until it has nothing left: it decides what they may tell. */
  readonly goesFirst?: boolean;
  /** Works until `until`; true if more is left. */
  flush(until: number): boolean;
}

/** Members that move from one group to another. */
interface Move {
  readonly options: GroupOptions;
  readonly members: GroupMember[];
}

/** With what a turn has for reading (TurnBudget) and for one long job (WorkQueue) it makes some 8 ms. */
const FLUSH_MS = 3;
/** Weight of the node's own routes: they win over whatever a peer says. */
export const LOCAL_WEIGHT = 32768;

export class Rib {
  readonly clock: Clock;
  readonly sources = new SourceTable();
  readonly nextHops = new NextHopTable();
  readonly attrs: AttrsTable;
  readonly families: readonly LocRib[];
  readonly queue: WorkQueue;
  readonly importPolicy: ImportPolicy;
  /** Prefixes hidden behind summary-only aggregates, per family. */
  readonly suppressed: readonly Set<PrefixId>[] = FAMILIES.map(() => new Set<PrefixId>());
  readonly #ingest: Ingest;
  readonly #walks: TableWalks;
  readonly #pool = new BatchPool();
  readonly #limits: BatchLimits;
  readonly #encoders: readonly BatchEncoder[];
  readonly #groups = new Map<string, UpdateGroup>();
  readonly #memberGroups = new Map<GroupMember, UpdateGroup>();
  readonly #readers = new Set<RibReader>();
  readonly #scratch = new ByteWriter(512);
  /** Those who have yet to be asked in this round. */
  readonly #owed: OwedReleases;
  readonly #round = new Set<RibReader>();
  #isFlushScheduled = false;
  /** Another round is due. */
  #isFlushWanted = false;
  #endOfRibWithheld = false;

  /** `reserve`: prefixes for which address space is taken at once. Untouched pages cost no memory, copies of growing
   *  tables do. */
  constructor(clock: Clock, identity: Identity, reserve = 4096, limits: BatchLimits = BATCH_LIMITS) {
    this.clock = clock;
    this.#limits = limits;
    this.queue = new WorkQueue(clock);
    const seed = randomInt(0x7fffffff);
    this.attrs = new AttrsTable(this.sources, this.nextHops, identity, seed, reserve >> 1);
    this.families = FAMILIES.map(
      ({ family }) => new LocRib(family, this.attrs, this.nextHops, this.sources, seed, reserve),
    );
    this.#owed = new OwedReleases(this.attrs, this.queue, clock);
    this.importPolicy = new ImportPolicy(this.attrs, this.sources, this.#owed);
    this.#ingest = new Ingest(this.attrs, this.families, this.importPolicy);
    this.#encoders = this.families.map(
      (rib) => new BatchEncoder(rib.routes, this.attrs, this.#pool, limits.batchBytes),
    );
    this.#walks = new TableWalks({
      clock,
      queue: this.queue,
      ribs: this.families,
      sources: this.sources,
      policy: this.importPolicy,
      onChange: () => this.requestFlush(),
    });
  }

  // ---- routes in ----

  addSource(options: SourceOptions): Source {
    return this.sources.add(options);
  }

  /** Takes in an UPDATE body; see Ingest.receive. */
  receive(source: Source, bytes: Bytes, start: number, end: number, context: IngestContext): Family | -1 {
    const endOfRib = this.#ingest.receive(source, bytes, start, end, context);
    if (this.#ingest.fault !== undefined) this.attrs.onFault(source.id, [this.#ingest.fault]);
    return endOfRib;
  }

  /** Announces a route of the node itself. `facts`: what scripts may read of it. */
  announceLocal(
    source: Source,
    prefix: IpPrefix,
    attributes: PathAttributes,
    weight = LOCAL_WEIGHT,
    facts?: LocalFacts,
  ): void {
    this.#scratch.clear();
    const unknown = facts === undefined ? undefined : [localFactsAttribute(facts)];
    encodeAttributes(unknown === undefined ? attributes : { ...attributes, unknown }, this.#scratch);
    const context = CONTEXT.normal | weight;
    const attrs = this.attrs.intern(this.#scratch.bytes, 0, this.#scratch.length, source.id, context);
    this.attrs.retain(attrs);
    const rib = this.families[prefix.family];
    const [w0, w1, w2, w3] = words(prefix);
    const policy = this.importPolicy;
    policy.begin(source, attrs);
    if (policy.readsPrefix) policy.judgePrefix(prefix.family, w0, w1, w2, w3, prefix.length);
    const destination = rib.routes.destination(w0, w1, w2, w3, prefix.length);
    rib.announce(destination, source.id, 0, attrs, policy.attrs, policy.reason);
    policy.end();
    this.attrs.release(attrs);
    this.requestFlush();
  }

  withdrawLocal(source: Source, prefix: IpPrefix): void {
    const id = this.find(prefix);
    if (id !== 0) this.families[prefix.family].withdraw(id, source.id, 0);
    this.requestFlush();
  }

  /** The session of a peer has ended: its routes are stale from now on, and leave unless their family is in `keep`
   *  (RFC 4724 §4.2). */
  sourceDown(source: Source, keep: readonly Family[]): void {
    const { epoch, floor } = this.sources;
    for (const { family } of FAMILIES) {
      const at = epochAt(source.id, family);
      const wasStale = source.stale[family] > 0;
      // RFC 4724 §4.2: what was stale already when the session went down again must not stay. Routes that a refresh has not
      // reached yet are as good as before it.
      const keepsStale = source.isRefreshing[family];
      source.isRefreshing[family] = false;
      if (!keepsStale) floor[at] = epoch[at];
      if (!this.#walks.beginEpoch(source, family)) {
        this.#walks.sweepNow(source, family);
        this.#walks.beginEpoch(source, family);
      }
      if (!keep.includes(family)) this.sweepStale(source, family, () => undefined);
      else if (wasStale && !keepsStale) this.#walks.sweep(source, family, () => undefined);
    }
  }

  /** The peer is about to tell its table of the family again: what it does not tell until sweepStale goes then (RFC 7313
   *  §4). Once more while that is under way: all of it is stale again. */
  beginRefresh(source: Source, family: Family): void {
    source.isRefreshing[family] = true;
    // Where epochs are used up, what was told since the last beginning counts as told: it was never withdrawn.
    this.#walks.beginEpoch(source, family);
  }

  /** Takes the stale routes of the source out, a slice at a time. */
  sweepStale(source: Source, family: Family, done: () => void): void {
    const at = epochAt(source.id, family);
    source.isRefreshing[family] = false;
    this.sources.floor[at] = this.sources.epoch[at];
    if (source.stale[family] === 0) done();
    else this.#walks.sweep(source, family, done);
  }

  /** Forgets a source for good: all its routes leave, then its row is free. */
  removeSource(source: Source): void {
    this.sourceDown(source, [0, 1]);
    let open = FAMILIES.length;
    const done = (): void => {
      if (--open === 0) this.sources.remove(source.id);
    };
    for (const { family } of FAMILIES) this.sweepStale(source, family, done);
  }

  /** Best and stale paths of a family by SourceId: one walk over the table. */
  countBySource(family: Family): SourceCounts {
    const counting = this.countingBySource(family);
    for (;;) {
      const step = counting.next();
      if (step.done === true) return step.value;
    }
  }

  /** The same in steps of some 0.1 ms. What the members of groups have been told is counted on the way. */
  *countingBySource(family: Family): Generator<undefined, SourceCounts> {
    for (const group of this.groups) {
      if (group.options.family === family) while (!group.countTold(this.clock.now())) yield;
    }
    return yield* countBySource(this.families[family], this.sources, family);
  }

  /** Changes what is known of a peer; new options for import apply to what it has sent. */
  describeSource(source: Source, options: SourceOptions, bgpIdentifier: number): void {
    const before = source.options.peer;
    const isRewritten = this.sources.describe(source, options, bgpIdentifier);
    const now = source.options.peer;
    const isRenamed = before?.name !== now?.name || before?.group !== now?.group;
    if (isRewritten || isRenamed) this.#reapplyImport(source);
    if (isRenamed) this.#reapplyExports();
  }

  /** Policies may ask from whom a route was learned. Rare, so that it may cost a look at everything. */
  #reapplyExports(): void {
    for (const group of this.#groups.values()) {
      const { exportFilter } = group.options;
      if (exportFilter !== ACCEPT_ALL && exportFilter !== REJECT_ALL) group.retarget(group.options, true);
    }
    this.requestFlush();
  }

  /** Gives the source another import policy and applies it to what it has sent. */
  setImportFilter(source: Source, filter: Filter): void {
    const isSame = source.importFilter.identity === filter.identity;
    // Equal filters may still stand in other lines of the file: what they say to people differs.
    source.importFilter = filter;
    if (!isSame) this.#reapplyImport(source);
  }

  /** Asks about every next hop again, of another resolver if one is given. */
  reresolveNextHops(resolver?: NextHopResolver): void {
    const changed = this.nextHops.reresolve(resolver);
    if (changed.size === 0) return;
    // Import policies that look at the way have to look again.
    for (const source of this.sources) if (source.importFilter.readsWay === true) this.#reapplyImport(source);
    this.#walks.redecide(changed);
  }

  /** Changes how the best paths are found; everything is decided again. */
  setDecisionOptions(changes: Partial<DecisionOptions>): void {
    const old = this.families[0].decision.options;
    const options: DecisionOptions = { ...old, ...changes };
    if ((Object.keys(options) as (keyof DecisionOptions)[]).every((key) => options[key] === old[key])) return;
    for (const rib of this.families) rib.decision.options = options;
    this.#walks.redecideAll();
  }

  // ---- routes out ----

  /** A peer joins the group of its likes and is told the table. */
  join(source: Source, sink: MemberSink, options: GroupOptions, wantsEndOfRib: boolean): GroupMember {
    const member = new GroupMember(source.id, sink, wantsEndOfRib, (emptied) => {
      emptied.emptiedAt = this.clock.now();
      this.requestFlush();
    });
    const group = this.#group(options);
    group.join(member);
    this.#memberGroups.set(member, group);
    this.requestFlush();
    return member;
  }

  leave(member: GroupMember): void {
    const group = this.#memberGroups.get(member);
    if (group === undefined) return;
    this.#memberGroups.delete(member);
    group.leave(member);
    this.#disposeIfEmpty(group);
  }

  /** Bounds what the member is told, from now on and as it stands; undefined: no bound. The limit may not call back into
   *  the RIB: whoever ends the session does so in a later turn. */
  setLimit(member: GroupMember, limit: MemberLimit | undefined): void {
    member.limit = limit;
    this.#memberGroups.get(member)?.isPermitted(member);
    this.requestFlush();
  }

  /** Tells the member everything again; `done` when it has been told (RFC 2918, RFC 7313). */
  refresh(member: GroupMember, done?: () => void): void {
    member.onRefreshed = done;
    this.#memberGroups.get(member)?.refresh(member);
    this.requestFlush();
  }

  groupOf(member: GroupMember): UpdateGroup | undefined {
    return this.#memberGroups.get(member);
  }

  get groups(): readonly UpdateGroup[] {
    return [...this.#groups.values()];
  }

  /** Members get other options, as after a reload; each is sent only what differs. */
  regroup(changes: ReadonlyMap<GroupMember, GroupOptions>): void {
    for (const [from, moves] of this.#movesOf(changes)) {
      for (const [key, { options, members }] of moves) this.#move(from, key, options, members);
    }
    this.requestFlush();
  }

  /** From now on it is known when paths came or last changed (RouteTable.arrivedAt). Costs eight octets per path. */
  keepTimes(): void {
    for (const { routes } of this.families) routes.keepTimes(this.clock);
  }

  addReader(reader: RibReader): void {
    this.#readers.add(reader);
    this.requestFlush();
  }

  removeReader(reader: RibReader): void {
    this.#readers.delete(reader);
    this.#round.delete(reader);
  }

  /** While set, no End-of-RIB is sent: we are restarting and have not heard everything (RFC 4724 §4.1). */
  withholdEndOfRib(withheld: boolean): void {
    this.#endOfRibWithheld = withheld;
    if (!withheld) this.requestFlush();
  }

  /** Something may have to be sent: looked at once the I/O that is already waiting has been handled. */
  requestFlush(): void {
    this.#isFlushWanted = true;
    this.#scheduleFlush();
  }

  /** Row of the prefix, or 0. */
  find(prefix: IpPrefix): PrefixId {
    const [w0, w1, w2, w3] = words(prefix);
    return this.families[prefix.family].routes.prefixes.find(w0, w1, w2, w3, prefix.length);
  }

  /** True if most of the memory that the tables have used holds nothing any more. */
  get isSparse(): boolean {
    return this.attrs.isSparse || this.families.some((rib) => rib.routes.isSparse);
  }

  /** Gives that memory back, a slice at a time. */
  trim(done: () => void): void {
    const steps = this.#trimming();
    this.queue.add((until) => {
      while (steps.next().done !== true) if (this.clock.now() >= until) return false;
      done();
      return true;
    });
  }

  *#trimming(): Generator<undefined, void> {
    for (const rib of this.families) if (rib.routes.isSparse) yield* rib.trimming();
    if (this.attrs.isSparse) this.attrs.trim();
    yield;
    for (const group of this.groups) {
      group.trim();
      yield;
    }
    for (const encoder of this.#encoders) encoder.trim();
    this.importPolicy.trim();
    this.#pool.trim();
  }

  #reapplyImport(source: Source): void {
    this.importPolicy.forgetSource(source);
    if (source.received.some((count) => count > 0)) {
      this.#walks.reapplyImport(source, () => this.sources.find(source.id) === source);
    }
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    this.clock.soon(() => this.#flush());
  }

  /** In rounds: groups and readers are asked in turn until time is up; the next flush goes on where this one ends. */
  #flush(): void {
    this.#isFlushScheduled = false;
    const until = this.clock.now() + FLUSH_MS;
    for (const reader of this.#readers) {
      if (reader.goesFirst === true && reader.flush(until)) return this.requestFlush();
    }
    if (this.#round.size === 0) {
      this.#isFlushWanted = false;
      for (const group of this.#groups.values()) this.#round.add(group);
      for (const reader of this.#readers) if (reader.goesFirst !== true) this.#round.add(reader);
    }
    for (const each of this.#round) {
      this.#round.delete(each);
      if (each.flush(until)) this.#isFlushWanted = true;
      if (this.#round.size > 0 && this.clock.now() >= until) break;
    }
    if (this.#round.size > 0 || this.#isFlushWanted) this.#scheduleFlush();
  }

  #movesOf(changes: ReadonlyMap<GroupMember, GroupOptions>): ReadonlyMap<UpdateGroup, ReadonlyMap<string, Move>> {
    const keys = new Map<UpdateGroup, string>();
    const moves = new Map<UpdateGroup, Map<string, Move>>();
    for (const [member, options] of changes) {
      const from = this.#memberGroups.get(member);
      if (from === undefined) continue;
      const oldKey = keys.get(from) ?? groupKey(from.options);
      keys.set(from, oldKey);
      const key = groupKey(options);
      if (key === oldKey) continue;
      const ofGroup = moves.get(from) ?? new Map<string, Move>();
      moves.set(from, ofGroup);
      const move = ofGroup.get(key);
      if (move === undefined) ofGroup.set(key, { options, members: [member] });
      else move.members.push(member);
    }
    return moves;
  }

  #move(from: UpdateGroup, key: string, options: GroupOptions, members: readonly GroupMember[]): void {
    const sameRewriting = isSameRewriting(from.options, options);
    if (members.length === from.members.size && !this.#groups.has(key)) {
      this.#groups.delete(groupKey(from.options));
      this.#groups.set(key, from);
      from.retarget(options, sameRewriting);
      return;
    }
    const to = this.#group(options);
    to.adopt(members, from, sameRewriting);
    for (const member of members) this.#memberGroups.set(member, to);
    this.#disposeIfEmpty(from);
  }

  #group(options: GroupOptions): UpdateGroup {
    const key = groupKey(options);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const suppressed = this.suppressed[options.family];
    const group = new UpdateGroup(options, {
      clock: this.clock,
      rib: this.families[options.family],
      attrs: this.attrs,
      nextHops: this.nextHops,
      sources: this.sources,
      owed: this.#owed,
      pool: this.#pool,
      retainedBytes: this.#limits.retainedBytes,
      encoder: this.#encoders[options.family],
      maySendEndOfRib: () => !this.#endOfRibWithheld,
      requestFlush: () => this.requestFlush(),
      isSuppressed: (prefix) => suppressed.size > 0 && suppressed.has(prefix),
    });
    this.#groups.set(key, group);
    return group;
  }

  #disposeIfEmpty(group: UpdateGroup): void {
    if (group.members.size > 0) return;
    this.#groups.delete(groupKey(group.options));
    this.#round.delete(group);
    this.queue.add((until) => group.dispose(until));
  }
}

/** The words of a prefix as the tables keep them. */
export function words(prefix: IpPrefix): readonly [number, number, number, number] {
  const { bytes } = prefix;
  const word = (at: number): number =>
    at < bytes.length ? (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3] : 0;
  return [word(0), word(4), word(8), word(12)];
}
