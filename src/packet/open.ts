// OPEN (RFC 4271 §4.2) with the extended optional parameters of RFC 9072.
//
// Judges what can be judged from the octets alone; whether AS number, identifier and hold time are acceptable is
// session/negotiate's job.

import { ByteWriter, type Bytes, readU16, readU32 } from "../base/bytes.js";
import {
  type Capabilities,
  type CapabilitiesDraft,
  encodeCapabilities,
  NO_CAPABILITIES,
  readCapabilities,
} from "./capabilities.js";
import { ERROR_CODE, MESSAGE, OPEN_ERROR } from "./codes.js";
import { HEADER_LENGTH, makeMessage, MAX_MESSAGE_LENGTH } from "./header.js";
import { NotificationError } from "./notification.js";

export const BGP_VERSION = 4;

export interface OpenMessage {
  readonly version: number;
  /** The two-octet field; AS_TRANS where the AS number does not fit (RFC 6793 §4.2.2). */
  readonly myAs: number;
  readonly holdTimeSeconds: number;
  /** Unsigned. */
  readonly bgpIdentifier: number;
  readonly capabilities: Capabilities;
}

const FIXED_LENGTH = 10;
const PARAMETER_CAPABILITIES = 2; // RFC 5492 §4
const EXTENDED = 255; // RFC 9072 §2

/** The whole message. Optional parameters of more than 255 octets take the form of RFC 9072.
 *  Throws RangeError if it would be longer than 4096 octets, or a capability longer than 255. */
export function encodeOpen(open: OpenMessage): Bytes {
  if (open.capabilities.unknown.some(({ value }) => value.length > 255)) {
    throw new RangeError("a capability value has at most 255 octets");
  }
  const capabilities = new ByteWriter();
  encodeCapabilities(open.capabilities, capabilities);
  const body = new ByteWriter();
  body.u8(open.version).u16(open.myAs).u16(open.holdTimeSeconds).u32(open.bgpIdentifier);
  const length = capabilities.length;
  if (length === 0) body.u8(0);
  else if (2 + length <= 255)
    body
      .u8(2 + length)
      .u8(PARAMETER_CAPABILITIES)
      .u8(length);
  else
    body
      .u8(EXTENDED)
      .u8(EXTENDED)
      .u16(3 + length)
      .u8(PARAMETER_CAPABILITIES)
      .u16(length);
  body.append(capabilities.bytes, 0, length);
  if (HEADER_LENGTH + body.length > MAX_MESSAGE_LENGTH) throw new RangeError("an OPEN has at most 4096 octets");
  return makeMessage(MESSAGE.OPEN, body.finish());
}

/** Decodes a body (behind the header); nothing in the result points into `bytes`.
 *  Throws NotificationError 2/1 (data: version 4) for another version, 2/4 for an unknown optional parameter,
 *  2/0 for malformed ones. RFC 4271 §6.2, RFC 9072 §2. */
export function decodeOpen(bytes: Bytes, start: number, end: number): OpenMessage {
  if (end - start < FIXED_LENGTH) throw malformed("OPEN is too short");
  const version = bytes[start];
  if (version !== BGP_VERSION) {
    const data = Uint8Array.of(0, BGP_VERSION);
    throw openError(OPEN_ERROR.UNSUPPORTED_VERSION_NUMBER, `version ${version}`, data);
  }
  return {
    version,
    myAs: readU16(bytes, start + 1),
    holdTimeSeconds: readU16(bytes, start + 3),
    bgpIdentifier: readU32(bytes, start + 5),
    capabilities: decodeOptionalParameters(bytes, start + FIXED_LENGTH - 1, end),
  };
}

// `at` is the place of the Optional Parameters Length.
function decodeOptionalParameters(bytes: Bytes, at: number, end: number): Capabilities {
  const draft: CapabilitiesDraft = { ...NO_CAPABILITIES };
  let length = bytes[at++];
  let lengthOctets = 1;
  if (length !== 0 && at < end && bytes[at] === EXTENDED) {
    if (end - at < 3) throw malformed("extended optional parameters are cut off");
    length = readU16(bytes, at + 1);
    lengthOctets = 2;
    at += 3;
  }
  if (at + length !== end) throw malformed(`optional parameters of ${length} octets in a field of ${end - at}`);
  while (at < end) {
    if (end - at < 1 + lengthOctets) throw malformed("optional parameter is cut off");
    const type = bytes[at];
    const valueLength = lengthOctets === 1 ? bytes[at + 1] : readU16(bytes, at + 1);
    at += 1 + lengthOctets;
    if (at + valueLength > end) throw malformed("optional parameter runs over the message");
    if (type !== PARAMETER_CAPABILITIES) {
      throw openError(OPEN_ERROR.UNSUPPORTED_OPTIONAL_PARAMETER, `optional parameter ${type}`);
    }
    readCapabilities(bytes, at, at + valueLength, draft);
    at += valueLength;
  }
  return draft;
}

function openError(subcode: number, detail: string, data?: Bytes): NotificationError {
  return new NotificationError(ERROR_CODE.OPEN_MESSAGE, subcode, data, detail);
}

function malformed(detail: string): NotificationError {
  return openError(OPEN_ERROR.UNSPECIFIC, detail);
}
