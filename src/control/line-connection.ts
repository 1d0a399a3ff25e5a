// One client of a socket that speaks in lines: takes them one after the other, and never holds more than one answer.
//
// A client that does not read only stops itself: its socket is not read either, and what it asked for is not produced. A
// client that floods gets one line a turn, in line with all others. What a line means is the dialogue's business.

import type { Socket } from "node:net";
import { LineSplitter } from "./line-splitter.js";

/** What the lines mean. */
export interface Dialogue {
  readonly maxLineBytes: number;
  /** Lines of blanks are lines too. */
  readonly keepsEmptyLines: boolean;
  /** Answers a line by connection.write(); the next line comes when it has resolved. Never rejects. */
  answer(line: string): Promise<void>;
  /** The answer to a line that is too long; the connection ends behind it. */
  tooLong(): string;
  /** The answer to one who must make room for others. */
  crowdedOut(): string;
}

/** What a connection needs of its server. */
export interface LineHost {
  now(): number;
  /** Resolves when it is this connection's turn to work for about 2 ms. */
  turn(): Promise<void>;
  closed(connection: LineConnection): void;
}

export class LineConnection {
  readonly socket: Socket;
  readonly #host: LineHost;
  readonly #dialogue: Dialogue;
  readonly #splitter: LineSplitter;
  #working = false;
  #isTooLong = false;
  #clientEnded = false;
  #closed = false;
  #lastActive: number;
  #resumeWriting: (() => void) | undefined;

  constructor(socket: Socket, host: LineHost, open: (connection: LineConnection) => Dialogue) {
    this.socket = socket;
    this.#host = host;
    this.#lastActive = host.now();
    this.#dialogue = open(this);
    this.#splitter = new LineSplitter(this.#dialogue.maxLineBytes, this.#dialogue.keepsEmptyLines);
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("end", () => {
      this.#clientEnded = true;
      this.#splitter.end();
      void this.#work();
    });
    socket.on("drain", () => {
      this.#lastActive = host.now();
      this.#resumeWriting?.();
    });
    // The reason is of no interest: a client may go away at any moment. `close` follows.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#closed = true;
      this.#resumeWriting?.();
      host.closed(this);
    });
  }

  /** Milliseconds of Clock.now when octets last moved. */
  get lastActive(): number {
    return this.#lastActive;
  }

  /** A line is being answered. */
  get isBusy(): boolean {
    return this.#working;
  }

  /** Nothing that is written arrives any more. */
  get isGone(): boolean {
    return this.#closed || this.socket.writableEnded;
  }

  /** The client does not take what was written before. */
  get isStuck(): boolean {
    return this.socket.writableNeedDrain;
  }

  /** Between two pieces of a long answer: lets others work. */
  turn(): Promise<void> {
    return this.#host.turn();
  }

  /** Resolves when the client has taken enough of what was written before, or is gone. */
  async write(text: string): Promise<void> {
    if (this.isGone || this.socket.write(text)) return;
    await new Promise<void>((resolve) => {
      this.#resumeWriting = resolve;
    });
    this.#resumeWriting = undefined;
  }

  /** Says why, as far as the client reads, and closes. */
  crowdOut(): void {
    if (this.socket.writableLength === 0) this.socket.write(this.#dialogue.crowdedOut());
    this.close();
  }

  /** Waits for nobody: what the system has not taken yet is lost. */
  close(): void {
    if (this.socket.writableLength > 0) this.socket.destroy();
    else this.socket.destroySoon();
  }

  #onData(chunk: Buffer): void {
    this.#lastActive = this.#host.now();
    if (this.isGone || this.#isTooLong) return;
    this.#isTooLong = !this.#splitter.push(chunk);
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    this.socket.pause();
    for (;;) {
      const line = this.#splitter.next();
      if (line === undefined || this.isGone) break;
      await this.#host.turn();
      await this.#dialogue.answer(line);
    }
    this.#working = false;
    if (this.isGone) return;
    if (this.#isTooLong) {
      // Behind what was answered before, however long the client takes to read that.
      this.socket.write(this.#dialogue.tooLong());
      this.socket.destroySoon();
    } else if (this.#clientEnded) this.socket.end();
    else this.socket.resume();
  }
}
