// The whole grid of RFC 4271 §8.2.2: every state with every event, as data. A pair that is not listed fails the test.

import t from "tap";
import { notificationText } from "../../src/packet/notification.js";
import { transition } from "../../src/session/fsm.js";
import {
  FSM_EVENT_NUMBERS,
  FSM_STATES,
  type Fsm,
  type FsmAction,
  type FsmEvent,
  type FsmEventName,
  type FsmState,
  type SessionAttributes,
} from "../../src/session/fsm-types.js";

const NOTICE = { code: 6, subcode: 8, data: new Uint8Array(0) };
const HOLD_TIME_SECONDS = 90;

function makeEvent(type: FsmEventName): FsmEvent {
  switch (type) {
    case "ManualStop":
    case "AutomaticStop":
    case "BGPHeaderErr":
    case "BGPOpenMsgErr":
    case "OpenCollisionDump":
    case "UpdateMsgErr":
      return { type, notification: NOTICE };
    case "BGPOpen":
    case "BGPOpen_with_DelayOpenTimer_running":
      return { type, holdTimeSeconds: HOLD_TIME_SECONDS };
    default:
      return { type };
  }
}

type FsmChanges = Partial<Omit<Fsm, "attributes">> & { readonly attributes?: Partial<SessionAttributes> };

function makeFsm(state: FsmState, changes: FsmChanges = {}): Fsm {
  const attributes = {
    passiveTcpEstablishment: false,
    dampPeerOscillations: true,
    delayOpen: false,
    sendNotificationWithoutOpen: true,
    ...changes.attributes,
  };
  return { state, delayOpenTimerRunning: false, holdTimeSeconds: HOLD_TIME_SECONDS, ...changes, attributes };
}

/** One word per action, in order. */
function brief(action: FsmAction): string {
  switch (action.do) {
    case "start":
      return `${action.timer}=${action.time}`;
    case "stop":
      return `${action.timer}=0`;
    case "sendNotification":
      return `send[${notificationText(action.notification)}]`;
    case "incrementConnectRetryCounter":
      return "counter+1";
    case "resetConnectRetryCounter":
      return "counter=0";
    default:
      return action.do;
  }
}

function outcome(fsm: Fsm, event: FsmEvent): string {
  const step = transition(fsm, event);
  return [...step.actions.map(brief), `→ ${step.state}`].join(" ");
}

const STARTS = [
  "ManualStart",
  "AutomaticStart",
  "ManualStart_with_PassiveTcpEstablishment",
  "AutomaticStart_with_PassiveTcpEstablishment",
  "AutomaticStart_with_DampPeerOscillations",
  "AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment",
] as const;

/** Rows of several events with one outcome. */
function rows(events: readonly FsmEventName[], text: string): Partial<Record<FsmEventName, string>> {
  return Object.fromEntries(events.map((event) => [event, text]));
}

const FAIL = "ConnectRetryTimer=0 release drop counter+1 damp → Idle";
const END = "ConnectRetryTimer=0 deleteRoutes release drop counter+1";
const NOTICE_TEXT = "send[Cease/Out of Resources]";
const HOLD_TEXT = "send[Hold Timer Expired]";
const FSM_TEXT = "Finite State Machine Error";
const TCP_UP = ["Tcp_CR_Acked", "TcpConnectionConfirmed"] as const;
const SESSION_TIMERS = "KeepaliveTimer=negotiated HoldTimer=negotiated";

function unexpected(state: string, message: string): string {
  return `send[${FSM_TEXT}/Unexpected Message in ${state} State: ${message}]`;
}

const START_ACTIVE = "IdleHoldTimer=0 counter=0 ConnectRetryTimer=initial → Active";
const START_CONNECT = "IdleHoldTimer=0 counter=0 ConnectRetryTimer=initial connect → Connect";

const IDLE: Partial<Record<FsmEventName, string>> = {
  ...rows(["ManualStop", "AutomaticStop", "ConnectRetryTimer_Expires", "HoldTimer_Expires"], "→ Idle"),
  ...rows(["KeepaliveTimer_Expires", "DelayOpenTimer_Expires", "TcpConnectionFails"], "→ Idle"),
  ...rows(["BGPOpen", "BGPOpen_with_DelayOpenTimer_running", "BGPHeaderErr", "BGPOpenMsgErr"], "→ Idle"),
  ...rows(["OpenCollisionDump", "NotifMsgVerErr", "NotifMsg", "KeepAliveMsg"], "→ Idle"),
  ...rows(["UpdateMsg", "UpdateMsgErr", "RouteRefreshMsg"], "→ Idle"),
  ...rows(["ManualStart", "AutomaticStart"], START_CONNECT),
  ...rows(["ManualStart_with_PassiveTcpEstablishment", "AutomaticStart_with_PassiveTcpEstablishment"], START_ACTIVE),
  ...rows(
    [
      "AutomaticStart_with_DampPeerOscillations",
      "AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment",
    ],
    "IdleHoldTimer=initial → Idle",
  ),
  IdleHoldTimer_Expires: "ConnectRetryTimer=initial connect → Connect",
  ...rows(["TcpConnection_Valid", "Tcp_CR_Invalid", ...TCP_UP], "refuse → Idle"),
};

const OTHERS_BEFORE_OPEN = [
  "AutomaticStop",
  "HoldTimer_Expires",
  "KeepaliveTimer_Expires",
  "IdleHoldTimer_Expires",
  "BGPOpen",
  "OpenCollisionDump",
  "NotifMsg",
  "KeepAliveMsg",
  "UpdateMsg",
  "UpdateMsgErr",
  "RouteRefreshMsg",
] as const;

const OPEN_WHILE_DELAYED = `ConnectRetryTimer=0 DelayOpenTimer=0 sendOpen sendKeepalive ${SESSION_TIMERS} → OpenConfirm`;

const CONNECT: Partial<Record<FsmEventName, string>> = {
  ...rows(STARTS, "→ Connect"),
  ...rows(OTHERS_BEFORE_OPEN, `DelayOpenTimer=0 ${FAIL}`),
  ManualStop: "drop release counter=0 ConnectRetryTimer=0 → Idle",
  ConnectRetryTimer_Expires: "drop ConnectRetryTimer=initial DelayOpenTimer=0 connect → Connect",
  DelayOpenTimer_Expires: "sendOpen HoldTimer=large → OpenSent",
  TcpConnection_Valid: "→ Connect",
  Tcp_CR_Invalid: "refuse → Connect",
  ...rows(TCP_UP, "ConnectRetryTimer=0 sendOpen HoldTimer=large → OpenSent"),
  TcpConnectionFails: "ConnectRetryTimer=0 drop release → Idle",
  BGPOpen_with_DelayOpenTimer_running: OPEN_WHILE_DELAYED,
  ...rows(["BGPHeaderErr", "BGPOpenMsgErr"], `${NOTICE_TEXT} ${FAIL}`),
  NotifMsgVerErr: FAIL,
};

const ACTIVE: Partial<Record<FsmEventName, string>> = {
  ...rows(STARTS, "→ Active"),
  ...rows(OTHERS_BEFORE_OPEN, `DelayOpenTimer=0 ${FAIL}`),
  ManualStop: "release DelayOpenTimer=0 drop counter=0 ConnectRetryTimer=0 → Idle",
  ConnectRetryTimer_Expires: "ConnectRetryTimer=initial connect → Connect",
  DelayOpenTimer_Expires: "ConnectRetryTimer=0 DelayOpenTimer=0 sendOpen HoldTimer=large → OpenSent",
  TcpConnection_Valid: "→ Active",
  Tcp_CR_Invalid: "refuse → Active",
  ...rows(TCP_UP, "ConnectRetryTimer=0 sendOpen HoldTimer=large → OpenSent"),
  TcpConnectionFails: "ConnectRetryTimer=initial DelayOpenTimer=0 release counter+1 damp → Idle",
  BGPOpen_with_DelayOpenTimer_running: OPEN_WHILE_DELAYED,
  ...rows(["BGPHeaderErr", "BGPOpenMsgErr"], `${NOTICE_TEXT} ${FAIL}`),
  NotifMsgVerErr: FAIL,
};

const OPEN_SENT: Partial<Record<FsmEventName, string>> = {
  ...rows([...STARTS, "Tcp_CR_Invalid"], "→ OpenSent"),
  ...rows(["TcpConnection_Valid", ...TCP_UP], "track → OpenSent"),
  ManualStop: `${NOTICE_TEXT} ConnectRetryTimer=0 release drop counter=0 → Idle`,
  ...rows(["AutomaticStop", "BGPHeaderErr", "BGPOpenMsgErr", "OpenCollisionDump"], `${NOTICE_TEXT} ${FAIL}`),
  HoldTimer_Expires: `${HOLD_TEXT} ${FAIL}`,
  TcpConnectionFails: "drop release ConnectRetryTimer=initial → Active",
  BGPOpen: `DelayOpenTimer=0 ConnectRetryTimer=0 sendKeepalive ${SESSION_TIMERS} → OpenConfirm`,
  NotifMsgVerErr: "ConnectRetryTimer=0 release drop → Idle",
  NotifMsg: FAIL,
  ...rows(
    ["ConnectRetryTimer_Expires", "KeepaliveTimer_Expires", "DelayOpenTimer_Expires", "IdleHoldTimer_Expires"],
    `send[${FSM_TEXT}] ${FAIL}`,
  ),
  BGPOpen_with_DelayOpenTimer_running: `${unexpected("OpenSent", "OPEN")} ${FAIL}`,
  KeepAliveMsg: `${unexpected("OpenSent", "KEEPALIVE")} ${FAIL}`,
  ...rows(["UpdateMsg", "UpdateMsgErr"], `${unexpected("OpenSent", "UPDATE")} ${FAIL}`),
  RouteRefreshMsg: `${unexpected("OpenSent", "ROUTE-REFRESH")} ${FAIL}`,
};

const OPEN_CONFIRM: Partial<Record<FsmEventName, string>> = {
  ...rows([...STARTS, "Tcp_CR_Invalid"], "→ OpenConfirm"),
  ...rows(["TcpConnection_Valid", ...TCP_UP], "track → OpenConfirm"),
  ManualStop: `${NOTICE_TEXT} ConnectRetryTimer=0 release drop counter=0 → Idle`,
  ...rows(["AutomaticStop", "BGPHeaderErr", "BGPOpenMsgErr", "OpenCollisionDump"], `${NOTICE_TEXT} ${FAIL}`),
  HoldTimer_Expires: `${HOLD_TEXT} ${FAIL}`,
  KeepaliveTimer_Expires: "sendKeepalive KeepaliveTimer=negotiated → OpenConfirm",
  ...rows(["TcpConnectionFails", "NotifMsg"], FAIL),
  NotifMsgVerErr: "ConnectRetryTimer=0 release drop → Idle",
  KeepAliveMsg: "HoldTimer=negotiated establish → Established",
  ...rows(
    ["ConnectRetryTimer_Expires", "DelayOpenTimer_Expires", "IdleHoldTimer_Expires"],
    `send[${FSM_TEXT}] ${FAIL}`,
  ),
  ...rows(["BGPOpen", "BGPOpen_with_DelayOpenTimer_running"], `${unexpected("OpenConfirm", "OPEN")} ${FAIL}`),
  ...rows(["UpdateMsg", "UpdateMsgErr"], `${unexpected("OpenConfirm", "UPDATE")} ${FAIL}`),
  RouteRefreshMsg: `${unexpected("OpenConfirm", "ROUTE-REFRESH")} ${FAIL}`,
};

const ESTABLISHED: Partial<Record<FsmEventName, string>> = {
  ...rows([...STARTS, "Tcp_CR_Invalid"], "→ Established"),
  ...rows(["TcpConnection_Valid", ...TCP_UP], "track → Established"),
  ManualStop: `${NOTICE_TEXT} ConnectRetryTimer=0 deleteRoutes release drop counter=0 → Idle`,
  ...rows(["AutomaticStop", "BGPHeaderErr", "OpenCollisionDump", "UpdateMsgErr"], `${NOTICE_TEXT} ${END} damp → Idle`),
  HoldTimer_Expires: `${HOLD_TEXT} ${END} damp → Idle`,
  KeepaliveTimer_Expires: "sendKeepalive KeepaliveTimer=negotiated → Established",
  ...rows(["TcpConnectionFails", "NotifMsgVerErr", "NotifMsg"], `${END} → Idle`),
  KeepAliveMsg: "HoldTimer=negotiated → Established",
  UpdateMsg: "process HoldTimer=negotiated → Established",
  RouteRefreshMsg: "process → Established",
  ...rows(
    ["ConnectRetryTimer_Expires", "DelayOpenTimer_Expires", "IdleHoldTimer_Expires"],
    `send[${FSM_TEXT}] ${END} damp → Idle`,
  ),
  ...rows(
    ["BGPOpen", "BGPOpen_with_DelayOpenTimer_running", "BGPOpenMsgErr"],
    `${unexpected("Established", "OPEN")} ${END} damp → Idle`,
  ),
};

const GRID: Readonly<Record<FsmState, Partial<Record<FsmEventName, string>>>> = {
  Idle: IDLE,
  Connect: CONNECT,
  Active: ACTIVE,
  OpenSent: OPEN_SENT,
  OpenConfirm: OPEN_CONFIRM,
  Established: ESTABLISHED,
};

for (const state of FSM_STATES) {
  t.test(`${state}: every event has its row`, (t) => {
    for (const [name, number] of Object.entries(FSM_EVENT_NUMBERS) as [FsmEventName, number][]) {
      const expected = GRID[state][name];
      t.not(expected, undefined, `${state}: ${name} (${number}) is listed`);
      t.equal(outcome(makeFsm(state), makeEvent(name)), expected, `${state}: ${name} (${number})`);
    }
    t.end();
  });
}

const VARIANTS: readonly {
  readonly name: string;
  readonly fsm: Fsm;
  readonly event: FsmEvent;
  readonly then: string;
}[] = [
  {
    name: "Idle: IdleHoldTimer_Expires of a passive peer waits in Active",
    fsm: makeFsm("Idle", { attributes: { passiveTcpEstablishment: true } }),
    event: makeEvent("IdleHoldTimer_Expires"),
    then: "ConnectRetryTimer=initial → Active",
  },
  {
    name: "Idle: a damped start does nothing where damping is off",
    fsm: makeFsm("Idle", { attributes: { dampPeerOscillations: false } }),
    event: makeEvent("AutomaticStart_with_DampPeerOscillations"),
    then: "→ Idle",
  },
  {
    name: "Active: a passive peer goes on waiting when ConnectRetryTimer expires",
    fsm: makeFsm("Active", { attributes: { passiveTcpEstablishment: true } }),
    event: makeEvent("ConnectRetryTimer_Expires"),
    then: "ConnectRetryTimer=initial → Active",
  },
  ...(["Connect", "Active"] as const).flatMap((state) => [
    {
      name: `${state}: with DelayOpen the OPEN waits for its timer`,
      fsm: makeFsm(state, { attributes: { delayOpen: true } }),
      event: makeEvent("TcpConnectionConfirmed"),
      then: `ConnectRetryTimer=0 DelayOpenTimer=initial → ${state}`,
    },
    {
      name: `${state}: a version error while the OPEN is delayed is no failure`,
      fsm: makeFsm(state, { delayOpenTimerRunning: true }),
      event: makeEvent("NotifMsgVerErr"),
      then: "ConnectRetryTimer=0 DelayOpenTimer=0 release drop → Idle",
    },
    {
      name: `${state}: without SendNOTIFICATIONwithoutOPEN a bad header is not answered`,
      fsm: makeFsm(state, { attributes: { sendNotificationWithoutOpen: false } }),
      event: makeEvent("BGPHeaderErr"),
      then: FAIL,
    },
    {
      name: `${state}: without damping a failure does not lengthen the idle hold`,
      fsm: makeFsm(state, { attributes: { dampPeerOscillations: false } }),
      event: makeEvent("BGPOpenMsgErr"),
      then: `${NOTICE_TEXT} ConnectRetryTimer=0 release drop counter+1 → Idle`,
    },
    {
      name: `${state}: an OPEN with Hold Time 0 while ours is delayed starts no timer`,
      fsm: makeFsm(state, { delayOpenTimerRunning: true }),
      event: { type: "BGPOpen_with_DelayOpenTimer_running", holdTimeSeconds: 0 } as const,
      then: "ConnectRetryTimer=0 DelayOpenTimer=0 sendOpen sendKeepalive KeepaliveTimer=0 HoldTimer=0 → OpenConfirm",
    },
  ]),
  {
    name: "Connect: TCP fails while the OPEN is delayed: wait in Active",
    fsm: makeFsm("Connect", { delayOpenTimerRunning: true }),
    event: makeEvent("TcpConnectionFails"),
    then: "ConnectRetryTimer=initial DelayOpenTimer=0 → Active",
  },
  {
    name: "Active: ManualStop while the OPEN is delayed tells the peer",
    fsm: makeFsm("Active", { delayOpenTimerRunning: true }),
    event: makeEvent("ManualStop"),
    then: `${NOTICE_TEXT} release DelayOpenTimer=0 drop counter=0 ConnectRetryTimer=0 → Idle`,
  },
  {
    name: "OpenSent: Hold Time 0 starts neither timer",
    fsm: makeFsm("OpenSent"),
    event: { type: "BGPOpen", holdTimeSeconds: 0 },
    then: "DelayOpenTimer=0 ConnectRetryTimer=0 sendKeepalive KeepaliveTimer=0 HoldTimer=0 → OpenConfirm",
  },
  {
    name: "OpenConfirm: with Hold Time 0 KEEPALIVE starts no timer",
    fsm: makeFsm("OpenConfirm", { holdTimeSeconds: 0 }),
    event: makeEvent("KeepAliveMsg"),
    then: "establish → Established",
  },
  {
    name: "Established: with Hold Time 0 KEEPALIVE changes nothing",
    fsm: makeFsm("Established", { holdTimeSeconds: 0 }),
    event: makeEvent("KeepAliveMsg"),
    then: "→ Established",
  },
  {
    name: "Established: with Hold Time 0 UPDATE is processed, nothing else",
    fsm: makeFsm("Established", { holdTimeSeconds: 0 }),
    event: makeEvent("UpdateMsg"),
    then: "process → Established",
  },
  {
    name: "Established: without damping an UPDATE error does not lengthen the idle hold",
    fsm: makeFsm("Established", { attributes: { dampPeerOscillations: false } }),
    event: makeEvent("UpdateMsgErr"),
    then: `${NOTICE_TEXT} ${END} → Idle`,
  },
];

t.test("optional session attributes", (t) => {
  for (const { name, fsm, event, then } of VARIANTS) t.equal(outcome(fsm, event), then, name);
  t.end();
});

t.test("the steps of the hot path are shared, not made anew", (t) => {
  const fsm = makeFsm("Established");
  t.equal(transition(fsm, { type: "UpdateMsg" }), transition(fsm, { type: "UpdateMsg" }));
  t.equal(transition(fsm, { type: "KeepAliveMsg" }), transition(fsm, { type: "KeepAliveMsg" }));
  t.end();
});
