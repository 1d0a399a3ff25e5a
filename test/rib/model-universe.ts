// The small world of the model test: peers of every relation, prefixes that repeat, attributes that often tie.

import fc from "fast-check";
import type { Family } from "../../src/base/family.js";
import type { IpPrefix } from "../../src/base/ip.js";
import { address, prefix } from "./updates.js";
import { RELATION, type Relation } from "../../src/rib/sources.js";
import { PREFER_ME, REJECT_ME, SAMPLE_FILTERS, WEIGH_ME } from "./sample-filters.js";

export const LOCAL_AS = 65000;
export const IDENTITY = { routerId: 0x0a0000fe, clusterId: 0x0a0000fd };

export interface ModelPeer {
  readonly name: string;
  readonly relation: Relation;
  readonly as: number;
  readonly address: string;
  readonly bgpIdentifier: number;
  readonly families: readonly Family[];
  readonly addPath: boolean;
  readonly fourOctetAs: boolean;
  readonly maxMessageLength: number;
  readonly extendedNextHop: boolean;
}

function peer(name: string, relation: Relation, as: number, last: number, changes: Partial<ModelPeer> = {}): ModelPeer {
  return {
    name,
    relation,
    as,
    address: `10.0.0.${last}`,
    bgpIdentifier: (0x0a000000 | last) >>> 0,
    families: [0, 1],
    addPath: false,
    fourOctetAs: true,
    maxMessageLength: 4096,
    extendedNextHop: false,
    ...changes,
  };
}

export const PEERS: readonly ModelPeer[] = [
  peer("external", RELATION.ebgp, 65010, 1),
  peer("old external", RELATION.ebgp, 65020, 2, { families: [0], fourOctetAs: false, bgpIdentifier: 0xf0000002 }),
  peer("external twin", RELATION.ebgp, 65010, 3),
  peer("wide external", RELATION.ebgp, 400000, 4, { extendedNextHop: true, maxMessageLength: 65535 }),
  peer("client", RELATION.ibgpClient, LOCAL_AS, 5, { addPath: true }),
  peer("client twin", RELATION.ibgpClient, LOCAL_AS, 6, { address: "2001:db8::6" }),
  peer("non-client", RELATION.ibgpNonClient, LOCAL_AS, 7, { addPath: true }),
  peer("old non-client", RELATION.ibgpNonClient, LOCAL_AS, 8, { families: [0], fourOctetAs: false }),
];

export const PREFIXES: readonly IpPrefix[] = [
  ...[
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.0.0.0/9",
    "10.1.0.0/16",
    "10.1.1.0/24",
    "10.1.1.0/25",
    "203.0.113.7/32",
    "128.0.0.0/1",
  ],
  ...["::/0", "2001:db8::/32", "2001:db8::/33", "2001:db8:1::/64", "2001:db8:1::1/128"],
].map(prefix);

export const NEXT_HOPS: readonly (readonly Uint8Array[])[] = [
  ["10.0.0.1", "10.0.0.5", "10.9.0.1", "10.9.0.2"].map(address),
  [
    address("2001:db8::6"),
    address("2001:db8:9::1"),
    Uint8Array.of(...address("2001:db8:9::2"), ...address("fe80::2")),
    Uint8Array.of(...address("2001:db8::6"), ...address("fe80::6")),
  ],
];

const peerIndex = fc.nat(PEERS.length - 1);
// A few prefixes that everybody has: chains of several paths are where MED and eligibility matter.
const prefixIndex = fc.oneof(fc.constantFrom(3, 3, 9), fc.nat(PREFIXES.length - 1));
const family = fc.constantFrom<Family>(0, 1);
const filterIndex = fc.nat(SAMPLE_FILTERS.length - 1);
const entries = fc.uniqueArray(fc.record({ prefix: prefixIndex, pathId: fc.nat(2) }), {
  maxLength: 6,
  selector: ({ prefix: index, pathId }) => `${index} ${pathId}`,
});

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const COMMUNITIES = [REJECT_ME, PREFER_ME, WEIGH_ME, 0xffffff01, 0xffffff02, 0xffffff03];
const tail = fc.array(fc.constantFrom(65100, 65200, 400001, LOCAL_AS), { maxLength: 2 });

/** Attributes before the peer makes them its own. */
const sketch = fc.record({
  origin: fc.nat(2),
  /** Path behind the peer's own AS. */
  tail: fc.oneof(
    { weight: 4, arbitrary: tail },
    { weight: 1, arbitrary: fc.constantFrom([65010, 65200], [65020, 65200]) },
  ),
  set: fc.constantFrom<readonly number[]>([], [], [], [65300, 65301]),
  nextHops: fc.tuple(fc.nat(3), fc.nat(3)),
  med: optional(fc.nat(2)),
  localPref: optional(fc.constantFrom(100, 100, 200, 0x80000001)),
  communities: fc.subarray(COMMUNITIES, { maxLength: 1 }),
  originatorId: optional(fc.constantFrom(0x0a000063, 0x0a000063, IDENTITY.routerId)),
  clusterList: optional(fc.constantFrom([7], [7, 8], [7, IDENTITY.clusterId])),
  extras: fc.nat(9),
});
export type Sketch = typeof sketch extends fc.Arbitrary<infer T> ? T : never;

const exporting = fc.record({
  filter: filterIndex,
  nextHop: fc.constantFrom<"default" | "self" | "keep">("default", "default", "self", "keep"),
  paths: fc.constantFrom<number | "all">(1, 2, 3, "all"),
});

/** What may happen in the world; what makes no sense at the time changes nothing. */
const commands = [
  [
    12,
    fc.record({
      kind: fc.constant("announce" as const),
      peer: peerIndex,
      entries,
      withdrawn: entries,
      sketch,
      wide: fc.boolean(),
    }),
  ],
  [4, fc.record({ kind: fc.constant("withdraw" as const), peer: peerIndex, entries })],
  [6, fc.record({ kind: fc.constant("up" as const), peer: peerIndex })],
  [2, fc.record({ kind: fc.constant("down" as const), peer: peerIndex, keep: fc.subarray<Family>([0, 1]) })],
  [1, fc.record({ kind: fc.constant("remove" as const), peer: peerIndex })],
  [2, fc.record({ kind: fc.constant("endOfRib" as const), peer: peerIndex, family })],
  [2, fc.record({ kind: fc.constant("refresh" as const), peer: peerIndex, family })],
  [2, fc.record({ kind: fc.constant("import" as const), peer: peerIndex, filter: filterIndex })],
  [
    3,
    fc.record({
      kind: fc.constant("export" as const),
      peers: fc.subarray(
        PEERS.map((_, i) => i),
        { minLength: 1 },
      ),
      exporting,
    }),
  ],
  [
    2,
    fc.record({
      kind: fc.constant("way" as const),
      family,
      nextHop: fc.nat(3),
      reachable: fc.boolean(),
      cost: fc.nat(1),
    }),
  ],
  [
    1,
    fc.record({
      kind: fc.constant("multipath" as const),
      ebgp: fc.integer({ min: 1, max: 3 }),
      ibgp: fc.integer({ min: 1, max: 3 }),
      relaxAsPath: fc.boolean(),
      alwaysCompareMed: fc.boolean(),
      missingMedAsWorst: fc.boolean(),
    }),
  ],
  [
    2,
    fc.record({
      kind: fc.constant("local" as const),
      prefix: prefixIndex,
      announce: fc.boolean(),
      med: optional(fc.nat(2)),
    }),
  ],
  [4, fc.record({ kind: fc.constant("hold" as const), peer: peerIndex })],
  [3, fc.record({ kind: fc.constant("drain" as const), peer: peerIndex, count: fc.integer({ min: 1, max: 4 }) })],
  [8, fc.record({ kind: fc.constant("step" as const), count: fc.integer({ min: 1, max: 6 }) })],
  [2, fc.record({ kind: fc.constant("check" as const) })],
] as const;
export type Command = (typeof commands)[number][1] extends fc.Arbitrary<infer T> ? T : never;

export const scenario = fc.record({
  /** Peers that are up from the beginning. */
  up: fc.subarray(PEERS.map((_, i) => i)),
  /** Peers that take several paths per prefix, and how many that is at first (RFC 7911). */
  takesPaths: fc.subarray(PEERS.map((_, i) => i)),
  paths: fc.constantFrom<number | "all">(2, 3, "all"),
  /** Each look at the clock ends a slice. */
  slices: fc.boolean(),
  /** Octets of a batch; octets kept for slow members. */
  batchBytes: fc.constantFrom(1, 200, 65536),
  retainedBytes: fc.constantFrom(1, 160_000, 8 << 20),
  /** Prefixes lie in different strides of the table. */
  spread: fc.boolean(),
  commands: fc.array(
    fc.oneof(...commands.map(([weight, arbitrary]) => ({ weight, arbitrary: arbitrary as fc.Arbitrary<Command> }))),
    {
      maxLength: 60,
      size: "max",
    },
  ),
});
export type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;
