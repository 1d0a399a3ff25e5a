// What should be so: the routes that every peer has announced, and what the reflector must have told each of the others.
// A naive decision process over a handful of facts; next hops are always reachable, MEDs are not used.

import { entryOf, factsOf, nextHopWord, nextHopWord6, type PeerPlan, type Universe } from "./universe.js";

const NONE = -1;
/** External peers are told the reflector itself as next hop: 127.0.0.1. */
const OWN_ADDRESS = 0x7f000001;

/** Peer numbers by index of prefix, see SoakModel.ranking. */
export type Ranking = readonly (readonly number[])[];

export class SoakModel {
  readonly #universe: Universe;
  /** By peer number: the variant announced, by index of prefix. */
  readonly #announced: Int32Array[];

  constructor(universe: Universe) {
    this.#universe = universe;
    this.#announced = Array.from({ length: universe.peers.length + 1 }, () =>
      new Int32Array(universe.prefixes).fill(NONE),
    );
  }

  announce(peer: number, index: number, variant: number): void {
    this.#announced[peer][index] = variant;
  }

  withdraw(peer: number, index: number): void {
    this.#announced[peer][index] = NONE;
  }

  isAnnounced(peer: number, index: number): boolean {
    return this.#announced[peer][index] !== NONE;
  }

  /** The session of the peer is over. */
  forget(peer: number): void {
    this.#announced[peer].fill(NONE);
  }

  /** By index of prefix: who announces it, the one with the best route first. */
  ranking(): Ranking {
    return Array.from({ length: this.#universe.prefixes }, (_, index) => this.#announcers(index));
  }

  /** Prefixes that somebody announces and routes of all peers, IPv4 and IPv6. */
  counts(ranking: Ranking): readonly { readonly prefixes: number; readonly paths: number }[] {
    const counts = [
      { prefixes: 0, paths: 0 },
      { prefixes: 0, paths: 0 },
    ];
    ranking.forEach((announcers, index) => {
      const count = counts[index < this.#universe.ipv4 ? 0 : 1];
      count.paths += announcers.length;
      if (announcers.length > 0) count.prefixes++;
    });
    return counts;
  }

  /** Routes of one peer, IPv4 and IPv6. */
  countsOf(peer: number): readonly [number, number] {
    const counts: [number, number] = [0, 0];
    this.#announced[peer].forEach((variant, index) => {
      if (variant !== NONE) counts[index < this.#universe.ipv4 ? 0 : 1]++;
    });
    return counts;
  }

  /** What the peer must have been told, by index: sorted entries, several only with ADD-PATH. */
  expected(receiver: PeerPlan, ranking: Ranking): ReadonlyMap<number, readonly number[]> {
    const { prefixes, ipv4 } = this.#universe;
    const end = receiver.speaksIpv6 ? prefixes : ipv4;
    const found = new Map<number, readonly number[]>();
    for (let index = 0; index < end; index++) {
      const announcers = ranking[index];
      const chosen = receiver.kind === "addPath" ? announcers : announcers.slice(0, 1);
      const entries = chosen.flatMap((announcer) => this.#told(receiver, announcer, index));
      if (entries.length > 0)
        found.set(
          index,
          entries.sort((a, b) => a - b),
        );
    }
    return found;
  }

  #announcers(index: number): readonly number[] {
    const found: number[] = [];
    for (let peer = 1; peer < this.#announced.length; peer++) if (this.isAnnounced(peer, index)) found.push(peer);
    if (found.length < 2) return found;
    const best = found.reduce((a, b) => (this.#isBetter(b, a, index) ? b : a));
    return [best, ...found.filter((peer) => peer !== best)];
  }

  /** RFC 4271 §9.1.2.2, as far as the routes of the soak differ. */
  #isBetter(a: number, b: number, index: number): boolean {
    const keyA = this.#rank(a, index);
    const keyB = this.#rank(b, index);
    const at = keyA.findIndex((value, i) => value !== keyB[i]);
    return keyA[at] < keyB[at];
  }

  /** Smaller is better, number by number. */
  #rank(peer: number, index: number): readonly number[] {
    const { peers } = this.#universe;
    const { kind, identifier } = peers[peer - 1];
    const facts = factsOf(this.#announced[peer][index], peers.length);
    const isExternal = kind === "external";
    return [
      -(isExternal ? 100 : facts.localPref),
      facts.pathLength + (isExternal ? 1 : 0),
      facts.origin,
      isExternal ? 0 : 1,
      identifier,
    ];
  }

  /** The entry that the receiver is told of the announcer's route, or nothing. */
  #told(receiver: PeerPlan, announcer: number, index: number): readonly number[] {
    const { peers, ipv4 } = this.#universe;
    const variant = this.#announced[announcer][index];
    const facts = factsOf(variant, peers.length);
    const wide = index >= ipv4;
    if (receiver.number === announcer) return [];
    // RFC 4456 §6: non-clients hear of clients and external peers only.
    if (receiver.kind === "nonClient" && peers[announcer - 1].kind === "nonClient") return [];
    if (receiver.kind === "filtered" && facts.isMarked) return [];
    if (receiver.kind === "external") return [entryOf(announcer, variant, OWN_ADDRESS)];
    // RFC 4271 §5.1.3: not to the peer that is the next hop.
    if (!wide && facts.nextHopPeer === receiver.number) return [];
    return [entryOf(announcer, variant, wide ? nextHopWord6(announcer) : nextHopWord(announcer, facts))];
  }
}

/** A difference between what was told and what should have been. */
export interface Difference {
  readonly index: number;
  readonly told: readonly number[];
  readonly wanted: readonly number[];
}

/** All differences; both sides hold sorted entries. */
export function differences(
  told: ReadonlyMap<number, readonly number[]>,
  wanted: ReadonlyMap<number, readonly number[]>,
): readonly Difference[] {
  const found: Difference[] = [];
  const isSame = (a: readonly number[], b: readonly number[]): boolean =>
    a.length === b.length && a.every((entry, i) => entry === b[i]);
  for (const [index, entries] of wanted) {
    const held = told.get(index) ?? [];
    if (!isSame(held, entries)) found.push({ index, told: held, wanted: entries });
  }
  for (const [index, entries] of told) if (!wanted.has(index)) found.push({ index, told: entries, wanted: [] });
  return found;
}
