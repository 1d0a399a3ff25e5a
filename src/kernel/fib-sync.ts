// Keeps the kernel's routes equal to what the speaker wishes. Wishes and the kernel's state are columns (fib-table.ts);
// rows where they differ wait in a queue, are written in batches by a worker thread and compared again when the answer
// comes. Dumps and notifications correct what we believe about the kernel; kernel-view.ts reads them and tells us.
//
// A route is ours by table and protocol; where one is in the table is said by prefix and metric. We create with EXCL and
// replace only what is known to be ours: REPLACE would silently overwrite another program's route. Another metric is a new
// route beside the old one, which goes afterwards. At most one request per row is under way.

import type { Alarm, Clock } from "../base/clock.js";
import { type Family, IPV4_UNICAST, IPV6_UNICAST } from "../base/family.js";
import type { Log } from "../base/log.js";
import type { Fib, FibCounts, FibEntry, FibRoute } from "../speaker/ports.js";
import { RetryTimer } from "./back-off.js";
import { DelayedRepairs } from "./delayed-repairs.js";
import {
  ADOPTED,
  DELAYED,
  DOUBTFUL,
  FAILED,
  FibTable,
  FREE,
  IN_FLIGHT,
  INSTALLED,
  LEAVING,
  PENDING,
  QUEUED,
  type RowStatus,
  STALE,
  UNSEATED,
} from "./fib-table.js";
import { ESRCH } from "./kernel-error.js";
import type { FibSurroundings, KernelOptions, OwnRouteObserver } from "./kernel-ports.js";
import { describeRefusal, isTaken, type Refusal } from "./refusal.js";
import { REQUESTS_PER_BATCH, RouteBatches } from "./route-batches.js";
import type { RouteMessage, RouteRequest } from "./route-message.js";
import type { RouteWriter } from "./route-writer.js";
import { RowQueue } from "./row-queue.js";

export interface FibSyncDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly writer: RouteWriter;
  readonly surroundings: FibSurroundings;
  /** Of the prefix hash. */
  readonly seed: number;
}

/** Rows looked at per turn; encoding them takes about a millisecond. */
const ROWS_PER_PUMP = 4096;
const FIGHTS_WORTH_A_WARNING = 3;

export class FibSync implements Fib, OwnRouteObserver {
  readonly #options: KernelOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #surroundings: FibSurroundings;
  readonly #tables: readonly [FibTable, FibTable];
  readonly #queue = new RowQueue();
  readonly #writer: RouteWriter;
  readonly #batches: RouteBatches;
  readonly #retry: RetryTimer;
  readonly #repairs: DelayedRepairs;
  readonly #alarms = new Map<"audit" | "stale", Alarm>();
  readonly #flushWaiters: (() => void)[] = [];
  #generation = 1;
  #resyncing = false;
  #resyncWanted = false;
  #drifted = 0;
  /** The first dump is done: writing may begin. */
  #started = false;
  /** Routes of an earlier run stay as they are. */
  #holding = false;
  /** Routes that nobody wished for may go. */
  #sweeping = false;
  #paused = false;
  #closing = false;
  #stopped = false;
  #pumpScheduled = false;

  constructor(options: KernelOptions, dependencies: FibSyncDependencies) {
    const { clock, surroundings, seed } = dependencies;
    this.#options = options;
    this.#clock = clock;
    this.#log = dependencies.log;
    this.#surroundings = surroundings;
    const makeTable = (family: Family): FibTable =>
      new FibTable(family, surroundings.devices, options.metric, seed + family);
    this.#tables = [makeTable(IPV4_UNICAST), makeTable(IPV6_UNICAST)];
    this.#writer = dependencies.writer;
    this.#batches = new RouteBatches(options, {
      writer: this.#writer,
      onAnswer: (table, row, request, wish, metric, errno, text) => {
        if (this.#isDone(table, row, request, wish, metric, errno)) this.#reconsider(table, row);
        else this.#refuse(table, row, { request, metric, errno, text });
      },
      onLoss: () => this.#wantResync("answers to route requests were lost"),
      onRoom: () => this.#pump(),
    });
    this.#retry = new RetryTimer(clock, () => this.#retryRefused());
    this.#repairs = new DelayedRepairs(clock, (key) => this.#endDelay(key));
    this.#setAlarm("stale", options.staleSeconds * 1000, () => this.sweepStale());
    this.#scheduleAudit();
  }

  set(
    family: Family,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    length: number,
    route: FibRoute | undefined,
  ): void {
    if (this.#closing) return;
    const table = this.#tables[family];
    if (route === undefined) {
      const row = table.lookup(w0, w1, w2, w3, length);
      if (row === 0) return;
      table.setWish(row, 0);
      if (this.#isHeld(table, row)) this.#keepAdopted(table, row);
      else this.#release(table, row);
    } else {
      const wish = table.paths.wish(route);
      const row = table.insert(w0, w1, w2, w3, length);
      if (table.wish(row) === wish) return;
      table.setWish(row, wish);
      table.lower(row, DELAYED); // a new wish is no part of an old fight
      this.#reconsider(table, row);
    }
    // The writer thread shall begin while more is wished in the same turn.
    if (this.#queue.size >= REQUESTS_PER_BATCH) this.#write(REQUESTS_PER_BATCH);
  }

  holdAdopted(held: boolean): void {
    if (this.#holding === held) return;
    this.#holding = held;
    if (held) return;
    for (const table of this.#tables) {
      for (let row = 1; row < table.end; row++) {
        if (table.isUsed(row) && table.has(row, ADOPTED) && table.wish(row) !== 0) this.#reconsider(table, row);
      }
    }
  }

  pause(isPaused: boolean): void {
    this.#paused = isPaused;
    if (isPaused) this.#batches.flush();
    this.#schedulePump();
  }

  sweepStale(): void {
    this.holdAdopted(false);
    this.#alarms.get("stale")?.cancel();
    this.#sweeping = true;
    if (this.#started) this.#removeStale();
  }

  *entries(): Generator<FibEntry> {
    for (const table of this.#tables) yield* table.entries();
  }

  counts(): FibCounts {
    const sum = (status: RowStatus): number => this.#tables[0].count(status) + this.#tables[1].count(status);
    const installed = sum(INSTALLED);
    const failed = sum(FAILED);
    return { wanted: sum(PENDING) + installed + failed, installed, failed, stale: sum(STALE) };
  }

  flushed(): Promise<void> {
    if (this.#isFlushed()) return Promise.resolve();
    return new Promise((resolve) => this.#flushWaiters.push(resolve));
  }

  /** Removes our routes if the options say so, stops and closes the writer. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#holding = false;
    if (this.#options.removeAtExit && this.#started && !this.#paused) {
      for (const table of this.#tables) this.#removeAll(table);
      this.#schedulePump();
      await this.flushed();
    }
    this.#stopped = true;
    this.#retry.stop();
    this.#repairs.stop();
    for (const alarm of this.#alarms.values()) alarm.cancel();
    for (const resolve of this.#flushWaiters.splice(0)) resolve();
    await this.#writer.close();
  }

  // ---- What the kernel tells ------------------------------------------------------------------------------------

  resyncBegan(): void {
    this.#generation++;
    this.#resyncing = true;
    this.#resyncWanted = false;
    this.#drifted = 0;
  }

  routeDumped(route: RouteMessage): void {
    const table = this.#tables[route.family];
    const row = table.insert(route.w0, route.w1, route.w2, route.w3, route.length);
    // An answer or a notification since the dump began is newer than what the dump shows.
    if (table.has(row, IN_FLIGHT)) {
      if (table.hasOthers(row)) table.touchOther(row, route.metric, this.#generation);
      return;
    }
    if (!table.isNews(row, route.metric, this.#generation)) return;
    const wasFulfilled = table.wish(row) !== 0 && table.isFulfilled(row);
    if (!this.#started) table.raise(row, ADOPTED);
    this.#observe(table, row, route);
    if (wasFulfilled && !table.isFulfilled(row)) this.#drifted++;
    this.#reconsider(table, row);
  }

  resyncEnded(complete: boolean): void {
    this.#resyncing = false;
    this.#scheduleAudit();
    if (complete) {
      for (const table of this.#tables) this.#sweepMissing(table);
      if (this.#drifted > 0 && !this.#paused)
        this.#log.warn("kernel routes of ours were gone or changed", { routes: this.#drifted });
      if (!this.#started) this.#start();
      else if (this.#sweeping) this.#removeStale();
    }
    this.#repairs.prune();
    this.#schedulePump();
  }

  routeChanged(route: RouteMessage, removed: boolean, byKernel: boolean): void {
    const table = this.#tables[route.family];
    // While a dump runs the removal must be remembered: the dump may still show the route.
    const isLookup = removed && !this.#resyncing;
    const row = isLookup ? table.find(route) : table.insert(route.w0, route.w1, route.w2, route.w3, route.length);
    if (row === 0) return;
    if (table.has(row, IN_FLIGHT)) {
      table.raise(row, DOUBTFUL);
      return;
    }
    if (removed) this.#forget(table, row, route.metric);
    else this.#observe(table, row, route);
    const isFight = !byKernel && table.wish(row) !== 0 && (!table.isFulfilled(row) || table.hasOthers(row));
    if (isFight) this.#repair(table, row);
    else this.#reconsider(table, row);
  }

  foreignRouteChanged(route: RouteMessage, removed: boolean, replaced: boolean): void {
    const table = this.#tables[route.family];
    const row = table.find(route);
    if (row === 0) return;
    if (table.has(row, IN_FLIGHT)) table.raise(row, DOUBTFUL);
    else if (!removed && replaced && table.forget(row, route.metric, this.#generation)) this.#reconsider(table, row);
    else if (removed && table.status(row) === FAILED) this.#reconsider(table, row);
  }

  surroundingsChanged(): void {
    if (this.#tables.some((table) => table.errors.size > 0)) this.#retry.hasten();
  }

  #observe(table: FibTable, row: number, route: RouteMessage): void {
    table.learn(row, table.paths.observe(route), this.#generation);
  }

  #forget(table: FibTable, row: number, metric: number): void {
    if (table.forget(row, metric, this.#generation)) return;
    if (table.actual(row) === 0) table.setSeen(row, this.#generation);
    // A deletion of ours for metric 0 may have met the next one, because someone else was faster: see encodeRoute.
    else if (metric === 0) this.#wantResync("a route went away that was not known");
  }

  /** What a complete dump did not show is gone: IPv4 routes vanish without a word when their link goes down. */
  #sweepMissing(table: FibTable): void {
    for (let row = 1; row < table.end; row++) {
      if (!table.isUsed(row) || table.has(row, IN_FLIGHT)) continue;
      const hasLost = table.hasOthers(row) && table.forgetUnseenOthers(row, this.#generation);
      const actual = table.actual(row);
      if (actual !== 0 && table.seenIn(row) !== this.#generation) {
        if (table.isFulfilled(row)) this.#drifted++;
        table.forget(row, table.metricOf(table.actual(row)), this.#generation);
      } else if (!hasLost) continue;
      this.#reconsider(table, row);
    }
    for (let row = 1; row < table.end; row++) if (table.isUsed(row)) table.freeIfEmpty(row);
  }

  #start(): void {
    this.#started = true;
    const { stale, installed } = this.counts();
    this.#log.info("kernel routes of an earlier run adopted", { claimed: installed, stale });
    if (this.#sweeping) this.#removeStale();
  }

  #wantResync(reason: string): void {
    if (this.#resyncWanted || this.#stopped) return;
    this.#resyncWanted = true;
    this.#surroundings.resync(reason);
  }

  // ---- What is to be done ---------------------------------------------------------------------------------------

  /** Compares wish and kernel, sets the status and queues the row if something must be written. */
  #reconsider(table: FibTable, row: number): void {
    const status = table.status(row);
    if (table.wish(row) !== 0) {
      const isDone = !table.has(row, IN_FLIGHT) && table.isFulfilled(row);
      table.setStatus(row, isDone ? INSTALLED : PENDING);
      if (!isDone || table.hasOthers(row)) this.#enqueue(table, row);
    } else if (table.actual(row) === 0 && !table.has(row, IN_FLIGHT)) {
      table.setStatus(row, FREE);
      if (!this.#resyncing) table.freeIfEmpty(row); // else the dump could bring it back
    } else if (status === FREE || status === STALE) table.setStatus(row, STALE);
    else {
      table.setStatus(row, LEAVING);
      this.#enqueue(table, row);
    }
  }

  /** Nobody wants the row: what the kernel holds for it shall go. */
  #release(table: FibTable, row: number): void {
    table.lower(row, DELAYED);
    table.setStatus(row, LEAVING);
    this.#reconsider(table, row);
  }

  /** A route of an earlier run that is to stay as it is for now. */
  #isHeld(table: FibTable, row: number): boolean {
    return this.#holding && table.has(row, ADOPTED) && table.actual(row) !== 0;
  }

  /** Nobody wants the row any more, but what the kernel holds for it is not ours to judge yet. */
  #keepAdopted(table: FibTable, row: number): void {
    table.lower(row, DELAYED);
    table.setStatus(row, STALE);
  }

  /** Someone removed or changed a route of ours: puts it back, ever more slowly if they insist. */
  #repair(table: FibTable, row: number): void {
    const { count, isDelayed } = this.#repairs.add(keyOf(table, row));
    if (count === FIGHTS_WORTH_A_WARNING) {
      this.#log.warn("another program keeps changing a kernel route of ours", { prefix: table.prefixText(row) });
    }
    if (isDelayed) table.raise(row, DELAYED);
    this.#reconsider(table, row);
  }

  #endDelay(key: number): void {
    const table = this.#tables[(key & 1) as Family];
    const row = key >>> 1;
    if (!table.has(row, DELAYED)) return; // wished anew meanwhile
    table.lower(row, DELAYED);
    this.#reconsider(table, row);
  }

  #removeStale(): void {
    const { stale } = this.counts();
    if (stale === 0) return;
    if (!this.#paused) this.#log.info("removing kernel routes that nobody claimed", { routes: stale });
    for (const table of this.#tables) {
      for (let row = 1; row < table.end; row++) if (table.status(row) === STALE) this.#release(table, row);
    }
  }

  #removeAll(table: FibTable): void {
    for (let row = 1; row < table.end; row++) {
      if (!table.isUsed(row)) continue;
      table.setWish(row, 0);
      this.#release(table, row);
    }
  }

  #retryRefused(): void {
    for (const table of this.#tables) for (const row of [...table.errors.keys()]) this.#reconsider(table, row);
  }

  #scheduleAudit(): void {
    const { auditSeconds } = this.#options;
    if (auditSeconds > 0) this.#setAlarm("audit", auditSeconds * 1000, () => this.#wantResync("audit"));
  }

  #setAlarm(name: "audit" | "stale", delayMs: number, ring: () => void): void {
    this.#alarms.get(name)?.cancel();
    if (!this.#stopped) this.#alarms.set(name, this.#clock.at(this.#clock.now() + delayMs, ring));
  }

  // ---- Writing --------------------------------------------------------------------------------------------------

  #enqueue(table: FibTable, row: number): void {
    if (table.has(row, QUEUED | DELAYED | IN_FLIGHT)) return; // the answer reconsiders what is under way
    table.raise(row, QUEUED);
    this.#queue.push(keyOf(table, row));
    this.#schedulePump();
  }

  #schedulePump(): void {
    if (this.#pumpScheduled || this.#stopped) return;
    this.#pumpScheduled = true;
    this.#clock.soon(() => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (!this.#started || this.#stopped) return;
    this.#write(ROWS_PER_PUMP);
    this.#batches.flush();
    if (this.#batches.hasRoom && !this.#queue.isEmpty && !this.#paused) this.#schedulePump();
    if (this.#isFlushed()) for (const resolve of this.#flushWaiters.splice(0)) resolve();
  }

  #isFlushed(): boolean {
    return this.#stopped || (this.#started && (this.#queue.isEmpty || this.#paused) && this.#batches.isIdle);
  }

  /** Looks at up to `most` rows of the queue; full batches leave, the last one may wait for flush(). */
  #write(most: number): void {
    if (!this.#started || this.#stopped || this.#paused) return;
    for (let i = 0; i < most && this.#batches.hasRoom && !this.#queue.isEmpty; i++) this.#writeNext();
  }

  #writeNext(): void {
    const key = this.#queue.shift();
    const table = this.#tables[(key & 1) as Family];
    const row = key >>> 1;
    table.lower(row, QUEUED);
    if (table.has(row, DELAYED)) return;
    const wish = table.wish(row);
    const actual = table.actual(row);
    const isFulfilled = table.isFulfilled(row);
    if (table.status(row) === STALE || (isFulfilled && !table.hasOthers(row))) this.#reconsider(table, row);
    else if (this.#isHeld(table, row))
      return; // holdAdopted() looks at it again
    else if (isFulfilled) this.#delete(table, row, table.otherMetric(row) ?? 0);
    else if (wish === 0 || (table.has(row, UNSEATED) && actual !== 0)) this.#delete(table, row, table.metricOf(actual));
    else this.#put(table, row, wish);
  }

  #delete(table: FibTable, row: number, metric: number): void {
    table.lower(row, UNSEATED);
    table.raise(row, IN_FLIGHT);
    this.#batches.add(table, row, "delete", 0, metric, undefined);
  }

  #put(table: FibTable, row: number, wish: number): void {
    const path = table.paths.encoded(wish);
    const metric = table.paths.wishMetric(wish);
    if (typeof path === "string") {
      this.#fail(table, row, path);
      return;
    }
    const actual = table.actual(row);
    table.raise(row, IN_FLIGHT);
    const isThere = actual !== 0 && table.metricOf(actual) === metric;
    this.#batches.add(table, row, isThere ? "replace" : "add", wish, metric, path);
  }

  /** Takes in an answer: false if what is to be done now was refused. */
  #isDone(table: FibTable, row: number, request: RouteRequest, wish: number, metric: number, errno: number): boolean {
    table.lower(row, IN_FLIGHT);
    if (table.has(row, DOUBTFUL)) {
      table.lower(row, DOUBTFUL);
      this.#wantResync("a route was changed while we wrote it");
    }
    const isGone = request === "delete" && (errno === 0 || errno === ESRCH);
    if (isGone) table.forget(row, metric, this.#generation);
    else if (errno === 0) {
      table.lower(row, ADOPTED);
      table.learn(row, -wish, this.#generation);
    } else {
      table.setSeen(row, this.#generation);
      // A wish that came meanwhile is tried itself; one that stands beside what would not go is done.
      return table.wish(row) !== wish && !(table.isFulfilled(row) && table.hasOthers(row));
    }
    return true;
  }

  #refuse(table: FibTable, row: number, refusal: Refusal): void {
    const words = describeRefusal(table, row, refusal, this.#surroundings);
    if (words === undefined) this.#wantResync("the kernel has a route that we do not know");
    this.#fail(table, row, words ?? "a route exists");
    // Else a route that is no longer wished for would win or lose against the other program's by its metric.
    if (!isTaken(refusal) || table.actual(row) === 0) return;
    table.raise(row, UNSEATED);
    this.#enqueue(table, row);
  }

  #fail(table: FibTable, row: number, words: string): void {
    if (table.wish(row) !== 0 && table.isFulfilled(row)) table.noteError(row, words);
    else table.fail(row, words);
    this.#retry.start();
    if (this.#log.debugEnabled)
      this.#log.debug("kernel route refused", { prefix: table.prefixText(row), error: words });
  }
}

/** Row and family in one number. */
function keyOf(table: FibTable, row: number): number {
  return row * 2 + table.family;
}
