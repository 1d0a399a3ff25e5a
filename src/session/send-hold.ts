// The send hold timer (RFC 9687): ends a session whose peer takes nothing any more, though it may go on talking.
//
// The RFC restarts the timer with every message that TCP takes. Here nothing is done per message: the timer rings a few
// times within the Send Hold Time and looks whether the connection got on since the last look. So it fires late by one step
// at most, and never early.

import type { SessionOptions } from "./session-options.js";

/** RFC 9687: unless configured, the greater of eight minutes and twice the negotiated Hold Time. */
const DEFAULT_SEND_HOLD_SECONDS = 480;
const LOOKS_PER_SEND_HOLD_TIME = 8;

/** SendHoldTime for a session with this negotiated Hold Time, in seconds; 0: no such timer. */
export function sendHoldTime(options: SessionOptions, holdTimeSeconds: number): number {
  if (holdTimeSeconds === 0) return 0;
  return options.sendHoldSeconds ?? Math.max(DEFAULT_SEND_HOLD_SECONDS, 2 * holdTimeSeconds);
}

/** What a look at the connection tells. */
export interface OutputFacts {
  /** Grows whenever more of the output was taken. */
  readonly progress: number;
  /** Something waits in this process. */
  readonly isWaiting: boolean;
}

export class SendHold {
  readonly #holdMs: number;
  #progress: number;
  #progressAt: number;

  constructor(sendHoldTimeSeconds: number, now: number, progress: number) {
    this.#holdMs = sendHoldTimeSeconds * 1000;
    this.#progress = progress;
    this.#progressAt = now;
  }

  /** Milliseconds until the next look; 0: the Send Hold Time is over. */
  look(now: number, { progress, isWaiting }: OutputFacts): number {
    if (progress !== this.#progress || !isWaiting) this.#progressAt = now;
    this.#progress = progress;
    const left = this.#progressAt + this.#holdMs - now;
    return Math.max(0, Math.min(left, this.#holdMs / LOOKS_PER_SEND_HOLD_TIME));
  }
}
