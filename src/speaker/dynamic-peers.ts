// Peers that may come from a range of addresses: admitted when they connect, up to the range's limit, and forgotten some
// time after their session ended.

import type { Alarm, Clock } from "../base/clock.js";
import { formatAddress, formatPrefix, type IpAddress, prefixContains } from "../base/ip.js";
import type { Log } from "../base/log.js";
import type { DynamicPeersConfig, SpeakerConfig } from "../config/speaker-config.js";
import type { Peer } from "./peer.js";
import { isOtherIdentity, type PeerSet } from "./peer-set.js";

/** A peer that does not reach Established, or does not come back (graceful restart aside), is forgotten after this. */
const IDLE_MS = 30_000;

export class DynamicPeers {
  readonly #peers: PeerSet;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #ranges = new Map<Peer, string>();
  readonly #leaving = new Map<Peer, Alarm>();
  #config: SpeakerConfig | undefined;

  constructor(peers: PeerSet, clock: Clock, log: Log) {
    this.#peers = peers;
    this.#clock = clock;
    this.#log = log;
  }

  /** Takes the ranges of a new configuration, before the configured peers: those whose range is gone or changed, or to whom we
   *  are somebody else, are removed and may come again; who is listed now is another peer. */
  apply(config: SpeakerConfig): readonly string[] {
    const before = this.#config;
    this.#config = config;
    const changes: string[] = [];
    const staying: Peer[] = [];
    const listed = new Set(config.peers.map(({ key }) => key));
    for (const [peer, range] of [...this.#ranges]) {
      const { key } = peer.config;
      const why = listed.has(key) ? "it is configured now" : reasonToLeave(range, config, before);
      if (why === undefined) staying.push(peer);
      else {
        this.#forget(peer);
        changes.push(`dynamic peer ${key} removed: ${why}`);
      }
    }
    this.#peers.refresh(staying, config);
    return changes;
  }

  /** The peer for an incoming connection, made if its address lies in a range with room; undefined: refused. */
  admit(address: IpAddress): Peer | undefined {
    const config = this.#config;
    if (config === undefined) return undefined;
    const range = config.dynamicPeers.find((entry) => prefixContains(entry.prefix, address.bytes));
    if (range === undefined) return undefined;
    const name = formatPrefix(range.prefix);
    const members = [...this.#ranges.values()].filter((other) => other === name).length;
    if (members >= range.limit) {
      this.#log.warn(`dynamic peer refused: the range ${name} has its limit of ${range.limit} peers`, {
        peer: formatAddress(address),
      });
      return undefined;
    }
    const key = formatAddress(address);
    const asNumbers = range.asNumbers.length > 0 ? range.asNumbers : [range.template.as];
    const peer = this.#peers.create({ ...range.template, address, key, name: key, passive: true }, config, asNumbers);
    this.#ranges.set(peer, name);
    this.review(peer);
    return peer;
  }

  /** The peer has come up or gone. */
  review(peer: Peer): void {
    if (!this.#ranges.has(peer)) return;
    // One that is kept down because of a limit must not come back as another peer before its time is over.
    // Nor must one that somebody has disabled.
    const isUp = peer.negotiated !== undefined || peer.heldText !== undefined || peer.session.isAdminDown;
    const alarm = this.#leaving.get(peer);
    if (isUp) {
      alarm?.cancel();
      this.#leaving.delete(peer);
    } else if (alarm === undefined) {
      const stale = peer.isKept ? (this.#config?.gracefulRestart.staleTimeSeconds ?? 0) : 0;
      const delay = Math.max(IDLE_MS, stale * 1000);
      this.#leaving.set(
        peer,
        this.#clock.at(this.#clock.now() + delay, () => this.#forget(peer)),
      );
    }
  }

  #forget(peer: Peer): void {
    this.#leaving.get(peer)?.cancel();
    this.#leaving.delete(peer);
    this.#ranges.delete(peer);
    this.#peers.remove(peer);
  }
}

function reasonToLeave(range: string, config: SpeakerConfig, before: SpeakerConfig | undefined): string | undefined {
  const find = (of: SpeakerConfig | undefined): DynamicPeersConfig | undefined =>
    of?.dynamicPeers.find((entry) => formatPrefix(entry.prefix) === range);
  const [was, is] = [find(before), find(config)];
  if (was === undefined || is === undefined || identityOf(was) !== identityOf(is)) return "its range has changed";
  return before !== undefined && isOtherIdentity(before, config) ? "routerId or clusterId changed" : undefined;
}

function identityOf(range: DynamicPeersConfig): string {
  return JSON.stringify(range, (_key, value: unknown) => {
    if (typeof value === "function") return (value as unknown as { identity: string }).identity;
    return value instanceof Uint8Array ? [...value] : value;
  });
}
