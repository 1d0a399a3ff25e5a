// What two OPENs agree on: the checks of RFC 4271 §6.2, the roles of RFC 9234 and the intersection of capabilities (RFC 5492).
//
// A pure function of both messages. Syntax errors of the OPEN were already found by its decoder; collisions (§6.8) are
// judged by collision.ts.

import { FAMILIES, type Family } from "../base/family.js";
import { ByteWriter, type Bytes } from "../base/bytes.js";
import { type IpAddress, formatIpv4Word } from "../base/ip.js";
import { type Capabilities, encodeCapabilities, NO_CAPABILITIES, roleName } from "../packet/capabilities.js";
import { AS_TRANS, type BgpRole, ERROR_CODE, OPEN_ERROR, ROLE_NAMES } from "../packet/codes.js";
import { MAX_EXTENDED_MESSAGE_LENGTH, MAX_MESSAGE_LENGTH } from "../packet/header.js";
import { NotificationError } from "../packet/notification.js";
import type { OpenMessage } from "../packet/open.js";

/** A pair of values indexed by Family. */
export type PerFamily<T> = readonly [T, T];

export interface Negotiated {
  readonly peerAs: number;
  /** Unsigned. */
  readonly peerBgpIdentifier: number;
  readonly localAs: number;
  readonly isEbgp: boolean;
  readonly localAddress: IpAddress;
  readonly remoteAddress: IpAddress;
  /** 0: neither HoldTimer nor KeepaliveTimer. */
  readonly holdTimeSeconds: number;
  readonly keepaliveSeconds: number;
  readonly families: readonly Family[];
  /** AS numbers in UPDATEs have four octets, both ways (RFC 6793). */
  readonly fourOctetAs: boolean;
  /** Path identifiers in NLRI we receive and send (RFC 7911). */
  readonly addPathReceive: PerFamily<boolean>;
  readonly addPathSend: PerFamily<boolean>;
  /** Both sides speak RFC 8654. */
  readonly extendedMessage: boolean;
  /** Longest message we may send. */
  readonly maxMessageLength: number;
  readonly routeRefresh: boolean;
  readonly enhancedRouteRefresh: boolean;
  /** Next hops of the other family are understood by both (RFC 8950). */
  readonly extendedNextHop: PerFamily<boolean>;
  /** What the peer offered, if we offered it too (RFC 4724). */
  readonly gracefulRestart: Capabilities["gracefulRestart"];
  /** Both set the N bit: a NOTIFICATION does not end graceful restart (RFC 8538). */
  readonly gracefulNotification: boolean;
  /** What the external peer says it is to us (RFC 9234); undefined: it says nothing. */
  readonly peerRole: BgpRole | undefined;
  readonly peerCapabilities: Capabilities;
}

export interface NegotiationFacts {
  readonly localAs: number;
  /** AS numbers the configuration allows. */
  readonly peerAsNumbers: readonly number[];
  /** RFC 9234 §4.2: the peer must state its role, if we state ours. */
  readonly roleStrict: boolean;
  /** Configured; 0: a third of the Hold Time. */
  readonly keepaliveSeconds: number;
  /** The configured time counts even where it is more than a third of the Hold Time. */
  readonly fixedKeepalive?: boolean;
  readonly localAddress: IpAddress;
  readonly remoteAddress: IpAddress;
}

/** The result of `ours` (as sent on this connection) and `theirs`. Throws NotificationError 2/x, whose message says in words
 *  what does not fit. RFC 4271 §6.2, RFC 5492 §4. */
export function negotiate(ours: OpenMessage, theirs: OpenMessage, facts: NegotiationFacts): Negotiated {
  const peerAs = acceptedAs(theirs, facts.peerAsNumbers);
  const isEbgp = peerAs !== facts.localAs;
  checkIdentifier(ours, theirs, isEbgp);
  checkHoldTime(theirs);
  const mine = ours.capabilities;
  const other = theirs.capabilities;
  const peerRole = isEbgp ? acceptedRole(mine, other, facts.roleStrict) : undefined;
  const families = commonFamilies(mine, other);
  const holdTimeSeconds = Math.min(ours.holdTimeSeconds, theirs.holdTimeSeconds);
  const extendedMessage = mine.extendedMessage && other.extendedMessage;
  const gracefulRestart = mine.gracefulRestart === undefined ? undefined : other.gracefulRestart;
  return {
    peerAs,
    peerBgpIdentifier: theirs.bgpIdentifier,
    localAs: facts.localAs,
    isEbgp,
    localAddress: facts.localAddress,
    remoteAddress: facts.remoteAddress,
    holdTimeSeconds,
    keepaliveSeconds: keepaliveTime(holdTimeSeconds, facts),
    families,
    fourOctetAs: mine.fourOctetAs !== undefined && other.fourOctetAs !== undefined,
    addPathReceive: perFamily(families, (family) => addPath(mine, family).receive && addPath(other, family).send),
    addPathSend: perFamily(families, (family) => addPath(mine, family).send && addPath(other, family).receive),
    extendedMessage,
    maxMessageLength: extendedMessage ? MAX_EXTENDED_MESSAGE_LENGTH : MAX_MESSAGE_LENGTH,
    routeRefresh: mine.routeRefresh && other.routeRefresh,
    enhancedRouteRefresh: mine.enhancedRouteRefresh && other.enhancedRouteRefresh,
    extendedNextHop: perFamily(
      families,
      (family) => hasExtendedNextHop(mine, family) && hasExtendedNextHop(other, family),
    ),
    gracefulRestart,
    gracefulNotification: gracefulRestart?.notification === true && mine.gracefulRestart?.notification === true,
    peerRole,
    peerCapabilities: other,
  };
}

function acceptedAs(theirs: OpenMessage, allowed: readonly number[]): number {
  // RFC 6793 §4.1: the capability counts, not the two-octet field.
  const peerAs = theirs.capabilities.fourOctetAs ?? theirs.myAs;
  // RFC 7607 §2: zero in either place, although RFC 6793 takes the number from the capability.
  if (peerAs === 0 || theirs.myAs === 0) {
    throw openError(OPEN_ERROR.BAD_PEER_AS, "wrong AS: peer says 0, which is reserved (RFC 7607)", 0);
  }
  if (allowed.includes(peerAs)) return peerAs;
  const hint =
    peerAs === AS_TRANS && theirs.capabilities.fourOctetAs === undefined
      ? " (AS_TRANS: the peer does not speak 4-octet AS numbers)"
      : "";
  const text = `wrong AS: peer says ${peerAs}${hint}, configured ${allowed.join(" or ")}`;
  throw openError(OPEN_ERROR.BAD_PEER_AS, text, peerAs);
}

function checkIdentifier(ours: OpenMessage, theirs: OpenMessage, isEbgp: boolean): void {
  // RFC 6286 §2.1 and §2.2: any number but zero, unique only within the AS.
  if (theirs.bgpIdentifier === 0) {
    throw openError(OPEN_ERROR.BAD_BGP_IDENTIFIER, "bad BGP identifier: peer says 0.0.0.0");
  }
  if (isEbgp || theirs.bgpIdentifier !== ours.bgpIdentifier) return;
  const text = formatIpv4Word(theirs.bgpIdentifier);
  throw openError(OPEN_ERROR.BAD_BGP_IDENTIFIER, `bad BGP identifier: peer has our own, ${text}, in the same AS`);
}

function checkHoldTime(theirs: OpenMessage): void {
  const { holdTimeSeconds } = theirs;
  if (holdTimeSeconds !== 1 && holdTimeSeconds !== 2) return;
  throw openError(OPEN_ERROR.UNACCEPTABLE_HOLD_TIME, `unacceptable hold time: peer says ${holdTimeSeconds} s`);
}

/** RFC 9234 §4.2, table 2: the only role that the peer of such a speaker may have. */
const COUNTERPART: Readonly<Record<BgpRole, BgpRole>> = {
  provider: "customer",
  customer: "provider",
  routeServer: "routeServerClient",
  routeServerClient: "routeServer",
  peer: "peer",
};

function acceptedRole(mine: Capabilities, other: Capabilities, strict: boolean): BgpRole | undefined {
  const [theirs] = other.roles;
  if (other.roles.length > 1) {
    throw roleMismatch(`peer states different roles: ${other.roles.map(roleName).join(", ")}`);
  }
  const ours = mine.roles.length === 0 ? undefined : ROLE_NAMES[mine.roles[0]];
  if (ours === undefined) return theirs === undefined ? undefined : ROLE_NAMES[theirs];
  const wanted = COUNTERPART[ours];
  if (theirs === undefined) {
    if (!strict) return undefined;
    throw roleMismatch(`peer states no role, but we are ${ours} and strict: it must be ${wanted}`);
  }
  if (ROLE_NAMES[theirs] === wanted) return wanted;
  throw roleMismatch(`peer says it is ${roleName(theirs)}, but we are ${ours}: it must be ${wanted}`);
}

function roleMismatch(text: string): NotificationError {
  return openError(OPEN_ERROR.ROLE_MISMATCH, `role mismatch: ${text}`);
}

function commonFamilies(mine: Capabilities, other: Capabilities): readonly Family[] {
  const offered = offeredFamilies(other);
  const common = offeredFamilies(mine).filter((family) => offered.includes(family));
  if (common.length > 0) return common;
  const names = (families: readonly Family[]): string => families.map((family) => FAMILIES[family].name).join(", ");
  const said = names(offered) || "none of ours";
  const text = `no common address family: peer says ${said}, configured ${names(mine.families)}`;
  throw new NotificationError(ERROR_CODE.OPEN_MESSAGE, OPEN_ERROR.UNSUPPORTED_CAPABILITY, wantedFamilies(mine), text);
}

/** RFC 4760 §8: who names no family at all speaks IPv4 unicast only. */
function offeredFamilies({ families, otherFamilies }: Capabilities): readonly Family[] {
  return families.length === 0 && otherFamilies.length === 0 ? [0] : families;
}

/** RFC 5492 §5: the data are the capabilities we miss, encoded as in an OPEN. */
function wantedFamilies(mine: Capabilities): Bytes {
  const out = new ByteWriter();
  encodeCapabilities({ ...NO_CAPABILITIES, families: mine.families }, out);
  return out.finish();
}

function keepaliveTime(
  holdTimeSeconds: number,
  { keepaliveSeconds: configured, fixedKeepalive }: NegotiationFacts,
): number {
  if (holdTimeSeconds === 0) return 0;
  if (fixedKeepalive === true && configured > 0) return configured;
  // RFC 4271 §4.4: at most a third of the Hold Time, and not more often than once per second.
  const third = Math.max(1, Math.floor(holdTimeSeconds / 3));
  return configured === 0 ? third : Math.min(configured, third);
}

function perFamily(families: readonly Family[], test: (family: Family) => boolean): PerFamily<boolean> {
  return [families.includes(0) && test(0), families.includes(1) && test(1)];
}

const NO_ADD_PATH = { receive: false, send: false };

function addPath(capabilities: Capabilities, family: Family): { readonly receive: boolean; readonly send: boolean } {
  return capabilities.addPath.find((entry) => entry.family === family) ?? NO_ADD_PATH;
}

function hasExtendedNextHop(capabilities: Capabilities, family: Family): boolean {
  const other = family === 0 ? FAMILIES[1].afi : FAMILIES[0].afi;
  return capabilities.extendedNextHop.some((entry) => entry.family === family && entry.nextHopAfi === other);
}

function openError(subcode: number, text: string, as?: number): NotificationError {
  const culprit = as === undefined ? undefined : Uint8Array.of(as >>> 24, as >>> 16, as >>> 8, as);
  return new NotificationError(ERROR_CODE.OPEN_MESSAGE, subcode, undefined, text, culprit);
}
