// Properties of every step; what each step is: fsm-grid.test.ts.

import fc from "fast-check";
import t from "tap";
import { transition } from "../../src/session/fsm.js";
import {
  FSM_EVENT_NUMBERS,
  FSM_STATES,
  type Fsm,
  type FsmEvent,
  type FsmEventName,
} from "../../src/session/fsm-types.js";

const ESTABLISHED: Fsm = {
  state: "Established",
  attributes: {
    passiveTcpEstablishment: false,
    dampPeerOscillations: true,
    delayOpen: false,
    sendNotificationWithoutOpen: true,
  },
  delayOpenTimerRunning: false,
  holdTimeSeconds: 90,
  sendHoldTimeSeconds: 480,
};

const ANY_FSM: fc.Arbitrary<Fsm> = fc.record({
  state: fc.constantFrom(...FSM_STATES),
  attributes: fc.record({
    passiveTcpEstablishment: fc.boolean(),
    dampPeerOscillations: fc.boolean(),
    delayOpen: fc.boolean(),
    sendNotificationWithoutOpen: fc.boolean(),
  }),
  delayOpenTimerRunning: fc.boolean(),
  holdTimeSeconds: fc.constantFrom(0, 3, 90),
  sendHoldTimeSeconds: fc.constantFrom(0, 480),
});

// More than any one event needs: each takes what it knows.
const ANY_EVENT: fc.Arbitrary<FsmEvent> = fc
  .constantFrom(...(Object.keys(FSM_EVENT_NUMBERS) as FsmEventName[]))
  .map((type) => {
    const notification = { code: 6, subcode: 0, data: new Uint8Array(0) };
    return { type, notification, holdTimeSeconds: 90 } as FsmEvent;
  });

t.test("the steps of the hot path are shared, not made anew", (t) => {
  t.equal(transition(ESTABLISHED, { type: "UpdateMsg" }), transition(ESTABLISHED, { type: "UpdateMsg" }));
  t.equal(transition(ESTABLISHED, { type: "KeepAliveMsg" }), transition(ESTABLISHED, { type: "KeepAliveMsg" }));
  t.end();
});

t.test("a step that ends a session deletes its routes, and tells the peer before it drops TCP", (t) => {
  const property = fc.property(ANY_FSM, ANY_EVENT, (fsm, event) => {
    const { state, actions } = transition(fsm, event);
    const names = actions.map((action) => action.do);
    const told = names.indexOf("sendNotification");
    const dropped = names.indexOf("drop");
    const leaves = fsm.state === "Established" && state !== "Established";
    return names.includes("deleteRoutes") === leaves && (told === -1 || (told < dropped && state === "Idle"));
  });
  t.doesNotThrow(() => fc.assert(property));
  t.end();
});

t.test("Established is reached from OpenConfirm by a KEEPALIVE, and by nothing else", (t) => {
  const property = fc.property(ANY_FSM, ANY_EVENT, (fsm, event) => {
    const { state, actions } = transition(fsm, event);
    const enters = fsm.state !== "Established" && state === "Established";
    const may = fsm.state === "OpenConfirm" && event.type === "KeepAliveMsg";
    return enters === may && actions.some((action) => action.do === "establish") === may;
  });
  t.doesNotThrow(() => fc.assert(property));
  t.end();
});
