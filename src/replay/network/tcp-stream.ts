// One direction of a TCP connection put in order (RFC 9293 §3.4, §3.10.7.4): late, repeated and overlapping segments,
// sequence numbers that wrap around. Of two versions of an octet the first counts.
//
// What is missing is waited for as long as it may still come, but never with more than a megabyte in hand; then a gap is
// told instead.

import type { Bytes } from "../../base/bytes.js";

/** When and with which packet octets came. */
export interface Stamp {
  readonly timeMicros: number;
  readonly packet: number;
}

export type StreamEvent =
  | { readonly kind: "octets"; readonly bytes: Bytes; readonly stamp: Stamp }
  /** Octets that are not in the capture: lost packets, or the end of packets cut by the snapshot length. */
  | { readonly kind: "gap"; readonly length: number; readonly isCut: boolean; readonly stamp: Stamp };

/** Octets at [at, end) of the stream; none where the capture cut them off. */
interface Piece {
  readonly at: number;
  readonly end: number;
  readonly bytes: Bytes | undefined;
  readonly stamp: Stamp;
}

const MAX_PENDING_OCTETS = 1 << 20;
const MAX_PENDING_PIECES = 4096;
/** The receiver has acknowledged what is missing: a packet that overtook another would have come by now. */
const ACKNOWLEDGED_WAIT_MICROS = 1e6;
/** Nothing acknowledged (one direction was captured): as long as a sender repeats itself (RFC 6298 §2.4). */
const LONGEST_WAIT_MICROS = 60e6;

export class TcpStream {
  /** Sequence number of the first octet that ever counted. */
  readonly firstSequence: number;
  /** The stream was seen from its SYN on. */
  readonly isWhole: boolean;
  #next: number;
  #position = 0;
  readonly #pending: Piece[] = [];
  #pendingOctets = 0;
  #waitingSinceMicros = 0;
  #acknowledged = 0;
  #finAt: number | undefined;

  constructor(firstSequence: number, isWhole: boolean) {
    this.firstSequence = firstSequence;
    this.isWhole = isWhole;
    this.#next = firstSequence;
  }

  /** Everything up to FIN was delivered. */
  get isFinished(): boolean {
    return this.#finAt !== undefined && this.#position >= this.#finAt;
  }

  /** Nothing was delivered yet. */
  get isFresh(): boolean {
    return this.#position === 0 && this.#pending.length === 0;
  }

  /** Octets from what comes next to `sequence`; negative: that was delivered, or never belonged to this stream. */
  distanceTo(sequence: number): number {
    return (sequence - this.#next) | 0;
  }

  /** Takes a payload that begins at `sequence`; of its `length` octets `bytes` were captured. Gives what is in order. */
  add(sequence: number, bytes: Bytes, length: number, stamp: Stamp): readonly StreamEvent[] {
    const at = this.#positionOf(sequence);
    const capturedEnd = at + bytes.length;
    if (this.#pending.length === 0) this.#waitingSinceMicros = stamp.timeMicros;
    const events: StreamEvent[] = [];
    if (bytes.length > 0) this.#insert({ at, end: capturedEnd, bytes, stamp });
    if (length > bytes.length) this.#insert({ at: capturedEnd, end: at + length, bytes: undefined, stamp });
    this.#deliver(events, stamp);
    while (this.#pendingOctets > MAX_PENDING_OCTETS || this.#pending.length > MAX_PENDING_PIECES) {
      this.#skipHole(events);
      this.#deliver(events, undefined);
    }
    return events;
  }

  /** FIN was seen behind the octet before `sequence`. */
  finish(sequence: number): void {
    this.#finAt ??= this.#positionOf(sequence);
  }

  /** The receiver says that it has everything before `sequence`. */
  acknowledge(sequence: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, this.#positionOf(sequence));
  }

  /** Gives up what will not come any more. */
  review(stamp: Stamp): readonly StreamEvent[] {
    const events: StreamEvent[] = [];
    while (this.#pending.length > 0) {
      const waited = stamp.timeMicros - this.#waitingSinceMicros;
      const isAcknowledged = this.#acknowledged >= this.#pending[0].at;
      if (waited < (isAcknowledged ? ACKNOWLEDGED_WAIT_MICROS : LONGEST_WAIT_MICROS)) break;
      this.#skipHole(events);
      this.#deliver(events, undefined);
      this.#waitingSinceMicros = stamp.timeMicros;
    }
    return events;
  }

  /** The connection or the capture is over: gives the rest with its gaps. */
  end(stamp: Stamp): readonly StreamEvent[] {
    const events: StreamEvent[] = [];
    while (this.#pending.length > 0) {
      this.#skipHole(events);
      this.#deliver(events, undefined);
    }
    const missing = (this.#finAt ?? 0) - this.#position;
    if (missing > 0 && missing <= MAX_PENDING_OCTETS) {
      events.push({ kind: "gap", length: missing, isCut: false, stamp });
      this.#advance(missing);
    }
    return events;
  }

  // Distances are signed 32-bit numbers, so that the wrap-around at 2^32 does not show.
  #positionOf(sequence: number): number {
    return this.#position + this.distanceTo(sequence);
  }

  #advance(count: number): void {
    this.#position += count;
    this.#next = (this.#next + count) >>> 0;
  }

  // Adds the parts of `piece` that nobody has brought yet.
  #insert(piece: Piece): void {
    let at = Math.max(piece.at, this.#position);
    let i = 0;
    while (at < piece.end) {
      while (i < this.#pending.length && this.#pending[i].end <= at) i++;
      const next = this.#pending.at(i);
      if (next !== undefined && next.at <= at) {
        at = next.end;
        continue;
      }
      const end = Math.min(piece.end, next?.at ?? Infinity);
      const isNow = at === this.#position;
      // What has to wait is copied: it would hold a whole chunk of the file otherwise.
      const part = piece.bytes?.subarray(at - piece.at, end - piece.at);
      this.#pending.splice(i, 0, { at, end, bytes: isNow ? part : part?.slice(), stamp: piece.stamp });
      this.#pendingOctets += end - at;
      at = end;
    }
  }

  // `now`: what waited was completed by this packet; undefined: it waited in vain and keeps its own time.
  #deliver(events: StreamEvent[], now: Stamp | undefined): void {
    let count = 0;
    for (const piece of this.#pending) {
      if (piece.at !== this.#position) break;
      const length = piece.end - piece.at;
      this.#advance(length);
      this.#pendingOctets -= length;
      count++;
      if (piece.bytes === undefined) events.push({ kind: "gap", length, isCut: true, stamp: piece.stamp });
      else events.push({ kind: "octets", bytes: piece.bytes, stamp: now ?? piece.stamp });
    }
    if (count === 0) return;
    this.#pending.splice(0, count);
    if (now !== undefined) this.#waitingSinceMicros = now.timeMicros;
  }

  #skipHole(events: StreamEvent[]): void {
    const [first] = this.#pending;
    const length = first.at - this.#position;
    if (length > 0) events.push({ kind: "gap", length, isCut: false, stamp: first.stamp });
    this.#advance(length);
  }
}
