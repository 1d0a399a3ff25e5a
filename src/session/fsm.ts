// The finite state machine of RFC 4271 §8.2.2 as a pure function: (machine, event) → next state and actions.
//
// One machine per TCP connection (§8.2.1): the peer's own, and one for a second connection until the collision of §6.8 is
// resolved. A pair that the RFC ignores gives the same state without actions. Subcodes of FSM errors: RFC 6608; event 29 and
// its timer: RFC 9687. The same grid, typed from the RFCs as data, is proto-fixtures/fsm/grid.yaml.
// Who detects collisions, computes times and talks TCP is peer-session.ts and peer-connection.ts.

import { unreachable } from "../base/invariant.js";
import { ERROR_CODE, FSM_ERROR, MESSAGE } from "../packet/codes.js";
import type { Notification } from "../packet/notification.js";
import type { Fsm, FsmAction, FsmEvent, FsmState, FsmTimer, Step } from "./fsm-types.js";

const NO_DATA = new Uint8Array(0);

const HOLD_TIMER_EXPIRED: Notification = { code: ERROR_CODE.HOLD_TIMER_EXPIRED, subcode: 0, data: NO_DATA };
const SEND_HOLD_TIMER_EXPIRED: Notification = { code: ERROR_CODE.SEND_HOLD, subcode: 0, data: NO_DATA };

const CONNECT: FsmAction = { do: "connect" };
const SEND_OPEN: FsmAction = { do: "sendOpen" };
const SEND_KEEPALIVE: FsmAction = { do: "sendKeepalive" };
const DROP: FsmAction = { do: "drop" };
const RELEASE: FsmAction = { do: "release" };
const DELETE_ROUTES: FsmAction = { do: "deleteRoutes" };
const PROCESS: FsmAction = { do: "process" };
const REFUSE: FsmAction = { do: "refuse" };
const TRACK: FsmAction = { do: "track" };
const RESET_COUNTER: FsmAction = { do: "resetConnectRetryCounter" };
const INCREMENT_COUNTER: FsmAction = { do: "incrementConnectRetryCounter" };
const DAMP: FsmAction = { do: "damp" };
const START_CONNECT_RETRY: FsmAction = { do: "start", timer: "ConnectRetryTimer", time: "initial" };
const START_DELAY_OPEN: FsmAction = { do: "start", timer: "DelayOpenTimer", time: "initial" };
const START_IDLE_HOLD: FsmAction = { do: "start", timer: "IdleHoldTimer", time: "initial" };
const START_LARGE_HOLD: FsmAction = { do: "start", timer: "HoldTimer", time: "large" };
const RESTART_HOLD: FsmAction = { do: "start", timer: "HoldTimer", time: "negotiated" };
const RESTART_KEEPALIVE: FsmAction = { do: "start", timer: "KeepaliveTimer", time: "negotiated" };
const START_SEND_HOLD: FsmAction = { do: "start", timer: "SendHoldTimer", time: "negotiated" };

function stop(timer: FsmTimer): FsmAction {
  return { do: "stop", timer };
}

const STOP_CONNECT_RETRY = stop("ConnectRetryTimer");
const STOP_DELAY_OPEN = stop("DelayOpenTimer");
const STOP_IDLE_HOLD = stop("IdleHoldTimer");

function stay(state: FsmState, ...actions: readonly FsmAction[]): Step {
  return { state, actions };
}

const IGNORED: Readonly<Record<FsmState, Step>> = {
  Idle: stay("Idle"),
  Connect: stay("Connect"),
  Active: stay("Active"),
  OpenSent: stay("OpenSent"),
  OpenConfirm: stay("OpenConfirm"),
  Established: stay("Established"),
};

// The steps taken for every UPDATE and KEEPALIVE are constants: the hot path allocates nothing here.
const UPDATE_IN_ESTABLISHED = stay("Established", PROCESS, RESTART_HOLD);
const UPDATE_WITHOUT_TIMERS = stay("Established", PROCESS);
const KEEPALIVE_IN_ESTABLISHED = stay("Established", RESTART_HOLD);

/** The next state and what to do, in order. Pure: no sockets, no timers, no clock. RFC 4271 §8.2.2. */
export function transition(fsm: Fsm, event: FsmEvent): Step {
  switch (fsm.state) {
    case "Idle":
      return inIdle(fsm, event);
    case "Connect":
      return inConnect(fsm, event);
    case "Active":
      return inActive(fsm, event);
    case "OpenSent":
      return inOpenSent(fsm, event);
    case "OpenConfirm":
      return inOpenConfirm(fsm, event);
    case "Established":
      return inEstablished(fsm, event);
    default:
      return unreachable(fsm.state);
  }
}

function inIdle(fsm: Fsm, event: FsmEvent): Step {
  switch (event.type) {
    case "ManualStart":
    case "AutomaticStart":
      return { state: "Connect", actions: [STOP_IDLE_HOLD, RESET_COUNTER, START_CONNECT_RETRY, CONNECT] };
    case "ManualStart_with_PassiveTcpEstablishment":
    case "AutomaticStart_with_PassiveTcpEstablishment":
      return { state: "Active", actions: [STOP_IDLE_HOLD, RESET_COUNTER, START_CONNECT_RETRY] };
    case "AutomaticStart_with_DampPeerOscillations":
    case "AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment":
      return fsm.attributes.dampPeerOscillations ? { state: "Idle", actions: [START_IDLE_HOLD] } : IGNORED.Idle;
    case "IdleHoldTimer_Expires":
      // The counter is kept: it tells how often the peer failed since someone started it by hand.
      return fsm.attributes.passiveTcpEstablishment
        ? { state: "Active", actions: [START_CONNECT_RETRY] }
        : { state: "Connect", actions: [START_CONNECT_RETRY, CONNECT] };
    case "Tcp_CR_Acked":
    case "TcpConnectionConfirmed":
    case "TcpConnection_Valid":
    case "Tcp_CR_Invalid":
      return { state: "Idle", actions: [REFUSE] };
    default:
      return IGNORED.Idle;
  }
}

function inConnect(fsm: Fsm, event: FsmEvent): Step {
  switch (event.type) {
    case "ManualStop":
      return { state: "Idle", actions: [DROP, RELEASE, RESET_COUNTER, STOP_CONNECT_RETRY] };
    case "ConnectRetryTimer_Expires":
      return { state: "Connect", actions: [DROP, START_CONNECT_RETRY, STOP_DELAY_OPEN, CONNECT] };
    case "DelayOpenTimer_Expires":
      return { state: "OpenSent", actions: [SEND_OPEN, START_LARGE_HOLD] };
    case "TcpConnectionFails":
      return fsm.delayOpenTimerRunning
        ? { state: "Active", actions: [START_CONNECT_RETRY, STOP_DELAY_OPEN] }
        : { state: "Idle", actions: [STOP_CONNECT_RETRY, DROP, RELEASE] };
    default:
      return beforeOpenSent(fsm, "Connect", event);
  }
}

function inActive(fsm: Fsm, event: FsmEvent): Step {
  switch (event.type) {
    case "ManualStop": {
      const tell = fsm.delayOpenTimerRunning && fsm.attributes.sendNotificationWithoutOpen;
      const end: readonly FsmAction[] = [RELEASE, STOP_DELAY_OPEN, DROP, RESET_COUNTER, STOP_CONNECT_RETRY];
      return { state: "Idle", actions: tell ? [send(event.notification), ...end] : end };
    }
    case "ConnectRetryTimer_Expires":
      // Deviates from §8.2.2, which connects in any case: PassiveTcpEstablishment (§8.1.1) would then be for once only.
      return fsm.attributes.passiveTcpEstablishment
        ? { state: "Active", actions: [START_CONNECT_RETRY] }
        : { state: "Connect", actions: [START_CONNECT_RETRY, CONNECT] };
    case "DelayOpenTimer_Expires":
      return { state: "OpenSent", actions: [STOP_CONNECT_RETRY, STOP_DELAY_OPEN, SEND_OPEN, START_LARGE_HOLD] };
    case "TcpConnectionFails":
      return {
        state: "Idle",
        actions: [START_CONNECT_RETRY, STOP_DELAY_OPEN, RELEASE, INCREMENT_COUNTER, ...damping(fsm)],
      };
    default:
      return beforeOpenSent(fsm, "Active", event);
  }
}

/** What Connect and Active have in common. */
function beforeOpenSent(fsm: Fsm, state: "Connect" | "Active", event: FsmEvent): Step {
  switch (event.type) {
    case "ManualStart":
    case "AutomaticStart":
    case "ManualStart_with_PassiveTcpEstablishment":
    case "AutomaticStart_with_PassiveTcpEstablishment":
    case "AutomaticStart_with_DampPeerOscillations":
    case "AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment":
    case "TcpConnection_Valid":
      return IGNORED[state];
    case "Tcp_CR_Invalid":
      return { state, actions: [REFUSE] };
    case "Tcp_CR_Acked":
    case "TcpConnectionConfirmed":
      return fsm.attributes.delayOpen
        ? { state, actions: [STOP_CONNECT_RETRY, START_DELAY_OPEN] }
        : { state: "OpenSent", actions: [STOP_CONNECT_RETRY, SEND_OPEN, START_LARGE_HOLD] };
    case "BGPOpen_with_DelayOpenTimer_running":
      return {
        state: "OpenConfirm",
        actions: [
          STOP_CONNECT_RETRY,
          STOP_DELAY_OPEN,
          SEND_OPEN,
          SEND_KEEPALIVE,
          ...sessionTimers(event.holdTimeSeconds),
        ],
      };
    case "BGPHeaderErr":
    case "BGPOpenMsgErr": {
      const tell = fsm.attributes.sendNotificationWithoutOpen ? [send(event.notification)] : [];
      return { state: "Idle", actions: [...tell, ...failure(fsm)] };
    }
    case "NotifMsgVerErr":
      // While OPEN is delayed the peer may try another version: no failure of the peer (§8.2.2).
      return fsm.delayOpenTimerRunning
        ? { state: "Idle", actions: [STOP_CONNECT_RETRY, STOP_DELAY_OPEN, RELEASE, DROP] }
        : { state: "Idle", actions: failure(fsm) };
    default:
      return {
        state: "Idle",
        actions: [STOP_CONNECT_RETRY, STOP_DELAY_OPEN, RELEASE, DROP, INCREMENT_COUNTER, ...damping(fsm)],
      };
  }
}

function inOpenSent(fsm: Fsm, event: FsmEvent): Step {
  switch (event.type) {
    case "HoldTimer_Expires":
      return { state: "Idle", actions: [send(HOLD_TIMER_EXPIRED), ...failure(fsm)] };
    case "TcpConnectionFails":
      return { state: "Active", actions: [DROP, RELEASE, START_CONNECT_RETRY] };
    case "BGPOpen":
      return {
        state: "OpenConfirm",
        actions: [STOP_DELAY_OPEN, STOP_CONNECT_RETRY, SEND_KEEPALIVE, ...sessionTimers(event.holdTimeSeconds)],
      };
    case "NotifMsg":
      // Deviates from RFC 4271 §8.2.2, which sends an FSM error here: §6.4 knows no answer to a NOTIFICATION.
      return { state: "Idle", actions: failure(fsm) };
    default:
      return afterOpenSent(fsm, "OpenSent", event);
  }
}

function inOpenConfirm(fsm: Fsm, event: FsmEvent): Step {
  switch (event.type) {
    case "HoldTimer_Expires":
      return { state: "Idle", actions: [send(HOLD_TIMER_EXPIRED), ...failure(fsm)] };
    case "KeepaliveTimer_Expires":
      return { state: "OpenConfirm", actions: keepalive(fsm) };
    case "TcpConnectionFails":
    case "NotifMsg":
      return { state: "Idle", actions: failure(fsm) };
    case "KeepAliveMsg":
      return { state: "Established", actions: [...restartHold(fsm), ...sendHold(fsm), { do: "establish" }] };
    default:
      return afterOpenSent(fsm, "OpenConfirm", event);
  }
}

/** What OpenSent and OpenConfirm have in common; the rest of the events is an FSM error (RFC 6608). */
function afterOpenSent(fsm: Fsm, state: "OpenSent" | "OpenConfirm", event: FsmEvent): Step {
  switch (event.type) {
    case "ManualStart":
    case "AutomaticStart":
    case "ManualStart_with_PassiveTcpEstablishment":
    case "AutomaticStart_with_PassiveTcpEstablishment":
    case "AutomaticStart_with_DampPeerOscillations":
    case "AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment":
    case "Tcp_CR_Invalid":
      return IGNORED[state];
    case "TcpConnection_Valid":
    case "Tcp_CR_Acked":
    case "TcpConnectionConfirmed":
      return { state, actions: [TRACK] };
    case "ManualStop":
      return {
        state: "Idle",
        actions: [send(event.notification), STOP_CONNECT_RETRY, RELEASE, DROP, RESET_COUNTER],
      };
    case "AutomaticStop":
    case "OpenCollisionDump":
    case "BGPHeaderErr":
    case "BGPOpenMsgErr":
      return { state: "Idle", actions: [send(event.notification), ...failure(fsm)] };
    case "NotifMsgVerErr":
      return { state: "Idle", actions: [STOP_CONNECT_RETRY, RELEASE, DROP] };
    default:
      return { state: "Idle", actions: [send(fsmError(state, event)), ...failure(fsm)] };
  }
}

function inEstablished(fsm: Fsm, event: FsmEvent): Step {
  switch (event.type) {
    case "UpdateMsg":
      return fsm.holdTimeSeconds === 0 ? UPDATE_WITHOUT_TIMERS : UPDATE_IN_ESTABLISHED;
    case "KeepAliveMsg":
      return fsm.holdTimeSeconds === 0 ? IGNORED.Established : KEEPALIVE_IN_ESTABLISHED;
    case "RouteRefreshMsg":
      // Does not restart the HoldTimer: §6.5 names KEEPALIVE, UPDATE and NOTIFICATION only.
      return { state: "Established", actions: [PROCESS] };
    case "KeepaliveTimer_Expires":
      return { state: "Established", actions: keepalive(fsm) };
    case "HoldTimer_Expires":
      return { state: "Idle", actions: [send(HOLD_TIMER_EXPIRED), ...sessionEnd(fsm, true)] };
    case "SendHoldTimer_Expires":
      // RFC 9687: the NOTIFICATION is an attempt, what the peer does not read it will not read either.
      return { state: "Idle", actions: [send(SEND_HOLD_TIMER_EXPIRED), ...sessionEnd(fsm, true)] };
    case "TcpConnectionFails":
    case "NotifMsgVerErr":
    case "NotifMsg":
      return { state: "Idle", actions: sessionEnd(fsm, false) };
    case "ManualStop":
      return {
        state: "Idle",
        actions: [send(event.notification), STOP_CONNECT_RETRY, DELETE_ROUTES, RELEASE, DROP, RESET_COUNTER],
      };
    case "BGPHeaderErr": // Deviates from §8.2.2, which sends an FSM error: §6.1 says MUST for the header's own code.
    case "AutomaticStop":
    case "OpenCollisionDump":
    case "UpdateMsgErr":
      return { state: "Idle", actions: [send(event.notification), ...sessionEnd(fsm, true)] };
    case "TcpConnection_Valid":
    case "Tcp_CR_Acked":
    case "TcpConnectionConfirmed":
      // RFC 4724 §5 would drop the session at once if the peer can restart gracefully. The referee waits for the OPEN on
      // the new connection (§4.2), so that an attempt that leads nowhere does not end a healthy session.
      return { state: "Established", actions: [TRACK] };
    case "ManualStart":
    case "AutomaticStart":
    case "ManualStart_with_PassiveTcpEstablishment":
    case "AutomaticStart_with_PassiveTcpEstablishment":
    case "AutomaticStart_with_DampPeerOscillations":
    case "AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment":
    case "Tcp_CR_Invalid":
      return IGNORED.Established;
    case "ConnectRetryTimer_Expires":
    case "DelayOpenTimer_Expires":
    case "IdleHoldTimer_Expires":
    case "BGPOpen":
    case "BGPOpen_with_DelayOpenTimer_running":
    case "BGPOpenMsgErr":
      return { state: "Idle", actions: [send(fsmError("Established", event)), ...sessionEnd(fsm, true)] };
    default:
      return unreachable(event);
  }
}

function send(notification: Notification): FsmAction {
  return { do: "sendNotification", notification };
}

function damping(fsm: Fsm): readonly FsmAction[] {
  return fsm.attributes.dampPeerOscillations ? [DAMP] : [];
}

/** The usual way to Idle after something went wrong. */
function failure(fsm: Fsm): readonly FsmAction[] {
  return [STOP_CONNECT_RETRY, RELEASE, DROP, INCREMENT_COUNTER, ...damping(fsm)];
}

/** The usual way from Established to Idle; the RFC does not damp where the peer or TCP ended the session. */
function sessionEnd(fsm: Fsm, damped: boolean): readonly FsmAction[] {
  return [STOP_CONNECT_RETRY, DELETE_ROUTES, RELEASE, DROP, INCREMENT_COUNTER, ...(damped ? damping(fsm) : [])];
}

function sessionTimers(holdTimeSeconds: number): readonly FsmAction[] {
  if (holdTimeSeconds === 0) return [stop("KeepaliveTimer"), stop("HoldTimer")];
  return [RESTART_KEEPALIVE, RESTART_HOLD];
}

function restartHold(fsm: Fsm): readonly FsmAction[] {
  return fsm.holdTimeSeconds === 0 ? [] : [RESTART_HOLD];
}

/** RFC 9687: neither without a SendHoldTime nor without a Hold Time, which is when nothing is sent regularly. */
function sendHold(fsm: Fsm): readonly FsmAction[] {
  return fsm.holdTimeSeconds === 0 || fsm.sendHoldTimeSeconds === 0 ? [] : [START_SEND_HOLD];
}

function keepalive(fsm: Fsm): readonly FsmAction[] {
  return fsm.holdTimeSeconds === 0 ? [SEND_KEEPALIVE] : [SEND_KEEPALIVE, RESTART_KEEPALIVE];
}

/** RFC 6608 §4: the subcode names the state, the data the type of an unexpected message; other events: 0, no data. */
function fsmError(state: "OpenSent" | "OpenConfirm" | "Established", event: FsmEvent): Notification {
  const message = messageType(event);
  if (message === undefined)
    return { code: ERROR_CODE.FINITE_STATE_MACHINE, subcode: FSM_ERROR.UNSPECIFIED, data: NO_DATA };
  return { code: ERROR_CODE.FINITE_STATE_MACHINE, subcode: FSM_ERROR_OF_STATE[state], data: Uint8Array.of(message) };
}

const FSM_ERROR_OF_STATE = {
  OpenSent: FSM_ERROR.UNEXPECTED_MESSAGE_IN_OPEN_SENT,
  OpenConfirm: FSM_ERROR.UNEXPECTED_MESSAGE_IN_OPEN_CONFIRM,
  Established: FSM_ERROR.UNEXPECTED_MESSAGE_IN_ESTABLISHED,
} as const;

function messageType(event: FsmEvent): number | undefined {
  switch (event.type) {
    case "BGPOpen":
    case "BGPOpen_with_DelayOpenTimer_running":
    case "BGPOpenMsgErr":
      return MESSAGE.OPEN;
    case "KeepAliveMsg":
      return MESSAGE.KEEPALIVE;
    case "UpdateMsg":
    case "UpdateMsgErr":
      return MESSAGE.UPDATE;
    case "RouteRefreshMsg":
      return MESSAGE.ROUTE_REFRESH;
    default:
      return undefined;
  }
}
