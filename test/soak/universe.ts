// Who takes part in the soak and what they may announce. Everything follows from numbers: a peer from its number, a prefix
// from its index, the attributes of a route from its announcer and its variant, so that a receiver can tell from one
// community which announcement it was told.

/** How a peer stands to the reflector. */
export type Kind = "client" | "addPath" | "filtered" | "nonClient" | "external";

export interface PeerPlan {
  /** 1 … number of peers. */
  readonly number: number;
  readonly kind: Kind;
  readonly address: string;
  /** Its BGP Identifier: greater for greater numbers. */
  readonly identifier: number;
  readonly as: number;
  readonly speaksIpv6: boolean;
  /** RFC 4724: its routes survive a connection that breaks. */
  readonly restarts: boolean;
  /** RFC 7313: a refresh comes between markers. */
  readonly enhancedRefresh: boolean;
}

export const LOCAL_AS = 65000;
export const DAEMON_ADDRESS = "127.0.0.1";
export const MOST_PEERS = 60;

const KINDS: readonly Kind[] = [
  ...(["client", "client", "external", "client", "addPath"] as const),
  ...(["client", "filtered", "external", "client", "nonClient"] as const),
];

export function planOf(number: number): PeerPlan {
  const kind = KINDS[(number - 1) % KINDS.length];
  return {
    number,
    kind,
    address: `127.0.1.${number}`,
    identifier: addressWord(number),
    as: kind === "external" ? 65100 + number : LOCAL_AS,
    // An IPv4 session has no address of ours to be an IPv6 next hop.
    speaksIpv6: kind !== "external",
    restarts: number % 4 === 0,
    enhancedRefresh: number % 3 !== 0,
  };
}

/** 127.0.1.number. */
export function addressWord(number: number): number {
  return 0x7f000100 + number;
}

// ---- prefixes ----

/** Prefixes that only one peer announces, and those that many do; by family. */
const OWN = [80, 30] as const;
const SHARED = [1000, 300] as const;
/** Every which peer announces a shared prefix. */
const SHARE = 4;

export interface Universe {
  readonly peers: readonly PeerPlan[];
  /** Indexes below are IPv4 prefixes, the others IPv6. */
  readonly ipv4: number;
  readonly prefixes: number;
  /** Indexes of what a peer may announce, by its number, IPv4 and IPv6. */
  readonly territories: readonly (readonly [readonly number[], readonly number[]])[];
}

export function makeUniverse(peerCount: number): Universe {
  if (!Number.isInteger(peerCount) || peerCount < 2 || peerCount > MOST_PEERS) {
    throw new RangeError(`2 to ${MOST_PEERS} peers, not ${peerCount}`);
  }
  const peers = Array.from({ length: peerCount }, (_, i) => planOf(i + 1));
  const ipv4 = peerCount * OWN[0] + SHARED[0];
  const territory = (number: number, family: 0 | 1): readonly number[] => {
    const base = family === 0 ? 0 : ipv4;
    const own = Array.from({ length: OWN[family] }, (_, i) => base + (number - 1) * OWN[family] + i);
    const shared = Array.from({ length: SHARED[family] }, (_, i) => i)
      .filter((i) => (i + number) % SHARE === 0)
      .map((i) => base + peerCount * OWN[family] + i);
    return [...own, ...shared];
  };
  return {
    peers,
    ipv4,
    prefixes: ipv4 + peerCount * OWN[1] + SHARED[1],
    territories: [
      [[], []],
      ...peers.map(({ number, speaksIpv6 }): readonly [readonly number[], readonly number[]] => [
        territory(number, 0),
        speaksIpv6 ? territory(number, 1) : [],
      ]),
    ],
  };
}

/** For people. */
export function prefixText(universe: Universe, index: number): string {
  if (index < universe.ipv4) return `10.${index >> 8}.${index & 255}.0/24`;
  return `2001:db8:${(index - universe.ipv4).toString(16)}::/48`;
}

// ---- routes ----

/** Bits of a variant: everything about a route but its announcer. */
export const VARIANTS = 1 << 20;

export interface RouteFacts {
  readonly localPref: number;
  /** AS numbers behind the announcer's own. */
  readonly pathLength: number;
  readonly origin: number;
  /** Carries the community that filtered peers must not see. */
  readonly isMarked: boolean;
  /** The peer whose address is its IPv4 next hop; 0: a third party. */
  readonly nextHopPeer: number;
}

const LOCAL_PREFS = [100, 200, 150, 100];

export function factsOf(variant: number, peerCount: number): RouteFacts {
  // Usual variants are small numbers: these, too, shall borrow their next hops from everybody.
  const mixed = Math.imul(variant + 1, 0x9e3779b1) >>> 8;
  return {
    localPref: LOCAL_PREFS[variant & 3],
    pathLength: (variant >> 2) & 3,
    origin: ((variant >> 4) & 1) * 2,
    isMarked: ((variant >> 5) & 1) === 1,
    nextHopPeer: (mixed & 7) === 0 ? 1 + ((mixed >> 3) % peerCount) : 0,
  };
}

/** 198.51.100.announcer, or the address of another peer. */
export function nextHopWord(announcer: number, { nextHopPeer }: RouteFacts): number {
  return nextHopPeer === 0 ? 0xc6336400 + announcer : addressWord(nextHopPeer);
}

/** 2001:db8:ffff::announcer, the last word of it. */
export function nextHopWord6(announcer: number): number {
  return 0x60000000 + announcer;
}

/** A route as a receiver knows it: who announced what, and the next hop. One number, exact. */
export function entryOf(announcer: number, variant: number, nextHop: number): number {
  return (announcer * VARIANTS + variant) * (1 << 24) + (Math.imul(nextHop, 0x9e3779b1) >>> 8);
}

/** Announcer and variant of an entry, for people. */
export function describeEntry(entry: number): string {
  if (entry === 0) return "nothing";
  const tag = Math.floor(entry / (1 << 24));
  const nextHop = (entry % (1 << 24)).toString(16);
  return `route of peer ${Math.floor(tag / VARIANTS)}, variant ${tag % VARIANTS}, next hop #${nextHop}`;
}
