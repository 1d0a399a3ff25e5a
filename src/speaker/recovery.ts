// Our own restart (RFC 4724 §4.1), peer by peer: what the graceful restart capability of our OPENs says, how long End-of-RIB
// is withheld, and when kernel routes of the earlier run that nobody claimed may go.
//
// Deviates from RFC 4724 §4.1: selection is not deferred. Each route is used and announced as soon as it is resolved; only
// End-of-RIB waits, for peers that are there. A dead peer holds back nobody; what the kernel still has may be its routes, so
// that stays until the peer is back and has told its table, or its restart time has ended.

import { type Clock, Deadlines } from "../base/clock.js";
import { FAMILIES, familyByName } from "../base/family.js";
import type { Log } from "../base/log.js";
import type { PeerConfig, SpeakerConfig } from "../config/speaker-config.js";
import type { Capabilities } from "../packet/capabilities.js";
import { rank } from "../session/fsm-types.js";
import type { Peer } from "./peer.js";

/** A peer whose OPEN has not come after this long does not hold back End-of-RIB. */
const SILENCE_MS = 5000;
/** A peer that is up and never says when it has told its table has this long for it. */
const TABLE_MS = 30_000;

/** Logged when a recovery begins, and, with more behind it, when End-of-RIB may be sent. */
export const RECOVERY_BEGINS = "restart: waiting for the routes of all peers";
export const RECOVERY_SETTLED = "restart: End-of-RIB is no longer withheld";

/** Deadlines: `claim KEY` for each peer's restart time; dynamic peers may come until `dynamic`. */
type Timer = "silence" | "deferral" | "dynamic" | `claim ${string}`;

/** We help, and ask for nothing. */
const AWARE = { restarting: false, notification: false, restartTimeSeconds: 0, families: [] };

export interface RecoveryDependencies {
  readonly clock: Clock;
  readonly log: Log;
  /** End-of-RIB may be sent from now on. */
  readonly onSettled: () => void;
  /** Every peer has told everything, or had its time: stale kernel routes may go. */
  readonly onOver: () => void;
}

/** `pending`: the peer has not come up since our restart; `waiting`: it is up and owes its End-of-RIB. */
export type PeerRecovery = "pending" | "waiting";

export interface RecoveryStatus {
  /** End-of-RIB is withheld. */
  readonly isRecovering: boolean;
  /** Keys of the peers that have neither told their table nor had their time. */
  readonly waitingFor: readonly string[];
  /** Since the start, and after how long End-of-RIB is sent whatever is missing. */
  readonly elapsedSeconds: number;
  readonly totalSeconds: number;
}

export class Recovery {
  readonly #deps: RecoveryDependencies;
  readonly #deadlines: Deadlines<Timer>;
  /** Peers of the earlier run that have not told their table: the kernel may still have their routes. */
  readonly #claims = new Set<Peer>();
  /** Those of which nobody will say that their table is here: they have their time, and are looked at when it ends. */
  readonly #timed = new Set<Peer>();
  /** The next OPENs say that the kernel kept our routes. */
  #forwardingPreserved = false;
  #startedAt = 0;
  #deferralSeconds = 0;
  #restartSeconds = 0;
  #settled = true;
  #over = true;

  constructor(deps: RecoveryDependencies) {
    this.#deps = deps;
    this.#deadlines = new Deadlines(deps.clock, (timer) => this.#ring(timer));
  }

  get status(): RecoveryStatus {
    return {
      isRecovering: !this.#settled,
      waitingFor: [...this.#claims].map((peer) => peer.config.key),
      elapsedSeconds: this.#settled ? 0 : Math.floor((this.#deps.clock.now() - this.#startedAt) / 1000),
      totalSeconds: this.#deferralSeconds,
    };
  }

  /** How the peer stands in our recovery; undefined: nobody waits for it. */
  of(peer: Peer): PeerRecovery | undefined {
    if (!this.#claims.has(peer)) return undefined;
    return peer.negotiated === undefined ? "pending" : "waiting";
  }

  /** We have just started, with these peers. `forwardingPreserved`: the kernel still had the routes of an earlier run, or
   *  forwarding does not depend on us. */
  begin(peers: Iterable<Peer>, config: SpeakerConfig, forwardingPreserved: boolean): void {
    const { deferralSeconds, restartTimeSeconds } = config.gracefulRestart;
    this.#forwardingPreserved = forwardingPreserved;
    this.#startedAt = this.#deps.clock.now();
    this.#deferralSeconds = deferralSeconds;
    this.#restartSeconds = restartTimeSeconds;
    this.#settled = this.#over = false;
    for (const peer of peers) this.#claim(peer);
    this.#deadlines.start("silence", SILENCE_MS);
    this.#deadlines.start("deferral", deferralSeconds * 1000);
    if (config.dynamicPeers.length > 0) this.#deadlines.start("dynamic", restartTimeSeconds * 1000);
    this.#deps.log.info(RECOVERY_BEGINS);
    this.review();
  }

  /** A dynamic peer has come: it has a table to tell as well. */
  expect(peer: Peer): void {
    if (!this.#over && !this.#claims.has(peer) && !this.#timed.has(peer)) this.#claim(peer);
  }

  /** A peer has come up, gone, or told everything; or a time has ended. */
  review(): void {
    if (this.#over) return;
    for (const peer of this.#claims) {
      const mayWait = this.#isRunning(`claim ${peer.config.key}`) || (this.#isDeferring && isThere(peer));
      if (hasTold(peer) || !mayWait) this.#release(peer);
      else if (neverTells(peer)) this.#giveTime(peer);
    }
    if (!this.#settled && this.#maySettle()) this.#settle();
    if (this.#claims.size + this.#timed.size === 0 && !this.#isRunning("dynamic")) this.#end();
  }

  forget(peer: Peer): void {
    this.#release(peer);
    this.review();
  }

  stop(): void {
    this.#over = true;
    this.#claims.clear();
    this.#timed.clear();
    this.#deadlines.stopAll();
  }

  /** The capability for the next OPEN to the peer. */
  capability(peer: Peer, config: SpeakerConfig): Capabilities["gracefulRestart"] {
    const { enabled, notification } = config.gracefulRestart;
    if (!enabled || peer.config.gracefulRestart === false) return undefined;
    if (peer.config.gracefulRestart === "aware") return AWARE;
    const { birdCapabilities } = config.compatibility;
    // To a peer that comes back later than others we have restarted all the same.
    const restarting = !this.#settled || this.#claims.has(peer);
    // Once we run, forwarding does not suffer from a session that only broke.
    const forwardingPreserved = birdCapabilities ? restarting : !restarting || this.#forwardingPreserved;
    return {
      restarting,
      notification: notification && !birdCapabilities,
      restartTimeSeconds: restartSeconds(peer.config, config),
      families: peer.config.families.map((name) => ({ family: familyByName(name), forwardingPreserved })),
    };
  }

  get #isDeferring(): boolean {
    return this.#isRunning("deferral");
  }

  #isRunning(timer: Timer): boolean {
    return this.#deadlines.isRunning(timer);
  }

  #claim(peer: Peer): void {
    this.#claims.add(peer);
    const seconds = peer.config.restartTimeSeconds ?? this.#restartSeconds;
    // Even a restart time of 0 must leave the peer a moment to connect.
    const left = this.#startedAt + Math.max(seconds * 1000, SILENCE_MS) - this.#deps.clock.now();
    if (left > 0) this.#deadlines.start(`claim ${peer.config.key}`, left);
  }

  /** Routes of an earlier run stay until its table may be here: nobody will say that it is. */
  #giveTime(peer: Peer): void {
    this.#claims.delete(peer);
    this.#timed.add(peer);
    const claim = `claim ${peer.config.key}` as const;
    this.#deadlines.start(claim, Math.min(TABLE_MS, this.#deadlines.remaining(claim) ?? 0));
  }

  #release(peer: Peer): void {
    this.#claims.delete(peer);
    this.#timed.delete(peer);
    this.#deadlines.stop(`claim ${peer.config.key}`);
  }

  #maySettle(): boolean {
    if (!this.#isDeferring) return true;
    const isQuiet = !this.#isRunning("silence");
    // Dynamic peers are not known before they come.
    if (!isQuiet && this.#isRunning("dynamic")) return false;
    for (const peer of this.#claims) {
      if (!isThere(peer)) {
        if (!isQuiet) return false;
        continue;
      }
      // RFC 4724 §4.1: who restarts as well does not count, or both would wait for each other.
      if (peer.negotiated?.gracefulRestart?.restarting !== true) return false;
    }
    return true;
  }

  #settle(): void {
    this.#settled = true;
    const { log, onSettled } = this.#deps;
    const missing = this.#claims.size === 0 ? "" : `, without those of ${this.status.waitingFor.join(", ")}`;
    log.info(`${RECOVERY_SETTLED}: the routes of peers are here${missing}`);
    onSettled();
  }

  #end(): void {
    if (!this.#settled) this.#settle();
    this.stop();
    this.#deps.log.info("restart: over: every peer has told its routes, or had its time");
    this.#deps.onOver();
  }

  #ring(timer: Timer): void {
    for (const peer of this.#timed) if (!this.#isRunning(`claim ${peer.config.key}`)) this.#timed.delete(peer);
    if (timer === "deferral" && !this.#settled) this.#deps.log.info("restart: the deferral time has passed");
    this.review();
  }
}

/** For how long after our start the peer's routes may be in the kernel, unless it comes back. */
function restartSeconds(peer: PeerConfig, config: SpeakerConfig): number {
  return peer.restartTimeSeconds ?? config.gracefulRestart.restartTimeSeconds;
}

/** Seconds after which a recovery with this configuration is over, whatever happens. */
export function longestRecovery(config: SpeakerConfig): number {
  const { deferralSeconds, restartTimeSeconds } = config.gracefulRestart;
  const restarts = config.peers.map((peer) => restartSeconds(peer, config));
  return Math.max(deferralSeconds, restartTimeSeconds, ...restarts);
}

/** The peer answers: its OPEN has come. One to which there is no more than a connection is silent (its segments are dropped,
 *  for example, by GTSM), and counts only while silence does. */
function isThere(peer: Peer): boolean {
  return rank(peer.session.state) >= rank("OpenConfirm");
}

/** It is up without graceful restart: no End-of-RIB will come. */
function neverTells({ negotiated }: Peer): boolean {
  return negotiated !== undefined && negotiated.gracefulRestart === undefined;
}

/** The peer has sent End-of-RIB for everything, or is meant to be down. */
function hasTold(peer: Peer): boolean {
  if (peer.session.isAdminDown) return true;
  const { negotiated } = peer;
  if (negotiated?.gracefulRestart === undefined) return false;
  return FAMILIES.every(({ family }) => !negotiated.families.includes(family) || peer.endOfRib.has(family));
}
