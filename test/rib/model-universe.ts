// The small world of the model test: peers of every relation, prefixes that repeat, addresses that often tie.

import type { Family } from "../../src/base/family.js";
import type { IpPrefix } from "../../src/base/ip.js";
import { RELATION, type Relation } from "../../src/rib/sources.js";
import { address, prefix } from "./updates.js";

export const LOCAL_AS = 65000;
export const IDENTITY = { routerId: 0x0a0000fe, clusterId: 0x0a0000fd };
/** Our addresses in the sessions. */
export const OWN_ADDRESSES = ["10.0.0.254", "2001:db8::fe"] as const;

export interface ModelPeer {
  readonly name: string;
  readonly relation: Relation;
  readonly as: number;
  /** Our AS as the peer sees it (RFC 7705). */
  readonly localAs: number;
  readonly address: string;
  readonly bgpIdentifier: number;
  readonly families: readonly Family[];
  readonly addPath: boolean;
  readonly fourOctetAs: boolean;
  readonly maxMessageLength: number;
  readonly extendedNextHop: boolean;
  /** Families for which the session has an address of ours. */
  readonly hasOwnAddress: readonly [boolean, boolean];
}

function peer(name: string, relation: Relation, as: number, last: number, changes: Partial<ModelPeer> = {}): ModelPeer {
  return {
    name,
    relation,
    as,
    localAs: LOCAL_AS,
    address: `10.0.0.${last}`,
    bgpIdentifier: (0x0a000000 | last) >>> 0,
    families: [0, 1],
    addPath: false,
    fourOctetAs: true,
    maxMessageLength: 4096,
    extendedNextHop: false,
    hasOwnAddress: [true, true],
    ...changes,
  };
}

export const PEERS: readonly ModelPeer[] = [
  peer("external", RELATION.ebgp, 65010, 1),
  peer("old external", RELATION.ebgp, 65020, 2, { families: [0], fourOctetAs: false, bgpIdentifier: 0xf0000002 }),
  peer("external twin", RELATION.ebgp, 65010, 3, { localAs: 65055 }),
  peer("wide external", RELATION.ebgp, 400000, 4, { extendedNextHop: true, maxMessageLength: 65535 }),
  peer("client", RELATION.ibgpClient, LOCAL_AS, 5, { addPath: true }),
  peer("client twin", RELATION.ibgpClient, LOCAL_AS, 6, { address: "2001:db8::6", hasOwnAddress: [false, true] }),
  peer("non-client", RELATION.ibgpNonClient, LOCAL_AS, 7, { addPath: true }),
  peer("old non-client", RELATION.ibgpNonClient, LOCAL_AS, 8, { families: [0], fourOctetAs: false }),
  // Short messages: a few dozen prefixes already need several of them.
  peer("narrow client", RELATION.ibgpClient, LOCAL_AS, 9, { maxMessageLength: 512 }),
  peer("like external", RELATION.ebgp, 65030, 10),
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

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

/** Prefixes that are announced together, by family: more than a short message holds. */
export const BLOCKS: readonly (readonly IpPrefix[])[] = [
  numbers(100).map((i) => prefix(`198.51.100.${i}/32`)),
  numbers(40).map((i) => prefix(`2001:db8:2:${i.toString(16)}::/64`)),
];

export const AGGREGATES: readonly IpPrefix[] = [
  "0.0.0.0/0",
  "10.0.0.0/8",
  "10.1.0.0/16",
  "198.51.100.0/24",
  "2001:db8::/32",
].map(prefix);

/** Per family. One of them is our own address. */
export const NEXT_HOPS: readonly (readonly Uint8Array[])[] = [
  ["10.0.0.1", "10.0.0.5", "10.9.0.1", "10.9.0.2", OWN_ADDRESSES[0]].map(address),
  [
    address("2001:db8::6"),
    address("2001:db8:9::1"),
    Uint8Array.of(...address("2001:db8:9::2"), ...address("fe80::2")),
    Uint8Array.of(...address("2001:db8::6"), ...address("fe80::6")),
    address(OWN_ADDRESSES[1]),
  ],
];
