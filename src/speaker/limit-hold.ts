// A peer that is kept down because it exceeded a limit of prefixes: for some time, or until an administrator enables it
// (RFC 4271 §6.7, §8.1.1 AllowAutomaticStart). The NOTIFICATION it gets is RFC 4486 §4.

import { type Alarm, type Clock } from "../base/clock.js";
import { writeU16, writeU32 } from "../base/bytes.js";
import { FAMILIES } from "../base/family.js";
import { CEASE, ERROR_CODE } from "../packet/codes.js";
import { type Notification, shutdownData } from "../packet/notification.js";
import { type Excess, excessWords } from "./prefix-limits.js";

export class LimitHold {
  readonly #clock: Clock;
  readonly #onOver: () => void;
  #excess: Excess | undefined;
  #until = 0;
  #alarm: Alarm | undefined;

  /** `onOver`: the time is up, the peer may try again. */
  constructor(clock: Clock, onOver: () => void) {
    this.#clock = clock;
    this.#onOver = onOver;
  }

  /** Why the peer is down; undefined: it is not, as far as limits go. */
  get excess(): Excess | undefined {
    return this.#excess;
  }

  begin(excess: Excess): void {
    this.lift();
    this.#excess = excess;
    if (excess.action === "disable") return;
    this.#until = this.#clock.now() + excess.restartAfterSeconds * 1000;
    this.#alarm = this.#clock.at(this.#until, () => {
      this.lift();
      this.#onOver();
    });
  }

  /** Ends it without a call. */
  lift(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    this.#excess = undefined;
  }

  /** One line for the status; undefined while nothing is held. */
  get text(): string | undefined {
    if (this.#excess === undefined) return undefined;
    const words = excessWords(this.#excess);
    if (this.#excess.action === "disable") return `${words}, down until "starling peer enable"`;
    return `${words}, again in ${durationWords(Math.ceil((this.#until - this.#clock.now()) / 1000))}`;
  }
}

/** The NOTIFICATION that ends the session. */
export function noticeOf(excess: Excess): Notification {
  const { direction, family, limit } = excess;
  if (direction === "out") {
    // RFC 4486 §4 has Cease/1 for what was received only. A shutdown says that nothing of ours may be kept.
    const data = shutdownData(excessWords(excess));
    return { code: ERROR_CODE.CEASE, subcode: CEASE.ADMINISTRATIVE_SHUTDOWN, data };
  }
  const data = new Uint8Array(7);
  writeU16(data, 0, FAMILIES[family].afi);
  data[2] = FAMILIES[family].safi;
  writeU32(data, 3, limit);
  return { code: ERROR_CODE.CEASE, subcode: CEASE.MAXIMUM_PREFIXES_REACHED, data };
}

/** `42 s`, `4 min 12 s`, `2 h 5 min`. */
export function durationWords(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
