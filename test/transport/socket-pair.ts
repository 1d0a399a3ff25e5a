// Real connections over loopback: the system clock, the addon if it was built, and promises instead of callbacks.

import { SystemClock } from "../../src/base/clock.js";
import { SILENT_LOG } from "../../src/base/log.js";
import { loadSys } from "../../src/native/load-sys.js";
import type { Sys } from "../../src/native/sys.js";
import { type Connection, type ConnectOptions, isFailure, type SocketFailure } from "../../src/session/ports.js";
import type { Listener } from "../../src/speaker/ports.js";
import { TcpListenerFactory } from "../../src/transport/listener.js";
import { TcpTransport } from "../../src/transport/tcp.js";
import { address } from "../support/memory-network.js";

export const clock = new SystemClock();

const loaded = loadSys();
export const addon: Sys | undefined = "sys" in loaded ? loaded.sys : undefined;

/** Both ways of making sockets; the second only where the addon was built. */
export const WAYS: readonly { readonly name: string; readonly sys: Sys | undefined }[] = [
  { name: "without the addon", sys: undefined },
  ...(addon === undefined ? [] : [{ name: "with the addon", sys: addon }]),
];

export function connectOptions(port: number, changes: Partial<ConnectOptions> = {}): ConnectOptions {
  return {
    remoteAddress: address("127.0.0.1"),
    remotePort: port,
    localAddress: undefined,
    ttl: 64,
    minTtl: undefined,
    md5Key: undefined,
    device: undefined,
    ...changes,
  };
}

export function connectTo(sys: Sys | undefined, options: ConnectOptions): Promise<Connection | SocketFailure> {
  return new Promise((resolve) => new TcpTransport({ clock, sys }).connect(options, resolve));
}

export async function connected(sys: Sys | undefined, options: ConnectOptions): Promise<Connection> {
  const result = await connectTo(sys, options);
  if (isFailure(result)) throw new Error(result.message);
  return result;
}

export interface Accepting {
  readonly listener: Listener;
  /** The next connection that comes in. */
  next(): Promise<Connection>;
}

export async function listenOn(sys: Sys | undefined, host = "127.0.0.1", port = 0): Promise<Accepting> {
  const arrived: Connection[] = [];
  const waiting: ((connection: Connection) => void)[] = [];
  const factory = new TcpListenerFactory({ clock, log: SILENT_LOG, sys });
  const listener = await factory.listen({ address: address(host), port }, (connection) => {
    const waiter = waiting.shift();
    if (waiter === undefined) arrived.push(connection);
    else waiter(connection);
  });
  return {
    listener,
    next: () => {
      const connection = arrived.shift();
      return connection === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(connection);
    },
  };
}

/** What a connection was told. */
export class Log {
  readonly chunks: Uint8Array[] = [];
  failure: SocketFailure | undefined;
  drains = 0;
  readonly #waiting: { readonly test: () => boolean; readonly resolve: () => void }[] = [];

  constructor(connection: Connection) {
    connection.handler = {
      onBytes: (chunk) => {
        // It may be overwritten once we return.
        this.chunks.push(chunk.slice());
        this.#look();
      },
      onDrain: () => {
        this.drains++;
        this.#look();
      },
      onClosed: (failure) => {
        this.failure = failure;
        this.#look();
      },
    };
  }

  get received(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString("latin1");
  }

  /** Resolves when `test` holds after an event. */
  until(test: () => boolean): Promise<void> {
    if (test()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ test, resolve }));
  }

  #look(): void {
    for (const waiter of this.#waiting.filter(({ test }) => test())) {
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      waiter.resolve();
    }
  }
}
