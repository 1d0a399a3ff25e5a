// The other end of the control socket: connects, asks, reads answers and streams. Used by the command line and by a
// starting daemon that finds a socket file in its place.

import { connect, type Socket } from "node:net";
import type { Alarm, Clock } from "../base/clock.js";
import { LineSplitter } from "./line-splitter.js";
import { encodeRequest, parseResponse, RequestError, type Response, socketPathFault } from "./protocol.js";

/** Nobody sensible answers on the socket. */
export class UnreachableError extends Error {
  /** The file is missing, or no process listens on it. */
  readonly isDead: boolean;

  constructor(message: string, isDead = false) {
    super(message);
    this.name = "UnreachableError";
    this.isDead = isDead;
  }
}

export interface ClientOptions {
  readonly clock: Clock;
  /** Longest silence while an answer is awaited. */
  readonly timeoutMs: number;
}

/** A table of a million routes comes in chunks of a few hundred; a single answer of this size is not ours. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

export class ControlClient {
  readonly #socket: Socket;
  readonly #path: string;
  readonly #options: ClientOptions;
  readonly #splitter = new LineSplitter(MAX_ANSWER_BYTES);
  #failure: UnreachableError | undefined;
  #wake: (() => void) | undefined;
  #nextId = 1;

  private constructor(socket: Socket, path: string, options: ClientOptions) {
    this.#socket = socket;
    this.#path = path;
    this.#options = options;
    socket.on("data", (chunk: Buffer) => {
      if (!this.#splitter.push(chunk)) this.#fail("sends lines without an end");
      // Read on only when asked: a table must not pile up here while standard output is slow.
      socket.pause();
      this.#wake?.();
    });
    socket.on("error", (error) => this.#fail(error.message));
    socket.on("close", () => this.#fail("closed the connection"));
  }

  /** Rejects with UnreachableError. */
  static connect(path: string, options: ClientOptions): Promise<ControlClient> {
    return new Promise((resolve, reject) => {
      const fault = socketPathFault(path);
      if (fault !== undefined) {
        reject(new UnreachableError(fault));
        return;
      }
      // No limit of time: connect(2) on a Unix socket succeeds or fails at once.
      const socket = connect({ path });
      const onError = (error: NodeJS.ErrnoException): void => reject(connectFailure(path, error));
      socket.once("error", onError);
      socket.once("connect", () => {
        socket.off("error", onError);
        resolve(new ControlClient(socket, path, options));
      });
    });
  }

  /** Asks for one value. Rejects with RequestError where the daemon refuses, UnreachableError where it is gone. */
  async request(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const id = this.#send(method, params);
    const response = await this.#receive(id);
    return response.result;
  }

  /** Asks for a stream and gives its chunks as they come. Errors as in request. */
  async *stream(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
  ): AsyncGenerator<readonly unknown[], void> {
    const id = this.#send(method, params);
    for (;;) {
      const response = await this.#receive(id);
      if (response.done === true) return;
      if (response.chunk !== undefined) yield response.chunk;
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(method: string, params: Readonly<Record<string, unknown>>): number {
    const id = this.#nextId++;
    this.#socket.write(encodeRequest(id, method, params));
    return id;
  }

  async #receive(id: number): Promise<Response> {
    for (;;) {
      const line = this.#splitter.next() ?? (await this.#readLine());
      const response = parseResponse(line);
      if (response === undefined) throw new UnreachableError(`what answers on ${this.#path} is not starling`);
      const { error } = response;
      if (error !== undefined && (response.id === id || response.id === null))
        throw new RequestError(error.code, error.message, id);
      if (response.id === id) return response;
    }
  }

  async #readLine(): Promise<string> {
    for (;;) {
      const line = this.#splitter.next();
      if (line !== undefined) return line;
      if (this.#failure !== undefined) throw this.#failure;
      await this.#moreBytes();
    }
  }

  async #moreBytes(): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    let alarm: Alarm | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      alarm = clock.at(clock.now() + timeoutMs, () => this.#fail(`did not answer within ${timeoutMs / 1000} s`));
      this.#socket.resume();
    });
    alarm?.cancel();
    this.#wake = undefined;
  }

  #fail(what: string): void {
    this.#failure ??= new UnreachableError(`the daemon on ${this.#path} ${what}`);
    this.#socket.destroy();
    this.#wake?.();
  }
}

function connectFailure(path: string, error: NodeJS.ErrnoException): UnreachableError {
  switch (error.code) {
    case "ENOENT":
      return new UnreachableError(`no daemon: ${path} does not exist`, true);
    case "ECONNREFUSED":
      return new UnreachableError(`no daemon listens on ${path}`, true);
    case "EACCES":
    case "EPERM":
      return new UnreachableError(`no permission to use ${path}: run as root or as a member of its group`);
    case "EAGAIN":
      return new UnreachableError(`too many connections wait for the daemon on ${path}: try again`);
    default:
      return new UnreachableError(`cannot reach ${path}: ${error.message}`);
  }
}
