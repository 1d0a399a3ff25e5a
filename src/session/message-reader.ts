// Octets of one connection → whole messages, in slices of time, so that a peer with much to say does not keep the others
// waiting: the clock is read every 8 messages, after SLICE_MS the rest waits for the next turn of the event loop.
//
// This is the one place where NotificationError is caught: whoever throws it below, the peer hears of it through `fail`.

import type { Clock } from "../base/clock.js";
import type { Bytes } from "../base/bytes.js";
import { SLICE_MS } from "../base/work-queue.js";
import { Framer } from "../packet/framing.js";
import { NotificationError } from "../packet/notification.js";

const MESSAGES_PER_CLOCK_READING = 8;

export interface MessageReaderDependencies {
  readonly clock: Clock;
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
  #stopped = false;
  #running = false;
  #backlog = false;
  #held = false;

  constructor(dependencies: MessageReaderDependencies) {
    this.#dependencies = dependencies;
  }

  /** True while whole messages wait for their slice: the peer is alive whatever the hold timer says. */
  get hasBacklog(): boolean {
    return this.#backlog || this.#held;
  }

  /** Takes octets of the peer and delivers the messages they complete. The chunk is kept until they are delivered. */
  push(chunk: Bytes): void {
    if (this.#stopped) return;
    this.framer.push(chunk);
    if (!this.#backlog && !this.#running && !this.#held) this.#run();
  }

  /** Delivers nothing behind the message at hand until release(). */
  hold(): void {
    this.#held = true;
    this.#dependencies.pause();
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    if (this.#stopped) return;
    this.#dependencies.resume();
    if (!this.#backlog && !this.#running) this.#run();
  }

  /** Delivers nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#backlog = false;
  }

  #run(): void {
    const { clock, fail, turnEnded, pause, resume } = this.#dependencies;
    if (this.#stopped || this.#held) return;
    this.#running = true;
    let more = false;
    try {
      more = this.#slice(clock.now() + SLICE_MS);
    } catch (error) {
      if (!(error instanceof NotificationError)) throw error;
      this.stop();
      fail(error);
    } finally {
      this.#running = false;
    }
    if (this.#stopped || this.#held) return;
    if (more !== this.#backlog) {
      this.#backlog = more;
      if (more) pause();
      else resume();
    }
    if (more) clock.soon(() => this.#run());
    turnEnded();
  }

  // True if the time was over before the messages were.
  #slice(until: number): boolean {
    const { clock, deliver } = this.#dependencies;
    for (let count = 1; this.framer.next(); count++) {
      deliver(this.framer);
      if (this.#stopped || this.#held) return false;
      if (count % MESSAGES_PER_CLOCK_READING === 0 && clock.now() >= until) return true;
    }
    return false;
  }
}
