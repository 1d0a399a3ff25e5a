// Columns of the matrix: the peers, their versions and what they do not have. docs/interop.md is written from this.

import type { Namespace } from "../../support/netns.js";
import type { Host } from "../../support/lan.js";
import { BIRD1_PROGRAMS, Bird1 } from "../../support/peers/bird1.js";
import { BIRD2_PROGRAMS, Bird2 } from "../../support/peers/bird2.js";
import { EXABGP_PROGRAMS, Exabgp } from "../../support/peers/exabgp.js";
import { FRR_PROGRAMS, Frr } from "../../support/peers/frr.js";
import { GOBGP_PROGRAMS, Gobgp } from "../../support/peers/gobgp.js";
import { OPENBGPD_PROGRAMS, OpenBgpd } from "../../support/peers/openbgpd.js";
import type { PeerDescription, RealPeer } from "../../support/peers/real-peer.js";
import type { FeatureName, Gap, Notes } from "./cells.js";
import { BIG_COMMUNITIES, PREFIXES } from "./prefixes.js";

type Attributes = NonNullable<PeerDescription["attributes"]>;

interface Options {
  readonly name: string;
  readonly slug: string;
  /** What the package calls it; the tests in continuous integration run exactly this. */
  readonly version: string;
  readonly versionCommand: readonly string[];
  readonly programs: readonly string[];
  readonly make: (namespace: Namespace, description: PeerDescription, host: Host) => RealPeer;
  readonly gaps: Partial<Record<FeatureName, Gap>>;
  /** False: it announces what it is told and passes nothing on. */
  readonly isRouter?: boolean;
  readonly attributes?: Attributes;
  /** As a route reflector it shows its own CLUSTER_ID on everything it receives inside the AS. */
  readonly showsOwnCluster?: boolean;
  readonly notes?: Notes;
  /** False: its End-of-RIB after a restart comes before its routes, so that these are lost for a moment. */
  readonly restartsWithoutLoss?: boolean;
}

export class MatrixPeer {
  readonly name: string;
  readonly slug: string;
  readonly version: string;
  readonly versionCommand: readonly string[];
  readonly programs: readonly string[];
  readonly isRouter: boolean;
  readonly attributes: Attributes;
  readonly gaps: Partial<Record<FeatureName, Gap>>;
  readonly notes: Notes;
  readonly restartsWithoutLoss: boolean;
  readonly showsOwnCluster: boolean;
  readonly #make: Options["make"];

  constructor(options: Options) {
    this.name = options.name;
    this.slug = options.slug;
    this.version = options.version;
    this.versionCommand = options.versionCommand;
    this.programs = options.programs;
    this.isRouter = options.isRouter ?? true;
    this.attributes = options.attributes ?? {};
    this.gaps = options.gaps;
    this.notes = options.notes ?? {};
    this.showsOwnCluster = options.showsOwnCluster ?? false;
    this.restartsWithoutLoss = options.restartsWithoutLoss ?? true;
    this.#make = options.make;
  }

  make(host: Host, description: PeerDescription): RealPeer {
    return this.#make(host.namespace, description, host);
  }

  /** It has the feature, at least in one direction. */
  can(feature: FeatureName): boolean {
    return this.gaps[feature]?.missing !== "all";
  }
}

const none = (why: string): Gap => ({ missing: "all", why });

export const PEERS = {
  bird1: new MatrixPeer({
    name: "BIRD 1.6",
    slug: "bird1",
    version: "1.6.8",
    versionCommand: [BIRD1_PROGRAMS[0], "--version"],
    programs: BIRD1_PROGRAMS,
    make: (namespace, description) => new Bird1(namespace, description),
    gaps: {
      ipv6OverIpv4: none("a process of BIRD 1.6 knows one IP version"),
      extendedNextHop: none("a process of BIRD 1.6 knows one IP version; RFC 8950 came with BIRD 2"),
    },
  }),
  bird2: new MatrixPeer({
    name: "BIRD 2",
    slug: "bird2",
    version: "2.0.12",
    versionCommand: ["bird", "--version"],
    programs: BIRD2_PROGRAMS,
    make: (namespace, description) => new Bird2(namespace, description),
    gaps: {},
  }),
  frr: new MatrixPeer({
    name: "FRR",
    slug: "frr",
    version: "8.4.4",
    versionCommand: [FRR_PROGRAMS[0], "--version"],
    programs: FRR_PROGRAMS,
    make: (namespace, description) => new Frr(namespace, description),
    restartsWithoutLoss: false,
    notes: {
      gracefulRestart:
        "after its restart it was seen to send End-of-RIB at once and its routes some seconds later: between the two they are withdrawn, as RFC 4724 §4.2 wants",
      lowTtl: "takes itself for Established until its hold time ends: our messages reach it, its do not reach us",
    },
    gaps: {
      oldAs: {
        missing: ["toPeer"],
        why: "with `dont-capability-negotiate` it shows AS_TRANS as it came and does not look into AS4_PATH",
      },
    },
  }),
  gobgp: new MatrixPeer({
    name: "GoBGP",
    slug: "gobgp",
    version: "3.10.0",
    versionCommand: ["gobgp", "--version"],
    programs: GOBGP_PROGRAMS,
    make: (namespace, description) => new Gobgp(namespace, description),
    restartsWithoutLoss: false,
    notes: {
      gracefulRestart:
        "its own routes live in its API: those that are told it again only after its End-of-RIB were withdrawn meanwhile",
    },
    gaps: {
      oldAs: none("always announces the capability"),
      ipv6OverIpv4: none("finds no IPv6 next hop of its own for a session over IPv4"),
      extendedMessages: none("not implemented in 3.10, it does not announce the capability"),
      routeRefresh: {
        missing: ["fromPeer"],
        why: "never asks: it keeps what it received (`softresetin` filters it again)",
      },
      enhancedRefresh: none("not implemented in 3.10, it does not announce the capability"),
    },
  }),
  openbgpd: new MatrixPeer({
    name: "OpenBGPD",
    slug: "openbgpd",
    version: "7.7",
    versionCommand: ["bgpctl", "-V"],
    programs: OPENBGPD_PROGRAMS,
    make: (namespace, description) => new OpenBgpd(namespace, description),
    showsOwnCluster: true,
    gaps: {
      ipv6OverIpv4: { missing: ["fromPeer"], why: "announces `::1` as its IPv6 next hop over a session over IPv4" },
      extendedNextHop: none("not in 7.7: its bgpd.conf(5) has no `announce` for it"),
      extendedMessages: none("not in 7.7: its bgpd.conf(5) has no `announce` for it"),
      routeRefresh: {
        missing: ["toPeer"],
        why: "7.7 ignores every ROUTE-REFRESH it receives (openbgpd-portable issue 46)",
      },
      enhancedRefresh: {
        missing: ["toPeer"],
        why: "7.7 ignores every ROUTE-REFRESH it receives (openbgpd-portable issue 46)",
      },
      gracefulRestart: {
        missing: ["fromPeer"],
        why: "offers only the End-of-RIB marker (bgpd.conf(5), `announce restart`), so its own routes are not kept",
      },
    },
  }),
  exabgp: new MatrixPeer({
    name: "ExaBGP",
    slug: "exabgp",
    version: "4.2.21",
    versionCommand: ["exabgp", "--version"],
    programs: EXABGP_PROGRAMS,
    isRouter: false,
    make: (namespace, description, host) => new Exabgp(namespace, description, host.ipv4),
    gaps: {
      clientOfPeer: none("it is no router and reflects nothing"),
      routeRefresh: {
        missing: ["toPeer"],
        why: "a ROUTE-REFRESH makes it drop the session (Exa-Networks/exabgp issue 1237)",
      },
      enhancedRefresh: {
        missing: ["toPeer"],
        why: "a ROUTE-REFRESH makes it drop the session (Exa-Networks/exabgp issue 1237)",
      },
      shutdownText: none(
        "4.2.21 sends no text (`teardown 2`), and under Python 3 fails to decode one that it receives: it answers our NOTIFICATION with one of its own",
      ),
      gracefulRestart: { missing: ["toPeer"], why: "it has no table in which routes could be kept" },
    },
    attributes: {
      [PREFIXES.outerIpv6]: { nextHop: "fd00::3" },
      [PREFIXES.outerUnnumbered]: { nextHop: "fd01::3", to: ["fd01::1"] },
      [PREFIXES.other]: { asPath: [4200000001, 4200000003], pathIds: [101, 102] },
      [PREFIXES.big]: { asPath: [4200000001, 4200000003], communities: BIG_COMMUNITIES, to: ["10.0.0.1"] },
    },
  }),
} as const satisfies Record<string, MatrixPeer>;

export type PeerName = keyof typeof PEERS;
