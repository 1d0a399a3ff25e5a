// FRRouting as a peer: zebra and bgpd with sockets of their own, vtysh as the command line.
//
// Both daemons drop their privileges to the user frr, so the folder belongs to that user. bgpd runs with -n unless it shall
// forward: its routes stay out of the kernel, while zebra still tells it which next hops are reachable.

import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FamilyName } from "../../../src/base/family.js";
import { DaemonProcess, run } from "../daemon-process.js";
import { eventually } from "../eventually.js";
import type { Namespace } from "../netns.js";
import {
  familiesOf,
  familyOfText,
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

const FRR_FOLDER = "/usr/lib/frr";

export const FRR_PROGRAMS: readonly string[] = [`${FRR_FOLDER}/bgpd`, `${FRR_FOLDER}/zebra`, "vtysh"];

interface FrrPath {
  readonly aspath?: { readonly string?: string };
  readonly nexthops?: readonly { readonly ip?: string; readonly scope?: string }[];
  readonly localPref?: number;
  readonly locPrf?: number;
  readonly med?: number;
  readonly metric?: number;
  readonly community?: { readonly list?: readonly string[] };
  readonly largeCommunity?: { readonly list?: readonly string[] };
  readonly originatorId?: string;
  readonly clusterList?: { readonly list?: readonly string[] };
  readonly bestpath?: boolean | { readonly overall?: boolean };
  readonly stale?: boolean;
  readonly sourced?: boolean;
  readonly peer?: { readonly peerId?: string };
}

export class Frr implements RealPeer {
  readonly name = "FRR";
  readonly description: PeerDescription;
  readonly #namespace: Namespace;
  readonly #forwards: boolean;
  #folder: string | undefined;
  #zebra: DaemonProcess | undefined;
  #bgpd: DaemonProcess | undefined;

  /** `forwards`: its routes go to the kernel. */
  constructor(namespace: Namespace, description: PeerDescription, { forwards = false } = {}) {
    this.#namespace = namespace;
    this.description = description;
    this.#forwards = forwards;
  }

  async start(): Promise<void> {
    await this.#prepareFolder();
    this.#zebra = this.#spawn("zebra", []);
    await this.#answers("zebra", this.#zebra);
    this.#bgpd = this.#spawn("bgpd", this.#forwards ? [] : ["-n"]);
    await this.#answers("bgpd", this.#bgpd);
  }

  async stop(): Promise<void> {
    await this.#bgpd?.stop();
    await this.#zebra?.stop();
    if (this.#folder !== undefined) await removeFolder(this.#folder);
  }

  async kill(): Promise<void> {
    await this.#bgpd?.kill();
    await this.#zebra?.kill();
  }

  async routes(family: FamilyName): Promise<PeerRoute[]> {
    const text = await this.vtysh(`show bgp ${family} unicast json detail`);
    const { routes } = JSON.parse(text) as { readonly routes?: Readonly<Record<string, unknown>> };
    const found = Object.entries(routes ?? {}).flatMap(([prefix, entry]) =>
      pathsOf(entry)
        .filter((path) => path.peer !== undefined && path.sourced !== true)
        .map((path) => makeRoute(prefix, path)),
    );
    return sortRoutes(found);
  }

  async neighborState(address: string): Promise<NeighborState> {
    const [name] = withoutZone(address);
    const text = await this.vtysh(`show bgp neighbors ${name} json`);
    const answer = JSON.parse(text) as Readonly<Record<string, { readonly bgpState?: string }>>;
    return { state: answer[name]?.bgpState ?? "Idle", text };
  }

  async announce(prefix: string): Promise<void> {
    await this.#configure(this.#family(prefix), `network ${prefix}`);
  }

  async withdraw(prefix: string): Promise<void> {
    await this.#configure(this.#family(prefix), `no network ${prefix}`);
  }

  async refresh(address: string): Promise<void> {
    await this.vtysh(`clear bgp ${address} soft in`);
  }

  async shutdown(address: string, text: string): Promise<void> {
    await this.#configure(`neighbor ${address} shutdown message ${text}`);
  }

  log(): string {
    return `${this.#zebra?.output ?? ""}${this.#bgpd?.output ?? ""}`;
  }

  /** Runs commands of FRR's own shell, one after the other, against bgpd. */
  vtysh(...commands: readonly string[]): Promise<string> {
    const words = commands.flatMap((command) => ["-c", command]);
    return run([requireProgram("vtysh"), "--vty_socket", this.#path(""), "-d", "bgpd", ...words]);
  }

  #path(name: string): string {
    if (this.#folder === undefined) throw new Error("FRR was not started");
    return join(this.#folder, name);
  }

  async #prepareFolder(): Promise<void> {
    if (this.#folder === undefined) {
      this.#folder = await makeFolder("frr");
      await chmod(this.#folder, 0o755);
    }
    await writeFile(this.#path("zebra.conf"), "hostname frr\n");
    await writeFile(this.#path("bgpd.conf"), formatConfig(this.description));
    await run(["chown", "-R", "frr:frr", this.#folder]);
  }

  #spawn(daemon: "zebra" | "bgpd", extra: readonly string[]): DaemonProcess {
    const command = [requireProgram(daemon, [FRR_FOLDER]), "-f", this.#path(`${daemon}.conf`)];
    command.push("-i", this.#path(`${daemon}.pid`), "-z", this.#path("zserv.api"), "--vty_socket", this.#path(""));
    command.push("-A", "127.0.0.1", "-P", "0", "--log", "stdout", "--log-level", "debugging", ...extra);
    return new DaemonProcess(daemon, this.#namespace.spawn(command));
  }

  async #answers(daemon: string, process: DaemonProcess): Promise<void> {
    await eventually(`${daemon}'s first answer`, async () => {
      if (!process.isRunning) throw new Error(`${daemon} ended:\n${process.output}`);
      const shell = [requireProgram("vtysh"), "--vty_socket", this.#path(""), "-d", daemon, "-c", "show version"];
      return (await run(shell)).includes("FRRouting");
    });
  }

  #family(prefix: string): string {
    return `address-family ${familyOfText(prefix)} unicast`;
  }

  async #configure(...commands: readonly string[]): Promise<void> {
    await this.vtysh("configure terminal", `router bgp ${this.description.as}`, ...commands);
  }
}

/** FRR 8 gives a list whose first element is about the prefix, later versions an object that holds the list. */
function pathsOf(entry: unknown): readonly FrrPath[] {
  if (Array.isArray(entry)) return entry as readonly FrrPath[];
  return (entry as { readonly paths?: readonly FrrPath[] }).paths ?? [];
}

function makeRoute(prefix: string, path: FrrPath): PeerRoute {
  const nextHops = path.nexthops ?? [];
  const best = typeof path.bestpath === "object" ? path.bestpath.overall === true : path.bestpath === true;
  return {
    prefix,
    nextHop: (nextHops.find((hop) => hop.scope !== "link-local") ?? nextHops[0])?.ip ?? "",
    asPath: path.aspath?.string?.replace("Local", "") ?? "",
    localPref: path.locPrf ?? path.localPref,
    med: path.metric ?? path.med,
    communities: path.community?.list ?? [],
    largeCommunities: path.largeCommunity?.list ?? [],
    originatorId: path.originatorId,
    clusterList: path.clusterList?.list ?? [],
    best,
    stale: path.stale === true,
  };
}

function formatConfig(description: PeerDescription): string {
  const { neighbors } = description;
  const lines = [
    "hostname frr",
    `router bgp ${description.as}`,
    ` bgp router-id ${description.routerId}`,
    ` bgp cluster-id ${description.routerId}`,
    " no bgp ebgp-requires-policy",
    " no bgp default ipv4-unicast",
    " no bgp network import-check",
    " coalesce-time 100",
    neighbors.some((neighbor) => neighbor.gracefulRestart === true) ? " bgp graceful-restart" : "",
    // Else every restart tells the neighbours that its forwarding state was lost.
    neighbors.some((neighbor) => neighbor.gracefulRestart === true) ? " bgp graceful-restart preserve-fw-state" : "",
    ...neighbors.flatMap(formatNeighbor),
  ];
  const routeMaps: string[] = [];
  for (const family of ["ipv4", "ipv6"] as const) {
    lines.push(` address-family ${family} unicast`);
    for (const prefix of description.announce ?? []) {
      if (familyOfText(prefix) !== family) continue;
      const sets = formatSets(description, prefix);
      const name = `announced${routeMaps.length}`;
      lines.push(`  network ${prefix}${sets.length > 0 ? ` route-map ${name}` : ""}`);
      if (sets.length > 0) routeMaps.push(`route-map ${name} permit 10`, ...sets, "exit");
    }
    for (const neighbor of neighbors.filter((each) => familiesOf(each).includes(family))) {
      const [address] = withoutZone(neighbor.address);
      lines.push(`  neighbor ${address} activate`);
      if (neighbor.rrClient === true) lines.push(`  neighbor ${address} route-reflector-client`);
      if (neighbor.nextHopSelf === true) lines.push(`  neighbor ${address} next-hop-self`);
      if (neighbor.addPath === true) lines.push(`  neighbor ${address} addpath-tx-all-paths`);
    }
    lines.push(" exit-address-family");
  }
  return `${[...lines, "exit", ...routeMaps].filter((line) => line !== "").join("\n")}\n`;
}

function formatSets(description: PeerDescription, prefix: string): string[] {
  const { localPref, med, communities = [], largeCommunities = [] } = description.attributes?.[prefix] ?? {};
  const all = [...(description.communities ?? []), ...communities];
  return [
    localPref === undefined ? "" : ` set local-preference ${localPref}`,
    med === undefined ? "" : ` set metric ${med}`,
    all.length === 0 ? "" : ` set community ${all.join(" ")}`,
    largeCommunities.length === 0 ? "" : ` set large-community ${largeCommunities.join(" ")}`,
  ].filter((line) => line !== "");
}

/** FRR names a link-local neighbour without its interface. */
function withoutZone(address: string): readonly [string, string | undefined] {
  const [name, zone] = address.split("%");
  return [name, zone];
}

function formatNeighbor(neighbor: NeighborDescription): string[] {
  const [address, zone] = withoutZone(neighbor.address);
  const holdTime = neighbor.holdTimeSeconds ?? 90;
  return [
    ` neighbor ${address} remote-as ${neighbor.as}`,
    zone === undefined ? "" : ` neighbor ${address} interface ${zone}`,
    ` neighbor ${address} timers ${Math.floor(holdTime / 3)} ${holdTime}`,
    ` neighbor ${address} timers connect 2`,
    ` neighbor ${address} advertisement-interval 0`,
    neighbor.localAs === undefined ? "" : ` neighbor ${address} local-as ${neighbor.localAs} no-prepend replace-as`,
    neighbor.fourOctetAs === false ? ` neighbor ${address} dont-capability-negotiate` : "",
    neighbor.extendedNextHop === true ? ` neighbor ${address} capability extended-nexthop` : "",
    neighbor.ttlSecurity === true ? ` neighbor ${address} ttl-security hops 1` : "",
    neighbor.passive === true ? ` neighbor ${address} passive` : "",
    neighbor.password === undefined ? "" : ` neighbor ${address} password ${neighbor.password}`,
    neighbor.multihop === undefined ? "" : ` neighbor ${address} ebgp-multihop ${neighbor.multihop}`,
    neighbor.gracefulRestart === true ? "" : ` neighbor ${address} graceful-restart-disable`,
  ];
}
