// Routes that a peer may not have any more: those of a peer that restarts (RFC 4724 §4.2, the helper's side), and those it
// has not told again in a refresh (RFC 7313 §4). Both stay in use until the peer has told its table, or time is up.

import type { Clock } from "../base/clock.js";
import { type Family, FAMILIES } from "../base/family.js";
import type { Log } from "../base/log.js";
import type { Rib } from "../rib/rib.js";
import type { Source } from "../rib/sources.js";
import type { Negotiated } from "../session/negotiate.js";
import { StaleTimers } from "./stale-timers.js";

export interface StaleRoutesDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly rib: Rib;
  readonly source: Source;
  /** The last stale route of the family has left. */
  readonly onSwept: (family: Family) => void;
}

export class StaleRoutes {
  readonly #deps: StaleRoutesDependencies;
  readonly #restart: StaleTimers;
  readonly #refresh: StaleTimers;
  /** UPDATEs of the session when the refresh of the family began. */
  readonly #updatesAtBeginning: [number, number] = [0, 0];

  constructor(deps: StaleRoutesDependencies) {
    this.#deps = deps;
    this.#restart = new StaleTimers(deps.clock, (family) => this.#drop(family, "it did not finish in time"));
    this.#refresh = new StaleTimers(deps.clock, (family) => this.#endRefresh(family, "its refresh took too long"));
  }

  /** Routes are kept because the peer may be restarting. */
  get isKept(): boolean {
    return this.#restart.isRunning(0) || this.#restart.isRunning(1);
  }

  /** Milliseconds for which they are kept at most; undefined: none are. */
  get keptMs(): number | undefined {
    const left = FAMILIES.flatMap(({ family }) => this.#restart.remaining(family) ?? []);
    return left.length === 0 ? undefined : Math.max(...left);
  }

  /** The session has ended: the routes of these families stay for at most `seconds`, the others leave. */
  down(keep: readonly Family[], seconds: number): void {
    this.stop();
    this.#deps.rib.sourceDown(this.#deps.source, keep);
    if (keep.length === 0) return;
    this.#deps.log.info(`routes kept while it restarts, for at most ${seconds} s`);
    for (const family of keep) this.#restart.start(family, seconds * 1000);
  }

  /** The peer is back: what it has not preserved goes at once, the rest when it has told its table again. */
  up(negotiated: Negotiated, seconds: number): void {
    for (const { family } of FAMILIES) {
      if (!this.#restart.isRunning(family)) continue;
      const offered = negotiated.gracefulRestart?.families.find((entry) => entry.family === family);
      if (offered === undefined || !offered.forwardingPreserved)
        this.#drop(family, "it has not preserved its forwarding state");
      else this.#restart.start(family, seconds * 1000);
    }
  }

  endOfRib(family: Family): void {
    if (!this.#restart.isRunning(family)) return;
    this.#restart.stop(family);
    this.#sweep(family);
  }

  /** BoRR: every route of the family is stale until it is told again; for at most `seconds`. `updates`: how many have come
   *  in this session. */
  refreshBegan(family: Family, updates: number, seconds: number): void {
    // Marking again costs a walk over the table: not for a peer that has told nothing since it said so before.
    const isRepeated = this.#refresh.isRunning(family) && this.#updatesAtBeginning[family] === updates;
    if (!isRepeated) this.#deps.rib.beginRefresh(this.#deps.source, family);
    this.#updatesAtBeginning[family] = updates;
    this.#refresh.start(family, seconds * 1000);
  }

  /** EoRR: what is still stale goes. Without a BoRR before it means nothing. */
  refreshEnded(family: Family): void {
    if (this.#refresh.isRunning(family)) this.#endRefresh(family, undefined);
  }

  stop(): void {
    this.#restart.stopAll();
    this.#refresh.stopAll();
  }

  #endRefresh(family: Family, problem: string | undefined): void {
    const { log } = this.#deps;
    this.#refresh.stop(family);
    if (problem !== undefined) log.warn(`stale ${FAMILIES[family].name} routes removed: ${problem}`);
    else log.debug("refresh complete", { family: FAMILIES[family].name });
    this.#sweep(family);
  }

  #drop(family: Family, why: string): void {
    this.#restart.stop(family);
    const { log, source } = this.#deps;
    if (source.received[family] > 0) log.info(`stale ${FAMILIES[family].name} routes removed: ${why}`);
    this.#sweep(family);
  }

  #sweep(family: Family): void {
    this.#deps.rib.sweepStale(this.#deps.source, family, () => this.#deps.onSwept(family));
  }
}
