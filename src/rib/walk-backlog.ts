// What the members of a walk may know and must be told again, found out in slices: batches that they will not read, and the
// Adj-RIB-Out of the group they came from, as far as it differs from that of their new one.
//
// A group that somebody still compares with says so before it changes anything (AdvertisedFollower), and keeps what it has
// advertised until nobody does.

import type { Clock } from "../base/clock.js";
import { type AdjRibOut, isToldAlike, ONLY_PATH } from "./adj-rib-out.js";
import type { ExportRules } from "./export-rules.js";
import type { Batch, GroupBatches } from "./group-batches.js";
import type { PrefixId, RouteTable } from "./route-table.js";

/** Rows between two looks at the clock. */
const STRIDE = 1024;

/** Somebody who still reads what a group has advertised so far. */
export interface AdvertisedFollower {
  /** A path of the prefix is about to change there. */
  willChange(prefix: PrefixId, pathId: number): void;
}

/** The group that members came from. */
export interface FollowedGroup {
  readonly advertised: AdjRibOut;
  readonly followers: Set<AdvertisedFollower>;
}

/** What is found out is added to a walk. */
export interface PendingPrefixes {
  /** A prefix to be told. */
  add(prefix: PrefixId): void;
  /** A prefix to be told; the members may know something else about this path of it. */
  owe(prefix: PrefixId, pathId: number): void;
  /** The members may hold whatever is advertised of the prefix there. */
  oweAll(prefix: PrefixId, advertised: AdjRibOut): void;
}

/** The group of the walk. */
export interface TellingGroup {
  readonly rules: ExportRules;
  readonly routes: RouteTable;
  readonly advertised: AdjRibOut;
}

interface Missed {
  readonly batch: Batch;
  readonly owner: GroupBatches;
}

/** What the members were told in another group, against what is advertised in this one. */
class Difference implements AdvertisedFollower {
  readonly from: FollowedGroup;
  readonly #walk: PendingPrefixes;
  readonly #group: TellingGroup;
  /** Equal sets went out as equal octets there. */
  readonly #isSameRewriting: boolean;
  #next: PrefixId;
  readonly #end: PrefixId;

  constructor(walk: PendingPrefixes, group: TellingGroup, from: FollowedGroup, isSameRewriting: boolean, next = 1) {
    this.#walk = walk;
    this.#group = group;
    this.from = from;
    this.#isSameRewriting = isSameRewriting;
    this.#next = next;
    this.#end = group.routes.prefixes.end;
    from.followers.add(this);
  }

  get next(): PrefixId {
    return this.#next;
  }

  willChange(prefix: PrefixId, pathId: number): void {
    if (prefix >= this.#next) this.#walk.owe(prefix, pathId);
  }

  /** Looks at some rows; true when it has looked at all of them. */
  step(): boolean {
    const { advertised } = this.#group;
    const { advertised: told } = this.from;
    const end = Math.min(this.#next + STRIDE, this.#end);
    for (; this.#next < end; this.#next++) {
      const prefix = this.#next;
      if (this.#isSameRewriting && isToldAlike(advertised, told, prefix)) continue;
      if (advertised.first(prefix) !== 0) this.#walk.add(prefix);
      this.#walk.oweAll(prefix, told);
    }
    return this.#next >= this.#end;
  }
}

export class WalkBacklog {
  readonly #walk: PendingPrefixes;
  readonly #group: TellingGroup;
  readonly #missed: Missed[] = [];
  readonly #differences: Difference[] = [];

  constructor(walk: PendingPrefixes, group: TellingGroup) {
    this.#walk = walk;
    this.#group = group;
  }

  get isDone(): boolean {
    return this.#missed.length === 0 && this.#differences.length === 0;
  }

  /** The batches from `position` on will not be read: whatever they speak of may or may not be known. */
  miss(owner: GroupBatches, position: number): void {
    for (; position < owner.end; position++) this.#keep(owner.at(position), owner);
  }

  /** The members know what is advertised there. */
  compare(from: FollowedGroup, isSameRewriting: boolean): void {
    this.#differences.push(new Difference(this.#walk, this.#group, from, isSameRewriting));
  }

  /** Takes over what another walk has not found out yet. */
  take(other: WalkBacklog): void {
    for (const { batch, owner } of other.#missed) this.#keep(batch, owner);
    for (const { from, next } of other.#differences) {
      this.#differences.push(new Difference(this.#walk, this.#group, from, false, next));
    }
  }

  /** Works until `until`; true when everything is found out. */
  work(until: number, clock: Clock): boolean {
    while (!this.isDone) {
      const missed = this.#missed.pop();
      if (missed !== undefined) this.#note(missed);
      else if (this.#differences[0].step()) this.#end(this.#differences.shift());
      if (clock.now() >= until && !this.isDone) return false;
    }
    return true;
  }

  abandon(): void {
    for (const { batch, owner } of this.#missed) owner.noted(batch);
    this.#missed.length = 0;
    for (const difference of this.#differences) this.#end(difference);
    this.#differences.length = 0;
  }

  #keep(batch: Batch, owner: GroupBatches): void {
    owner.keep(batch);
    this.#missed.push({ batch, owner });
  }

  #note({ batch, owner }: Missed): void {
    const hasPathIds = this.#group.rules.options.addPathSend !== 0;
    for (let i = 0; i < batch.prefixCount; i++) {
      this.#walk.owe(batch.prefixes[i], hasPathIds ? batch.pathId(i) : ONLY_PATH);
    }
    owner.noted(batch);
  }

  #end(difference: Difference | undefined): void {
    difference?.from.followers.delete(difference);
  }
}
