// How much each member of an update group has been told, for limits and status: all that the group advertises less what
// came from the member itself. Kept up to date only in groups where somebody asks; begun on a full table it is counted in
// slices, and until that is over nobody who has a limit is told anything.

import type { Clock } from "../base/clock.js";
import type { AdjRibOut } from "./adj-rib-out.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";
import type { ExportRules } from "./export-rules.js";
import type { GroupMember } from "./group-member.js";
import type { NextHopTable } from "./next-hop-table.js";
import type { PrefixId } from "./route-table.js";
import type { SourceId } from "./sources.js";

/** Rows between two looks at the clock. */
const STRIDE = 1024;

/** A sum over the paths advertised, right at every moment for the rows it has come to. */
class Tally {
  readonly #advertised: AdjRibOut;
  readonly #add: (is: AttrsId, change: number) => void;
  #next: PrefixId = 1;
  readonly #end: PrefixId;

  constructor(advertised: AdjRibOut, add: (is: AttrsId, change: number) => void) {
    this.#advertised = advertised;
    this.#add = add;
    this.#end = advertised.count === 0 ? 1 : advertised.end;
  }

  get isComplete(): boolean {
    return this.#next >= this.#end;
  }

  changed(prefix: PrefixId, was: AttrsId, is: AttrsId): void {
    if (prefix >= this.#next && prefix < this.#end) return;
    if (was !== 0) this.#add(was, -1);
    if (is !== 0) this.#add(is, 1);
  }

  /** Works until `until`; true when complete. */
  work(until: number, clock: Clock): boolean {
    const advertised = this.#advertised;
    while (this.#next < this.#end) {
      const prefix = this.#next++;
      for (let path = advertised.first(prefix); path !== 0; path = advertised.next(path)) {
        this.#add(advertised.attrs(path), 1);
      }
      if ((prefix & (STRIDE - 1)) === 0 && clock.now() >= until) return this.isComplete;
    }
    return true;
  }
}

/** Paths for one member without those of which it is the next hop (RFC 4271 §5.1.3). */
interface Exact {
  count: number;
  readonly tally: Tally;
  /** Under these it holds who is whose next hop. */
  readonly rules: ExportRules;
  readonly peerChanges: number;
}

export class ToldCounts {
  readonly #advertised: AdjRibOut;
  readonly #attrs: AttrsTable;
  readonly #nextHops: NextHopTable;
  /** Paths advertised, by source. */
  #own = new Int32Array(64);
  readonly #total: Tally;
  /** Of members for which the bound was too high. */
  readonly #exact = new Map<SourceId, Exact>();

  constructor(advertised: AdjRibOut, attrs: AttrsTable, nextHops: NextHopTable) {
    this.#advertised = advertised;
    this.#attrs = attrs;
    this.#nextHops = nextHops;
    this.#total = new Tally(advertised, (is, change) => this.#add(is, change));
  }

  /** False: work is to be called again before anybody is permitted anything. */
  get isComplete(): boolean {
    if (!this.#total.isComplete) return false;
    for (const { tally } of this.#exact.values()) if (!tally.isComplete) return false;
    return true;
  }

  /** Counts on until `until`; true when complete. */
  work(until: number, clock: Clock): boolean {
    if (!this.#total.work(until, clock)) return false;
    for (const { tally } of this.#exact.values()) if (!tally.work(until, clock)) return false;
    return true;
  }

  /** The Adj-RIB-Out is about to change; both sets are still referenced. */
  changed(prefix: PrefixId, was: AttrsId, is: AttrsId): void {
    this.#total.changed(prefix, was, is);
    if (this.#exact.size === 0) return;
    for (const { tally } of this.#exact.values()) tally.changed(prefix, was, is);
  }

  /** Paths for the member; a few too many where it is the next hop of others' routes, and while not everything is counted. */
  bound(member: SourceId): number {
    return this.#advertised.count - (member < this.#own.length ? this.#own[member] : 0);
  }

  /** Asks the member's limit. False: it is told nothing any more, or nothing yet. */
  permits(member: GroupMember, rules: ExportRules): boolean {
    const { limit, source } = member;
    if (limit === undefined) return true;
    if (!this.#total.isComplete) return false;
    const bound = this.bound(source);
    if (bound <= limit.most) this.#exact.delete(source);
    const count = bound <= limit.most ? bound : this.#exactly(source, rules);
    if (count === undefined) return false;
    if (limit.permits(count)) return true;
    member.blocked = true;
    return false;
  }

  /** The member has left. */
  forget(member: SourceId): void {
    this.#exact.delete(member);
  }

  /** Undefined: not counted yet. */
  #exactly(member: SourceId, rules: ExportRules): number | undefined {
    const { peerChanges } = this.#nextHops;
    let exact = this.#exact.get(member);
    if (exact === undefined || exact.rules !== rules || exact.peerChanges !== peerChanges) {
      exact = this.#begin(member, rules, peerChanges);
      this.#exact.set(member, exact);
    }
    return exact.tally.isComplete ? exact.count : undefined;
  }

  #begin(member: SourceId, rules: ExportRules, peerChanges: number): Exact {
    const add = (is: AttrsId, change: number): void => {
      if (this.#attrs.source(is) !== member && rules.nextHopPeer(is) !== member) exact.count += change;
    };
    const exact: Exact = { count: 0, tally: new Tally(this.#advertised, add), rules, peerChanges };
    return exact;
  }

  #add(is: AttrsId, change: number): void {
    const source = this.#attrs.source(is);
    if (source >= this.#own.length) {
      const larger = new Int32Array(Math.max(source + 1, this.#own.length * 2));
      larger.set(this.#own);
      this.#own = larger;
    }
    this.#own[source] += change;
  }
}
