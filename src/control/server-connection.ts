// The dialogue with one client of the control socket: a request a line, an answer, or a stream of chunks.

import { unreachable } from "../base/invariant.js";
import type { Dialogue, LineConnection } from "./line-connection.js";
import type { Outcome } from "./methods.js";
import {
  encodeChunk,
  encodeDone,
  encodeError,
  encodeResult,
  encodeResultText,
  MAX_REQUEST_BYTES,
  parseRequest,
  type Request,
  RequestError,
  type RequestId,
} from "./protocol.js";

/** What the dialogue needs of its server. */
export interface RequestHost {
  perform(request: Request, connection: LineConnection): Outcome | Promise<Outcome>;
  /** A bug or a failure behind a request; gives the words for the client. */
  explain(error: unknown, method: string): RequestError;
}

export class ServerConnection implements Dialogue {
  readonly maxLineBytes = MAX_REQUEST_BYTES;
  readonly keepsEmptyLines = false;
  readonly #connection: LineConnection;
  readonly #host: RequestHost;

  constructor(connection: LineConnection, host: RequestHost) {
    this.#connection = connection;
    this.#host = host;
  }

  tooLong(): string {
    return encodeError(new RequestError("line-too-long", `a request is at most ${MAX_REQUEST_BYTES} octets`));
  }

  crowdedOut(): string {
    return encodeError(new RequestError("too-many-connections", "closed to make room for another client"));
  }

  async answer(line: string): Promise<void> {
    let id: RequestId = null;
    let method = "";
    try {
      const request = parseRequest(line);
      ({ id, method } = request);
      const outcome = await this.#host.perform(request, this.#connection);
      await this.#tell(id, outcome);
    } catch (error) {
      const known = error instanceof RequestError ? error : this.#host.explain(error, method);
      await this.#connection.write(encodeError(new RequestError(known.code, known.message, known.id ?? id)));
    }
  }

  async #tell(id: RequestId, outcome: Outcome): Promise<void> {
    switch (outcome.kind) {
      case "value":
        return this.#connection.write(encodeResult(id, outcome.value));
      case "chunks":
        return this.#stream(id, outcome.chunks);
      case "list": {
        const items = await this.#collect(outcome.chunks);
        return this.#connection.write(encodeResultText(id, `[${items.join(",")}]`));
      }
      case "single": {
        const [item] = await this.#collect(outcome.chunks);
        if (item === undefined) throw new RequestError("not-found", "it has gone meanwhile");
        return this.#connection.write(encodeResultText(id, item));
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
      await this.#connection.turn();
    }
  }

  async #stream(id: RequestId, chunks: Iterator<readonly unknown[], unknown, undefined>): Promise<void> {
    let count = 0;
    for (;;) {
      const next = chunks.next();
      if (next.done === true) break;
      count += next.value.length;
      if (next.value.length > 0) await this.#connection.write(encodeChunk(id, next.value));
      if (this.#connection.isGone) {
        chunks.return?.();
        return;
      }
      await this.#connection.turn();
    }
    await this.#connection.write(encodeDone(id, count));
  }
}
