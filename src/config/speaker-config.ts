// SpeakerConfig: everything a user can ask of a speaker, as one plain value. Each front door (YAML today; bird.cfg and
// Calico's resources later) produces it, `speaker.apply(config)` is the only way to change a running speaker.
//
// Defaults are already filled in, groups and inheritance are resolved, policies are compiled filters. Units are in the
// names. Equality of two configurations is decided field by field; filters compare by `identity`.

import type { Family, FamilyName } from "../base/family.js";
import type { IpAddress, IpPrefix } from "../base/ip.js";
import type { BgpRole } from "../packet/codes.js";
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
  readonly bestPath: BestPathConfig;
  readonly compatibility: CompatibilityConfig;
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
  /** The key of the peer in status, logs and diffs: unique. The text of the address, from bird.cfg the protocol's name. */
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
  /** RFC 4271 §8.1.1 DelayOpen: how long an accepted or made connection waits for the peer's OPEN first; 0: not at all. */
  readonly delayOpenSeconds: number;
  /** RFC 9687; undefined: the greater of 480 s and twice the negotiated hold time; 0: no such timer. */
  readonly sendHoldSeconds: number | undefined;
  /** First pause after an error; doubled up to the second (idle hold, RFC 4271 §8.1.1 DampPeerOscillations). */
  readonly idleHoldSeconds: readonly [number, number];
  /** As BIRD waits; undefined, as always in YAML: as the RFC says. */
  readonly birdWaits: BirdWaitsConfig | undefined;
  /** RFC 4456: the peer is our client. Only iBGP. */
  readonly routeReflectorClient: boolean;
  readonly nextHop: NextHopMode;
  /** 0: directly connected (TTL 1 for eBGP); otherwise the number of hops allowed. */
  readonly multihop: number;
  /** RFC 5082: packets must come with TTL ≥ 256 − multihop. */
  readonly ttlSecurity: boolean;
  readonly password: string | undefined;
  readonly importPolicy: Filter;
  readonly exportPolicy: Filter;
  /** RFC 8212 applies: eBGP without the policy of that direction. Reported in status. */
  readonly missingPolicy: readonly ("import" | "export")[];
  /** Local preference among sources before the decision process; policies may change it. */
  readonly weight: number;
  /** LOCAL_PREF of routes of an external peer, or of an internal one that sends none; undefined: 100. */
  readonly localPref: number | undefined;
  /** RFC 7705 §3.3, where localAs is not the speaker's: it is not put in front of the AS_PATH of received routes. */
  readonly localAsNoPrepend: boolean;
  /** RFC 7705 §3.3: the speaker's own AS is not seen behind localAs in announced routes. */
  readonly localAsReplaceAs: boolean;
  /** How often our AS may be in the AS_PATH of received routes. */
  readonly allowAsIn: number;
  /** The peer's AS in announced AS_PATHs is replaced by ours. Only eBGP. */
  readonly asOverride: boolean;
  /** Private AS numbers (RFC 6996) in announced AS_PATHs. Only eBGP. */
  readonly removePrivateAs: "no" | "remove" | "replace";
  /** RFC 4271 §6.3: the leftmost AS of an external peer's routes must be its own. */
  readonly enforceFirstAs: boolean;
  /** The default route of each family is announced to the peer, whether there is one or not. */
  readonly defaultOriginate: boolean;
  readonly maxPrefixesIn: MaxPrefixesConfig | undefined;
  readonly maxPrefixesOut: MaxPrefixesConfig | undefined;
  /** Of received prefixes those that the import policy accepts (BIRD's `import limit`); undefined, as always in YAML: no limit. */
  readonly maxPrefixesAccepted: MaxPrefixesConfig | undefined;
  /** RFC 9234: what we are to the peer. Only eBGP. */
  readonly role: BgpRole | undefined;
  /** RFC 9234 §4.2: a peer without the capability is refused. */
  readonly roleStrict: boolean;
  /** RFC 8326: routes with GRACEFUL_SHUTDOWN from the peer get LOCAL_PREF 0. Only eBGP. */
  readonly gracefulShutdown: boolean;
  /** RFC 7999: routes with BLACKHOLE from the peer are installed as blackholes and announced no further than the AS. */
  readonly blackhole: boolean;
  readonly addPathReceive: boolean;
  /** RFC 7911: paths per prefix announced to the peer, best first; 0: only the best, without path identifiers. */
  readonly addPathSend: number | "all";
  readonly extendedMessage: boolean;
  /** Accept and send IPv4 with IPv6 next hops (RFC 8950). */
  readonly extendedNextHop: boolean;
  /** `aware`: we help a peer that restarts, and ask for nothing ourselves (RFC 4724 §3, no families). */
  readonly gracefulRestart: boolean | "aware";
  /** Restart time of RFC 4724 told to this peer; undefined: the speaker's. For as long after our own restart, kernel routes
   *  that may be the peer's stay. */
  readonly restartTimeSeconds: number | undefined;
}

/** `self`: always ourselves; `selfExternal`: ourselves for routes of external peers and our own; `keep`: always unchanged;
 *  `default`: RFC 4271 §5.1.3 (ourselves to external peers, unchanged to internal ones). */
export type NextHopMode = "default" | "self" | "selfExternal" | "keep";

/** Seconds under BIRD's names: `connect delay time`, `error forget time`, `startup hold time`. */
export interface BirdWaitsConfig {
  readonly connectDelaySeconds: number;
  readonly errorForgetSeconds: number;
  readonly startupHoldSeconds: number;
}

/** RFC 4271 §6.7, RFC 4486: upper bound of prefixes in one direction. */
export interface MaxPrefixesConfig {
  /** By family; undefined: no limit. */
  readonly ipv4: number | undefined;
  readonly ipv6: number | undefined;
  /** A warning is logged at this part of the limit. */
  readonly warnPercent: number;
  /** `warn`: only say so; `restart`: Cease and again after restartAfterSeconds; `disable`: Cease, and down until an administrator enables the peer. */
  readonly action: "warn" | "restart" | "disable";
  readonly restartAfterSeconds: number;
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
  /** Longest wait for the End-of-RIB of peers that are there after our own restart, before we send ours. */
  readonly deferralSeconds: number;
  /** Longest time that routes of a restarting peer stay stale, whatever it asked for. */
  readonly staleTimeSeconds: number;
  /** RFC 8538 (N bit): a NOTIFICATION or a hold time that ran out may be a restart as well. */
  readonly notification: boolean;
}

export interface MultipathConfig {
  readonly ebgp: number;
  readonly ibgp: number;
  /** Paths with other AS numbers in an equally long AS_PATH count as equal. */
  readonly relaxAsPath: boolean;
}

/** RFC 4271 §9.1.2.2 c): how MULTI_EXIT_DISC counts. */
export interface BestPathConfig {
  /** Also between paths of different neighbouring ASes. */
  readonly alwaysCompareMed: boolean;
  /** A path without MED is the worst instead of the best. */
  readonly missingMedAsWorst: boolean;
}

/** Where BIRD 1.6, as Calico uses it, does otherwise than the RFCs or than Starling by itself: one field per difference. All
 *  are off in YAML; the front door for bird.cfg sets them. Reactions to malformed messages are the RFCs' in both. */
export interface CompatibilityConfig {
  /** OPENs offer BIRD's capabilities in BIRD's order: multiprotocol, refresh, graceful restart, 4-octet AS, ADD-PATH, enhanced
   *  refresh, long-lived graceful restart with no families ("aware") where graceful restart is not off. Restarting and
   *  forwarding-preserved bits are set while we recover, and only then. End-of-RIB goes to every peer for which graceful
   *  restart is not off, whatever the peer offers. */
  readonly birdCapabilities: boolean;
  /** A configured keepalive time is used as it is, whatever hold time was negotiated. */
  readonly fixedKeepalive: boolean;
  /** A connection that is not wanted is closed without a message; off: with Cease/Connection Rejected (RFC 4486). */
  readonly refusesSilently: boolean;
  /** Export policies see the route as it would be sent: our AS in front for external peers, LOCAL_PREF 100 on routes that
   *  have none, a next hop; and what they change is not changed again afterwards. */
  readonly preparedExport: boolean;
  /** A MED that came with a route is sent to external peers as 0 instead of not at all. */
  readonly zeroMedToExternal: boolean;
  /** A path whose next hop does not resolve takes part in the decision: behind all others of its weight. It is announced, and
   *  unreachable in the kernel. Off: it is not used (RFC 4271 §9.1.2.1). */
  readonly keepsUnresolved: boolean;
  /** Of paths of one weight (BIRD: `preference`) the node's own are better than learned ones. Off: the rules of RFC 4271 §9.1.2.2
   *  go on with LOCAL_PREF. */
  readonly ownFirst: boolean;
  /** The node's own routes that have a gateway (static, kernel) are announced with that gateway as next hop: to internal
   *  peers, and to external ones with `nextHop: keep`. */
  readonly announcesGateways: boolean;
  /** On multihop sessions our IPv6 next hop is the global address alone. Off: the link-local one goes with it wherever the
   *  peer shares the subnet (RFC 2545 §3). */
  readonly globalNextHopOverMultihop: boolean;
  /** Of paths equal in every step up to the peer's address the older wins, instead of the lower path id. */
  readonly olderWins: boolean;
  /** Our cluster id in a CLUSTER_LIST is a loop on sessions with clients only, and such a route is not sent to clients. Off:
   *  it is one on every session (RFC 4456 §8). */
  readonly clusterLoopOnlyWithClients: boolean;
  /** Each session knows its own local AS only: internal ones with different local AS numbers are not one iBGP, so that routes
   *  pass between them without reflection, and the speaker's AS is neither put in front of paths nor a loop where localAs is
   *  another. Off: they are (RFC 7705). */
  readonly separatesLocalAs: boolean;
  /** The end of the process is told to peers with Cease (they withdraw) even where graceful restart was negotiated. */
  readonly ceaseAtStop: boolean;
  /** A start is a recovery (RFC 4724 §4.1) if, and only if, whoever started the process said so (BIRD's -R). Off: every start
   *  may be one. */
  readonly recoveryOnRequest: boolean;
  /** A reload enables again what a command has disabled. Off: a peer stays disabled until it is enabled. */
  readonly reloadEnables: boolean;
}

/** Weights of the node's own routes by where they come from (BIRD: `preference`); higher wins, before LOCAL_PREF. */
export interface LocalWeights {
  readonly static: number;
  readonly direct: number;
  readonly kernel: number;
}

export interface NodeRoutesConfig {
  /** The node's address blocks: advertised, and a blackhole in the kernel as Calico does. */
  readonly blocks: readonly IpPrefix[];
  /** Borrowed addresses: /32 or /128 routes, advertised as they are. */
  readonly borrowed: readonly IpPrefix[];
  readonly static: readonly StaticRouteConfig[];
  readonly aggregates: readonly AggregateConfig[];
  /** Advertise connected prefixes of these interfaces: shell patterns, prefixes that hold the address, or both; `!` excludes
   *  (speaker/interface-pattern.ts). */
  readonly direct: readonly string[];
  /** Advertise alien kernel routes through these interfaces (shell patterns). */
  readonly kernelRoutes: readonly string[];
  /** Every alien kernel route is a route of ours, whatever its interface: one per prefix, with kernel facts (`Route.kernel`). */
  readonly learnsAllKernelRoutes: boolean;
  /** Undefined: 32768 for all. */
  readonly weights: LocalWeights | undefined;
  /** What scripts call those who make direct and kernel routes; static ones say it themselves. Undefined: after where they
   *  come from (`direct`, `kernel`). */
  readonly protocolNames?: { readonly direct: string | undefined; readonly kernel: string | undefined };
}

/** A gateway of a static route, which counts while it is on a link of the node. */
export interface StaticGateway {
  readonly address: IpAddress;
  readonly device: string | undefined;
}

export interface StaticRouteConfig {
  readonly prefix: IpPrefix;
  readonly via:
    | ({ readonly kind: "gateway" } & StaticGateway)
    /** Several that share the load. */
    | { readonly kind: "gateways"; readonly gateways: readonly StaticGateway[] }
    | { readonly kind: "device"; readonly device: string }
    | { readonly kind: "blackhole" | "unreachable" | "prohibit" }
    | { readonly kind: "none" };
  /** Written to the kernel; `none` routes never are. */
  readonly install: boolean;
  /** Metric in the kernel; undefined: that of KernelConfig. */
  readonly metric?: number | undefined;
  /** What scripts call the protocol that it is of; undefined: `static`. */
  readonly protocolName?: string;
}

/** Advertised (and a blackhole in the kernel) while at least one longer prefix exists. */
export interface AggregateConfig {
  readonly prefix: IpPrefix;
  readonly summaryOnly: boolean;
}

export interface KernelConfig {
  /** False: pure reflector, the kernel is neither read nor written. */
  readonly enabled: boolean;
  /** False: it is read, but routes of ours are neither written nor removed. */
  readonly writes: boolean;
  /** Whose routes are read and written: routes of the other family are another daemon's, as with `bird` and `bird6`. */
  readonly families: readonly Family[];
  readonly table: number;
  /** rtm_protocol; 12 is `bird`. */
  readonly protocol: number;
  /** 0: the kernel's default. */
  readonly metric: number;
  /** Which alien routes that are learned (NodeRoutesConfig) become routes of ours, and how. */
  readonly importPolicy: Filter;
  /** Which best routes go to the kernel. */
  readonly exportPolicy: Filter;
  /** Policies for the kernel may set `Route.kernel`: metric and tunnel of the route that is written. */
  readonly readsKernelFacts: boolean;
  readonly encapsulation: readonly EncapsulationConfig[];
  /** Seconds between audits that repair drift. */
  readonly auditSeconds: number;
  /** Remove our routes at exit. */
  readonly removeAtExit: boolean;
  /** Seconds after start until routes of an earlier run that nobody claimed are swept; with graceful restart not before every
   *  peer has told its table, or its restart time has ended. */
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
