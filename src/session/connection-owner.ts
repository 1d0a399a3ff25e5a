// What a connection asks of the peer it belongs to, and of its surroundings.

import type { Clock } from "../base/clock.js";
import type { TurnBudget } from "../base/turn-budget.js";
import type { FailureCause } from "./failure-cause.js";
import type { FsmState, SessionAttributes } from "./fsm-types.js";
import type { IdleHold } from "./idle-hold.js";
import type { Negotiated } from "./negotiate.js";
import type { Connection, DownReason, SessionHandler, Transport } from "./ports.js";
import type { SessionOptions } from "./session-options.js";
import type { MessageCounters } from "./session-status.js";

/** The peer, as its connections (of type C) see it. */
export interface ConnectionOwner<C> {
  readonly options: SessionOptions;
  /** Derived from `options`. */
  readonly attributes: SessionAttributes;
  readonly idleHold: IdleHold;
  readonly received: MessageCounters;
  readonly sent: MessageCounters;
  connectRetryCounter: number;
  /** The peer refuses OPENs with capabilities: the next one goes without (RFC 5492 §3). */
  plainOpen: boolean;
  /** A valid OPEN came: settles collisions. False: this connection is the one to close. */
  mayOpen(connection: C, negotiated: Negotiated): boolean;
  /** Another connection would win if its OPEN came: too early to be Established on this one. */
  isContested(connection: C): boolean;
  established(connection: C, negotiated: Negotiated): void;
  down(connection: C, reason: DownReason): void;
  damp(connection: C): void;
  /** Another TCP connection for a machine of its own (§6.8), or one to be rejected. */
  track(connection: Connection): void;
  refuse(connection: Connection): void;
  /** Something went wrong, in words and as data. Comes before the transition it causes. */
  failed(connection: C, text: string, cause: FailureCause): void;
  /** The state has changed and all actions were performed. */
  changed(connection: C, before: FsmState): void;
}

export interface ConnectionDependencies {
  readonly clock: Clock;
  /** What all peers' connections share of a turn; absent: each has its own. */
  readonly turns?: TurnBudget | undefined;
  readonly transport: Transport;
  readonly handler: SessionHandler;
  /** Uniform in [0, 1): for jitter. */
  readonly random: () => number;
}
