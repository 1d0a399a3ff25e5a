// Whether a group's stream waits a moment for members that lag behind it. Who falls out of what is kept must be walked over
// the table, encoded for itself; where all read, only not as fast as we encode, waiting costs nobody anything.
//
// Only a member that reads well is waited for: one that has emptied its socket within the last PATIENCE_MS. So a peer that
// stops reading, or reads slowly, delays nobody.

import type { Alarm, Clock } from "../base/clock.js";
import type { GroupMember } from "./group-member.js";

/** A batch of 64 KB in this time is 1.3 MB/s. */
const PATIENCE_MS = 50;

export class StreamPatience {
  readonly #clock: Clock;
  readonly #requestFlush: () => void;
  #alarm: Alarm | undefined;

  constructor(clock: Clock, requestFlush: () => void) {
    this.#clock = clock;
    this.#requestFlush = requestFlush;
  }

  /** True: nothing more is encoded for now, because a member whose next batch is the oldest one (`first`) gets on. A flush
   *  is asked for when that may be over. */
  waitsFor(members: Iterable<GroupMember>, first: number): boolean {
    const since = this.#clock.now() - PATIENCE_MS;
    for (const member of members) {
      if (!member.isLive || !member.blocked || member.position !== first || member.emptiedAt < since) continue;
      this.#alarm ??= this.#clock.at(member.emptiedAt + PATIENCE_MS + 1, () => {
        this.#alarm = undefined;
        this.#requestFlush();
      });
      return true;
    }
    return false;
  }

  stop(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
  }
}
