// One peer's place in an update group: how far it has read, whether its socket takes more, and whether it walks.

import type { Bytes } from "../base/bytes.js";
import type { Batch, GroupBatches } from "./group-batches.js";
import type { SourceId } from "./sources.js";

/** Where a member's octets go: its session. */
export interface MemberSink {
  /** Queues whole messages without copying; `onWritten` tells that the octets may be changed again. `messages`: how many
   *  they are, for the counters. */
  write(bytes: Bytes, onWritten?: () => void, messages?: number): boolean;
  cork(): void;
  uncork(): void;
  /** Octets the kernel has not taken yet. */
  readonly writableLength: number;
}

/** Upper bound of what a member may be told. */
export interface MemberLimit {
  /** Most prefixes; Infinity where too many do no harm. */
  readonly most: number;
  /** Asked before the member is told more: it would know `count` prefixes. False, where that is more than `most`: it is
   *  told nothing any more, its session is about to end. */
  permits(count: number): boolean;
}

const NOTHING: Bytes = new Uint8Array(0);

export class GroupMember {
  /** The peer as a source: its own routes are not sent to it. */
  readonly source: SourceId;
  readonly sink: MemberSink;
  /** Next batch to read, while it is live. */
  position = 0;
  /** Its socket is full; wait for it. */
  blocked = false;
  /** When its socket was full and then took everything, by Clock.now. */
  emptiedAt = -Infinity;
  /** It follows the stream; false while it is told the table instead (group-walk.ts). */
  isLive = true;
  /** An End-of-RIB is due when it has been told everything. */
  wantsEndOfRib: boolean;
  /** Called once when the walk of a ROUTE-REFRESH is over (RFC 7313 EoRR). */
  onRefreshed: (() => void) | undefined;
  /** Called once when End-of-RIB has been sent. */
  onEndOfRib: (() => void) | undefined;
  /** See Rib.setLimit. */
  limit: MemberLimit | undefined;
  #gone = false;
  /** Asks for a flush: the member can take more. */
  readonly #onWritable: (member: GroupMember) => void;

  constructor(source: SourceId, sink: MemberSink, wantsEndOfRib: boolean, onWritable: (member: GroupMember) => void) {
    this.source = source;
    this.sink = sink;
    this.wantsEndOfRib = wantsEndOfRib;
    this.#onWritable = onWritable;
  }

  /** Writes what the member may have of a batch. `owner` keeps the batch until the socket has it all. */
  deliver(batch: Batch, owner: GroupBatches): void {
    if (batch.isWholeFor(this.source)) this.sink.write(batch.whole, undefined, batch.messageCount);
    else {
      this.sink.cork();
      batch.pieces(this.source, (bytes, messages) => this.sink.write(bytes, undefined, messages));
      this.sink.uncork();
    }
    if (this.sink.writableLength === 0) return;
    batch.readers++;
    this.#block(() => owner.release(batch));
  }

  /** Writes a message of its own, such as End-of-RIB. */
  send(bytes: Bytes): void {
    this.sink.write(bytes);
    if (this.sink.writableLength > 0 && !this.blocked) this.#block(() => undefined);
  }

  sendEndOfRib(message: Bytes): void {
    this.wantsEndOfRib = false;
    this.send(message);
    this.onEndOfRib?.();
    this.onEndOfRib = undefined;
  }

  /** The session is over: nothing that the socket still says matters. */
  leave(): void {
    this.#gone = true;
  }

  #block(onWritten: () => void): void {
    this.blocked = true;
    // An empty chunk behind the data: its callback says that the kernel has taken all before it.
    const written = (): void => {
      onWritten();
      if (this.#gone) return;
      this.blocked = this.sink.writableLength > 0;
      if (this.blocked) this.#block(() => undefined);
      else this.#onWritable(this);
    };
    this.sink.write(NOTHING, written, 0);
  }
}
