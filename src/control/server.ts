// The control server: a Unix socket for status, tables and commands. Its permissions are its protection.
//
// It takes at most one short slice of work per turn of the event loop, for all clients together, so that neither a
// thousand connections nor a dump of the whole table delays a keepalive.

import { createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../base/clock.js";
import type { Log } from "../base/log.js";
import { WorkQueue } from "../base/work-queue.js";
import type { Sys } from "../native/sys.js";
import type { ControlTarget } from "./api-types.js";
import { METHODS, type Outcome } from "./methods.js";
import { readPeerCredentials } from "./peer-credentials.js";
import { CommandError, RouteQueryError } from "../speaker/command-error.js";
import { encodeError, PROTOCOL_VERSION, type Request, RequestError } from "./protocol.js";
import { type ConnectionHost, ServerConnection } from "./server-connection.js";
import {
  clearStaleSocket,
  giveToGroup,
  listenOnSocketFile,
  type SocketFileOptions,
  SocketTakenError,
} from "./socket-file.js";

export interface ControlServerOptions extends SocketFileOptions {
  readonly version: string;
  /** Most clients at a time; beyond, the one that was idle longest goes. */
  readonly maxConnections?: number;
}

export interface ControlServerDependencies {
  readonly clock: Clock;
  readonly log: Log;
  /** For the credentials of callers in the log. */
  readonly sys: Sys | undefined;
}

/** Work of some 2 ms is done out of line at most this often. */
const FREE_TURN_MS = 5;

const MAX_CONNECTIONS = 256;
/** A client that takes nothing for so long may be dropped for another one. */
const STALLED_AFTER_MS = 5000;

export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #sys: Sys | undefined;
  readonly #server: Server;
  readonly #queue: WorkQueue;
  /** When the next turn without waiting may be given. */
  #freeAt = 0;
  readonly #connections = new Set<ServerConnection>();
  readonly #host: ConnectionHost;
  #target: ControlTarget | undefined;

  constructor(options: ControlServerOptions, dependencies: ControlServerDependencies) {
    this.#options = options;
    this.#clock = dependencies.clock;
    this.#log = dependencies.log;
    this.#sys = dependencies.sys;
    this.#queue = new WorkQueue(this.#clock);
    // allowHalfOpen: `echo … | nc -U` ends its side before it reads.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#admit(socket));
    this.#host = {
      now: () => this.#clock.now(),
      turn: () => this.#turn(),
      perform: (request, socket) => this.#perform(request, socket),
      explain: (error, method) => this.#explain(error, method),
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

  /** Takes the socket's place; until serve() requests are answered with `starting`. Rejects with SocketTakenError where
   *  another daemon answers, or with the system's error. */
  async listen(): Promise<void> {
    await clearStaleSocket(this.#options.path, this.#clock);
    try {
      await listenOnSocketFile(this.#server, this.#options);
    } catch (error) {
      throw new SocketTakenError(`cannot listen on ${this.#options.path}: ${messageOf(error)}`);
    }
    this.#server.on("error", (error) => this.#log.warn(`control socket: ${error.message}`));
    const trouble = giveToGroup(this.#options);
    if (trouble !== undefined) this.#log.warn(`control socket: ${trouble}`);
  }

  serve(target: ControlTarget): void {
    this.#target = target;
  }

  /** Drops all clients and removes the socket file. */
  async close(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #admit(socket: Socket): void {
    if (this.#connections.size >= (this.#options.maxConnections ?? MAX_CONNECTIONS) && !this.#makeRoom()) {
      socket.on("error", () => socket.destroy());
      socket.write(
        encodeError(new RequestError("too-many-connections", "the daemon serves too many clients, try again")),
      );
      socket.destroySoon();
      return;
    }
    this.#connections.add(new ServerConnection(socket, this.#host));
  }

  /** An idle client must not keep an operator out. */
  #makeRoom(): boolean {
    const stalledSince = this.#clock.now() - STALLED_AFTER_MS;
    let victim: ServerConnection | undefined;
    for (const connection of this.#connections) {
      if (connection.isBusy && connection.lastActive > stalledSince) continue;
      if (victim === undefined || connection.lastActive < victim.lastActive) victim = connection;
    }
    if (victim === undefined) return false;
    this.#connections.delete(victim);
    victim.refuse(new RequestError("too-many-connections", "closed to make room for another client"));
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

  #perform(request: Request, socket: Socket): Outcome | Promise<Outcome> {
    if (request.method === "hello") {
      return { kind: "value", value: { version: this.#options.version, pid: process.pid, protocol: PROTOCOL_VERSION } };
    }
    const method = METHODS.get(request.method);
    if (method === undefined)
      throw new RequestError("unknown-method", "this daemon does not know the method", request.id);
    if (this.#target === undefined) throw new RequestError("starting", "the daemon is starting, try again", request.id);
    if (method.changes) this.#logChange(request, socket);
    return method.run(this.#target, request.params);
  }

  #logChange(request: Request, socket: Socket): void {
    const caller = this.#sys === undefined ? undefined : readPeerCredentials(this.#sys, socket);
    const { peer, reason } = request.params;
    this.#log.info(`control: ${request.method}`, {
      ...(typeof peer === "string" ? { of: peer } : {}),
      ...(typeof reason === "string" ? { reason } : {}),
      ...(caller === undefined ? {} : { uid: caller.uid, pid: caller.pid }),
    });
  }

  #explain(error: unknown, method: string): RequestError {
    if (error instanceof CommandError || error instanceof RouteQueryError) {
      return new RequestError("failed", error.message);
    }
    this.#log.error(
      `control: ${method} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    return new RequestError("failed", messageOf(error));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
