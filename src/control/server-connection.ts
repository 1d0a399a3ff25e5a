// One client of the control socket: reads requests, answers them in order, never holds more than one answer in memory.
//
// A client that does not read only stops itself: its socket is not read either, and its stream is not produced. A
// client that floods gets one request a turn, in line with all others.

import type { Socket } from "node:net";
import { unreachable } from "../base/invariant.js";
import type { Outcome } from "./methods.js";
import {
  encodeChunk,
  encodeDone,
  encodeError,
  encodeResult,
  encodeResultText,
  LineSplitter,
  MAX_REQUEST_BYTES,
  parseRequest,
  type Request,
  RequestError,
  type RequestId,
} from "./protocol.js";

/** What a connection needs of its server. */
export interface ConnectionHost {
  now(): number;
  /** Resolves when it is this connection's turn to work for about 2 ms. */
  turn(): Promise<void>;
  perform(request: Request, socket: Socket): Outcome | Promise<Outcome>;
  /** A bug or a failure behind a request; gives the words for the client. */
  explain(error: unknown, method: string): RequestError;
  closed(connection: ServerConnection): void;
}

export class ServerConnection {
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  readonly #splitter = new LineSplitter(MAX_REQUEST_BYTES);
  #working = false;
  #clientEnded = false;
  #closed = false;
  #lastActive: number;
  #resumeWriting: (() => void) | undefined;

  constructor(socket: Socket, host: ConnectionHost) {
    this.#socket = socket;
    this.#host = host;
    this.#lastActive = host.now();
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("end", () => {
      this.#clientEnded = true;
      this.#splitter.end();
      void this.#work();
    });
    socket.on("drain", () => {
      this.#lastActive = host.now();
      this.#resumeWriting?.();
    });
    // The reason is of no interest: a client may go away at any moment. `close` follows.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#closed = true;
      this.#resumeWriting?.();
      host.closed(this);
    });
  }

  /** Milliseconds of Clock.now when octets last moved. */
  get lastActive(): number {
    return this.#lastActive;
  }

  /** A request is being answered. */
  get isBusy(): boolean {
    return this.#working;
  }

  /** Says why in a last line, as far as the client reads, and closes. */
  refuse(error: RequestError): void {
    if (this.#socket.writableLength === 0) this.#socket.write(encodeError(error));
    this.close();
  }

  close(): void {
    if (this.#socket.writableNeedDrain) this.#socket.destroy();
    else this.#socket.destroySoon();
  }

  #onData(chunk: Buffer): void {
    this.#lastActive = this.#host.now();
    if (this.#closed || this.#socket.writableEnded) return;
    if (!this.#splitter.push(chunk)) {
      this.refuse(new RequestError("line-too-long", `a request is at most ${MAX_REQUEST_BYTES} octets`));
      return;
    }
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    this.#socket.pause();
    for (;;) {
      const line = this.#splitter.next();
      if (line === undefined || this.#isGone()) break;
      await this.#host.turn();
      await this.#answer(line);
    }
    this.#working = false;
    if (this.#isGone()) return;
    if (this.#clientEnded) this.#socket.end();
    else this.#socket.resume();
  }

  #isGone(): boolean {
    return this.#closed || this.#socket.writableEnded;
  }

  async #answer(line: string): Promise<void> {
    let id: RequestId = null;
    let method = "";
    try {
      const request = parseRequest(line);
      ({ id, method } = request);
      const outcome = await this.#host.perform(request, this.#socket);
      await this.#tell(id, outcome);
    } catch (error) {
      const known = error instanceof RequestError ? error : this.#host.explain(error, method);
      await this.#write(encodeError(new RequestError(known.code, known.message, known.id ?? id)));
    }
  }

  async #tell(id: RequestId, outcome: Outcome): Promise<void> {
    switch (outcome.kind) {
      case "value":
        return this.#write(encodeResult(id, outcome.value));
      case "chunks":
        return this.#stream(id, outcome.chunks);
      case "list": {
        const items = await this.#collect(outcome.chunks);
        return this.#write(encodeResultText(id, `[${items.join(",")}]`));
      }
      case "single": {
        const [item] = await this.#collect(outcome.chunks);
        if (item === undefined) throw new RequestError("not-found", "it has gone meanwhile");
        return this.#write(encodeResultText(id, item));
      }
      default:
        return unreachable(outcome);
    }
  }

  /** The items as JSON, made and encoded a chunk a turn. */
  async #collect(chunks: Iterator<readonly unknown[], unknown, undefined>): Promise<readonly string[]> {
    const items: string[] = [];
    for (;;) {
      const next = chunks.next();
      if (next.done === true) return items;
      for (const item of next.value) items.push(JSON.stringify(item));
      await this.#host.turn();
    }
  }

  async #stream(id: RequestId, chunks: Iterator<readonly unknown[], unknown, undefined>): Promise<void> {
    let count = 0;
    for (;;) {
      const next = chunks.next();
      if (next.done === true) break;
      count += next.value.length;
      if (next.value.length > 0) await this.#write(encodeChunk(id, next.value));
      if (this.#isGone()) {
        chunks.return?.();
        return;
      }
      await this.#host.turn();
    }
    await this.#write(encodeDone(id, count));
  }

  /** Resolves when the client has taken enough of what was written before, or is gone. */
  async #write(text: string): Promise<void> {
    if (this.#isGone() || this.#socket.write(text)) return;
    await new Promise<void>((resolve) => {
      this.#resumeWriting = resolve;
    });
    this.#resumeWriting = undefined;
  }
}
