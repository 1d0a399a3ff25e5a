// Encoded messages of an update group, waiting for its slower members: one shared buffer per batch and a table of
// segments that says whose routes lie where, so that a member can be spared its own.
//
// A batch is kept until every live member has passed it; what is kept is bounded, whoever falls out walks (group-walk.ts).

import type { PrefixId, RouteTable } from "./route-table.js";
import type { SourceId } from "./sources.js";

export const BATCH_BYTES = 1 << 16;

/** How much is encoded at a time, and how much is kept. */
export interface BatchLimits {
  /** Octets after which a batch is full; estimated. */
  readonly batchBytes: number;
  /** Octets kept per group for members that read slowly. */
  readonly retainedBytes: number;
}

export const BATCH_LIMITS: BatchLimits = { batchBytes: BATCH_BYTES, retainedBytes: 8 << 20 };

/** Octets `[start, end)` of a batch that the members `source` and `nextHopPeer` must not get, and the number of messages
 *  in the batch up to either point. */
const SEGMENT = 6; // source, next-hop peer, start, end, messages before start, messages before end

export class Batch {
  buffer: Buffer;
  /** Octets for everybody; what lies behind is for single members. */
  commonLength = 0;
  /** Messages for everybody. */
  messageCount = 0;
  segmentCount = 0;
  segments = new Int32Array(64 * SEGMENT);
  /** Withdrawals for one member each: a route it had has become its own. */
  readonly targeted = new Map<SourceId, { readonly start: number; readonly end: number; readonly messages: number }>();
  /** Prefixes spoken of, for members that never get to read the batch. */
  prefixes = new Int32Array(256);
  prefixCount = 0;
  /** By index of `prefixes`: the path identifier, in batches of ADD-PATH groups. */
  #pathIds = new Int32Array(0);
  /** Members whose socket still reads from the buffer. */
  readers = 0;
  /** Walks that have yet to note which prefixes it speaks of. */
  keepers = 0;
  /** No longer in the list of its group: the last reader gives it back to the pool. */
  dropped = false;
  /** The rows of `prefixes` are held, so that they do not come to mean others. */
  holdsPrefixes = false;
  #whole: Buffer | undefined;

  constructor(capacity: number) {
    this.buffer = Buffer.allocUnsafeSlow(capacity);
  }

  reset(): void {
    this.commonLength = this.messageCount = this.segmentCount = this.prefixCount = this.readers = this.keepers = 0;
    this.dropped = this.holdsPrefixes = false;
    this.targeted.clear();
    this.#whole = undefined;
  }

  /** The octets for everybody; the same view for every member. */
  get whole(): Buffer {
    this.#whole ??= this.buffer.subarray(0, this.commonLength);
    return this.#whole;
  }

  get byteLength(): number {
    return this.buffer.length + this.prefixes.byteLength + this.#pathIds.byteLength;
  }

  /** Makes room for `count` octets behind `at`; the buffer may be another one afterwards. */
  ensure(at: number, count: number): Buffer {
    if (at + count <= this.buffer.length) return this.buffer;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, at + count));
    this.buffer.copy(larger, 0, 0, at);
    this.buffer = larger;
    return larger;
  }

  /** Notes whose routes `[start, end)` holds, which are `messages` messages. */
  addSegment(source: SourceId, nextHopPeer: SourceId, start: number, end: number, messages: number): void {
    if (start === end) return;
    const at = this.segmentCount * SEGMENT;
    if (at === this.segments.length) {
      const larger = new Int32Array(this.segments.length * 2);
      larger.set(this.segments);
      this.segments = larger;
    }
    this.segments[at] = source;
    this.segments[at + 1] = nextHopPeer;
    this.segments[at + 2] = start;
    this.segments[at + 3] = end;
    this.segments[at + 4] = this.messageCount;
    this.messageCount += messages;
    this.segments[at + 5] = this.messageCount;
    this.segmentCount++;
  }

  addPrefix(prefix: PrefixId): void {
    if (this.prefixCount === this.prefixes.length) {
      const larger = new Int32Array(this.prefixes.length * 2);
      larger.set(this.prefixes);
      this.prefixes = larger;
    }
    this.prefixes[this.prefixCount++] = prefix;
  }

  addPath(prefix: PrefixId, pathId: number): void {
    this.addPrefix(prefix);
    if (this.#pathIds.length < this.prefixes.length) {
      const larger = new Int32Array(this.prefixes.length);
      larger.set(this.#pathIds);
      this.#pathIds = larger;
    }
    this.#pathIds[this.prefixCount - 1] = pathId;
  }

  /** The path identifier given to `addPath` for the i-th prefix. */
  pathId(i: number): number {
    return this.#pathIds[i];
  }

  /** True if `member` may have all of the batch that is for everybody, and nothing else: mostly so. */
  isWholeFor(member: SourceId): boolean {
    if (this.commonLength === 0 || (this.targeted.size > 0 && this.targeted.has(member))) return false;
    const segments = this.segments;
    const end = this.segmentCount * SEGMENT;
    for (let i = 0; i < end; i += SEGMENT) {
      if (segments[i] === member || segments[i + 1] === member) return false;
    }
    return true;
  }

  /** Calls `write` with each piece of the batch that `member` may have, in order, and its number of messages. */
  pieces(member: SourceId, write: (bytes: Buffer, messages: number) => void): void {
    let at = 0;
    let before = 0;
    const segments = this.segments;
    const end = this.segmentCount * SEGMENT;
    for (let i = 0; i < end; i += SEGMENT) {
      if (segments[i] !== member && segments[i + 1] !== member) continue;
      if (segments[i + 2] > at) write(this.buffer.subarray(at, segments[i + 2]), segments[i + 4] - before);
      at = segments[i + 3];
      before = segments[i + 5];
    }
    if (at === 0) {
      if (this.commonLength > 0) write(this.whole, this.messageCount);
    } else if (at < this.commonLength) write(this.buffer.subarray(at, this.commonLength), this.messageCount - before);
    const own = this.targeted.get(member);
    if (own !== undefined) write(this.buffer.subarray(own.start, own.end), own.messages);
  }
}

/** Buffers are used again: a batch is taken from here and comes back when no member reads from it. */
export class BatchPool {
  readonly #free: Batch[] = [];

  take(): Batch {
    const batch = this.#free.pop() ?? new Batch(BATCH_BYTES + 8192);
    batch.reset();
    return batch;
  }

  give(batch: Batch): void {
    // One that had to grow is not worth keeping.
    if (batch.buffer.length <= BATCH_BYTES + 8192 && this.#free.length < 8) this.#free.push(batch);
  }

  /** Gives the memory of unused buffers back. */
  trim(): void {
    this.#free.length = 0;
  }
}

/** Held batches that are let go in one turn. */
const DROPPED_AT_ONCE = 4;

/** The batches between the slowest and the newest position. Positions count up for ever. */
export class GroupBatches {
  readonly #pool: BatchPool;
  readonly #routes: RouteTable;
  readonly #batches: Batch[] = [];
  /** Dropped, but the rows of their prefixes are still held. */
  readonly #leaving: Batch[] = [];
  #first = 0;
  #bytes = 0;

  constructor(pool: BatchPool, routes: RouteTable) {
    this.#pool = pool;
    this.#routes = routes;
  }

  /** Position behind the newest batch. */
  get end(): number {
    return this.#first + this.#batches.length;
  }

  get first(): number {
    return this.#first;
  }

  get retainedBytes(): number {
    return this.#bytes;
  }

  push(batch: Batch): void {
    this.#batches.push(batch);
    this.#bytes += batch.byteLength;
  }

  /** The newest batch has not been read by all: its prefixes are held for those who may never read it. */
  hold(batch: Batch): void {
    if (batch.dropped) return;
    batch.holdsPrefixes = true;
    for (let i = 0; i < batch.prefixCount; i++) this.#routes.hold(batch.prefixes[i]);
  }

  at(position: number): Batch {
    return this.#batches[position - this.#first];
  }

  /** Drops the batches before `position`. Those whose octets a kernel still reads go back to the pool later; of many at a
   *  time, letGo is to let the prefixes go. */
  dropBefore(position: number): void {
    const isLong = position - this.#first > DROPPED_AT_ONCE;
    while (this.#first < position && this.#batches.length > 0) {
      const batch = this.#batches[0];
      this.#batches.shift();
      this.#first++;
      this.#bytes -= batch.byteLength;
      if (isLong && batch.holdsPrefixes) this.#leaving.push(batch);
      else this.drop(batch);
    }
  }

  /** The batch is not in the list, or no longer. */
  drop(batch: Batch): void {
    batch.dropped = true;
    this.#giveUp(batch);
  }

  /** Lets the next of many dropped batches go; false if there is none. */
  letGo(): boolean {
    const batch = this.#leaving.pop();
    if (batch !== undefined) this.drop(batch);
    return batch !== undefined;
  }

  /** Somebody has yet to read which prefixes the batch speaks of: their rows stay until `noted`. */
  keep(batch: Batch): void {
    batch.keepers++;
  }

  /** The other end of `keep`. */
  noted(batch: Batch): void {
    batch.keepers--;
    if (batch.dropped) this.#giveUp(batch);
  }

  /** One reader less. */
  release(batch: Batch): void {
    batch.readers--;
    if (batch.dropped) this.#giveUp(batch);
  }

  #giveUp(batch: Batch): void {
    if (batch.keepers > 0) return;
    if (batch.holdsPrefixes) {
      batch.holdsPrefixes = false;
      for (let i = 0; i < batch.prefixCount; i++) this.#routes.unhold(batch.prefixes[i]);
    }
    if (batch.readers === 0) this.#pool.give(batch);
  }
}
