// Keeps the kernel's routes equal to what the speaker wishes. Wishes and the kernel's state are columns (fib-table.ts);
// rows where they differ wait in a queue, are written in batches by a worker thread and compared again when the answer
// comes. Dumps and notifications correct what we believe about the kernel; kernel-view.ts reads them and tells us.
//
// A route is ours by table, protocol and metric. We create with EXCL and replace only what is known to be ours: REPLACE
// would silently overwrite another program's route. At most one request per row is under way.

import type { Alarm, Clock } from "../base/clock.js";
import { type Family, IPV4_UNICAST, IPV6_UNICAST } from "../base/family.js";
import type { Log } from "../base/log.js";
import type { Fib, FibCounts, FibEntry, FibRoute } from "../speaker/ports.js";
import { FightDamper, RetryTimer } from "./back-off.js";
import {
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
} from "./fib-table.js";
import { describeAnswer, EEXIST, EPERM, ESRCH, protocolName } from "./kernel-error.js";
import type { FibSurroundings, KernelOptions, OwnRouteObserver } from "./kernel-ports.js";
import type { NetlinkAnswer } from "./netlink.js";
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
  readonly #damper: FightDamper;
  #delayed: { readonly key: number; readonly at: number }[] = [];
  #earliestDelayed = Infinity;
  readonly #alarms = new Map<"audit" | "stale" | "delayed", Alarm>();
  readonly #flushWaiters: (() => void)[] = [];
  #generation = 1;
  #resyncing = false;
  #resyncWanted = false;
  #drifted = 0;
  /** The first dump is done: writing may begin. */
  #started = false;
  /** Routes that nobody wished for may go. */
  #sweeping = false;
  #closing = false;
  #stopped = false;
  #pumpScheduled = false;

  constructor(options: KernelOptions, dependencies: FibSyncDependencies) {
    const { clock, surroundings, seed } = dependencies;
    this.#options = options;
    this.#clock = clock;
    this.#log = dependencies.log;
    this.#surroundings = surroundings;
    const makeTable = (family: Family): FibTable => new FibTable(family, surroundings.devices, seed + family);
    this.#tables = [makeTable(IPV4_UNICAST), makeTable(IPV6_UNICAST)];
    this.#writer = dependencies.writer;
    this.#batches = new RouteBatches(options, {
      writer: this.#writer,
      onAnswer: (table, row, request, wish, errno, text) => {
        if (this.#isDone(table, row, request, wish, errno)) this.#reconsider(table, row);
        else this.#refuse(table, row, this.#describe(table, row, request, { errno, text }));
      },
      onLoss: () => this.#wantResync("answers to route requests were lost"),
      onRoom: () => this.#pump(),
    });
    this.#retry = new RetryTimer(clock, () => this.#retryRefused());
    this.#damper = new FightDamper(clock);
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
      this.#release(table, row);
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

  sweepStale(): void {
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
    if (this.#options.removeAtExit && this.#started) {
      for (const table of this.#tables) this.#removeAll(table);
      this.#schedulePump();
      await this.flushed();
    }
    this.#stopped = true;
    this.#retry.stop();
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
    if (table.has(row, IN_FLIGHT) || table.seenIn(row) === this.#generation) return;
    const wasFulfilled = table.wish(row) !== 0 && table.isFulfilled(row);
    this.#observe(table, row, route);
    if (wasFulfilled && !table.isFulfilled(row)) this.#drifted++;
    this.#reconsider(table, row);
  }

  resyncEnded(complete: boolean): void {
    this.#resyncing = false;
    this.#scheduleAudit();
    if (complete) {
      for (const table of this.#tables) this.#sweepMissing(table);
      if (this.#drifted > 0) this.#log.warn("kernel routes of ours were gone or changed", { routes: this.#drifted });
      if (!this.#started) this.#start();
      else if (this.#sweeping) this.#removeStale();
    }
    this.#damper.prune();
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
    if (removed) this.#learn(table, row, 0);
    else this.#observe(table, row, route);
    const isFight = !byKernel && table.wish(row) !== 0 && !table.isFulfilled(row);
    if (isFight) this.#repair(table, row);
    else this.#reconsider(table, row);
  }

  foreignRouteChanged(route: RouteMessage, removed: boolean, replaced: boolean): void {
    const table = this.#tables[route.family];
    const row = table.find(route);
    if (row === 0) return;
    if (table.has(row, IN_FLIGHT)) table.raise(row, DOUBTFUL);
    else if (!removed && replaced && table.actual(row) !== 0) {
      this.#learn(table, row, 0);
      this.#reconsider(table, row);
    } else if (removed && table.status(row) === FAILED) this.#reconsider(table, row);
  }

  surroundingsChanged(): void {
    if (this.#tables.some((table) => table.errors.size > 0)) this.#retry.hasten();
  }

  #observe(table: FibTable, row: number, route: RouteMessage): void {
    this.#learn(table, row, table.paths.observe(route));
  }

  #learn(table: FibTable, row: number, actual: number): void {
    table.setActual(row, actual);
    table.setSeen(row, this.#generation);
  }

  /** What a complete dump did not show is gone: IPv4 routes vanish without a word when their link goes down. */
  #sweepMissing(table: FibTable): void {
    for (let row = 1; row < table.end; row++) {
      if (!table.isUsed(row) || table.seenIn(row) === this.#generation || table.has(row, IN_FLIGHT)) continue;
      if (table.actual(row) !== 0) {
        if (table.isFulfilled(row)) this.#drifted++;
        this.#learn(table, row, 0);
        this.#reconsider(table, row);
      }
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
      if (!isDone) this.#enqueue(table, row);
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

  /** Someone removed or changed a route of ours: puts it back, ever more slowly if they insist. */
  #repair(table: FibTable, row: number): void {
    const { count, delayMs } = this.#damper.repair(keyOf(table, row));
    if (count === FIGHTS_WORTH_A_WARNING) {
      this.#log.warn("another program keeps changing a kernel route of ours", { prefix: table.prefixText(row) });
    }
    if (delayMs > 0) {
      table.raise(row, DELAYED);
      const at = this.#clock.now() + delayMs;
      this.#delayed.push({ key: keyOf(table, row), at });
      this.#armDelayed(at);
    }
    this.#reconsider(table, row);
  }

  #armDelayed(at: number): void {
    if (at >= this.#earliestDelayed) return;
    this.#earliestDelayed = at;
    this.#setAlarm("delayed", Math.max(0, at - this.#clock.now()), () => this.#releaseDelayed());
  }

  #releaseDelayed(): void {
    const now = this.#clock.now();
    this.#earliestDelayed = Infinity;
    const due = this.#delayed.filter(({ at }) => at <= now);
    this.#delayed = this.#delayed.filter(({ at }) => at > now);
    for (const { key } of due) {
      const table = this.#tables[(key & 1) as Family];
      const row = key >>> 1;
      if (!table.has(row, DELAYED)) continue; // wished anew meanwhile
      table.lower(row, DELAYED);
      this.#reconsider(table, row);
    }
    this.#armDelayed(this.#delayed.reduce((least, { at }) => Math.min(least, at), Infinity));
  }

  #removeStale(): void {
    const { stale } = this.counts();
    if (stale === 0) return;
    this.#log.info("removing kernel routes that nobody claimed", { routes: stale });
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

  #setAlarm(name: "audit" | "stale" | "delayed", delayMs: number, ring: () => void): void {
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
    if (this.#batches.hasRoom && !this.#queue.isEmpty) this.#schedulePump();
    if (this.#isFlushed()) for (const resolve of this.#flushWaiters.splice(0)) resolve();
  }

  #isFlushed(): boolean {
    return this.#stopped || (this.#started && this.#queue.isEmpty && this.#batches.isIdle);
  }

  /** Looks at up to `most` rows of the queue; full batches leave, the last one may wait for flush(). */
  #write(most: number): void {
    if (!this.#started || this.#stopped) return;
    for (let i = 0; i < most && this.#batches.hasRoom && !this.#queue.isEmpty; i++) this.#writeNext();
  }

  #writeNext(): void {
    const key = this.#queue.shift();
    const table = this.#tables[(key & 1) as Family];
    const row = key >>> 1;
    table.lower(row, QUEUED);
    if (table.has(row, DELAYED)) return;
    const wish = table.wish(row);
    if (table.isFulfilled(row) || table.status(row) === STALE) {
      this.#reconsider(table, row);
      return;
    }
    const path = wish === 0 ? undefined : table.paths.encoded(wish);
    if (typeof path === "string") {
      this.#refuse(table, row, path);
      return;
    }
    const request = path === undefined ? "delete" : table.actual(row) === 0 ? "add" : "replace";
    table.raise(row, IN_FLIGHT);
    this.#batches.add(table, row, request, wish, path);
  }

  /** Takes in an answer: false if the present wish was refused. */
  #isDone(table: FibTable, row: number, request: RouteRequest, wish: number, errno: number): boolean {
    table.lower(row, IN_FLIGHT);
    table.setSeen(row, this.#generation);
    if (table.has(row, DOUBTFUL)) {
      table.lower(row, DOUBTFUL);
      this.#wantResync("a route was changed while we wrote it");
    }
    if (errno === 0) table.setActual(row, request === "delete" ? 0 : -wish);
    else if (request === "delete" && errno === ESRCH) table.setActual(row, 0);
    else if (table.wish(row) === wish) return false;
    return true;
  }

  #describe(table: FibTable, row: number, request: RouteRequest, { errno, text }: NetlinkAnswer): string {
    if (errno === EPERM) return "writing kernel routes needs CAP_NET_ADMIN";
    if (request !== "add" || errno !== EEXIST) return describeAnswer({ errno, text });
    const prefix = { w0: 0, w1: 0, w2: 0, w3: 0, length: 0 };
    table.readPrefix(row, prefix);
    const protocol = this.#surroundings.foreignProtocol(table.family, prefix);
    if (protocol !== undefined) return `a route of protocol ${protocolName(protocol)} exists`;
    this.#wantResync("the kernel has a route that we do not know");
    return "a route exists";
  }

  #refuse(table: FibTable, row: number, words: string): void {
    table.fail(row, words);
    this.#retry.start();
    if (this.#log.debugEnabled)
      this.#log.debug("kernel route refused", { prefix: table.prefixText(row), error: words });
  }
}

/** Row and family in one number. */
function keyOf(table: FibTable, row: number): number {
  return row * 2 + table.family;
}
