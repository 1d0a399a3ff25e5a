// What the control socket needs from a running speaker and its daemon. The Speaker class implements SpeakerApi
// structurally; tests answer with literals.

import type {
  EventLoopDelay,
  KernelRouteView,
  PeerName,
  PeerStatus,
  RouteQuery,
  RouteView,
  SpeakerStatus,
} from "../speaker/snapshot.js";

/** Which way a ROUTE-REFRESH goes: ask the peer again, send it everything again, or both (RFC 2918). */
export type RefreshDirection = "in" | "out" | "both";

export type RouteChunk = readonly RouteView[] | readonly KernelRouteView[];

export interface SpeakerApi {
  status(): SpeakerStatus;
  peerNames(): readonly PeerName[];
  findPeer(keyOrName: string): PeerName | undefined;
  /** All peers, or the one with this address as status shows it. As routes(); chunks may be empty. */
  peerChunks(address?: string): Iterator<readonly PeerStatus[], unknown, undefined>;
  /** Each next() does at most about 2 ms of work; the caller lets the event loop turn in between. May be abandoned
   *  through return(). Routes that change meanwhile may be missed or seen in either state. */
  routes(query: RouteQuery): Iterator<RouteChunk, unknown, undefined>;
  countingRoutes(query: RouteQuery): Promise<number>;
  /** These four take the peer's `address` as status shows it, and throw where there is none. */
  enablePeer(key: string): void;
  disablePeer(key: string, reason?: string): void;
  resetPeer(key: string, reason?: string): void;
  refreshPeer(key: string, direction: RefreshDirection): void;
  /** RFC 8326; the keys as above, or every peer there is or will be. */
  drain(keys: readonly string[] | "all", isDraining: boolean): void;
}

export type ReloadResult =
  | { readonly ok: true; readonly changes: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[] };

/** What a control server serves. */
export interface ControlTarget {
  readonly speaker: SpeakerApi;
  /** Reads the configuration file again and applies it; on errors the old configuration stays. */
  reload(): Promise<ReloadResult>;
  /** The last attempt, which the speaker does not hear of when the file was bad; undefined before the first. */
  lastReload(): SpeakerStatus["lastReload"] | undefined;
  eventLoopDelay(): EventLoopDelay;
  /** Begins a new measurement. */
  resetEventLoopDelay(): void;
}

/** Who is on the other end of the socket, for the log. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}
