// What the peers say: the table when a session comes up, then announcements, replacements and withdrawals without end. The
// model hears of every word that is sent.

import type { Dice } from "../fuzz/mutator.js";
import type { SoakModel } from "./soak-model.js";
import type { SoakPeer } from "./soak-peer.js";
import { type Universe, VARIANTS } from "./universe.js";
import { announcement, withdrawal } from "./wire.js";

/** Most prefixes of one UPDATE. */
const MOST_PREFIXES = 16;
/** Variants that come again and again, so that attribute sets are shared; others are new nearly every time. */
const USUAL_VARIANTS = 32;

export class Churn {
  /** Prefixes announced, replaced, withdrawn. */
  readonly counts = { announced: 0, replaced: 0, withdrawn: 0, updates: 0, tables: 0 };
  readonly #universe: Universe;
  readonly #model: SoakModel;
  readonly #dice: Dice;
  readonly #eventsPerSecond: number;
  #due = 0;

  constructor(universe: Universe, model: SoakModel, dice: Dice, eventsPerSecond: number) {
    this.#universe = universe;
    this.#model = model;
    this.#dice = dice;
    this.#eventsPerSecond = eventsPerSecond;
  }

  get events(): number {
    const { announced, replaced, withdrawn } = this.counts;
    return announced + replaced + withdrawn;
  }

  /** What a peer says in a new session: most of what it may, then End-of-RIB. */
  tellTable(peer: SoakPeer): void {
    this.counts.tables++;
    for (const territory of this.#universe.territories[peer.plan.number]) {
      const chosen = territory.filter(() => this.#dice.below(5) < 3);
      for (let at = 0; at < chosen.length; at += MOST_PREFIXES) {
        this.#announce(peer, chosen.slice(at, at + MOST_PREFIXES));
      }
    }
    peer.sendEndOfRib();
  }

  /** As many events as `elapsedMs` asks for, from the peers that can talk. */
  step(peers: readonly SoakPeer[], elapsedMs: number): void {
    const talking = peers.filter((peer) => peer.canTalk);
    if (talking.length === 0) return;
    this.#due += (this.#eventsPerSecond * elapsedMs) / 1000;
    while (this.#due > 0) this.#due -= this.#say(this.#dice.pick(talking));
  }

  /** One UPDATE; gives its number of prefixes. */
  #say(peer: SoakPeer): number {
    const { number, speaksIpv6 } = peer.plan;
    const territory = this.#universe.territories[number][speaksIpv6 && this.#dice.below(4) === 0 ? 1 : 0];
    const count = 1 + this.#dice.below(MOST_PREFIXES);
    const start = this.#dice.below(territory.length);
    const chosen = territory.slice(start, start + count);
    const held = chosen.filter((index) => this.#model.isAnnounced(number, index));
    if (held.length > 0 && this.#dice.below(3) === 0) this.#withdraw(peer, held);
    else this.#announce(peer, chosen);
    return chosen.length;
  }

  #announce(peer: SoakPeer, indexes: readonly number[]): void {
    const variant = this.#dice.below(this.#dice.below(3) === 0 ? VARIANTS : USUAL_VARIANTS);
    for (const index of indexes) {
      this.counts[this.#model.isAnnounced(peer.plan.number, index) ? "replaced" : "announced"]++;
      this.#model.announce(peer.plan.number, index, variant);
    }
    this.counts.updates++;
    peer.send(announcement(this.#universe, peer.plan, variant, indexes));
  }

  #withdraw(peer: SoakPeer, indexes: readonly number[]): void {
    for (const index of indexes) this.#model.withdraw(peer.plan.number, index);
    this.counts.withdrawn += indexes.length;
    this.counts.updates++;
    peer.send(withdrawal(this.#universe, indexes));
  }
}
