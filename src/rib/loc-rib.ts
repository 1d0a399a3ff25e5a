// The routes of one family: announcements and withdrawals change chains, the decision process keeps the best path in
// front, and every change of the outcome is marked in the logs of those who read it (update groups, the kernel's table).
//
// One row per (prefix, source, path id). A path whose epoch differs from its source's is stale (RFC 4724).

import type { Family } from "../base/family.js";
import { SHARDS } from "../base/prefix-index.js";
import type { AttrsId, AttrsTable } from "./attrs-table.js";
import { ChangeLog } from "./change-log.js";
import { Decision } from "./decision.js";
import type { NextHopId, NextHopTable } from "./next-hop-table.js";
import { type PrefixId, type RouteId, RouteTable } from "./route-table.js";
import { epochAt, type SourceId, type SourceTable } from "./sources.js";

export class LocRib {
  readonly family: Family;
  readonly routes: RouteTable;
  readonly decision: Decision;
  /** Announcements that changed nothing. */
  unchanged = 0;
  readonly #attrs: AttrsTable;
  readonly #sources: SourceTable;
  readonly #logs: ChangeLog[] = [];
  /** Those that must also hear of paths that are not the best one: of all, or of those that may be used beside it. */
  readonly #everyPathLogs = new Set<ChangeLog>();
  readonly #multipathLogs = new Set<ChangeLog>();

  constructor(
    family: Family,
    attrs: AttrsTable,
    nextHops: NextHopTable,
    sources: SourceTable,
    seed: number,
    reserve: number,
  ) {
    this.family = family;
    this.#attrs = attrs;
    this.#sources = sources;
    this.routes = new RouteTable(family, seed, reserve);
    this.decision = new Decision(this.routes, attrs, nextHops, sources);
  }

  /** A log that hears of every change of a best path from now on; with `everyPath` also of every other path (RFC 7911). */
  subscribe(everyPath = false): ChangeLog {
    const log = new ChangeLog(this.routes);
    this.#logs.push(log);
    if (everyPath) this.#everyPathLogs.add(log);
    return log;
  }

  /** A log that also hears of other paths while equal ones are used beside the best. */
  subscribeMultipath(): ChangeLog {
    const log = this.subscribe();
    this.#multipathLogs.add(log);
    return log;
  }

  unsubscribe(log: ChangeLog): void {
    log.clear();
    this.#everyPathLogs.delete(log);
    this.#multipathLogs.delete(log);
    const at = this.#logs.indexOf(log);
    if (at >= 0) this.#logs.splice(at, 1);
  }

  /** Steps that give back the memory of routes that are gone; others may happen in between. */
  *trimming(): Generator<undefined, void> {
    this.routes.trim();
    yield;
    for (let shard = 0; shard < SHARDS; shard++) {
      this.routes.prefixes.trimShard(shard);
      yield;
    }
    for (const log of this.#logs) log.trim();
  }

  /** The best path of the prefix, or 0. */
  best(prefix: PrefixId): RouteId {
    return this.decision.best(prefix);
  }

  /** Takes in a path. `received` is the set as it came, `attrs` the one after the import policy, `reason` why it takes no
   *  part (0: it does). The table takes its own references. */
  announce(
    prefix: PrefixId,
    source: SourceId,
    pathId: number,
    received: AttrsId,
    attrs: AttrsId,
    reason: number,
  ): void {
    const routes = this.routes;
    const head = routes.head(prefix);
    const route = head === 0 ? 0 : routes.find(prefix, source, pathId);
    if (route === 0) this.#add(prefix, head, source, pathId, received, attrs, reason);
    else this.#replace(prefix, head, route, source, received, attrs, reason);
  }

  /** Takes the path of (source, path id) out, if there is one. */
  withdraw(prefix: PrefixId, source: SourceId, pathId: number): void {
    const route = this.routes.find(prefix, source, pathId);
    if (route !== 0) this.#remove(prefix, route);
  }

  /** Takes out the paths of the source that are older than its floor (SourceTable.floor). Those that stay and are older than
   *  `merge` are of that epoch from now on. */
  removeOlder(prefix: PrefixId, source: SourceId, merge: number): void {
    // Each removal may pull another path in front, so the search starts over; chains are short.
    for (let route = this.#findOlder(prefix, source); route !== 0; route = this.#findOlder(prefix, source)) {
      this.#remove(prefix, route);
    }
    const routes = this.routes;
    const epoch = this.#epochOf(source);
    for (let route = routes.head(prefix); route !== 0; route = routes.next(route)) {
      if (routes.source(route) === source && age(epoch, routes.epoch(route)) > age(epoch, merge)) {
        routes.setEpoch(route, merge);
      }
    }
  }

  /** Decides again: eligibility, weight or policy of some path has changed. Marks the prefix. */
  redecide(prefix: PrefixId): void {
    this.decision.select(prefix);
    this.#mark(prefix);
  }

  /** True if a path of the prefix goes through one of the next hops. */
  usesNextHop(prefix: PrefixId, nextHops: ReadonlySet<NextHopId>): boolean {
    for (let route = this.routes.head(prefix); route !== 0; route = this.routes.next(route)) {
      if (nextHops.has(this.#attrs.nextHop(this.routes.attrs(route)))) return true;
    }
    return false;
  }

  /** Swaps the effective set of a path, as after a change of import policy; decides again if that changes anything. */
  reconsider(prefix: PrefixId, route: RouteId, attrs: AttrsId, reason: number): void {
    const routes = this.routes;
    if (routes.attrs(route) === attrs && routes.reason(route) === reason) return;
    const source = routes.source(route);
    const received = routes.received(route);
    this.#replace(prefix, routes.head(prefix), route, source, received, attrs, reason, routes.epoch(route));
  }

  isStale(route: RouteId): boolean {
    return this.routes.epoch(route) !== this.#epochOf(this.routes.source(route));
  }

  #epochOf(source: SourceId): number {
    return this.#sources.epoch[epochAt(source, this.family)];
  }

  #findOlder(prefix: PrefixId, source: SourceId): RouteId {
    const routes = this.routes;
    const epoch = this.#epochOf(source);
    const oldest = age(epoch, this.#sources.floor[epochAt(source, this.family)]);
    for (let route = routes.head(prefix); route !== 0; route = routes.next(route)) {
      if (routes.source(route) === source && age(epoch, routes.epoch(route)) > oldest) return route;
    }
    return 0;
  }

  #add(
    prefix: PrefixId,
    head: RouteId,
    source: SourceId,
    pathId: number,
    received: AttrsId,
    attrs: AttrsId,
    reason: number,
  ): void {
    const routes = this.routes;
    const route = routes.makePath(attrs, source, pathId, reason, this.#epochOf(source));
    this.#attrs.retain(attrs);
    if (received !== attrs) {
      this.#attrs.retain(received);
      routes.setReceived(route, received);
    }
    this.#count(source, 1, reason === 0 ? 1 : 0);
    if (head === 0) {
      routes.linkHead(prefix, route);
      if (this.decision.isEligible(route)) this.#mark(prefix);
      return;
    }
    const beats = this.decision.beatsHead(route, head);
    if (beats === true) routes.linkHead(prefix, route);
    else {
      routes.linkBehindHead(prefix, route);
      if (beats === undefined) this.decision.select(prefix);
    }
    if (routes.head(prefix) !== head) this.#mark(prefix);
    else this.#markPaths(prefix);
  }

  #replace(
    prefix: PrefixId,
    head: RouteId,
    route: RouteId,
    source: SourceId,
    received: AttrsId,
    attrs: AttrsId,
    reason: number,
    epoch = this.#epochOf(source),
  ): void {
    const routes = this.routes;
    const oldAttrs = routes.attrs(route);
    const oldReceived = routes.received(route);
    const oldReason = routes.reason(route);
    if (oldAttrs === attrs && oldReceived === received && oldReason === reason) {
      this.unchanged++;
      if (routes.epoch(route) === epoch) return;
      routes.setEpoch(route, epoch);
      this.#sources.get(source).stale[this.family]--;
      return;
    }
    if (routes.epoch(route) !== epoch) this.#sources.get(source).stale[this.family]--;
    this.#attrs.retain(attrs);
    if (received !== attrs) this.#attrs.retain(received);
    routes.replace(route, attrs, received === attrs ? 0 : received, reason, epoch);
    this.#attrs.release(oldAttrs);
    if (oldReceived !== oldAttrs) this.#attrs.release(oldReceived);
    this.#count(source, 0, (reason === 0 ? 1 : 0) - (oldReason === 0 ? 1 : 0));
    if (route === head) {
      this.decision.select(prefix);
      this.#mark(prefix);
      return;
    }
    const beats = this.decision.beatsHead(route, head);
    if (beats === true) {
      routes.unlink(prefix, route);
      routes.linkHead(prefix, route);
    } else if (beats === undefined) this.decision.select(prefix);
    // A path that MED had beaten may come back when the one that beat it changes: the whole chain decides.
    else if (!this.decision.isOrder && routes.next(routes.next(head)) !== 0) this.decision.select(prefix);
    if (routes.head(prefix) !== head) this.#mark(prefix);
    else this.#markPaths(prefix);
  }

  #remove(prefix: PrefixId, route: RouteId): void {
    const routes = this.routes;
    const head = routes.head(prefix);
    const attrs = routes.attrs(route);
    const received = routes.received(route);
    const source = routes.source(route);
    this.#count(source, -1, routes.reason(route) === 0 ? -1 : 0);
    if (routes.epoch(route) !== this.#epochOf(source)) this.#sources.get(source).stale[this.family]--;
    routes.unlink(prefix, route);
    routes.freePath(route);
    this.#attrs.release(attrs);
    if (received !== attrs) this.#attrs.release(received);
    const rest = routes.head(prefix);
    if (rest === 0) {
      this.#mark(prefix);
      routes.freeIfUnused(prefix);
      return;
    }
    this.decision.select(prefix);
    if (routes.head(prefix) !== head) this.#mark(prefix);
    else this.#markPaths(prefix);
  }

  #mark(prefix: PrefixId): void {
    for (let i = 0; i < this.#logs.length; i++) this.#logs[i].mark(prefix);
  }

  /** The best path is the same, another one has changed. */
  #markPaths(prefix: PrefixId): void {
    for (const log of this.#everyPathLogs) log.mark(prefix);
    const { multipathEbgp, multipathIbgp } = this.decision.options;
    if (multipathEbgp <= 1 && multipathIbgp <= 1) return;
    for (const log of this.#multipathLogs) log.mark(prefix);
  }

  #count(source: SourceId, received: number, accepted: number): void {
    const counts = this.#sources.get(source);
    counts.received[this.family] += received;
    counts.accepted[this.family] += accepted;
  }
}

/** How many epochs ago `epoch` was, in the 8 bits they have. */
function age(now: number, epoch: number): number {
  return (now - epoch) & 255;
}
