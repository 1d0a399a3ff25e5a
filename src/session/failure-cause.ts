// Why a session is not there, as data: for views that have words of their own (session-status.ts has ours).

import { CEASE, ERROR_CODE } from "../packet/codes.js";
import { type Notification, shutdownCommunication } from "../packet/notification.js";
import type { SocketFailure } from "./ports.js";

export type FailureCause =
  /** A NOTIFICATION: the peer's, or ours. */
  | { readonly kind: "received" | "sent"; readonly notification: Notification }
  /** TCP: `code` is the name of the errno, or what the transport calls it. */
  | { readonly kind: "socket"; readonly code: string; readonly text: string }
  | { readonly kind: "error"; readonly text: string };

/** The last failure as plain data; `code` and `subcode` of the NOTIFICATION, or 0. */
export interface LastFailure {
  /** `limit`: we have ended the session because of too many prefixes. */
  readonly kind: "received" | "sent" | "limit" | "socket" | "error";
  readonly code: number;
  readonly subcode: number;
  /** Data of the NOTIFICATION, or what we found wrong where that has no place in it. */
  readonly data: readonly number[];
  /** errno of the socket; "" for all others. */
  readonly errno: string;
  /** In our words; for a NOTIFICATION what its sender said about it (RFC 9003), or "". */
  readonly text: string;
}

export function socketCause({ code, message }: SocketFailure): FailureCause {
  return { kind: "socket", code, text: message };
}

/** What is to be remembered of a cause: a Cease of our own is somebody's wish and no failure, unless a limit was exceeded. */
export function lastFailure(cause: FailureCause): LastFailure | undefined {
  const nothing = { code: 0, subcode: 0, data: [], errno: "", text: "" };
  switch (cause.kind) {
    case "received":
    case "sent": {
      const { code, subcode, data: sent, culprit } = cause.notification;
      const data = culprit ?? sent;
      const isOurCease = cause.kind === "sent" && code === ERROR_CODE.CEASE;
      if (isOurCease && subcode !== CEASE.MAXIMUM_PREFIXES_REACHED) return undefined;
      const text = shutdownCommunication(cause.notification) ?? "";
      return { ...nothing, kind: isOurCease ? "limit" : cause.kind, code, subcode, data: [...data], text };
    }
    case "socket":
      return { ...nothing, kind: "socket", errno: cause.code, text: cause.text };
    case "error":
      return { ...nothing, kind: "error", text: cause.text };
  }
}
