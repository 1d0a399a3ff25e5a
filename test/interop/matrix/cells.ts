// Features of the matrix, and what a cell of it can be.

/** Rows, in the order in which they are tested: the restarts of daemons come last. */
export const FEATURES = {
  ibgp: "iBGP",
  ourClient: "Peer as our route reflector client (RFC 4456)",
  clientOfPeer: "We as the peer's route reflector client (RFC 4456)",
  ebgp: "eBGP",
  fourOctetAs: "4-octet AS numbers (RFC 6793)",
  oldAs: "Peer without 4-octet AS numbers: AS_TRANS, AS4_PATH",
  largeCommunities: "Large communities (RFC 8092)",
  ipv6: "IPv6 over an IPv6 session",
  ipv6OverIpv4: "IPv6 over an IPv4 session",
  extendedNextHop: "IPv4 over an IPv6 session (RFC 8950)",
  extendedMessages: "Extended messages (RFC 8654)",
  tooLarge: "Without extended messages: a route of more than 4096 octets is withheld, the session stays",
  addPath: "ADD-PATH (RFC 7911)",
  md5: "TCP-MD5 (RFC 2385)",
  wrongKey: "TCP-MD5, another key: never up, and told why",
  gtsm: "GTSM (RFC 5082)",
  lowTtl: "GTSM, a low TTL: never up, and told why",
  routeRefresh: "Route refresh (RFC 2918)",
  enhancedRefresh: "Enhanced route refresh (RFC 7313)",
  shutdownText: "Administrative shutdown with a text (RFC 9003)",
  gracefulRestart: "Graceful restart (RFC 4724): routes outlive kill -9",
} as const;

export type FeatureName = keyof typeof FEATURES;

/** `toPeer`: of us, seen at the peer with its own command; our ROUTE-REFRESH. `fromPeer`: of the peer, seen at Starling; the
 *  peer's ROUTE-REFRESH. `session`: neither. Graceful restart: whose routes outlive its death. */
export type Direction = "toPeer" | "fromPeer" | "session";

/** What a reader should know of a cell that is otherwise full. */
export type Notes = Readonly<Partial<Record<FeatureName, string>>>;

/** A part of a feature that a peer does not have; `why` is a sentence of the documentation. */
export interface Gap {
  readonly missing: readonly Direction[] | "all";
  readonly why: string;
}
