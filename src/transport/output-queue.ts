// What goes out on a socket: tried at once, one system call for all that belongs together; what the kernel does not take
// waits here, in order, until the socket is writable.

import type { Bytes } from "../base/bytes.js";
import type { Sys } from "../native/sys.js";

const MSG_DONTWAIT = 0x40;
const EAGAIN = -11;
const EINTR = -4;

interface Waiting {
  chunk: Bytes;
  readonly onWritten: (() => void) | undefined;
}

export class OutputQueue {
  /** Octets that the kernel has taken so far. */
  sent = 0;
  /** Octets that wait. */
  waiting = 0;
  readonly #sys: Sys;
  readonly #fd: number;
  /** Not yet tried: written while corked. */
  readonly #held: Bytes[] = [];
  #heldOctets = 0;
  #corks = 0;
  readonly #queue: Waiting[] = [];

  constructor(sys: Sys, fd: number) {
    this.#sys = sys;
    this.#fd = fd;
  }

  /** Something waits for the socket to become writable. */
  get isBlocked(): boolean {
    return this.#queue.length > 0;
  }

  /** Takes a chunk without copying it. `onWritten`: once the kernel has it and all before it; called by drain, never from
   *  here. 0 or −errno. */
  write(chunk: Bytes, onWritten: (() => void) | undefined): number {
    this.waiting += chunk.length;
    if (onWritten !== undefined || this.isBlocked) {
      this.#holdBack();
      this.#queue.push({ chunk, onWritten });
      return 0;
    }
    if (this.#corks === 0 && this.#held.length === 0) return this.#sendOne(chunk);
    this.#held.push(chunk);
    this.#heldOctets += chunk.length;
    return this.#corks === 0 ? this.flush() : 0;
  }

  /** A chunk by itself, nothing being held: what the kernel does not take waits. 0 or −errno. */
  #sendOne(chunk: Bytes): number {
    const result = this.#sys.send(this.#fd, chunk, 0, chunk.length, MSG_DONTWAIT);
    if (result < 0 && result !== EAGAIN && result !== EINTR) return result;
    const taken = Math.max(0, result);
    this.#took(taken);
    if (taken < chunk.length) {
      this.#queue.push({ chunk: taken === 0 ? chunk : chunk.subarray(taken), onWritten: undefined });
    }
    return 0;
  }

  /** Between cork and uncork nothing is sent. */
  cork(): void {
    this.#corks++;
  }

  /** 0 or −errno. */
  uncork(): number {
    return --this.#corks === 0 ? this.flush() : 0;
  }

  /** Tries what was held; the rest waits. 0 or −errno. */
  flush(): number {
    const held = this.#held;
    if (held.length === 0) return 0;
    if (this.isBlocked) {
      this.#holdBack();
      return 0;
    }
    const result = this.#sys.sendv(this.#fd, held, MSG_DONTWAIT);
    if (result < 0 && result !== EAGAIN && result !== EINTR) return result;
    const taken = Math.max(0, result);
    this.#took(taken);
    if (taken === this.#heldOctets) {
      held.length = 0;
      this.#heldOctets = 0;
    } else this.#holdBack(taken);
    return 0;
  }

  /** The socket is writable: sends what waits. Calls what is done; 0 or −errno. */
  drain(): number {
    this.flush();
    const queue = this.#queue;
    while (queue.length > 0) {
      const result = this.#sys.sendv(
        this.#fd,
        queue.map(({ chunk }) => chunk),
        MSG_DONTWAIT,
      );
      if (result === EINTR) continue;
      if (result < 0) return result === EAGAIN ? 0 : result;
      this.#took(result);
      if (!this.#remove(result)) return 0;
    }
    return 0;
  }

  #took(octets: number): void {
    this.sent += octets;
    this.waiting -= octets;
  }

  /** Takes sent octets out of the queue; false if the kernel wants no more. */
  #remove(octets: number): boolean {
    const queue = this.#queue;
    const done: (() => void)[] = [];
    while (queue.length > 0 && queue[0].chunk.length <= octets) {
      const { chunk, onWritten } = queue[0];
      octets -= chunk.length;
      if (onWritten !== undefined) done.push(onWritten);
      queue.shift();
    }
    if (octets > 0) queue[0].chunk = queue[0].chunk.subarray(octets);
    const isTaking = octets === 0 || queue.length === 0;
    for (const onWritten of done) onWritten();
    return isTaking;
  }

  /** What is held joins the queue, without the first `skip` octets. */
  #holdBack(skip = 0): void {
    for (const chunk of this.#held) {
      if (skip < chunk.length) {
        this.#queue.push({ chunk: skip === 0 ? chunk : chunk.subarray(skip), onWritten: undefined });
      }
      skip = Math.max(0, skip - chunk.length);
    }
    this.#held.length = 0;
    this.#heldOctets = 0;
  }
}
