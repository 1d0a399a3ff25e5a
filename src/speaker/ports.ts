// What the speaker needs from adapters: the kernel's forwarding table and interfaces. Without them it is a pure reflector.

import type { Family } from "../base/family.js";
import type { Bytes } from "../base/bytes.js";
import type { IpAddress, IpPrefix } from "../base/ip.js";
import type { Connection } from "../session/ports.js";

/** One way out of the node. */
export interface FibNextHop {
  /** Undefined: the device alone. An IPv6 gateway on an IPv4 route is allowed (RFC 8950). */
  readonly gateway: Bytes | undefined;
  /** Interface name; undefined: the kernel finds it from the gateway. */
  readonly device: string | undefined;
  /** Use the gateway even if no connected prefix holds it (IPIP). */
  readonly onlink: boolean;
  readonly weight: number;
}

/** What the kernel shall do with a prefix. Immutable; equal wishes should share one object. */
export interface FibRoute {
  readonly kind: "unicast" | "blackhole" | "unreachable" | "prohibit";
  /** Sorted by the one who makes it, so that equal sets are equal lists. */
  readonly nextHops: readonly FibNextHop[];
  /** Unsigned 32 bits; undefined: KernelConfig.metric. */
  readonly metric?: number | undefined;
}

export type FibState = "installed" | "pending" | "failed";

export interface FibEntry {
  readonly family: Family;
  readonly prefix: string;
  readonly route: FibRoute;
  readonly state: FibState;
  /** The kernel's error in words, where state is `failed`. */
  readonly error: string | undefined;
}

export interface FibCounts {
  readonly wanted: number;
  readonly installed: number;
  readonly failed: number;
  /** Routes of an earlier run that are kept but not yet claimed. */
  readonly stale: number;
}

/** The routes that are ours in a table of the kernel (table and protocol of KernelConfig, any metric). Calls only record wishes; batches are written
 *  behind the caller's back, in order, never blocking the loop. */
export interface Fib {
  /** Wish for a prefix (words as in PrefixIndex); undefined: no route of ours. */
  set(
    family: Family,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    length: number,
    route: FibRoute | undefined,
  ): void;
  /** While held, no route of an earlier run is changed or removed: it stays until what is wished for its prefix is final
   *  (RFC 4724 §4.1). Those that are as wished are claimed, and new ones are made. Ends with sweepStale, too. */
  holdAdopted(held: boolean): void;
  /** While paused nothing is written: what the kernel has of ours stays, wishes are recorded. Afterwards what differs is
   *  written. */
  pause(isPaused: boolean): void;
  /** Routes adopted from an earlier run that were never wished for go away now (RFC 4724: selection is over). */
  sweepStale(): void;
  entries(): Iterable<FibEntry>;
  counts(): FibCounts;
  /** Resolves when every wish made so far was answered by the kernel. */
  flushed(): Promise<void>;
}

/** How the node reaches an address. */
export interface Resolution {
  /** `connected`: on the link of `device`. `recursive`: through `gateway` of a kernel route that is not ours. */
  readonly kind: "connected" | "recursive" | "local";
  readonly device: string;
  /** undefined where connected. */
  readonly gateway: Bytes | undefined;
  /** Metric of the kernel route; 0 where connected. The IGP cost of RFC 4271 §9.1.2.2 e). */
  readonly cost: number;
}

export interface InterfaceAddress {
  readonly device: string;
  readonly address: IpAddress;
  readonly prefix: IpPrefix;
}

/** What the kernel knows of a route beside where it leads. */
export interface AlienDetails {
  /** rtm_scope. */
  readonly scope: number;
  /** Two numbers of 16 bits; 0: none. */
  readonly realm: number;
  /** The address that packets of this node have; empty: none is said. */
  readonly preferredSource: Bytes;
}

/** A route of the main table, or of the configured one, that is not ours. */
export interface AlienRoute {
  readonly prefix: IpPrefix;
  readonly table: number;
  readonly kind: FibRoute["kind"];
  /** Those whose interface is known; at least one where the kind is `unicast`. */
  readonly nextHops: readonly FibNextHop[];
  readonly metric: number;
  /** rtm_protocol. */
  readonly protocol: number;
  readonly details?: AlienDetails;
}

/** Links, addresses and alien routes, kept current by events. */
export interface KernelView {
  /** Longest match over connected prefixes and alien routes, also over default routes. `zone` for link-local addresses. */
  resolve(address: Bytes, zone: string | undefined): Resolution | undefined;
  addresses(): readonly InterfaceAddress[];
  alienRoutes(): readonly AlienRoute[];
  isUp(device: string): boolean;
  /** True if there is such an interface, up or not. */
  hasDevice(device: string): boolean;
  /** Called (at most once per turn) after anything above may have changed. Gives the way to stop listening. */
  onChange(listener: () => void): () => void;
}

/** Why the kernel does not demand a TCP MD5 password. */
export interface Md5KeyProblem {
  readonly words: string;
  /** What a socket may use for its options (net.core.optmem_max), where that is used up. */
  readonly optionMemoryBytes?: number;
}

/** Incoming connections. */
export interface Listener {
  readonly address: IpAddress;
  readonly port: number;
  /** TCP MD5 password (RFC 2385) for peers of `prefix`, which may connect to us; undefined deletes it. Gives a
   *  problem if the kernel refuses, undefined if all is well or the prefix is of the other family. Absent where it cannot be
   *  done at all. */
  setMd5Key?(prefix: IpPrefix, key: string | undefined): Md5KeyProblem | undefined;
  close(): void;
}

export interface ListenerFactory {
  /** Opens a listening socket. Rejects with words: who holds the port, which privilege is missing. */
  listen(options: ListenOptions, onConnection: (connection: Connection) => void): Promise<Listener>;
}

export interface ListenOptions {
  readonly address: IpAddress;
  readonly port: number;
}
