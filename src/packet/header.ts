// The 19 octets in front of every message: marker, length, type (RFC 4271 §4.1).
//
// Writes them; reading and checking is framing's job.

import { type Bytes, writeU16 } from "../base/bytes.js";

export const HEADER_LENGTH = 19;
const MARKER_LENGTH = 16;

/** Longest message without RFC 8654, and longest OPEN and KEEPALIVE with it. */
export const MAX_MESSAGE_LENGTH = 4096;
/** Longest message after both sides have sent the Extended Message capability (RFC 8654 §2). */
export const MAX_EXTENDED_MESSAGE_LENGTH = 65535;

/** Writes marker, `length` (of the whole message, header included) and `type` at `at`. */
export function writeHeader(bytes: Bytes, at: number, length: number, type: number): void {
  bytes.fill(0xff, at, at + MARKER_LENGTH);
  writeU16(bytes, at + MARKER_LENGTH, length);
  bytes[at + MARKER_LENGTH + 2] = type;
}

/** A whole message around a copy of `body`. Throws RangeError if the length does not fit the header. */
export function makeMessage(type: number, body: Bytes): Bytes {
  const length = HEADER_LENGTH + body.length;
  if (length > MAX_EXTENDED_MESSAGE_LENGTH) throw new RangeError(`a BGP message of ${length} octets cannot be`);
  const message = new Uint8Array(length);
  writeHeader(message, 0, length, type);
  message.set(body, HEADER_LENGTH);
  return message;
}
