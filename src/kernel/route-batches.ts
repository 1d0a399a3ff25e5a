// Fills batches of route requests and keeps four of them under way, so that the writer thread never waits for us nor we
// for it. Answers come back per request, with the row they belong to.

import { invariant } from "../base/invariant.js";
import { RequestBuffer } from "./netlink.js";
import { type EncodedPath, encodeRoute, ROUTE_OVERHEAD, type RouteOwner, type RouteRequest } from "./route-message.js";
import type { FibTable } from "./fib-table.js";
import type { RouteWriter, WriteResult } from "./route-writer.js";

const MOST_REQUESTS = 256;
const BATCH_BYTES = 64 * 1024;
export const BATCHES_IN_FLIGHT = 4;

/** What became of one request. errno 0: done. */
export interface RouteAnswer {
  readonly table: FibTable;
  readonly row: number;
  readonly request: RouteRequest;
  /** The wish that was written; 0 for a deletion. */
  readonly wish: number;
  readonly errno: number;
  readonly text: string | undefined;
}

interface Batch {
  out: RequestBuffer;
  readonly tables: FibTable[];
  readonly rows: Int32Array;
  readonly requests: RouteRequest[];
  readonly wishes: Int32Array;
  count: number;
  firstSequence: number;
}

export interface RouteBatchesDependencies {
  readonly writer: RouteWriter;
  readonly onAnswer: (answer: RouteAnswer) => void;
  /** Nothing is known about a batch; onAnswer was called with `errno` for each of its requests. */
  readonly onLoss: (errno: number) => void;
  /** A batch came back: there is room again. */
  readonly onRoom: () => void;
}

export class RouteBatches {
  readonly #owner: RouteOwner;
  readonly #deps: RouteBatchesDependencies;
  readonly #idle: Batch[] = [];
  #filling: Batch | undefined;
  #inFlight = 0;
  #sequence = 1;
  readonly #prefix = { w0: 0, w1: 0, w2: 0, w3: 0, length: 0 };

  constructor(owner: RouteOwner, dependencies: RouteBatchesDependencies) {
    this.#owner = owner;
    this.#deps = dependencies;
    for (let i = 0; i < BATCHES_IN_FLIGHT; i++) this.#idle.push(newBatch());
  }

  get hasRoom(): boolean {
    return this.#filling !== undefined || this.#idle.length > 0;
  }

  get isIdle(): boolean {
    return this.#inFlight === 0 && this.#filling === undefined;
  }

  /** Appends a request; the batch leaves when it is full or at flush(). Only while hasRoom. */
  add(table: FibTable, row: number, request: RouteRequest, wish: number, path: EncodedPath | undefined): void {
    const batch = this.#takeBatch();
    const i = batch.count++;
    table.readPrefix(row, this.#prefix);
    encodeRoute(batch.out, request, batch.firstSequence + i, this.#owner, table.family, this.#prefix, path);
    batch.tables[i] = table;
    batch.rows[i] = row;
    batch.requests[i] = request;
    batch.wishes[i] = wish;
    table.paths.retain(wish); // until the answer, whatever is wished meanwhile
    const largest = ROUTE_OVERHEAD + LARGEST_PATH;
    if (batch.count === MOST_REQUESTS || batch.out.remaining < largest) this.flush();
  }

  /** Sends what was added. */
  flush(): void {
    const batch = this.#filling;
    if (batch === undefined) return;
    this.#filling = undefined;
    batch.out.askForAck();
    this.#inFlight++;
    const last = batch.firstSequence + batch.count - 1;
    this.#sequence = last + 1;
    this.#deps.writer.write(batch.out.buffer, batch.out.length, last, (result) => this.#onResult(batch, result));
  }

  #takeBatch(): Batch {
    if (this.#filling !== undefined) return this.#filling;
    const batch = this.#idle.pop();
    invariant(batch !== undefined, "no batch is free");
    if (this.#sequence > 0x7fffffff) this.#sequence = 1;
    batch.firstSequence = this.#sequence;
    this.#filling = batch;
    return batch;
  }

  #onResult(batch: Batch, result: WriteResult): void {
    const errnos = new Int32Array(batch.count).fill(result.failure);
    const texts = new Map<number, string>();
    for (let i = 0; i < result.errors.length; i += 2) {
      const at = result.errors[i] - batch.firstSequence;
      if (at < 0 || at >= batch.count) continue;
      errnos[at] = result.errors[i + 1];
      if (result.texts[i >> 1] !== "") texts.set(at, result.texts[i >> 1]);
    }
    for (let i = 0; i < batch.count; i++) {
      const wish = batch.wishes[i];
      const table = batch.tables[i];
      this.#deps.onAnswer({
        table,
        row: batch.rows[i],
        request: batch.requests[i],
        wish,
        errno: errnos[i],
        text: texts.get(i),
      });
      table.paths.release(wish);
    }
    this.#inFlight--;
    batch.out = new RequestBuffer(result.buffer);
    batch.count = 0;
    this.#idle.push(batch);
    if (result.failure !== 0) this.#deps.onLoss(result.failure);
    this.#deps.onRoom();
  }
}

/** 255 next hops of 28 octets each. */
const LARGEST_PATH = 8 * 1024;

function newBatch(): Batch {
  return {
    out: new RequestBuffer(new ArrayBuffer(BATCH_BYTES)),
    tables: [],
    rows: new Int32Array(MOST_REQUESTS),
    requests: [],
    wishes: new Int32Array(MOST_REQUESTS),
    count: 0,
    firstSequence: 0,
  };
}
