// Between Adj-RIB-In and the decision process: loops first, then the peer's import policy. Asked once per attribute set
// and remembered, or once per prefix where the policy looks at prefixes.

import type { Family } from "../base/family.js";
import { ACCEPT_ALL, type Verdict } from "../policy/route.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";
import { REJECT } from "./reject-reason.js";
import { RouteCursor } from "./route-cursor.js";
import type { Source, SourceTable } from "./sources.js";

const UNKNOWN = 0;
const REJECTED = -1;

export class ImportPolicy {
  readonly #attrs: AttrsTable;
  readonly #cursor: RouteCursor;
  /** By AttrsId as received: the set it became (a reference is held if it is another), REJECTED or UNKNOWN. */
  #memo = new Int32Array(256);
  #source: Source | undefined;
  #received: AttrsId = 0;
  #held: AttrsId = 0;
  /** Results of begin and judgePrefix: the effective set and why it is rejected (0: it is not). */
  attrs: AttrsId = 0;
  reason: number = REJECT.none;
  /** True: judgePrefix must be asked for every prefix. */
  readsPrefix = false;

  constructor(attrs: AttrsTable, sources: SourceTable) {
    this.#attrs = attrs;
    this.#cursor = new RouteCursor(attrs, sources);
    attrs.onFree.push((id) => this.#forget(id));
  }

  /** Judges the set as far as it goes without a prefix. `end` must follow. */
  begin(source: Source, received: AttrsId): void {
    this.#source = source;
    this.#received = received;
    this.attrs = received;
    this.reason = this.#attrs.loop(received);
    this.readsPrefix = false;
    const filter = source.importFilter;
    if (this.reason !== REJECT.none || filter === ACCEPT_ALL) return;
    if (filter.readsPrefix) {
      this.readsPrefix = true;
      return;
    }
    const known = received < this.#memo.length ? this.#memo[received] : UNKNOWN;
    if (known === UNKNOWN) this.#judge();
    else this.#take(known);
  }

  /** Judges the set for one prefix. */
  judgePrefix(family: Family, w0: number, w1: number, w2: number, w3: number, length: number): void {
    if (this.#source === undefined) return;
    this.#cursor.seek(this.#received, undefined);
    this.#cursor.setPrefix(family, w0, w1, w2, w3, length);
    const accepted = this.#source.importFilter(this.#cursor).accept;
    this.#hold(0);
    this.#take(accepted ? this.#cursor.commit() || REJECTED : REJECTED);
    if (this.attrs !== this.#received) this.#hold(this.attrs);
  }

  end(): void {
    this.#hold(0);
    this.#source = undefined;
  }

  /** What the policy says of a route, with the line that decided: for people, computed afresh. */
  explain(source: Source, received: AttrsId, family: Family, w: readonly number[], length: number): Verdict {
    this.#cursor.seek(received, undefined);
    this.#cursor.setPrefix(family, w[0], w[1], w[2], w[3], length);
    return source.importFilter(this.#cursor);
  }

  /** The source has another policy: nothing remembered about its sets holds any more. */
  forgetSource(source: Source): void {
    for (let id = 1; id < this.#memo.length; id++) {
      if (this.#memo[id] !== UNKNOWN && this.#attrs.source(id) === source.id) this.#forget(id);
    }
  }

  #judge(): void {
    if (this.#source === undefined) return;
    this.#cursor.seek(this.#received, undefined);
    const accepted = this.#source.importFilter(this.#cursor).accept;
    const result = accepted ? this.#cursor.commit() || REJECTED : REJECTED;
    if (result > 0 && result !== this.#received) this.#attrs.retain(result);
    if (this.#received >= this.#memo.length) {
      const larger = new Int32Array(Math.max(this.#attrs.end, this.#memo.length * 2));
      larger.set(this.#memo);
      this.#memo = larger;
    }
    this.#memo[this.#received] = result;
    this.#take(result);
  }

  #take(result: number): void {
    this.attrs = result === REJECTED ? this.#received : result;
    this.reason = result === REJECTED ? REJECT.importPolicy : REJECT.none;
  }

  /** Keeps the set of the prefix at hand alive until the next one. */
  #hold(id: AttrsId): void {
    if (id !== 0) this.#attrs.retain(id);
    if (this.#held !== 0) this.#attrs.release(this.#held);
    this.#held = id;
  }

  #forget(id: AttrsId): void {
    if (id >= this.#memo.length || this.#memo[id] === UNKNOWN) return;
    const result = this.#memo[id];
    this.#memo[id] = UNKNOWN;
    if (result > 0 && result !== id) this.#attrs.release(result);
  }
}
