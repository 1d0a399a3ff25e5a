// Why a session is not there, in BIRD's words: what stands in the info column and behind `Last error:`.

import type { LastFailure } from "../../session/failure-cause.js";

/** `Received: Administrative shutdown`; "" for none. */
export function errorText(failure: LastFailure | undefined): string {
  if (failure === undefined) return "";
  switch (failure.kind) {
    case "received":
      return `Received: ${notificationText(failure.code, failure.subcode)}`;
    case "sent":
      return `BGP Error: ${notificationText(failure.code, failure.subcode)}`;
    case "limit":
      return "Automatic shutdown: Route limit exceeded";
    case "socket":
      return `Socket: ${SOCKET_TEXTS[failure.errno] ?? failure.text}`;
    case "error":
      return `Error: ${failure.text}`;
  }
}

/** Names of errno in the words of strerror(3). */
const SOCKET_TEXTS: Readonly<Partial<Record<string, string>>> = {
  closed: "Connection closed",
  ECONNREFUSED: "Connection refused",
  EHOSTUNREACH: "No route to host",
  ECONNRESET: "Connection reset by peer",
  ETIMEDOUT: "Connection timed out",
  ENETUNREACH: "Network is unreachable",
  ENETDOWN: "Network is down",
  EPIPE: "Broken pipe",
  EADDRNOTAVAIL: "Cannot assign requested address",
  ECONNABORTED: "Software caused connection abort",
  EACCES: "Permission denied",
  EPERM: "Operation not permitted",
};

/** By code; the index is the subcode. RFC 4271 §4.5, RFC 4486, RFC 7313. */
const NOTIFICATIONS: Readonly<Partial<Record<number, readonly string[]>>> = {
  1: ["Invalid message header", "Connection not synchronized", "Bad message length", "Bad message type"],
  2: [
    "Invalid OPEN message",
    "Unsupported version number",
    "Bad peer AS",
    "Bad BGP identifier",
    "Unsupported optional parameter",
    "Authentication failure",
    "Unacceptable hold time",
    "Required capability missing",
    "No supported AFI/SAFI",
  ],
  3: [
    "Invalid UPDATE message",
    "Malformed attribute list",
    "Unrecognized well-known attribute",
    "Missing mandatory attribute",
    "Invalid attribute flags",
    "Invalid attribute length",
    "Invalid ORIGIN attribute",
    "AS routing loop",
    "Invalid NEXT_HOP attribute",
    "Optional attribute error",
    "Invalid network field",
    "Malformed AS_PATH",
  ],
  4: ["Hold timer expired"],
  5: [
    "Finite state machine error",
    "Unexpected message in OpenSent state",
    "Unexpected message in OpenConfirm state",
    "Unexpected message in Established state",
  ],
  6: [
    "Cease",
    "Maximum number of prefixes reached",
    "Administrative shutdown",
    "Peer de-configured",
    "Administrative reset",
    "Connection rejected",
    "Other configuration change",
    "Connection collision resolution",
    "Out of Resources",
  ],
  7: ["Invalid ROUTE-REFRESH message", "Invalid ROUTE-REFRESH message length"],
};

export function notificationText(code: number, subcode: number): string {
  return NOTIFICATIONS[code]?.[subcode] ?? `Unknown error ${code}.${subcode}`;
}
