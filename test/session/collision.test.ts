import t from "tap";
import { type CollisionFacts, type CollisionVerdict, judgeCollision } from "../../src/session/collision.js";

const OURS = { state: "OpenSent", initiator: "local", sequence: 1 } as const;
const THEIRS = { state: "OpenSent", initiator: "remote", sequence: 2 } as const;
const LOW = { bgpIdentifier: 1, as: 65001 };
const HIGH = { bgpIdentifier: 0xfffffffe, as: 65001 };

interface Row {
  readonly name: string;
  readonly given: Omit<CollisionFacts, "openedAfterGracefulSession"> & {
    readonly openedAfterGracefulSession?: boolean;
  };
  readonly then: CollisionVerdict;
}

function confirmed<T extends { readonly state: string }>(connection: T): T & { readonly state: "OpenConfirm" } {
  return { ...connection, state: "OpenConfirm" };
}

const ROWS: readonly Row[] = [
  {
    name: "our connection is further, we are higher: it stays",
    given: { opened: THEIRS, other: confirmed(OURS), local: HIGH, remote: LOW },
    then: "keepOld",
  },
  {
    name: "our connection is further, we are lower: it goes",
    given: { opened: THEIRS, other: confirmed(OURS), local: LOW, remote: HIGH },
    then: "keepNew",
  },
  {
    name: "the peer's connection is further, we are higher: it goes",
    given: { opened: OURS, other: confirmed(THEIRS), local: HIGH, remote: LOW },
    then: "keepNew",
  },
  {
    name: "the peer's connection is further, we are lower: it stays",
    given: { opened: OURS, other: confirmed(THEIRS), local: LOW, remote: HIGH },
    then: "keepOld",
  },
  {
    name: "equal identifiers: our larger AS keeps our connection (RFC 6286)",
    given: {
      opened: THEIRS,
      other: confirmed(OURS),
      local: { bgpIdentifier: 7, as: 2 },
      remote: { bgpIdentifier: 7, as: 1 },
    },
    then: "keepOld",
  },
  {
    name: "equal identifiers: the peer's larger AS keeps its connection (RFC 6286)",
    given: {
      opened: THEIRS,
      other: confirmed(OURS),
      local: { bgpIdentifier: 7, as: 1 },
      remote: { bgpIdentifier: 7, as: 2 },
    },
    then: "keepNew",
  },
  ...(["Idle", "Connect", "Active", "OpenSent"] as const).map((state) => ({
    name: `nothing to decide while the other is in ${state}`,
    given: { opened: THEIRS, other: { ...OURS, state }, local: HIGH, remote: LOW },
    then: "both" as const,
  })),
  {
    name: "an Established session stays",
    given: { opened: THEIRS, other: { ...OURS, state: "Established" }, local: LOW, remote: HIGH },
    then: "keepOld",
  },
  {
    name: "an Established session whose peer restarts gracefully goes",
    given: {
      opened: THEIRS,
      other: { ...OURS, state: "Established" },
      local: HIGH,
      remote: LOW,
      openedAfterGracefulSession: true,
    },
    then: "restarted",
  },
  {
    name: "two connections of the peer: the younger stays",
    given: { opened: THEIRS, other: confirmed({ ...THEIRS, sequence: 1 }), local: HIGH, remote: LOW },
    then: "keepNew",
  },
  {
    name: "two connections of the peer, the OPEN comes over the older: it goes",
    given: { opened: THEIRS, other: confirmed({ ...THEIRS, sequence: 3 }), local: LOW, remote: HIGH },
    then: "keepOld",
  },
];

for (const { name, given, then } of ROWS) {
  t.equal(judgeCollision({ openedAfterGracefulSession: false, ...given }), then, name);
}

t.test("both sides keep the same connection, whatever the identifiers", (t) => {
  for (const [a, b] of [
    [LOW, HIGH],
    [HIGH, LOW],
    [
      { bgpIdentifier: 7, as: 1 },
      { bgpIdentifier: 7, as: 2 },
    ],
  ] as const) {
    // A opened the first connection, B the second; each side has seen the OPEN of the first already.
    const base = { openedAfterGracefulSession: false };
    const atA = judgeCollision({ ...base, opened: THEIRS, other: confirmed(OURS), local: a, remote: b });
    const atB = judgeCollision({ ...base, opened: OURS, other: confirmed(THEIRS), local: b, remote: a });
    t.equal(atA, atB);
  }
  t.end();
});
