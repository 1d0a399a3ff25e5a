// GoBGP as a peer: gobgpd with its API on a Unix socket, gobgp as the command line.

import { rm, writeFile } from "node:fs/promises";
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

export const GOBGP_PROGRAMS: readonly string[] = ["gobgpd", "gobgp"];

/** Path attribute types in GoBGP's JSON. */
const ATTRIBUTE = {
  asPath: 2,
  nextHop: 3,
  med: 4,
  localPref: 5,
  community: 8,
  originatorId: 9,
  clusterList: 10,
  mpReach: 14,
  largeCommunity: 32,
};

interface GobgpPath {
  readonly best?: boolean;
  readonly stale?: boolean;
  readonly "source-id"?: string;
  readonly "neighbor-ip"?: string;
  readonly attrs: readonly GobgpAttribute[];
}

interface GobgpAttribute {
  readonly type: number;
  readonly value?: unknown;
  readonly nexthop?: string;
  readonly metric?: number;
  readonly communities?: readonly number[];
  readonly as_paths?: readonly { readonly segment_type: number; readonly asns: readonly number[] }[];
}

const STATES: Readonly<Record<string, string>> = {
  SESSION_STATE_IDLE: "Idle",
  SESSION_STATE_CONNECT: "Connect",
  SESSION_STATE_ACTIVE: "Active",
  SESSION_STATE_OPENSENT: "OpenSent",
  SESSION_STATE_OPENCONFIRM: "OpenConfirm",
  SESSION_STATE_ESTABLISHED: "Established",
};
const STATES_BY_NUMBER = ["Idle", "Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established"];

export class Gobgp implements RealPeer {
  readonly name = "GoBGP";
  readonly description: PeerDescription;
  readonly #namespace: Namespace;
  #folder: string | undefined;
  /** It was killed: the next start is a graceful restart (-r). */
  #restarts = false;
  #process: DaemonProcess | undefined;

  constructor(namespace: Namespace, description: PeerDescription) {
    this.#namespace = namespace;
    this.description = description;
  }

  async start(): Promise<void> {
    this.#folder ??= await makeFolder("gobgp");
    await writeFile(this.#path("gobgpd.toml"), formatConfig(this.description));
    // A killed gobgpd leaves its socket, and the next one does not remove it.
    await rm(this.#path("api"), { force: true });
    const command = [requireProgram("gobgpd"), "-f", this.#path("gobgpd.toml"), "-t", "toml", "-l", "debug"];
    command.push("--api-hosts", `unix://${this.#path("api")}`, "--pprof-disable");
    if (this.#restarts) command.push("-r");
    const process = new DaemonProcess(this.name, this.#namespace.spawn(command));
    this.#process = process;
    await eventually("gobgp's first answer", async () => {
      if (!process.isRunning) throw new Error(`gobgpd ended:\n${process.output}`);
      return (await this.gobgp("global")).includes("Router-ID");
    });
    for (const prefix of this.description.announce ?? []) await this.announce(prefix);
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
    if (this.#folder !== undefined) await removeFolder(this.#folder);
  }

  async kill(): Promise<void> {
    this.#restarts = true;
    await this.#process?.kill();
  }

  async routes(family: FamilyName): Promise<PeerRoute[]> {
    const text = await this.gobgp("global", "rib", "-a", family, "-j");
    const answer = JSON.parse(text) as Readonly<Record<string, readonly GobgpPath[]>>;
    const found = Object.entries(answer).flatMap(([prefix, paths]) =>
      paths.filter(isLearned).map((path) => makeRoute(prefix, path)),
    );
    return sortRoutes(found);
  }

  async neighborState(address: string): Promise<NeighborState> {
    const json = await this.gobgp("neighbor", address, "-j");
    const answer = JSON.parse(json) as { readonly state?: { readonly session_state?: string | number } };
    const state = answer.state?.session_state ?? 0;
    const text = await this.gobgp("neighbor", address);
    return { state: typeof state === "number" ? STATES_BY_NUMBER[state] : (STATES[state] ?? state), text };
  }

  async announce(prefix: string): Promise<void> {
    const { localPref, med, communities = [], largeCommunities = [] } = this.description.attributes?.[prefix] ?? {};
    const all = [...(this.description.communities ?? []), ...communities];
    const words = [
      ...(localPref === undefined ? [] : ["local-pref", String(localPref)]),
      ...(med === undefined ? [] : ["med", String(med)]),
      ...(all.length === 0 ? [] : ["community", all.join(",")]),
      ...(largeCommunities.length === 0 ? [] : ["large-community", largeCommunities.join(",")]),
    ];
    await this.gobgp("global", "rib", "add", prefix, ...words, "-a", familyOfText(prefix));
  }

  async withdraw(prefix: string): Promise<void> {
    await this.gobgp("global", "rib", "del", prefix, "-a", familyOfText(prefix));
  }

  /** GoBGP sends no ROUTE-REFRESH: it evaluates again what it keeps of each peer. */
  async refresh(address: string): Promise<void> {
    await this.gobgp("neighbor", address, "softresetin");
  }

  async shutdown(address: string, text: string): Promise<void> {
    await this.gobgp("neighbor", address, "shutdown", "--reason", text);
  }

  log(): string {
    return this.#process?.output ?? "";
  }

  /** Runs one command of GoBGP's own client. */
  gobgp(...words: readonly string[]): Promise<string> {
    return run([requireProgram("gobgp"), "--target", `unix://${this.#path("api")}`, ...words]);
  }

  #path(name: string): string {
    if (this.#folder === undefined) throw new Error("gobgpd was not started");
    return join(this.#folder, name);
  }
}

function isLearned(path: GobgpPath): boolean {
  return path["neighbor-ip"] !== undefined && path["neighbor-ip"] !== "<nil>" && path["neighbor-ip"] !== "invalid IP";
}

function makeRoute(prefix: string, path: GobgpPath): PeerRoute {
  const find = (type: number): GobgpAttribute | undefined => path.attrs.find((attribute) => attribute.type === type);
  const segments = find(ATTRIBUTE.asPath)?.as_paths ?? [];
  const asPath = segments.map(({ segment_type, asns }) =>
    segment_type === 1 ? `{${asns.join(",")}}` : asns.join(" "),
  );
  const nextHop = find(ATTRIBUTE.mpReach)?.nexthop ?? find(ATTRIBUTE.nextHop)?.nexthop ?? "";
  const communities = find(ATTRIBUTE.community)?.communities ?? [];
  const largeCommunities = find(ATTRIBUTE.largeCommunity)?.value;
  const originatorId = find(ATTRIBUTE.originatorId)?.value;
  const clusterList = find(ATTRIBUTE.clusterList)?.value;
  const localPref = find(ATTRIBUTE.localPref)?.value;
  return {
    prefix,
    nextHop,
    asPath: asPath.join(" "),
    localPref: typeof localPref === "number" ? localPref : undefined,
    med: find(ATTRIBUTE.med)?.metric,
    communities: communities.map((word) => `${word >>> 16}:${word & 0xffff}`),
    largeCommunities: Array.isArray(largeCommunities) ? largeCommunities.map(largeText) : [],
    originatorId: typeof originatorId === "string" ? originatorId : undefined,
    clusterList: Array.isArray(clusterList) ? clusterList.map(String) : [],
    best: path.best === true,
    stale: path.stale === true,
  };
}

function largeText(value: { ASN: number; LocalData1: number; LocalData2: number }): string {
  return `${value.ASN}:${value.LocalData1}:${value.LocalData2}`;
}

function formatConfig(description: PeerDescription): string {
  const lines = ["[global.config]", `  as = ${description.as}`, `  router-id = "${description.routerId}"`];
  return `${[...lines, ...description.neighbors.flatMap((each) => formatNeighbor(description, each))].join("\n")}\n`;
}

function formatNeighbor(description: PeerDescription, neighbor: NeighborDescription): string[] {
  const holdTime = neighbor.holdTimeSeconds ?? 90;
  const restarts = neighbor.gracefulRestart === true;
  const lines = ["[[neighbors]]", "[neighbors.config]", `  neighbor-address = "${neighbor.address}"`];
  lines.push(`  peer-as = ${neighbor.as}`);
  if (neighbor.localAs !== undefined) lines.push(`  local-as = ${neighbor.localAs}`);
  if (neighbor.password !== undefined) lines.push(`  auth-password = "${neighbor.password}"`);
  lines.push(
    "[neighbors.timers.config]",
    `  hold-time = ${holdTime}`,
    `  keepalive-interval = ${Math.floor(holdTime / 3)}`,
  );
  lines.push("  connect-retry = 2", "  idle-hold-time-after-reset = 1");
  if (neighbor.passive === true) lines.push("[neighbors.transport.config]", "  passive-mode = true");
  if (neighbor.multihop !== undefined) {
    lines.push("[neighbors.ebgp-multihop.config]", "  enabled = true", `  multihop-ttl = ${neighbor.multihop}`);
  }
  if (neighbor.ttlSecurity === true) {
    lines.push("[neighbors.ttl-security.config]", "  enabled = true", "  ttl-min = 255");
  }
  if (neighbor.rrClient === true) {
    lines.push("[neighbors.route-reflector.config]", "  route-reflector-client = true");
    lines.push(`  route-reflector-cluster-id = "${description.routerId}"`);
  }
  if (restarts) lines.push("[neighbors.graceful-restart.config]", "  enabled = true", "  restart-time = 60");
  for (const family of familiesOf(neighbor)) {
    lines.push("[[neighbors.afi-safis]]", "[neighbors.afi-safis.config]", `  afi-safi-name = "${family}-unicast"`);
    if (restarts) lines.push("[neighbors.afi-safis.mp-graceful-restart.config]", "  enabled = true");
    if (neighbor.addPath === true) {
      lines.push("[neighbors.afi-safis.add-paths.config]", "  receive = true", "  send-max = 8");
    }
  }
  return lines;
}
