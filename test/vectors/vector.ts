// What a conformance vector is: octets that a peer sends in a certain state, and what the RFCs say must become of them.
//
// Octets are hexadecimal text with tokens in angle brackets that stand for what differs between vectors: all of them are
// driven at the same time against one speaker, each by a peer and with prefixes of its own.

import { fromHex } from "../../src/base/bytes.js";

/** AS of the speaker under test. */
export const OUR_AS = 65000;
/** AS of the peers of external sessions. */
export const PEER_AS = 65009;

/** What the session is like. */
export interface SessionKind {
  readonly kind: "ebgp" | "ibgp";
  /** False: the peer does not send the capability of RFC 6793. */
  readonly as4: boolean;
  /** Both sides send the capability of RFC 8654. */
  readonly extended: boolean;
  /** The peer sends path identifiers (RFC 7911). */
  readonly addPath: boolean;
  /** Both sides send the capability of RFC 8950. */
  readonly extendedNextHop: boolean;
  /** What the speaker under test is to the peer (RFC 9234), and whether it insists on an answer. */
  readonly role?: "provider" | "routeServer" | "routeServerClient" | "customer" | "peer";
  readonly roleStrict?: boolean;
}

export const EBGP: SessionKind = { kind: "ebgp", as4: true, extended: false, addPath: false, extendedNextHop: false };
export const IBGP: SessionKind = { ...EBGP, kind: "ibgp" };
/** AS numbers of two octets. */
export const OLD_EBGP: SessionKind = { ...EBGP, as4: false };
export const OLD_IBGP: SessionKind = { ...IBGP, as4: false };

/** `openSent`: the peer has sent nothing yet; `openConfirm`: its OPEN; `established`: KEEPALIVE and its routes too. */
export type Phase = "openSent" | "openConfirm" | "established";

/** Values of attributes that the observer must see, by type: hexadecimal; null: the attribute must not be there. */
export type Seen = Readonly<Record<number, string | null>>;

export type Prefix = "p4" | "p6";

export type Expectation =
  /** NOTIFICATION and end of the session. `data` in hexadecimal; undefined: not said by the RFC. */
  | { readonly is: "notification"; readonly code: number; readonly subcode: number; readonly data?: string }
  /** Treat-as-withdraw: the session lives, the prefixes that the peer had announced are gone. */
  | { readonly is: "withdraw"; readonly gone: readonly Prefix[] }
  /** Attribute discard: the route arrives, but for the attribute. */
  | { readonly is: "discard"; readonly prefix: Prefix; readonly seen: Seen }
  /** The route arrives as it was sent. */
  | { readonly is: "accept"; readonly prefix: Prefix; readonly seen: Seen }
  /** The session lives, and what the peer had announced before is unchanged. */
  | { readonly is: "ignore" }
  /** The connection is closed without a word. */
  | { readonly is: "close" }
  /** The session comes up. */
  | { readonly is: "establish" };

/** What we know of others: why they do otherwise. Their conformance is measured without such excuses. */
export interface Deviations {
  readonly bird2?: string;
}

export interface Vector extends Deviations {
  readonly name: string;
  /** The paragraph that decides: `RFC 7606 §7.3`. */
  readonly rfc: string;
  readonly session: SessionKind;
  readonly phase: Phase;
  /** What the peer sends, with tokens. */
  readonly send: string;
  /** The peer's OPEN, where it is not the usual one. */
  readonly open?: string;
  readonly expect: Expectation;
  /** What is right as well: two things are wrong at once, and the RFCs do not say which comes first. */
  readonly also?: Expectation;
}

// --- expectations -------------------------------------------------------------------------------------------------------

export function notification(code: number, subcode: number, data?: string): Expectation {
  return { is: "notification", code, subcode, ...(data === undefined ? {} : { data }) };
}

/** Session reset with Malformed Attribute List. */
export const RESET_LIST = notification(3, 1);
export const WITHDRAW: Expectation = { is: "withdraw", gone: ["p4"] };
export const WITHDRAW6: Expectation = { is: "withdraw", gone: ["p6"] };
export const IGNORE: Expectation = { is: "ignore" };
export const CLOSE: Expectation = { is: "close" };
export const ESTABLISH: Expectation = { is: "establish" };
export const ACCEPT: Expectation = { is: "accept", prefix: "p4", seen: {} };
export const ACCEPT6: Expectation = { is: "accept", prefix: "p6", seen: {} };

export function accept(seen: Seen, prefix: Prefix = "p4"): Expectation {
  return { is: "accept", prefix, seen };
}

/** The attribute of the type is gone, or has the value it has without being sent. */
export function discard(type: number, instead: string | null = null): Expectation {
  return { is: "discard", prefix: "p4", seen: { [type]: instead } };
}

// --- tokens -------------------------------------------------------------------------------------------------------------

/** The vector's own places, by token; all in hexadecimal. */
export interface Place {
  /** Its IPv4 prefix as NLRI (a /24), and another one. */
  readonly p4: string;
  readonly q4: string;
  /** Its IPv6 prefix as NLRI (a /48), and another one. */
  readonly p6: string;
  readonly q6: string;
  /** Addresses of the peer. */
  readonly nh4: string;
  readonly nh6: string;
  /** Address of the speaker under test. */
  readonly us4: string;
  readonly us6: string;
  /** BGP Identifier of the peer and of the speaker under test. */
  readonly id: string;
  readonly usid: string;
}

export const TOKEN_OCTETS: Readonly<Record<keyof Place, number>> = {
  p4: 4,
  q4: 4,
  p6: 7,
  q6: 7,
  nh4: 4,
  nh6: 16,
  us4: 4,
  us6: 16,
  id: 4,
  usid: 4,
};

const TOKEN = /<(\w+)>/g;

/** The places of vector number `index`, driven from `nh4` and `nh6`. */
export function placeOf(index: number, peer: Pick<Place, "nh4" | "nh6">, us: Pick<Place, "us4" | "us6">): Place {
  const number = index.toString(16).padStart(4, "0");
  return {
    ...peer,
    ...us,
    p4: `1814${number}`,
    q4: `1815${number}`,
    p6: `3020010db8${number}`,
    q6: `302001ddb8${number}`,
    id: peer.nh4,
    usid: us.us4,
  };
}

/** The octets of a text with tokens. */
export function fill(text: string, place: Place): Uint8Array {
  return fromHex(text.replace(TOKEN, (_whole, token: string) => place[token as keyof Place]).replace(/\s/g, ""));
}

/** Number of octets of a text with tokens. */
export function octetCount(text: string): number {
  const known = text.replace(TOKEN, (whole, token: string) => {
    const octets = TOKEN_OCTETS[token as keyof Place] as number | undefined;
    if (octets === undefined) throw new Error(`no token ${whole}`);
    return "00".repeat(octets);
  });
  return known.replace(/\s/g, "").length / 2;
}

/** A vector of an established session, most of which are with an external peer. */
export function row(
  name: string,
  rfc: string,
  send: string,
  expect: Expectation,
  session: SessionKind = EBGP,
  bird2?: string,
): Vector {
  const base = { name, rfc, session, phase: "established", send, expect } as const;
  return bird2 === undefined ? base : { ...base, bird2 };
}
