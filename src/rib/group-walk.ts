// Members of an update group that are told the table instead of the stream of changes: late joiners, ROUTE-REFRESH,
// slow ones that fell out of the kept batches, peers that moved here from another group. One mechanism for all.
//
// `pending` holds the prefixes still to be told, `owed` the paths of them that the members may hold, so that a withdrawal
// is due where they are no longer advertised. Changes that come meanwhile are added to both; when nothing is pending the
// members rejoin the stream where it stands. Pending prefixes are held, so that their rows stay. What is pending is found
// out a few rows at a time (walk-backlog.ts): a row that changes before it was looked at is added by its change.

import { Bitset } from "../base/bitset.js";
import type { AdjRibOut } from "./adj-rib-out.js";
import type { AttributeWriter } from "./attribute-writer.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";
import type { BatchEncoder } from "./batch-encoder.js";
import type { ExportRules } from "./export-rules.js";
import type { Batch } from "./group-batches.js";
import type { GroupMember } from "./group-member.js";
import { OwedPaths, OwedPrefixes, type OwedWithdrawals } from "./owed-withdrawals.js";
import type { PathNode } from "./path-lists.js";
import { RowCircle } from "./row-circle.js";
import type { PrefixId, RouteTable } from "./route-table.js";
import { WalkBacklog } from "./walk-backlog.js";

/** What a walk needs of its group. */
export interface WalkedGroup {
  readonly rules: ExportRules;
  readonly writer: AttributeWriter;
  readonly encoder: BatchEncoder;
  readonly routes: RouteTable;
  readonly attrs: AttrsTable;
  readonly advertised: AdjRibOut;
  /** False: nothing more may be told to the member. */
  isPermitted(member: GroupMember): boolean;
}

/** Rows of the table that become pending at a time, and how many may be pending when more are looked for. */
const TABLE_ROWS = 8192;
/** Prefixes of a batch: many that have nothing to be told must not take one long turn. */
const MOST_TOLD = 8192;

export class GroupWalk {
  readonly members = new Set<GroupMember>();
  /** What the members may know beside what is advertised here. */
  readonly backlog: WalkBacklog;
  readonly #group: WalkedGroup;
  #pending = new Bitset();
  #owed: OwedWithdrawals;
  #cursor = 0;
  /** Rows of what is advertised that have yet to become pending. */
  #table = new RowCircle();
  /** The members may hold what is advertised there. */
  #isTableOwed = false;
  readonly #told: PrefixId[] = [];
  /** False until the first batch: members may still join. */
  hasStarted = false;

  constructor(group: WalkedGroup) {
    this.#group = group;
    this.#owed = group.rules.options.addPathSend === 0 ? new OwedPrefixes() : new OwedPaths();
    this.backlog = new WalkBacklog(this, group);
  }

  get isDone(): boolean {
    return this.#pending.size === 0 && this.#table.isDone && this.backlog.isDone;
  }

  /** The table, or some of it, is told again whatever the members know. */
  get isTellingTable(): boolean {
    return !this.#table.isDone;
  }

  /** A prefix to be told. */
  add(prefix: PrefixId): void {
    if (this.#pending.add(prefix)) this.#group.routes.hold(prefix);
  }

  /** A prefix to be told; the members may know something else about this path of it. */
  owe(prefix: PrefixId, pathId: number): void {
    this.add(prefix);
    this.#owed.add(prefix, pathId);
  }

  /** All that is advertised is to be told. */
  addTable(): void {
    if (this.#table.isDone) this.#isTableOwed = false;
    this.#table.begin(this.#group.routes.prefixes.end);
  }

  /** All that is advertised is to be told, and the members may hold it. */
  oweTable(): void {
    this.#isTableOwed = true;
    this.#table.begin(this.#group.routes.prefixes.end);
  }

  /** The members may hold whatever is advertised of the prefix there. */
  oweAll(prefix: PrefixId, advertised: AdjRibOut): void {
    for (let path = advertised.first(prefix); path !== 0; path = advertised.next(path)) {
      this.owe(prefix, advertised.pathId(path));
    }
  }

  /** The next batch of the walk, or undefined when nothing had to be said. */
  encode(): Batch | undefined {
    this.hasStarted = true;
    if (this.#pending.size < TABLE_ROWS) this.#takeTable();
    const { rules, writer, encoder, routes } = this.#group;
    encoder.begin(rules, writer);
    while (!encoder.isFull && this.#pending.size > 0 && this.#told.length < MOST_TOLD) {
      let prefix = this.#pending.next(this.#cursor);
      if (prefix < 0) prefix = this.#pending.next(0);
      this.#cursor = prefix + 1;
      this.#pending.delete(prefix);
      this.#told.push(prefix);
      this.#tell(prefix);
    }
    const batch = encoder.isEmpty ? undefined : encoder.finish();
    for (const prefix of this.#told) routes.unhold(prefix);
    this.#told.length = 0;
    return batch;
  }

  /** A walk of its own for some of the members, from where this one stands. */
  split(members: readonly GroupMember[]): GroupWalk {
    const other = new GroupWalk(this.#group);
    other.#pending = this.#pending.copy();
    other.#owed = this.#owed.copy();
    other.#cursor = this.#cursor;
    other.#table = this.#table.copy();
    other.#isTableOwed = this.#isTableOwed;
    other.backlog.take(this.backlog);
    other.hasStarted = true;
    for (let prefix = other.#pending.next(0); prefix >= 0; prefix = other.#pending.next(prefix + 1)) {
      this.#group.routes.hold(prefix);
    }
    for (const member of members) {
      this.members.delete(member);
      other.members.add(member);
    }
    return other;
  }

  /** Adds what another walk still had to tell. */
  take(other: GroupWalk): void {
    const owed = other.#owed;
    for (let prefix = other.#pending.next(0); prefix >= 0; prefix = other.#pending.next(prefix + 1)) {
      this.add(prefix);
      for (let node = owed.first(prefix); node !== 0; node = owed.next(node)) this.owe(prefix, owed.pathId(node));
    }
    this.backlog.take(other.backlog);
  }

  /** Gives up what is pending. */
  abandon(): void {
    for (let prefix = this.#pending.next(0); prefix >= 0; prefix = this.#pending.next(prefix + 1)) {
      this.#group.routes.unhold(prefix);
    }
    this.#pending = new Bitset();
    this.backlog.abandon();
  }

  #takeTable(): void {
    const { advertised } = this.#group;
    for (let rows = 0; rows < TABLE_ROWS && !this.#table.isDone; rows++) {
      const prefix = this.#table.take();
      if (this.#isTableOwed) this.oweAll(prefix, advertised);
      else if (advertised.first(prefix) !== 0) this.add(prefix);
    }
  }

  #tell(prefix: PrefixId): void {
    const { advertised, encoder } = this.#group;
    const owed = this.#owed.first(prefix);
    if (owed !== 0) {
      this.#tellOwed(prefix, owed);
      this.#owed.clear(prefix);
      return;
    }
    for (let path = advertised.first(prefix); path !== 0; path = advertised.next(path)) {
      encoder.announce(prefix, advertised.attrs(path), undefined, advertised.pathId(path));
    }
  }

  /** Announces the paths of a prefix, and withdraws those owed that are not among them. Both lists are in one order. */
  #tellOwed(prefix: PrefixId, owed: PathNode): void {
    const { advertised, encoder } = this.#group;
    for (let path = advertised.first(prefix); path !== 0; path = advertised.next(path)) {
      const pathId = advertised.pathId(path);
      for (; owed !== 0 && this.#owed.pathId(owed) < pathId; owed = this.#owed.next(owed)) {
        encoder.withdraw(prefix, 0, 0, this.#owed.pathId(owed));
      }
      const set = advertised.attrs(path);
      encoder.announce(prefix, set, undefined, pathId);
      if (owed === 0 || this.#owed.pathId(owed) !== pathId) continue;
      owed = this.#owed.next(owed);
      this.#withdrawFromOwners(prefix, pathId, set);
    }
    for (; owed !== 0; owed = this.#owed.next(owed)) encoder.withdraw(prefix, 0, 0, this.#owed.pathId(owed));
  }

  /** Members that may hold the path, but must not be told it as it is now, lose it. */
  #withdrawFromOwners(prefix: PrefixId, pathId: number, set: AttrsId): void {
    const { attrs, encoder, rules } = this.#group;
    const source = attrs.source(set);
    const nextHopPeer = rules.nextHopPeer(set);
    for (const member of this.members) {
      if (member.source === source || member.source === nextHopPeer) {
        encoder.withdrawFrom(member.source, prefix, pathId);
      }
    }
  }
}
