// What the interop tests want of other people's BGP daemons: one description in, one form of answers out.
//
// Each class beside this file writes the configuration of its daemon from a PeerDescription, runs it in a network
// namespace with everything it needs in a folder of its own, and reads its own command line.

import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { FamilyName } from "../../../src/base/family.js";

export interface NeighborDescription {
  readonly address: string;
  readonly as: number;
  /** What the session carries; default: the family of the address. */
  readonly families?: readonly FamilyName[];
  /** The neighbour is a route reflector client of this peer. */
  readonly rrClient?: boolean;
  readonly passive?: boolean;
  readonly password?: string;
  /** Hops allowed; default: directly connected. */
  readonly multihop?: number;
  /** RFC 5082, one hop. */
  readonly ttlSecurity?: boolean;
  /** The peer's own address in this session; only ExaBGP has to be told, and may be told in its constructor. */
  readonly localAddress?: string;
  /** The peer's own AS number in this session, where it is another than usual. */
  readonly localAs?: number;
  /** False: the capability of RFC 6793 is not announced, as an old speaker does; FRR then announces none at all. */
  readonly fourOctetAs?: boolean;
  /** All paths are sent, and several received (RFC 7911). */
  readonly addPath?: boolean;
  /** IPv4 routes with IPv6 next hops (RFC 8950). */
  readonly extendedNextHop?: boolean;
  /** RFC 8654, where it must be asked for: FRR and ExaBGP always offer it. */
  readonly extendedMessages?: boolean;
  /** Ask for graceful restart (RFC 4724) and help with it; default: false. */
  readonly gracefulRestart?: boolean;
  readonly holdTimeSeconds?: number;
  readonly nextHopSelf?: boolean;
}

export interface PeerDescription {
  readonly as: number;
  readonly routerId: string;
  readonly neighbors: readonly NeighborDescription[];
  /** Prefixes of both families that the peer originates. */
  readonly announce?: readonly string[];
  /** Communities put on what it announces, as `65000:1`. */
  readonly communities?: readonly string[];
  /** What else single announced prefixes have. */
  readonly attributes?: Readonly<Record<string, AnnouncedAttributes>>;
}

/** Attributes of a prefix that a peer originates. */
export interface AnnouncedAttributes {
  readonly localPref?: number;
  readonly med?: number;
  readonly communities?: readonly string[];
  /** As `65000:1:2`. */
  readonly largeCommunities?: readonly string[];
  /** Only ExaBGP, which takes every attribute from its user. */
  readonly nextHop?: string;
  readonly asPath?: readonly number[];
  /** Only ExaBGP: the prefix is announced once for each, with that path identifier and the community `65000:ID`. */
  readonly pathIds?: readonly number[];
  /** Only ExaBGP, which else announces everything to everyone: the neighbours that are told. */
  readonly to?: readonly string[];
}

/** A route learned by BGP, as the peer shows it. */
export interface PeerRoute {
  readonly prefix: string;
  readonly nextHop: string;
  /** AS numbers separated by spaces; sets in braces. */
  readonly asPath: string;
  readonly localPref: number | undefined;
  readonly med: number | undefined;
  readonly communities: readonly string[];
  /** As `65000:1:2`. */
  readonly largeCommunities: readonly string[];
  readonly originatorId: string | undefined;
  readonly clusterList: readonly string[];
  readonly best: boolean;
  /** Kept for a restarting neighbour (RFC 4724). */
  readonly stale: boolean;
}

export interface NeighborState {
  /** RFC 4271 name: `Idle`, `Connect`, `Active`, `OpenSent`, `OpenConfirm`, `Established`. */
  readonly state: string;
  /** All the peer's command line says of it. */
  readonly text: string;
}

export interface RealPeer {
  readonly name: string;
  readonly description: PeerDescription;
  /** Resolves when the daemon answers its command line. Also starts again after kill. */
  start(): Promise<void>;
  /** Ends the daemon and removes its folder. */
  stop(): Promise<void>;
  /** SIGKILL; the folder stays for the next start. */
  kill(): Promise<void>;
  /** Learned routes, sorted by prefix. */
  routes(family: FamilyName): Promise<PeerRoute[]>;
  neighborState(address: string): Promise<NeighborState>;
  announce(prefix: string): Promise<void>;
  withdraw(prefix: string): Promise<void>;
  /** Asks the neighbour to send everything again (RFC 2918). */
  refresh(address: string): Promise<void>;
  /** Administrative shutdown of one session with a text (RFC 9003). */
  shutdown(address: string, text: string): Promise<void>;
  /** The daemon's log so far. */
  log(): string;
}

/** The address family of an address or prefix. */
export function familyOfText(text: string): FamilyName {
  return text.includes(":") ? "ipv6" : "ipv4";
}

export function familiesOf(neighbor: NeighborDescription): readonly FamilyName[] {
  return neighbor.families ?? [familyOfText(neighbor.address)];
}

export function sortRoutes(routes: readonly PeerRoute[]): PeerRoute[] {
  return [...routes].sort((a, b) => (a.prefix < b.prefix ? -1 : a.prefix > b.prefix ? 1 : 0));
}

/** Absolute path of a program in PATH, in the places of system programs or in `folders`; undefined if there is none. */
export function findProgram(name: string, folders: readonly string[] = []): string | undefined {
  const path = [...folders, ...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/bin"];
  const candidates = name.startsWith("/") ? [name] : path.map((folder) => join(folder, name));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch (error) {
      if (error instanceof Error) return false;
      throw error;
    }
  });
}

/** Like findProgram; throws where it is missing. */
export function requireProgram(name: string, folders: readonly string[] = []): string {
  const path = findProgram(name, folders);
  if (path === undefined) throw new Error(`${name} is not installed`);
  return path;
}

/** A folder for one daemon. The name is short: sockets in it must fit into 107 octets. */
export function makeFolder(name: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `${name}-`));
}

export async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}
