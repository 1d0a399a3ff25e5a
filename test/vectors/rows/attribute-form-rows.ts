// The form of every path attribute: flags, odd but sound encodings, wrong lengths. RFC 4271 §4.3, §5; RFC 7606 §3(c), §4, §7;
// RFC 1997, 4360, 4456, 5701, 8092, 9234.

import { accept, discard, EBGP, IBGP, type Seen, type SessionKind, type Vector, WITHDRAW } from "../vector.js";
import { AS_PATH, attribute, LOCAL_PREF, NEXT_HOP, ORIGIN, update } from "../wire.js";

const route = (attributes: string): string => update({ attributes, nlri: "<p4>" });

/** One attribute: what it must be, and what the RFCs say if it is not. */
interface Subject {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly value: string;
  readonly session: SessionKind;
  /** Section that gives the fate of a wrong length; `fate` of it. */
  readonly rfc: string;
  readonly fate: "withdraw" | "discard";
  /** Lengths that are wrong, zero apart. */
  readonly wrong: readonly number[];
  readonly zeroIsSound?: boolean;
  readonly bird2?: string;
}

const NO_ATTRIBUTE_25 = "does not know IPv6 extended communities and passes them on";

const SUBJECTS: readonly Subject[] = [
  {
    name: "ORIGIN",
    type: 1,
    flags: 0x40,
    value: "00",
    session: EBGP,
    rfc: "RFC 7606 §7.1",
    fate: "withdraw",
    wrong: [2, 255],
  },
  {
    name: "AS_PATH",
    type: 2,
    flags: 0x40,
    value: "02010000fdf1",
    session: EBGP,
    rfc: "RFC 7606 §7.2",
    fate: "withdraw",
    wrong: [1, 2, 5, 7],
    zeroIsSound: true,
  },
  {
    name: "NEXT_HOP",
    type: 3,
    flags: 0x40,
    value: "<nh4>",
    session: EBGP,
    rfc: "RFC 7606 §7.3",
    fate: "withdraw",
    wrong: [3, 5, 16, 32],
  },
  {
    name: "MULTI_EXIT_DISC",
    type: 4,
    flags: 0x80,
    value: "00000007",
    session: EBGP,
    rfc: "RFC 7606 §7.4",
    fate: "withdraw",
    wrong: [1, 3, 5, 8],
  },
  {
    name: "LOCAL_PREF",
    type: 5,
    flags: 0x40,
    value: "000000c8",
    session: IBGP,
    rfc: "RFC 7606 §7.5",
    fate: "withdraw",
    wrong: [1, 3, 5, 8],
  },
  {
    name: "ATOMIC_AGGREGATE",
    type: 6,
    flags: 0x40,
    value: "",
    session: EBGP,
    rfc: "RFC 7606 §7.6",
    fate: "discard",
    wrong: [1, 4],
    zeroIsSound: true,
  },
  {
    name: "AGGREGATOR",
    type: 7,
    flags: 0xc0,
    value: "0000fdf10a000001",
    session: EBGP,
    rfc: "RFC 7606 §7.7",
    fate: "discard",
    wrong: [4, 6, 7, 9],
  },
  {
    name: "COMMUNITIES",
    type: 8,
    flags: 0xc0,
    value: "fde90001fde90002",
    session: EBGP,
    rfc: "RFC 7606 §7.8",
    fate: "withdraw",
    wrong: [1, 3, 5, 7],
  },
  {
    name: "ORIGINATOR_ID",
    type: 9,
    flags: 0x80,
    value: "0a636363",
    session: IBGP,
    rfc: "RFC 7606 §7.9",
    fate: "withdraw",
    wrong: [1, 3, 5, 8],
  },
  {
    name: "CLUSTER_LIST",
    type: 10,
    flags: 0x80,
    value: "0a6363630a636364",
    session: IBGP,
    rfc: "RFC 7606 §7.10",
    fate: "withdraw",
    wrong: [1, 3, 5, 7],
  },
  {
    name: "extended communities",
    type: 16,
    flags: 0xc0,
    value: "0002fde900000001",
    session: EBGP,
    rfc: "RFC 7606 §7.14",
    fate: "withdraw",
    wrong: [1, 4, 7, 9, 12],
  },
  {
    name: "IPv6 extended communities",
    type: 25,
    flags: 0xc0,
    value: `000220010db8${"00".repeat(14)}`,
    session: EBGP,
    rfc: "RFC 7606 §7.15",
    fate: "withdraw",
    wrong: [8, 19, 21],
    bird2: NO_ATTRIBUTE_25,
  },
  {
    name: "large communities",
    type: 32,
    flags: 0xc0,
    value: "0000fdf10000000100000002",
    session: EBGP,
    rfc: "RFC 8092 §6",
    fate: "withdraw",
    wrong: [4, 8, 11, 13, 16],
  },
  {
    name: "OTC",
    type: 35,
    flags: 0xc0,
    value: "0000fdf1",
    session: EBGP,
    rfc: "RFC 9234 §5",
    fate: "withdraw",
    wrong: [1, 3, 5, 8],
  },
];

/** The attributes of a sound route with the subject's own as `own` (none: left out). */
function around({ type, session }: Subject, own: string): string {
  const parts = [type === 1 ? own : ORIGIN, type === 2 ? own : AS_PATH, type === 3 ? own : NEXT_HOP];
  if (session.kind === "ibgp" && type !== 5) parts.push(LOCAL_PREF);
  if (type > 3) parts.push(own);
  return parts.join("");
}

/** Octets of some length, the first of them those of the sound value. */
function stretched(value: string, length: number): string {
  const plain = value.includes("<") ? "0a000001" : value;
  return (plain + "00".repeat(length)).slice(0, 2 * length);
}

/** What the observer sees of a sound attribute; CLUSTER_LIST and AS_PATH get longer on the way, NEXT_HOP is per peer. */
function seenOf({ type, value }: Subject): Seen {
  return type === 3 || type === 10 || type === 6 ? {} : { [type]: value };
}

function flagRows(subject: Subject): Vector[] {
  const { name, type, flags, value, session } = subject;
  return (
    [
      ["the Optional bit", 0x80],
      ["the Transitive bit", 0x40],
      ["the Optional and Transitive bits", 0xc0],
    ] as const
  ).map(([bits, mask]) => ({
    name: `${name} with ${bits} turned over`,
    rfc: "RFC 7606 §3(c)",
    session,
    phase: "established",
    send: route(around(subject, attribute(flags ^ mask, type, value))),
    expect: WITHDRAW,
    ...(type === 25 && mask === 0x40 ? { bird2: NO_ATTRIBUTE_25 } : {}),
  }));
}

/** Forms that look odd but are right. */
function soundRows(subject: Subject): Vector[] {
  const { name, type, flags, value, session } = subject;
  return (
    [
      ["in its sound form", "RFC 4271 §5", flags],
      ["with a superfluous Extended Length bit", "RFC 4271 §4.3", flags | 0x10],
      ["with the Partial bit and the unused bits", "RFC 4271 §4.3, RFC 7606 §3(c)", flags | 0x2f],
    ] as const
  ).map(([form, rfc, sent]) => ({
    name: `${name} ${form}`,
    rfc,
    session,
    phase: "established",
    send: route(around(subject, attribute(sent, type, value))),
    expect: accept(seenOf(subject)),
  }));
}

function lengthRows(subject: Subject): Vector[] {
  const { name, type, flags, value, session, rfc, fate, wrong, zeroIsSound, bird2 } = subject;
  return [...(zeroIsSound === true ? [] : [0]), ...wrong].map((length) => ({
    name: `${name} of ${length} octet${length === 1 ? "" : "s"}`,
    rfc: length === 0 ? `RFC 7606 §4, ${rfc}` : rfc,
    session,
    phase: "established",
    send: route(around(subject, attribute(flags, type, stretched(value, length)))),
    expect: fate === "withdraw" ? WITHDRAW : discard(type),
    ...(bird2 === undefined ? {} : { bird2 }),
  }));
}

export const ATTRIBUTE_FORM_ROWS: readonly Vector[] = SUBJECTS.flatMap((subject) => [
  ...flagRows(subject),
  ...soundRows(subject),
  ...lengthRows(subject),
]);
