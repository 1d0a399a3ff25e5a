// What a peer's session is doing, in more detail than its status: timers, both connections, what was negotiated, the last
// failure as data, and counters of routes. Plain JSON values; nothing here walks a table.

import type { Clock } from "../base/clock.js";
import { FAMILIES } from "../base/family.js";
import { formatAddress, formatIpv4Word } from "../base/ip.js";
import { type Capabilities } from "../packet/capabilities.js";
import type { LastFailure } from "../session/failure-cause.js";
import type { FsmState, FsmTimer } from "../session/fsm-types.js";
import type { Negotiated } from "../session/negotiate.js";
import type { SessionStatus } from "../session/session-status.js";
import type { Peer } from "./peer.js";
import type { PeerName, PeerRestart } from "./snapshot.js";

export interface PeerDetails extends PeerName {
  readonly state: FsmState;
  readonly adminDown: boolean;
  readonly passive: boolean;
  /** ISO time of the last change of `state` or `adminDown`, and of the last entry into or exit from Established. */
  readonly changedAt: string;
  readonly since: string;
  /** Idle because somebody found fault with the last session or attempt; false in Idle: TCP failed, which is tried again. */
  readonly isErrorWait: boolean;
  /** Forgotten when the session is Established. */
  readonly lastFailure: LastFailure | undefined;
  /** The one that got furthest first. */
  readonly connections: readonly ConnectionDetails[];
  readonly localAddress: string | undefined;
  readonly remoteAddress: string;
  readonly remoteAs: number;
  readonly routeReflectorClient: boolean;
  readonly multihop: boolean;
  /** Undefined before the OPENs were exchanged. */
  readonly session: SessionDetails | undefined;
  readonly gracefulRestart: PeerRestart;
  readonly counts: RouteCounts;
}

export interface ConnectionDetails {
  readonly state: FsmState;
  readonly initiator: "local" | "remote";
  readonly timers: readonly TimerDetails[];
}

export interface TimerDetails {
  readonly name: FsmTimer;
  readonly secondsLeft: number;
  readonly totalSeconds: number;
}

export interface SessionDetails {
  readonly isInternal: boolean;
  /** The peer's BGP Identifier, dotted. */
  readonly remoteId: string;
  readonly fourOctetAs: boolean;
  /** In any family: path identifiers come, and go. */
  readonly addPathReceive: boolean;
  readonly addPathSend: boolean;
  readonly extendedMessage: boolean;
  readonly holdTimeSeconds: number;
  readonly keepaliveSeconds: number;
  /** What the peer has offered. */
  readonly offered: OfferedDetails;
}

export interface OfferedDetails {
  readonly routeRefresh: boolean;
  readonly enhancedRouteRefresh: boolean;
  /** `able`: for some family; `aware`: it helps others only. */
  readonly gracefulRestart: "able" | "aware" | undefined;
  readonly longLivedGracefulRestart: "able" | "aware" | undefined;
  readonly fourOctetAs: boolean;
  /** As the peer sees it: what it is able to receive, and wants to send. */
  readonly addPathReceive: boolean;
  readonly addPathSend: boolean;
  readonly extendedMessage: boolean;
}

/** Of both families, since the peer was configured (`imported`), or since its update groups were made (`exported`). What is
 *  exported is decided per group: alike peers show the same numbers, in which what came from the peer itself counts as
 *  announced, and groups that their last member has left take their numbers with them. */
export interface RouteCounts {
  readonly imported: {
    readonly updates: number;
    readonly rejected: number;
    readonly filtered: number;
    readonly ignored: number;
    readonly accepted: number;
    readonly withdrawals: number;
    readonly ignoredWithdrawals: number;
    readonly acceptedWithdrawals: number;
  };
  readonly exported: {
    readonly updates: number;
    readonly rejected: number;
    readonly filtered: number;
    readonly accepted: number;
    readonly withdrawals: number;
    readonly acceptedWithdrawals: number;
  };
}

/** RFC 9494. */
const LONG_LIVED_GRACEFUL_RESTART = 71;

export function peerDetails(peer: Peer, clock: Clock): PeerDetails {
  const { config, negotiated } = peer;
  const session = peer.session.status();
  const iso = (wallTime: number): string => new Date(Math.min(wallTime, clock.wallTime())).toISOString();
  return {
    address: config.key,
    name: config.name,
    state: session.state,
    adminDown: session.adminDown,
    passive: config.passive,
    changedAt: iso(session.changedWallTime),
    since: iso(session.sinceWallTime),
    isErrorWait: session.isErrorWait,
    lastFailure: session.lastFailure,
    connections: connectionDetails(session),
    localAddress: formatOptional(session.localAddress ?? config.localAddress),
    remoteAddress: formatAddress(config.address),
    remoteAs: negotiated?.peerAs ?? config.as,
    routeReflectorClient: config.routeReflectorClient,
    multihop: config.multihop > 0,
    session: negotiated === undefined ? undefined : sessionDetails(negotiated),
    gracefulRestart: peer.restart,
    counts: routeCounts(peer),
  };
}

function formatOptional(address: SessionStatus["localAddress"]): string | undefined {
  return address === undefined ? undefined : formatAddress(address);
}

function connectionDetails({ connections }: SessionStatus): readonly ConnectionDetails[] {
  return connections.map(({ state, initiator, timers }) => ({
    state,
    initiator,
    timers: timers.map(({ timer, leftMs, totalMs }) => ({
      name: timer,
      secondsLeft: Math.ceil(leftMs / 1000),
      totalSeconds: totalMs / 1000,
    })),
  }));
}

function sessionDetails(negotiated: Negotiated): SessionDetails {
  return {
    isInternal: !negotiated.isEbgp,
    remoteId: formatIpv4Word(negotiated.peerBgpIdentifier),
    fourOctetAs: negotiated.fourOctetAs,
    addPathReceive: negotiated.addPathReceive.includes(true),
    addPathSend: negotiated.addPathSend.includes(true),
    extendedMessage: negotiated.extendedMessage,
    holdTimeSeconds: negotiated.holdTimeSeconds,
    keepaliveSeconds: negotiated.keepaliveSeconds,
    offered: offeredDetails(negotiated.peerCapabilities),
  };
}

function offeredDetails(capabilities: Capabilities): OfferedDetails {
  const { gracefulRestart, addPath } = capabilities;
  const longLived = capabilities.unknown.find(({ code }) => code === LONG_LIVED_GRACEFUL_RESTART);
  const ability = (isAble: boolean): "able" | "aware" => (isAble ? "able" : "aware");
  return {
    routeRefresh: capabilities.routeRefresh,
    enhancedRouteRefresh: capabilities.enhancedRouteRefresh,
    gracefulRestart: gracefulRestart === undefined ? undefined : ability(gracefulRestart.families.length > 0),
    longLivedGracefulRestart: longLived === undefined ? undefined : ability(longLived.value.length > 0),
    fourOctetAs: capabilities.fourOctetAs !== undefined,
    addPathReceive: addPath.some(({ receive }) => receive),
    addPathSend: addPath.some(({ send }) => send),
    extendedMessage: capabilities.extendedMessage,
  };
}

function routeCounts(peer: Peer): RouteCounts {
  const { updates, rejected, filtered, ignored, withdrawals, accepted } = peer.source.counts;
  const groups = FAMILIES.flatMap(({ family }) => peer.group(family)?.counts ?? []);
  const sum = (name: keyof (typeof groups)[number]): number => groups.reduce((total, group) => total + group[name], 0);
  return {
    imported: {
      updates,
      rejected,
      filtered,
      ignored,
      accepted: updates - rejected - filtered - ignored,
      withdrawals,
      ignoredWithdrawals: withdrawals - accepted,
      acceptedWithdrawals: accepted,
    },
    exported: {
      updates: sum("announced") + sum("rejected") + sum("filtered"),
      rejected: sum("rejected"),
      filtered: sum("filtered"),
      accepted: sum("announced"),
      withdrawals: sum("gone"),
      acceptedWithdrawals: sum("withdrawn"),
    },
  };
}
