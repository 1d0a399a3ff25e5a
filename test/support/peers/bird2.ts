// BIRD 2 as a peer: one protocol per neighbour, birdc on a socket of its own.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FamilyName } from "../../../src/base/family.js";
import { DaemonProcess, run } from "../daemon-process.js";
import { eventually } from "../eventually.js";
import type { Namespace } from "../netns.js";
import { formatAttributes, parseBirdRoutes, parseBirdState, parseRestarting } from "./bird-text.js";
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
} from "./real-peer.js";

export const BIRD2_PROGRAMS: readonly string[] = ["bird", "birdc"];

export class Bird2 implements RealPeer {
  readonly name = "BIRD 2";
  readonly description: PeerDescription;
  readonly #namespace: Namespace;
  readonly #announced: Set<string>;
  #folder: string | undefined;
  /** It was killed: the next start is a graceful restart (-R). */
  #restarts = false;
  #process: DaemonProcess | undefined;

  constructor(namespace: Namespace, description: PeerDescription) {
    this.#namespace = namespace;
    this.description = description;
    this.#announced = new Set(description.announce ?? []);
  }

  async start(): Promise<void> {
    this.#folder ??= await makeFolder("bird2");
    await this.#writeConfig();
    const command = [requireProgram("bird"), "-f", "-c", this.#path("bird.conf"), "-s", this.#path("ctl")];
    if (this.#restarts) command.push("-R");
    const process = new DaemonProcess(this.name, this.#namespace.spawn(command));
    this.#process = process;
    await eventually("birdc's first answer", async () => {
      if (!process.isRunning) throw new Error(`bird ended:\n${process.output}`);
      return (await this.birdc("show status")).includes("Daemon is up and running");
    });
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
    if (this.#folder !== undefined) await removeFolder(this.#folder);
  }

  async kill(): Promise<void> {
    this.#restarts = true;
    await this.#process?.kill();
  }

  /** Lets the process stand still, or go on. */
  freeze(frozen: boolean): void {
    this.#process?.signal(frozen ? "SIGSTOP" : "SIGCONT");
  }

  async routes(family: FamilyName): Promise<PeerRoute[]> {
    const table = family === "ipv4" ? "master4" : "master6";
    const restarting = parseRestarting(await this.birdc("show protocols all"));
    return parseBirdRoutes(await this.birdc(`show route table ${table} where source = RTS_BGP all`), restarting);
  }

  async neighborState(address: string): Promise<NeighborState> {
    return parseBirdState(await this.birdc(`show protocols all ${this.#protocol(address)}`));
  }

  async announce(prefix: string): Promise<void> {
    this.#announced.add(prefix);
    await this.#reconfigure();
  }

  async withdraw(prefix: string): Promise<void> {
    this.#announced.delete(prefix);
    await this.#reconfigure();
  }

  async refresh(address: string): Promise<void> {
    await this.birdc(`reload in ${this.#protocol(address)}`);
  }

  async shutdown(address: string, text: string): Promise<void> {
    await this.birdc(`disable ${this.#protocol(address)} "${text}"`);
  }

  log(): string {
    return this.#process?.output ?? "";
  }

  /** Runs one command of BIRD's own client. */
  birdc(command: string): Promise<string> {
    return run([requireProgram("birdc"), "-s", this.#path("ctl"), ...command.split(" ")]);
  }

  #path(name: string): string {
    if (this.#folder === undefined) throw new Error("bird was not started");
    return join(this.#folder, name);
  }

  #protocol(address: string): string {
    return `n${this.description.neighbors.findIndex((neighbor) => neighbor.address === address)}`;
  }

  async #reconfigure(): Promise<void> {
    await this.#writeConfig();
    const answer = await this.birdc("configure");
    if (!answer.includes("Reconfigured")) throw new Error(`birdc configure: ${answer}`);
  }

  async #writeConfig(): Promise<void> {
    await writeFile(this.#path("bird.conf"), formatConfig(this.description, [...this.#announced]));
  }
}

function formatConfig(description: PeerDescription, announced: readonly string[]): string {
  const statics = (["ipv4", "ipv6"] as const).map((family) => {
    const prefixes = announced.filter((prefix) => familyOfText(prefix) === family);
    const routes = prefixes.map((prefix) => `  route ${prefix} blackhole;`).join("\n");
    return `protocol static announced_${family} {\n  ${family};\n${routes}\n}`;
  });
  return [
    "log stderr { info, remote, warning, error, auth, fatal, bug };",
    `router id ${description.routerId};`,
    "protocol device { scan time 10; }",
    "protocol direct { ipv4; ipv6; }",
    ...statics,
    "filter outgoing {",
    "  if source = RTS_BGP then accept;",
    "  if source = RTS_STATIC then {",
    ...formatAttributes(description, announced),
    "    accept;",
    "  }",
    "  reject;",
    "}",
    ...description.neighbors.map((neighbor, i) => formatNeighbor(description, neighbor, i)),
    "",
  ].join("\n");
}

function formatNeighbor(description: PeerDescription, neighbor: NeighborDescription, index: number): string {
  const holdTime = neighbor.holdTimeSeconds ?? 90;
  const options = [
    neighbor.nextHopSelf === true ? " next hop self;" : "",
    neighbor.addPath === true ? " add paths on;" : "",
  ].join("");
  const channel = (family: FamilyName): string => {
    const isExtended = neighbor.extendedNextHop === true && family === "ipv4";
    return `${options}${isExtended ? " extended next hop on;" : ""}`;
  };
  return [
    `protocol bgp n${index} {`,
    `  local as ${neighbor.localAs ?? description.as};`,
    `  neighbor ${neighbor.address} as ${neighbor.as};`,
    neighbor.multihop === undefined ? "  direct;" : `  multihop ${neighbor.multihop};`,
    neighbor.ttlSecurity === true ? "  ttl security on;" : "",
    neighbor.passive === true ? "  passive yes;" : "",
    neighbor.rrClient === true ? "  rr client;" : "",
    neighbor.password === undefined ? "" : `  password "${neighbor.password}";`,
    neighbor.fourOctetAs === false ? "  enable as4 off;" : "",
    neighbor.extendedMessages === true ? "  enable extended messages on;" : "",
    `  graceful restart ${neighbor.gracefulRestart === true ? "on" : "off"};`,
    `  hold time ${holdTime};`,
    "  connect delay time 1; connect retry time 2; error wait time 1, 4;",
    ...familiesOf(neighbor).map((family) => `  ${family} { import all; export filter outgoing;${channel(family)} };`),
    "}",
  ]
    .filter((line) => line !== "")
    .join("\n");
}
