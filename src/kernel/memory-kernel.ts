// A kernel in memory, for tests of the speaker and for the demonstration without privileges: every wish is fulfilled at
// once, every address is on the link, unless a test says otherwise.

import type { Bytes } from "../base/bytes.js";
import { writeU32 } from "../base/bytes.js";
import type { Clock } from "../base/clock.js";
import { FAMILIES, type Family } from "../base/family.js";
import { equalAddresses, formatBytes, formatPrefix, isLinkLocal, makePrefix, prefixContains } from "../base/ip.js";
import type {
  AlienRoute,
  Fib,
  FibCounts,
  FibEntry,
  FibRoute,
  InterfaceAddress,
  KernelView,
  Resolution,
} from "../speaker/ports.js";

export interface MemoryKernelOptions {
  /** Interface on which everything is reached. */
  readonly device?: string;
  readonly addresses?: readonly InterfaceAddress[];
}

export class MemoryKernel implements Fib, KernelView {
  readonly #device: string;
  readonly #clock: Clock;
  readonly #wishes = new Map<string, { readonly family: Family; readonly prefix: string; readonly route: FibRoute }>();
  readonly #refused = new Map<string, string>();
  readonly #stale = new Map<string, FibRoute>();
  readonly #unreachable = new Set<string>();
  readonly #downDevices = new Set<string>();
  readonly #missingDevices = new Set<string>();
  readonly #listeners = new Set<() => void>();
  #addresses: readonly InterfaceAddress[];
  #aliens: readonly AlienRoute[] = [];
  #changeScheduled = false;
  /** Wishes that changed anything: equal ones cost the kernel nothing. */
  writes = 0;
  /** What was asked for; adopted routes are taken over at once all the same. */
  holdsAdopted = false;
  /** What was asked for; wishes are taken over all the same. */
  isPaused = false;

  constructor(options: MemoryKernelOptions, dependencies: { readonly clock: Clock }) {
    this.#device = options.device ?? "eth0";
    this.#addresses = options.addresses ?? [];
    this.#clock = dependencies.clock;
  }

  // ---- Fib ------------------------------------------------------------------------------------------------------

  set(
    family: Family,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    length: number,
    route: FibRoute | undefined,
  ): void {
    const bytes = new Uint8Array(FAMILIES[family].addressLength);
    for (const [i, word] of [w0, w1, w2, w3].slice(0, bytes.length / 4).entries()) writeU32(bytes, 4 * i, word);
    const prefix = formatPrefix(makePrefix(bytes, length));
    const held = this.#wishes.get(prefix)?.route ?? this.#stale.get(prefix);
    this.#stale.delete(prefix);
    if (describe(held) !== describe(route)) this.writes++;
    if (route === undefined) this.#wishes.delete(prefix);
    else this.#wishes.set(prefix, { family, prefix, route });
  }

  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
  }

  holdAdopted(held: boolean): void {
    this.holdsAdopted = held;
  }

  sweepStale(): void {
    this.holdsAdopted = false;
    this.writes += this.#stale.size;
    this.#stale.clear();
  }

  *entries(): Generator<FibEntry> {
    for (const { family, prefix, route } of this.#wishes.values()) {
      const error = this.#refused.get(prefix);
      yield { family, prefix, route, state: error === undefined ? "installed" : "failed", error };
    }
  }

  counts(): FibCounts {
    const failed = [...this.#wishes.keys()].filter((prefix) => this.#refused.has(prefix)).length;
    const wanted = this.#wishes.size;
    return { wanted, installed: wanted - failed, failed, stale: this.#stale.size };
  }

  flushed(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#listeners.clear();
    return Promise.resolve();
  }

  /** The routes as lines, sorted: `10.0.0.0/24 via 192.0.2.1 dev eth0`. Stale ones included. */
  routes(): string[] {
    const wished = [...this.#wishes.values()].filter(({ prefix }) => !this.#refused.has(prefix));
    const lines = wished.map(({ prefix, route }) => `${prefix} ${describe(route)}`);
    return [...lines, ...[...this.#stale].map(([prefix, route]) => `${prefix} ${describe(route)} stale`)].sort();
  }

  // ---- KernelView -----------------------------------------------------------------------------------------------

  resolve(address: Bytes, zone: string | undefined): Resolution | undefined {
    if (this.#unreachable.has(formatBytes(address))) return undefined;
    const own = this.#addresses.find((candidate) =>
      equalAddresses({ bytes: candidate.address.bytes }, { bytes: address }),
    );
    if (own !== undefined) return { kind: "local", device: own.device, gateway: undefined, cost: 0 };
    if (isLinkLocal(address)) return zone === undefined ? undefined : this.#connected(zone);
    const connected = this.#addresses.find((candidate) => prefixContains(candidate.prefix, address));
    const alien = longest(this.#aliens.filter((route) => prefixContains(route.prefix, address)));
    if (alien === undefined || (connected !== undefined && connected.prefix.length >= alien.prefix.length)) {
      return this.#connected(connected?.device ?? this.#device);
    }
    const hop = alien.nextHops.find(({ device }) => device !== undefined && this.isUp(device));
    if (hop?.device === undefined) return undefined;
    if (hop.gateway === undefined) return this.#connected(hop.device);
    return { kind: "recursive", device: hop.device, gateway: hop.gateway, cost: alien.metric };
  }

  addresses(): readonly InterfaceAddress[] {
    return this.#addresses;
  }

  alienRoutes(): readonly AlienRoute[] {
    return this.#aliens;
  }

  isUp(device: string): boolean {
    return !this.#downDevices.has(device);
  }

  hasDevice(device: string): boolean {
    return !this.#missingDevices.has(device);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #connected(device: string): Resolution | undefined {
    return this.isUp(device) ? { kind: "connected", device, gateway: undefined, cost: 0 } : undefined;
  }

  // ---- What a test may do to it ---------------------------------------------------------------------------------

  /** Routes of an earlier run. */
  adopt(prefix: string, route: FibRoute): void {
    this.#stale.set(prefix, route);
  }

  /** Makes the kernel refuse a prefix with these words, or accept it again. */
  refuse(prefix: string, words: string | undefined): void {
    if (words === undefined) this.#refused.delete(prefix);
    else this.#refused.set(prefix, words);
  }

  /** Text of the address, as formatBytes writes it. */
  setReachable(address: string, reachable: boolean): void {
    if (reachable) this.#unreachable.delete(address);
    else this.#unreachable.add(address);
    this.#changed();
  }

  setLink(device: string, up: boolean): void {
    if (up) this.#downDevices.delete(device);
    else this.#downDevices.add(device);
    this.#changed();
  }

  /** Takes an interface away, or brings it. */
  setDevice(device: string, exists: boolean): void {
    if (exists) this.#missingDevices.delete(device);
    else this.#missingDevices.add(device);
    this.#changed();
  }

  setAddresses(addresses: readonly InterfaceAddress[]): void {
    this.#addresses = addresses;
    this.#changed();
  }

  setAlienRoutes(routes: readonly AlienRoute[]): void {
    this.#aliens = routes;
    this.#changed();
  }

  #changed(): void {
    if (this.#changeScheduled) return;
    this.#changeScheduled = true;
    this.#clock.soon(() => {
      this.#changeScheduled = false;
      for (const listener of this.#listeners) listener();
    });
  }
}

function longest(routes: readonly AlienRoute[]): AlienRoute | undefined {
  return [...routes].sort((a, b) => b.prefix.length - a.prefix.length || a.metric - b.metric)[0];
}

function describe(route: FibRoute | undefined): string {
  if (route === undefined) return "none";
  const metric = route.metric === undefined ? "" : ` metric ${route.metric}`;
  if (route.kind !== "unicast") return `${route.kind}${metric}`;
  const hops = route.nextHops.map((hop) => {
    const gateway = hop.gateway === undefined ? "" : `via ${formatBytes(hop.gateway)} `;
    return `${gateway}${hop.device === undefined ? "" : `dev ${hop.device}`}${hop.onlink ? " onlink" : ""}`.trim();
  });
  return `${hops.join(" + ")}${metric}`;
}
