// Between Loc-RIB and Adj-RIB-Out of one group: protocol rules, then the export policy. Asked once per attribute set and
// remembered, or once per prefix where the policy looks at prefixes. An originated default route is beyond it.

import type { Family } from "../base/family.js";
import type { PrefixIndex } from "../base/prefix-index.js";
import { ACCEPT_ALL, type Filter, isPerRoute } from "../policy/route.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";
import { ExportPreparation } from "./export-preparation.js";
import type { ExportRules } from "./export-rules.js";
import { OriginatedDefault } from "./originated-default.js";
import type { OwedReleases } from "./owed-releases.js";
import { RouteCursor } from "./route-cursor.js";
import type { PrefixId, RouteTable } from "./route-table.js";
import type { SourceOptions, SourceTable } from "./sources.js";

const UNKNOWN = 0;
const REJECTED = -1;

export class ExportPolicy {
  /** What goes out for its prefix whatever the table says; undefined: nothing does. */
  readonly originated: OriginatedDefault | undefined;
  readonly #rules: ExportRules;
  readonly #attrs: AttrsTable;
  readonly #cursor: RouteCursor;
  /** Makes sets ready before the policy sees them; undefined: it sees them as they are. */
  readonly #preparation: ExportPreparation | undefined;
  readonly #filter: Filter;
  readonly #onFree: (id: AttrsId) => void;
  readonly #sources: SourceTable;
  readonly #owed: OwedReleases;
  /** The source that was judged last, by a filter that looks at nothing else, and the verdict. */
  #latest: SourceOptions | undefined;
  #acceptsLatest = false;
  /** By AttrsId of the best path: what goes out (a reference is held if it is another set), REJECTED or UNKNOWN. */
  #memo = new Int32Array(256);
  /** Sets of which it was logged that they cannot be told. */
  readonly #misfits = new Set<AttrsId>();

  constructor(rules: ExportRules, routes: RouteTable, attrs: AttrsTable, sources: SourceTable, owed: OwedReleases) {
    this.#owed = owed;
    this.#rules = rules;
    this.#attrs = attrs;
    this.#sources = sources;
    this.#filter = rules.options.exportFilter;
    const { preparesExport, defaultOriginate } = rules.options;
    this.#preparation = preparesExport ? new ExportPreparation(rules.options, attrs, sources, owed) : undefined;
    this.#cursor = new RouteCursor(attrs, sources, { isPrepared: preparesExport });
    this.#onFree = (id) => this.#forget(id);
    attrs.onFree.push(this.#onFree);
    const prepare = (set: AttrsId): AttrsId => this.#preparation?.prepared(set) ?? set;
    this.originated = defaultOriginate
      ? originate(rules, new OriginatedDefault(routes, attrs, sources, prepare), attrs)
      : undefined;
  }

  /** The set to advertise for the prefix whose best path has the set `id`, or 0. No reference is taken. */
  exported(id: AttrsId, prefixes: PrefixIndex, prefix: PrefixId): AttrsId {
    const known = id < this.#memo.length ? this.#memo[id] : UNKNOWN;
    if (known > 0) return known;
    if (known === REJECTED) return 0;
    if (!this.#rules.permits(id)) return this.#remember(id, REJECTED);
    const shown = this.#preparation === undefined ? id : this.#preparation.prepared(id);
    if (this.#filter === ACCEPT_ALL && shown === id) return this.#remember(id, this.#fits(id, id) ? id : REJECTED);
    if (this.#filter.isPerSource === true && shown === id) {
      const accepts = this.#acceptsSource(id, prefixes, prefix);
      return this.#remember(id, accepts && this.#fits(id, id) ? id : REJECTED);
    }
    this.#seek(id, shown, prefixes, prefix);
    const accepted = this.#filter(this.#cursor).accept;
    const result = accepted ? this.#cursor.commit() : REJECTED;
    const fits = result > 0 && this.#fits(result, id);
    if (!fits && result > 0 && result !== shown) this.#attrs.discard(result);
    if (!isPerRoute(this.#filter)) return this.#remember(id, fits ? result : REJECTED);
    return fits ? result : 0;
  }

  /** Forgets everything and lets go of the sets held, in slices. */
  dispose(): void {
    const at = this.#attrs.onFree.indexOf(this.#onFree);
    if (at >= 0) this.#attrs.onFree.splice(at, 1);
    for (let id = 1; id < this.#memo.length; id++) {
      const result = this.#memo[id];
      if (result > 0 && result !== id) this.#owed.add(result);
    }
    this.#memo = new Int32Array(0);
    this.#preparation?.dispose();
    this.originated?.dispose();
  }

  /** Whether the members can be told `result`, which the policy made of `id`. Logged once per set: a policy that looks at
   *  prefixes is asked for every route. */
  #fits(result: AttrsId, id: AttrsId): boolean {
    const misfit = this.#rules.misfit(result);
    if (misfit === undefined) return true;
    if (!this.#misfits.has(id)) this.#attrs.onFault(this.#attrs.source(id), [misfit]);
    this.#misfits.add(id);
    return false;
  }

  /** The verdict on all routes of the set's source. Sets of one source come in runs. */
  #acceptsSource(id: AttrsId, prefixes: PrefixIndex, prefix: PrefixId): boolean {
    const { options } = this.#sources.get(this.#attrs.source(id));
    if (options !== this.#latest) {
      this.#seek(id, id, prefixes, prefix);
      this.#acceptsLatest = this.#filter(this.#cursor).accept;
      this.#latest = options;
    }
    return this.#acceptsLatest;
  }

  #seek(id: AttrsId, shown: AttrsId, prefixes: PrefixIndex, prefix: PrefixId): void {
    this.#cursor.seek(shown, this.#rules.options.sentTo, id);
    const family: Family = this.#rules.options.family;
    const word = (i: number): number => prefixes.word(prefix, i);
    this.#cursor.setPrefix(family, word(0), word(1), word(2), word(3), prefixes.length(prefix));
  }

  #remember(id: AttrsId, result: number): AttrsId {
    if (id >= this.#memo.length) {
      const larger = new Int32Array(Math.max(this.#attrs.end, this.#memo.length * 2));
      larger.set(this.#memo);
      this.#memo = larger;
    }
    this.#memo[id] = result;
    if (result > 0 && result !== id) this.#attrs.retain(result);
    return result > 0 ? result : 0;
  }

  /** Gives back the memory of what was remembered of sets that are gone. */
  trim(): void {
    this.#preparation?.trim();
    if (this.#memo.length > 256 && this.#memo.length > this.#attrs.end * 4) {
      this.#memo = this.#memo.slice(0, Math.max(256, this.#attrs.end));
    }
  }

  #forget(id: AttrsId): void {
    if (this.#misfits.size > 0) this.#misfits.delete(id);
    if (id >= this.#memo.length) return;
    const result = this.#memo[id];
    if (result === UNKNOWN) return;
    this.#memo[id] = UNKNOWN;
    if (result > 0 && result !== id) this.#attrs.release(result);
  }
}

/** The default route, unless the members could not be told; why not is said once. */
function originate(
  rules: ExportRules,
  originated: OriginatedDefault,
  attrs: AttrsTable,
): OriginatedDefault | undefined {
  const misfit = rules.misfit(originated.set);
  if (misfit === undefined) return originated;
  attrs.onFault(attrs.source(originated.set), [misfit]);
  originated.dispose();
  return undefined;
}
