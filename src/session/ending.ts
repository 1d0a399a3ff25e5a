// How a connection came to its end, in words and for graceful restart (RFC 4724 §4.2, RFC 8538 §4).

import { CEASE, ERROR_CODE } from "../packet/codes.js";
import { type Notification, NotificationError, notificationText } from "../packet/notification.js";
import type { Negotiated } from "./negotiate.js";
import type { DownReason } from "./ports.js";

export interface Ending {
  readonly sent: Notification | undefined;
  readonly received: Notification | undefined;
  /** Words for what happened to TCP, where no NOTIFICATION was the cause. */
  readonly failureText: string | undefined;
  readonly holdTimeSeconds: number;
  readonly sendHoldTimeSeconds: number;
}

/** `peer sent Cease/…`, `sent UPDATE Message Error/…`, `hold timer expired: …`, `send hold timer expired: …`,
 *  `connection reset by …`. */
export function endingText(ending: Ending): string {
  const { sent, received, failureText } = ending;
  if (received !== undefined) return `peer sent ${notificationText(received)}`;
  if (sent === undefined) return failureText ?? "connection closed";
  if (sent.code === ERROR_CODE.HOLD_TIMER_EXPIRED)
    return `hold timer expired: nothing heard for ${ending.holdTimeSeconds} s`;
  if (sent.code === ERROR_CODE.SEND_HOLD)
    return `send hold timer expired: the peer has taken nothing for ${ending.sendHoldTimeSeconds} s`;
  return `sent ${sent instanceof NotificationError ? sent.message : notificationText(sent)}`;
}

export function downReason(ending: Ending, negotiated: Negotiated | undefined): DownReason {
  const { sent, received } = ending;
  return {
    text: endingText(ending),
    ...(sent === undefined ? {} : { sent }),
    ...(received === undefined ? {} : { received }),
    mayBeRestart: mayBeRestart(ending, negotiated),
  };
}

function mayBeRestart(ending: Ending, negotiated: Negotiated | undefined): boolean {
  // RFC 4724 §5: only the capability "with one or more AFIs/SAFIs" lets us retain routes.
  if (negotiated?.gracefulRestart === undefined || negotiated.gracefulRestart.families.length === 0) return false;
  const told = ending.received ?? ending.sent;
  if (told === undefined) return true;
  return negotiated.gracefulNotification && !isHardReset(told);
}

function isHardReset(notification: Notification): boolean {
  return notification.code === ERROR_CODE.CEASE && notification.subcode === CEASE.HARD_RESET;
}

/** True for our complaints about what the peer sent: it will come back and do the same. Then the peer is refused while
 *  the idle hold lasts; after anything else it may connect earlier. */
export function blamesPeer(sent: Notification | undefined): boolean {
  return sent !== undefined && !WITHOUT_BLAME.includes(sent.code);
}

/** An error in BIRD's sense, whoever has found it. */
export function isError({ sent, received }: Ending): boolean {
  const told = sent ?? received;
  return told !== undefined && told.code !== ERROR_CODE.CEASE;
}

// A silent or a deaf peer that comes back is neither any more.
const WITHOUT_BLAME: readonly number[] = [ERROR_CODE.CEASE, ERROR_CODE.HOLD_TIMER_EXPIRED, ERROR_CODE.SEND_HOLD];

// RFC 8538 §5.1, table: these end the session for good.
const HARD_SUBCODES: readonly number[] = [
  CEASE.MAXIMUM_PREFIXES_REACHED,
  CEASE.ADMINISTRATIVE_SHUTDOWN,
  CEASE.PEER_DE_CONFIGURED,
];

/** The Cease as it goes to this peer: wrapped in a Hard Reset where it would otherwise be taken for a restart
 *  (RFC 8538 §3.1). */
export function ceaseFor(negotiated: Negotiated | undefined, notification: Notification): Notification {
  const { code, subcode, data } = notification;
  const wrap =
    negotiated?.gracefulNotification === true && code === ERROR_CODE.CEASE && HARD_SUBCODES.includes(subcode);
  if (!wrap) return notification;
  return { code: ERROR_CODE.CEASE, subcode: CEASE.HARD_RESET, data: Uint8Array.of(code, subcode, ...data) };
}
