// The other end of a session inside this process: a Transport whose only peer answers our OPEN, then says what it is told
// to say. No sockets, no time (RFC 4271 §8 needs neither).

import type { Alarm, Clock } from "../base/clock.js";
import type { Bytes } from "../base/bytes.js";
import { equalAddresses, type IpAddress } from "../base/ip.js";
import { MESSAGE } from "../packet/codes.js";
import { Framer } from "../packet/framing.js";
import { MAX_EXTENDED_MESSAGE_LENGTH } from "../packet/header.js";
import { KEEPALIVE_MESSAGE } from "../packet/keepalive.js";
import { decodeNotification, type Notification } from "../packet/notification.js";
import { decodeOpen, encodeOpen, type OpenMessage } from "../packet/open.js";
import type { Connection, ConnectionHandler, ConnectOptions, SocketFailure, Transport } from "../session/ports.js";

const LOCAL_PORT = 49152;

export class ScriptedPeer implements Transport {
  readonly #address: IpAddress;
  readonly #clock: Clock;
  readonly #answer: (theirs: OpenMessage) => OpenMessage;
  #connection: ScriptedConnection | undefined;

  /** `answer` makes the peer's OPEN from the one that the speaker has sent. */
  constructor(address: IpAddress, clock: Clock, answer: (theirs: OpenMessage) => OpenMessage) {
    this.#address = address;
    this.#clock = clock;
    this.#answer = answer;
  }

  /** Connects at once to the scripted peer; nobody else answers. */
  connect(options: ConnectOptions, done: (result: Connection | SocketFailure) => void): Alarm {
    let isCancelled = false;
    const isMine = equalAddresses(options.remoteAddress, this.#address);
    // One session is all there is to say: after its end the peer is gone.
    if (isMine && this.#connection === undefined) {
      const connection = new ScriptedConnection(options, this.#answer, this.#clock);
      this.#connection = connection;
      this.#clock.soon(() => {
        if (!isCancelled) done(connection);
      });
    }
    return {
      cancel: () => {
        isCancelled = true;
      },
    };
  }

  segmentDrops(): undefined {
    return undefined;
  }

  /** Why the speaker has ended the session; undefined while it has not. */
  get refusal(): Notification | "closed" | undefined {
    return this.#connection?.refusal;
  }

  /** Sends whole messages to the speaker. */
  say(message: Bytes): void {
    this.#connection?.handler?.onBytes(message);
  }
}

class ScriptedConnection implements Connection {
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  readonly localAddress: IpAddress;
  readonly localPort = LOCAL_PORT;
  readonly writableLength = 0;
  outputProgress = 0;
  handler: ConnectionHandler | undefined = undefined;
  refusal: Notification | "closed" | undefined = undefined;
  readonly #answer: (theirs: OpenMessage) => OpenMessage;
  readonly #clock: Clock;
  readonly #framer = new Framer();

  constructor(options: ConnectOptions, answer: (theirs: OpenMessage) => OpenMessage, clock: Clock) {
    this.remoteAddress = options.remoteAddress;
    this.remotePort = options.remotePort;
    this.localAddress = options.localAddress ?? { bytes: new Uint8Array(options.remoteAddress.bytes.length) };
    this.#answer = answer;
    this.#clock = clock;
    this.#framer.maxLength = MAX_EXTENDED_MESSAGE_LENGTH;
  }

  write(chunk: Bytes, onWritten?: () => void): boolean {
    this.outputProgress += chunk.length;
    this.#framer.push(chunk.slice());
    while (this.#framer.next()) this.#hear();
    if (onWritten !== undefined) this.#clock.soon(onWritten);
    return true;
  }

  cork(): void {
    // Everything is taken at once.
  }

  uncork(): void {
    // Everything is taken at once.
  }

  pause(): void {
    // The script waits for nobody: chunks may come after pause.
  }

  resume(): void {
    // Nothing was held back.
  }

  hasUnreadBytes(): boolean {
    return false;
  }

  setHops(): undefined {
    return undefined;
  }

  close(): void {
    this.refusal ??= "closed";
    this.handler = undefined;
  }

  destroy(): void {
    this.close();
  }

  #hear(): void {
    const { type, bytes, start, end } = this.#framer;
    if (type === MESSAGE.NOTIFICATION) this.refusal = decodeNotification(bytes, start, end);
    if (type !== MESSAGE.OPEN) return;
    const answer = encodeOpen(this.#answer(decodeOpen(bytes, start, end)));
    this.#clock.soon(() => {
      this.handler?.onBytes(answer);
      this.handler?.onBytes(KEEPALIVE_MESSAGE.slice());
    });
  }
}
