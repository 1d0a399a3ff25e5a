// The walks of one update group: who is taken out of the stream, who shares a walk, who rejoins.

import type { Clock } from "../base/clock.js";
import type { GroupBatches } from "./group-batches.js";
import type { GroupMember } from "./group-member.js";
import { GroupWalk, type WalkedGroup } from "./group-walk.js";
import type { PrefixId } from "./route-table.js";
import type { FollowedGroup } from "./walk-backlog.js";

export class GroupWalks {
  readonly #group: WalkedGroup;
  readonly #batches: GroupBatches;
  readonly #clock: Clock;
  readonly #walks = new Set<GroupWalk>();

  constructor(group: WalkedGroup, batches: GroupBatches, clock: Clock) {
    this.#group = group;
    this.#batches = batches;
    this.#clock = clock;
  }

  get size(): number {
    return this.#walks.size;
  }

  /** What is advertised as the path has changed: everybody who walks may know something else. */
  owe(prefix: PrefixId, pathId: number): void {
    for (const walk of this.#walks) walk.owe(prefix, pathId);
  }

  /** A walk of live members, over what they have missed so far. */
  start(members: readonly GroupMember[]): GroupWalk {
    const walk = new GroupWalk(this.#group);
    this.#walks.add(walk);
    const missedFrom = members.reduce((least, { position }) => Math.min(least, position), this.#batches.end);
    walk.backlog.miss(this.#batches, missedFrom);
    for (const member of members) {
      walk.members.add(member);
      member.isLive = false;
    }
    return walk;
  }

  /** Lets the member walk the whole Adj-RIB-Out, together with others that came in the same turn. */
  tellTable(member: GroupMember): void {
    for (const walk of this.#walks) {
      if (walk.hasStarted) continue;
      walk.members.add(member);
      member.isLive = false;
      return;
    }
    this.start([member]).addTable();
  }

  /** Tells the member everything again, whether it walks already or not. */
  tellAgain(member: GroupMember): void {
    const old = this.#walkOf(member);
    const walk = old === undefined ? this.start([member]) : this.#split(old, [member]);
    walk.addTable();
  }

  /** The octets of what is advertised are no longer what the members know. `live`: those of them that do not walk. */
  tellAllAgain(live: readonly GroupMember[]): void {
    if (live.length > 0) this.start(live);
    // Not only told again: other rules may withhold a route from the peer that is its next hop.
    for (const walk of this.#walks) walk.oweTable();
  }

  /** The member leaves the group. */
  leave(member: GroupMember): void {
    const walk = this.#walkOf(member);
    if (walk === undefined) return;
    member.isLive = true;
    walk.members.delete(member);
    this.#endIfEmpty(walk);
  }

  /** Takes over members of another group. What they have not been told there becomes part of their walks here; those who
   *  stand at the same place share one. `compared`: the other group, unless it is known to have advertised the same. */
  adopt(members: readonly GroupMember[], from: GroupWalks, compared?: FollowedGroup, isSameRewriting = true): void {
    for (const [place, moving] of from.#placesOf(members)) {
      const walk = new GroupWalk(this.#group);
      // Nobody who must be told the whole table may join it.
      walk.hasStarted = true;
      this.#walks.add(walk);
      if (typeof place === "number") walk.backlog.miss(from.#batches, place);
      else walk.take(place);
      const isToldAll = typeof place === "number" || !place.isTellingTable;
      if (!isToldAll) walk.oweTable();
      if (compared !== undefined) walk.backlog.compare(compared, isSameRewriting && isToldAll);
      for (const member of moving) {
        from.leave(member);
        walk.members.add(member);
        member.isLive = false;
      }
    }
  }

  /** Takes all walks on; false if time is up. */
  advance(until: number): boolean {
    for (const walk of [...this.#walks]) {
      // Also for members that take nothing now: what they missed is kept until it is noted.
      if (!walk.backlog.work(until, this.#clock)) return false;
    }
    for (const walk of [...this.#walks]) {
      if (!this.#walk(walk, until)) return false;
    }
    return true;
  }

  /** Members by where they stand: a walk, or a position in the stream. */
  #placesOf(members: readonly GroupMember[]): ReadonlyMap<GroupWalk | number, readonly GroupMember[]> {
    const places = new Map<GroupWalk | number, GroupMember[]>();
    for (const member of members) {
      const place = this.#walkOf(member) ?? member.position;
      const others = places.get(place);
      if (others === undefined) places.set(place, [member]);
      else others.push(member);
    }
    return places;
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

  #endIfEmpty(walk: GroupWalk): void {
    if (walk.members.size > 0) return;
    walk.abandon();
    this.#walks.delete(walk);
  }

  /** Takes a walk on; false if time is up. */
  #walk(walk: GroupWalk, until: number): boolean {
    while (!walk.isDone) {
      const blocked = [...walk.members].filter((member) => member.blocked || !this.#group.isPermitted(member));
      if (blocked.length === walk.members.size) return true;
      if (blocked.length > 0) this.#split(walk, blocked);
      const batch = walk.encode();
      if (batch !== undefined) {
        for (const member of walk.members) member.deliver(batch, this.#batches);
        this.#batches.drop(batch);
      }
      if (this.#clock.now() >= until && !walk.isDone) return false;
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
}
