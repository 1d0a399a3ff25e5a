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
import type { Filter } from "../policy/route.js";
import { AttrsTable, CONTEXT, type Identity } from "./attrs-table.js";
import { BatchEncoder } from "./batch-encoder.js";
import type { DecisionOptions } from "./decision.js";
import { type GroupOptions, groupKey, isSameRewriting } from "./export-rules.js";
import { BATCH_LIMITS, type BatchLimits, BatchPool } from "./group-batches.js";
import { GroupMember, type MemberLimit, type MemberSink } from "./group-member.js";
import { ImportPolicy } from "./import-policy.js";
import { Ingest, type IngestContext } from "./ingest.js";
import { LocRib } from "./loc-rib.js";
import { type NextHopResolver, NextHopTable } from "./next-hop-table.js";
import type { PrefixId } from "./route-table.js";
import { type Source, type SourceOptions, SourceTable } from "./sources.js";
import { TableWalks } from "./table-walks.js";
import { UpdateGroup } from "./update-group.js";

/** Somebody who follows the best routes, such as the kernel's table. */
export interface RibReader {
  /** Works until `until`; true if more is left. */
  flush(until: number): boolean;
}

const FLUSH_MS = 5;
/** Weight of the node's own routes: they win over whatever a peer says. */
export const LOCAL_WEIGHT = 32768;

export class Rib {
  readonly sources = new SourceTable();
  readonly nextHops = new NextHopTable();
  readonly attrs: AttrsTable;
  readonly families: readonly LocRib[];
  readonly queue: WorkQueue;
  readonly importPolicy: ImportPolicy;
  /** Prefixes hidden behind summary-only aggregates, per family. */
  readonly suppressed: readonly Set<PrefixId>[] = FAMILIES.map(() => new Set<PrefixId>());
  readonly #clock: Clock;
  readonly #ingest: Ingest;
  readonly #walks: TableWalks;
  readonly #pool = new BatchPool();
  readonly #limits: BatchLimits;
  readonly #encoders: readonly BatchEncoder[];
  readonly #groups = new Map<string, UpdateGroup>();
  readonly #memberGroups = new Map<GroupMember, UpdateGroup>();
  readonly #readers = new Set<RibReader>();
  readonly #scratch = new ByteWriter(512);
  #flushRequested = false;
  #endOfRibWithheld = false;

  /** `reserve`: prefixes for which address space is taken at once. Untouched pages cost no memory, copies of growing
   *  tables do. */
  constructor(clock: Clock, identity: Identity, reserve = 4096, limits: BatchLimits = BATCH_LIMITS) {
    this.#clock = clock;
    this.#limits = limits;
    this.queue = new WorkQueue(clock);
    const seed = randomInt(0x7fffffff);
    this.attrs = new AttrsTable(this.sources, this.nextHops, identity, seed, reserve >> 1);
    this.families = FAMILIES.map(
      ({ family }) => new LocRib(family, this.attrs, this.nextHops, this.sources, seed, reserve),
    );
    this.importPolicy = new ImportPolicy(this.attrs, this.sources);
    this.#ingest = new Ingest(this.attrs, this.families, this.importPolicy);
    this.#encoders = this.families.map(
      (rib) => new BatchEncoder(rib.routes, this.attrs, this.#pool, limits.batchBytes),
    );
    this.#walks = new TableWalks(clock, this.queue, this.families, this.importPolicy, () => this.requestFlush());
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

  /** Announces a route of the node itself. */
  announceLocal(source: Source, prefix: IpPrefix, attributes: PathAttributes, weight = LOCAL_WEIGHT): void {
    this.#scratch.clear();
    encodeAttributes(attributes, this.#scratch);
    const context = CONTEXT.normal | weight;
    const attrs = this.attrs.intern(this.#scratch.bytes, 0, this.#scratch.length, source.id, context);
    this.attrs.retain(attrs);
    const rib = this.families[prefix.family];
    const [w0, w1, w2, w3] = words(prefix);
    rib.announce(rib.routes.destination(w0, w1, w2, w3, prefix.length), source.id, 0, attrs, attrs, 0);
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
    this.#walks.finishSweeps(source.id);
    for (const { family } of FAMILIES) if (keep.includes(family)) this.#abandonRefresh(source, family);
    this.#removeStaleNow(source);
    this.sources.epoch[source.id] ^= 3;
    for (const { family } of FAMILIES) {
      source.isRefreshing[family] = false;
      source.hasStale[family] = source.received[family] > 0;
      if (!keep.includes(family)) this.sweepStale(source, family, () => undefined);
    }
  }

  /** The peer is about to tell its table of the family again: what it does not tell until sweepStale goes then (RFC 7313
   *  §4). Once more while that is under way: all of it is stale again. */
  beginRefresh(source: Source, family: Family): void {
    this.#walks.finishSweeps(source.id, family);
    this.#abandonRefresh(source, family);
    this.sources.epoch[source.id] ^= 1 << family;
    source.isRefreshing[family] = true;
    source.hasStale[family] = source.received[family] > 0;
  }

  /** Takes the stale routes of the source out, a slice at a time. */
  sweepStale(source: Source, family: Family, done: () => void): void {
    source.isRefreshing[family] = false;
    if (!source.hasStale[family]) {
      done();
      return;
    }
    this.#walks.sweepStale(source.id, family, () => {
      source.hasStale[family] = false;
      done();
    });
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

  /** Counts for status that nobody keeps, by SourceId: best paths and stale paths of a family. One walk over the table. */
  countBySource(family: Family): { readonly best: Int32Array; readonly stale: Int32Array } {
    const rib = this.families[family];
    const { routes } = rib;
    const best = new Int32Array(this.sources.end);
    const stale = new Int32Array(this.sources.end);
    const anyStale = [...this.sources].some((source) => source.hasStale[family]);
    for (let prefix = 1; prefix < routes.prefixes.end; prefix++) {
      if (!routes.prefixes.isUsed(prefix)) continue;
      const head = rib.best(prefix);
      if (head !== 0) best[routes.source(head)]++;
      if (!anyStale) continue;
      for (let route = routes.head(prefix); route !== 0; route = routes.next(route)) {
        if (rib.isStale(route)) stale[routes.source(route)]++;
      }
    }
    return { best, stale };
  }

  /** Changes what is known of a peer; new options for import apply to what it has sent. */
  describeSource(source: Source, options: SourceOptions, bgpIdentifier: number): void {
    if (this.sources.describe(source, options, bgpIdentifier)) this.#reapplyImport(source);
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
    if (changed.size > 0) this.#walks.redecide(changed);
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
    const member = new GroupMember(source.id, sink, wantsEndOfRib, () => this.requestFlush());
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
    for (const [member, options] of changes) {
      const from = this.#memberGroups.get(member);
      const key = groupKey(options);
      if (from === undefined || groupKey(from.options) === key) continue;
      const sameRewriting = isSameRewriting(from.options, options);
      const allMove = [...from.members].every((other) => {
        const wanted = changes.get(other);
        return wanted !== undefined && groupKey(wanted) === key;
      });
      if (allMove && !this.#groups.has(key)) {
        this.#groups.delete(groupKey(from.options));
        this.#groups.set(key, from);
        from.retarget(options, sameRewriting);
        continue;
      }
      const to = this.#group(options);
      to.adopt(member, from, sameRewriting);
      this.#memberGroups.set(member, to);
      this.#disposeIfEmpty(from);
    }
    this.requestFlush();
  }

  addReader(reader: RibReader): void {
    this.#readers.add(reader);
    this.requestFlush();
  }

  removeReader(reader: RibReader): void {
    this.#readers.delete(reader);
  }

  /** While set, no End-of-RIB is sent: we are restarting and have not heard everything (RFC 4724 §4.1). */
  withholdEndOfRib(withheld: boolean): void {
    this.#endOfRibWithheld = withheld;
    if (!withheld) this.requestFlush();
  }

  /** Something may have to be sent: looked at once the I/O that is already waiting has been handled. */
  requestFlush(): void {
    if (this.#flushRequested) return;
    this.#flushRequested = true;
    this.#clock.soon(() => this.#flush());
  }

  /** Row of the prefix, or 0. */
  find(prefix: IpPrefix): PrefixId {
    const [w0, w1, w2, w3] = words(prefix);
    return this.families[prefix.family].routes.prefixes.find(w0, w1, w2, w3, prefix.length);
  }

  #reapplyImport(source: Source): void {
    this.importPolicy.forgetSource(source);
    if (source.received.some((count) => count > 0)) {
      this.#walks.reapplyImport(source, () => this.sources.find(source.id) === source);
    }
  }

  #flush(): void {
    this.#flushRequested = false;
    const until = this.#clock.now() + FLUSH_MS;
    let more = false;
    for (const group of this.#groups.values()) if (group.flush(until)) more = true;
    for (const reader of this.#readers) if (reader.flush(until)) more = true;
    if (more) this.requestFlush();
  }

  #group(options: GroupOptions): UpdateGroup {
    const key = groupKey(options);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const suppressed = this.suppressed[options.family];
    const group = new UpdateGroup(options, {
      clock: this.#clock,
      rib: this.families[options.family],
      attrs: this.attrs,
      nextHops: this.nextHops,
      sources: this.sources,
      pool: this.#pool,
      retainedBytes: this.#limits.retainedBytes,
      encoder: this.#encoders[options.family],
      maySendEndOfRib: () => !this.#endOfRibWithheld,
      isSuppressed: (prefix) => suppressed.size > 0 && suppressed.has(prefix),
    });
    this.#groups.set(key, group);
    return group;
  }

  #disposeIfEmpty(group: UpdateGroup): void {
    if (group.members.size > 0) return;
    this.#groups.delete(groupKey(group.options));
    this.queue.add((until) => group.dispose(until));
  }

  /** Routes that a refresh has not reached yet are as good as before it. One bit cannot tell two epochs of them apart. */
  #abandonRefresh(source: Source, family: Family): void {
    if (source.isRefreshing[family] && source.hasStale[family]) this.#walks.freshen(source.id, family);
    if (source.isRefreshing[family]) source.hasStale[family] = false;
    source.isRefreshing[family] = false;
  }

  /** Routes that were stale already when the session went down again must not look fresh (RFC 4724 §4.2). */
  #removeStaleNow(source: Source): void {
    for (const rib of this.families) {
      if (!source.hasStale[rib.family]) continue;
      source.hasStale[rib.family] = false;
      const { prefixes } = rib.routes;
      for (let prefix = 1; prefix < prefixes.end; prefix++) {
        if (prefixes.isUsed(prefix)) rib.removeOf(prefix, source.id, false);
      }
    }
  }
}

/** The words of a prefix as the tables keep them. */
export function words(prefix: IpPrefix): readonly [number, number, number, number] {
  const { bytes } = prefix;
  const word = (at: number): number =>
    at < bytes.length ? (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3] : 0;
  return [word(0), word(4), word(8), word(12)];
}
