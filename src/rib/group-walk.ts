// Members of an update group that are told the table instead of the stream of changes: late joiners, ROUTE-REFRESH,
// slow ones that fell out of the kept batches, peers that moved here from another group. One mechanism for all.
//
// `pending` holds the prefixes still to be told, `changed` those of which the members may hold something outdated, so
// that a withdrawal is due if there is nothing to announce. Changes that come meanwhile are added to both; when nothing
// is pending the members rejoin the stream where it stands. Pending prefixes are held, so that their rows stay.

import { Bitset } from "../base/bitset.js";
import type { AttributeWriter } from "./attribute-writer.js";
import type { AttrsTable } from "./attrs-table.js";
import type { BatchEncoder } from "./batch-encoder.js";
import type { ExportRules } from "./export-rules.js";
import type { Batch } from "./group-batches.js";
import type { GroupMember } from "./group-member.js";
import type { PrefixId, RouteTable } from "./route-table.js";

/** What a walk needs of its group. */
export interface WalkedGroup {
  readonly rules: ExportRules;
  readonly writer: AttributeWriter;
  readonly encoder: BatchEncoder;
  readonly routes: RouteTable;
  readonly attrs: AttrsTable;
  advertised(prefix: PrefixId): number;
}

export class GroupWalk {
  readonly members = new Set<GroupMember>();
  readonly #group: WalkedGroup;
  #pending = new Bitset();
  #changed = new Bitset();
  #cursor = 0;
  readonly #told: PrefixId[] = [];
  /** False until the first batch: members may still join. */
  hasStarted = false;

  constructor(group: WalkedGroup) {
    this.#group = group;
  }

  get isDone(): boolean {
    return this.#pending.size === 0;
  }

  /** A prefix to be told. `mayHold`: the members may know something else about it. */
  add(prefix: PrefixId, mayHold: boolean): void {
    if (this.#pending.add(prefix)) this.#group.routes.hold(prefix);
    if (mayHold) this.#changed.add(prefix);
  }

  /** The next batch of the walk, or undefined when nothing had to be said. */
  encode(): Batch | undefined {
    this.hasStarted = true;
    const { rules, writer, encoder, routes } = this.#group;
    encoder.begin(rules, writer);
    while (!encoder.isFull && this.#pending.size > 0) {
      let prefix = this.#pending.next(this.#cursor);
      if (prefix < 0) prefix = this.#pending.next(0);
      this.#cursor = prefix + 1;
      this.#pending.delete(prefix);
      this.#told.push(prefix);
      this.#tell(prefix, this.#changed.delete(prefix));
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
    other.#changed = this.#changed.copy();
    other.#cursor = this.#cursor;
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
    for (let prefix = other.#pending.next(0); prefix >= 0; prefix = other.#pending.next(prefix + 1)) {
      this.add(prefix, other.#changed.has(prefix));
    }
  }

  /** Gives up what is pending. */
  abandon(): void {
    for (let prefix = this.#pending.next(0); prefix >= 0; prefix = this.#pending.next(prefix + 1)) {
      this.#group.routes.unhold(prefix);
    }
    this.#pending.clear();
    this.#changed.clear();
  }

  #tell(prefix: PrefixId, mayHold: boolean): void {
    const { attrs, encoder, rules } = this.#group;
    const advertised = this.#group.advertised(prefix);
    if (advertised === 0) {
      if (mayHold) encoder.withdraw(prefix, 0, 0);
      return;
    }
    const source = attrs.source(advertised);
    const nextHopPeer = rules.nextHopPeer(advertised);
    encoder.announce(prefix, advertised, nextHopPeer);
    if (!mayHold) return;
    for (const member of this.members) {
      if (member.source === source || member.source === nextHopPeer) encoder.withdrawFrom(member.source, prefix);
    }
  }
}
