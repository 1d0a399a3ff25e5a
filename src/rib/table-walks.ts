// Long walks over the whole table, in slices: stale routes leave, a new import policy is applied, next hops have changed.
// Scan, don't index: a walk by row number costs nanoseconds per row, lists per peer would cost memory per route.

import type { Clock } from "../base/clock.js";
import type { Family } from "../base/family.js";
import type { WorkQueue } from "../base/work-queue.js";
import type { ImportPolicy } from "./import-policy.js";
import type { LocRib } from "./loc-rib.js";
import type { NextHopId } from "./next-hop-table.js";
import type { PrefixId, RouteId } from "./route-table.js";
import { epochAt, type Source, type SourceTable } from "./sources.js";

/** Rows between two looks at the clock. */
const STRIDE = 256;

/** Epochs that may be held of a source before they are merged: far from all there are. */
const MOST_EPOCHS = 128;

interface Sweep {
  readonly source: Source;
  /** Older paths that may stay are of this epoch afterwards. */
  readonly merge: number;
  /** One more than the highest row to be looked at: rows made later hold nothing stale. */
  readonly end: number;
  /** Rows still to be looked at. */
  left: number;
  readonly done: () => void;
}

export interface TableWalksDependencies {
  readonly clock: Clock;
  readonly queue: WorkQueue;
  readonly ribs: readonly LocRib[];
  readonly sources: SourceTable;
  readonly policy: ImportPolicy;
  /** Called after each slice that may have changed routes. */
  readonly onChange: () => void;
}

export class TableWalks {
  readonly #clock: Clock;
  readonly #queue: WorkQueue;
  readonly #ribs: readonly LocRib[];
  readonly #sources: SourceTable;
  readonly #policy: ImportPolicy;
  readonly #onChange: () => void;
  readonly #sweeps: Sweep[][] = [[], []];
  readonly #cursors: number[] = [1, 1];
  /** Scratch: paths of one prefix. */
  readonly #found: RouteId[] = [];

  constructor({ clock, queue, ribs, sources, policy, onChange }: TableWalksDependencies) {
    this.#clock = clock;
    this.#queue = queue;
    this.#ribs = ribs;
    this.#sources = sources;
    this.#policy = policy;
    this.#onChange = onChange;
  }

  /** Takes out the routes of the source in that family that are older than its floor; peers that go down together share the
   *  walk. `done`: those that are too old now are out. */
  sweep(source: Source, family: Family, done: () => void): void {
    const rib = this.#ribs[family];
    const sweeps = this.#sweeps[family];
    const { end } = rib.routes.prefixes;
    sweeps.push({ source, merge: this.#mergeInto(source, family), end, left: end - 1, done });
    if (sweeps.length === 1) this.#queue.add((until) => this.#sweep(rib, until));
  }

  /** Begins another epoch of the source in that family. False: there is none left before a walk has merged the old ones. */
  beginEpoch(source: Source, family: Family): boolean {
    if (source.received[family] === 0) this.#endSweeps(source, family);
    const hasBegun = this.#sources.beginEpoch(source, family);
    const isSwept = this.#sweeps[family].some((sweep) => sweep.source === source);
    if (!isSwept && this.#sources.epochsHeld(source, family) > MOST_EPOCHS) this.sweep(source, family, () => undefined);
    return hasBegun;
  }

  /** Sweeps at once: without another epoch, routes of two sessions could not be told apart. */
  sweepNow(source: Source, family: Family): void {
    const rib = this.#ribs[family];
    const merge = this.#mergeInto(source, family);
    const { prefixes } = rib.routes;
    for (let prefix = 1; prefix < prefixes.end; prefix++) {
      if (prefixes.isUsed(prefix)) rib.removeOlder(prefix, source.id, merge);
    }
    this.#sources.merged(source, family, merge);
    this.#endSweeps(source, family);
    this.#onChange();
  }

  /** There is nothing left for them; their epochs will come to mean others. */
  #endSweeps(source: Source, family: Family): void {
    const sweeps = this.#sweeps[family];
    for (const sweep of sweeps.filter((each) => each.source === source)) {
      sweeps.splice(sweeps.indexOf(sweep), 1);
      sweep.done();
    }
  }

  /** The last epoch before the present one; the present one if there is no other. */
  #mergeInto(source: Source, family: Family): number {
    const epoch = this.#sources.epoch[epochAt(source.id, family)];
    return this.#sources.epochsHeld(source, family) === 1 ? epoch : (epoch - 1) & 255;
  }

  /** Applies the source's import policy to the routes it has already sent. `isHeld`: the source still has its id. */
  reapplyImport(source: Source, isHeld: () => boolean): void {
    for (const rib of this.#ribs) {
      this.#walk(rib, (prefix) => {
        if (!isHeld()) return;
        const found = this.#found;
        for (let route = rib.routes.head(prefix); route !== 0; route = rib.routes.next(route)) {
          if (rib.routes.source(route) === source.id) found.push(route);
        }
        // Not while walking the chain: each of them may put another path in front.
        for (const route of found) this.#reimport(rib, source, prefix, route);
        found.length = 0;
      });
    }
  }

  /** Decides again wherever one of the next hops is used. */
  redecide(nextHops: ReadonlySet<NextHopId>): void {
    for (const rib of this.#ribs) {
      this.#walk(rib, (prefix) => {
        if (rib.usesNextHop(prefix, nextHops)) rib.redecide(prefix);
      });
    }
  }

  /** Looks at every prefix again, as when the way equal paths are used has changed. */
  redecideAll(): void {
    for (const rib of this.#ribs) this.#walk(rib, (prefix) => rib.redecide(prefix));
  }

  #reimport(rib: LocRib, source: Source, prefix: PrefixId, route: number): void {
    const prefixes = rib.routes.prefixes;
    this.#policy.begin(source, rib.routes.received(route));
    if (this.#policy.readsPrefix) {
      const word = (i: number): number => prefixes.word(prefix, i);
      this.#policy.judgePrefix(rib.family, word(0), word(1), word(2), word(3), prefixes.length(prefix));
    }
    rib.reconsider(prefix, route, this.#policy.attrs, this.#policy.reason);
    this.#policy.end();
  }

  #walk(rib: LocRib, visit: (prefix: PrefixId) => void): void {
    let prefix = 1;
    this.#queue.add((until) => {
      const prefixes = rib.routes.prefixes;
      while (prefix < prefixes.end) {
        if (prefixes.isUsed(prefix)) visit(prefix);
        if ((++prefix & (STRIDE - 1)) === 0 && this.#clock.now() >= until) break;
      }
      this.#onChange();
      return prefix >= prefixes.end;
    });
  }

  /** One slice of the sweeps of a family: a circle over the rows, which each sweep leaves where it came in. */
  #sweep(rib: LocRib, until: number): boolean {
    const sweeps = this.#sweeps[rib.family];
    const prefixes = rib.routes.prefixes;
    while (sweeps.length > 0) {
      let prefix = this.#cursors[rib.family];
      if (prefix >= prefixes.end) prefix = 1;
      const start = prefix;
      const end = Math.min(prefix + STRIDE, prefixes.end);
      this.#dropOrphans(sweeps);
      for (; prefix < end; prefix++) {
        for (let i = 0; i < sweeps.length && prefixes.isUsed(prefix); i++)
          rib.removeOlder(prefix, sweeps[i].source.id, sweeps[i].merge);
      }
      this.#cursors[rib.family] = prefix;
      for (let i = sweeps.length - 1; i >= 0; i--) {
        const sweep = sweeps[i];
        sweep.left -= Math.max(0, Math.min(end, sweep.end) - start);
        // An empty table has no rows to go round.
        if (sweep.left > 0 && prefixes.size > 0) continue;
        sweeps.splice(i, 1);
        this.#sources.merged(sweep.source, rib.family, sweep.merge);
        sweep.done();
      }
      if (this.#clock.now() >= until) break;
    }
    this.#onChange();
    return sweeps.length === 0;
  }

  /** A source that had nothing left may have gone, and its row may be another's by now. */
  #dropOrphans(sweeps: Sweep[]): void {
    for (let i = sweeps.length - 1; i >= 0; i--) {
      const { source } = sweeps[i];
      if (this.#sources.find(source.id) !== source) sweeps.splice(i, 1);
    }
  }
}
