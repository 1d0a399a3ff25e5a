// ROUTE-REFRESH: asks for a family's routes again (RFC 2918), and marks where the answer begins and ends (RFC 7313).

import { type Bytes, readU16, writeU16 } from "../base/bytes.js";
import { type Family, familyOf } from "../base/family.js";
import { ERROR_CODE, HEADER_ERROR, MESSAGE, ROUTE_REFRESH_ERROR } from "./codes.js";
import { HEADER_LENGTH, makeMessage } from "./header.js";
import { NotificationError } from "./notification.js";

/** Message Subtype of RFC 7313 §4; the octet was reserved and 0 in RFC 2918. */
export const REFRESH = { REQUEST: 0, BEGINNING: 1, END: 2 } as const;

const BODY_LENGTH = 4;

export interface RouteRefresh {
  readonly afi: number;
  readonly safi: number;
  /** Undefined where we do not speak AFI/SAFI: such a message is ignored (RFC 2918 §4). */
  readonly family: Family | undefined;
  /** One of REFRESH; any other value is ignored by the receiver (RFC 7313 §5). */
  readonly subtype: number;
}

/** The whole message. */
export function encodeRouteRefresh(afi: number, safi: number, subtype: number): Bytes {
  const body = new Uint8Array(BODY_LENGTH);
  writeU16(body, 0, afi);
  body[2] = subtype;
  body[3] = safi;
  return makeMessage(MESSAGE.ROUTE_REFRESH, body);
}

/** Decodes a body (behind the header). If it is not four octets long: throws NotificationError 7/1 with the whole message
 *  as data for the markers of RFC 7313 §5 and where it is too long (we never advertise outbound route filtering, which
 *  would make it longer); 1/2 with the length as data where it is too short for anything else (RFC 4271 §6.1). */
export function decodeRouteRefresh(bytes: Bytes, start: number, end: number): RouteRefresh {
  if (end - start !== BODY_LENGTH) throw wrongLength(bytes, start, end);
  const afi = readU16(bytes, start);
  const safi = bytes[start + 3];
  return { afi, safi, family: familyOf(afi, safi), subtype: bytes[start + 2] };
}

function wrongLength(bytes: Bytes, start: number, end: number): NotificationError {
  const detail = `ROUTE-REFRESH of ${HEADER_LENGTH + end - start} octets`;
  const isMarker = end - start > 2 && (bytes[start + 2] === REFRESH.BEGINNING || bytes[start + 2] === REFRESH.END);
  if (end - start < BODY_LENGTH && !isMarker) {
    const data = new Uint8Array(2);
    writeU16(data, 0, HEADER_LENGTH + end - start);
    return new NotificationError(ERROR_CODE.MESSAGE_HEADER, HEADER_ERROR.BAD_MESSAGE_LENGTH, data, detail);
  }
  const message = makeMessage(MESSAGE.ROUTE_REFRESH, bytes.subarray(start, end));
  return new NotificationError(ERROR_CODE.ROUTE_REFRESH, ROUTE_REFRESH_ERROR.INVALID_MESSAGE_LENGTH, message, detail);
}
