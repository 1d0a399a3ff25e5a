// What a configuration file of BIRD declares → SpeakerConfig: everything this speaker does in BIRD's way, with BIRD's
// defaults. What has no counterpart here is refused with its place (refuse.ts) or listed in docs/bird-compatibility.md.

import { formatIpv4Word } from "../../base/ip.js";
import type { GracefulRestartConfig, ListenConfig, SpeakerConfig } from "../../config/speaker-config.js";
import type { BgpDeclaration, BirdConfig } from "../language/declarations.js";
import { bgpPeers } from "./bgp-peers.js";
import { BIRD_COMPATIBILITY } from "./bird-compatibility.js";
import type { FilterSource } from "./filter-source.js";
import {
  checkLocalProtocols,
  enabledOf,
  kernelConfig,
  mergedPaths,
  nodeRoutes,
  RECOVERY_SECONDS,
} from "./local-protocols.js";
import { refuse } from "./refuse.js";

const BGP_PORT = 179;
/** BIRD asks its peers to keep its routes for so long (RFC 4724). */
const RESTART_SECONDS = 120;
/** The longest time that a peer can ask for: what it asks for is what it gets. */
const LONGEST_RESTART_SECONDS = 4095;
const SOCKET_MODE = 0o660;

export interface ToSpeakerOptions {
  /** Where the file has none: of the interfaces, or of the configuration before. */
  readonly routerId: number;
  readonly controlSocket: string;
  readonly filters: FilterSource;
}

/** Throws BirdConfigError for what cannot be done. */
export function toSpeakerConfig(config: BirdConfig, options: ToSpeakerOptions): SpeakerConfig {
  const { ipVersion } = config;
  const routerId = config.routerId ?? options.routerId;
  const declared = config.protocols.filter((declaration) => declaration.kind === "bgp");
  checkRouterIds(config, routerId);
  checkLocalProtocols(config);
  const { filters } = options;
  const paths = mergedPaths(config);
  return {
    routerId,
    // Each session has its own (separatesLocalAs).
    localAs: declared[0]?.localAs ?? 0,
    clusterId: clusterIdOf(declared) ?? routerId,
    listen: listenOf(config, declared),
    peers: bgpPeers(declared, ipVersion, filters),
    dynamicPeers: [],
    gracefulRestart: gracefulRestartOf(config),
    multipath: { ebgp: paths, ibgp: paths, relaxAsPath: true },
    bestPath: { alwaysCompareMed: comparesAllMeds(declared), missingMedAsWorst: false },
    compatibility: BIRD_COMPATIBILITY,
    node: nodeRoutes(config),
    kernel: kernelConfig(config, filters),
    control: { socket: options.controlSocket, mode: SOCKET_MODE, group: "" },
    log: { level: "info", format: "text" },
  };
}

function checkRouterIds({ protocols }: BirdConfig, routerId: number): void {
  const other = protocols.find((declaration) => (declaration.routerId ?? routerId) !== routerId);
  if (other !== undefined) refuse(other, "A router id other than that of the daemon is not supported");
}

/** Only clients are reflected to; elsewhere the option has no effect. */
function clusterIdOf(peers: readonly BgpDeclaration[]): number | undefined {
  const reflecting = peers.filter(({ rrClient }) => rrClient === true);
  const id = reflecting[0]?.rrClusterId;
  const other = reflecting.find(({ rrClusterId }) => rrClusterId !== id);
  if (other === undefined) return id;
  const text = (word: number | undefined): string => (word === undefined ? "none" : formatIpv4Word(word));
  return refuse(other, `Different cluster ids (${text(id)}, ${text(other.rrClusterId)}) are not supported`);
}

/** One socket of our own version, and none without peers. */
function listenOf({ listen, ipVersion }: BirdConfig, peers: readonly BgpDeclaration[]): readonly ListenConfig[] {
  if (peers.length === 0) return [];
  const any = { bytes: new Uint8Array(ipVersion === 4 ? 4 : 16) };
  return [{ address: listen.address ?? any, port: listen.port ?? BGP_PORT }];
}

function gracefulRestartOf(config: BirdConfig): GracefulRestartConfig {
  return {
    enabled: enabledOf(config, "bgp").some(({ gracefulRestart }) => gracefulRestart !== "off"),
    restartTimeSeconds: RESTART_SECONDS,
    deferralSeconds: config.gracefulRestartWaitSeconds ?? RECOVERY_SECONDS,
    staleTimeSeconds: LONGEST_RESTART_SECONDS,
    notification: false,
  };
}

/** `med metric`: an option of each protocol there, of the whole decision here. */
function comparesAllMeds(peers: readonly BgpDeclaration[]): boolean {
  const compares = peers[0]?.medMetric ?? false;
  const other = peers.find(({ medMetric }) => (medMetric ?? false) !== compares);
  if (other !== undefined) refuse(other, "med metric in some protocols only is not supported");
  return compares;
}
