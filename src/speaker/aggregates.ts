// Aggregates (RFC 4271 §9.2.2.2, without AS_SET): announced while at least one longer prefix inside has a best path; with
// summaryOnly the longer ones are not advertised.

import { FAMILIES, type Family } from "../base/family.js";
import { formatPrefix, type IpPrefix } from "../base/ip.js";
import type { AggregateConfig } from "../config/speaker-config.js";
import type { ChangeLog } from "../rib/change-log.js";
import { prefixOf } from "../rib/prefix-view.js";
import type { Rib, RibReader } from "../rib/rib.js";
import type { PrefixId } from "../rib/route-table.js";
import { RELATION, type Source } from "../rib/sources.js";
import { BLACKHOLE, isInside } from "./fib-plan.js";
import type { FibRoute } from "./ports.js";

interface Aggregate {
  readonly config: AggregateConfig;
  readonly contributors: Set<PrefixId>;
  announced: boolean;
}

export class Aggregates implements RibReader {
  readonly #rib: Rib;
  readonly #source: Source;
  #logs: readonly ChangeLog[] = [];
  #aggregates: Aggregate[] = [];

  constructor(rib: Rib) {
    this.#rib = rib;
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
    for (const aggregate of this.#aggregates) this.#drop(aggregate);
    this.#aggregates = configs.map((config) => ({ config, contributors: new Set<PrefixId>(), announced: false }));
    this.#follow(configs.length > 0);
    return configs.length + before.length;
  }

  fibRoute(prefix: string): FibRoute | undefined {
    const found = this.#aggregates.find((aggregate) => formatPrefix(aggregate.config.prefix) === prefix);
    return found === undefined ? undefined : BLACKHOLE;
  }

  flush(): boolean {
    for (const [family, log] of this.#logs.entries()) {
      const rib = this.#rib.families[family];
      for (let prefix = log.take(); prefix !== 0; prefix = log.take()) {
        this.#review(family as Family, prefix);
        rib.routes.unhold(prefix);
      }
    }
    for (const aggregate of this.#aggregates) this.#settle(aggregate);
    return false;
  }

  #follow(wanted: boolean): void {
    for (const [family, log] of this.#logs.entries()) this.#rib.families[family].unsubscribe(log);
    this.#logs = [];
    this.#rib.removeReader(this);
    if (!wanted) return;
    this.#logs = this.#rib.families.map((rib) => rib.subscribe());
    for (const { family } of FAMILIES) {
      const { prefixes } = this.#rib.families[family].routes;
      for (let prefix = 1; prefix < prefixes.end; prefix++)
        if (prefixes.isUsed(prefix)) this.#logs[family].mark(prefix);
    }
    this.#rib.addReader(this);
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
    this.#rib.families[family].redecide(prefix);
  }

  #remove(aggregate: Aggregate, family: Family, prefix: PrefixId): void {
    if (!aggregate.contributors.delete(prefix)) return;
    const stillHidden = this.#aggregates.some((other) => other.config.summaryOnly && other.contributors.has(prefix));
    if (aggregate.config.summaryOnly && !stillHidden && this.#rib.suppressed[family].delete(prefix)) {
      this.#rib.families[family].redecide(prefix);
    }
    this.#rib.families[family].routes.unhold(prefix);
  }

  #settle(aggregate: Aggregate): void {
    const wanted = aggregate.contributors.size > 0;
    if (wanted === aggregate.announced) return;
    aggregate.announced = wanted;
    if (wanted)
      this.#rib.announceLocal(this.#source, aggregate.config.prefix, { origin: 0, asPath: [], atomicAggregate: true });
    else this.#rib.withdrawLocal(this.#source, aggregate.config.prefix);
  }

  #drop(aggregate: Aggregate): void {
    const { family } = aggregate.config.prefix;
    for (const prefix of [...aggregate.contributors]) this.#remove(aggregate, family, prefix);
    this.#settle(aggregate);
  }
}

function contains(outer: IpPrefix, inner: IpPrefix): boolean {
  return outer.length < inner.length && isInside(outer, inner);
}
