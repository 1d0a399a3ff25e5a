// Fills batches of route requests and keeps many of them under way, so that the writer thread has something to do while
// the main loop is busy elsewhere. Answers come back per request, with the row they belong to.

import { invariant } from "../base/invariant.js";
import { type NetlinkAnswer, RequestBuffer } from "./netlink.js";
import { type EncodedPath, encodeRoute, ROUTE_OVERHEAD, type RouteOwner, type RouteRequest } from "./route-message.js";
import type { FibTable } from "./fib-table.js";
import type { RouteWriter, WriteResult } from "./route-writer.js";

export const REQUESTS_PER_BATCH = 256;
const BATCH_BYTES = 32 * 1024;

/** What became of one request: `wish` is what was written, 0 for a deletion, `metric` that of the route it is about;
 *  errno 0: done. */
export type OnRouteAnswer = (
  table: FibTable,
  row: number,
  request: RouteRequest,
  wish: number,
  metric: number,
  errno: number,
  text: string | undefined,
) => void;

interface Batch {
  /** Where it stands in the writer's memory. */
  readonly at: number;
  readonly out: RequestBuffer;
  readonly tables: FibTable[];
  readonly rows: Int32Array;
  readonly requests: RouteRequest[];
  readonly wishes: Int32Array;
  readonly metrics: Uint32Array;
  count: number;
  firstSequence: number;
}

export interface RouteBatchesDependencies {
  readonly writer: RouteWriter;
  readonly onAnswer: OnRouteAnswer;
  /** Nothing is known about a batch; onAnswer was called with `errno` for each of its requests. */
  readonly onLoss: (errno: number) => void;
  /** A batch came back: there is room again. */
  readonly onRoom: () => void;
}

export class RouteBatches {
  readonly #owner: RouteOwner;
  readonly #deps: RouteBatchesDependencies;
  /** Batches there may be: each keeps the kernel busy for a millisecond or two, all of them together for longer than any
   *  turn of the main loop takes. */
  readonly #most: number;
  readonly #idle: Batch[] = [];
  #made = 0;
  #filling: Batch | undefined;
  #inFlight = 0;
  #sequence = 1;
  readonly #prefix = { w0: 0, w1: 0, w2: 0, w3: 0, length: 0 };

  constructor(owner: RouteOwner, dependencies: RouteBatchesDependencies) {
    this.#owner = owner;
    this.#deps = dependencies;
    this.#most = Math.floor(dependencies.writer.memory.byteLength / BATCH_BYTES);
  }

  get hasRoom(): boolean {
    return this.#filling !== undefined || this.#inFlight < this.#most;
  }

  get isIdle(): boolean {
    return this.#inFlight === 0 && this.#filling === undefined;
  }

  /** Appends a request; the batch leaves when it is full or at flush(). Only while hasRoom. */
  add(
    table: FibTable,
    row: number,
    request: RouteRequest,
    wish: number,
    metric: number,
    path: EncodedPath | undefined,
  ): void {
    const batch = this.#takeBatch();
    const i = batch.count++;
    table.readPrefix(row, this.#prefix);
    encodeRoute(batch.out, request, batch.firstSequence + i, this.#owner, table.family, this.#prefix, metric, path);
    batch.tables[i] = table;
    batch.rows[i] = row;
    batch.requests[i] = request;
    batch.wishes[i] = wish;
    batch.metrics[i] = metric;
    table.paths.retain(wish); // until the answer, whatever is wished meanwhile
    const largest = ROUTE_OVERHEAD + LARGEST_PATH;
    if (batch.count === REQUESTS_PER_BATCH || batch.out.remaining < largest) this.flush();
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
    this.#deps.writer.write(batch.at, batch.out.length, last, (result) => this.#onResult(batch, result));
  }

  #takeBatch(): Batch {
    if (this.#filling !== undefined) return this.#filling;
    invariant(this.hasRoom, "too many batches are under way");
    const batch = this.#idle.pop() ?? newBatch(this.#deps.writer.memory, this.#made++ * BATCH_BYTES);
    if (this.#sequence > 0x7fffffff) this.#sequence = 1;
    batch.firstSequence = this.#sequence;
    this.#filling = batch;
    return batch;
  }

  #onResult(batch: Batch, result: WriteResult): void {
    const { onAnswer } = this.#deps;
    const refusals = result.errors.length === 0 ? undefined : refusalsOf(batch, result);
    for (let i = 0; i < batch.count; i++) {
      const wish = batch.wishes[i];
      const table = batch.tables[i];
      const refusal = refusals?.get(i);
      const errno = refusal === undefined ? result.failure : refusal.errno;
      onAnswer(table, batch.rows[i], batch.requests[i], wish, batch.metrics[i], errno, refusal?.text);
      table.paths.release(wish);
    }
    this.#inFlight--;
    batch.out.length = 0;
    batch.count = 0;
    this.#idle.push(batch);
    if (result.failure !== 0) this.#deps.onLoss(result.failure);
    this.#deps.onRoom();
  }
}

/** By place in the batch: the requests that failed. */
function refusalsOf(batch: Batch, { errors, texts }: WriteResult): ReadonlyMap<number, NetlinkAnswer> {
  const refusals = new Map<number, NetlinkAnswer>();
  for (let i = 0; i < errors.length; i += 2) {
    const at = errors[i] - batch.firstSequence;
    if (at < 0 || at >= batch.count) continue;
    const text = texts[i >> 1];
    refusals.set(at, { errno: errors[i + 1], text: text === "" ? undefined : text });
  }
  return refusals;
}

/** 255 next hops of 28 octets each. */
const LARGEST_PATH = 8 * 1024;

function newBatch(memory: SharedArrayBuffer, at: number): Batch {
  return {
    at,
    out: new RequestBuffer(memory, at, BATCH_BYTES),
    tables: [],
    rows: new Int32Array(REQUESTS_PER_BATCH),
    requests: [],
    wishes: new Int32Array(REQUESTS_PER_BATCH),
    metrics: new Uint32Array(REQUESTS_PER_BATCH),
    count: 0,
    firstSequence: 0,
  };
}
