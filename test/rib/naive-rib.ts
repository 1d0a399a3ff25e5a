// The RIB as Maps of objects: no chains, no interning, no logs; everything is worked out when it is asked for. Sources
// hold what they were told, naive-table.ts says what follows from it.

import type { Family } from "../../src/base/family.js";
import { formatPrefix, type IpPrefix } from "../../src/base/ip.js";
import type { PathAttributes } from "../../src/packet/attributes/attribute.js";
import { ACCEPT_ALL, type Filter } from "../../src/policy/route.js";
import type { Identity } from "../../src/rib/set-context.js";
import { RELATION, type SourceOptions } from "../../src/rib/sources.js";
import { type NaiveChoices, PLAIN_CHOICES } from "./naive-decision.js";
import { attributesText } from "./naive-export.js";
import { fromExternal, isRefused, isTreatedAsWithdrawn } from "./naive-import.js";

export interface Received {
  readonly prefix: IpPrefix;
  readonly pathId: number;
  readonly attributes: PathAttributes;
  /** A loop, a leak or our own next hop, as it was judged when it came. */
  readonly isRefused: boolean;
  /** What it was judged by. */
  readonly judgedBy: string;
  stale: boolean;
}

export class NaiveSource {
  options: SourceOptions;
  readonly bgpIdentifier: number;
  /** By prefix and path id. */
  readonly paths = new Map<string, Received>();
  filter: Filter = ACCEPT_ALL;
  /** By family: it is telling its table again (RFC 7313). */
  readonly isRefreshing: [boolean, boolean] = [false, false];
  readonly #identity: Identity;

  constructor(options: SourceOptions, bgpIdentifier: number, identity: Identity) {
    this.options = options;
    this.bgpIdentifier = bgpIdentifier;
    this.#identity = identity;
  }

  get prefixes(): readonly IpPrefix[] {
    return [...this.paths.values()].map(({ prefix }) => prefix);
  }

  /** True if that is news. */
  announce(prefix: IpPrefix, pathId: number, told: PathAttributes): boolean {
    const attributes = this.options.relation === RELATION.ebgp ? fromExternal(told) : told;
    if (isTreatedAsWithdrawn(attributes, this.options)) return this.withdraw(prefix, pathId);
    const key = keyOf(prefix, pathId);
    const before = this.paths.get(key);
    const judgedBy = judgement(this.options);
    const refused = isRefused(attributes, this.options, this.#identity);
    this.paths.set(key, { prefix, pathId, attributes, isRefused: refused, judgedBy, stale: false });
    if (before?.judgedBy !== judgedBy) return true;
    return attributesText(before.attributes) !== attributesText(attributes);
  }

  /** True if that is news. */
  withdraw(prefix: IpPrefix, pathId: number): boolean {
    return this.paths.delete(keyOf(prefix, pathId));
  }

  hasStale(family: Family): boolean {
    return [...this.paths.values()].some(({ prefix, stale }) => stale && prefix.family === family);
  }

  /** The session ends. What a refresh has not reached is as good as before it; what an earlier restart has left is not. */
  down(keep: readonly Family[]): void {
    for (const [key, path] of this.paths) {
      const { family } = path.prefix;
      if (!keep.includes(family) || (path.stale && !this.isRefreshing[family])) this.paths.delete(key);
      path.stale = true;
    }
    this.isRefreshing.fill(false);
  }

  beginRefresh(family: Family): void {
    this.isRefreshing[family] = true;
    for (const path of this.paths.values()) if (path.prefix.family === family) path.stale = true;
  }

  sweep(family: Family): void {
    this.isRefreshing[family] = false;
    for (const [key, path] of this.paths) if (path.stale && path.prefix.family === family) this.paths.delete(key);
  }
}

/** Equal texts: equal attributes are judged alike. */
function judgement({ import: taken }: SourceOptions): string {
  return JSON.stringify([taken?.globalAs, taken?.allowAsIn, taken?.enforcesFirstAs, taken?.role, taken?.localAddress]);
}

function keyOf(prefix: IpPrefix, pathId: number): string {
  return `${formatPrefix(prefix)} ${pathId}`;
}

export interface NaiveAggregate {
  readonly prefix: IpPrefix;
  readonly summaryOnly: boolean;
}

const AGGREGATE: SourceOptions = {
  kind: "aggregate",
  name: "aggregate",
  relation: RELATION.local,
  localAs: 0,
  peer: undefined,
  address: undefined,
};

/** The way to a next hop. */
export interface NaiveWay {
  readonly reachable: boolean;
  readonly cost: number;
}

export class NaiveRib {
  /** In the order in which those without an address win. */
  readonly sources = new Set<NaiveSource>();
  readonly identity: Identity;
  choices: NaiveChoices = PLAIN_CHOICES;
  aggregates: readonly NaiveAggregate[] = [];
  /** Holds nothing: aggregates follow from what the others hold. */
  readonly aggregated: NaiveSource;
  /** Way to the address of a next hop: 4 or 16 octets. */
  readonly wayTo: (address: Uint8Array) => NaiveWay;

  constructor(identity: Identity, wayTo: (address: Uint8Array) => NaiveWay) {
    this.identity = identity;
    this.wayTo = wayTo;
    this.aggregated = new NaiveSource(AGGREGATE, 0, identity);
  }
}
