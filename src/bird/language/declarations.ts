// What a configuration file of BIRD says, once read: protocols with their options, templates and includes resolved, filters
// as the policy AST. Defaults are not filled in: undefined means that the file does not say.
//
// The parser makes it (all checks of BIRD's own parser passed), config/ turns it into a SpeakerConfig.

import type { IpAddress, IpPrefix } from "../../base/ip.js";
import type { Position } from "../../policy/ast.js";
import type { ScriptTable, ScriptValue } from "../../policy/script-ast.js";

export interface BirdConfig {
  /** Which daemon reads: `bird` (4) or `bird6` (6). */
  readonly ipVersion: 4 | 6;
  /** Unsigned 32 bits; undefined where it must be found from the interfaces. */
  readonly routerId: number | undefined;
  readonly listen: { readonly address: IpAddress | undefined; readonly port: number | undefined };
  /** In the order of the file, includes where they stand. Templates are not among them. */
  readonly protocols: readonly ProtocolDeclaration[];
  /** Filters and functions by name. Inline filters have names that no symbol can have (`export of Mesh_10_0_0_2`). */
  readonly scripts: ScriptTable;
  /** Longest recovery of `-R`, seconds (`graceful restart wait`). */
  readonly gracefulRestartWaitSeconds: number | undefined;
  /** Of `define`, by name. */
  readonly constants: ReadonlyMap<string, ScriptValue>;
  /** Every symbol the file defines, for `show symbols`. */
  readonly symbols: readonly { readonly name: string; readonly kind: SymbolKind }[];
  /** All files that were read, the main one first. */
  readonly files: readonly string[];
}

export type SymbolKind = "protocol" | "template" | "filter" | "function" | "constant" | "routing table" | "variable";

export type ProtocolDeclaration =
  KernelDeclaration | DeviceDeclaration | DirectDeclaration | StaticDeclaration | BgpDeclaration;

export type FilterChoice =
  | { readonly kind: "all" | "none" }
  /** A named filter, or one written in place (`isInline`); `where EXPR` is one too. */
  | { readonly kind: "filter"; readonly script: string; readonly isInline: boolean };

interface CommonDeclaration {
  readonly name: string;
  readonly at: Position;
  readonly description: string | undefined;
  readonly disabled: boolean;
  readonly preference: number | undefined;
  readonly routerId: number | undefined;
  readonly import: FilterChoice | undefined;
  readonly export: FilterChoice | undefined;
  /** Routes refused by the import filter are kept (`import keep filtered`). */
  readonly importKeepFiltered: boolean;
  /** As `debug` says; `off` is the empty list. */
  readonly debug: readonly DebugFlag[] | undefined;
  /** Prefix limits: `receive limit`, `import limit`, `export limit`. */
  readonly receiveLimit: LimitDeclaration | undefined;
  readonly importLimit: LimitDeclaration | undefined;
  readonly exportLimit: LimitDeclaration | undefined;
}

export type DebugFlag = "states" | "routes" | "filters" | "interfaces" | "events" | "packets";

export interface LimitDeclaration {
  readonly count: number;
  readonly action: "warn" | "block" | "restart" | "disable";
}

export interface KernelDeclaration extends CommonDeclaration {
  readonly kind: "kernel";
  readonly learn: boolean | undefined;
  readonly persist: boolean | undefined;
  readonly scanTimeSeconds: number | undefined;
  readonly gracefulRestart: boolean | undefined;
  /** Most next hops of a merged route; 0: off. */
  readonly mergePaths: number | undefined;
  readonly deviceRoutes: boolean | undefined;
  readonly table: number | undefined;
  readonly metric: number | undefined;
}

export interface DeviceDeclaration extends CommonDeclaration {
  readonly kind: "device";
  readonly scanTimeSeconds: number | undefined;
}

export interface InterfacePattern {
  readonly excludes: boolean;
  /** Shell pattern for the name; undefined: any. */
  readonly pattern: string | undefined;
  /** The interface must have an address of this prefix. */
  readonly prefix: IpPrefix | undefined;
}

export interface DirectDeclaration extends CommonDeclaration {
  readonly kind: "direct";
  /** One list for each `interface` option, and an interface counts if one of them takes it. In a list the first pattern that
   *  matches decides. Empty: every interface counts. */
  readonly interfaces: readonly (readonly InterfacePattern[])[];
}

export interface StaticRouteDeclaration {
  readonly prefix: IpPrefix;
  readonly at: Position;
  readonly to:
    | { readonly kind: "blackhole" | "unreachable" | "prohibit" }
    | { readonly kind: "via"; readonly gateways: readonly { readonly address: IpAddress; readonly weight: number }[] }
    | { readonly kind: "device"; readonly device: string }
    | { readonly kind: "recursive"; readonly address: IpAddress };
}

export interface StaticDeclaration extends CommonDeclaration {
  readonly kind: "static";
  readonly routes: readonly StaticRouteDeclaration[];
}

export interface BgpDeclaration extends CommonDeclaration {
  readonly kind: "bgp";
  readonly localAs: number;
  readonly localAddress: IpAddress | undefined;
  readonly neighbor: { readonly address: IpAddress; readonly port: number | undefined; readonly as: number };
  /** Hops; undefined: neither `direct` nor `multihop` is said; 0: `direct`. */
  readonly multihop: number | undefined;
  readonly ttlSecurity: boolean | undefined;
  readonly passive: boolean | undefined;
  readonly nextHop: "self" | "keep" | undefined;
  readonly missingNextHop: "self" | "drop" | "ignore" | undefined;
  readonly gateway: "recursive" | "direct" | undefined;
  readonly addPaths: "off" | "rx" | "tx" | "both" | undefined;
  readonly gracefulRestart: "off" | "aware" | "on" | undefined;
  readonly gracefulRestartTimeSeconds: number | undefined;
  readonly rrClient: boolean | undefined;
  readonly rrClusterId: number | undefined;
  readonly rsClient: boolean | undefined;
  readonly secondary: boolean | undefined;
  readonly password: string | undefined;
  /** Infinity: without a number. */
  readonly allowLocalAs: number | undefined;
  readonly connectDelaySeconds: number | undefined;
  readonly connectRetrySeconds: number | undefined;
  readonly errorWaitSeconds: readonly [number, number] | undefined;
  readonly errorForgetSeconds: number | undefined;
  readonly disableAfterError: boolean | undefined;
  readonly holdTimeSeconds: number | undefined;
  readonly startupHoldTimeSeconds: number | undefined;
  readonly keepaliveTimeSeconds: number | undefined;
  readonly defaultMed: number | undefined;
  readonly defaultLocalPref: number | undefined;
  readonly medMetric: boolean | undefined;
  readonly igpMetric: boolean | undefined;
  readonly preferOlder: boolean | undefined;
  readonly deterministicMed: boolean | undefined;
  readonly comparePathLengths: boolean | undefined;
  readonly enableRouteRefresh: boolean | undefined;
  readonly enableAs4: boolean | undefined;
  readonly enableExtendedMessages: boolean | undefined;
  readonly capabilities: boolean | undefined;
  readonly advertiseIpv4: boolean | undefined;
  readonly interpretCommunities: boolean | undefined;
  /** Interface of a link-local neighbor (`%eth0` or `interface`). */
  readonly interface: string | undefined;
}
