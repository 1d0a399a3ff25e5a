// What is announced on the segment of the matrix.

/** Prefixes by who originates them, and for whom. */
export const PREFIXES = {
  ours: "198.18.0.0/24",
  oursIpv6: "2001:db8:a::/48",
  /** Announced only over the session that runs over IPv4. */
  oursIpv6OverIpv4: "2001:db8:a4::/48",
  inner: "198.18.2.0/24",
  outer: "198.18.3.0/24",
  outerIpv6: "2001:db8:b::/48",
  outerUnnumbered: "198.18.8.0/24",
  /** The client's, told to us and to the inner peer. */
  client: "198.18.4.0/24",
  clientOfPeer: "198.18.5.0/24",
  /** The other's, told to us and to the outer peer twice. */
  other: "198.18.6.0/24",
  /** With more than 4096 octets of attributes. */
  big: "198.18.7.0/24",
} as const;

export const BIG_COMMUNITIES: readonly string[] = Array.from({ length: 1100 }, (_, i) => `65003:${i + 1}`);
