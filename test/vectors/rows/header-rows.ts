// Message headers: marker, length, type in every state. RFC 4271 §4.1, §6.1; RFC 8654 §4–§6.

import { EBGP, type Expectation, notification, type Phase, type Vector, ACCEPT, CLOSE } from "../vector.js";
import { attribute, BASE, hex8, hex16, KEEPALIVE, MARKER, message, notify, open, update } from "../wire.js";

const PHASES: readonly Phase[] = ["openSent", "openConfirm", "established"];
const NOT_SYNCHRONIZED = notification(1, 1);

function row(name: string, rfc: string, phase: Phase, send: string, expect: Expectation): Vector {
  return { name: `${name}, in ${phase}`, rfc, session: EBGP, phase, send, expect };
}

function markerRows(phase: Phase): Vector[] {
  const rfc = "RFC 4271 §6.1";
  const wrongAt = (at: number, octet: string): string => `${"ff".repeat(at)}${octet}${"ff".repeat(15 - at)}001304`;
  return [
    row("marker with a wrong first octet", rfc, phase, wrongAt(0, "00"), NOT_SYNCHRONIZED),
    row("marker with one wrong bit in the middle", rfc, phase, wrongAt(8, "fe"), NOT_SYNCHRONIZED),
    row("marker with one wrong bit at the end", rfc, phase, wrongAt(15, "7f"), NOT_SYNCHRONIZED),
    row("marker of zeros", rfc, phase, `${"00".repeat(16)}001304`, NOT_SYNCHRONIZED),
  ];
}

/** `type`, length claimed, octets behind the header. */
const BAD_LENGTHS: readonly { readonly name: string; readonly type: number; readonly length: number }[] = [
  { name: "length 0", type: 4, length: 0 },
  { name: "length 1", type: 2, length: 1 },
  { name: "length 18", type: 4, length: 18 },
  { name: "OPEN of 19 octets", type: 1, length: 19 },
  { name: "OPEN of 28 octets", type: 1, length: 28 },
  { name: "OPEN of 4097 octets", type: 1, length: 4097 },
  { name: "UPDATE of 19 octets", type: 2, length: 19 },
  { name: "UPDATE of 22 octets", type: 2, length: 22 },
  { name: "UPDATE of 4097 octets", type: 2, length: 4097 },
  { name: "UPDATE of 65535 octets", type: 2, length: 65535 },
  { name: "NOTIFICATION of 19 octets", type: 3, length: 19 },
  { name: "NOTIFICATION of 20 octets", type: 3, length: 20 },
  { name: "KEEPALIVE of 20 octets", type: 4, length: 20 },
  { name: "KEEPALIVE of 4097 octets", type: 4, length: 4097 },
];

const BIRD_KEEPALIVE = "does not look at the length of a KEEPALIVE";

/** Messages that are expected in a state; any other has two things wrong with it. */
const EXPECTED: Readonly<Record<Phase, readonly number[]>> = {
  openSent: [1, 3],
  openConfirm: [3, 4],
  established: [2, 3, 4, 5],
};
const FSM_SUBCODE: Readonly<Record<Phase, number>> = { openSent: 1, openConfirm: 2, established: 3 };

function lengthRows(phase: Phase): Vector[] {
  return BAD_LENGTHS.map(({ name, type, length }) => {
    // What a receiver must wait for is there; what it must not believe in is not.
    const body = length > 4096 ? "" : "00".repeat(Math.max(0, length - 19));
    const rfc = length > 4096 ? "RFC 4271 §6.1, RFC 8654 §5" : "RFC 4271 §6.1";
    const send = `${MARKER}${hex16(length)}${hex8(type)}${body}`;
    return {
      ...row(name, rfc, phase, send, notification(1, 2, hex16(length))),
      // Which of both errors is told, that of the header or that of the state, is not said.
      ...(EXPECTED[phase].includes(type) ? {} : { also: notification(5, FSM_SUBCODE[phase], hex8(type)) }),
      ...(type === 4 && length === 20 && phase !== "openSent" ? { bird2: BIRD_KEEPALIVE } : {}),
    };
  });
}

function typeRows(phase: Phase): Vector[] {
  return [0, 6, 7, 128, 255].map((type) =>
    row(`message type ${type}`, "RFC 4271 §6.1", phase, message(type), notification(1, 3, hex8(type))),
  );
}

const CLOSE_ROWS: readonly { readonly name: string; readonly rfc: string; readonly send: string }[] = [
  { name: "Cease", rfc: "RFC 4271 §6.7", send: notify(6, 0) },
  { name: "NOTIFICATION with an unknown code", rfc: "RFC 4271 §6.4", send: notify(99, 0) },
  { name: "NOTIFICATION with an unknown subcode", rfc: "RFC 4271 §6.4", send: notify(3, 200) },
  { name: "NOTIFICATION with code 0", rfc: "RFC 4271 §6.4", send: notify(0, 0) },
];

const SHUTDOWN_ROWS: readonly { readonly name: string; readonly send: string }[] = [
  { name: "shutdown communication whose length runs over the message", send: notify(6, 2, "ff4142") },
  { name: "shutdown communication of invalid UTF-8", send: notify(6, 2, "04c328a0a1") },
  { name: "shutdown communication of length 0", send: notify(6, 2, "00") },
  { name: "shutdown communication with octets behind it", send: notify(6, 4, "0241424344") },
  { name: "shutdown communication of 255 octets", send: notify(6, 2, `ff${"41".repeat(255)}`) },
  { name: "Hard Reset without what it wraps", send: notify(6, 9) },
  { name: "Hard Reset that wraps half a NOTIFICATION", send: notify(6, 9, "06") },
  { name: "maximum prefixes with three octets of data", send: notify(6, 1, "000101") },
];

const EXTENDED = { ...EBGP, extended: true };
const LONG_ATTRIBUTES = `${BASE}${attribute(0xd0, 8, "fde90001".repeat(1200))}`;

const EXTENDED_ROWS: readonly Vector[] = [
  {
    name: "UPDATE of more than 4096 octets where both sides take it",
    rfc: "RFC 8654 §4",
    session: EXTENDED,
    phase: "established",
    send: update({ attributes: LONG_ATTRIBUTES, nlri: "<p4>" }),
    expect: ACCEPT,
  },
  {
    name: "UPDATE of 65531 octets where both sides take it",
    rfc: "RFC 8654 §4",
    session: EXTENDED,
    phase: "established",
    send: update({ withdrawn: `${"18c63364".repeat(16377)}`, attributes: "", nlri: "" }),
    expect: { is: "ignore" },
  },
  ...[
    { name: "KEEPALIVE of 4097 octets", type: 4, length: 4097 },
    { name: "OPEN of 4097 octets", type: 1, length: 4097 },
    { name: "KEEPALIVE of 20 octets", type: 4, length: 20 },
  ].map(({ name, type, length }): Vector => {
    return {
      name: `${name} where both sides take long messages`,
      rfc: "RFC 8654 §4, §6",
      session: EXTENDED,
      phase: "established",
      send: `${MARKER}${hex16(length)}${hex8(type)}${"00".repeat(length - 19)}`,
      expect: notification(1, 2, hex16(length)),
      ...(type === 4 ? { bird2: BIRD_KEEPALIVE } : { also: notification(5, 3, hex8(type)) }),
    };
  }),
  {
    name: "NOTIFICATION of more than 4096 octets where both sides take it",
    rfc: "RFC 8654 §4",
    session: EXTENDED,
    phase: "established",
    send: notify(6, 5, "00".repeat(5000)),
    expect: CLOSE,
  },
  {
    name: "malformed UPDATE of more than 4096 octets",
    rfc: "RFC 8654 §4, RFC 7606 §7.8",
    session: EXTENDED,
    phase: "established",
    send: update({ attributes: `${BASE}${attribute(0xd0, 8, "fde90001".repeat(1200) + "00")}`, nlri: "<p4>" }),
    expect: { is: "withdraw", gone: ["p4"] },
  },
];

const BIRD_EARLY = { bird2: "takes an UPDATE in OpenConfirm for the KEEPALIVE it waits for" };

/** Every message that comes at the wrong time. RFC 6608 §4: the data is the type. */
const FSM_ROWS: readonly Vector[] = [
  row("KEEPALIVE", "RFC 6608 §4", "openSent", KEEPALIVE, notification(5, 1, "04")),
  row("UPDATE", "RFC 6608 §4", "openSent", update({}), notification(5, 1, "02")),
  row("UPDATE with nonsense in it", "RFC 6608 §4", "openSent", message(2, "ffffffff"), notification(5, 1, "02")),
  row("ROUTE-REFRESH", "RFC 6608 §4", "openSent", message(5, "00010001"), notification(5, 1, "05")),
  row("a second OPEN", "RFC 6608 §4", "openConfirm", open({}), notification(5, 2, "01")),
  row("a second OPEN of version 3", "RFC 6608 §4", "openConfirm", open({ version: 3 }), notification(5, 2, "01")),
  { ...row("UPDATE", "RFC 6608 §4", "openConfirm", update({}), notification(5, 2, "02")), ...BIRD_EARLY },
  {
    ...row(
      "UPDATE with nonsense in it",
      "RFC 6608 §4",
      "openConfirm",
      message(2, "ffffffff"),
      notification(5, 2, "02"),
    ),
    ...BIRD_EARLY,
  },
  row("ROUTE-REFRESH", "RFC 6608 §4", "openConfirm", message(5, "00010001"), notification(5, 2, "05")),
  row("OPEN", "RFC 6608 §4", "established", open({}), notification(5, 3, "01")),
  row("OPEN of version 3", "RFC 6608 §4", "established", open({ version: 3 }), notification(5, 3, "01")),
];

export const HEADER_ROWS: readonly Vector[] = [
  ...PHASES.flatMap((phase) => [...markerRows(phase), ...lengthRows(phase), ...typeRows(phase)]),
  ...PHASES.flatMap((phase) => CLOSE_ROWS.map(({ name, rfc, send }) => row(name, rfc, phase, send, CLOSE))),
  ...SHUTDOWN_ROWS.map(({ name, send }) => row(name, "RFC 9003 §3, RFC 4271 §6.4", "established", send, CLOSE)),
  ...EXTENDED_ROWS,
  ...FSM_ROWS,
];
