// One end of a BGP session for the fuzzer: opens, says OPEN and KEEPALIVE, collects what comes. It understands no more than
// the lengths of messages, so that nothing of the program under test is trusted.

import { connect, type Socket } from "node:net";
import { type Bytes, readU16, toHex } from "../../src/base/bytes.js";

const HEADER = 19;
export const KEEPALIVE = Buffer.from(`${"ff".repeat(16)}001304`, "hex");

export interface FuzzPeerOptions {
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly port: number;
}

export class FuzzPeer {
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  /** Types of the messages received. */
  readonly types: number[] = [];
  /** Bodies of the UPDATEs received since they were last taken, as hexadecimal text. */
  updates: string[] = [];
  notification: string | undefined;
  isClosed = false;
  /** Called whenever something came or the connection ended. */
  onChange: () => void = () => undefined;

  constructor(options: FuzzPeerOptions) {
    this.#socket = connect({ host: options.remoteAddress, port: options.port, localAddress: options.localAddress });
    this.#socket.setNoDelay(true);
    this.#socket.on("data", (chunk: Buffer) => this.#received(chunk));
    const closed = (): void => {
      this.isClosed = true;
      this.onChange();
    };
    this.#socket.on("close", closed);
    // A reset is one way to be refused; `close` follows.
    this.#socket.on("error", () => this.#socket.destroy());
  }

  send(...messages: readonly Bytes[]): void {
    if (!this.isClosed && this.#socket.writable) this.#socket.write(Buffer.concat(messages));
  }

  end(): void {
    this.#socket.destroy();
  }

  /** Resolves when `test` holds or the connection ends; false if neither happens within `ms`. */
  async until(test: () => boolean, ms: number): Promise<boolean> {
    if (test()) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => finish(test()), ms);
      const finish = (result: boolean): void => {
        clearTimeout(timer);
        this.onChange = () => undefined;
        resolve(result);
      };
      this.onChange = () => {
        if (test() || this.isClosed) finish(test());
      };
    });
  }

  #received(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= HEADER && this.#rest.length >= readU16(this.#rest, 16)) {
      const length = Math.max(HEADER, readU16(this.#rest, 16));
      const message = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      this.types.push(message[18]);
      if (message[18] === 2) this.updates.push(toHex(message, HEADER));
      if (message[18] === 3) this.notification = `${message[19]}/${message[20]}`;
    }
    this.onChange();
  }
}
