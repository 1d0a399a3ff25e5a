// A small language for BGP messages, right and wrong ones: hexadecimal text with tokens (vector.ts), lengths computed
// unless a vector gives others. Knows nothing of our own encoders.

import { octetCount } from "./vector.js";

export const MARKER = "ff".repeat(16);

export function hex8(value: number): string {
  return value.toString(16).padStart(2, "0");
}

export function hex16(value: number): string {
  return value.toString(16).padStart(4, "0");
}

export function hex32(value: number): string {
  return value.toString(16).padStart(8, "0");
}

/** A message; `length` is the one its header claims. */
export function message(type: number, body = "", length = 19 + octetCount(body)): string {
  return `${MARKER}${hex16(length)}${hex8(type)}${body}`;
}

export const KEEPALIVE = message(4);

/** NOTIFICATION. */
export function notify(code: number, subcode: number, data = ""): string {
  return message(3, `${hex8(code)}${hex8(subcode)}${data}`);
}

export interface UpdateParts {
  readonly withdrawn?: string;
  readonly attributes?: string;
  readonly nlri?: string;
  /** What the length fields claim instead of the truth. */
  readonly withdrawnLength?: number;
  readonly attributesLength?: number;
}

export function update(parts: UpdateParts): string {
  const { withdrawn = "", attributes = "", nlri = "" } = parts;
  const withdrawnLength = parts.withdrawnLength ?? octetCount(withdrawn);
  const attributesLength = parts.attributesLength ?? octetCount(attributes);
  return message(2, `${hex16(withdrawnLength)}${withdrawn}${hex16(attributesLength)}${attributes}${nlri}`);
}

/** A path attribute; the flags say whether its length has two octets. `length`: what the field claims. */
export function attribute(flags: number, type: number, value = "", length = octetCount(value)): string {
  const isExtended = (flags & 0x10) !== 0;
  return `${hex8(flags)}${hex8(type)}${isExtended ? hex16(length) : hex8(length)}${value}`;
}

export interface OpenParts {
  readonly version?: number;
  readonly as?: number;
  readonly holdTime?: number;
  /** Hexadecimal or a token. */
  readonly id?: string;
  /** Optional parameters, without their length. */
  readonly parameters?: string;
  /** What the length field claims. */
  readonly parametersLength?: number;
}

export function open(parts: OpenParts): string {
  const { version = 4, as = 65009, holdTime = 180, id = "<id>", parameters = "" } = parts;
  const length = parts.parametersLength ?? octetCount(parameters);
  return message(1, `${hex8(version)}${hex16(as)}${hex16(holdTime)}${id}${hex8(length)}${parameters}`);
}

/** An OPEN in the form of RFC 9072; `parameters` have lengths of two octets. */
export function extendedOpen(parameters: string, length = octetCount(parameters), shortLength = 255): string {
  return message(1, `04fdf100b4<id>${hex8(shortLength)}ff${hex16(length)}${parameters}`);
}

/** Optional parameter 2 around capabilities. */
export function capabilities(...list: readonly string[]): string {
  const value = list.join("");
  return `02${hex8(octetCount(value))}${value}`;
}

/** Optional parameter of RFC 9072: its length has two octets. */
export function wideParameter(type: number, value: string): string {
  return `${hex8(type)}${hex16(octetCount(value))}${value}`;
}

export function capability(code: number, value = "", length = octetCount(value)): string {
  return `${hex8(code)}${hex8(length)}${value}`;
}

export const MP_IPV4 = capability(1, "00010001");
export const MP_IPV6 = capability(1, "00020001");
export const ROUTE_REFRESH = capability(2);
export const ENHANCED_REFRESH = capability(70);
export const EXTENDED_MESSAGE = capability(6);
export const ADD_PATH = capability(69, "00010102");
export const EXTENDED_NEXT_HOP = capability(5, "000100010002");

export function fourOctetAs(as: number): string {
  return capability(65, hex32(as));
}

/** ROUTE-REFRESH. */
export function refresh(afi: number, subtype: number, safi: number): string {
  return message(5, `${hex16(afi)}${hex8(subtype)}${hex8(safi)}`);
}

// --- attributes of a sound route ----------------------------------------------------------------------------------------

/** IGP; what a peer announces before its vector has INCOMPLETE, so that the observer can tell them apart. */
export const ORIGIN = attribute(0x40, 1, "00");
export const OLD_ORIGIN = attribute(0x40, 1, "02");
/** AS_PATH of the external peer. */
export const AS_PATH = attribute(0x40, 2, "02010000fdf1");
/** The same in two octets. */
export const AS_PATH_2 = attribute(0x40, 2, "0201fdf1");
/** AS_PATH of a route that an internal peer has from AS 65009. */
export const NEXT_HOP = attribute(0x40, 3, "<nh4>");
export const LOCAL_PREF = attribute(0x40, 5, "00000064");
/** The mandatory attributes of an IPv4 route. */
export const BASE = `${ORIGIN}${AS_PATH}${NEXT_HOP}`;
export const BASE_2 = `${ORIGIN}${AS_PATH_2}${NEXT_HOP}`;
/** Those of an IPv6 route beside MP_REACH_NLRI. */
export const BASE6 = `${ORIGIN}${AS_PATH}`;

/** MP_REACH_NLRI. */
export function reach(
  nlri = "<p6>",
  { afi = 2, safi = 1, nextHop = "<nh6>", nextHopLength = octetCount(nextHop), reserved = "00", flags = 0x80 } = {},
): string {
  return attribute(flags, 14, `${hex16(afi)}${hex8(safi)}${hex8(nextHopLength)}${nextHop}${reserved}${nlri}`);
}

/** MP_UNREACH_NLRI. */
export function unreach(nlri = "<p6>", { afi = 2, safi = 1, flags = 0x80 } = {}): string {
  return attribute(flags, 15, `${hex16(afi)}${hex8(safi)}${nlri}`);
}
