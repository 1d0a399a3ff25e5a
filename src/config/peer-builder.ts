// One peer of a configuration file → PeerConfig: fills in every option and refuses combinations that cannot work. What is
// internal and external follows from the AS numbers (RFC 4271 §1.1).

import { addressFamily, formatAddress, type IpAddress, isLinkLocal } from "../base/ip.js";
import type { FamilyName } from "../base/family.js";
import { ACCEPT_ALL, type Filter, REJECT_ALL } from "../policy/route.js";
import type { ConfigReport } from "./config-report.js";
import type { EffectiveOptions } from "./peer-options.js";
import type { FilterSource } from "./policy-filters.js";
import { asList } from "./schema-values.js";
import type { PeerOptions } from "./peer-schema.js";
import type { MaxPrefixesConfig, PeerConfig, PeerType } from "./speaker-config.js";
import type { Path } from "./yaml-source.js";

/** What distinguishes a peer from others with the same options. */
export interface PeerIdentity {
  readonly address: IpAddress;
  /** Text for status and logs; the address for a single peer, the prefix for a dynamic range. */
  readonly key: string;
  readonly name: string;
  readonly type: PeerType;
  readonly group: string;
  /** Takes the place of the options' `as`. */
  readonly as: number | undefined;
  /** Our address for this session, where the options name none. */
  readonly localAddress: IpAddress | undefined;
  readonly path: Path;
}

export interface PeerBuilderContext {
  readonly localAs: number;
  readonly filters: FilterSource;
  readonly report: ConfigReport;
}

/** Gives undefined after a fault that leaves no peer; other faults are reported and the peer is given. */
export function buildPeer(
  identity: PeerIdentity,
  options: EffectiveOptions,
  context: PeerBuilderContext,
): PeerConfig | undefined {
  const { report } = context;
  const as = identity.as ?? options.find("as");
  if (as === undefined) {
    report.fault(
      identity.path,
      `the AS number of ${identity.key} is missing`,
      'set "as" here, in its group or in defaults',
    );
    return undefined;
  }
  const localAs = options.find("localAs") ?? context.localAs;
  const isExternal = as !== localAs;
  const family: FamilyName = addressFamily(identity.address) === 0 ? "ipv4" : "ipv6";
  const peer: PeerConfig = {
    key: identity.key,
    name: identity.name,
    type: identity.type,
    group: identity.group,
    address: identity.address,
    as,
    localAs,
    localAddress: localAddressOf(identity, options, report),
    port: options.get("port"),
    passive: options.get("passive"),
    disabled: options.get("disabled"),
    families: [...new Set(options.find("families") ?? [family])],
    holdTimeSeconds: options.get("holdTimeSeconds"),
    keepaliveSeconds: options.get("keepaliveSeconds"),
    connectRetrySeconds: options.get("connectRetrySeconds"),
    delayOpenSeconds: options.get("delayOpenSeconds"),
    sendHoldSeconds: options.find("sendHoldSeconds"),
    idleHoldSeconds: options.get("idleHoldSeconds"),
    birdWaits: undefined,
    maxPrefixesAccepted: undefined,
    routeReflectorClient: options.get("routeReflectorClient"),
    nextHop: nextHopOf(options),
    ...hopsOf(options),
    password: options.find("password"),
    ...policiesOf(options, isExternal, localAs, context.filters),
    weight: options.get("weight"),
    localPref: options.find("localPref"),
    localAsNoPrepend: options.get("localAsNoPrepend"),
    localAsReplaceAs: options.get("localAsReplaceAs"),
    allowAsIn: options.get("allowAsIn"),
    asOverride: options.get("asOverride"),
    removePrivateAs: options.get("removePrivateAs"),
    enforceFirstAs: options.get("enforceFirstAs"),
    defaultOriginate: options.get("defaultOriginate"),
    maxPrefixesIn: maxPrefixesOf(options.find("maxPrefixesIn")),
    maxPrefixesOut: maxPrefixesOf(options.find("maxPrefixesOut")),
    role: options.find("role"),
    roleStrict: options.get("roleStrict"),
    gracefulShutdown: options.get("gracefulShutdown"),
    blackhole: options.get("blackhole"),
    addPathReceive: options.get("addPathReceive"),
    addPathSend: options.get("addPathSend"),
    extendedMessage: options.get("extendedMessage"),
    extendedNextHop: options.get("extendedNextHop"),
    gracefulRestart: options.get("gracefulRestart"),
    restartTimeSeconds: undefined,
  };
  checkPeer(peer, identity, options, report);
  return peer;
}

function nextHopOf(options: EffectiveOptions): PeerConfig["nextHop"] {
  const mode = options.get("nextHop");
  return mode === "unchanged" ? "keep" : mode;
}

function maxPrefixesOf(input: PeerOptions["maxPrefixesIn"]): MaxPrefixesConfig | undefined {
  if (input === undefined) return undefined;
  const limits = typeof input === "number" ? { ipv4: input, ipv6: input } : input;
  return {
    ipv4: limits.ipv4,
    ipv6: limits.ipv6,
    warnPercent: limits.warnPercent ?? 75,
    action: limits.action ?? "restart",
    restartAfterSeconds: limits.restartAfterSeconds ?? 300,
  };
}

function hopsOf(options: EffectiveOptions): Pick<PeerConfig, "multihop" | "ttlSecurity"> {
  const security = options.get("ttlSecurity");
  // `ttlSecurity: 3` says both: three hops at most, and check it. One hop is what a direct session has anyway.
  if (typeof security === "number") return { multihop: security === 1 ? 0 : security, ttlSecurity: true };
  return { multihop: options.get("multihop"), ttlSecurity: security };
}

function policiesOf(
  options: EffectiveOptions,
  isExternal: boolean,
  localAs: number,
  filters: FilterSource,
): Pick<PeerConfig, "importPolicy" | "exportPolicy" | "missingPolicy"> {
  const missingPolicy: ("import" | "export")[] = [];
  const filterOf = (key: "importPolicy" | "exportPolicy", direction: "import" | "export"): Filter => {
    const names = options.find(key);
    if (names !== undefined) return filters.filter(asList(names), options.pathOf(key) ?? [], localAs);
    if (!isExternal) return ACCEPT_ALL;
    // RFC 8212 §3
    missingPolicy.push(direction);
    return REJECT_ALL;
  };
  const importPolicy = filterOf("importPolicy", "import");
  const exportPolicy = filterOf("exportPolicy", "export");
  return { importPolicy, exportPolicy, missingPolicy };
}

function localAddressOf(
  identity: PeerIdentity,
  options: EffectiveOptions,
  report: ConfigReport,
): IpAddress | undefined {
  const address = options.find("localAddress") ?? identity.localAddress;
  if (address === undefined || address.bytes.length === identity.address.bytes.length) return address;
  const path = options.pathOf("localAddress");
  const isOwn = path !== undefined && path[0] === identity.path[0];
  if (isOwn) report.fault(path, `localAddress ${formatAddress(address)} is of another family than ${identity.key}`, "");
  return identity.localAddress;
}

function checkPeer(peer: PeerConfig, identity: PeerIdentity, options: EffectiveOptions, report: ConfigReport): void {
  const isExternal = peer.as !== peer.localAs;
  const place = (key: Parameters<EffectiveOptions["find"]>[0]): Path => options.pathOf(key) ?? identity.path;
  if (peer.routeReflectorClient && isExternal) {
    const message = `${peer.key} is in AS ${peer.as}, not in ours (${peer.localAs}), and cannot be our route reflector client`;
    report.fault(place("routeReflectorClient"), message, "clients are internal peers (RFC 4456)");
  }
  checkHops(peer, options, report, isExternal);
  checkExternalOnly(peer, options, report);
  if (peer.sendHoldSeconds !== undefined && peer.sendHoldSeconds > 0 && peer.sendHoldSeconds < peer.holdTimeSeconds) {
    const message = `a send hold time of ${peer.sendHoldSeconds} s is shorter than the hold time of ${peer.holdTimeSeconds} s`;
    report.fault(
      place("sendHoldSeconds"),
      message,
      "RFC 9687 §4; without it: the greater of 480 and twice the hold time",
    );
  }
  if (peer.keepaliveSeconds > 0 && peer.holdTimeSeconds > 0 && peer.keepaliveSeconds >= peer.holdTimeSeconds) {
    const message = `keepalives every ${peer.keepaliveSeconds} s are too rare for a hold time of ${peer.holdTimeSeconds} s`;
    report.fault(place("keepaliveSeconds"), message, "0 takes a third of the hold time");
  }
  const isIpv6Session = peer.address.bytes.length === 16;
  if (isIpv6Session && peer.families.includes("ipv4") && !peer.extendedNextHop && peer.nextHop !== "keep") {
    const hint = "turn extendedNextHop on (RFC 8950)";
    report.warning(
      place("families"),
      `IPv4 routes over the IPv6 session with ${peer.key} have no IPv4 next hop of ours`,
      hint,
    );
  }
  if (peer.localAddress !== undefined && formatAddress(peer.localAddress) === formatAddress(peer.address)) {
    report.fault(identity.path, `${peer.key} is our own address`, "");
  }
}

// What would silently do nothing on an internal session is said where the peer itself, or its group, asks for it.
const EXTERNAL_ONLY = ["asOverride", "removePrivateAs", "enforceFirstAs", "role"] as const;

function checkExternalOnly(peer: PeerConfig, options: EffectiveOptions, report: ConfigReport): void {
  if (peer.as !== peer.localAs) return;
  for (const key of EXTERNAL_ONLY) {
    const path = options.pathOf(key);
    const value = options.find(key);
    if (path === undefined || path[0] === "defaults" || value === false || value === "no") continue;
    if (key === "role")
      report.fault(path, `${peer.key} is in our own AS: it has no role`, "roles are for external peers (RFC 9234)");
    else report.warning(path, `${key} has no effect on internal peers`, "");
  }
}

function checkHops(peer: PeerConfig, options: EffectiveOptions, report: ConfigReport, isExternal: boolean): void {
  const multihopPath = options.pathOf("multihop");
  const securityPath = options.pathOf("ttlSecurity");
  if (peer.ttlSecurity && securityPath !== undefined && multihopPath !== undefined && options.find("multihop") !== 0) {
    const message = "ttlSecurity and multihop exclude each other";
    report.fault(
      securityPath,
      message,
      `write ttlSecurity: ${options.find("multihop")} for that number of hops, and no multihop`,
    );
  } else if (peer.multihop > 0 && isLinkLocal(peer.address.bytes)) {
    const path = multihopPath ?? securityPath ?? [];
    report.fault(path, `${peer.key} is link-local and cannot be more than one hop away`, "");
  } else if (multihopPath !== undefined && peer.multihop > 0 && !isExternal && multihopPath[0] !== "defaults") {
    report.warning(multihopPath, "multihop has no effect on internal peers", "they may always be several hops away");
  }
}
