// Alike peers of one family: one export decision, one Adj-RIB-Out, one encoded stream written to all (rib-design: encode
// once per group, not once per peer).
//
// Changes wait in a log and are pulled: only while a live member is at the end of the stream and its socket takes more
// is a batch encoded. So the log coalesces, and memory does not follow the speed of the changes.
//
// A group is told the best path of each prefix, or several with path identifiers (RFC 7911); never changes between the two.

import type { Clock } from "../base/clock.js";
import { invariant } from "../base/invariant.js";
import { type AdjRibOut, BestPathOut, ONLY_PATH, PathsOut } from "./adj-rib-out.js";
import { AdvertisedCopy } from "./advertised-copy.js";
import { AttributeWriter } from "./attribute-writer.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";
import type { BatchEncoder } from "./batch-encoder.js";
import type { ChangeLog } from "./change-log.js";
import { endOfRibMessage } from "./end-of-rib.js";
import { ExportPolicy } from "./export-policy.js";
import { ExportRules, type GroupOptions } from "./export-rules.js";
import { type Batch, type BatchPool, GroupBatches } from "./group-batches.js";
import type { GroupMember } from "./group-member.js";
import type { WalkedGroup } from "./group-walk.js";
import { GroupWalks } from "./group-walks.js";
import type { LocRib } from "./loc-rib.js";
import type { NextHopTable } from "./next-hop-table.js";
import type { OwedReleases } from "./owed-releases.js";
import { PathSelection } from "./path-selection.js";
import { ExportCounts } from "./route-counts.js";
import type { PrefixId, RouteId, RouteTable } from "./route-table.js";
import type { SourceTable } from "./sources.js";
import { StreamPatience } from "./stream-patience.js";
import { ToldCounts } from "./told-counts.js";
import type { AdvertisedFollower } from "./walk-backlog.js";

/** What all groups of a RIB share. */
export interface GroupDependencies {
  readonly clock: Clock;
  readonly rib: LocRib;
  readonly attrs: AttrsTable;
  readonly nextHops: NextHopTable;
  readonly sources: SourceTable;
  readonly owed: OwedReleases;
  readonly pool: BatchPool;
  /** Octets kept for members that read slowly. */
  readonly retainedBytes: number;
  /** Scratch for one batch at a time. */
  readonly encoder: BatchEncoder;
  /** False while End-of-RIB is withheld because we are restarting (RFC 4724 §4.1). */
  readonly maySendEndOfRib: () => boolean;
  /** Prefixes hidden behind a summary-only aggregate. */
  readonly isSuppressed: (prefix: PrefixId) => boolean;
  readonly requestFlush: () => void;
}

/** Rows that a new group looks at before it looks at the clock. */
const FILL_ROWS = 16384;
/** Changes encoded between two looks at the clock. */
const CHANGES = 2048;
/** Batches written between two looks at the clock. */
const DELIVERIES = 16;
/** Greater than every path identifier: rows of the table are 31 bits. */
const NO_PATH = 0x7fffffff;
/** The originated default route: rows of the table begin at 1. */
const ORIGINATED_ONLY: readonly number[] = [ONLY_PATH];

export class UpdateGroup implements WalkedGroup {
  readonly members = new Set<GroupMember>();
  readonly routes: RouteTable;
  readonly attrs: AttrsTable;
  readonly encoder: BatchEncoder;
  options: GroupOptions;
  rules!: ExportRules;
  writer!: AttributeWriter;
  readonly advertised: AdjRibOut;
  readonly #deps: GroupDependencies;
  readonly #log: ChangeLog;
  readonly #batches: GroupBatches;
  readonly #walks: GroupWalks;
  readonly #patience: StreamPatience;
  #policy!: ExportPolicy;
  /** Only in an ADD-PATH group. */
  #selection: PathSelection | undefined;
  /** Rows of the table that were there before the log, or must be looked at again: [filled, fillEnd). */
  #filled = 1;
  #fillEnd: number;
  #disposeCursor = 0;
  /** Since the group was made. */
  readonly counts = new ExportCounts();
  /** Others that still read what is advertised. */
  readonly followers = new Set<AdvertisedFollower>();
  /** Runs while the Adj-RIB-Out is still being taken from another group: nothing is told before it is complete. */
  #copy: AdvertisedCopy | undefined;
  /** What is advertised was chosen by other options, as far as the log has not been worked off: nobody may walk over it. */
  #isOutdated = false;
  readonly #unhold: PrefixId[] = [];
  /** Once somebody has asked. */
  #told: ToldCounts | undefined;

  constructor(options: GroupOptions, dependencies: GroupDependencies) {
    this.options = options;
    this.#deps = dependencies;
    this.attrs = dependencies.attrs;
    this.routes = dependencies.rib.routes;
    this.encoder = dependencies.encoder;
    this.#fillEnd = this.routes.prefixes.end;
    this.#batches = new GroupBatches(dependencies.pool, this.routes);
    this.#patience = new StreamPatience(dependencies.clock, dependencies.requestFlush);
    this.#walks = new GroupWalks(this, this.#batches, dependencies.clock);
    const isAddPath = options.addPathSend !== 0;
    this.#log = dependencies.rib.subscribe(isAddPath);
    this.advertised = new (isAddPath ? PathsOut : BestPathOut)(this.routes, this.attrs);
    this.#setOptions(options);
  }

  /** Paths advertised. */
  get advertisedCount(): number {
    return this.advertised.count;
  }

  /** Octets kept for slow members. */
  get retainedBytes(): number {
    return this.#batches.retainedBytes;
  }

  /** Paths that the member knows when it has been told everything; a few more where it is the next hop of others. What
   *  countTold has not counted is counted now. */
  countFor(member: GroupMember): number {
    this.countTold(Infinity);
    return this.#toldCounts?.bound(member.source) ?? this.advertisedCount;
  }

  /** Counts what countFor needs, until `until`; true when there is no more to count. */
  countTold(until: number): boolean {
    return this.#toldCounts?.work(until, this.#deps.clock) ?? true;
  }

  /** Asks the member's limit; false: it is told nothing any more, or nothing before a later flush. */
  isPermitted(member: GroupMember): boolean {
    if (member.limit === undefined) return true;
    return this.#toldCounts?.permits(member, this.rules) ?? false;
  }

  /** Takes a peer in; it is told the table, then the changes. */
  join(member: GroupMember): void {
    this.members.add(member);
    member.position = this.#batches.end;
    if (this.advertisedCount > 0 || this.#copy !== undefined) this.#walks.tellTable(member);
  }

  leave(member: GroupMember): void {
    member.leave();
    this.members.delete(member);
    this.#walks.leave(member);
    this.#told?.forget(member.source);
    this.#dropBatches();
  }

  /** Tells the member everything again (RFC 2918). */
  refresh(member: GroupMember): void {
    this.#walks.tellAgain(member);
  }

  /** Takes members over from a group with other options: they are told only what differs, if the octets of equal sets are
   *  the same in both (`sameRewriting`). */
  adopt(members: readonly GroupMember[], from: UpdateGroup, sameRewriting: boolean): void {
    invariant(isSameKind(this.options, from.options), "a peer stays with or without ADD-PATH while its session lasts");
    // A copy of a copy that is not complete would not be what its members know.
    const isNew = this.members.size === 0 && this.advertisedCount === 0 && this.#copy === undefined;
    const copies = isNew && from.#copy === undefined;
    if (copies) this.#copyAdvertised(from);
    this.#walks.adopt(members, from.#walks, copies && sameRewriting ? undefined : from, sameRewriting);
    for (const member of members) {
      from.members.delete(member);
      from.#told?.forget(member.source);
      this.members.add(member);
    }
    from.#dropBatches();
  }

  /** All members get other options: only what differs is sent. */
  retarget(options: GroupOptions, sameRewriting: boolean): void {
    invariant(isSameKind(this.options, options), "a group stays with or without ADD-PATH");
    this.#setOptions(options);
    this.#isOutdated = true;
    this.#filled = 1;
    this.#fillEnd = this.routes.prefixes.end;
    if (!sameRewriting) this.#walks.tellAllAgain([...this.members].filter((member) => member.isLive));
  }

  /** Encodes and writes until `until`, or nothing is left that somebody can take. True: call again soon. */
  flush(until: number): boolean {
    const now = this.#deps.clock.now();
    if (!this.#prepare(until)) return true;
    // Changes that never end must not keep those who walk from their table.
    const changesUntil = this.#walks.size === 0 || this.#isOutdated ? until : (now + until) / 2;
    let more = false;
    while (!more) {
      this.#fill();
      more = !this.#pump(changesUntil);
      if (more || this.#log.length === 0 || !this.#isAnyReady() || this.#waitsForMembers()) break;
      const batch = this.#encodeChanges(changesUntil);
      if (batch !== undefined) {
        this.#batches.push(batch);
        more = !this.#pump(changesUntil);
        this.#batches.hold(batch);
        this.#retire();
      }
      this.#unholdTaken();
      more ||= this.#deps.clock.now() >= changesUntil;
    }
    if (this.#log.length === 0 && this.#isFilled) this.#isOutdated = false;
    // Nobody may walk yet. Without a log there are rows to be marked; with one, those who read are waited for.
    else if (this.#isOutdated && (more || this.#isAnyReady())) return more || this.#log.length === 0;
    if (!this.#walks.advance(until)) return true;
    // Those who have just rejoined the stream may be ready for what waits in the log.
    const hasChanges = this.#log.length > 0 || !this.#isFilled;
    if (more || (hasChanges && this.#isAnyReady() && !this.#waitsForMembers())) return true;
    this.#endOfRib();
    return this.#told?.isComplete === false;
  }

  /** Gives back the memory of routes that are gone. */
  trim(): void {
    this.advertised.trim();
    this.#policy.trim();
  }

  /** Lets go of everything, `until` permitting; true when done. The group must have no members. */
  dispose(until: number): boolean {
    if (this.#disposeCursor === 0) {
      this.#copy?.stop();
      this.#patience.stop();
      this.#deps.rib.unsubscribe(this.#log);
      this.#policy.dispose();
      this.#disposeCursor = 1;
    }
    if (this.followers.size > 0) return false;
    while (this.#batches.letGo()) if (this.#deps.clock.now() >= until) return false;
    const { advertised } = this;
    while (this.#disposeCursor < advertised.end) {
      const prefix = this.#disposeCursor++;
      for (let path = advertised.first(prefix); path !== 0; path = advertised.first(prefix)) {
        if (advertised.set(prefix, advertised.pathId(path), 0)) this.routes.unhold(prefix);
      }
      if ((prefix & 255) === 0 && this.#deps.clock.now() >= until) return false;
    }
    return true;
  }

  #setOptions(options: GroupOptions): void {
    this.options = options;
    const { attrs, nextHops, sources, owed } = this.#deps;
    (this.#policy as ExportPolicy | undefined)?.dispose();
    this.rules = new ExportRules(options, attrs, nextHops, sources);
    this.writer = new AttributeWriter(this.rules, attrs, sources, options.preparesExport ? "send" : "whole");
    this.#policy = new ExportPolicy(this.rules, this.routes, attrs, sources, owed);
    this.#selection = options.addPathSend === 0 ? undefined : new PathSelection(this.#deps.rib, options.addPathSend);
    const { originated } = this.#policy;
    // Its row may be newer than those that are filled in.
    if (originated !== undefined) this.#log.mark(originated.prefix);
  }

  get #isFilled(): boolean {
    return this.#filled >= this.#fillEnd;
  }

  /** What must be over before anything is told; false: time is up. */
  #prepare(until: number): boolean {
    const { clock } = this.#deps;
    while (this.#batches.letGo()) if (clock.now() >= until) return false;
    if (this.#copy !== undefined) {
      if (!this.#copy.work(until, clock)) return false;
      this.#copy = undefined;
    }
    if (this.#told === undefined || this.#told.isComplete) return true;
    if (!this.#told.work(until, clock)) return false;
    // Whoever has been told too much already must learn of it although nothing more is to be said.
    for (const member of this.members) this.isPermitted(member);
    return true;
  }

  get #toldCounts(): ToldCounts | undefined {
    if (this.#copy !== undefined) return undefined;
    this.#told ??= new ToldCounts(this.advertised, this.attrs, this.#deps.nextHops);
    return this.#told;
  }

  /** A new group looks at the whole table, a piece at a time: as fast as its members read. */
  #fill(): void {
    const { prefixes } = this.routes;
    const end = Math.min(this.#fillEnd, prefixes.end, this.#filled + FILL_ROWS);
    if (end >= prefixes.end) this.#fillEnd = end;
    while (this.#filled < end && this.#log.length < 8192) {
      const prefix = this.#filled++;
      if (prefixes.isUsed(prefix)) this.#log.mark(prefix);
    }
  }

  /** Somebody can take changes now. Those who walk count too: a walk tells the Adj-RIB-Out, so that must be up to date. */
  #isAnyReady(): boolean {
    for (const member of this.members) {
      if (!member.blocked && (!member.isLive || member.position === this.#batches.end)) return true;
    }
    return false;
  }

  /** The next batch of changes, or undefined if none of those looked at made a difference. `#unholdTaken` must follow. */
  #encodeChanges(until: number): Batch | undefined {
    const encoder = this.encoder;
    const unhold = this.#unhold;
    let looked = 0;
    encoder.begin(this.rules, this.writer);
    for (let prefix = this.#log.take(); prefix !== 0; prefix = this.#log.take()) {
      unhold.push(prefix);
      this.#encodeChange(prefix);
      // A batch of withdrawals, or many changes without effect, must not take one long turn.
      if (encoder.isFull || (++looked % CHANGES === 0 && this.#deps.clock.now() >= until)) break;
    }
    return encoder.isEmpty ? undefined : encoder.finish();
  }

  /** Lets go of the prefixes of the last batch: only when their rows have been read, and held again where that is needed. */
  #unholdTaken(): void {
    const unhold = this.#unhold;
    for (let i = 0; i < unhold.length; i++) this.routes.unhold(unhold[i]);
    unhold.length = 0;
  }

  #encodeChange(prefix: PrefixId): void {
    if (this.#selection !== undefined) {
      this.#encodePaths(prefix, this.#selection);
      return;
    }
    const { advertised } = this;
    const was = advertised.attrs(advertised.first(prefix));
    const best = this.#deps.rib.best(prefix);
    let is: AttrsId = 0;
    if (best === 0) this.counts.gone++;
    // Either, not both: a set that the policy has made is ours to advertise, nobody else lets go of it.
    if (prefix === this.#policy.originated?.prefix) is = this.#policy.originated.set;
    else if (best !== 0 && !this.#deps.isSuppressed(prefix)) is = this.#exported(best, prefix);
    if (is !== was) this.#encodePath(prefix, ONLY_PATH, was, is);
  }

  /** Several paths: what is told and what should be, both in the order of path identifiers, side by side. */
  #encodePaths(prefix: PrefixId, selection: PathSelection): void {
    const { advertised } = this;
    const originated = this.#policy.originated?.prefix === prefix ? this.#policy.originated.set : 0;
    const isHidden = this.#deps.isSuppressed(prefix);
    const selected = originated !== 0 ? ORIGINATED_ONLY : isHidden ? [] : selection.select(prefix);
    let told = advertised.first(prefix);
    for (let i = 0; told !== 0 || i < selected.length;) {
      const toldId = told === 0 ? NO_PATH : advertised.pathId(told);
      const selectedId = i < selected.length ? selected[i] : NO_PATH;
      const pathId = Math.min(toldId, selectedId);
      let was = 0;
      if (toldId === pathId) {
        was = advertised.attrs(told);
        told = advertised.next(told);
      }
      let is: AttrsId = 0;
      if (selectedId === pathId) {
        is = originated !== 0 ? originated : this.#exported(selected[i], prefix);
        i++;
      }
      if (is !== was) this.#encodePath(prefix, pathId, was, is);
    }
  }

  /** The set that goes out for a path, or 0. */
  #exported(route: RouteId, prefix: PrefixId): AttrsId {
    const id = this.routes.attrs(route);
    const set = this.#policy.exported(id, this.routes.prefixes, prefix);
    if (set !== 0) return set;
    if (this.rules.permits(id)) this.counts.filtered++;
    else this.counts.rejected++;
    return 0;
  }

  #encodePath(prefix: PrefixId, pathId: number, was: AttrsId, is: AttrsId): void {
    if (this.#walks.size > 0) this.#walks.owe(prefix, pathId);
    if (this.followers.size > 0) for (const follower of this.followers) follower.willChange(prefix, pathId);
    if (is === 0) this.counts.withdrawn++;
    else this.counts.announced++;
    if (was === 0) this.encoder.announce(prefix, is, undefined, pathId);
    else if (is === 0) this.encoder.withdraw(prefix, this.attrs.source(was), this.rules.nextHopPeer(was), pathId);
    else this.#encodeReplacement(prefix, pathId, was, is);
    this.#told?.changed(prefix, was, is);
    if (this.advertised.set(prefix, pathId, is)) this.#unhold.push(prefix);
  }

  #encodeReplacement(prefix: PrefixId, pathId: number, was: AttrsId, is: AttrsId): void {
    const wasSource = this.attrs.source(was);
    const wasPeer = this.rules.nextHopPeer(was);
    const isSource = this.attrs.source(is);
    const isPeer = this.rules.nextHopPeer(is);
    this.encoder.announce(prefix, is, isPeer, pathId);
    // Those who had the old one and must not get the new one lose it.
    if (isSource !== wasSource && isSource !== wasPeer) this.encoder.withdrawFrom(isSource, prefix, pathId);
    if (isPeer !== 0 && isPeer !== isSource && isPeer !== wasSource && isPeer !== wasPeer) {
      this.encoder.withdrawFrom(isPeer, prefix, pathId);
    }
  }

  /** Much is kept, and those it is kept for read: to wait for them costs less than to walk them over the table. */
  #waitsForMembers(): boolean {
    if (this.#batches.retainedBytes * 2 < this.#deps.retainedBytes) return false;
    return this.#patience.waitsFor(this.members, this.#batches.first);
  }

  /** Brings every live member as far as its socket lets it; false: time is up. */
  #pump(until: number): boolean {
    const end = this.#batches.end;
    let written = 0;
    for (const member of this.members) {
      while (member.isLive && !member.blocked && member.position < end && this.isPermitted(member)) {
        member.deliver(this.#batches.at(member.position++), this.#batches);
        // Each is a system call; those who come first have what they need when it goes on.
        if (++written % DELIVERIES === 0 && this.#deps.clock.now() >= until) {
          this.#dropBatches();
          return false;
        }
      }
    }
    this.#dropBatches();
    return true;
  }

  #dropBatches(): void {
    let slowest = this.#batches.end;
    if (slowest === this.#batches.first) return;
    for (const member of this.members) if (member.isLive && member.position < slowest) slowest = member.position;
    this.#batches.dropBefore(slowest);
  }

  /** Too much is kept: the slowest members walk, over what they have missed. */
  #retire(): void {
    while (this.#batches.retainedBytes > this.#deps.retainedBytes) {
      const first = this.#batches.first;
      const slow = [...this.members].filter((member) => member.isLive && member.position === first);
      if (slow.length === 0) break;
      this.#walks.start(slow).hasStarted = true;
      this.#dropBatches();
    }
  }

  /** A new group begins where another stands, so that only what differs is told; its log will say what that is. */
  #copyAdvertised(from: UpdateGroup): void {
    this.#isOutdated = true;
    this.#told = undefined;
    this.#copy = new AdvertisedCopy(from, this.advertised);
  }

  #endOfRib(): void {
    if (this.#log.length > 0 || !this.#isFilled || !this.#deps.maySendEndOfRib()) return;
    for (const member of this.members) {
      if (!member.wantsEndOfRib || !member.isLive || member.position !== this.#batches.end) continue;
      member.sendEndOfRib(endOfRibMessage(this.options.family));
    }
  }
}

function isSameKind(a: GroupOptions, b: GroupOptions): boolean {
  return (a.addPathSend === 0) === (b.addPathSend === 0);
}
