// A BGP protocol as `show protocols` has it, from what the speaker tells of the peer that runs it.

import { formatAddress, isLinkLocal } from "../../base/ip.js";
import type { OfferedDetails, PeerDetails, SessionDetails } from "../../speaker/peer-details.js";
import type { BgpDeclaration } from "../language/declarations.js";
import { errorText } from "./bird-errors.js";
import type { BgpDetails, EstablishedDetails, ProtocolState, SessionState, TimerView } from "./bird-view.js";

export interface BgpRow {
  readonly state: ProtocolState;
  readonly since: number;
  readonly session: { readonly state: SessionState; readonly lastError: string };
}

/** `recovers`: the daemon waits for its peers after a restart. Undefined peer: it is not there (yet). */
export function bgpRow(peer: PeerDetails | undefined, recovers: boolean, now: number): BgpRow {
  if (peer === undefined) return { state: "down", since: now, session: { state: "Down", lastError: "" } };
  return {
    state: protocolState(peer, recovers),
    since: Date.parse(isUp(peer) ? peer.since : startOfState(peer)),
    session: { state: sessionState(peer), lastError: errorText(peer.lastFailure) },
  };
}

function isUp({ state, session }: PeerDetails): boolean {
  return state === "Established" && session !== undefined;
}

/** All that is neither down nor up is one state to BIRD: attempts that come and go do not change it. */
function startOfState({ adminDown, changedAt, since }: PeerDetails): string {
  return adminDown ? changedAt : since;
}

function protocolState(peer: PeerDetails, recovers: boolean): ProtocolState {
  if (peer.adminDown) return "down";
  if (!isUp(peer)) return "start";
  return recovers ? "wait" : "up";
}

/** BIRD has no IdleHoldTimer: it is Idle because of an error, or Active until it tries again. */
function sessionState({ adminDown, isErrorWait, passive, state }: PeerDetails): SessionState {
  if (adminDown) return "Down";
  if (state !== "Idle" && state !== "Active") return state;
  if (state === "Idle" && isErrorWait) return "Idle";
  return passive ? "Passive" : "Active";
}

/** What stands below `BGP state:`. */
export function bgpDetails(
  declaration: BgpDeclaration,
  peer: PeerDetails | undefined,
  routeLimit: EstablishedDetails["routeLimit"],
): BgpDetails {
  const isStarting = peer !== undefined && !peer.adminDown && !isUp(peer);
  const restartSecondsLeft = isStarting ? peer.gracefulRestart.secondsLeft : undefined;
  return {
    neighborAddress: neighborText(declaration),
    neighborAs: declaration.neighbor.as,
    neighborRestarts: restartSecondsLeft !== undefined,
    restartSecondsLeft: restartSecondsLeft === undefined ? undefined : Math.ceil(restartSecondsLeft),
    errorWait: isStarting && peer.isErrorWait ? timer(peer, "IdleHoldTimer") : undefined,
    connectDelay: isStarting && !peer.isErrorWait ? connectDelay(peer) : undefined,
    established:
      peer?.session !== undefined && isUp(peer) ? established(declaration, peer, peer.session, routeLimit) : undefined,
  };
}

function neighborText({ neighbor, interface: device }: BgpDeclaration): string {
  const { bytes, zone = device } = neighbor.address;
  return formatAddress(zone === undefined || !isLinkLocal(bytes) ? { bytes } : { bytes, zone });
}

/** BIRD waits in Active and tries in Connect; who only listens waits for nothing. */
function connectDelay(peer: PeerDetails): TimerView | undefined {
  if (sessionState(peer) !== "Active") return undefined;
  return timer(peer, peer.state === "Idle" ? "IdleHoldTimer" : "ConnectRetryTimer");
}

type TimerName = PeerDetails["connections"][number]["timers"][number]["name"];

function timer({ connections }: PeerDetails, name: TimerName): TimerView | undefined {
  const found = connections[0]?.timers.find((each) => each.name === name);
  return found === undefined ? undefined : { left: found.secondsLeft, total: Math.round(found.totalSeconds) };
}

function established(
  declaration: BgpDeclaration,
  peer: PeerDetails,
  session: SessionDetails,
  routeLimit: EstablishedDetails["routeLimit"],
): EstablishedDetails {
  return {
    neighborId: session.remoteId,
    neighborCapabilities: capabilityWords(session.offered),
    session: sessionWords(declaration, peer, session),
    sourceAddress: peer.localAddress ?? "",
    routeLimit,
    hold: timer(peer, "HoldTimer") ?? { left: 0, total: session.holdTimeSeconds },
    keepalive: timer(peer, "KeepaliveTimer") ?? { left: 0, total: session.keepaliveSeconds },
  };
}

/** What the peer offered, in BIRD's words and order. */
function capabilityWords(offered: OfferedDetails): readonly string[] {
  const { gracefulRestart, longLivedGracefulRestart } = offered;
  return words({
    refresh: offered.routeRefresh,
    "enhanced-refresh": offered.enhancedRouteRefresh,
    [`restart-${gracefulRestart}`]: gracefulRestart !== undefined,
    [`llgr-${longLivedGracefulRestart}`]: longLivedGracefulRestart !== undefined,
    AS4: offered.fourOctetAs,
    "add-path-rx": offered.addPathReceive,
    "add-path-tx": offered.addPathSend,
    "ext-messages": offered.extendedMessage,
  });
}

function sessionWords(declaration: BgpDeclaration, peer: PeerDetails, session: SessionDetails): readonly string[] {
  return words({
    [session.isInternal ? "internal" : "external"]: true,
    multihop: (declaration.multihop ?? 0) > 0,
    "route-reflector": peer.routeReflectorClient,
    "route-server": declaration.rsClient === true,
    AS4: session.fourOctetAs,
    "add-path-rx": session.addPathReceive,
    "add-path-tx": session.addPathSend,
    "ext-messages": session.extendedMessage,
  });
}

function words(set: Readonly<Record<string, boolean>>): readonly string[] {
  return Object.keys(set).filter((word) => set[word]);
}
