// TCP octets → whole messages, and the checks of the message header (RFC 4271 §6.1, RFC 8654 §4–§6).
//
// A message that lies whole in a chunk is delivered where it lies; only one that straddles chunks is copied together.
// When next() has returned false everything pushed so far is either delivered or copied: the chunks may be reused.

import { type Bytes, readU16 } from "../base/bytes.js";
import { ERROR_CODE, HEADER_ERROR, MESSAGE, messageName } from "./codes.js";
import { HEADER_LENGTH, MAX_MESSAGE_LENGTH } from "./header.js";
import { NotificationError } from "./notification.js";

const NO_BYTES: Bytes = new Uint8Array(0);

// Least lengths of whole messages by type. ROUTE-REFRESH has none here: what its length means depends on its subtype
// (RFC 7313 §5), which decodeRouteRefresh knows.
const MIN_LENGTH: readonly number[] = [0, 29, 23, 21, HEADER_LENGTH, HEADER_LENGTH];

export class Framer {
  /** Longest acceptable message: 4096, or 65535 once both sides have advertised the capability of RFC 8654. */
  maxLength = MAX_MESSAGE_LENGTH;
  /** Type of the delivered message: one of MESSAGE. */
  type = 0;
  /** Holds the delivered message: its body is bytes[start, end), its header lies before it. */
  bytes: Bytes = NO_BYTES;
  start = 0;
  end = 0;

  #chunk: Bytes = NO_BYTES;
  #at = 0;
  readonly #queue: Bytes[] = [];
  #straddling: Bytes = NO_BYTES;
  #held = 0; // octets of an unfinished message in #straddling
  #delivered = false; // the message in #straddling was handed out and may be dropped

  /** Adds octets of the peer. Not copied: must stay unchanged until next() has returned false. */
  push(chunk: Bytes): void {
    if (this.#at === this.#chunk.length && this.#queue.length === 0) {
      this.#chunk = chunk;
      this.#at = 0;
    } else this.#queue.push(chunk);
  }

  /** Octets not yet delivered. */
  get pending(): number {
    let count = this.#chunk.length - this.#at + (this.#delivered ? 0 : this.#held);
    for (const chunk of this.#queue) count += chunk.length;
    return count;
  }

  /** Delivers the next message into type, bytes, start, end, valid until the next call; false if none is complete.
   *  Throws NotificationError 1/x if the header is wrong; nothing can be delivered after that. RFC 4271 §6.1. */
  next(): boolean {
    if (this.#delivered) {
      this.#delivered = false;
      this.#held = 0;
    }
    if (this.#held > 0) return this.#completeStraddling();
    for (;;) {
      const left = this.#chunk.length - this.#at;
      if (left >= HEADER_LENGTH) {
        const length = this.#checkHeader(this.#chunk, this.#at);
        if (left >= length) {
          this.#deliver(this.#chunk, this.#at, length);
          this.#at += length;
          return true;
        }
      }
      if (left > 0) return this.#completeStraddling();
      if (!this.#nextChunk()) return false;
    }
  }

  #completeStraddling(): boolean {
    if (!this.#collect(HEADER_LENGTH)) return false;
    const length = this.#checkHeader(this.#straddling, 0);
    if (!this.#collect(length)) return false;
    this.#deliver(this.#straddling, 0, length);
    this.#delivered = true;
    return true;
  }

  // Copies until `wanted` octets are held; false if there are not so many yet.
  #collect(wanted: number): boolean {
    if (this.#straddling.length < wanted) {
      const larger = new Uint8Array(Math.max(wanted, MAX_MESSAGE_LENGTH));
      larger.set(this.#straddling.subarray(0, this.#held));
      this.#straddling = larger;
    }
    while (this.#held < wanted) {
      if (this.#at === this.#chunk.length && !this.#nextChunk()) return false;
      const count = Math.min(wanted - this.#held, this.#chunk.length - this.#at);
      this.#straddling.set(this.#chunk.subarray(this.#at, this.#at + count), this.#held);
      this.#held += count;
      this.#at += count;
    }
    return true;
  }

  #nextChunk(): boolean {
    const chunk = this.#queue.shift();
    this.#chunk = chunk ?? NO_BYTES;
    this.#at = 0;
    return chunk !== undefined;
  }

  #deliver(bytes: Bytes, at: number, length: number): void {
    this.type = bytes[at + 18];
    this.bytes = bytes;
    this.start = at + HEADER_LENGTH;
    this.end = at + length;
  }

  // Length of the message whose header lies at `at`.
  #checkHeader(bytes: Bytes, at: number): number {
    for (let i = at; i < at + 16; i++) {
      if (bytes[i] !== 0xff) {
        throw new NotificationError(ERROR_CODE.MESSAGE_HEADER, HEADER_ERROR.CONNECTION_NOT_SYNCHRONIZED);
      }
    }
    const length = readU16(bytes, at + 16);
    const type = bytes[at + 18];
    if (length < HEADER_LENGTH || length > this.maxLength) throw badLength(bytes, at, type);
    if (type === 0 || type >= MIN_LENGTH.length) {
      const data = Uint8Array.of(type);
      throw new NotificationError(ERROR_CODE.MESSAGE_HEADER, HEADER_ERROR.BAD_MESSAGE_TYPE, data, `type ${type}`);
    }
    if (length < MIN_LENGTH[type]) throw badLength(bytes, at, type);
    // RFC 8654 §4: OPEN stays within 4096 octets; a KEEPALIVE has no body at all.
    if (type === MESSAGE.OPEN && length > MAX_MESSAGE_LENGTH) throw badLength(bytes, at, type);
    if (type === MESSAGE.KEEPALIVE && length !== HEADER_LENGTH) throw badLength(bytes, at, type);
    return length;
  }
}

function badLength(bytes: Bytes, at: number, type: number): NotificationError {
  const detail = `${messageName(type)} of ${readU16(bytes, at + 16)} octets`;
  const data = bytes.slice(at + 16, at + 18);
  return new NotificationError(ERROR_CODE.MESSAGE_HEADER, HEADER_ERROR.BAD_MESSAGE_LENGTH, data, detail);
}
