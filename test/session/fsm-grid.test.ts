// The transition function against proto-fixtures/fsm/grid.yaml: every state, every event, every combination of what a
// transition may depend on. Exactly one cell of the file must speak of each, and the function must do what it says.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { z } from "zod";
import { messageName } from "../../src/packet/codes.js";
import { transition } from "../../src/session/fsm.js";
import {
  FSM_EVENT_NUMBERS,
  FSM_STATES,
  type Fsm,
  type FsmAction,
  type FsmEvent,
  type FsmEventName,
  type FsmState,
} from "../../src/session/fsm-types.js";
import { ROOT } from "../support/root.js";

const CONDITIONS = ["damping", "passive", "delayOpen", "delaying", "tellsEarly", "holdTime", "sendHold"] as const;
type Condition = (typeof CONDITIONS)[number];
type Combination = Readonly<Record<Condition, boolean>>;

const CELL = z.strictObject({
  on: z.string(),
  when: z.partialRecord(z.enum(CONDITIONS), z.boolean()).optional(),
  by: z.string(),
  do: z.string().optional(),
  to: z.enum(FSM_STATES),
  deviates: z.string().optional(),
});
type Cell = z.infer<typeof CELL>;

const GRID = z
  .strictObject({
    actions: z.record(z.string(), z.string()),
    sequences: z.record(z.string(), z.string()),
    states: z.record(
      z.enum(FSM_STATES),
      z.strictObject({ paragraphs: z.record(z.string(), z.string()), cells: z.array(CELL) }),
    ),
  })
  .parse(parse(readFileSync(join(ROOT, "proto-fixtures/fsm/grid.yaml"), "utf8")));

const EVENT_NAMES = Object.keys(FSM_EVENT_NUMBERS) as FsmEventName[];

const COMBINATIONS: readonly Combination[] = Array.from({ length: 2 ** CONDITIONS.length }, (_, bits) => {
  const entries = CONDITIONS.map((name, index) => [name, (bits & (1 << index)) !== 0] as const);
  return Object.fromEntries(entries) as Combination;
});

const OWN = { code: 6, subcode: 8, data: Uint8Array.of(9) };

function makeFsm(state: FsmState, given: Combination): Fsm {
  return {
    state,
    attributes: {
      passiveTcpEstablishment: given.passive,
      dampPeerOscillations: given.damping,
      delayOpen: given.delayOpen,
      sendNotificationWithoutOpen: given.tellsEarly,
    },
    delayOpenTimerRunning: given.delaying,
    holdTimeSeconds: given.holdTime ? 90 : 0,
    sendHoldTimeSeconds: given.sendHold ? 480 : 0,
  };
}

function makeEvent(type: FsmEventName, given: Combination): FsmEvent {
  switch (type) {
    case "ManualStop":
    case "AutomaticStop":
    case "BGPHeaderErr":
    case "BGPOpenMsgErr":
    case "OpenCollisionDump":
    case "UpdateMsgErr":
      return { type, notification: OWN };
    case "BGPOpen":
    case "BGPOpen_with_DelayOpenTimer_running":
      return { type, holdTimeSeconds: given.holdTime ? 90 : 0 };
    default:
      return { type };
  }
}

/** The words of the file. */
function words(action: FsmAction): string {
  switch (action.do) {
    case "start":
      return `start ${action.timer}${action.time === "large" ? " large" : ""}`;
    case "stop":
      return `stop ${action.timer}`;
    case "sendOpen":
      return "send OPEN";
    case "sendKeepalive":
      return "send KEEPALIVE";
    case "sendNotification": {
      const { code, subcode, data } = action.notification;
      if (action.notification === OWN) return "send its NOTIFICATION";
      return `send NOTIFICATION ${code}/${subcode}${data.length === 1 ? ` ${messageName(data[0])}` : ""}`;
    }
    case "deleteRoutes":
      return "delete routes";
    case "resetConnectRetryCounter":
      return "count 0";
    case "incrementConnectRetryCounter":
      return "count + 1";
    default:
      return action.do;
  }
}

/** To stop a timer that the step does not start again may come anywhere in it: only the order of the rest counts. */
function outcome(actions: readonly string[], state: string): string {
  const stops = actions.filter((text) => text.startsWith("stop ")).sort();
  const others = actions.filter((text) => !text.startsWith("stop "));
  return `${[...stops, "|", ...others].join("; ")} → ${state}`;
}

function actionsOf(cell: Cell): string[] {
  const listed = (cell.do ?? "").split("; ").filter((text) => text !== "");
  return listed.flatMap((text) => GRID.sequences[text]?.split("; ") ?? [text]);
}

function fits(cell: Cell, given: Combination): boolean {
  return CONDITIONS.every((name) => cell.when?.[name] === undefined || cell.when[name] === given[name]);
}

function numberAndName(name: FsmEventName): string {
  return `${FSM_EVENT_NUMBERS[name]} ${name}`;
}

for (const state of FSM_STATES) {
  t.test(`${state}: every event does what the grid says, whatever the attributes`, (t) => {
    const { cells } = GRID.states[state];
    for (const name of EVENT_NAMES) {
      const rows = cells.filter((cell) => cell.on === numberAndName(name));
      const wrong: unknown[] = [];
      for (const given of COMBINATIONS) {
        const step = transition(makeFsm(state, given), makeEvent(name, given));
        const did = outcome(step.actions.map(words), step.state);
        const [cell, ...more] = rows.filter((row) => fits(row, given));
        if (cell === undefined || more.length > 0) {
          wrong.push({ given, problem: `${cell === undefined ? "no cell" : "several cells"} for this` });
          continue;
        }
        const expected = actionsOf(cell).filter((text) => text !== "damp" || given.damping);
        const shall = outcome(expected, cell.to);
        if (did !== shall) wrong.push({ given, did, shall });
      }
      t.same(wrong.slice(0, 3), [], `${state}: ${numberAndName(name)}`);
    }
    t.end();
  });
}

t.test("the grid says nothing of other events, in words that it explains", (t) => {
  const known = new Set(EVENT_NAMES.map(numberAndName));
  const used = new Set<string>();
  for (const state of FSM_STATES) {
    const { paragraphs, cells } = GRID.states[state];
    t.same([...new Set(cells.map((cell) => cell.by))].sort(), Object.keys(paragraphs).sort(), `${state}: paragraphs`);
    for (const cell of cells) {
      t.ok(known.has(cell.on), `${state}: ${cell.on} is an event`);
      for (const action of actionsOf(cell)) used.add(action);
    }
  }
  t.same([...used].sort(), Object.keys(GRID.actions).sort(), "actions");
  t.end();
});

t.test("what deviates from the text is known", (t) => {
  const deviations = FSM_STATES.flatMap((state) =>
    GRID.states[state].cells
      .filter((cell) => cell.deviates !== undefined)
      .map((cell) => `${state}: ${cell.on}${cell.when === undefined ? "" : ` ${JSON.stringify(cell.when)}`}`),
  );
  t.same(deviations, [
    'Active: 9 ConnectRetryTimer_Expires {"passive":true}',
    "OpenSent: 25 NotifMsg",
    "OpenConfirm: 19 BGPOpen",
    "Established: 10 HoldTimer_Expires",
    "Established: 21 BGPHeaderErr",
  ]);
  t.end();
});
