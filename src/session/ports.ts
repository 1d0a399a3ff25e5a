// What the session room needs from the outside: a way to open TCP connections, and someone who is told what the peer says.

import type { Alarm } from "../base/clock.js";
import type { Bytes } from "../base/bytes.js";
import type { Family } from "../base/family.js";
import type { IpAddress } from "../base/ip.js";
import type { Notification } from "../packet/notification.js";
import type { Negotiated } from "./negotiate.js";

/** Why a connection could not be made or ended, in words a user understands. */
export interface SocketFailure {
  /** `ECONNREFUSED`, `ETIMEDOUT`, `EHOSTUNREACH`, `EACCES`, `closed` (orderly end by the peer) … */
  readonly code: string;
  readonly message: string;
}

/** One TCP connection. After onClosed nothing else is called. */
export interface Connection {
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  readonly localAddress: IpAddress;
  readonly localPort: number;
  /** Set by whoever takes the connection over; events that came earlier are kept for it. */
  handler: ConnectionHandler | undefined;
  /** Queues `chunk` without copying: the caller must not change it until `onWritten`. False: the peer reads slowly;
   *  wait for onDrain before writing much more. `onWritten` tells that the kernel has all of it. */
  write(chunk: Bytes, onWritten?: () => void): boolean;
  /** Octets queued in this process, not yet taken by the kernel. */
  readonly writableLength: number;
  /** Grows whenever the kernel, or where it tells the peer, has taken more of what was written. Only differences count. */
  readonly outputProgress: number;
  /** Between cork and uncork writes are collected into one system call. */
  cork(): void;
  uncork(): void;
  /** Stops and resumes onBytes. Chunks already read may still come after pause. */
  pause(): void;
  resume(): void;
  /** True while octets of the peer wait in this process or in the kernel: the hold timer must not fire (kernel check optional). */
  hasUnreadBytes(): boolean;
  /** TTL of our packets and the least TTL taken from the peer (RFC 5082): for connections that came in, whose peer is known
   *  only after they were accepted. Undefined: done. */
  setHops(ttl: number, minTtl: number | undefined): SocketFailure | undefined;
  /** Sends what is queued, then closes; at most a second is spent on it. onClosed is not called. */
  close(): void;
  /** Drops the connection at once (RST). onClosed is not called. */
  destroy(): void;
}

export interface ConnectionHandler {
  /** The chunk belongs to the handler until it returns, or until `resume` if it paused. */
  onBytes(chunk: Bytes): void;
  onDrain(): void;
  onClosed(failure: SocketFailure): void;
}

/** Socket options of a peer, as the transport needs them (RFC 5082, RFC 2385). */
export interface ConnectOptions {
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  /** Source address; undefined: the kernel chooses. */
  readonly localAddress: IpAddress | undefined;
  /** IP TTL / hop limit of our packets; 1 for a directly connected eBGP peer, 255 with GTSM. */
  readonly ttl: number;
  /** Least TTL accepted from the peer (GTSM); undefined: any. */
  readonly minTtl: number | undefined;
  readonly md5Key: string | undefined;
  readonly device: string | undefined;
}

/** Opens connections. */
export interface Transport {
  /** Calls back exactly once, unless cancelled. */
  connect(options: ConnectOptions, done: (result: Connection | SocketFailure) => void): Alarm;
  /** Undefined where the kernel does not tell. Cheap, yet not for hot paths. */
  segmentDrops(): SegmentDrops | undefined;
}

/** Segments that the kernel threw away before any socket saw them: of the whole host, since it started. */
export interface SegmentDrops {
  /** TCPMD5NotFound: without the signature that is demanded (RFC 2385). */
  readonly md5Missing: number;
  /** TCPMD5Unexpected: with a signature for which there is no key. */
  readonly md5Unexpected: number;
  /** TCPMD5Failure: with a signature by another key. */
  readonly md5Wrong: number;
  /** TCPMinTTLDrop: the TTL says that the sender is too far away (RFC 5082). */
  readonly ttlTooLow: number;
}

export function isFailure(result: Connection | SocketFailure): result is SocketFailure {
  return "code" in result;
}

/** Told by PeerSession what happens to the peer. Called synchronously; must not throw for what the peer did. */
export interface SessionHandler {
  established(negotiated: Negotiated): void;
  /** Body of an UPDATE (behind the 19-octet header), `bytes[start, end)`; valid during the call.
   *  Throws NotificationError where the RFC resets the session: PeerSession sends it and closes. */
  update(bytes: Bytes, start: number, end: number): void;
  /** ROUTE-REFRESH: subtype 0 request, 1 beginning, 2 end (RFC 7313). */
  refresh(family: Family, subtype: number): void;
  /** All whole messages of this turn were handled, or a slice of them. */
  turnEnded(): void;
  /** The session can take more octets again. */
  writable(): void;
  /** The session has left Established. Where `reason.mayBeRestart`, the routes may stay for a while (RFC 4724). */
  down(reason: DownReason): void;
  /** State or reason changed: for logs and status. */
  stateChanged(): void;
}

export interface DownReason {
  /** For people: `hold timer expired`, `peer sent Cease/Administrative Shutdown: "upgrade"`. */
  readonly text: string;
  readonly sent?: Notification;
  readonly received?: Notification;
  /** TCP went away without a NOTIFICATION (RFC 4724 §4.2), or, with the N bit, one that is not a Hard Reset (RFC 8538). */
  readonly mayBeRestart: boolean;
}
