// ExaBGP as a peer. It has no RIB and no command line of its own here: a helper process writes what it hears as JSON
// lines into a file and hands it commands from another; this class keeps the table.

import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FamilyName } from "../../../src/base/family.js";
import { DaemonProcess } from "../daemon-process.js";
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

export const EXABGP_PROGRAMS: readonly string[] = ["exabgp"];

interface ExaEvent {
  readonly type: string;
  readonly neighbor: {
    readonly address: { readonly peer: string };
    readonly state?: string;
    readonly reason?: string;
    readonly message?: { readonly update?: ExaUpdate };
    readonly notification?: { readonly data?: string };
  };
}

interface ExaUpdate {
  readonly attribute?: ExaAttributes;
  readonly announce?: Readonly<Record<string, Readonly<Record<string, readonly ExaNlri[]>>>>;
  readonly withdraw?: Readonly<Record<string, readonly ExaNlri[]>>;
}

interface ExaAttributes {
  readonly "as-path"?: readonly (number | readonly number[])[];
  readonly "local-preference"?: number;
  readonly med?: number;
  readonly community?: readonly (readonly [number, number])[];
  readonly "large-community"?: readonly (readonly [number, number, number])[];
  readonly "originator-id"?: string;
  readonly "cluster-list"?: readonly string[];
}

interface ExaNlri {
  readonly nlri: string;
  readonly "path-information"?: string;
}

export class Exabgp implements RealPeer {
  readonly name = "ExaBGP";
  readonly description: PeerDescription;
  readonly #namespace: Namespace;
  readonly #localAddress: string;
  #folder: string | undefined;
  #process: DaemonProcess | undefined;

  /** ExaBGP wants to be told its own address: the one of the family of the neighbours. */
  constructor(namespace: Namespace, description: PeerDescription, localAddress: string) {
    this.#namespace = namespace;
    this.description = description;
    this.#localAddress = localAddress;
  }

  async start(): Promise<void> {
    this.#folder ??= await makeFolder("exabgp");
    // With --pid the reader of the commands ends when the helper does.
    const reader = `tail -n +1 -s 0.2 -f --pid=$$ ${this.#path("commands")}`;
    const helper = `#!/bin/sh\n${reader} &\nexec cat >>${this.#path("events")}\n`;
    await writeFile(this.#path("helper"), helper, { mode: 0o755 });
    await writeFile(this.#path("commands"), "");
    await writeFile(this.#path("events"), "");
    await writeFile(this.#path("exabgp.conf"), this.#formatConfig());
    const env = { "exabgp.daemon.user": "root", "exabgp.api.cli": "false", "exabgp.log.level": "INFO" };
    const child = this.#namespace.spawn([requireProgram("exabgp"), this.#path("exabgp.conf")], env);
    const process = new DaemonProcess(this.name, child);
    this.#process = process;
    await eventually("exabgp's start", () => {
      if (!process.isRunning) throw new Error(`exabgp ended:\n${process.output}`);
      return process.output.includes("loaded new configuration successfully");
    });
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
    if (this.#folder !== undefined) await removeFolder(this.#folder);
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  async routes(family: FamilyName): Promise<PeerRoute[]> {
    const table = new Map<string, PeerRoute>();
    for (const event of await this.#events()) {
      const { peer } = event.neighbor.address;
      if (event.type === "state" && event.neighbor.state === "down") dropPeer(table, peer);
      const update = event.neighbor.message?.update;
      if (update !== undefined) applyUpdate(table, peer, update);
    }
    return sortRoutes([...table.values()].filter((route) => familyOfText(route.prefix) === family));
  }

  async neighborState(address: string): Promise<NeighborState> {
    const events = (await this.#events()).filter((event) => event.neighbor.address.peer === address);
    const last = events.filter((event) => event.type === "state").at(-1)?.neighbor.state;
    // The data of a NOTIFICATION are shown in hexadecimal.
    const data = events.map(({ neighbor }) => neighbor.notification?.data ?? "0x").filter((hex) => hex !== "0x");
    const words = data.map((hex) => Buffer.from(hex.slice(2), "hex").toString());
    const text = [...events.map((event) => JSON.stringify(event)), ...words].join("\n");
    return { state: last === "up" ? "Established" : last === "connected" ? "OpenSent" : "Idle", text };
  }

  async announce(prefix: string): Promise<void> {
    for (const route of this.#routesOf(prefix)) await this.command(`announce route ${route}`);
  }

  async withdraw(prefix: string): Promise<void> {
    await this.command(`withdraw route ${prefix} next-hop self`);
  }

  async refresh(address: string): Promise<void> {
    const { neighbors } = this.description;
    const families = familiesOf(neighbors.find((neighbor) => neighbor.address === address) ?? { address, as: 0 });
    for (const family of families) await this.command(`neighbor ${address} announce route-refresh ${family} unicast`);
  }

  /** ExaBGP cannot send a text: Cease/Administrative Shutdown alone. */
  async shutdown(address: string, text: string): Promise<void> {
    if (text !== "") throw new Error("ExaBGP sends no shutdown communication");
    await this.command(`neighbor ${address} teardown 2`);
  }

  log(): string {
    return this.#process?.output ?? "";
  }

  /** Hands ExaBGP one command of its API. */
  async command(text: string): Promise<void> {
    await appendFile(
      this.#path("commands"),
      `${text}
`,
    );
  }

  #path(name: string): string {
    if (this.#folder === undefined) throw new Error("exabgp was not started");
    return join(this.#folder, name);
  }

  async #events(): Promise<ExaEvent[]> {
    // Between the events are answers to commands: `done`, `error`.
    const lines = (await readFile(this.#path("events"), "utf8")).split("\n").slice(0, -1);
    return lines
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as ExaEvent)
      .filter((event) => "neighbor" in event);
  }

  /** One announcement, or one for each path identifier that is asked for. */
  #routesOf(prefix: string): string[] {
    const { communities = [], attributes } = this.description;
    const own = attributes?.[prefix] ?? {};
    const common = [...communities, ...(own.communities ?? [])];
    const words = [`${prefix} next-hop ${own.nextHop ?? "self"}`];
    if (own.asPath !== undefined) words.push(`as-path [${own.asPath.join(" ")}]`);
    if (own.localPref !== undefined) words.push(`local-preference ${own.localPref}`);
    if (own.med !== undefined) words.push(`med ${own.med}`);
    if (own.largeCommunities !== undefined) words.push(`large-community [${own.largeCommunities.join(" ")}]`);
    const withCommunities = (list: readonly string[]): string =>
      [...words, ...(list.length > 0 ? [`community [${list.join(" ")}]`] : [])].join(" ");
    if (own.pathIds === undefined) return [withCommunities(common)];
    return own.pathIds.map((id) => `${withCommunities([...common, `65000:${id}`])} path-information 0.0.0.${id}`);
  }

  #formatConfig(): string {
    const helper = ["process helper {", `  run ${this.#path("helper")};`, "  encoder json;", "}"];
    const neighbors = this.description.neighbors.flatMap((neighbor) => this.#formatNeighbor(neighbor));
    return `${[...helper, ...neighbors].join("\n")}\n`;
  }

  #formatNeighbor(neighbor: NeighborDescription): string[] {
    const families = familiesOf(neighbor);
    const { announce = [], attributes } = this.description;
    const isTold = (prefix: string): boolean => attributes?.[prefix]?.to?.includes(neighbor.address) ?? true;
    const prefixes = announce.filter((prefix) => families.includes(familyOfText(prefix)) && isTold(prefix));
    const capabilities = [
      "route-refresh enable;",
      neighbor.gracefulRestart === true ? "graceful-restart 60;" : "",
      neighbor.fourOctetAs === false ? "asn4 disable;" : "",
      neighbor.addPath === true ? "add-path send/receive;" : "",
      neighbor.extendedNextHop === true ? "nexthop enable;" : "",
    ];
    return [
      `neighbor ${neighbor.address} {`,
      `  router-id ${this.description.routerId};`,
      `  local-address ${neighbor.localAddress ?? this.#localAddress};`,
      `  local-as ${neighbor.localAs ?? this.description.as};`,
      `  peer-as ${neighbor.as};`,
      `  hold-time ${neighbor.holdTimeSeconds ?? 90};`,
      neighbor.password === undefined ? "" : `  md5-password "${neighbor.password}";`,
      neighbor.ttlSecurity === true ? "  outgoing-ttl 255; incoming-ttl 255;" : "",
      neighbor.passive === true ? "  passive true;" : "",
      `  capability { ${capabilities.join(" ")} }`,
      neighbor.extendedNextHop === true ? "  nexthop { ipv4 unicast ipv6; }" : "",
      `  family { ${families.map((family) => `${family} unicast;`).join(" ")} }`,
      "  api { processes [ helper ]; neighbor-changes; receive { parsed; update; notification; } }",
      `  static { ${prefixes.flatMap((prefix) => this.#routesOf(prefix).map((route) => `route ${route};`)).join(" ")} }`,
      "}",
    ].filter((line) => line !== "");
  }
}

function dropPeer(table: Map<string, PeerRoute>, peer: string): void {
  for (const key of [...table.keys()]) if (key.endsWith(` ${peer}`)) table.delete(key);
}

function applyUpdate(table: Map<string, PeerRoute>, peer: string, update: ExaUpdate): void {
  for (const nlris of Object.values(update.withdraw ?? {})) {
    for (const each of nlris) table.delete(keyOf(each, peer));
  }
  for (const byNextHop of Object.values(update.announce ?? {})) {
    for (const [nextHop, nlris] of Object.entries(byNextHop)) {
      for (const each of nlris) {
        if (each.nlri !== undefined)
          table.set(keyOf(each, peer), makeRoute(each.nlri, nextHop, update.attribute ?? {}));
      }
    }
  }
}

function keyOf({ nlri, "path-information": pathId = "" }: ExaNlri, peer: string): string {
  return `${nlri} ${pathId} ${peer}`;
}

function makeRoute(prefix: string, nextHop: string, attributes: ExaAttributes): PeerRoute {
  const path = attributes["as-path"] ?? [];
  return {
    prefix,
    nextHop,
    asPath: path.map((part) => (typeof part === "number" ? String(part) : `{${part.join(",")}}`)).join(" "),
    localPref: attributes["local-preference"],
    med: attributes.med,
    communities: (attributes.community ?? []).map(([high, low]) => `${high}:${low}`),
    largeCommunities: (attributes["large-community"] ?? []).map((parts) => parts.join(":")),
    originatorId: attributes["originator-id"],
    clusterList: attributes["cluster-list"] ?? [],
    best: true,
    stale: false,
  };
}
