// The speaker under test on the loopback network: Starling, or BIRD 2 as a check of what we expect. Each peer has an address
// of its own (127.0.1.n), so that a mistake of one does not make the next one wait.

import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { DaemonProcess, run } from "../../support/daemon-process.js";
import { eventually } from "../../support/eventually.js";
import { Namespace } from "../../support/netns.js";
import { makeFolder, removeFolder, requireProgram } from "../../support/peers/real-peer.js";
import { Starling } from "../../support/starling.js";

export const SUBJECT_ADDRESS = "127.0.0.1";
/** In hexadecimal: 10.0.0.50. */
export const SUBJECT_IDENTIFIER = "0a000032";
export const SUBJECT_AS = 65000;

/** How the subject shall treat one peer; what is not said is as follows. */
export interface PeerSettings {
  readonly address: string;
  /** 65009. */
  readonly as: number;
  /** true. */
  readonly passive: boolean;
  /** 90. */
  readonly holdTimeSeconds: number;
  /** First and longest pause after errors: [1, 8]. */
  readonly idleHoldSeconds: readonly [number, number];
  /** Options that only Starling has. */
  readonly ours: Readonly<Record<string, unknown>>;
}

export interface Subject {
  readonly name: string;
  readonly port: number;
  start(peers: readonly PeerSettings[]): Promise<void>;
  /** State of RFC 4271 of the session with the peer. */
  state(address: string): Promise<string>;
  disable(address: string, text: string): Promise<void>;
  enable(address: string): Promise<void>;
  reset(address: string): Promise<void>;
  /** Takes the peer out of the configuration. */
  remove(address: string): Promise<void>;
  end(): Promise<void>;
}

/** Where the scripted peers listen. */
export const PEER_PORT_OFFSET = 1;

/** Two ports in a row that nobody has at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, SUBJECT_ADDRESS, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Not a namespace of its own: the loopback network of the machine. */
class Loopback extends Namespace {
  constructor() {
    super("loopback");
  }

  override spawn(command: string | readonly string[]): ChildProcessWithoutNullStreams {
    const [program, ...words] = typeof command === "string" ? ["sh", "-c", `exec ${command}`] : command;
    const child = spawn(program, words, { stdio: ["pipe", "pipe", "pipe"] });
    // Whatever happens to the test, nothing stays behind.
    process.once("exit", () => child.kill("SIGKILL"));
    return child;
  }
}

export class StarlingSubject implements Subject {
  readonly name = "Starling";
  readonly port: number;
  #starling: Starling | undefined;
  #peers: readonly PeerSettings[] = [];
  #more: Readonly<Record<string, unknown>> = {};

  constructor(port: number) {
    this.port = port;
  }

  get starling(): Starling {
    if (this.#starling === undefined) throw new Error("Starling was not started");
    return this.#starling;
  }

  /** `more` goes into the configuration. */
  async start(peers: readonly PeerSettings[], more: Readonly<Record<string, unknown>> = {}): Promise<void> {
    this.#peers = peers;
    this.#more = more;
    this.#starling = new Starling(new Loopback(), this.#config());
    await this.#starling.start();
  }

  async state(address: string): Promise<string> {
    return (await this.starling.peer(address)).state;
  }

  async disable(address: string, text: string): Promise<void> {
    await this.#cli("peer", "disable", address, "--reason", text);
  }

  async enable(address: string): Promise<void> {
    await this.#cli("peer", "enable", address);
  }

  async reset(address: string): Promise<void> {
    await this.#cli("peer", "reset", address);
  }

  async remove(address: string): Promise<void> {
    this.#peers = this.#peers.filter((peer) => peer.address !== address);
    await this.starling.reload(this.#config());
  }

  async end(): Promise<void> {
    await this.#starling?.remove();
  }

  async #cli(...words: readonly string[]): Promise<void> {
    const { code, stdout, stderr } = await this.starling.cli(...words);
    if (code !== 0) throw new Error(`starling ${words.join(" ")}: ${stdout}${stderr}`);
  }

  #config(): Record<string, unknown> {
    return {
      routerId: "10.0.0.50",
      as: SUBJECT_AS,
      listen: [`${SUBJECT_ADDRESS}:${this.port}`],
      kernel: { enabled: false },
      ...this.#more,
      peers: this.#peers.map(({ address, as, passive, holdTimeSeconds, idleHoldSeconds, ours }) => ({
        address,
        as,
        passive,
        holdTimeSeconds,
        idleHoldSeconds,
        port: this.port + PEER_PORT_OFFSET,
        localAddress: SUBJECT_ADDRESS,
        connectRetrySeconds: 2,
        importPolicy: "accept",
        exportPolicy: "accept",
        ...ours,
      })),
    };
  }
}

export class BirdSubject implements Subject {
  readonly name = "BIRD 2";
  readonly port: number;
  #folder: string | undefined;
  #process: DaemonProcess | undefined;
  #peers: readonly PeerSettings[] = [];

  constructor(port: number) {
    this.port = port;
  }

  async start(peers: readonly PeerSettings[]): Promise<void> {
    this.#peers = peers;
    this.#folder = await makeFolder("bird-fsm");
    await this.#writeConfig();
    const command = [requireProgram("bird"), "-f", "-c", this.#path("bird.conf"), "-s", this.#path("ctl")];
    this.#process = new DaemonProcess(this.name, new Loopback().spawn(command));
    const process = this.#process;
    await eventually("birdc's first answer", async () => {
      if (!process.isRunning) throw new Error(`bird ended:\n${process.output}`);
      return (await this.#birdc("show status")).includes("Daemon is up and running");
    });
  }

  async state(address: string): Promise<string> {
    const text = await this.#birdc(`show protocols all ${nameOf(address)}`);
    return /BGP state:\s+(\w+)/.exec(text)?.[1] ?? text;
  }

  async disable(address: string, text: string): Promise<void> {
    await this.#birdc(`disable ${nameOf(address)} "${text}"`);
  }

  async enable(address: string): Promise<void> {
    await this.#birdc(`enable ${nameOf(address)}`);
  }

  async reset(address: string): Promise<void> {
    await this.#birdc(`restart ${nameOf(address)}`);
  }

  async remove(address: string): Promise<void> {
    this.#peers = this.#peers.filter((peer) => peer.address !== address);
    await this.#writeConfig();
    await this.#birdc("configure");
  }

  async end(): Promise<void> {
    await this.#process?.stop();
    if (this.#folder !== undefined) await removeFolder(this.#folder);
  }

  log(): string {
    return this.#process?.output ?? "";
  }

  #birdc(command: string): Promise<string> {
    return run([requireProgram("birdc"), "-s", this.#path("ctl"), ...command.split(" ")]);
  }

  #path(name: string): string {
    if (this.#folder === undefined) throw new Error("bird was not started");
    return join(this.#folder, name);
  }

  async #writeConfig(): Promise<void> {
    const protocols = this.#peers.map(({ address, as, passive, holdTimeSeconds, idleHoldSeconds }) =>
      [
        `protocol bgp ${nameOf(address)} {`,
        `  local ${SUBJECT_ADDRESS} port ${this.port} as ${SUBJECT_AS};`,
        `  neighbor ${address} port ${this.port + PEER_PORT_OFFSET} as ${as};`,
        `  multihop 2; passive ${passive ? "yes" : "no"}; hold time ${holdTimeSeconds};`,
        "  connect delay time 1; connect retry time 2;",
        `  error wait time ${Math.max(1, idleHoldSeconds[0])}, ${Math.max(1, idleHoldSeconds[1])};`,
        "  ipv4 { import all; export all; };",
        "}",
      ].join("\n"),
    );
    const head = ["log stderr all;", "router id 10.0.0.50;", "protocol device { }"];
    await writeFile(this.#path("bird.conf"), [...head, ...protocols, ""].join("\n"));
  }
}

function nameOf(address: string): string {
  return `p${address.replaceAll(".", "_")}`;
}
