// SpeakerConfig: everything a user can ask of a speaker, as one plain value. Each front door (YAML today; bird.cfg and
// Calico's resources later) produces it, `speaker.apply(config)` is the only way to change a running speaker.
//
// Defaults are already filled in, groups and inheritance are resolved, policies are compiled filters. Units are in the
// names. Equality of two configurations is decided field by field; filters compare by `identity`.

import type { FamilyName } from "../base/family.js";
import type { IpAddress, IpPrefix } from "../base/ip.js";
import type { Filter } from "../policy/route.js";

export interface SpeakerConfig {
  /** BGP Identifier (RFC 6286) as an unsigned 32-bit number. */
  readonly routerId: number;
  readonly localAs: number;
  /** CLUSTER_ID of RFC 4456; the router id where nothing else is said. */
  readonly clusterId: number;
  readonly listen: readonly ListenConfig[];
  readonly peers: readonly PeerConfig[];
  readonly dynamicPeers: readonly DynamicPeersConfig[];
  readonly gracefulRestart: GracefulRestartConfig;
  readonly multipath: MultipathConfig;
  readonly node: NodeRoutesConfig;
  readonly kernel: KernelConfig;
  readonly control: ControlConfig;
  readonly log: LogConfig;
}

export interface ListenConfig {
  readonly address: IpAddress;
  readonly port: number;
}

/** How the user came to this peer; shown in the PEER TYPE column. */
export type PeerType = "node-to-node mesh" | "global" | "node specific" | "dynamic";

export interface PeerConfig {
  /** Unique text of the address; the key of the peer in status, logs and diffs. */
  readonly key: string;
  readonly name: string;
  readonly type: PeerType;
  /** Name of the peer group it came from, or "". */
  readonly group: string;
  readonly address: IpAddress;
  readonly port: number;
  readonly as: number;
  readonly localAs: number;
  readonly localAddress: IpAddress | undefined;
  readonly passive: boolean;
  /** Administratively down from the start. */
  readonly disabled: boolean;
  readonly families: readonly FamilyName[];
  readonly holdTimeSeconds: number;
  /** 0: a third of the negotiated hold time. */
  readonly keepaliveSeconds: number;
  readonly connectRetrySeconds: number;
  /** First pause after an error; doubled up to the second (idle hold, RFC 4271 §8.1.1 DampPeerOscillations). */
  readonly idleHoldSeconds: readonly [number, number];
  /** RFC 4456: the peer is our client. Only iBGP. */
  readonly routeReflectorClient: boolean;
  /** `self`: always ourselves; `keep`: always unchanged; `default`: RFC 4271 §5.1.3 (ourselves to external peers, unchanged to internal ones). */
  readonly nextHop: "default" | "self" | "keep";
  /** 0: directly connected (TTL 1 for eBGP); otherwise the number of hops allowed. */
  readonly multihop: number;
  /** RFC 5082: packets must come with TTL ≥ 256 − multihop. */
  readonly ttlSecurity: boolean;
  readonly password: string | undefined;
  readonly importPolicy: Filter;
  readonly exportPolicy: Filter;
  /** RFC 8212 applies: eBGP without the policy of that direction. Reported in status. */
  readonly missingPolicy: readonly ("import" | "export")[];
  readonly addPathReceive: boolean;
  readonly extendedMessage: boolean;
  /** Accept and send IPv4 with IPv6 next hops (RFC 8950). */
  readonly extendedNextHop: boolean;
  readonly gracefulRestart: boolean;
}

/** RFC 4271 has none: peers that may come from a range of addresses (always passive). */
export interface DynamicPeersConfig {
  readonly prefix: IpPrefix;
  /** Most sessions at a time from this range. */
  readonly limit: number;
  /** Accepted AS numbers; empty: the template's `as`. */
  readonly asNumbers: readonly number[];
  /** `address`, `key` and `name` are replaced when a peer comes. */
  readonly template: PeerConfig;
}

/** RFC 4724. */
export interface GracefulRestartConfig {
  readonly enabled: boolean;
  /** What we ask of our peers: 0–4095. */
  readonly restartTimeSeconds: number;
  /** Longest wait for every peer's End-of-RIB after our own restart, until stale kernel routes are swept. */
  readonly deferralSeconds: number;
  /** Longest time that routes of a restarting peer stay stale, whatever it asked for. */
  readonly staleTimeSeconds: number;
  /** RFC 8538 (N bit): a NOTIFICATION or a hold time that ran out may be a restart as well. */
  readonly notification: boolean;
}

export interface MultipathConfig {
  readonly ebgp: number;
  readonly ibgp: number;
}

export interface NodeRoutesConfig {
  /** The node's address blocks: advertised, and a blackhole in the kernel as Calico does. */
  readonly blocks: readonly IpPrefix[];
  /** Borrowed addresses: /32 or /128 routes, advertised as they are. */
  readonly borrowed: readonly IpPrefix[];
  readonly static: readonly StaticRouteConfig[];
  readonly aggregates: readonly AggregateConfig[];
  /** Advertise connected prefixes of these interfaces (shell patterns, `!` excludes). */
  readonly direct: readonly string[];
  /** Advertise alien kernel routes through these interfaces (shell patterns). */
  readonly kernelRoutes: readonly string[];
}

export interface StaticRouteConfig {
  readonly prefix: IpPrefix;
  readonly via:
    | { readonly kind: "gateway"; readonly address: IpAddress; readonly device: string | undefined }
    | { readonly kind: "device"; readonly device: string }
    | { readonly kind: "blackhole" | "unreachable" | "prohibit" }
    | { readonly kind: "none" };
  /** Written to the kernel; `none` routes never are. */
  readonly install: boolean;
}

/** Advertised (and a blackhole in the kernel) while at least one longer prefix exists. */
export interface AggregateConfig {
  readonly prefix: IpPrefix;
  readonly summaryOnly: boolean;
}

export interface KernelConfig {
  /** False: pure reflector, the kernel is neither read nor written. */
  readonly enabled: boolean;
  readonly table: number;
  /** rtm_protocol; 12 is `bird`. */
  readonly protocol: number;
  /** 0: the kernel's default. */
  readonly metric: number;
  /** Which best routes go to the kernel. */
  readonly exportPolicy: Filter;
  readonly encapsulation: readonly EncapsulationConfig[];
  /** Seconds between audits that repair drift. */
  readonly auditSeconds: number;
  /** Remove our routes at exit. */
  readonly removeAtExit: boolean;
  /** Seconds after start until routes of an earlier run that nobody claimed are swept (End-of-RIB may end it sooner). */
  readonly staleSeconds: number;
}

/** IPIP as in Calico: for prefixes inside `prefix`, first match decides. */
export interface EncapsulationConfig {
  readonly prefix: IpPrefix;
  readonly mode: "never" | "always" | "crossSubnet";
  readonly device: string;
}

export interface ControlConfig {
  /** Path of the Unix socket; empty: none. */
  readonly socket: string;
  /** Octal permissions. */
  readonly mode: number;
  /** Group name that owns the socket; "" leaves it. */
  readonly group: string;
}

export interface LogConfig {
  readonly level: "error" | "warn" | "info" | "debug";
  readonly format: "text" | "json";
}
