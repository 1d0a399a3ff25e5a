// What BIRD's control socket needs to know of the daemon, and what it asks of it. Plain values: how they are laid out is the
// business of the files beside this one, where they come from that of the adapter.
//
// Times are milliseconds of wall time (1970), durations are seconds. Long listings are iterators: each next() does a few
// milliseconds of work at most, so that a dump of the whole table holds up nobody.

import type { Filter } from "../../policy/route.js";

export interface BirdView {
  /** Which daemon this is: `bird` (4) or `bird6` (6). */
  readonly ipVersion: 4 | 6;
  status(): StatusView;
  /** In the order of the configuration. */
  protocols(): readonly ProtocolView[];
  /** The same with their details, in slices. */
  protocolDetails(names: readonly string[]): Iterator<readonly ProtocolDetails[], void>;
  /** Networks that have something to show, in slices. `reconfigured`: a new configuration ended the listing early. */
  routes(query: RouteQuery): Iterator<readonly NetworkView[], RoutesEnd>;
  interfaces(): readonly InterfaceView[];
  /** All static protocols, or the one of this name. */
  staticRoutes(protocol?: string): readonly StaticRouteView[];
  symbols(): readonly SymbolView[];
  /** Rows, the total among them. */
  memory(): readonly MemoryView[];
  readonly commands: BirdCommands;
  readonly expressions: ExpressionPort;
  /** Log lines from now on; gives the way to stop. */
  watchLog(listener: (line: LogLine) => void): () => void;
}

export interface StatusView {
  /** `v0.3.3+birdv1.6.8`; clients of Calico need the `v`. */
  readonly version: string;
  readonly routerId: string;
  readonly now: number;
  readonly startedAt: number;
  readonly configuredAt: number;
  readonly recovery:
    { readonly waitingFor: number; readonly leftSeconds: number; readonly totalSeconds: number } | undefined;
  readonly phase: "running" | "reconfiguring" | "shutting down";
}

export type ProtocolKind = "Static" | "Kernel" | "Device" | "Direct" | "BGP";
export type ProtocolState = "down" | "start" | "wait" | "feed" | "up" | "stop" | "flush";
export type SessionState =
  "Idle" | "Connect" | "Active" | "OpenSent" | "OpenConfirm" | "Established" | "Close" | "Passive" | "Down";

/** One row of `show protocols`. */
export interface ProtocolView {
  readonly name: string;
  readonly kind: ProtocolKind;
  readonly table: string;
  readonly state: ProtocolState;
  readonly since: number;
  /** Only BGP. */
  readonly session: { readonly state: SessionState; readonly lastError: string } | undefined;
}

export type FilterView =
  { readonly kind: "all" | "none" | "inline" } | { readonly kind: "named"; readonly name: string };

export interface LimitView {
  readonly count: number;
  readonly action: string;
  readonly isHit: boolean;
}

/** Of a row of counters; undefined: does not apply. */
export interface ChangeCounts {
  readonly received: number;
  readonly rejected: number | undefined;
  readonly filtered: number | undefined;
  readonly ignored: number | undefined;
  readonly accepted: number;
}

export interface TimerView {
  readonly left: number;
  readonly total: number;
}

/** What `show protocols all` adds. */
export interface ProtocolDetails extends ProtocolView {
  readonly description: string | undefined;
  /** What a command, or the peer, said when it went down (RFC 9003). */
  readonly message: string | undefined;
  readonly preference: number;
  readonly inputFilter: FilterView;
  readonly outputFilter: FilterView;
  /** Undefined while the daemon does not recover from a restart. */
  readonly recovery: "none" | "pending" | "waiting" | undefined;
  readonly receiveLimit: LimitView | undefined;
  readonly importLimit: LimitView | undefined;
  readonly exportLimit: LimitView | undefined;
  readonly routes: {
    readonly imported: number;
    /** Undefined: routes that the import filter refuses are not kept. */
    readonly filtered: number | undefined;
    readonly exported: number;
    readonly preferred: number;
  };
  readonly changes: {
    readonly importUpdates: ChangeCounts;
    readonly importWithdraws: ChangeCounts;
    readonly exportUpdates: ChangeCounts;
    readonly exportWithdraws: ChangeCounts;
  };
  /** Only BGP. */
  readonly bgp: BgpDetails | undefined;
}

export interface BgpDetails {
  /** With `%eth0` where it is link-local. */
  readonly neighborAddress: string;
  readonly neighborAs: number;
  /** It went away and its routes are kept (RFC 4724). */
  readonly neighborRestarts: boolean;
  readonly restartSecondsLeft: number | undefined;
  readonly errorWait: TimerView | undefined;
  readonly connectDelay: TimerView | undefined;
  /** Undefined unless Established. */
  readonly established: EstablishedDetails | undefined;
}

export interface EstablishedDetails {
  readonly neighborId: string;
  /** In BIRD's words and order: `refresh`, `enhanced-refresh`, `restart-able` … */
  readonly neighborCapabilities: readonly string[];
  /** `internal`, `multihop`, `route-reflector`, `AS4` … */
  readonly session: readonly string[];
  readonly sourceAddress: string;
  readonly routeLimit: { readonly used: number; readonly limit: number } | undefined;
  readonly hold: TimerView;
  readonly keepalive: TimerView;
}

// ---- routes ----

export interface RouteQuery {
  /** `exact`: this prefix; `longest`: the longest one that holds it; undefined: all. Canonical text. */
  readonly network: { readonly prefix: string; readonly match: "exact" | "longest" } | undefined;
  readonly table: string;
  /** The ones imported from this protocol. */
  readonly protocol: string | undefined;
  /** As seen by the export of `protocol`: `export`: what goes out, as it goes out; `noexport`: what its filter refuses;
   *  `preexport`: what is offered to the filter. */
  readonly exported: { readonly stage: "export" | "preexport" | "noexport"; readonly protocol: string } | undefined;
  readonly onlyBest: boolean;
  /** Only those that an import filter refused. */
  readonly onlyFiltered: boolean;
  readonly filter: Filter | undefined;
  /** Nobody looks at `paths`: NetworkView.shown will do. */
  readonly countsOnly: boolean;
}

export type RoutesEnd = "complete" | "reconfigured";

/** A network of the table. Those with nothing to show come too, with their counts. */
export interface NetworkView {
  readonly prefix: string;
  /** Routes that were looked at and routes that the query has. */
  readonly looked: number;
  readonly shown: number;
  readonly paths: readonly PathView[];
}

export interface HopView {
  readonly gateway: string;
  readonly device: string;
  readonly weight: number;
}

export type Destination =
  | { readonly kind: "via"; readonly gateway: string; readonly device: string }
  | { readonly kind: "device"; readonly device: string }
  | { readonly kind: "blackhole" | "unreachable" | "prohibited" }
  | { readonly kind: "multipath"; readonly hops: readonly HopView[] };

export type RouteSource = "static" | "static-device" | "inherit" | "device" | "BGP";

export interface PathView {
  readonly destination: Destination;
  /** Name of the protocol it was imported from. */
  readonly protocol: string;
  readonly changedAt: number;
  /** The router that told it, where that is not the gateway. */
  readonly from: string | undefined;
  /** `refused`: best, but the kernel did not take it. */
  readonly mark: "best" | "refused" | undefined;
  readonly preference: number;
  readonly source: RouteSource;
  /** Only BGP. */
  readonly bgp: BgpPathView | undefined;
  /** Names with values in the order they are shown, e.g. `BGP.origin: IGP`. */
  attributes(): readonly string[];
}

export interface BgpPathView {
  /** Metric of the way to the next hop: `?` unknown, `-` there is no way; undefined: the next hop is the neighbour's own. */
  readonly igpMetric: number | "?" | "-" | undefined;
  readonly isStale: boolean;
  /** The AS that originated it; undefined for an empty path and one that ends in a set. */
  readonly originAs: number | undefined;
  readonly origin: "IGP" | "EGP" | "Incomplete";
}

// ---- what else is shown ----

export interface InterfaceAddressView {
  /** `10.0.0.2/24`. */
  readonly text: string;
  readonly role: "Primary" | "Secondary" | "Unselected";
  readonly opposite: string | undefined;
  readonly scope: "host" | "link" | "site" | "univ";
}

export interface InterfaceView {
  readonly name: string;
  readonly index: number;
  /** Usable: set up, with carrier, and with an address of our version. */
  readonly isUp: boolean;
  /** `MultiAccess`, `Broadcast`, `AdminUp` … */
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly addresses: readonly InterfaceAddressView[];
}

export type StaticTarget =
  | { readonly kind: "blackhole" | "unreachable" | "prohibited" }
  | { readonly kind: "via" | "recursive"; readonly address: string }
  | { readonly kind: "device"; readonly device: string }
  | {
      readonly kind: "multipath";
      readonly hops: readonly { readonly address: string; readonly weight: number; readonly isDormant: boolean }[];
    };

export interface StaticRouteView {
  readonly prefix: string;
  readonly target: StaticTarget;
  /** Not in the table: there is no way to the gateway. */
  readonly isDormant: boolean;
}

export type SymbolKind =
  | "protocol"
  | "protocol template"
  | "filter"
  | "function"
  | "constant"
  | "routing table"
  | "variable"
  | "ROA table"
  | "undefined";

export interface SymbolView {
  readonly name: string;
  readonly kind: SymbolKind;
}

export interface MemoryView {
  /** With its colon. */
  readonly label: string;
  readonly bytes: number;
}

// ---- commands ----

export type ConfigureMode = "hard" | "soft";

/** How a reconfiguration ended. */
export type ConfigureResult =
  | { readonly kind: "done" | "in progress" | "queued" | "shutting down" | "nothing to do" }
  /** `file:line:column message`. */
  | { readonly kind: "error"; readonly message: string };

export interface BirdCommands {
  /** The file that `configure` reads when none is named. */
  readonly configFile: string;
  /** Parses only. Undefined: good. */
  checkConfig(file: string): Promise<string | undefined>;
  /** `undoSeconds`: go back to the present configuration unless confirmed until then. */
  configure(file: string, mode: ConfigureMode, undoSeconds: number | undefined): Promise<ConfigureResult>;
  undo(): Promise<ConfigureResult>;
  /** False: there is nothing to confirm. */
  confirm(): boolean;
  /** `message`: shown with the protocol, and told to the peer where one goes down (RFC 9003). */
  enable(protocol: string, message?: string): "enabled" | "already enabled";
  disable(protocol: string, message?: string): "disabled" | "already disabled";
  restart(protocol: string, message?: string): "restarted" | "already disabled";
  /** Undefined: nothing to be said (a part of it was done). */
  reload(protocol: string, direction: "in" | "out" | "both"): "reloading" | "reload failed" | "already disabled";
  debug(protocols: readonly string[], flags: readonly string[]): void;
  /** Writes the state to the log. */
  dump(what: string): void;
  /** Orderly shutdown; the caller has been answered when it begins. */
  shutDown(): void;
}

// ---- expressions ----

export type Compiled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string };

/** The language of filters, as far as the socket needs it. Errors are the words behind `9001`. */
export interface ExpressionPort {
  /** A named filter of the configuration. */
  namedFilter(name: string): Filter | undefined;
  /** The body of a filter, `{ … }`. */
  compileFilter(text: string): Compiled<Filter>;
  /** A condition: routes for which it is true. */
  compileCondition(text: string): Compiled<Filter>;
  /** The value of an expression as text; undefined: it fails at run time. */
  evaluate(text: string): Compiled<string | undefined>;
}

export type LogClass = "debug" | "trace" | "info" | "remote" | "warning" | "error" | "auth" | "fatal" | "bug";

export interface LogLine {
  readonly logClass: LogClass;
  readonly text: string;
}
