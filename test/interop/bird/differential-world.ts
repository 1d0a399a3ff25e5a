// A node and its segment, once for each maker of the daemon: the same addresses, devices, kernel routes and peers around
// BIRD 1.6.8 and around ours, and what both make of them.

import { mkdir, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DaemonProcess } from "../../support/daemon-process.js";
import { eventually } from "../../support/eventually.js";
import type { Lab, Namespace } from "../../support/netns.js";
import { makeFolder, removeFolder, requireProgram } from "../../support/peers/real-peer.js";
import { ROOT } from "../../support/root.js";
import { StreamDriver } from "../../support/stream-driver.js";
import { DEVICES, type DifferentialCase } from "./differential-case.js";
import type { PeerState } from "./peer-agent.js";
import type { IpVersion } from "./peer-wire.js";
import { readListing } from "./route-listing-text.js";

export type Maker = "BIRD" | "ours";

const BIRD1_FOLDER = join(process.env["BIRD1_DIR"] ?? "/nonexistent", "usr/sbin");
const AGENT = fileURLToPath(new URL("./peer-agent.js", import.meta.url));

/** What is compared, by the place it was seen at: lines in an order that does not depend on the daemon. */
export type Snapshot = ReadonlyMap<string, readonly string[]>;

export class DifferentialWorld {
  readonly maker: Maker;
  readonly #node: Namespace;
  readonly #segment: Namespace;
  readonly #agent: StreamDriver;
  readonly #folder: string;
  #daemon: DaemonProcess | undefined;
  #case: DifferentialCase | undefined;

  private constructor(maker: Maker, node: Namespace, segment: Namespace, agent: StreamDriver, folder: string) {
    this.maker = maker;
    this.#node = node;
    this.#segment = segment;
    this.#agent = agent;
    this.#folder = folder;
  }

  static async open(lab: Lab, maker: Maker): Promise<DifferentialWorld> {
    const node = await lab.namespace("node");
    const segment = await lab.namespace("segment");
    // TTL security: what peers send has come over no hop.
    await segment.exec(
      "sysctl -qw net.ipv4.ip_default_ttl=255 net.ipv6.conf.all.hop_limit=255 net.ipv6.conf.default.hop_limit=255",
    );
    for (const [i, device] of DEVICES.entries()) {
      // Some kernels have one of this name from the beginning.
      await node.exec(
        `ip link show ${device} >/dev/null 2>&1 || ip link add ${device} type veth peer name far${i}; ` +
          `for i in ${device} far${i}; do ip link set $i addrgenmode none; ip link set $i up; done`,
      );
    }
    const agent = await StreamDriver.start((words) => segment.spawn([...words.slice(0, -1), AGENT]));
    return new DifferentialWorld(maker, node, segment, agent, await makeFolder("differential"));
  }

  async close(): Promise<void> {
    await this.#daemon?.kill();
    await this.#agent.end();
    await removeFolder(this.#folder);
  }

  get log(): string {
    return this.#daemon?.output ?? "";
  }

  /** Ends the case before, and starts the daemon and the peers of this one. */
  async start(wanted: DifferentialCase): Promise<void> {
    await this.#agent.ask("open", []);
    await this.#daemon?.kill();
    this.#case = wanted;
    await this.#rebuildNetwork(wanted);
    await rm(this.#path(""), { recursive: true, force: true });
    await mkdir(this.#path(""));
    for (const [name, text] of Object.entries(wanted.files)) await writeFile(this.#path(name), text);
    const name = wanted.ipVersion === 4 ? "bird" : "bird6";
    const program = this.maker === "ours" ? join(ROOT, "dist/bin", name) : requireProgram(name, [BIRD1_FOLDER]);
    const words = ["-s", this.#socket, "-d", "-c", this.#path(`${name}.cfg`)];
    const daemon = new DaemonProcess(this.maker, this.#node.spawn(["env", "-u", "NODE_OPTIONS", program, ...words]));
    this.#daemon = daemon;
    await eventually(
      `the first answer of ${this.maker}`,
      async () => {
        if (!daemon.isRunning) throw new Error(`it ended:\n${daemon.output}`);
        return (await this.ask("show status")).includes("Daemon is up and running");
      },
      30_000,
    );
    await this.#agent.ask("open", wanted.peers);
    const waiting = async (): Promise<PeerState[]> => (await this.peers()).filter((peer) => !peer.isEstablished);
    await eventually(
      `the sessions of ${this.maker}`,
      async () => {
        const missing = await waiting();
        if (missing.length > 0) throw new Error(`${JSON.stringify(missing)}\n${daemon.output.slice(0, 4000)}`);
        return true;
      },
      30_000,
    );
  }

  async peers(): Promise<readonly PeerState[]> {
    return (await this.#agent.ask("state")) as readonly PeerState[];
  }

  /** The answer of one command of the control socket, without codes. */
  ask(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = "";
      const socket = connect(this.#socket, () => socket.write(`${command}\n`));
      socket.setEncoding("utf8");
      socket.setTimeout(10_000, () => socket.destroy(new Error(`no answer: ${command}`)));
      socket.on("data", (chunk: string) => {
        text += chunk;
        const isOver = [...text.matchAll(/^[089]\d{3} .*\n/gm)].length > 1;
        if (isOver) socket.end();
      });
      socket.on("error", reject);
      socket.on("close", () => resolve(text.split("\n").slice(1).map(withoutCode).join("\n")));
    });
  }

  /** What can be seen from outside: announcements and the kernel. */
  async outside(): Promise<Snapshot> {
    const snapshot = new Map<string, readonly string[]>();
    for (const { name, routes, isEstablished, notification } of await this.peers()) {
      const isDirect = this.#current.directPeers.includes(name);
      const lines = Object.entries(routes).flatMap(([prefix, paths]) =>
        paths.map((path) => `${prefix} ${isDirect ? path.replace(/ (3\/40|14):\w+/, "") : path}`),
      );
      snapshot.set(`session ${name}`, [`${isEstablished} ${notification ?? ""}`]);
      snapshot.set(`announced to ${name}`, lines.sort());
    }
    return snapshot.set("kernel", await this.#kernelRoutes(this.#current.ipVersion));
  }

  /** What the daemon says of its tables. */
  async inside(): Promise<Snapshot> {
    const snapshot = new Map<string, readonly string[]>();
    const commands = ["show route all"];
    for (const name of this.#current.protocols) {
      commands.push(`show route export ${name}`, `show route noexport ${name}`, `show route protocol ${name}`);
    }
    if (/^protocol kernel/m.test(Object.values(this.#current.files).join("\n"))) {
      commands.push("show route export kernel1", "show route noexport kernel1");
    }
    for (const command of commands) {
      snapshot.set(
        command,
        readListing(await this.ask(command)).map((way) => comparable(command, way)),
      );
    }
    return snapshot;
  }

  get #current(): DifferentialCase {
    if (this.#case === undefined) throw new Error("no case was started");
    return this.#case;
  }

  get #socket(): string {
    return join(this.#folder, "bird.ctl");
  }

  #path(name: string): string {
    return join(this.#folder, "config", name);
  }

  async #rebuildNetwork(wanted: DifferentialCase): Promise<void> {
    const [full, length] = wanted.ipVersion === 4 ? [32, 24] : [128, 64];
    const node = [
      "ip link del eth0 2>/dev/null",
      "for p in bird 80 static; do ip route flush proto $p; ip -6 route flush proto $p; done 2>/dev/null",
      "set -e",
      `ip link add eth0 address 02:00:00:00:00:01 type veth peer name eth0 address 02:00:00:00:00:02 netns ${this.#segment.name}`,
      "ip link set eth0 up",
      `ip -n ${this.#segment.name} link set eth0 up`,
      ...wanted.addresses.map((address) => `ip address add ${address} dev eth0${length === 64 ? " nodad" : ""}`),
      "ip -6 address add fe80::ff:fe00:77/64 dev eth0 nodad",
      "set +e",
      ...wanted.kernelRoutes.map((route) => `ip ${length === 64 ? "-6 " : ""}route add ${route}`),
    ];
    await this.#node.exec(node.join("\n")).catch((error: unknown) => {
      // Two prefixes of a case may be the same route; the daemon meets what was taken in both worlds alike.
      if (!(error instanceof Error) || !error.message.includes("File exists")) throw error;
    });
    const segment = [
      ...[...new Set(wanted.others)].map(
        (address) => `ip address add ${address}/${full} dev eth0${length === 64 ? " nodad" : ""}`,
      ),
      ...wanted.addresses.map((address) => `ip route add ${address.split("/")[0]}/${full} dev eth0`),
    ];
    await this.#segment.exec(segment.join("\n"));
  }

  async #kernelRoutes(ipVersion: IpVersion): Promise<string[]> {
    const text = await this.#node.exec(`ip -j ${ipVersion === 4 ? "" : "-6 "}route show proto bird`);
    const routes = JSON.parse(text === "" ? "[]" : text) as readonly Readonly<Record<string, unknown>>[];
    return routes.map((route) => JSON.stringify(Object.entries(route).sort())).sort();
  }
}

/** Without what the listings of exports are known to tell otherwise (docs/bird-compatibility.md). */
function comparable(command: string, way: string): string {
  const short = command.includes("noexport") ? way.replace(/ \[[^ \]]*\]$/, "") : way;
  if (!command.endsWith("kernel1")) return short;
  return short.replace(/ from [^\]]*\]( [*!])? \(\d+/, "] (").replace(/\]( [*!])? \(\d+/, "] (");
}

function withoutCode(line: string): string {
  return /^\d{4}[- ]/.test(line) ? line.slice(5) : line.slice(1);
}
