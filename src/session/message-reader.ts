// Octets of one connection → whole messages, in slices of time, so that a peer with much to say does not keep the others
// waiting: all connections share what a turn of the event loop has for reading (TurnBudget). The clock is read every 8
// messages, or sooner where they are long; when the time is used up the rest waits for a later turn.
//
// This is the one place where NotificationError is caught: whoever throws it below, the peer hears of it through `fail`.

import type { Clock } from "../base/clock.js";
import type { Bytes } from "../base/bytes.js";
import { TurnBudget } from "../base/turn-budget.js";
import { MESSAGE } from "../packet/codes.js";
import { Framer } from "../packet/framing.js";
import { NotificationError } from "../packet/notification.js";

const MESSAGES_PER_CLOCK_READING = 8;
/** Octets between two readings: a thousand prefixes. */
const OCTETS_PER_CLOCK_READING = 4096;

export interface MessageReaderDependencies {
  readonly clock: Clock;
  /** What all connections share; absent: this one has its own. */
  readonly turns?: TurnBudget | undefined;
  /** One message: `framer` shows type and body. May stop the reader. */
  readonly deliver: (framer: Framer) => void;
  /** The peer broke the protocol. The reader has stopped. */
  readonly fail: (error: NotificationError) => void;
  /** The messages at hand, or a slice of them, were delivered. */
  readonly turnEnded: () => void;
  readonly pause: () => void;
  readonly resume: () => void;
}

export class MessageReader {
  readonly framer = new Framer();
  readonly #dependencies: MessageReaderDependencies;
  readonly #turns: TurnBudget;
  #stopped = false;
  #running = false;
  /** Its place in line is taken: messages wait for a later turn. */
  #isWaiting = false;
  #held = false;
  /** The socket is not read, and what it gave last stays as it is. */
  #isPaused = false;

  constructor(dependencies: MessageReaderDependencies) {
    this.#dependencies = dependencies;
    this.#turns = dependencies.turns ?? new TurnBudget(dependencies.clock);
  }

  /** True while whole messages wait for their slice: the peer is alive whatever the hold timer says. */
  get hasBacklog(): boolean {
    return this.#isWaiting || this.#held;
  }

  /** Takes octets of the peer and delivers the messages they complete. The chunk must stay as it is until this returns, or
   *  until `resume` where it has called `pause`: then messages wait. */
  push(chunk: Bytes): void {
    if (this.#stopped) return;
    this.framer.push(chunk);
    if (this.#running || this.#held || this.#isWaiting) return;
    if (this.#turns.isUsedUp) this.#wait();
    else this.#run();
  }

  /** Delivers nothing behind the message at hand until release(). */
  hold(): void {
    this.#held = true;
    this.#pause();
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    // What waits for its turn, or is being delivered, resumes when that is over.
    if (!this.#stopped && !this.#isWaiting && !this.#running) this.#run();
  }

  /** Delivers nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#isWaiting = false;
  }

  /** The connection is over: of what waits for its turn only a NOTIFICATION counts, for it says why. */
  finish(): void {
    if (this.#stopped) return;
    try {
      while (this.framer.next()) {
        if (this.framer.type !== MESSAGE.NOTIFICATION) continue;
        this.#dependencies.deliver(this.framer);
        break;
      }
    } catch (error) {
      // A broken message at the end of a connection that is broken itself.
      if (!(error instanceof NotificationError)) throw error;
    }
    this.stop();
  }

  #wait(): void {
    this.#isWaiting = true;
    this.#pause();
    this.#turns.wait(() => {
      if (this.#stopped) return;
      this.#isWaiting = false;
      this.#run();
    });
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#dependencies.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#dependencies.resume();
  }

  #run(): void {
    const { fail, turnEnded } = this.#dependencies;
    if (this.#stopped || this.#held) return;
    this.#running = true;
    let more = false;
    try {
      more = this.#slice(this.#turns.until);
    } catch (error) {
      if (!(error instanceof NotificationError)) throw error;
      this.stop();
      fail(error);
    } finally {
      this.#running = false;
    }
    if (this.#stopped || this.#held) return;
    if (more) this.#wait();
    else this.#resume();
    turnEnded();
  }

  // True if the time was over before the messages were.
  #slice(until: number): boolean {
    const { clock, deliver } = this.#dependencies;
    const { framer } = this;
    let messages = 0;
    let octets = 0;
    while (framer.next()) {
      octets += framer.end - framer.start;
      deliver(framer);
      if (this.#stopped || this.#held) return false;
      if (++messages < MESSAGES_PER_CLOCK_READING && octets < OCTETS_PER_CLOCK_READING) continue;
      if (clock.now() >= until) return true;
      messages = octets = 0;
    }
    return false;
  }
}
