// A new update group begins where another one stands, so that the members it takes over are told only what differs. What the
// other one has advertised is copied in slices: as it was at the beginning, whatever happens to it meanwhile.

import { Bitset } from "../base/bitset.js";
import type { Clock } from "../base/clock.js";
import type { AdjRibOut } from "./adj-rib-out.js";
import type { PrefixId } from "./route-table.js";
import type { AdvertisedFollower, FollowedGroup } from "./walk-backlog.js";

/** Rows between two looks at the clock. */
const STRIDE = 256;

export class AdvertisedCopy implements AdvertisedFollower {
  readonly #from: FollowedGroup;
  readonly #to: AdjRibOut;
  /** Rows that were copied before their turn. */
  readonly #early = new Bitset();
  #next: PrefixId = 1;
  readonly #end: PrefixId;

  constructor(from: FollowedGroup, to: AdjRibOut) {
    this.#from = from;
    this.#to = to;
    this.#end = from.advertised.end;
    from.followers.add(this);
  }

  willChange(prefix: PrefixId): void {
    if (prefix >= this.#next && prefix < this.#end && this.#early.add(prefix)) this.#copy(prefix);
  }

  /** Works until `until`; true when all is copied. */
  work(until: number, clock: Clock): boolean {
    while (this.#next < this.#end) {
      const prefix = this.#next++;
      if (!this.#early.has(prefix)) this.#copy(prefix);
      if ((prefix & (STRIDE - 1)) === 0 && clock.now() >= until) return false;
    }
    this.stop();
    return true;
  }

  stop(): void {
    this.#from.followers.delete(this);
  }

  #copy(prefix: PrefixId): void {
    const { advertised } = this.#from;
    for (let path = advertised.first(prefix); path !== 0; path = advertised.next(path)) {
      this.#to.set(prefix, advertised.pathId(path), advertised.attrs(path));
    }
  }
}
