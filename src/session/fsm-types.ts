// The vocabulary of the finite state machine: states, events, timers and actions under the names of RFC 4271 §8.
//
// Events carry only what the machine needs to decide. Actions are data: fsm.ts names them, peer-connection.ts and
// peer-session.ts perform them in the order given.

import type { Notification } from "../packet/notification.js";

/** RFC 4271 §8.2.2, in order of progress. */
export const FSM_STATES = ["Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established"] as const;

export type FsmState = (typeof FSM_STATES)[number];

/** Progress of a state: later is larger. */
export function rank(state: FsmState): number {
  return FSM_STATES.indexOf(state);
}

/** RFC 4271 §8.1 and §10; SendHoldTimer: RFC 9687. */
export const FSM_TIMERS = [
  "ConnectRetryTimer",
  "HoldTimer",
  "KeepaliveTimer",
  "DelayOpenTimer",
  "IdleHoldTimer",
  "SendHoldTimer",
] as const;

export type FsmTimer = (typeof FSM_TIMERS)[number];

/** Event numbers of RFC 4271 §8.1 and RFC 9687. ROUTE-REFRESH (RFC 2918) came later and has none: 0. */
export const FSM_EVENT_NUMBERS = {
  ManualStart: 1,
  ManualStop: 2,
  AutomaticStart: 3,
  ManualStart_with_PassiveTcpEstablishment: 4,
  AutomaticStart_with_PassiveTcpEstablishment: 5,
  AutomaticStart_with_DampPeerOscillations: 6,
  AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: 7,
  AutomaticStop: 8,
  ConnectRetryTimer_Expires: 9,
  HoldTimer_Expires: 10,
  KeepaliveTimer_Expires: 11,
  DelayOpenTimer_Expires: 12,
  IdleHoldTimer_Expires: 13,
  TcpConnection_Valid: 14,
  Tcp_CR_Invalid: 15,
  Tcp_CR_Acked: 16,
  TcpConnectionConfirmed: 17,
  TcpConnectionFails: 18,
  BGPOpen: 19,
  BGPOpen_with_DelayOpenTimer_running: 20,
  BGPHeaderErr: 21,
  BGPOpenMsgErr: 22,
  OpenCollisionDump: 23,
  NotifMsgVerErr: 24,
  NotifMsg: 25,
  KeepAliveMsg: 26,
  UpdateMsg: 27,
  UpdateMsgErr: 28,
  SendHoldTimer_Expires: 29,
  RouteRefreshMsg: 0,
} as const;

export type FsmEventName = keyof typeof FSM_EVENT_NUMBERS;

type EventWithNotification =
  "ManualStop" | "AutomaticStop" | "BGPHeaderErr" | "BGPOpenMsgErr" | "OpenCollisionDump" | "UpdateMsgErr";

type EventWithHoldTime = "BGPOpen" | "BGPOpen_with_DelayOpenTimer_running";

/** What happened. `notification` is what to tell the peer about it; `holdTimeSeconds` the negotiated Hold Time. */
export type FsmEvent =
  | { readonly type: EventWithNotification; readonly notification: Notification }
  | { readonly type: EventWithHoldTime; readonly holdTimeSeconds: number }
  | { readonly type: Exclude<FsmEventName, EventWithNotification | EventWithHoldTime> };

/** Optional session attributes of RFC 4271 §8.1.1. CollisionDetectEstablishedState is the referee's, in collision.ts. */
export interface SessionAttributes {
  readonly passiveTcpEstablishment: boolean;
  readonly dampPeerOscillations: boolean;
  readonly delayOpen: boolean;
  readonly sendNotificationWithoutOpen: boolean;
}

/** All that a transition depends on besides the event. */
export interface Fsm {
  readonly state: FsmState;
  readonly attributes: SessionAttributes;
  readonly delayOpenTimerRunning: boolean;
  /** Negotiated Hold Time; 0 means that neither HoldTimer nor KeepaliveTimer run. Meaningless before OpenConfirm. */
  readonly holdTimeSeconds: number;
  /** SendHoldTime of RFC 9687; 0: no SendHoldTimer. Meaningless before OpenConfirm. */
  readonly sendHoldTimeSeconds: number;
}

export type FsmAction =
  /** Begin a TCP connection to the peer. */
  | { readonly do: "connect" }
  | { readonly do: "sendOpen" }
  | { readonly do: "sendKeepalive" }
  | { readonly do: "sendNotification"; readonly notification: Notification }
  /** `large`: four minutes; `negotiated`: the times agreed in the OPENs; `initial`: the configured value. */
  | { readonly do: "start"; readonly timer: FsmTimer; readonly time: "initial" | "large" | "negotiated" }
  | { readonly do: "stop"; readonly timer: FsmTimer }
  /** Drop the TCP connection (or the attempt), after what is queued was sent. */
  | { readonly do: "drop" }
  /** Release the resources of the connection: its timers, buffers and negotiated values. */
  | { readonly do: "release" }
  /** The session is up: routes may be exchanged. */
  | { readonly do: "establish" }
  /** The session is over: routes of the peer go, or become stale (RFC 4724). */
  | { readonly do: "deleteRoutes" }
  /** Hand the UPDATE or ROUTE-REFRESH over. */
  | { readonly do: "process" }
  | { readonly do: "resetConnectRetryCounter" }
  | { readonly do: "incrementConnectRetryCounter" }
  /** Peer oscillation damping: the next idle hold is longer. */
  | { readonly do: "damp" }
  /** Reject the TCP connection that was just offered. */
  | { readonly do: "refuse" }
  /** Give the TCP connection that was just offered a machine of its own (RFC 4271 §6.8). */
  | { readonly do: "track" };

export interface Step {
  readonly state: FsmState;
  readonly actions: readonly FsmAction[];
}
