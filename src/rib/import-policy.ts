// Between Adj-RIB-In and the decision process: loops and leaks first, then the peer's options and its import policy. Asked
// once per attribute set and remembered, or once per prefix where the policy looks at prefixes.

import type { Family } from "../base/family.js";
import { ACCEPT_ALL, type Filter, isPerRoute, type Verdict } from "../policy/route.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";
import { ImportRewriting } from "./import-rewriting.js";
import type { OwedReleases } from "./owed-releases.js";
import { REJECT } from "./reject-reason.js";
import { RouteCursor } from "./route-cursor.js";
import type { Source, SourceOptions, SourceTable } from "./sources.js";

const UNKNOWN = 0;
const REJECTED = -1;

export class ImportPolicy {
  readonly #attrs: AttrsTable;
  readonly #owed: OwedReleases;
  readonly #cursor: RouteCursor;
  readonly rewriting: ImportRewriting;
  /** By AttrsId as received: the set it became (a reference is held if it is another), REJECTED or UNKNOWN. Where the
   *  policy looks at prefixes: the set that the policy is shown. */
  #memo = new Int32Array(256);
  /** The source and filter that were asked last, where the filter looks at nothing but the source, and the verdict. */
  #latest: SourceOptions | undefined;
  #latestFilter: Filter | undefined;
  #acceptsLatest = false;
  #source: Source | undefined;
  #received: AttrsId = 0;
  #shown: AttrsId = 0;
  #held: AttrsId = 0;
  /** Results of begin and judgePrefix: the effective set and why it is rejected (0: it is not). */
  attrs: AttrsId = 0;
  reason: number = REJECT.none;
  /** True: judgePrefix must be asked for every prefix. */
  readsPrefix = false;

  constructor(attrs: AttrsTable, sources: SourceTable, owed: OwedReleases) {
    this.#attrs = attrs;
    this.#owed = owed;
    this.#cursor = new RouteCursor(attrs, sources);
    this.rewriting = new ImportRewriting(attrs, sources);
    attrs.onFree.push((id) => this.#forget(id));
  }

  /** Judges the set as far as it goes without a prefix. `end` must follow. */
  begin(source: Source, received: AttrsId): void {
    this.#source = source;
    this.#received = received;
    this.attrs = received;
    this.reason = this.#attrs.rejectReason(received);
    this.readsPrefix = false;
    const filter = source.importFilter;
    if (this.reason !== REJECT.none) return;
    if (filter.isPerSource === true && !this.rewriting.touches(source, received)) {
      if (!this.#acceptsSource(source, received)) this.reason = REJECT.importPolicy;
      return;
    }
    const known = received < this.#memo.length ? this.#memo[received] : UNKNOWN;
    const result = known === UNKNOWN ? this.#judge(source) : known;
    if (isPerRoute(filter) && result !== REJECTED) {
      this.readsPrefix = true;
      this.#shown = result;
    } else this.#take(result);
  }

  /** Judges the set for one prefix. */
  judgePrefix(family: Family, w0: number, w1: number, w2: number, w3: number, length: number): void {
    if (this.#source === undefined) return;
    this.#cursor.seek(this.#shown, undefined);
    this.#cursor.setPrefix(family, w0, w1, w2, w3, length);
    this.#hold(0);
    this.#take(this.#filtered(this.#source, this.#shown));
    if (this.attrs !== this.#received) this.#hold(this.attrs);
  }

  end(): void {
    this.#hold(0);
    this.#source = undefined;
  }

  /** What the policy says of a route, with the line that decided: for people, computed afresh. */
  explain(source: Source, received: AttrsId, family: Family, w: readonly number[], length: number): Verdict {
    const shown = this.rewriting.before(source, received);
    if (shown === 0) return { accept: false, by: "the length of its attributes" };
    this.#cursor.seek(shown, undefined);
    this.#cursor.setPrefix(family, w[0], w[1], w[2], w[3], length);
    const verdict = source.importFilter(this.#cursor);
    if (shown !== received) this.#attrs.discard(shown);
    return verdict;
  }

  /** The source has another policy: nothing remembered about its sets holds any more. */
  forgetSource(source: Source): void {
    for (let id = 1; id < this.#memo.length; id++) {
      const result = this.#memo[id];
      if (result === UNKNOWN || this.#attrs.source(id) !== source.id) continue;
      this.#memo[id] = UNKNOWN;
      if (result > 0 && result !== id) this.#owed.add(result);
    }
  }

  /** The verdict on all routes of the source. UPDATEs of one source come in runs. */
  #acceptsSource(source: Source, received: AttrsId): boolean {
    const filter = source.importFilter;
    if (filter === ACCEPT_ALL) return true;
    if (source.options !== this.#latest || filter !== this.#latestFilter) {
      this.#cursor.seek(received, undefined);
      this.#acceptsLatest = filter(this.#cursor).accept;
      this.#latest = source.options;
      this.#latestFilter = filter;
    }
    return this.#acceptsLatest;
  }

  /** Works out what is remembered of the set. */
  #judge(source: Source): number {
    const received = this.#received;
    const shown = this.rewriting.before(source, received) || REJECTED;
    let result = shown;
    if (shown !== REJECTED && !isPerRoute(source.importFilter)) {
      this.#cursor.seek(shown, undefined);
      result = this.#filtered(source, shown);
      if (shown !== received && shown !== result) this.#attrs.discard(shown);
    }
    if (result !== REJECTED && result !== received) this.#attrs.retain(result);
    if (received >= this.#memo.length) {
      const larger = new Int32Array(Math.max(this.#attrs.end, this.#memo.length * 2));
      larger.set(this.#memo);
      this.#memo = larger;
    }
    this.#memo[received] = result;
    return result;
  }

  /** The effective set of what the cursor shows, or REJECTED. */
  #filtered(source: Source, shown: AttrsId): number {
    if (!source.importFilter(this.#cursor).accept) return REJECTED;
    const filtered = this.#cursor.commit();
    if (filtered === 0) return REJECTED;
    const result = this.rewriting.after(source, filtered) || REJECTED;
    if (filtered !== shown && filtered !== result) this.#attrs.discard(filtered);
    return result;
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

  /** Gives back the memory of what was remembered of sets that are gone. */
  trim(): void {
    if (this.#memo.length > 256 && this.#memo.length > this.#attrs.end * 4) {
      this.#memo = this.#memo.slice(0, Math.max(256, this.#attrs.end));
    }
  }

  #forget(id: AttrsId): void {
    if (id >= this.#memo.length || this.#memo[id] === UNKNOWN) return;
    const result = this.#memo[id];
    this.#memo[id] = UNKNOWN;
    if (result > 0 && result !== id) this.#attrs.release(result);
  }
}
