// One direction of a TCP connection → BGP messages (RFC 4271 §4.1). Unlike a session's framing it never gives up: where
// octets are missing, or the stream is seen from its middle, it looks for the next header that makes sense.

import { type Bytes, readU16 } from "../../base/bytes.js";
import { MESSAGE } from "../../packet/codes.js";
import { HEADER_LENGTH, MAX_MESSAGE_LENGTH } from "../../packet/header.js";
import { ByteQueue } from "../capture/byte-queue.js";
import type { Stamp, StreamEvent } from "../network/tcp-stream.js";

export type SplitEvent =
  /** A message with its header. `missing` of its octets are not in the capture: then `bytes` is what lies before them. */
  | { readonly kind: "message"; readonly bytes: Bytes; readonly missing: number; readonly stamp: Stamp }
  /** Octets are missing that belong to no message we know of. */
  | { readonly kind: "gap"; readonly length: number; readonly isCut: boolean; readonly stamp: Stamp }
  /** Octets that are no messages. `isExpected`: the capture begins in the middle, or there was a gap. */
  | { readonly kind: "skipped"; readonly length: number; readonly isExpected: boolean; readonly stamp: Stamp };

const MARKER_LENGTH = 16;
/** Least length by type. */
const MIN_LENGTH: readonly number[] = [0, 29, 23, 21, HEADER_LENGTH, 23];

export class MessageSplitter {
  readonly #queue = new ByteQueue();
  /** The next octet begins a message. */
  #isSynchronized: boolean;
  /** A break in the stream explains why it is not. */
  #isExpected = true;
  /** Octets without a header so far. */
  #skipped = 0;
  /** Octets that still belong to a message of which a part is missing. */
  #rest = 0;

  /** `isWhole`: the stream is seen from its first octet on. */
  constructor(isWhole: boolean) {
    this.#isSynchronized = isWhole;
  }

  /** Takes what the stream brings next; gives the messages that are complete, whose octets are copies. */
  add(event: StreamEvent): SplitEvent[] {
    const events: SplitEvent[] = [];
    if (event.kind === "gap") {
      this.#takeGap(event.length, event.isCut, event.stamp, events);
      return events;
    }
    this.#queue.push(event.bytes);
    this.#rest -= this.#drop(Math.min(this.#rest, this.#queue.length));
    while (this.#next(event.stamp, events));
    return events;
  }

  /** The stream is over: tells what is left of it. */
  end(stamp: Stamp): SplitEvent[] {
    const events: SplitEvent[] = [];
    this.#skipped += this.#drop(this.#queue.length);
    this.#tellSkipped(stamp, events);
    return events;
  }

  #drop(count: number): number {
    this.#queue.take(count);
    return count;
  }

  #next(stamp: Stamp, events: SplitEvent[]): boolean {
    if (this.#rest > 0) return false;
    if (!this.#isSynchronized && !this.#synchronize(stamp, events)) return false;
    const header = this.#queue.peek(HEADER_LENGTH);
    if (header === undefined) return false;
    const length = readU16(header, MARKER_LENGTH);
    if (!hasMarker(header) || length < HEADER_LENGTH) {
      this.#isSynchronized = false;
      this.#isExpected = false;
      this.#skipped += this.#drop(1);
      return true;
    }
    const message = this.#queue.take(length);
    if (message === undefined) return false;
    events.push({ kind: "message", bytes: message.slice(), missing: 0, stamp });
    return true;
  }

  // Drops octets up to the next header that makes sense; false while there is none.
  #synchronize(stamp: Stamp, events: SplitEvent[]): boolean {
    const bytes = this.#queue.peek(this.#queue.length);
    if (bytes === undefined) return false;
    let at = 0;
    while (at + HEADER_LENGTH <= bytes.length && !isPlausibleHeader(bytes, at)) at++;
    this.#skipped += this.#drop(at);
    if (at + HEADER_LENGTH > bytes.length) return false;
    this.#isSynchronized = true;
    this.#tellSkipped(stamp, events);
    return true;
  }

  #tellSkipped(stamp: Stamp, events: SplitEvent[]): void {
    if (this.#skipped > 0) {
      events.push({ kind: "skipped", length: this.#skipped, isExpected: this.#isExpected, stamp });
    }
    this.#skipped = 0;
    this.#isExpected = true;
  }

  #takeGap(length: number, isCut: boolean, stamp: Stamp, events: SplitEvent[]): void {
    const ofRest = Math.min(this.#rest, length);
    this.#rest -= ofRest;
    if (ofRest === length) {
      events.push({ kind: "gap", length, isCut, stamp });
      return;
    }
    const header = this.#isSynchronized && ofRest === 0 ? this.#queue.peek(HEADER_LENGTH) : undefined;
    events.push({ kind: "gap", length, isCut, stamp });
    if (header === undefined) {
      this.#skipped += this.#drop(this.#queue.length);
      this.#isSynchronized = false;
      this.#isExpected = true;
      return;
    }
    const wanted = readU16(header, MARKER_LENGTH) - this.#queue.length;
    const held = this.#queue.take(this.#queue.length) ?? header;
    events.push({ kind: "message", bytes: held.slice(), missing: Math.min(wanted, length), stamp });
    // Its header says where the next one begins, if the gap does not reach beyond.
    this.#rest = Math.max(0, wanted - length);
    this.#isSynchronized = length <= wanted;
    this.#isExpected = true;
  }
}

function hasMarker(bytes: Bytes, at = 0): boolean {
  for (let i = at; i < Math.min(at + MARKER_LENGTH, bytes.length); i++) if (bytes[i] !== 0xff) return false;
  return true;
}

function isPlausibleHeader(bytes: Bytes, at: number): boolean {
  if (!hasMarker(bytes, at)) return false;
  const length = readU16(bytes, at + MARKER_LENGTH);
  const type = bytes[at + MARKER_LENGTH + 2];
  if (type === 0 || type >= MIN_LENGTH.length || length < MIN_LENGTH[type]) return false;
  if (type === MESSAGE.KEEPALIVE && length !== HEADER_LENGTH) return false;
  if (type === MESSAGE.OPEN && length > MAX_MESSAGE_LENGTH) return false;
  // What follows must be a marker again, as far as it is there.
  return at + length >= bytes.length || hasMarker(bytes, at + length);
}
