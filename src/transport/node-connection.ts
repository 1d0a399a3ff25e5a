// Connection (session/ports.ts) over a connected net.Socket, where the addon is missing; otherwise polled-connection.ts.
//
// Node reads into buffers of its own per chunk and writes ours without copying them. Errors become words here; what
// happened before anyone took the connection over is kept.

import type { Socket } from "node:net";
import type { Alarm, Clock } from "../base/clock.js";
import type { Bytes } from "../base/bytes.js";
import { type IpAddress, parseAddress } from "../base/ip.js";
import type { Connection, ConnectionHandler, SocketFailure } from "../session/ports.js";
import type { ConnectionEnds } from "./connection-ends.js";
import { requiresAddon } from "./socket-options.js";
import { addonMissing, closedByPeer, peerFailure, type RawError } from "./socket-words.js";

/** Longest time that close() spends on sending what is queued. */
const LINGER_MS = 1000;

/** Both ends of a connected socket; undefined if it is already gone. */
export function endsOf(socket: Socket): ConnectionEnds | undefined {
  const { localPort, remotePort } = socket;
  const local = parseAddress(socket.localAddress ?? "");
  const remote = parseAddress(socket.remoteAddress ?? "");
  if (local === undefined || remote === undefined || localPort === undefined || remotePort === undefined)
    return undefined;
  return { localAddress: local, localPort, remoteAddress: remote, remotePort };
}

export class NodeConnection implements Connection {
  readonly localAddress: IpAddress;
  readonly localPort: number;
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  readonly #socket: Socket;
  readonly #clock: Clock;
  #handler: ConnectionHandler | undefined;
  #failure: SocketFailure | undefined;
  #isReading = false;
  #isOver = false;
  #linger: Alarm | undefined;

  /** Owns `socket` from now on. */
  constructor(socket: Socket, ends: ConnectionEnds, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    this.localAddress = ends.localAddress;
    this.localPort = ends.localPort;
    this.remoteAddress = ends.remoteAddress;
    this.remotePort = ends.remotePort;
    socket.setNoDelay(true);
    socket.on("error", (error: RawError) =>
      this.#ended(peerFailure(error, ends.remoteAddress, ends.remotePort, ends.localAddress)),
    );
    socket.on("end", () => this.#ended(closedByPeer(ends.remoteAddress)));
    socket.on("close", () => this.#closed());
    socket.on("drain", () => this.#handler?.onDrain());
  }

  get handler(): ConnectionHandler | undefined {
    return this.#handler;
  }

  set handler(handler: ConnectionHandler | undefined) {
    this.#handler = handler;
    if (handler === undefined) return;
    if (!this.#isReading) {
      this.#isReading = true;
      this.#socket.on("data", (chunk: Bytes) => this.#handler?.onBytes(chunk));
    }
    if (this.#failure !== undefined) this.#clock.soon(() => this.#tellFailure());
  }

  get writableLength(): number {
    return this.#socket.writableLength;
  }

  get outputProgress(): number {
    const socket = this.#socket;
    if (socket.destroyed) return 0;
    // Node counts a chunk when all of it was taken.
    return socket.bytesWritten - socket.writableLength;
  }

  write(chunk: Bytes, onWritten?: () => void): boolean {
    if (this.#isOver) return false;
    if (onWritten === undefined) return this.#socket.write(chunk);
    return this.#socket.write(chunk, (error) => {
      if (error === undefined || error === null) onWritten();
    });
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  hasUnreadBytes(): boolean {
    return !this.#socket.destroyed && this.#socket.readableLength > 0;
  }

  setHops(ttl: number, minTtl: number | undefined): SocketFailure | undefined {
    if (this.#socket.destroyed) return undefined;
    const { remoteAddress } = this;
    const what = requiresAddon({ remoteAddress, ttl, minTtl, md5Key: undefined, device: undefined });
    return what === undefined ? undefined : addonMissing(what);
  }

  close(): void {
    const socket = this.#socket;
    this.#isOver = true;
    this.#handler = undefined;
    if (socket.destroyed) return;
    socket.end();
    // Octets left unread would turn the FIN into a RST, which may overtake our NOTIFICATION.
    socket.resume();
    this.#linger = this.#clock.at(this.#clock.now() + LINGER_MS, () => giveUp(socket));
  }

  destroy(): void {
    this.#isOver = true;
    this.#handler = undefined;
    this.#socket.resetAndDestroy();
  }

  #ended(failure: SocketFailure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    // Nobody will read what we might still write.
    if (!this.#socket.destroyed) this.#socket.destroy();
    this.#tellFailure();
  }

  #closed(): void {
    this.#linger?.cancel();
    this.#linger = undefined;
    this.#ended(closedByPeer(this.remoteAddress));
  }

  #tellFailure(): void {
    const handler = this.#handler;
    const failure = this.#failure;
    if (handler === undefined || failure === undefined) return;
    this.#failure = undefined;
    this.#handler = undefined;
    handler.onClosed(failure);
  }
}

function giveUp(socket: Socket): void {
  // The kernel would go on offering a peer that reads nothing what it has, and the peer would take the connection for alive.
  if (socket.writableLength > 0) socket.resetAndDestroy();
  else socket.destroy();
}
