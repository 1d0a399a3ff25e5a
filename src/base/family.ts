// Address families (RFC 4760): AFI/SAFI pairs as small dense numbers, so that tables can be indexed by them.

/** Row in FAMILIES. */
export type Family = 0 | 1;

export const IPV4_UNICAST = 0;
export const IPV6_UNICAST = 1;

export interface FamilyFacts {
  readonly family: Family;
  readonly name: "ipv4" | "ipv6";
  readonly afi: number;
  readonly safi: number;
  /** Octets of a full address. */
  readonly addressLength: number;
  /** Longest prefix in bits. */
  readonly maxPrefixLength: number;
}

export const FAMILIES: readonly FamilyFacts[] = [
  { family: IPV4_UNICAST, name: "ipv4", afi: 1, safi: 1, addressLength: 4, maxPrefixLength: 32 },
  { family: IPV6_UNICAST, name: "ipv6", afi: 2, safi: 1, addressLength: 16, maxPrefixLength: 128 },
];

export type FamilyName = FamilyFacts["name"];

/** The family of an AFI/SAFI pair, or undefined where we do not speak it. */
export function familyOf(afi: number, safi: number): Family | undefined {
  if (safi !== 1) return undefined;
  if (afi === 1) return IPV4_UNICAST;
  return afi === 2 ? IPV6_UNICAST : undefined;
}

export function familyByName(name: FamilyName): Family {
  return name === "ipv4" ? IPV4_UNICAST : IPV6_UNICAST;
}
