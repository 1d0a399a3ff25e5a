// ListenerFactory (speaker/ports.ts) over TCP: listening sockets, one per address, IPv4 and IPv6 apart.
//
// With the addon sockets are ours: options per child and MD5 keys on a live listener are possible. Without it
// net.createServer does. Who is allowed to connect is the speaker's business.

import { createServer, type Socket } from "node:net";
import type { Clock } from "../base/clock.js";
import { formatBytes, type IpPrefix } from "../base/ip.js";
import type { Log } from "../base/log.js";
import type { Poll, Sys } from "../native/sys.js";
import type { Connection } from "../session/ports.js";
import type { Listener, ListenerFactory, ListenOptions, Md5KeyProblem } from "../speaker/ports.js";
import { endsOfDescriptor } from "./connection-ends.js";
import { endsOf, NodeConnection } from "./node-connection.js";
import { PolledConnection } from "./polled-connection.js";
import { findPortHolder } from "./port-holder.js";
import {
  check,
  encodeSockaddr,
  openSocket,
  optionMemoryBytes,
  portOf,
  setListenOptions,
  setMd5Key,
  setStreamOptions,
  SocketError,
} from "./socket-options.js";
import { listenWords, type RawError } from "./socket-words.js";

/** A node of a large mesh is called by thousands at a time after a restart. */
const BACKLOG = 4096;
const POLL_READABLE = 1;
/** Connections accepted in one turn; the rest waits for the next one. */
const ACCEPTS_PER_TURN = 64;
const SOCKADDR_MAX_LENGTH = 28;
/** Pause after a failure of accept that will not go away by itself. */
const ACCEPT_PAUSE_MS = 100;

export interface ListenerDependencies {
  readonly clock: Clock;
  readonly log: Log;
  /** Undefined: the addon is missing. */
  readonly sys: Sys | undefined;
}

type OnConnection = (connection: Connection) => void;

export class TcpListenerFactory implements ListenerFactory {
  readonly #dependencies: ListenerDependencies;

  constructor(dependencies: ListenerDependencies) {
    this.#dependencies = dependencies;
  }

  /** Port 0 lets the kernel choose; the listener tells which. Rejects with Error whose message is for people. */
  async listen(options: ListenOptions, onConnection: OnConnection): Promise<Listener> {
    const { sys, clock, log } = this.#dependencies;
    try {
      return sys === undefined
        ? await listenPlain(options, onConnection, clock)
        : new SysListener(options, onConnection, sys, clock, log);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const raw: RawError = error;
      const holder = raw.code === "EADDRINUSE" ? findPortHolder(options.port) : undefined;
      throw new Error(listenWords(raw, options.address, options.port, holder), { cause: error });
    }
  }
}

function listenPlain(options: ListenOptions, onConnection: OnConnection, clock: Clock): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true }, (socket) => hand(socket, clock, onConnection));
    server.once("error", reject);
    const host = formatBytes(options.address.bytes);
    server.listen({ host, port: options.port, backlog: BACKLOG, ipv6Only: true }, () => {
      server.off("error", reject);
      const bound = server.address();
      const port = typeof bound === "object" && bound !== null ? bound.port : options.port;
      resolve({ address: options.address, port, close: () => server.close() });
    });
  });
}

function hand(socket: Socket, clock: Clock, onConnection: OnConnection): void {
  const ends = endsOf(socket);
  if (ends === undefined) {
    socket.destroy(); // reset before we came to look at it
    return;
  }
  onConnection(new NodeConnection(socket, ends, clock));
}

class SysListener implements Listener {
  readonly address: Listener["address"];
  readonly port: number;
  readonly #sys: Sys;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #fd: number;
  readonly #poll: Poll;
  readonly #onConnection: OnConnection;
  #isOpen = true;

  /** Throws SocketError. */
  constructor(options: ListenOptions, onConnection: OnConnection, sys: Sys, clock: Clock, log: Log) {
    this.address = options.address;
    this.#sys = sys;
    this.#clock = clock;
    this.#log = log;
    this.#onConnection = onConnection;
    this.#fd = openListening(sys, options);
    const name = new Uint8Array(SOCKADDR_MAX_LENGTH);
    sys.getsockname(this.#fd, name, 0);
    this.port = portOf(name);
    this.#poll = new sys.Poll(this.#fd, () => this.#acceptAll());
    this.#poll.start(POLL_READABLE);
  }

  setMd5Key(prefix: IpPrefix, key: string | undefined): Md5KeyProblem | undefined {
    if (prefix.bytes.length !== this.address.bytes.length) return undefined;
    try {
      setMd5Key(this.#sys, this.#fd, prefix, key);
      return undefined;
    } catch (error) {
      // A password that is too long is the matter of its own session.
      if (error instanceof RangeError) return { words: error.message };
      if (!(error instanceof SocketError)) throw error;
      // Deleting a key that is not there is no failure: ENOENT.
      if (key === undefined && error.code === "ENOENT") return undefined;
      if (error.code !== "ENOMEM") return { words: error.message };
      return { words: `${error.message}: too many keys`, optionMemoryBytes: optionMemoryBytes() };
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#poll.close();
    this.#sys.close(this.#fd);
  }

  #acceptAll(): void {
    for (let count = 0; count < ACCEPTS_PER_TURN && this.#isOpen; count++) {
      const fd = this.#sys.accept4(this.#fd);
      if (fd < 0) return this.#acceptFailed(fd);
      this.#take(fd);
    }
  }

  #take(fd: number): void {
    const sys = this.#sys;
    try {
      setStreamOptions(sys, fd, this.address);
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      this.#log.warn("connection not accepted", { reason: error.message });
      sys.close(fd);
      return;
    }
    const ends = endsOfDescriptor(sys, fd);
    // Reset before we came to look at it.
    if (ends === undefined) sys.close(fd);
    else this.#onConnection(new PolledConnection(sys, fd, ends, this.#clock));
  }

  #acceptFailed(negativeErrno: number): void {
    const error = new SocketError("accept", negativeErrno);
    // A peer that hung up while it waited is its own matter.
    if (error.code === "EAGAIN" || error.code === "ECONNABORTED" || error.code === "EINTR") return;
    // Out of descriptors or memory: the poll would call again at once, for nothing.
    this.#log.error("cannot accept connections", { reason: error.message, port: this.port });
    this.#poll.stop();
    this.#clock.at(this.#clock.now() + ACCEPT_PAUSE_MS, () => {
      if (this.#isOpen) this.#poll.start(POLL_READABLE);
    });
  }
}

/** A descriptor that listens; the caller closes it. Throws SocketError. */
function openListening(sys: Sys, options: ListenOptions): number {
  const fd = openSocket(sys, options.address);
  try {
    setListenOptions(sys, fd, options.address);
    check("bind", sys.bind(fd, encodeSockaddr(options.address, options.port)));
    check("listen", sys.listen(fd, BACKLOG));
    return fd;
  } catch (error) {
    sys.close(fd);
    throw error;
  }
}
