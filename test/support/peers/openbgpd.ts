// OpenBGPD as a peer: bgpd with a control socket of its own, bgpctl as the command line.
//
// Its engines chroot into the home folder of their user, which the package leaves to be made at boot.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FamilyName } from "../../../src/base/family.js";
import { DaemonProcess, run } from "../daemon-process.js";
import { eventually } from "../eventually.js";
import type { Namespace } from "../netns.js";
import {
  familiesOf,
  makeFolder,
  type NeighborDescription,
  type NeighborState,
  type PeerDescription,
  type PeerRoute,
  type RealPeer,
  removeFolder,
  requireProgram,
  sortRoutes,
} from "./real-peer.js";

export const OPENBGPD_PROGRAMS: readonly string[] = ["/usr/sbin/bgpd", "bgpctl"];

interface OpenBgpdRoute {
  readonly prefix: string;
  readonly aspath: string;
  readonly exit_nexthop: string;
  readonly best?: boolean;
  readonly stale?: boolean;
  /** Our own. */
  readonly announced?: boolean;
  readonly localpref?: number;
  readonly metric?: number;
  readonly communities?: readonly string[];
  readonly large_communities?: readonly string[];
  readonly attributes?: readonly OpenBgpdAttribute[];
}

interface OpenBgpdAttribute {
  readonly originator?: string;
  readonly cluster_list?: readonly string[];
}

export class OpenBgpd implements RealPeer {
  readonly name = "OpenBGPD";
  readonly description: PeerDescription;
  readonly #namespace: Namespace;
  #folder: string | undefined;
  #process: DaemonProcess | undefined;

  constructor(namespace: Namespace, description: PeerDescription) {
    this.#namespace = namespace;
    this.description = description;
  }

  async start(): Promise<void> {
    this.#folder ??= await makeFolder("obgpd");
    await makeChrootFolder();
    await writeFile(this.#path("bgpd.conf"), formatConfig(this.description, this.#path("ctl")), { mode: 0o600 });
    const command = [requireProgram("bgpd", ["/usr/sbin"]), "-d", "-v", "-f", this.#path("bgpd.conf")];
    const daemon = new DaemonProcess(this.name, this.#namespace.spawn(command));
    this.#process = daemon;
    await eventually("bgpctl's first answer", async () => {
      if (!daemon.isRunning) throw new Error(`bgpd ended:\n${daemon.output}`);
      return (await this.bgpctl("show", "summary")).includes("Neighbor");
    });
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
    if (this.#folder !== undefined) await removeFolder(this.#folder);
  }

  /** Kills the parent; its engines close their sessions when they see that it is gone. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  async routes(family: FamilyName): Promise<PeerRoute[]> {
    const text = await this.bgpctl("-j", "show", "rib", family, "detail");
    const { rib } = JSON.parse(text) as { readonly rib?: readonly OpenBgpdRoute[] };
    return sortRoutes((rib ?? []).filter((route) => route.announced !== true).map(makeRoute));
  }

  async neighborState(address: string): Promise<NeighborState> {
    const text = await this.bgpctl("show", "neighbor", address);
    return { state: /BGP state = (\w+)/.exec(text)?.[1] ?? "Idle", text };
  }

  async announce(prefix: string): Promise<void> {
    await this.bgpctl("network", "add", prefix);
  }

  async withdraw(prefix: string): Promise<void> {
    await this.bgpctl("network", "delete", prefix);
  }

  async refresh(address: string): Promise<void> {
    await this.bgpctl("neighbor", address, "refresh");
  }

  async shutdown(address: string, text: string): Promise<void> {
    await this.bgpctl("neighbor", address, "down", text);
  }

  log(): string {
    return this.#process?.output ?? "";
  }

  /** Runs one command of OpenBGPD's own client. */
  bgpctl(...words: readonly string[]): Promise<string> {
    return run([requireProgram("bgpctl"), "-s", this.#path("ctl"), ...words]);
  }

  #path(name: string): string {
    if (this.#folder === undefined) throw new Error("bgpd was not started");
    return join(this.#folder, name);
  }
}

async function makeChrootFolder(): Promise<void> {
  const users = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  const home = users.find(([name]) => name === "_openbgpd" || name === "_bgpd")?.[5];
  if (home !== undefined) await mkdir(home, { recursive: true });
}

function makeRoute(route: OpenBgpdRoute): PeerRoute {
  const attributes = route.attributes ?? [];
  return {
    prefix: route.prefix,
    nextHop: route.exit_nexthop,
    asPath: route.aspath,
    localPref: route.localpref,
    med: route.metric,
    communities: route.communities ?? [],
    largeCommunities: route.large_communities ?? [],
    originatorId: attributes.find((attribute) => attribute.originator !== undefined)?.originator,
    clusterList: attributes.find((attribute) => attribute.cluster_list !== undefined)?.cluster_list ?? [],
    best: route.best === true,
    stale: route.stale === true,
  };
}

function formatConfig(description: PeerDescription, socket: string): string {
  return [
    `AS ${description.as}`,
    `router-id ${description.routerId}`,
    `socket "${socket}"`,
    "fib-update no",
    "connect-retry 2",
    ...(description.announce ?? []).map((prefix) => `network ${prefix}${formatSet(description, prefix)}`),
    ...description.neighbors.flatMap(formatNeighbor),
    "allow from any",
    "allow to any",
    "",
  ].join("\n");
}

function formatSet(description: PeerDescription, prefix: string): string {
  const { localPref, med, communities = [], largeCommunities = [] } = description.attributes?.[prefix] ?? {};
  const words = [...(description.communities ?? []), ...communities].map((text) => `community ${text}`);
  words.push(...largeCommunities.map((text) => `large-community ${text}`));
  if (localPref !== undefined) words.push(`localpref ${localPref}`);
  if (med !== undefined) words.push(`med ${med}`);
  return words.length === 0 ? "" : ` set { ${words.join(" ")} }`;
}

function formatNeighbor(neighbor: NeighborDescription): string[] {
  const families = familiesOf(neighbor);
  return [
    `neighbor ${neighbor.address} {`,
    `  remote-as ${neighbor.as}`,
    `  holdtime ${neighbor.holdTimeSeconds ?? 90}`,
    `  announce IPv4 ${families.includes("ipv4") ? "unicast" : "none"}`,
    `  announce IPv6 ${families.includes("ipv6") ? "unicast" : "none"}`,
    `  announce restart ${neighbor.gracefulRestart === true ? "yes" : "no"}`,
    `  announce as-4byte ${neighbor.fourOctetAs === false ? "no" : "yes"}`,
    "  announce enhanced refresh yes",
    neighbor.addPath === true ? "  announce add-path recv yes" : "",
    neighbor.addPath === true ? "  announce add-path send all" : "",
    neighbor.localAs === undefined ? "" : `  local-as ${neighbor.localAs}`,
    neighbor.ttlSecurity === true ? "  ttl-security yes" : "",
    neighbor.passive === true ? "  passive" : "",
    neighbor.rrClient === true ? "  route-reflector" : "",
    neighbor.multihop === undefined ? "" : `  multihop ${neighbor.multihop}`,
    neighbor.password === undefined ? "" : `  tcp md5sig password "${neighbor.password}"`,
    neighbor.nextHopSelf === true ? "  set nexthop self" : "",
    "}",
  ].filter((line) => line !== "");
}
