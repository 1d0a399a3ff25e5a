// What happens to the peers beside their churn: connections break in every way, peers fall silent or stop reading, many die
// at once, tables are asked for again. At least half of the peers are left alone at any time.

import type { Dice } from "../fuzz/mutator.js";
import { DEATHS, type Death, type Ending, HOLD_TIME_SECONDS, type SoakPeer } from "./soak-peer.js";

/** Time between two disturbances, on average. */
const PAUSE_MS = 700;
const MASS_DEATH_MS = 45_000;
const RETRY_MS = 300;
const LONGEST_ABSENCE_MS = 4000;
/** A slow reader reads again after up to so long, */
const SHORT_SLOWNESS_MS = 12_000;
/** but some only when the send hold timer should have ended the session. */
const LONG_SLOWNESS_MS = 45_000;
const SILENCE_MS = HOLD_TIME_SECONDS * 1000 + 4000;
const LISTENING_MS = 4000;

type Disturbance = Death | "silence" | "slow reader" | "deaf reader" | "refresh";

/** Each as often as it stands here. */
const MENU: readonly Disturbance[] = [
  ...DEATHS,
  ...DEATHS,
  "silence",
  ...(["slow reader", "slow reader", "slow reader", "deaf reader"] as const),
  ...(["refresh", "refresh", "refresh", "refresh", "refresh"] as const),
];

export class Disturbances {
  /** How often each happened. */
  readonly counts = new Map<string, number>();
  /** Sessions that the daemon ended because nothing was heard, or taken, for too long. */
  cutOff = 0;
  readonly #peers: readonly SoakPeer[];
  readonly #dice: Dice;
  readonly #fault: (text: string) => void;
  /** When to do what with a peer next: connect again, read again, give up. */
  readonly #appointments = new Map<SoakPeer, { readonly atMs: number; readonly run: () => void }>();
  /** Peers that stay away until the next call of `wake`. */
  readonly #absent = new Set<SoakPeer>();
  #nextMs = 0;
  #nextMassDeathMs = 0;

  /** `fault` is told of a session that should have ended and has not. */
  constructor(peers: readonly SoakPeer[], dice: Dice, fault: (text: string) => void) {
    this.#peers = peers;
    this.#dice = dice;
    this.#fault = fault;
  }

  /** Peers that are meant to have no session now. */
  get absent(): ReadonlySet<SoakPeer> {
    return this.#absent;
  }

  /** To be called when a session, or an attempt, is over. */
  ended(peer: SoakPeer, ending: Ending, nowMs: number): void {
    if (ending === "cut off") this.cutOff++;
    if (this.#absent.has(peer)) this.#appointments.delete(peer);
    else this.#connectAt(peer, nowMs + RETRY_MS + this.#dice.below(LONGEST_ABSENCE_MS));
  }

  /** Does what is due. `mayDisturb`: also makes new trouble. */
  step(nowMs: number, mayDisturb: boolean): void {
    for (const [peer, { atMs, run }] of [...this.#appointments]) {
      if (atMs > nowMs) continue;
      this.#appointments.delete(peer);
      run();
    }
    if (!mayDisturb) return;
    if (this.#nextMassDeathMs === 0) this.#nextMassDeathMs = nowMs + MASS_DEATH_MS;
    if (nowMs >= this.#nextMassDeathMs) this.#massDeath(nowMs);
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + this.#dice.below(2 * PAUSE_MS);
    const healthy = this.#peers.filter((peer) => peer.isHealthy);
    if (healthy.length * 2 > this.#peers.length) this.#disturb(this.#dice.pick(healthy), this.#dice.pick(MENU), nowMs);
  }

  /** Ends all trouble: who is slow reads again, who is silent dies, everybody comes back but a few, which stay away. Those
   *  whose routes would be kept (RFC 4724) are not among them. */
  calm(nowMs: number): void {
    for (const peer of this.#peers) {
      if (peer.isSlow) peer.readAgain();
      if (peer.isSilent) peer.die("reset");
      if (!peer.plan.restarts && this.#dice.below(8) === 0) {
        this.#absent.add(peer);
        this.#appointments.delete(peer);
        peer.die(this.#dice.pick(DEATHS));
      } else if (peer.isDown) this.#connectAt(peer, nowMs);
      else this.#appointments.delete(peer);
    }
  }

  /** Who stayed away comes back. */
  wake(nowMs: number): void {
    for (const peer of this.#absent) this.#connectAt(peer, nowMs + this.#dice.below(LONGEST_ABSENCE_MS));
    this.#absent.clear();
  }

  /** Everybody leaves for good. */
  dismiss(): void {
    this.#appointments.clear();
    for (const peer of this.#peers) {
      this.#absent.add(peer);
      peer.die("cease");
    }
  }

  #disturb(peer: SoakPeer, what: Disturbance, nowMs: number): void {
    this.#count(what);
    switch (what) {
      case "silence":
        peer.fallSilent();
        this.#appointments.set(peer, { atMs: nowMs + SILENCE_MS, run: () => this.#hearTheEnd(peer) });
        return;
      case "slow reader":
        this.#slowDown(peer, nowMs + 500 + this.#dice.below(SHORT_SLOWNESS_MS));
        return;
      case "deaf reader":
        this.#slowDown(peer, nowMs + LONG_SLOWNESS_MS);
        return;
      case "refresh":
        peer.askRefresh(peer.plan.speaksIpv6 && this.#dice.below(2) === 0 ? 1 : 0);
        return;
      default:
        peer.die(what);
    }
  }

  /** After more than the hold time the session must be over. */
  #hearTheEnd(peer: SoakPeer): void {
    const complain = (): void => {
      this.#fault(`peer ${peer.plan.number} has said nothing for more than the hold time, but its session goes on`);
      peer.die("reset");
    };
    this.#appointments.set(peer, { atMs: performance.now() + LISTENING_MS, run: complain });
    peer.listen();
  }

  #slowDown(peer: SoakPeer, untilMs: number): void {
    peer.stopReading();
    this.#appointments.set(peer, { atMs: untilMs, run: () => peer.readAgain() });
  }

  /** A third of all at once, as when a rack loses its switch. */
  #massDeath(nowMs: number): void {
    this.#nextMassDeathMs = nowMs + MASS_DEATH_MS;
    const remainder = this.#dice.below(3);
    for (const peer of this.#peers) {
      if (peer.plan.number % 3 !== remainder || !peer.isHealthy) continue;
      this.#count("death of many");
      peer.die("reset");
    }
  }

  #connectAt(peer: SoakPeer, atMs: number): void {
    this.#appointments.set(peer, { atMs, run: () => peer.connect() });
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}
