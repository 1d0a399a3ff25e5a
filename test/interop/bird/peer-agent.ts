// A process with scripted BGP peers, in the network namespace it is started in: each connects to the daemon under test,
// announces its routes and keeps what it hears. One JSON array a line is a command, one JSON value a line the answer.

import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { toHex } from "../../../src/base/bytes.js";
import { KEEPALIVE, message, NOTIFICATION, OPEN, UPDATE } from "../../support/stream-message.js";
import { MessageStream, type ReceivedMessage } from "../../vectors/messages.js";
import { hearUpdate, offersPaths, openOf, type PeerScript, updateOf } from "./peer-wire.js";

const RETRY_MS = 300;

export interface PeerState {
  readonly name: string;
  readonly isEstablished: boolean;
  /** Code, subcode and data of the last NOTIFICATION. */
  readonly notification: string | null;
  /** By prefix what was announced of each path, sorted: path identifiers are left away. */
  readonly routes: Readonly<Record<string, readonly string[]>>;
}

class Peer {
  readonly #script: PeerScript;
  readonly #routes = new Map<string, Map<number, string>>();
  #socket: Socket | undefined;
  #stream = new MessageStream();
  #retry: NodeJS.Timeout | undefined;
  #isEstablished = false;
  #isOver = false;
  #hasPathIds = false;
  #notification: string | null = null;

  constructor(script: PeerScript) {
    this.#script = script;
    this.#connect();
  }

  state(): PeerState {
    const routes: Record<string, readonly string[]> = {};
    for (const [prefix, paths] of this.#routes) routes[prefix] = [...paths.values()].sort();
    return {
      name: this.#script.name,
      isEstablished: this.#isEstablished,
      notification: this.#notification,
      routes,
    };
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
  }

  #connect(): void {
    const { speaker, port, address } = this.#script;
    const socket = connect({ host: speaker, port, localAddress: address });
    this.#socket = socket;
    this.#stream = new MessageStream();
    socket.setNoDelay(true);
    socket.on("connect", () => socket.write(openOf(this.#script)));
    socket.on("data", (chunk: Buffer) => {
      for (const received of this.#stream.push(chunk)) this.#take(received);
    });
    // "close" follows.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#closed());
  }

  #closed(): void {
    this.#isEstablished = false;
    this.#routes.clear();
    if (!this.#isOver) this.#retry = setTimeout(() => this.#connect(), RETRY_MS);
  }

  #take({ type, body }: ReceivedMessage): void {
    if (type === OPEN) {
      this.#hasPathIds = this.#script.addPaths && offersPaths(body);
      this.#socket?.write(message(KEEPALIVE, []));
    } else if (type === KEEPALIVE && !this.#isEstablished) {
      this.#isEstablished = true;
      const { probes, ipVersion } = this.#script;
      for (const probe of probes) this.#socket?.write(updateOf(probe, ipVersion, this.#hasPathIds));
    } else if (type === NOTIFICATION) this.#notification = toHex(body);
    else if (type === UPDATE) this.#update(body);
  }

  #update(body: Uint8Array): void {
    const { withdrawn, announced, attributes } = hearUpdate(body, this.#hasPathIds);
    for (const [pathId, prefix] of withdrawn) {
      this.#routes.get(prefix)?.delete(pathId);
      if (this.#routes.get(prefix)?.size === 0) this.#routes.delete(prefix);
    }
    for (const [pathId, prefix] of announced) {
      const paths = this.#routes.get(prefix) ?? new Map<number, string>();
      this.#routes.set(prefix, paths.set(pathId, attributes));
    }
  }
}

let peers: Peer[] = [];

process.stdout.write(`${JSON.stringify("ready")}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const [command, scripts] = JSON.parse(line) as [string, (readonly PeerScript[])?];
  if (scripts !== undefined) {
    for (const peer of peers) peer.close();
    peers = scripts.map((script) => new Peer(script));
  }
  process.stdout.write(`${JSON.stringify(command === "state" ? peers.map((peer) => peer.state()) : null)}\n`);
}
process.exit();
