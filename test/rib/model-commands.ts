// What may happen in the model's world, as fast-check makes it up. What makes no sense at the time changes nothing.

import fc from "fast-check";
import type { Family } from "../../src/base/family.js";
import type { BgpRole } from "../../src/packet/codes.js";
import { COMMUNITY } from "../../src/rib/set-marks.js";
import { MODEL_FILTERS } from "./model-filters.js";
import { AGGREGATES, IDENTITY, LOCAL_AS, NEXT_HOPS, PEERS, PREFIXES } from "./model-universe.js";
import { PREFER_ME, REJECT_ME, WEIGH_ME } from "./sample-filters.js";

const PEER_INDICES = PEERS.map((_, i) => i);
const peerIndex = fc.nat(PEERS.length - 1);
const peers = fc.subarray(PEER_INDICES, { minLength: 1 });
// A few prefixes that everybody has: chains of several paths are where MED and eligibility matter.
const prefixIndex = fc.oneof(fc.constantFrom(3, 3, 9), fc.nat(PREFIXES.length - 1));
const family = fc.constantFrom<Family>(0, 1);
const families = fc.subarray<Family>([0, 1]);
const filterIndex = fc.oneof(fc.constant(0), fc.nat(MODEL_FILTERS.length - 1));
const nextHopIndex = fc.nat(NEXT_HOPS[0].length - 1);
const entries = fc.uniqueArray(fc.record({ prefix: prefixIndex, pathId: fc.nat(2) }), {
  maxLength: 6,
  selector: ({ prefix: index, pathId }) => `${index} ${pathId}`,
});

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const rarely = fc.nat(3).map((n) => n === 3);
const COMMUNITIES = [
  ...[REJECT_ME, PREFER_ME, WEIGH_ME],
  ...[COMMUNITY.noExport, COMMUNITY.noAdvertise, COMMUNITY.noExportSubconfed],
  ...[COMMUNITY.gracefulShutdown, COMMUNITY.blackhole],
];
const tail: fc.Arbitrary<readonly number[]> = fc.array(fc.constantFrom(65100, 65200, 400001, LOCAL_AS), {
  maxLength: 2,
});

/** Attributes before the peer makes them its own. */
export interface Sketch {
  readonly origin: number;
  /** Path behind the peer's own AS. */
  readonly tail: readonly number[];
  /** AS_SET behind that. */
  readonly set: readonly number[];
  /** The peer does not put its AS in front. */
  readonly hidesAs: boolean;
  /** By family. */
  readonly nextHops: readonly [number, number];
  readonly med: number | undefined;
  readonly localPref: number | undefined;
  readonly communities: readonly number[];
  readonly originatorId: number | undefined;
  readonly clusterList: readonly number[] | undefined;
  readonly onlyToCustomer: number | undefined;
  /** Some numbers stand for attributes that matter less. */
  readonly extras: number;
}

const richSketch: fc.Arbitrary<Sketch> = fc.record({
  origin: fc.nat(2),
  tail: fc.oneof(
    { weight: 4, arbitrary: tail },
    { weight: 1, arbitrary: fc.constantFrom<readonly number[]>([65010, 65200], [65020, 65200], [65055]) },
  ),
  set: fc.constantFrom<readonly number[]>([], [], [], [65300, 65301]),
  hidesAs: fc.nat(7).map((n) => n === 7),
  nextHops: fc.tuple(nextHopIndex, nextHopIndex),
  med: optional(fc.nat(2)),
  localPref: optional(fc.constantFrom(100, 100, 200, 0x80000001)),
  communities: fc.subarray(COMMUNITIES, { maxLength: 1 }),
  originatorId: optional(fc.constantFrom(0x0a000063, 0x0a000063, IDENTITY.routerId)),
  clusterList: optional(fc.constantFrom([7], [7, 8], [7, IDENTITY.clusterId])),
  onlyToCustomer: fc.constantFrom<number | undefined>(undefined, undefined, undefined, 65010, 400000, 65300),
  extras: fc.nat(20),
});
/** Alike but for the next hop: paths that share the traffic. */
const plainSketch: fc.Arbitrary<Sketch> = fc.record({
  origin: fc.constant(0),
  tail: fc.constantFrom<number[]>([], [], [65100], [65200]),
  set: fc.constant<readonly number[]>([]),
  hidesAs: fc.constant(false),
  nextHops: fc.tuple(nextHopIndex, nextHopIndex),
  med: fc.constant(undefined),
  localPref: fc.constant(undefined),
  communities: fc.constantFrom<readonly number[]>([], [], [COMMUNITY.blackhole]),
  originatorId: fc.constant(undefined),
  clusterList: fc.constant(undefined),
  onlyToCustomer: fc.constant(undefined),
  extras: fc.constant(0),
});
const sketch = fc.oneof(plainSketch, richSketch);

/** How a peer is told routes; changes without a new session. */
const exporting = fc.record({
  filter: filterIndex,
  nextHop: fc.constantFrom<"default" | "self" | "selfExternal" | "keep">(
    "default",
    "default",
    "self",
    "selfExternal",
    "keep",
  ),
  paths: fc.constantFrom<number | "all">(1, 2, 3, "all"),
  isDraining: rarely,
  defaultOriginate: rarely,
  overrides: rarely,
  removePrivateAs: fc.constantFrom<"no" | "remove" | "replace">("no", "no", "remove", "replace"),
});
export type Exporting = typeof exporting extends fc.Arbitrary<infer T> ? T : never;

/** What is done to the routes of a peer; changes without a new session. */
const importing = fc.record({
  weight: fc.constantFrom(0, 0, 50, 40000),
  localPref: fc.constantFrom<number | undefined>(undefined, undefined, 90, 250),
  honoursGracefulShutdown: fc.boolean(),
  honoursBlackhole: fc.boolean(),
  isDraining: rarely,
});
export type Importing = typeof importing extends fc.Arbitrary<infer T> ? T : never;

/** Which routes of a peer are none; changes with a new session. */
const judging = fc.record({
  allowAsIn: fc.nat(2),
  enforcesFirstAs: fc.boolean(),
  prependsLocalAs: fc.boolean(),
  role: fc.constantFrom<BgpRole | undefined>(undefined, undefined, "provider", "customer", "peer", "routeServerClient"),
});
export type Judging = typeof judging extends fc.Arbitrary<infer T> ? T : never;

const way = fc.oneof(
  fc.record({ kind: fc.constantFrom("none" as const, "local" as const) }),
  fc.record({ kind: fc.constant("connected" as const), device: fc.constantFrom("eth0", "eth1") }),
  fc.record({
    kind: fc.constant("recursive" as const),
    device: fc.constantFrom("eth0", "eth1"),
    gateway: fc.integer({ min: 1, max: 2 }),
    cost: fc.nat(1),
  }),
);
export type Way = typeof way extends fc.Arbitrary<infer T> ? T : never;

const staticRoute = fc.record({
  prefix: prefixIndex,
  via: fc.constantFrom<"none" | "blackhole" | "unreachable" | "device" | "gateway">(
    "none",
    "blackhole",
    "unreachable",
    "device",
    "gateway",
  ),
  nextHop: nextHopIndex,
  install: fc.boolean(),
});
export type ModelStatic = typeof staticRoute extends fc.Arbitrary<infer T> ? T : never;

const kind = <const K extends string>(name: K): fc.Arbitrary<K> => fc.constant(name);
const numbersFrom1 = fc.integer({ min: 1, max: 3 });

const commands = [
  [14, fc.record({ kind: kind("announce"), peer: peerIndex, entries, withdrawn: entries, sketch, wide: fc.boolean() })],
  [4, fc.record({ kind: kind("announceAlike"), peers, prefix: prefixIndex, sketch: plainSketch })],
  [1, fc.record({ kind: kind("announceBlock"), peer: peerIndex, family, sketch })],
  [4, fc.record({ kind: kind("withdraw"), peer: peerIndex, entries })],
  [1, fc.record({ kind: kind("withdrawBlock"), peer: peerIndex, family })],
  [7, fc.record({ kind: kind("up"), peer: peerIndex })],
  [3, fc.record({ kind: kind("down"), peer: peerIndex, keep: families })],
  [1, fc.record({ kind: kind("remove"), peer: peerIndex })],
  [2, fc.record({ kind: kind("sweep"), peer: peerIndex, family })],
  // So often that the epochs which tell routes of one telling from those of another must be merged.
  [2, fc.record({ kind: kind("beginRefresh"), peer: peerIndex, family, times: fc.constantFrom(1, 1, 1, 1, 70, 260) })],
  [1, fc.record({ kind: kind("flap"), peer: peerIndex, keep: families, times: fc.constantFrom(1, 2, 3, 3, 260) })],
  [2, fc.record({ kind: kind("refresh"), peer: peerIndex, family })],
  [2, fc.record({ kind: kind("importFilter"), peer: peerIndex, filter: filterIndex })],
  [2, fc.record({ kind: kind("importing"), peer: peerIndex, importing })],
  [1, fc.record({ kind: kind("judging"), peer: peerIndex, judging, keep: families })],
  [3, fc.record({ kind: kind("export"), peers, exporting })],
  // Also all of them at once: next hops that share a way.
  [3, fc.record({ kind: kind("way"), family, nextHop: optional(nextHopIndex), way })],
  [
    1,
    fc.record({
      kind: kind("decision"),
      multipathEbgp: numbersFrom1,
      multipathIbgp: numbersFrom1,
      relaxAsPath: fc.boolean(),
      alwaysCompareMed: fc.boolean(),
      missingMedAsWorst: fc.boolean(),
    }),
  ],
  [2, fc.record({ kind: kind("own"), prefix: prefixIndex, announce: fc.boolean(), med: optional(fc.nat(2)) })],
  [
    1,
    fc.record({
      kind: kind("statics"),
      routes: fc.uniqueArray(staticRoute, { maxLength: 4, selector: ({ prefix: index }) => index }),
    }),
  ],
  [
    1,
    fc.record({
      kind: kind("aggregates"),
      prefixes: fc.subarray(AGGREGATES.map((_, i) => i)),
      summaryOnly: fc.boolean(),
    }),
  ],
  [1, fc.record({ kind: kind("kernel"), filter: filterIndex, encapsulation: fc.nat(3) })],
  [5, fc.record({ kind: kind("hold"), peer: peerIndex })],
  [3, fc.record({ kind: kind("drain"), peer: peerIndex, count: fc.integer({ min: 1, max: 4 }) })],
  [9, fc.record({ kind: kind("step"), count: fc.integer({ min: 1, max: 6 }) })],
  [2, fc.record({ kind: kind("check") })],
] as const;
export type Command = (typeof commands)[number][1] extends fc.Arbitrary<infer T> ? T : never;
export type CommandOf<K extends Command["kind"]> = Extract<Command, { kind: K }>;

export const scenario = fc.record({
  /** Peers that are up from the beginning. */
  up: fc.subarray(PEER_INDICES),
  /** Peers that take several paths per prefix, and how many that is at first (RFC 7911). */
  takesPaths: fc.subarray(PEER_INDICES),
  paths: fc.constantFrom<number | "all">(2, 3, "all"),
  /** Most equal paths used at first. */
  multipath: fc.integer({ min: 1, max: 3 }),
  /** Each look at the clock ends a slice. */
  slices: fc.boolean(),
  /** Octets of a batch; octets kept for slow members. */
  batchBytes: fc.constantFrom(1, 200, 65536),
  retainedBytes: fc.constantFrom(1, 160_000, 8 << 20),
  /** Prefixes lie in different strides of the table. */
  spread: fc.boolean(),
  commands: fc.array(
    fc.oneof(...commands.map(([weight, arbitrary]) => ({ weight, arbitrary: arbitrary as fc.Arbitrary<Command> }))),
    { maxLength: 60, size: "max" },
  ),
});
export type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;
