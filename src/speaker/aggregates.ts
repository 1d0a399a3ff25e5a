// Aggregates (RFC 4271 §9.2.2.2, without AS_SET): announced while at least one longer prefix inside has a best path; with
// summaryOnly the longer ones are not advertised.

import type { Clock } from "../base/clock.js";
import type { Family } from "../base/family.js";
import { formatPrefix, type IpPrefix } from "../base/ip.js";
import type { AggregateConfig } from "../config/speaker-config.js";
import type { ChangeLog } from "../rib/change-log.js";
import { prefixOf } from "../rib/prefix-view.js";
import type { Rib, RibReader } from "../rib/rib.js";
import type { PrefixId } from "../rib/route-table.js";
import { RELATION, type Source } from "../rib/sources.js";
import { BLACKHOLE, isInside } from "./fib-plan.js";
import type { FibRoute } from "./ports.js";

/** Prefixes between two looks at the clock. */
const STRIDE = 64;

interface Aggregate {
  readonly config: AggregateConfig;
  readonly contributors: Set<PrefixId>;
  announced: boolean;
}

export class Aggregates implements RibReader {
  /** What is hidden must be known before anybody is told of it. */
  readonly goesFirst = true;
  readonly #rib: Rib;
  readonly #source: Source;
  readonly #clock: Clock;
  #logs: readonly ChangeLog[] = [];
  #aggregates: readonly Aggregate[] = [];
  /** No longer configured; their contributors have yet to be let go. */
  readonly #leaving: Aggregate[] = [];
  /** By family: rows from here to the second one must be looked at for new aggregates. */
  readonly #unseen: [from: number, end: number][] = [
    [1, 1],
    [1, 1],
  ];

  constructor(rib: Rib) {
    this.#rib = rib;
    this.#clock = rib.clock;
    this.#source = rib.addSource({
      kind: "aggregate",
      name: "aggregate",
      relation: RELATION.local,
      localAs: 0,
      peer: undefined,
      address: undefined,
    });
  }

  /** Takes the list of a new configuration; equal entries stay as they are. Gives how many changed. */
  apply(configs: readonly AggregateConfig[]): number {
    const identity = (config: AggregateConfig): string => `${formatPrefix(config.prefix)} ${config.summaryOnly}`;
    const wanted = configs.map(identity);
    const before = this.#aggregates.map((aggregate) => identity(aggregate.config));
    if (JSON.stringify(wanted) === JSON.stringify(before)) return 0;
    const old = this.#aggregates;
    this.#aggregates = configs.map((config, i) => {
      const same = old[before.indexOf(wanted[i])];
      if (same !== undefined) return same;
      // With another summaryOnly it is announced as before.
      const named = old.find((aggregate) => formatPrefix(aggregate.config.prefix) === formatPrefix(config.prefix));
      const announced = named?.announced ?? false;
      if (named !== undefined) named.announced = false;
      return { config, contributors: new Set<PrefixId>(), announced };
    });
    for (const aggregate of old) if (!this.#aggregates.includes(aggregate)) this.#leaving.push(aggregate);
    this.#follow();
    return configs.length + before.length;
  }

  fibRoute(prefix: string): FibRoute | undefined {
    const found = this.#aggregates.find((aggregate) => formatPrefix(aggregate.config.prefix) === prefix);
    return found === undefined ? undefined : BLACKHOLE;
  }

  flush(until: number): boolean {
    // In this order nothing that one summary-only aggregate hides, and then another, is seen in between.
    const isDone = this.#lookAtUnseen(until) && this.#followChanges(until) && this.#letGo(until);
    for (const aggregate of this.#aggregates) this.#settle(aggregate);
    if (isDone && this.#aggregates.length === 0) this.#rib.removeReader(this);
    return !isDone;
  }

  /** Begins to look at the whole table for what is new. */
  #follow(): void {
    if (this.#aggregates.length === 0) {
      for (const [family, log] of this.#logs.entries()) this.#rib.families[family].unsubscribe(log);
      this.#logs = [];
    } else if (this.#logs.length === 0) this.#logs = this.#rib.families.map((rib) => rib.subscribe());
    for (const { family, routes } of this.#rib.families) this.#unseen[family] = [1, routes.prefixes.end];
    this.#rib.addReader(this);
  }

  /** False: time is up. */
  #letGo(until: number): boolean {
    let count = 0;
    for (let aggregate = this.#leaving.at(-1); aggregate !== undefined; aggregate = this.#leaving.at(-1)) {
      const { family } = aggregate.config.prefix;
      for (const prefix of aggregate.contributors) {
        this.#remove(aggregate, family, prefix);
        if (++count % STRIDE === 0 && this.#clock.now() >= until) return false;
      }
      this.#leaving.pop();
      this.#withdraw(aggregate);
    }
    return true;
  }

  #lookAtUnseen(until: number): boolean {
    for (const { family, routes } of this.#rib.families) {
      const unseen = this.#unseen[family];
      const { prefixes } = routes;
      while (unseen[0] < Math.min(unseen[1], prefixes.end)) {
        const prefix = unseen[0]++;
        if (prefixes.isUsed(prefix)) this.#review(family, prefix);
        if (prefix % STRIDE === 0 && this.#clock.now() >= until) return false;
      }
      unseen[0] = unseen[1];
    }
    return true;
  }

  #followChanges(until: number): boolean {
    let count = 0;
    for (const [family, log] of this.#logs.entries()) {
      const rib = this.#rib.families[family];
      for (let prefix = log.take(); prefix !== 0; prefix = log.take()) {
        this.#review(family as Family, prefix);
        rib.routes.unhold(prefix);
        if (++count % STRIDE === 0 && this.#clock.now() >= until) return false;
      }
    }
    return true;
  }

  get #hasSeenAll(): boolean {
    return this.#unseen.every(([from, end]) => from >= end);
  }

  #review(family: Family, prefix: PrefixId): void {
    const rib = this.#rib.families[family];
    const route = prefixOf(rib.routes.prefixes, prefix);
    const best = rib.best(prefix);
    const contributes = best !== 0 && rib.routes.source(best) !== this.#source.id;
    for (const aggregate of this.#aggregates) {
      if (!contains(aggregate.config.prefix, route)) continue;
      if (contributes) this.#add(aggregate, family, prefix);
      else this.#remove(aggregate, family, prefix);
    }
  }

  #add(aggregate: Aggregate, family: Family, prefix: PrefixId): void {
    if (aggregate.contributors.has(prefix)) return;
    aggregate.contributors.add(prefix);
    // A row that an aggregate counts must not come to mean another prefix.
    this.#rib.families[family].routes.hold(prefix);
    if (!aggregate.config.summaryOnly || this.#rib.suppressed[family].has(prefix)) return;
    this.#rib.suppressed[family].add(prefix);
    this.#tellAgain(family, prefix);
  }

  #remove(aggregate: Aggregate, family: Family, prefix: PrefixId): void {
    if (!aggregate.contributors.delete(prefix)) return;
    if (
      aggregate.config.summaryOnly &&
      !this.#isHidden(family, prefix) &&
      this.#rib.suppressed[family].delete(prefix)
    ) {
      this.#tellAgain(family, prefix);
    }
    this.#rib.families[family].routes.unhold(prefix);
  }

  /** The groups may have been flushed before us, and nothing else need have happened that lets them be flushed again. */
  #tellAgain(family: Family, prefix: PrefixId): void {
    this.#rib.families[family].redecide(prefix);
    this.#rib.requestFlush();
  }

  #isHidden(family: Family, prefix: PrefixId): boolean {
    return this.#aggregates.some(
      // Rows of the two families have the same numbers.
      ({ config, contributors }) => config.summaryOnly && config.prefix.family === family && contributors.has(prefix),
    );
  }

  #settle(aggregate: Aggregate): void {
    const wanted = aggregate.contributors.size > 0;
    if (wanted === aggregate.announced) return;
    // One that was announced under other options has not found all of its contributors yet.
    if (!wanted && !this.#hasSeenAll) return;
    aggregate.announced = wanted;
    if (wanted)
      this.#rib.announceLocal(this.#source, aggregate.config.prefix, { origin: 0, asPath: [], atomicAggregate: true });
    else this.#rib.withdrawLocal(this.#source, aggregate.config.prefix);
  }

  /** One that is no longer configured: when nothing is hidden behind it any more. */
  #withdraw({ announced, config: { prefix } }: Aggregate): void {
    const text = formatPrefix(prefix);
    // It may have been configured again meanwhile.
    if (!announced || this.#aggregates.some((other) => formatPrefix(other.config.prefix) === text)) return;
    this.#rib.withdrawLocal(this.#source, prefix);
  }
}

function contains(outer: IpPrefix, inner: IpPrefix): boolean {
  return outer.length < inner.length && isInside(outer, inner);
}
