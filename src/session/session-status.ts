// What a session tells about itself: counters, the last error, and in words why it is not Established.

import { formatBytes, type IpAddress } from "../base/ip.js";
import type { LastFailure } from "./failure-cause.js";
import type { FsmState } from "./fsm-types.js";
import type { Negotiated } from "./negotiate.js";
import type { TimerStatus } from "./session-timers.js";

export interface MessageCounters {
  open: number;
  update: number;
  notification: number;
  keepalive: number;
  routeRefresh: number;
}

export function zeroCounters(): MessageCounters {
  return { open: 0, update: 0, notification: 0, keepalive: 0, routeRefresh: 0 };
}

/** One of the peer's connections, or attempts to make one. */
export interface ConnectionStatus {
  readonly state: FsmState;
  /** Who opened the TCP connection; means nothing before OpenSent. */
  readonly initiator: "local" | "remote";
  readonly timers: readonly TimerStatus[];
}

export interface SessionStatus {
  readonly state: FsmState;
  readonly adminDown: boolean;
  /** `Established`, or in words why not. */
  readonly info: string;
  /** Wall time of the last entry into or exit from Established, or of the start. */
  readonly sinceWallTime: number;
  /** Wall time of the last change of the state, or of what the administrator wishes. */
  readonly changedWallTime: number;
  /** The one that got furthest first; two while a collision is settled. */
  readonly connections: readonly ConnectionStatus[];
  /** Idle, because the peer or we found fault with the last session or attempt, and for so long; false: because TCP did. */
  readonly isErrorWait: boolean;
  readonly lastError: string | undefined;
  /** The same as data, forgotten when the session is Established. */
  readonly lastFailure: LastFailure | undefined;
  /** How often the session became Established. */
  readonly transitions: number;
  /** Undefined before the OPENs were exchanged. */
  readonly negotiated: Negotiated | undefined;
  readonly received: Readonly<MessageCounters>;
  readonly sent: Readonly<MessageCounters>;
  readonly localAddress: IpAddress | undefined;
  readonly localPort: number | undefined;
  readonly remotePort: number | undefined;
  readonly writableLength: number;
  readonly connectRetryCounter: number;
}

export interface SituationFacts {
  readonly state: FsmState;
  readonly adminDown: boolean;
  /** What the administrator said, or "". */
  readonly adminText: string;
  readonly passive: boolean;
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  /** Until the timer that ends this state rings. */
  readonly waitMs: number | undefined;
  /** For how long our OPEN still waits for the peer's (DelayOpen); undefined: it does not. */
  readonly delayOpenMs?: number | undefined;
  /** What the kernel dropped meanwhile, in words, or "". */
  readonly drops?: string;
  readonly lastError: string | undefined;
  /** Why the last session ended. */
  readonly lastEnd?: string | undefined;
}

/** One line for the status: every state but Established says why. */
export function describeSituation(facts: SituationFacts): string {
  if (facts.adminDown)
    return facts.adminText === "" ? "administratively down" : `administratively down: ${facts.adminText}`;
  const ended =
    facts.lastEnd === undefined || facts.lastEnd === facts.lastError ? "" : `; session ended: ${facts.lastEnd}`;
  const dropped = facts.drops === undefined || facts.drops === "" ? "" : `; meanwhile ${facts.drops}`;
  const last = `${dropped}${facts.lastError === undefined ? "" : `; last: ${facts.lastError}`}${ended}`;
  if (facts.delayOpenMs !== undefined)
    return `connected, the peer has ${Math.ceil(facts.delayOpenMs / 1000)} s to send its OPEN before ours goes${last}`;
  switch (facts.state) {
    case "Established":
      return "Established";
    case "OpenConfirm":
      return `OPEN accepted, waiting for the peer's KEEPALIVE${last}`;
    case "OpenSent":
      return `connected, waiting for the peer's OPEN${last}`;
    case "Connect":
      return `connecting to ${endpoint(facts.remoteAddress, facts.remotePort)}${last}`;
    case "Active":
      return facts.passive ? `passive: waiting for the peer to connect${last}` : `${waiting(facts.waitMs)}${last}`;
    case "Idle":
      return `${waiting(facts.waitMs)}${last}`;
  }
}

function waiting(waitMs: number | undefined): string {
  return waitMs === undefined
    ? "waiting for the next attempt"
    : `waiting ${Math.ceil(waitMs / 1000)} s before the next attempt`;
}

/** `10.0.0.2 port 179`. */
export function endpoint(address: IpAddress, port: number): string {
  const zone = address.zone === undefined ? "" : `%${address.zone}`;
  return `${formatBytes(address.bytes)}${zone} port ${port}`;
}
