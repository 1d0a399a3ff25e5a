// Read-only views of a running speaker, plain JSON values: what status, the control API and tests look at.

import type { FamilyName } from "../base/family.js";

export type FsmStateName = "Idle" | "Connect" | "Active" | "OpenSent" | "OpenConfirm" | "Established";

export interface SpeakerStatus {
  readonly version: string;
  readonly routerId: string;
  readonly localAs: number;
  readonly startedAt: string;
  /** ISO time of the last configuration that was applied. */
  readonly configuredAt: string;
  readonly lastReload: { readonly ok: boolean; readonly at: string; readonly message: string };
  /** `kernel routes: table main, protocol 12`, or why there are none. */
  readonly kernel: {
    readonly enabled: boolean;
    readonly text: string;
    readonly wanted: number;
    readonly installed: number;
    readonly failed: number;
    readonly stale: number;
  };
  /** Our own restart. `waitingFor`: peers that have neither told their table nor had their time; there may be some when
   *  `recovering`, the time in which End-of-RIB is withheld, is over. Of that time `elapsedSeconds` of at most `totalSeconds`
   *  have passed. */
  readonly gracefulRestart: {
    readonly recovering: boolean;
    readonly waitingFor: readonly string[];
    readonly elapsedSeconds: number;
    readonly totalSeconds: number;
  };
  readonly routes: Readonly<Record<FamilyName, { readonly prefixes: number; readonly paths: number }>>;
  readonly peers: { readonly total: number; readonly established: number; readonly disabled: number };
  /** RFC 8326: how many peers are drained; `all`: those that come later as well. */
  readonly draining: { readonly peers: number; readonly all: boolean };
  readonly listeners: readonly { readonly address: string; readonly port: number }[];
  /** Absent where nobody measures it. */
  readonly eventLoopDelay?: EventLoopDelay;
  /** Things a user should know and mend: missing addon, RFC 8212, failed kernel routes. */
  readonly warnings: readonly string[];
}

/** How late the daemon was while it had work, sampled every 10 ms of it: what a timer or a client had to wait. */
export interface EventLoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** 0: there was no work. */
  readonly samples: number;
  /** Age of the measurement. */
  readonly sinceSeconds: number;
}

export interface PeerName {
  /** The key of the peer. */
  readonly address: string;
  readonly name: string;
}

export interface PeerStatus extends PeerName {
  /** `node-to-node mesh`, `global`, `node specific`, `dynamic`. */
  readonly type: string;
  readonly group: string;
  readonly as: number;
  readonly localAs: number;
  readonly routerId: string | undefined;
  readonly state: FsmStateName;
  readonly adminDown: boolean;
  /** RFC 8326: told that its session is about to go down. */
  readonly draining: boolean;
  /** ISO time of the last entry into or exit from Established. */
  readonly since: string;
  /** `Established`, or in words why not: last NOTIFICATION, socket error, wrong AS, waiting … */
  readonly info: string;
  readonly routeReflectorClient: boolean;
  readonly passive: boolean;
  readonly localAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly holdTimeSeconds: number;
  readonly keepaliveSeconds: number;
  readonly uptimeSeconds: number | undefined;
  readonly capabilities: readonly string[];
  readonly families: readonly PeerFamilyStatus[];
  readonly messages: { readonly received: MessageCounts; readonly sent: MessageCounts };
  readonly lastError: string | undefined;
  readonly transitions: number;
  readonly outputQueueBytes: number;
  readonly gracefulRestart: PeerRestart;
  readonly missingPolicy: readonly string[];
}

/** RFC 4724, both ways. */
export interface PeerRestart {
  /** Of our own restart: the peer has not come up since (`pending`), or owes its End-of-RIB (`waiting`); absent: nobody waits
   *  for it. */
  readonly recovery?: "pending" | "waiting";
  /** The peer may be restarting: for so long its routes stay unless it tells them again; absent: it is not. */
  readonly secondsLeft?: number;
}

export interface PeerFamilyStatus {
  readonly family: FamilyName;
  readonly received: number;
  /** maxPrefixesIn; undefined: no limit. */
  readonly receivedLimit: number | undefined;
  readonly accepted: number;
  readonly best: number;
  readonly advertised: number;
  /** maxPrefixesOut; undefined: no limit. */
  readonly advertisedLimit: number | undefined;
  readonly stale: number;
  readonly endOfRibReceived: boolean;
}

export interface MessageCounts {
  readonly open: number;
  readonly update: number;
  readonly notification: number;
  readonly keepalive: number;
  readonly routeRefresh: number;
}

export interface RouteView {
  readonly family: FamilyName;
  readonly prefix: string;
  readonly pathId: number;
  /** Peer address, or `static`, `direct`, `kernel`, `aggregate`, `block`. */
  readonly from: string;
  readonly best: boolean;
  /** Equal to the best and used for forwarding beside it. */
  readonly multipath: boolean;
  readonly stale: boolean;
  /** Why it is not best or not eligible, the RFC's step or the policy's line; undefined for the best. */
  readonly reason: string | undefined;
  /** What the peer's options did to it on the way in, such as `LOCAL_PREF 0: GRACEFUL_SHUTDOWN (RFC 8326)`; absent:
   *  nothing. */
  readonly notes?: readonly string[];
  /** ISO time since when the path is as it is; absent: that is not kept (SpeakerDependencies.keepsTimes). */
  readonly since?: string;
  readonly nextHop: string | undefined;
  readonly nextHopReachable: boolean;
  readonly origin: "IGP" | "EGP" | "INCOMPLETE";
  readonly asPath: string;
  readonly localPref: number | undefined;
  readonly med: number | undefined;
  readonly communities: readonly string[];
  readonly extendedCommunities: readonly string[];
  readonly largeCommunities: readonly string[];
  readonly originatorId: string | undefined;
  readonly clusterList: readonly string[];
}

export type RouteStage = "received" | "best" | "advertised" | "kernel";

export interface RouteQuery {
  readonly stage: RouteStage;
  readonly family?: FamilyName;
  /** Required for `received` of one peer and for `advertised`. */
  readonly peer?: string;
  /** Only this prefix, or with `longer` also what lies inside; an address: longest match. */
  readonly prefix?: string;
  readonly longer?: boolean;
}

export interface KernelRouteView {
  readonly family: FamilyName;
  readonly prefix: string;
  readonly kind: string;
  readonly nextHops: readonly string[];
  /** Absent: that of the configuration. */
  readonly metric?: number;
  readonly state: "installed" | "pending" | "failed";
  readonly error: string | undefined;
}
