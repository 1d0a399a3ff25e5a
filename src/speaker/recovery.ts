// Our own restart (RFC 4724 §4.1): what the graceful restart capability of our OPENs says, how long End-of-RIB is withheld,
// and when kernel routes of the earlier run that nobody claimed may go.
//
// Deviates from RFC 4724 §4.1: selection is not deferred. Each route is used as soon as it is resolved; only End-of-RIB
// waits, and a peer that stays silent waits only for itself. Otherwise one dead peer would hold back every route.

import { type Clock, Deadlines } from "../base/clock.js";
import { FAMILIES, familyByName } from "../base/family.js";
import type { Log } from "../base/log.js";
import type { SpeakerConfig } from "../config/speaker-config.js";
import type { Capabilities } from "../packet/capabilities.js";
import type { Peer } from "./peer.js";

/** A peer that has not come up after this long does not hold back End-of-RIB any longer. */
const SILENCE_MS = 5000;

type Timer = "silence" | "deferral";

export interface RecoveryDependencies {
  readonly clock: Clock;
  readonly log: Log;
  /** End-of-RIB may be sent from now on. */
  readonly onSettled: () => void;
  /** Every peer has told everything, or had its time: stale kernel routes may go. */
  readonly onOver: () => void;
}

export class Recovery {
  readonly #deps: RecoveryDependencies;
  readonly #deadlines: Deadlines<Timer>;
  readonly #waiting = new Set<Peer>();
  #forwardingPreserved = false;
  #silenceOver = false;
  /** Peers may come of which we do not know yet. */
  #expectsMore = false;
  #settled = true;
  #over = true;

  constructor(deps: RecoveryDependencies) {
    this.#deps = deps;
    this.#deadlines = new Deadlines(deps.clock, (timer) => this.#ring(timer));
  }

  /** Until End-of-RIB has been sent. */
  get isRestarting(): boolean {
    return !this.#settled;
  }

  /** Keys of the peers whose table is not complete yet. */
  get waitingFor(): readonly string[] {
    return this.#over ? [] : [...this.#waiting].filter((peer) => !hasTold(peer)).map((peer) => peer.config.key);
  }

  /** We have just started, with these peers. `forwardingPreserved`: the kernel still had the routes of an earlier run, or
   *  forwarding does not depend on us. */
  begin(peers: Iterable<Peer>, config: SpeakerConfig, forwardingPreserved: boolean): void {
    this.#forwardingPreserved = forwardingPreserved;
    for (const peer of peers) this.#waiting.add(peer);
    this.#settled = this.#over = false;
    this.#expectsMore = config.dynamicPeers.length > 0;
    this.#deadlines.start("silence", SILENCE_MS);
    this.#deadlines.start("deferral", config.gracefulRestart.deferralSeconds * 1000);
    this.review();
  }

  /** A dynamic peer has come: it has a table to tell as well. */
  expect(peer: Peer): void {
    if (!this.#over) this.#waiting.add(peer);
  }

  /** A peer has come up, gone, or told everything. */
  review(): void {
    if (this.#over || (this.#expectsMore && !this.#silenceOver)) return;
    if (!this.#settled && [...this.#waiting].every((peer) => this.#isSettled(peer)))
      this.#settle("every peer has told its routes");
    if ([...this.#waiting].every((peer) => hasTold(peer))) this.#end("every peer has told its routes");
  }

  forget(peer: Peer): void {
    this.#waiting.delete(peer);
    this.review();
  }

  stop(): void {
    this.#deadlines.stopAll();
  }

  /** The capability for the next OPEN to the peer. */
  capability(peer: Peer, config: SpeakerConfig): Capabilities["gracefulRestart"] {
    if (!config.gracefulRestart.enabled || !peer.config.gracefulRestart) return undefined;
    return {
      restarting: this.isRestarting,
      notification: config.gracefulRestart.notification,
      restartTimeSeconds: config.gracefulRestart.restartTimeSeconds,
      families: peer.config.families.map((name) => ({
        family: familyByName(name),
        // Once we run, forwarding does not suffer from a session that only broke.
        forwardingPreserved: this.#settled || this.#forwardingPreserved,
      })),
    };
  }

  #isSettled(peer: Peer): boolean {
    if (hasTold(peer)) return true;
    if (peer.negotiated === undefined) return this.#silenceOver;
    // RFC 4724 §4.1: who restarts as well does not count, or both would wait for each other.
    return peer.negotiated.gracefulRestart?.restarting ?? true;
  }

  #settle(why: string): void {
    this.#settled = true;
    this.#deps.log.info(`restart: End-of-RIB is no longer withheld: ${why}`);
    this.#deps.onSettled();
  }

  #end(why: string): void {
    if (!this.#settled) this.#settle(why);
    this.#over = true;
    this.#deadlines.stopAll();
    this.#waiting.clear();
    this.#deps.log.info(`restart: over: ${why}`);
    this.#deps.onOver();
  }

  #ring(timer: Timer): void {
    if (timer === "deferral") this.#end("the deferral time has passed");
    else {
      this.#silenceOver = true;
      this.review();
    }
  }
}

/** The peer has sent End-of-RIB for everything, or will never tell when it is done, or is meant to be down. */
function hasTold(peer: Peer): boolean {
  if (peer.session.isAdminDown) return true;
  const { negotiated } = peer;
  if (negotiated === undefined) return false;
  if (negotiated.peerCapabilities.gracefulRestart === undefined) return true;
  return FAMILIES.every(({ family }) => !negotiated.families.includes(family) || peer.endOfRib.has(family));
}
