// How much each member of an update group has been told, for limits and status: all that the group advertises less what
// came from the member itself. Kept up to date only in groups where somebody asks.

import type { AdjRibOut } from "./adj-rib-out.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";
import type { ExportRules } from "./export-rules.js";
import type { GroupMember } from "./group-member.js";
import type { SourceId } from "./sources.js";

export class ToldCounts {
  readonly #advertised: AdjRibOut;
  readonly #attrs: AttrsTable;
  /** Paths advertised, by source. */
  #own = new Int32Array(64);

  /** One walk over what is advertised. */
  constructor(advertised: AdjRibOut, attrs: AttrsTable) {
    this.#advertised = advertised;
    this.#attrs = attrs;
    this.#eachPath((is) => this.#add(is, 1));
  }

  /** The Adj-RIB-Out changes; both sets are still referenced. */
  changed(was: AttrsId, is: AttrsId): void {
    if (was !== 0) this.#add(was, -1);
    if (is !== 0) this.#add(is, 1);
  }

  /** Paths for the member; a few too many where it is the next hop of others' routes. */
  bound(member: SourceId): number {
    return this.#advertised.count - (member < this.#own.length ? this.#own[member] : 0);
  }

  /** Asks the member's limit. False: it is told nothing any more. */
  permits(member: GroupMember, rules: ExportRules): boolean {
    const { limit, source } = member;
    if (limit === undefined) return true;
    const bound = this.bound(source);
    if (limit.permits(bound <= limit.most ? bound : this.#exact(source, rules))) return true;
    member.blocked = true;
    return false;
  }

  /** Paths for the member, by a walk: without those of which it is the next hop (RFC 4271 §5.1.3). */
  #exact(member: SourceId, rules: ExportRules): number {
    let count = 0;
    this.#eachPath((is) => {
      if (this.#attrs.source(is) !== member && rules.nextHopPeer(is) !== member) count++;
    });
    return count;
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

  #eachPath(visit: (is: AttrsId) => void): void {
    const advertised = this.#advertised;
    for (let prefix = 1; prefix < advertised.end; prefix++) {
      for (let path = advertised.first(prefix); path !== 0; path = advertised.next(path)) visit(advertised.attrs(path));
    }
  }
}
