// Connection (session/ports.ts) over a descriptor of our own: readiness from the event loop, octets by system calls of the
// addon. Node's streams cost more per message than all the rest of a small update, and a buffer for each read.
//
// Errors become words here; what happened before anyone took the connection over is kept.

import type { Alarm, Clock } from "../base/clock.js";
import type { Bytes } from "../base/bytes.js";
import type { IpAddress } from "../base/ip.js";
import type { Poll, Sys } from "../native/sys.js";
import type { Connection, ConnectionHandler, SocketFailure } from "../session/ports.js";
import type { ConnectionEnds } from "./connection-ends.js";
import { OutputQueue } from "./output-queue.js";
import { giveReadBuffer, takeReadBuffer } from "./read-buffers.js";
import { acknowledgedBytes, resetOnClose, setHops, SocketError, unreadBytes } from "./socket-options.js";
import { closedByPeer, peerFailure } from "./socket-words.js";

/** Longest time that close() spends on sending what is queued. */
const LINGER_MS = 1000;
/** From so much on that waits, write() says that the peer reads slowly. */
const HIGH_WATER = 1 << 14;

/** Chunks of up to so many octets are copied. */
const COPIED = 1 << 12;

const READABLE = 1;
const WRITABLE = 2;
const MSG_DONTWAIT = 0x40;
const SHUT_WR = 1;
const EAGAIN = -11;
const EINTR = -4;

export class PolledConnection implements Connection {
  readonly localAddress: IpAddress;
  readonly localPort: number;
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  readonly #sys: Sys;
  readonly #fd: number;
  readonly #clock: Clock;
  readonly #poll: Poll;
  readonly #output: OutputQueue;
  #handler: ConnectionHandler | undefined;
  #failure: SocketFailure | undefined;
  /** What the poll watches for. */
  #events = 0;
  #isPaused = false;
  /** write() has said that the peer reads slowly. */
  #needsDrain = false;
  /** close() was called: what is queued still goes, what comes is thrown away. */
  #isClosing = false;
  /** The descriptor is ours no longer. */
  #isOver = false;
  #linger: Alarm | undefined;
  /** Buffers of chunks that the handler has not worked off. */
  readonly #lent: Bytes[] = [];

  /** Owns `fd`, a connected stream socket that does not block, from now on. */
  constructor(sys: Sys, fd: number, ends: ConnectionEnds, clock: Clock) {
    this.#sys = sys;
    this.#fd = fd;
    this.#clock = clock;
    this.localAddress = ends.localAddress;
    this.localPort = ends.localPort;
    this.remoteAddress = ends.remoteAddress;
    this.remotePort = ends.remotePort;
    this.#output = new OutputQueue(sys, fd);
    this.#poll = new sys.Poll(fd, (status, events) => this.#ready(status, events));
  }

  get handler(): ConnectionHandler | undefined {
    return this.#handler;
  }

  set handler(handler: ConnectionHandler | undefined) {
    this.#handler = handler;
    if (handler === undefined) return;
    this.#watch();
    if (this.#failure !== undefined) this.#clock.soon(() => this.#tellFailure());
  }

  get writableLength(): number {
    return this.#output.waiting;
  }

  get outputProgress(): number {
    if (this.#isOver) return 0;
    return this.#output.sent + acknowledgedBytes(this.#sys, this.#fd);
  }

  write(chunk: Bytes, onWritten?: () => void): boolean {
    if (this.#isOver || this.#isClosing) return false;
    this.#wrote(this.#output.write(chunk, onWritten));
    this.#needsDrain ||= this.#output.waiting >= HIGH_WATER;
    return !this.#needsDrain;
  }

  cork(): void {
    this.#output.cork();
  }

  uncork(): void {
    const result = this.#output.uncork();
    if (!this.#isOver) this.#wrote(result);
  }

  pause(): void {
    this.#isPaused = true;
    this.#watch();
  }

  resume(): void {
    this.#isPaused = false;
    for (const buffer of this.#lent) giveReadBuffer(buffer);
    this.#lent.length = 0;
    this.#watch();
  }

  hasUnreadBytes(): boolean {
    return !this.#isOver && unreadBytes(this.#sys, this.#fd) > 0;
  }

  setHops(ttl: number, minTtl: number | undefined): SocketFailure | undefined {
    if (this.#isOver) return undefined;
    try {
      setHops(this.#sys, this.#fd, this.remoteAddress, ttl, minTtl);
      return undefined;
    } catch (error) {
      if (error instanceof SocketError) return { code: error.code, message: error.message };
      throw error;
    }
  }

  close(): void {
    this.#handler = undefined;
    if (this.#isOver || this.#isClosing) return;
    this.#isClosing = true;
    this.#isPaused = false;
    const result = this.#output.flush();
    if (result < 0) return this.#release();
    this.#linger = this.#clock.at(this.#clock.now() + LINGER_MS, () => this.#giveUp());
    this.#finishOutput();
  }

  destroy(): void {
    this.#handler = undefined;
    if (this.#isOver) return;
    resetOnClose(this.#sys, this.#fd);
    this.#release();
  }

  // ---- readiness ----

  #watch(): void {
    if (this.#isOver) return;
    const isReading = this.#isClosing || (this.#handler !== undefined && !this.#isPaused);
    const events = (isReading ? READABLE : 0) | (this.#output.isBlocked ? WRITABLE : 0);
    if (events === this.#events) return;
    this.#events = events;
    if (events === 0) this.#poll.stop();
    else this.#poll.start(events);
  }

  #ready(status: number, events: number): void {
    if (status < 0) {
      // The socket has an error; reading tells which. The poll has stopped by itself.
      this.#events = 0;
      this.#read(true);
      return;
    }
    if ((events & WRITABLE) !== 0) this.#drain();
    if ((events & READABLE) !== 0) this.#read(false);
  }

  /** Reads once, or until the error comes. */
  #read(untilError: boolean): void {
    do {
      if (this.#isOver) return;
      const buffer = takeReadBuffer();
      const count = this.#sys.recv(this.#fd, buffer, 0, buffer.length, MSG_DONTWAIT);
      if (count > 0) this.#deliver(buffer, count);
      else {
        giveReadBuffer(buffer);
        if (count === EINTR) continue;
        if (count === EAGAIN) return this.#watch();
        return this.#ended(count === 0 ? closedByPeer(this.remoteAddress) : this.#failureOf("read", count));
      }
    } while (untilError);
  }

  #deliver(buffer: Bytes, count: number): void {
    // While closing nobody is interested; left unread the octets would turn the FIN into a RST.
    const handler = this.#handler;
    if (count <= COPIED) {
      // Of hundreds of peers that wait for their turn each would keep a whole buffer for a few octets.
      const chunk = buffer.slice(0, count);
      giveReadBuffer(buffer);
      handler?.onBytes(chunk);
      return;
    }
    handler?.onBytes(buffer.subarray(0, count));
    if (this.#isPaused && !this.#isOver) this.#lent.push(buffer);
    else giveReadBuffer(buffer);
  }

  #drain(): void {
    const result = this.#output.drain();
    if (this.#isOver) return;
    this.#wrote(result);
    if (this.#isClosing) return this.#finishOutput();
    if (!this.#needsDrain || this.#output.waiting > 0) return;
    this.#needsDrain = false;
    this.#handler?.onDrain();
  }

  #wrote(result: number): void {
    if (result < 0) this.#failLater(result);
    else this.#watch();
  }

  /** Who writes must not be called back from within. */
  #failLater(negativeErrno: number): void {
    const failure = this.#failureOf("write", negativeErrno);
    this.#clock.soon(() => {
      // What the peer said before it broke the connection.
      this.#read(true);
      this.#ended(failure);
    });
  }

  #failureOf(what: string, negativeErrno: number): SocketFailure {
    const error = new SocketError(what, negativeErrno);
    return peerFailure(error, this.remoteAddress, this.remotePort, this.localAddress);
  }

  // ---- the end ----

  /** All is sent: so says the FIN. The peer's own is waited for. */
  #finishOutput(): void {
    if (!this.#output.isBlocked) this.#sys.shutdown(this.#fd, SHUT_WR);
    this.#watch();
  }

  #giveUp(): void {
    // The kernel would go on offering a peer that reads nothing what it has, and the peer would take the connection for alive.
    if (this.#output.isBlocked) resetOnClose(this.#sys, this.#fd);
    this.#release();
  }

  #ended(failure: SocketFailure): void {
    if (this.#isOver) return;
    this.#release();
    if (this.#isClosing) return;
    this.#failure = failure;
    this.#tellFailure();
  }

  #release(): void {
    this.#isOver = true;
    this.#linger?.cancel();
    this.#linger = undefined;
    this.#poll.close();
    this.#sys.close(this.#fd);
    this.#lent.length = 0;
  }

  #tellFailure(): void {
    const handler = this.#handler;
    const failure = this.#failure;
    if (handler === undefined || failure === undefined) return;
    this.#failure = undefined;
    this.#handler = undefined;
    handler.onClosed(failure);
  }
}
