// The control server: status, tables and commands as JSON lines over a Unix socket.

import type { Socket } from "node:net";
import type { Clock } from "../base/clock.js";
import type { Log } from "../base/log.js";
import { messageOf } from "../base/error-message.js";
import type { Sys } from "../native/sys.js";
import type { ControlTarget } from "./api-types.js";
import { LineServer, type LineServerOptions } from "./line-server.js";
import { METHODS, type Outcome } from "./methods.js";
import { readPeerCredentials } from "./peer-credentials.js";
import { CommandError, RouteQueryError } from "../speaker/command-error.js";
import { encodeError, PROTOCOL_VERSION, type Request, RequestError } from "./protocol.js";
import { type RequestHost, ServerConnection } from "./server-connection.js";

export interface ControlServerOptions extends LineServerOptions {
  readonly version: string;
}

export interface ControlServerDependencies {
  readonly clock: Clock;
  readonly log: Log;
  /** For the credentials of callers in the log. */
  readonly sys: Sys | undefined;
}

export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #log: Log;
  readonly #sys: Sys | undefined;
  readonly #server: LineServer;
  #target: ControlTarget | undefined;

  constructor(options: ControlServerOptions, { clock, log, sys }: ControlServerDependencies) {
    this.#options = options;
    this.#log = log;
    this.#sys = sys;
    const host: RequestHost = {
      perform: (request, { socket }) => this.#perform(request, socket),
      explain: (error, method) => this.#explain(error, method),
    };
    this.#server = new LineServer(options, {
      clock,
      log,
      open: (connection) => new ServerConnection(connection, host),
      full: () =>
        encodeError(new RequestError("too-many-connections", "the daemon serves too many clients, try again")),
    });
  }

  get path(): string {
    return this.#options.path;
  }

  /** Number of clients. */
  get connectionCount(): number {
    return this.#server.connectionCount;
  }

  /** Takes the socket's place; until serve() requests are answered with `starting`. Rejects with SocketTakenError where
   *  another daemon answers, or with the system's error. */
  listen(): Promise<void> {
    return this.#server.listen();
  }

  serve(target: ControlTarget): void {
    this.#target = target;
  }

  /** Drops all clients and removes the socket file. */
  close(): Promise<void> {
    return this.#server.close();
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
