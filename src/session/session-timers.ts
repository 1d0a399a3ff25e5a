// The timers of one connection (RFC 4271 §8, §10; RFC 9687): how long each runs, jitter, and the patience of both hold timers.

import { type Clock, Deadlines } from "../base/clock.js";
import { FSM_TIMERS, type FsmTimer } from "./fsm-types.js";
import type { IdleHold } from "./idle-hold.js";
import { type OutputFacts, SendHold } from "./send-hold.js";
import type { SessionOptions } from "./session-options.js";

/** RFC 4271 §8.2.2 suggests four minutes while the OPEN is awaited. */
const LARGE_HOLD_TIME_MS = 240_000;
/** RFC 4271 §4.4: KEEPALIVEs are never sent more often than once per second. */
const MIN_KEEPALIVE_MS = 1000;
/** Between two looks at octets that the hold timer found unread. */
const HOLD_RECHECK_MS = 100;

export interface TimerDependencies {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly options: () => SessionOptions;
  readonly idleHold: IdleHold;
  /** True while octets of the peer wait to be handled: it is alive. */
  readonly hasUnread: () => boolean;
  readonly output: () => OutputFacts;
  readonly expired: (timer: FsmTimer) => void;
}

/** A timer that runs: what is left of it, and how long it lasts in all, jitter aside. */
export interface TimerStatus {
  readonly timer: FsmTimer;
  readonly leftMs: number;
  readonly totalMs: number;
}

/** How long the OPEN is awaited. */
export function largeHoldTimeMs({ birdWaits }: SessionOptions): number {
  return (birdWaits?.startupHoldSeconds ?? 0) * 1000 || LARGE_HOLD_TIME_MS;
}

export class SessionTimers {
  /** Negotiated; set before the timers are started with `negotiated`. */
  holdTimeSeconds = 0;
  keepaliveSeconds = 0;
  sendHoldTimeSeconds = 0;
  readonly #dependencies: TimerDependencies;
  readonly #deadlines: Deadlines<FsmTimer>;
  #holdStarts = 0;
  /** When something was sent last, and how long the KeepaliveTimer runs from then on. */
  #sentAt = -Infinity;
  #keepaliveMs = 0;
  #sendHold: SendHold | undefined;

  constructor(dependencies: TimerDependencies) {
    this.#dependencies = dependencies;
    this.#deadlines = new Deadlines(dependencies.clock, (timer) => {
      if (timer === "HoldTimer") this.#holdTimerRang();
      else if (timer === "KeepaliveTimer") this.#keepaliveTimerRang();
      else if (timer === "SendHoldTimer") this.#sendHoldTimerRang();
      else dependencies.expired(timer);
    });
  }

  /** Starts or restarts. `large` is for the HoldTimer before the OPENs were exchanged. */
  start(timer: FsmTimer, time: "initial" | "large" | "negotiated"): void {
    if (timer === "SendHoldTimer") return this.#startSendHold();
    if (timer === "HoldTimer") this.#holdStarts++;
    const delayMs = time === "large" ? largeHoldTimeMs(this.#dependencies.options()) : this.#durationMs(timer);
    if (timer === "KeepaliveTimer") this.#keepaliveMs = delayMs;
    this.#deadlines.start(timer, delayMs);
  }

  /** An UPDATE was sent: the KeepaliveTimer starts anew (RFC 4271 §8.2.2). Noted here and seen when it rings, since this
   *  happens with every message of every peer. */
  sent(): void {
    this.#sentAt = this.#dependencies.clock.now();
  }

  stop(timer: FsmTimer): void {
    this.#deadlines.stop(timer);
  }

  stopAll(): void {
    this.#deadlines.stopAll();
  }

  isRunning(timer: FsmTimer): boolean {
    return this.#deadlines.isRunning(timer);
  }

  /** Milliseconds until it rings; undefined where it does not run. */
  remaining(timer: FsmTimer): number | undefined {
    const left = this.#deadlines.remaining(timer);
    return timer === "KeepaliveTimer" && left !== undefined ? Math.max(left, this.#silenceLeft()) : left;
  }

  /** Milliseconds until nothing has been sent for as long as the KeepaliveTimer runs. */
  #silenceLeft(): number {
    return this.#sentAt + this.#keepaliveMs - this.#dependencies.clock.now();
  }

  #keepaliveTimerRang(): void {
    const leftMs = this.#silenceLeft();
    if (leftMs > 0) this.#deadlines.start("KeepaliveTimer", leftMs);
    else this.#dependencies.expired("KeepaliveTimer");
  }

  /** The timers that run. */
  status(): readonly TimerStatus[] {
    return FSM_TIMERS.flatMap((timer) => {
      const leftMs = this.#deadlines.remaining(timer);
      return leftMs === undefined ? [] : [{ timer, leftMs, totalMs: this.#totalMs(timer) }];
    });
  }

  #totalMs(timer: FsmTimer): number {
    const options = this.#dependencies.options();
    switch (timer) {
      case "ConnectRetryTimer":
        return options.connectRetrySeconds * 1000;
      case "HoldTimer":
        return this.holdTimeSeconds === 0 ? largeHoldTimeMs(options) : this.holdTimeSeconds * 1000;
      case "KeepaliveTimer":
        return this.keepaliveSeconds * 1000;
      case "DelayOpenTimer":
        return options.delayOpenSeconds * 1000;
      case "IdleHoldTimer":
        return this.#dependencies.idleHold.delayMs;
      case "SendHoldTimer":
        return this.sendHoldTimeSeconds * 1000;
    }
  }

  #durationMs(timer: Exclude<FsmTimer, "SendHoldTimer">): number {
    const options = this.#dependencies.options();
    switch (timer) {
      case "ConnectRetryTimer":
        return options.connectRetrySeconds * 1000 * this.#jitter();
      case "HoldTimer":
        return this.holdTimeSeconds * 1000;
      case "KeepaliveTimer":
        return Math.max(MIN_KEEPALIVE_MS, this.keepaliveSeconds * 1000 * this.#jitter());
      case "DelayOpenTimer":
        return options.delayOpenSeconds * 1000;
      case "IdleHoldTimer":
        return this.#dependencies.idleHold.delayMs * this.#jitter();
    }
  }

  /** RFC 4271 §10; and so that peers that lost us at one moment do not all come back at one. */
  #jitter(): number {
    return 0.75 + 0.25 * this.#dependencies.random();
  }

  // The event loop runs timers before I/O: after a stall the deadline may pass with KEEPALIVEs waiting to be read. The
  // session ends only if one turn of I/O brought nothing and nothing waits. Meanwhile the timer counts as running, so
  // that stopping it (another state, another connection) also ends this.
  #holdTimerRang(): void {
    const { clock, hasUnread, expired } = this.#dependencies;
    const starts = ++this.#holdStarts;
    this.#deadlines.start("HoldTimer", HOLD_RECHECK_MS);
    clock.soon(() => {
      const isHeard = starts !== this.#holdStarts || !this.#deadlines.isRunning("HoldTimer");
      if (isHeard || hasUnread()) return;
      this.#deadlines.stop("HoldTimer");
      expired("HoldTimer");
    });
  }

  #startSendHold(): void {
    const { clock, output } = this.#dependencies;
    const now = clock.now();
    const facts = output();
    this.#sendHold = new SendHold(this.sendHoldTimeSeconds, now, facts.progress);
    this.#deadlines.start("SendHoldTimer", this.#sendHold.look(now, facts));
  }

  // As above: whether the peer takes something is known only after a turn of I/O, so the last look comes after one.
  #sendHoldTimerRang(): void {
    const { clock, output, expired } = this.#dependencies;
    const sendHold = this.#sendHold;
    if (sendHold === undefined) return;
    const waitMs = sendHold.look(clock.now(), output());
    this.#deadlines.start("SendHoldTimer", waitMs > 0 ? waitMs : HOLD_RECHECK_MS);
    if (waitMs > 0) return;
    clock.soon(() => {
      if (sendHold !== this.#sendHold || !this.#deadlines.isRunning("SendHoldTimer")) return;
      if (sendHold.look(clock.now(), output()) > 0) return;
      this.#deadlines.stop("SendHoldTimer");
      expired("SendHoldTimer");
    });
  }
}
