// Limits of prefixes of one peer, in both directions: what is counted, what ends the session, and how the peer comes back
// (RFC 4271 §6.7). The session itself is the peer's business.

import type { Clock } from "../base/clock.js";
import type { Family } from "../base/family.js";
import type { Log } from "../base/log.js";
import type { PeerConfig } from "../config/speaker-config.js";
import type { MemberLimit } from "../rib/group-member.js";
import type { Source } from "../rib/sources.js";
import { LimitHold } from "./limit-hold.js";
import { type Excess, isRelaxed, optionOf, PrefixLimits } from "./prefix-limits.js";

export interface PeerLimitsDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly source: Source;
  /** The session must end; the peer is held from this moment on. */
  readonly onExceeded: (excess: Excess) => void;
  /** The peer may come back. */
  readonly onOver: () => void;
}

export class PeerLimits {
  readonly #deps: PeerLimitsDependencies;
  readonly #in: PrefixLimits;
  readonly #accepted: PrefixLimits;
  readonly #out: PrefixLimits;
  readonly #hold: LimitHold;

  constructor(config: PeerConfig, deps: PeerLimitsDependencies) {
    this.#deps = deps;
    this.#in = new PrefixLimits("in", deps.log, config.maxPrefixesIn);
    this.#accepted = new PrefixLimits("accepted", deps.log, config.maxPrefixesAccepted);
    this.#out = new PrefixLimits("out", deps.log, config.maxPrefixesOut);
    this.#hold = new LimitHold(deps.clock, deps.onOver);
  }

  /** Why the peer is kept down, and for how long; undefined: it is not. */
  get heldText(): string | undefined {
    return this.#hold.text;
  }

  /** It is kept down for a time only. */
  get isWaiting(): boolean {
    return this.#hold.excess?.action === "restart";
  }

  /** Somebody has decided about the peer: whether it is up is no longer a matter of limits. */
  lift(): void {
    this.#hold.lift();
  }

  /** A new session: nothing has been said about it. */
  sessionUp(): void {
    this.#in.reset();
    this.#accepted.reset();
    this.#out.reset();
  }

  /** After each UPDATE: has the peer sent too much? */
  reviewReceived(): void {
    if (!this.#in.isSet && !this.#accepted.isSet) return;
    const { received, accepted, stale } = this.#deps.source;
    const review = (limits: PrefixLimits, counts: readonly [number, number]): Excess | undefined =>
      limits.review(0, counts[0], stale[0] > 0) ?? limits.review(1, counts[1], stale[1] > 0);
    const excess = review(this.#in, received) ?? review(this.#accepted, accepted);
    if (excess !== undefined) this.#exceeded(excess);
  }

  /** What bounds the announcements of a family to the peer; `isCurrent` tells whether its session is still the same. */
  announcements(family: Family, isCurrent: () => boolean): MemberLimit | undefined {
    if (!this.#out.isSet) return undefined;
    const most = this.#out.hardLimit(family);
    const permits = (count: number): boolean => {
      const excess = this.#out.review(family, count);
      // Asked in the middle of a flush: the session must not end there.
      if (excess !== undefined) this.#deps.clock.soon(() => isCurrent() && this.#exceeded(excess));
      return count <= most;
    };
    return { most, permits };
  }

  /** Takes another configuration. True: a peer that was kept down may try again. The counts must be reviewed after this. */
  reconfigure(before: PeerConfig, after: PeerConfig): boolean {
    this.#in.configure(after.maxPrefixesIn);
    this.#accepted.configure(after.maxPrefixesAccepted);
    this.#out.configure(after.maxPrefixesOut);
    const { excess } = this.#hold;
    if (excess === undefined) return false;
    const option = optionOf(excess.direction);
    return isRelaxed(excess.family, before[option], after[option]);
  }

  #exceeded(excess: Excess): void {
    // The limit of the other direction may have been exceeded first.
    if (this.#hold.excess !== undefined) return;
    this.#hold.begin(excess);
    this.#deps.onExceeded(excess);
  }
}
