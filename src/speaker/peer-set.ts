// The configured peers (and the dynamic ones that have come): found by key, name or address, and brought to a new
// configuration with no more than each changed option costs (peer-options.ts).

import { formatAddress, type IpAddress } from "../base/ip.js";
import { toHex } from "../base/bytes.js";
import type { PeerConfig, SpeakerConfig } from "../config/speaker-config.js";
import type { GroupOptions } from "../rib/export-rules.js";
import type { GroupMember } from "../rib/group-member.js";
import { Peer, type PeerDependencies } from "./peer.js";
import { changedOptions, PEER_OPTIONS } from "./peer-options.js";

export class PeerSet {
  readonly #deps: PeerDependencies;
  readonly #byKey = new Map<string, Peer>();
  /** In files of BIRD several may have one address. */
  readonly #byAddress = new Map<string, readonly Peer[]>();
  #drainsAll = false;

  constructor(deps: PeerDependencies) {
    this.#deps = deps;
  }

  [Symbol.iterator](): Iterator<Peer> {
    return this.#byKey.values();
  }

  /** By key or by name, where only one peer has it. */
  find(keyOrName: string): Peer | undefined {
    const byKey = this.#byKey.get(keyOrName);
    if (byKey !== undefined) return byKey;
    const named = [...this.#byKey.values()].filter((peer) => peer.config.name === keyOrName);
    return named.length === 1 ? named[0] : undefined;
  }

  /** Whom a connection from the address is for. Of several the first that has use for one. */
  findAddress(address: IpAddress): Peer | undefined {
    const peers = this.#byAddress.get(addressKey(address)) ?? [];
    return peers.find(({ session }) => !session.isAdminDown && session.state !== "Established") ?? peers[0];
  }

  /** Brings the configured peers to `config`: removals first, then changes, then additions. Gives one line per change. */
  apply(config: SpeakerConfig, before: SpeakerConfig | undefined): readonly string[] {
    const changes: string[] = [];
    const wanted = new Map(config.peers.map((peer) => [peer.key, peer]));
    for (const peer of [...this.#byKey.values()]) {
      if (peer.isDynamic || wanted.has(peer.config.key)) continue;
      this.remove(peer);
      changes.push(`peer ${peer.config.key} removed`);
    }
    const regroup = new Map<GroupMember, GroupOptions>();
    // Who we are is in every OPEN, so nothing less than new sessions tells the peers of another identity.
    const isOther = before !== undefined && isOtherIdentity(before, config);
    for (const next of config.peers) {
      const peer = this.#byKey.get(next.key);
      if (peer === undefined) continue;
      const change = this.#change(peer, next, config, isOther, regroup);
      if (change !== undefined) changes.push(change);
    }
    this.#deps.rib.regroup(regroup);
    for (const next of config.peers) {
      if (this.#byKey.has(next.key)) continue;
      this.add(new Peer(next, config, this.#deps));
      if (before !== undefined) changes.push(`peer ${next.key} added`);
    }
    return changes;
  }

  /** Peers that come from now on drain as well (RFC 8326). */
  get drainsAll(): boolean {
    return this.#drainsAll;
  }

  /** Tells peers, or all there are and will be, that they are about to lose their sessions (RFC 8326), or that not. */
  drain(peers: readonly Peer[] | "all", isDraining: boolean): void {
    if (peers === "all") this.#drainsAll = isDraining;
    this.#regroup(peers === "all" ? this.#byKey.values() : peers, (peer) => peer.drain(isDraining));
  }

  /** Tells dynamic peers what has changed beside their own options. */
  refresh(peers: readonly Peer[], speaker: SpeakerConfig): void {
    this.#regroup(peers, (peer) => peer.reconfigure(peer.config, speaker));
  }

  /** A dynamic peer has come. */
  create(config: PeerConfig, speaker: SpeakerConfig, asNumbers: readonly number[]): Peer {
    const peer = new Peer(config, speaker, this.#deps, asNumbers);
    this.add(peer);
    return peer;
  }

  add(peer: Peer): void {
    this.#byKey.set(peer.config.key, peer);
    const address = addressKey(peer.config.address);
    this.#byAddress.set(address, [...(this.#byAddress.get(address) ?? []), peer]);
  }

  remove(peer: Peer): void {
    this.#byKey.delete(peer.config.key);
    const address = addressKey(peer.config.address);
    const others = this.#byAddress.get(address)?.filter((each) => each !== peer) ?? [];
    if (others.length === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, others);
    peer.remove();
  }

  /** All changes first, then the members to their groups, once. */
  #regroup(peers: Iterable<Peer>, change: (peer: Peer) => ReadonlyMap<GroupMember, GroupOptions>): void {
    this.#deps.rib.regroup(new Map([...peers].flatMap((peer) => [...change(peer)])));
  }

  #change(
    peer: Peer,
    next: PeerConfig,
    config: SpeakerConfig,
    isOther: boolean,
    regroup: Map<GroupMember, GroupOptions>,
  ): string | undefined {
    const changed = changedOptions(peer.config, next);
    const mustReset = isOther || changed.some((name) => PEER_OPTIONS[name] === "reset-session");
    if (mustReset) {
      peer.resetFor(next, config);
      return `peer ${next.key}: session reset (${isOther ? "routerId or clusterId" : changed.join(", ")} changed)`;
    }
    for (const [member, options] of peer.reconfigure(next, config)) regroup.set(member, options);
    return changed.length === 0 ? undefined : `peer ${next.key}: ${changed.join(", ")} changed`;
  }
}

/** We are somebody else: that is in every OPEN. */
export function isOtherIdentity(before: SpeakerConfig, after: SpeakerConfig): boolean {
  return before.routerId !== after.routerId || before.clusterId !== after.clusterId;
}

function addressKey(address: IpAddress): string {
  return address.zone === undefined ? toHex(address.bytes) : formatAddress(address);
}
