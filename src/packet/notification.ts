// NOTIFICATION (RFC 4271 §4.5) and the error that carries one: whoever finds that the peer broke the protocol throws
// NotificationError, the session sends it and closes.
//
// RFC 9003 (text for the operator at the other end), RFC 8538 (Hard Reset wraps another NOTIFICATION), RFC 4486, 6608.

import { type Bytes, readU16, readU32, toHex } from "../base/bytes.js";
import { familyOf, FAMILIES } from "../base/family.js";
import { CEASE, ERROR_CODE, errorName, FSM_ERROR, HEADER_ERROR, MESSAGE, messageName, OPEN_ERROR } from "./codes.js";
import { HEADER_LENGTH, makeMessage, MAX_MESSAGE_LENGTH } from "./header.js";

export interface Notification {
  readonly code: number;
  readonly subcode: number;
  readonly data: Bytes;
  /** What was wrong, where the message has no place for it: for our own log, never sent. Bad Peer AS: the AS, 4 octets. */
  readonly culprit?: Bytes | undefined;
}

const NO_DATA: Bytes = new Uint8Array(0);
const FIXED_LENGTH = 2;
const MAX_SHUTDOWN_TEXT = 255;

/** The peer broke the protocol: the NOTIFICATION it shall get, and in `detail` words for our own log. */
export class NotificationError extends Error implements Notification {
  readonly code: number;
  readonly subcode: number;
  readonly data: Bytes;
  readonly culprit: Bytes | undefined;

  /** `data` is kept, not copied: give a copy if it points into a receive buffer. */
  constructor(code: number, subcode: number, data: Bytes = NO_DATA, detail?: string, culprit?: Bytes) {
    const name = errorName(code, subcode);
    super(detail === undefined ? name : `${name}: ${detail}`);
    this.name = "NotificationError";
    this.code = code;
    this.subcode = subcode;
    this.data = data;
    this.culprit = culprit;
  }
}

/** The whole message. Data beyond 4096 octets of message is cut off: the peer may not take more (RFC 8654 §5). */
export function encodeNotification(notification: Notification): Bytes {
  const room = MAX_MESSAGE_LENGTH - HEADER_LENGTH - FIXED_LENGTH;
  const data = notification.data.subarray(0, room);
  const body = new Uint8Array(FIXED_LENGTH + data.length);
  body[0] = notification.code;
  body[1] = notification.subcode;
  body.set(data, FIXED_LENGTH);
  return makeMessage(MESSAGE.NOTIFICATION, body);
}

/** Decodes a body (behind the header); the data is a copy. Throws NotificationError 1/2 if it is too short. */
export function decodeNotification(bytes: Bytes, start: number, end: number): Notification {
  if (end - start < FIXED_LENGTH) {
    throw new NotificationError(
      ERROR_CODE.MESSAGE_HEADER,
      HEADER_ERROR.BAD_MESSAGE_LENGTH,
      NO_DATA,
      "short NOTIFICATION",
    );
  }
  return { code: bytes[start], subcode: bytes[start + 1], data: bytes.slice(start + FIXED_LENGTH, end) };
}

/** Data of Administrative Shutdown and Reset: length octet and UTF-8 text, cut at a character boundary so that it fits
 *  255 octets. An empty text gives no data. RFC 9003 §2. */
export function shutdownData(text: string): Bytes {
  if (text === "") return NO_DATA;
  const encoded = new TextEncoder().encode(text);
  let length = Math.min(encoded.length, MAX_SHUTDOWN_TEXT);
  // 10xxxxxx continues a character: step back to where the one that does not fit begins.
  while (length < encoded.length && length > 0 && (encoded[length] & 0xc0) === 0x80) length--;
  const data = new Uint8Array(1 + length);
  data[0] = length;
  data.set(encoded.subarray(0, length), 1);
  return data;
}

/** For logs and status: names, and what the data says. `Cease/Administrative Shutdown: "upgrade at 22:00"`. */
export function notificationText(notification: Notification): string {
  return describe(notification, 0);
}

function describe(notification: Notification, depth: number): string {
  const name = errorName(notification.code, notification.subcode);
  const data = notification.data.length === 0 ? undefined : dataText(notification, depth);
  return data === undefined ? name : `${name}: ${data}`;
}

function dataText(notification: Notification, depth: number): string | undefined {
  const { code, subcode, data } = notification;
  switch (code) {
    case ERROR_CODE.MESSAGE_HEADER:
      return headerText(subcode, data);
    case ERROR_CODE.OPEN_MESSAGE:
      return openText(subcode, data);
    case ERROR_CODE.FINITE_STATE_MACHINE:
      return subcode !== FSM_ERROR.UNSPECIFIED && data.length === 1 ? messageName(data[0]) : undefined;
    case ERROR_CODE.CEASE:
      return ceaseText(subcode, data, depth);
    default:
      return undefined;
  }
}

function headerText(subcode: number, data: Bytes): string | undefined {
  if (subcode === HEADER_ERROR.BAD_MESSAGE_LENGTH && data.length === 2) return `length ${readU16(data, 0)}`;
  return subcode === HEADER_ERROR.BAD_MESSAGE_TYPE && data.length === 1 ? `type ${data[0]}` : undefined;
}

function openText(subcode: number, data: Bytes): string | undefined {
  if (subcode === OPEN_ERROR.UNSUPPORTED_VERSION_NUMBER && data.length === 2)
    return `speaks version ${readU16(data, 0)}`;
  return subcode === OPEN_ERROR.UNSUPPORTED_CAPABILITY ? toHex(data) : undefined;
}

function ceaseText(subcode: number, data: Bytes, depth: number): string | undefined {
  switch (subcode) {
    case CEASE.MAXIMUM_PREFIXES_REACHED:
      return prefixLimitText(data);
    case CEASE.ADMINISTRATIVE_SHUTDOWN:
    case CEASE.ADMINISTRATIVE_RESET:
      return shutdownText(data);
    case CEASE.HARD_RESET:
      // A hard reset inside a hard reset says nothing new, and a peer could nest a thousand.
      return data.length < FIXED_LENGTH || depth > 0
        ? undefined
        : describe(decodeNotification(data, 0, data.length), depth + 1);
    default:
      return undefined;
  }
}

// RFC 4486 §4: AFI, SAFI, upper bound.
function prefixLimitText(data: Bytes): string | undefined {
  if (data.length !== 7) return undefined;
  const family = familyOf(readU16(data, 0), data[2]);
  const name = family === undefined ? `AFI ${readU16(data, 0)} SAFI ${data[2]}` : FAMILIES[family].name;
  return `${name} limit ${readU32(data, 3)}`;
}

/** What the sender of a Cease said about it (RFC 9003), also inside a Hard Reset (RFC 8538 §3.1); undefined: nothing. */
export function shutdownCommunication({ code, subcode, data }: Notification): string | undefined {
  if (code !== ERROR_CODE.CEASE) return undefined;
  if (subcode === CEASE.HARD_RESET && data.length >= 2) {
    const [innerCode, innerSubcode] = data;
    if (innerCode !== ERROR_CODE.CEASE || innerSubcode === CEASE.HARD_RESET) return undefined;
    return shutdownCommunication({ code: innerCode, subcode: innerSubcode, data: data.subarray(2) });
  }
  if (subcode !== CEASE.ADMINISTRATIVE_SHUTDOWN && subcode !== CEASE.ADMINISTRATIVE_RESET) return undefined;
  return data.length === 0 ? undefined : shutdownText(data);
}

// RFC 9003 §3: an invalid length or invalid UTF-8 is shown as hexadecimal.
function shutdownText(data: Bytes): string | undefined {
  const length = data[0];
  if (length === 0) return undefined;
  if (1 + length > data.length) return `malformed communication 0x${toHex(data)}`;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data.subarray(1, 1 + length));
    return `"${escapeText(text)}"`;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return `malformed communication 0x${toHex(data)}`;
  }
}

// The text comes from a stranger and goes to logs and terminals (RFC 9003 §6): nothing in it may move the cursor,
// start a line, or turn the direction of writing.
function escapeText(text: string): string {
  return text.replace(/["\\]|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    const point = character.codePointAt(0) ?? 0;
    return point < 0x100 ? `\\x${point.toString(16).padStart(2, "0")}` : `\\u{${point.toString(16)}}`;
  });
}
