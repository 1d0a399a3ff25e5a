// What a peer has been told: its last word on every prefix. Between the markers of a refresh it does as RFC 7313 §4 says:
// what was not told again is gone at the end, so that a refresh that forgets a route is found out.

import type { Listener } from "./wire.js";

/** More than any path identifier. */
const PATH_IDS = 2 ** 32;

export class ReceivedView implements Listener {
  /** By index × PATH_IDS + path identifier. */
  readonly #entries = new Map<number, number>();
  /** By family: keys not told again since the beginning of a refresh. */
  readonly #stale: (Set<number> | undefined)[] = [undefined, undefined];
  readonly #ipv4: number;
  /** Prefixes announced and withdrawn. */
  words = 0;

  /** `ipv4`: indexes below are IPv4 prefixes. */
  constructor(ipv4: number) {
    this.#ipv4 = ipv4;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The end of a refresh has not come yet. */
  get isRefreshing(): boolean {
    return this.#stale.some((keys) => keys !== undefined);
  }

  announced(index: number, pathId: number, entry: number): void {
    this.words++;
    const key = index * PATH_IDS + pathId;
    this.#entries.set(key, entry);
    this.#staleOf(index)?.delete(key);
  }

  withdrawn(index: number, pathId: number): void {
    this.words++;
    const key = index * PATH_IDS + pathId;
    this.#entries.delete(key);
    this.#staleOf(index)?.delete(key);
  }

  refreshBegan(family: 0 | 1): void {
    const keys = [...this.#entries.keys()].filter((key) => this.#familyOf(Math.floor(key / PATH_IDS)) === family);
    this.#stale[family] = new Set(keys);
  }

  refreshEnded(family: 0 | 1): void {
    for (const key of this.#stale[family] ?? []) this.#entries.delete(key);
    this.#stale[family] = undefined;
  }

  /** A new session begins with nothing. */
  clear(): void {
    this.#entries.clear();
    this.#stale.fill(undefined);
  }

  /** Entries by index, sorted where there are several. */
  byIndex(): ReadonlyMap<number, readonly number[]> {
    const found = new Map<number, number[]>();
    for (const [key, entry] of this.#entries) {
      const index = Math.floor(key / PATH_IDS);
      const others = found.get(index);
      if (others === undefined) found.set(index, [entry]);
      else others.push(entry);
    }
    for (const entries of found.values()) if (entries.length > 1) entries.sort((a, b) => a - b);
    return found;
  }

  #familyOf(index: number): 0 | 1 {
    return index < this.#ipv4 ? 0 : 1;
  }

  #staleOf(index: number): Set<number> | undefined {
    return this.#stale[this.#familyOf(index)];
  }
}
