// Alike peers of one family: one export decision, one Adj-RIB-Out, one encoded stream written to all (rib-design: encode
// once per group, not once per peer).
//
// Changes wait in a log and are pulled: only while a live member is at the end of the stream and its socket takes more
// is a batch encoded. So the log coalesces, and memory does not follow the speed of the changes.

import type { Clock } from "../base/clock.js";
import { AttributeWriter } from "./attribute-writer.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";
import type { BatchEncoder } from "./batch-encoder.js";
import type { ChangeLog } from "./change-log.js";
import { endOfRibMessage } from "./end-of-rib.js";
import { ExportPolicy } from "./export-policy.js";
import { ExportRules, type GroupOptions } from "./export-rules.js";
import { type Batch, type BatchPool, GroupBatches } from "./group-batches.js";
import type { GroupMember } from "./group-member.js";
import { GroupWalk, type WalkedGroup } from "./group-walk.js";
import type { LocRib } from "./loc-rib.js";
import type { NextHopTable } from "./next-hop-table.js";
import type { PrefixId, RouteTable } from "./route-table.js";
import type { SourceTable } from "./sources.js";

/** What all groups of a RIB share. */
export interface GroupDependencies {
  readonly clock: Clock;
  readonly rib: LocRib;
  readonly attrs: AttrsTable;
  readonly nextHops: NextHopTable;
  readonly sources: SourceTable;
  readonly pool: BatchPool;
  /** Octets kept for members that read slowly. */
  readonly retainedBytes: number;
  /** Scratch for one batch at a time. */
  readonly encoder: BatchEncoder;
  /** False while End-of-RIB is withheld because we are restarting (RFC 4724 §4.1). */
  readonly maySendEndOfRib: () => boolean;
  /** Prefixes hidden behind a summary-only aggregate. */
  readonly isSuppressed: (prefix: PrefixId) => boolean;
}

const FIRST_ROWS = 4096;

export class UpdateGroup implements WalkedGroup {
  readonly members = new Set<GroupMember>();
  readonly routes: RouteTable;
  readonly attrs: AttrsTable;
  readonly encoder: BatchEncoder;
  options: GroupOptions;
  rules!: ExportRules;
  writer!: AttributeWriter;
  /** Prefixes advertised. */
  advertisedCount = 0;
  readonly #deps: GroupDependencies;
  readonly #log: ChangeLog;
  readonly #batches: GroupBatches;
  readonly #walks = new Set<GroupWalk>();
  #policy!: ExportPolicy;
  #advertised: Int32Array;
  /** Rows of the table that were there before the log, or must be looked at again: [filled, fillEnd). */
  #filled = 1;
  #fillEnd: number;
  #disposeCursor = 0;
  /** What is advertised was chosen by other options, as far as the log has not been worked off: nobody may walk over it. */
  #isOutdated = false;
  readonly #unhold: PrefixId[] = [];

  constructor(options: GroupOptions, dependencies: GroupDependencies) {
    this.options = options;
    this.#deps = dependencies;
    this.attrs = dependencies.attrs;
    this.routes = dependencies.rib.routes;
    this.encoder = dependencies.encoder;
    this.#fillEnd = this.routes.prefixes.end;
    this.#batches = new GroupBatches(dependencies.pool, this.routes);
    this.#log = dependencies.rib.subscribe();
    this.#advertised = new Int32Array(FIRST_ROWS);
    this.#setOptions(options);
  }

  /** The set that the members have for the prefix, or 0. */
  advertised(prefix: PrefixId): AttrsId {
    return prefix < this.#advertised.length ? this.#advertised[prefix] : 0;
  }

  /** Octets kept for slow members. */
  get retainedBytes(): number {
    return this.#batches.retainedBytes;
  }

  /** Takes a peer in; it is told the table, then the changes. */
  join(member: GroupMember): void {
    this.members.add(member);
    member.position = this.#batches.end;
    if (this.advertisedCount === 0) return;
    this.#walkTable(member);
  }

  leave(member: GroupMember): void {
    member.leave();
    this.members.delete(member);
    this.#leaveWalk(member);
    this.#dropBatches();
  }

  /** Tells the member everything again (RFC 2918). */
  refresh(member: GroupMember): void {
    const old = this.#walkOf(member);
    const walk = old === undefined ? this.#newWalk([member]) : this.#split(old, [member]);
    this.#addAdvertised(walk, false);
  }

  /** Takes a member over from a group with other options: it is told only what differs, if the octets of equal sets are
   *  the same in both (`sameRewriting`). */
  adopt(member: GroupMember, from: UpdateGroup, sameRewriting: boolean): void {
    if (this.members.size === 0 && this.advertisedCount === 0) this.#copyAdvertised(from);
    const walk = this.#newWalk([]);
    // Nobody who must be told the whole table may join it.
    walk.hasStarted = true;
    from.#handOver(member, walk);
    this.members.add(member);
    walk.members.add(member);
    member.isLive = false;
    const end = this.routes.prefixes.end;
    for (let prefix = 1; prefix < end; prefix++) {
      const was = from.advertised(prefix);
      const is = this.advertised(prefix);
      if (was !== is || (is !== 0 && !sameRewriting)) walk.add(prefix, was !== 0);
    }
  }

  /** All members get other options: only what differs is sent. */
  retarget(options: GroupOptions, sameRewriting: boolean): void {
    this.#setOptions(options);
    this.#isOutdated = true;
    this.#filled = 1;
    this.#fillEnd = this.routes.prefixes.end;
    if (sameRewriting) return;
    const live = [...this.members].filter((member) => member.isLive);
    if (live.length > 0) this.#newWalk(live);
    // Not only told again: other rules may withhold a route from the peer that is its next hop.
    for (const walk of this.#walks) this.#addAdvertised(walk, true);
  }

  /** Encodes and writes until `until`, or nothing is left that somebody can take. True: call again soon. */
  flush(until: number): boolean {
    const now = this.#deps.clock.now();
    // Changes that never end must not keep those who walk from their table.
    const changesUntil = this.#walks.size === 0 || this.#isOutdated ? until : (now + until) / 2;
    let more = false;
    while (!more) {
      this.#fill();
      this.#pump();
      if (this.#log.length === 0 || !this.#isAnyReady()) break;
      const batch = this.#encodeChanges();
      if (batch !== undefined) {
        this.#batches.push(batch);
        this.#pump();
        this.#batches.hold(batch);
        this.#retire();
      }
      this.#unholdTaken();
      more = this.#deps.clock.now() >= changesUntil;
    }
    if (this.#log.length === 0 && this.#isFilled) this.#isOutdated = false;
    else if (more && this.#isOutdated) return true;
    for (const walk of [...this.#walks]) {
      if (!this.#walk(walk, until)) return true;
    }
    // Those who have just rejoined the stream may be ready for what waits in the log.
    if (more || (this.#log.length > 0 && this.#isAnyReady())) return true;
    this.#endOfRib();
    return false;
  }

  /** Lets go of everything, `until` permitting; true when done. The group must have no members. */
  dispose(until: number): boolean {
    if (this.#disposeCursor === 0) {
      this.#deps.rib.unsubscribe(this.#log);
      this.#policy.dispose();
      this.#disposeCursor = 1;
    }
    const end = Math.min(this.#advertised.length, this.routes.prefixes.end);
    while (this.#disposeCursor < end) {
      const prefix = this.#disposeCursor++;
      if (this.#advertised[prefix] !== 0) this.#setAdvertised(prefix, 0, true);
      if ((prefix & 255) === 0 && this.#deps.clock.now() >= until) return false;
    }
    return true;
  }

  #setOptions(options: GroupOptions): void {
    this.options = options;
    const { attrs, nextHops, sources } = this.#deps;
    (this.#policy as ExportPolicy | undefined)?.dispose();
    this.rules = new ExportRules(options, attrs, nextHops, sources);
    this.writer = new AttributeWriter(this.rules, attrs, sources);
    this.#policy = new ExportPolicy(this.rules, attrs, sources);
  }

  get #isFilled(): boolean {
    return this.#filled >= this.#fillEnd;
  }

  /** A new group looks at the whole table, a piece at a time: as fast as its members read. */
  #fill(): void {
    while (this.#filled < this.#fillEnd && this.#log.length < 8192) {
      const prefix = this.#filled++;
      if (this.routes.prefixes.isUsed(prefix)) this.#log.mark(prefix);
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
  #encodeChanges(): Batch | undefined {
    const encoder = this.encoder;
    const unhold = this.#unhold;
    encoder.begin(this.rules, this.writer);
    for (let prefix = this.#log.take(); prefix !== 0; prefix = this.#log.take()) {
      unhold.push(prefix);
      this.#encodeChange(prefix);
      if (encoder.isFull) break;
      // Many changes without effect must not take one long turn either.
      if (unhold.length >= 16384) break;
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
    const was = this.advertised(prefix);
    const best = this.#deps.rib.best(prefix);
    const is =
      best === 0 || this.#deps.isSuppressed(prefix)
        ? 0
        : this.#policy.exported(this.routes.attrs(best), this.routes.prefixes, prefix);
    if (is === was) return;
    for (const walk of this.#walks) walk.add(prefix, true);
    if (was === 0) {
      this.encoder.announce(prefix, is);
      this.#setAdvertised(prefix, is, false);
      return;
    }
    const wasSource = this.attrs.source(was);
    const wasPeer = this.rules.nextHopPeer(was);
    if (is === 0) {
      this.encoder.withdraw(prefix, wasSource, wasPeer);
      this.#setAdvertised(prefix, 0, false);
      return;
    }
    const isSource = this.attrs.source(is);
    const isPeer = this.rules.nextHopPeer(is);
    this.encoder.announce(prefix, is, isPeer);
    // Those who had the old one and must not get the new one lose it.
    if (isSource !== wasSource && isSource !== wasPeer) this.encoder.withdrawFrom(isSource, prefix);
    if (isPeer !== 0 && isPeer !== isSource && isPeer !== wasSource && isPeer !== wasPeer) {
      this.encoder.withdrawFrom(isPeer, prefix);
    }
    this.#setAdvertised(prefix, is, false);
  }

  /** Changes the Adj-RIB-Out. The hold of a prefix that is no longer advertised goes with the others, or `now`. */
  #setAdvertised(prefix: PrefixId, is: AttrsId, now: boolean): void {
    if (prefix >= this.#advertised.length) {
      const larger = new Int32Array(Math.max(prefix + 1, this.#advertised.length * 2));
      larger.set(this.#advertised);
      this.#advertised = larger;
    }
    const was = this.#advertised[prefix];
    this.#advertised[prefix] = is;
    if (is !== 0) this.attrs.retain(is);
    if (was !== 0) this.attrs.release(was);
    if (was === 0 && is !== 0) {
      this.routes.hold(prefix);
      this.advertisedCount++;
    } else if (was !== 0 && is === 0) {
      this.advertisedCount--;
      if (now) this.routes.unhold(prefix);
      else this.#unhold.push(prefix);
    }
  }

  /** Brings every live member as far as its socket lets it. */
  #pump(): void {
    const end = this.#batches.end;
    for (const member of this.members) {
      while (member.isLive && !member.blocked && member.position < end) {
        member.deliver(this.#batches.at(member.position++), this.#batches);
      }
    }
    this.#dropBatches();
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
      this.#newWalk(slow).hasStarted = true;
      this.#dropBatches();
    }
  }

  /** A walk of live members, over what they have missed so far. */
  #newWalk(members: readonly GroupMember[]): GroupWalk {
    const walk = new GroupWalk(this);
    this.#walks.add(walk);
    const missedFrom = members.reduce((least, { position }) => Math.min(least, position), this.#batches.end);
    this.#addMissed(walk, missedFrom);
    for (const member of members) {
      walk.members.add(member);
      member.isLive = false;
    }
    return walk;
  }

  /** Adds what the batches from `position` on speak of: whoever will not read them may know anything about it. */
  #addMissed(walk: GroupWalk, position: number): void {
    for (; position < this.#batches.end; position++) {
      const { prefixes, prefixCount } = this.#batches.at(position);
      for (let i = 0; i < prefixCount; i++) walk.add(prefixes[i], true);
    }
  }

  /** Lets a member go to another group; what it has not been told becomes part of its walk there. */
  #handOver(member: GroupMember, walk: GroupWalk): void {
    this.members.delete(member);
    const old = this.#walkOf(member);
    if (old === undefined) this.#addMissed(walk, member.position);
    else {
      walk.take(old);
      this.#leaveWalk(member);
    }
    this.#dropBatches();
  }

  /** A new group begins where another stands, so that only what differs is told; its log will say what that is. */
  #copyAdvertised(from: UpdateGroup): void {
    this.#isOutdated = true;
    const end = Math.min(from.#advertised.length, this.routes.prefixes.end);
    for (let prefix = 1; prefix < end; prefix++) {
      if (from.#advertised[prefix] !== 0) this.#setAdvertised(prefix, from.#advertised[prefix], true);
    }
  }

  /** Lets the member walk the whole Adj-RIB-Out, together with others that came in the same turn. */
  #walkTable(member: GroupMember): void {
    for (const walk of this.#walks) {
      if (walk.hasStarted) continue;
      walk.members.add(member);
      member.isLive = false;
      return;
    }
    this.#addAdvertised(this.#newWalk([member]), false);
  }

  #addAdvertised(walk: GroupWalk, mayHold: boolean): void {
    const end = Math.min(this.#advertised.length, this.routes.prefixes.end);
    for (let prefix = 1; prefix < end; prefix++) if (this.#advertised[prefix] !== 0) walk.add(prefix, mayHold);
  }

  #walkOf(member: GroupMember): GroupWalk | undefined {
    for (const walk of this.#walks) if (walk.members.has(member)) return walk;
    return undefined;
  }

  #split(walk: GroupWalk, members: readonly GroupMember[]): GroupWalk {
    const other = walk.split(members);
    this.#walks.add(other);
    this.#endIfEmpty(walk);
    return other;
  }

  #leaveWalk(member: GroupMember): void {
    const walk = this.#walkOf(member);
    if (walk === undefined) return;
    member.isLive = true;
    walk.members.delete(member);
    this.#endIfEmpty(walk);
  }

  #endIfEmpty(walk: GroupWalk): void {
    if (walk.members.size > 0) return;
    walk.abandon();
    this.#walks.delete(walk);
  }

  /** Takes a walk on; false if time is up. */
  #walk(walk: GroupWalk, until: number): boolean {
    while (!walk.isDone) {
      const blocked = [...walk.members].filter((member) => member.blocked);
      if (blocked.length === walk.members.size) return true;
      if (blocked.length > 0) this.#split(walk, blocked);
      const batch = walk.encode();
      if (batch !== undefined) {
        for (const member of walk.members) member.deliver(batch, this.#batches);
        this.#batches.drop(batch);
      }
      if (this.#deps.clock.now() >= until && !walk.isDone) return false;
    }
    this.#walks.delete(walk);
    for (const member of walk.members) {
      member.isLive = true;
      member.position = this.#batches.end;
      member.onRefreshed?.();
      member.onRefreshed = undefined;
    }
    return true;
  }

  #endOfRib(): void {
    if (this.#log.length > 0 || !this.#isFilled || !this.#deps.maySendEndOfRib()) return;
    for (const member of this.members) {
      if (!member.wantsEndOfRib || !member.isLive || member.position !== this.#batches.end) continue;
      member.wantsEndOfRib = false;
      member.send(endOfRibMessage(this.options.family));
    }
  }
}
