// Upper bounds of prefixes in one direction of a peer (RFC 4271 §6.7): when a warning is due, and when the session must
// end. How long the peer then stays away is limit-hold.ts.

import { FAMILIES, type Family } from "../base/family.js";
import type { Log } from "../base/log.js";
import type { MaxPrefixesConfig } from "../config/speaker-config.js";

/** `accepted`: of those that come in. */
export type LimitDirection = "in" | "out" | "accepted";

/** A limit was exceeded and its action ends the session. */
export interface Excess {
  readonly direction: LimitDirection;
  readonly family: Family;
  readonly limit: number;
  readonly action: "restart" | "disable";
  readonly restartAfterSeconds: number;
}

/** What was said last about a family; said again only after the count fell below it. */
const LEVEL = { below: 0, near: 1, over: 2 } as const;
type Level = (typeof LEVEL)[keyof typeof LEVEL];

export class PrefixLimits {
  readonly #direction: LimitDirection;
  readonly #log: Log;
  readonly #levels: [Level, Level] = [LEVEL.below, LEVEL.below];
  #config: MaxPrefixesConfig | undefined;
  /** By family; Infinity: none. */
  #limits: readonly [number, number] = [Infinity, Infinity];
  #near: readonly [number, number] = [Infinity, Infinity];

  constructor(direction: LimitDirection, log: Log, config: MaxPrefixesConfig | undefined) {
    this.#direction = direction;
    this.#log = log;
    this.configure(config);
  }

  /** False: there is nothing to review. */
  get isSet(): boolean {
    return this.#config !== undefined;
  }

  /** Takes other limits, about which nothing has been said yet; `review` must follow where something is counted. */
  configure(config: MaxPrefixesConfig | undefined): void {
    if (JSON.stringify(config) === JSON.stringify(this.#config)) return;
    this.reset();
    this.#config = config;
    this.#limits = [config?.ipv4 ?? Infinity, config?.ipv6 ?? Infinity];
    const percent = config?.warnPercent ?? 100;
    this.#near = [Math.ceil((this.#limits[0] * percent) / 100), Math.ceil((this.#limits[1] * percent) / 100)];
  }

  /** Most prefixes of the family before the session ends; Infinity where it never does. */
  hardLimit(family: Family): number {
    return this.#config === undefined || this.#config.action === "warn" ? Infinity : this.#limits[family];
  }

  /** A new session: nothing has been said. */
  reset(): void {
    this.#levels[0] = this.#levels[1] = LEVEL.below;
  }

  /** Judges a count. `withStale`: routes that the peer may not have any more are still among it. Gives what must end the
   *  session; warnings are logged here. */
  review(family: Family, count: number, withStale = false): Excess | undefined {
    // What is stale was within the limit once, so beyond the double of it the others alone are too many.
    const limit = withStale ? 2 * this.#limits[family] : this.#limits[family];
    const level = count > limit ? LEVEL.over : count >= this.#near[family] ? LEVEL.near : LEVEL.below;
    const before = this.#levels[family];
    if (level === before) return undefined;
    this.#levels[family] = level;
    return level > before ? this.#say(family, level, count) : undefined;
  }

  #say(family: Family, level: Level, count: number): Excess | undefined {
    const config = this.#config;
    if (config === undefined) return undefined;
    const limit = this.#limits[family];
    if (level === LEVEL.near) {
      const done = DONE[this.#direction];
      this.#log.warn(`${count} ${FAMILIES[family].name} prefixes ${done}, the limit is ${limit} (${this.#option})`);
      return undefined;
    }
    const excess = { direction: this.#direction, family, limit };
    const words = excessWords(excess);
    if (config.action === "warn") {
      this.#log.warn(`${words}: a warning only, as configured`);
      return undefined;
    }
    this.#log.error(`${words}: the session ends`);
    return { ...excess, action: config.action, restartAfterSeconds: config.restartAfterSeconds };
  }

  get #option(): string {
    return optionOf(this.#direction);
  }
}

const DONE = { in: "received", out: "announced", accepted: "accepted" } as const;

/** `received more than 1000 ipv4 prefixes (maxPrefixesIn)`. */
export function excessWords({ direction, family, limit }: Pick<Excess, "direction" | "family" | "limit">): string {
  const has = direction === "out" ? "would announce" : DONE[direction];
  return `${has} more than ${limit} ${FAMILIES[family].name} prefixes (${optionOf(direction)})`;
}

const OPTIONS = { in: "maxPrefixesIn", out: "maxPrefixesOut", accepted: "maxPrefixesAccepted" } as const;

/** The option of PeerConfig. */
export function optionOf(direction: LimitDirection): (typeof OPTIONS)[LimitDirection] {
  return OPTIONS[direction];
}

/** True if a peer that is kept down by `before` deserves another attempt under `after`. */
export function isRelaxed(
  family: Family,
  before: MaxPrefixesConfig | undefined,
  after: MaxPrefixesConfig | undefined,
): boolean {
  const limit = (config: MaxPrefixesConfig | undefined): number => config?.[FAMILIES[family].name] ?? Infinity;
  if (limit(after) > limit(before)) return true;
  return after?.action !== before?.action || after?.restartAfterSeconds !== before?.restartAfterSeconds;
}
