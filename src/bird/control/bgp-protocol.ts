// A BGP protocol as `show protocols` has it, from the peer that runs it.

import { FAMILIES, type Family } from "../../base/family.js";
import { formatAddress, formatIpv4Word, isLinkLocal } from "../../base/ip.js";
import type { Capabilities } from "../../packet/capabilities.js";
import type { FsmTimer } from "../../session/fsm-types.js";
import type { Negotiated } from "../../session/negotiate.js";
import type { SessionStatus } from "../../session/session-status.js";
import type { Peer } from "../../speaker/peer.js";
import type { BgpDeclaration } from "../language/declarations.js";
import { errorText } from "./bird-errors.js";
import type { BgpDetails, EstablishedDetails, ProtocolState, SessionState, TimerView } from "./bird-view.js";

export interface BgpRow {
  readonly state: ProtocolState;
  readonly since: number;
  readonly session: { readonly state: SessionState; readonly lastError: string };
}

/** `recovers`: the daemon waits for its peers after a restart. Undefined peer: it is not there yet. */
export function bgpRow(declaration: BgpDeclaration, peer: Peer | undefined, recovers: boolean, now: number): BgpRow {
  if (peer === undefined) return { state: "down", since: now, session: { state: "Down", lastError: "" } };
  const status = peer.session.status();
  return {
    state: protocolState(status, recovers),
    since: status.changedWallTime,
    session: { state: sessionState(declaration, status), lastError: errorText(status.lastFailure) },
  };
}

function protocolState({ adminDown, state }: SessionStatus, recovers: boolean): ProtocolState {
  if (adminDown) return "down";
  if (state !== "Established") return "start";
  return recovers ? "wait" : "up";
}

/** BIRD has no IdleHoldTimer: it is Idle because of an error, or Active until it tries again. */
function sessionState({ passive }: BgpDeclaration, status: SessionStatus): SessionState {
  const { state, adminDown, isErrorWait } = status;
  if (adminDown) return "Down";
  if (state !== "Idle" && state !== "Active") return state;
  if (state === "Idle" && isErrorWait) return "Idle";
  return passive === true ? "Passive" : "Active";
}

/** What stands below `BGP state:`. */
export function bgpDetails(
  declaration: BgpDeclaration,
  peer: Peer | undefined,
  family: Family,
  routeLimit: EstablishedDetails["routeLimit"],
): BgpDetails {
  const { neighbor } = declaration;
  const details: BgpDetails = {
    neighborAddress: neighborText(declaration),
    neighborAs: neighbor.as,
    neighborRestarts: false,
    restartSecondsLeft: undefined,
    errorWait: undefined,
    connectDelay: undefined,
    established: undefined,
  };
  if (peer === undefined) return details;
  const status = peer.session.status();
  const { negotiated } = status;
  const isUp = status.state === "Established" && negotiated !== undefined;
  return {
    ...details,
    neighborRestarts: peer.isKept && !isUp,
    errorWait: status.isErrorWait ? timer(status, "IdleHoldTimer") : undefined,
    connectDelay: isUp || status.isErrorWait ? undefined : (timer(status, "IdleHoldTimer") ?? retryTimer(status)),
    established: isUp ? established(declaration, status, negotiated, family, routeLimit) : undefined,
  };
}

function neighborText({ neighbor, interface: device }: BgpDeclaration): string {
  const { address } = neighbor;
  const zone = address.zone ?? device;
  return formatAddress(
    zone === undefined || !isLinkLocal(address.bytes) ? { bytes: address.bytes } : { ...address, zone },
  );
}

/** BIRD waits in Active and tries in Connect. */
function retryTimer(status: SessionStatus): TimerView | undefined {
  return status.state === "Active" ? timer(status, "ConnectRetryTimer") : undefined;
}

function timer(status: SessionStatus, name: FsmTimer): TimerView | undefined {
  const found = status.connections[0]?.timers.find((each) => each.timer === name);
  if (found === undefined) return undefined;
  return { left: Math.round(found.leftMs / 1000), total: Math.round(found.totalMs / 1000) };
}

function established(
  declaration: BgpDeclaration,
  status: SessionStatus,
  negotiated: Negotiated,
  family: Family,
  routeLimit: EstablishedDetails["routeLimit"],
): EstablishedDetails {
  const { holdTimeSeconds, keepaliveSeconds } = negotiated;
  return {
    neighborId: formatIpv4Word(negotiated.peerBgpIdentifier),
    neighborCapabilities: capabilityWords(negotiated.peerCapabilities, family),
    session: sessionWords(declaration, negotiated, family),
    sourceAddress: formatAddress({ bytes: (status.localAddress ?? negotiated.localAddress).bytes }),
    routeLimit,
    hold: timer(status, "HoldTimer") ?? { left: 0, total: holdTimeSeconds },
    keepalive: timer(status, "KeepaliveTimer") ?? { left: 0, total: keepaliveSeconds },
  };
}

/** What the peer offered, in BIRD's words and order. */
function capabilityWords(capabilities: Capabilities, family: Family): readonly string[] {
  const { gracefulRestart, addPath } = capabilities;
  const offered = addPath.find((each) => each.family === family);
  const longLived = capabilities.unknown.find(({ code }) => code === LONG_LIVED_GRACEFUL_RESTART);
  return words({
    refresh: capabilities.routeRefresh,
    "enhanced-refresh": capabilities.enhancedRouteRefresh,
    "restart-able": gracefulRestart !== undefined && gracefulRestart.families.length > 0,
    "restart-aware": gracefulRestart?.families.length === 0,
    "llgr-able": longLived !== undefined && longLived.value.length > 0,
    "llgr-aware": longLived?.value.length === 0,
    AS4: capabilities.fourOctetAs !== undefined,
    "add-path-rx": offered?.receive === true,
    "add-path-tx": offered?.send === true,
    "ext-messages": capabilities.extendedMessage,
  });
}

/** RFC 9494. */
const LONG_LIVED_GRACEFUL_RESTART = 71;

function sessionWords(declaration: BgpDeclaration, negotiated: Negotiated, family: Family): readonly string[] {
  return words({
    external: negotiated.isEbgp,
    internal: !negotiated.isEbgp,
    multihop: (declaration.multihop ?? 0) > 0,
    "route-reflector": declaration.rrClient === true,
    "route-server": declaration.rsClient === true,
    AS4: negotiated.fourOctetAs,
    "add-path-rx": negotiated.addPathReceive[family],
    "add-path-tx": negotiated.addPathSend[family],
    "ext-messages": negotiated.extendedMessage,
  });
}

function words(set: Readonly<Record<string, boolean>>): readonly string[] {
  return Object.keys(set).filter((word) => set[word]);
}

/** The family that the daemon of this version speaks. */
export function familyOfVersion(ipVersion: 4 | 6): Family {
  return FAMILIES[ipVersion === 4 ? 0 : 1].family;
}
