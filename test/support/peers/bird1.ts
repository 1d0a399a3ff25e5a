// BIRD 1.6, Calico's daemon: one process for each IP version, from a package that was only unpacked (BIRD1_DIR).

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FamilyName } from "../../../src/base/family.js";
import { DaemonProcess, run } from "../daemon-process.js";
import { eventually } from "../eventually.js";
import type { Namespace } from "../netns.js";
import { formatAttributes, parseBirdRoutes, parseBirdState, parseRestarting } from "./bird-text.js";
import {
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

const FOLDER = join(process.env["BIRD1_DIR"] ?? "/nonexistent", "usr/sbin");

export const BIRD1_PROGRAMS: readonly string[] = [join(FOLDER, "bird"), join(FOLDER, "bird6"), join(FOLDER, "birdc")];

const FAMILIES: readonly FamilyName[] = ["ipv4", "ipv6"];

export class Bird1 implements RealPeer {
  readonly name = "BIRD 1.6";
  readonly description: PeerDescription;
  readonly #namespace: Namespace;
  readonly #announced: Set<string>;
  #folder: string | undefined;
  /** It was killed: the next start is a graceful restart (-R). */
  #restarts = false;
  #processes: DaemonProcess[] = [];

  constructor(namespace: Namespace, description: PeerDescription) {
    this.#namespace = namespace;
    this.description = description;
    this.#announced = new Set(description.announce ?? []);
  }

  async start(): Promise<void> {
    this.#folder ??= await makeFolder("bird1");
    this.#processes = [];
    for (const family of FAMILIES) {
      await this.#writeConfig(family);
      const command = [requireProgram(family === "ipv4" ? "bird" : "bird6", [FOLDER]), "-f"];
      command.push("-c", this.#path(`${family}.conf`), "-s", this.#path(`${family}.ctl`));
      if (this.#restarts) command.push("-R");
      const process = new DaemonProcess(`${this.name} ${family}`, this.#namespace.spawn(command));
      this.#processes.push(process);
      await eventually("birdc's first answer", async () => {
        if (!process.isRunning) throw new Error(`bird ended:\n${process.output}`);
        return (await this.birdc(family, "show status")).includes("Daemon is up and running");
      });
    }
  }

  async stop(): Promise<void> {
    for (const process of this.#processes) await process.stop();
    if (this.#folder !== undefined) await removeFolder(this.#folder);
  }

  async kill(): Promise<void> {
    this.#restarts = true;
    for (const process of this.#processes) await process.kill();
  }

  async routes(family: FamilyName): Promise<PeerRoute[]> {
    const restarting = parseRestarting(await this.birdc(family, "show protocols all"));
    return parseBirdRoutes(await this.birdc(family, "show route where source = RTS_BGP all"), restarting);
  }

  async neighborState(address: string): Promise<NeighborState> {
    return parseBirdState(await this.birdc(familyOfText(address), `show protocols all ${this.#protocol(address)}`));
  }

  async announce(prefix: string): Promise<void> {
    this.#announced.add(prefix);
    await this.#reconfigure(familyOfText(prefix));
  }

  async withdraw(prefix: string): Promise<void> {
    this.#announced.delete(prefix);
    await this.#reconfigure(familyOfText(prefix));
  }

  async refresh(address: string): Promise<void> {
    await this.birdc(familyOfText(address), `reload in ${this.#protocol(address)}`);
  }

  async shutdown(address: string, text: string): Promise<void> {
    const answer = await this.birdc(familyOfText(address), `disable ${this.#protocol(address)} "${text}"`);
    if (!answer.includes("disabled")) throw new Error(`birdc disable (${text}): ${answer}`);
  }

  log(): string {
    return this.#processes.map((process) => process.output).join("");
  }

  /** Runs one command of BIRD's own client against the daemon of an IP version. */
  birdc(family: FamilyName, command: string): Promise<string> {
    return run([requireProgram("birdc", [FOLDER]), "-s", this.#path(`${family}.ctl`), ...command.split(" ")]);
  }

  #path(name: string): string {
    if (this.#folder === undefined) throw new Error("bird was not started");
    return join(this.#folder, name);
  }

  #protocol(address: string): string {
    return `n${this.description.neighbors.findIndex((neighbor) => neighbor.address === address)}`;
  }

  async #reconfigure(family: FamilyName): Promise<void> {
    await this.#writeConfig(family);
    const answer = await this.birdc(family, "configure");
    if (!answer.includes("Reconfigured")) throw new Error(`birdc configure: ${answer}`);
  }

  async #writeConfig(family: FamilyName): Promise<void> {
    const announced = [...this.#announced].filter((prefix) => familyOfText(prefix) === family);
    await writeFile(this.#path(`${family}.conf`), formatConfig(this.description, family, announced));
  }
}

function formatConfig(description: PeerDescription, family: FamilyName, announced: readonly string[]): string {
  const neighbors = description.neighbors.map((neighbor, i) =>
    familyOfText(neighbor.address) === family ? formatNeighbor(description, neighbor, i) : "",
  );
  return [
    "log stderr all;",
    `router id ${description.routerId};`,
    "protocol device { scan time 10; }",
    "protocol direct { }",
    "protocol static announced {",
    ...announced.map((prefix) => `  route ${prefix} blackhole;`),
    "}",
    "filter outgoing {",
    "  if source = RTS_BGP then accept;",
    "  if source = RTS_STATIC then {",
    ...formatAttributes(description, announced),
    "    accept;",
    "  }",
    "  reject;",
    "}",
    ...neighbors,
    "",
  ].join("\n");
}

function formatNeighbor(description: PeerDescription, neighbor: NeighborDescription, index: number): string {
  return [
    `protocol bgp n${index} {`,
    `  local as ${neighbor.localAs ?? description.as};`,
    `  neighbor ${neighbor.address} as ${neighbor.as};`,
    neighbor.multihop === undefined ? "  direct;" : `  multihop ${neighbor.multihop};`,
    neighbor.ttlSecurity === true ? "  ttl security on;" : "",
    neighbor.passive === true ? "  passive yes;" : "",
    neighbor.rrClient === true ? "  rr client;" : "",
    neighbor.nextHopSelf === true ? "  next hop self;" : "",
    neighbor.password === undefined ? "" : `  password "${neighbor.password}";`,
    neighbor.fourOctetAs === false ? "  enable as4 off;" : "",
    neighbor.extendedMessages === true ? "  enable extended messages on;" : "",
    neighbor.addPath === true ? "  add paths on;" : "",
    `  graceful restart ${neighbor.gracefulRestart === true ? "on" : "off"};`,
    `  hold time ${neighbor.holdTimeSeconds ?? 90};`,
    "  connect delay time 1; connect retry time 2; error wait time 1, 4;",
    "  import all; export filter outgoing;",
    "}",
  ]
    .filter((line) => line !== "")
    .join("\n");
}
