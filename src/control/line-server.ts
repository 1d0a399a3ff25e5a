// A Unix socket whose clients speak in lines. Its permissions are its protection.
//
// It takes at most one short slice of work per turn of the event loop, for all clients together, so that neither a
// thousand connections nor a dump of the whole table delays a keepalive.

import { createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../base/clock.js";
import type { Log } from "../base/log.js";
import { WorkQueue } from "../base/work-queue.js";
import { messageOf } from "../base/error-message.js";
import { type Dialogue, LineConnection, type LineHost } from "./line-connection.js";
import {
  clearStaleSocket,
  giveToGroup,
  listenOnSocketFile,
  type SocketFileOptions,
  SocketTakenError,
} from "./socket-file.js";

export interface LineServerOptions extends SocketFileOptions {
  /** Most clients at a time; beyond, the one that was idle longest goes. */
  readonly maxConnections?: number;
}

export interface LineServerDependencies {
  readonly clock: Clock;
  readonly log: Log;
  /** Begins to talk with a client that has connected. */
  readonly open: (connection: LineConnection) => Dialogue;
  /** The answer to a client for which there is no place at all. */
  readonly full: () => string;
}

/** Work of some 2 ms is done out of line at most this often. */
const FREE_TURN_MS = 5;

const MAX_CONNECTIONS = 256;
/** A client that takes nothing for so long may be dropped for another one. */
const STALLED_AFTER_MS = 5000;

export class LineServer {
  readonly #options: LineServerOptions;
  readonly #deps: LineServerDependencies;
  readonly #clock: Clock;
  readonly #server: Server;
  readonly #queue: WorkQueue;
  /** When the next turn without waiting may be given. */
  #freeAt = 0;
  readonly #connections = new Set<LineConnection>();
  readonly #host: LineHost;

  constructor(options: LineServerOptions, dependencies: LineServerDependencies) {
    this.#options = options;
    this.#deps = dependencies;
    this.#clock = dependencies.clock;
    this.#queue = new WorkQueue(this.#clock);
    // allowHalfOpen: `echo … | nc -U` ends its side before it reads.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#admit(socket));
    this.#host = {
      now: () => this.#clock.now(),
      turn: () => this.#turn(),
      closed: (connection) => this.#connections.delete(connection),
    };
  }

  get path(): string {
    return this.#options.path;
  }

  /** Number of clients. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Takes the socket's place. Rejects with SocketTakenError where another daemon answers, or with the system's error. */
  async listen(): Promise<void> {
    const { log } = this.#deps;
    await clearStaleSocket(this.#options.path, this.#clock);
    try {
      await listenOnSocketFile(this.#server, this.#options);
    } catch (error) {
      const message = messageOf(error);
      throw new SocketTakenError(`cannot listen on ${this.#options.path}: ${message}`);
    }
    this.#server.on("error", (error) => log.warn(`control socket: ${error.message}`));
    const trouble = giveToGroup(this.#options);
    if (trouble !== undefined) log.warn(`control socket: ${trouble}`);
  }

  /** Drops all clients and removes the socket file. */
  async close(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #admit(socket: Socket): void {
    if (this.#connections.size >= (this.#options.maxConnections ?? MAX_CONNECTIONS) && !this.#makeRoom()) {
      socket.on("error", () => socket.destroy());
      socket.write(this.#deps.full());
      socket.destroySoon();
      return;
    }
    this.#connections.add(new LineConnection(socket, this.#host, this.#deps.open));
  }

  /** An idle client must not keep an operator out. */
  #makeRoom(): boolean {
    const stalledSince = this.#clock.now() - STALLED_AFTER_MS;
    let victim: LineConnection | undefined;
    for (const connection of this.#connections) {
      if (connection.isBusy && connection.lastActive > stalledSince) continue;
      if (victim === undefined || connection.lastActive < victim.lastActive) victim = connection;
    }
    if (victim === undefined) return false;
    this.#connections.delete(victim);
    victim.crowdOut();
    return true;
  }

  /** One client at a time need not wait in line: who asks now and then is answered in the turn that brought the question,
   *  however many there are that flood us. */
  #turn(): Promise<void> {
    const now = this.#clock.now();
    if (now >= this.#freeAt) {
      this.#freeAt = now + FREE_TURN_MS;
      // Nothing waits for it, but a clock that measures the loop learns that there is work.
      this.#clock.soon(() => undefined);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#queue.add(() => {
        resolve();
        return true;
      });
    });
  }
}
