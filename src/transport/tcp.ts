// Transport (session/ports.ts) over TCP: outgoing connections with source address, TTL, GTSM, MD5 and device.
//
// With the addon the socket is ours from the beginning; without it Node's own connect serves peers that need none of this,
// and the others are told so. Incoming connections: listener.ts.

import { connect, type Socket } from "node:net";
import type { Alarm, Clock } from "../base/clock.js";
import { formatBytes, type IpAddress } from "../base/ip.js";
import type { Sys } from "../native/sys.js";
import type { Connection, ConnectOptions, SegmentDrops, SocketFailure, Transport } from "../session/ports.js";
import { endsOf, NodeConnection } from "./node-connection.js";
import { connectDescriptor } from "./polled-connect.js";
import { SegmentDropCounters } from "./segment-drops.js";
import { check, encodeSockaddr, openSocket, requiresAddon, setConnectOptions } from "./socket-options.js";
import { addonMissing, closedByPeer, peerFailure, type RawError } from "./socket-words.js";

export interface TransportDependencies {
  readonly clock: Clock;
  /** Undefined: the addon is missing. */
  readonly sys: Sys | undefined;
}

type Done = (result: Connection | SocketFailure) => void;

export class TcpTransport implements Transport {
  readonly #dependencies: TransportDependencies;
  readonly #drops: SegmentDropCounters;

  constructor(dependencies: TransportDependencies) {
    this.#dependencies = dependencies;
    this.#drops = new SegmentDropCounters(dependencies.clock);
  }

  connect(options: ConnectOptions, done: Done): Alarm {
    const { clock, sys } = this.#dependencies;
    const missing = sys === undefined ? requiresAddon(options) : undefined;
    if (missing !== undefined) return later(clock, () => done(addonMissing(missing)));
    try {
      return sys === undefined ? this.#await(plainSocket(options), options, done) : this.#connectBy(sys, options, done);
    } catch (error) {
      const failure = failureOf(error, options);
      return later(clock, () => done(failure));
    }
  }

  segmentDrops(): SegmentDrops | undefined {
    return this.#drops.read();
  }

  #connectBy(sys: Sys, options: ConnectOptions, done: Done): Alarm {
    const { remoteAddress, localAddress } = options;
    const fd = openSocket(sys, remoteAddress);
    try {
      setConnectOptions(sys, fd, options);
      if (localAddress !== undefined) check("bind", sys.bind(fd, encodeSockaddr(localAddress, 0)));
      return connectDescriptor(sys, fd, options, this.#dependencies.clock, done);
    } catch (error) {
      sys.close(fd);
      throw error;
    }
  }

  #await(socket: Socket, options: ConnectOptions, done: Done): Alarm {
    let isOver = false;
    const finish = (result: Connection | SocketFailure): void => {
      if (isOver) return;
      isOver = true;
      done(result);
    };
    // Kept on after a cancel: a late error must not bring the process down.
    socket.on("error", (error) => finish(failureOf(error, options)));
    socket.once("connect", () => {
      if (isOver) return;
      const ends = endsOf(socket);
      if (ends !== undefined) return finish(new NodeConnection(socket, ends, this.#dependencies.clock));
      socket.destroy();
      finish(closedByPeer(options.remoteAddress));
    });
    return {
      cancel: () => {
        if (isOver) return;
        isOver = true;
        socket.destroy();
      },
    };
  }
}

function plainSocket(options: ConnectOptions): Socket {
  const { remoteAddress, remotePort, localAddress } = options;
  return connect({
    host: hostText(remoteAddress),
    port: remotePort,
    noDelay: true,
    ...(localAddress === undefined ? {} : { localAddress: hostText(localAddress) }),
  });
}

function hostText(address: IpAddress): string {
  const text = formatBytes(address.bytes);
  return address.zone === undefined ? text : `${text}%${address.zone}`;
}

function failureOf(error: unknown, options: ConnectOptions): SocketFailure {
  if (!(error instanceof Error)) throw error;
  const raw: RawError = error;
  return peerFailure(raw, options.remoteAddress, options.remotePort, options.localAddress);
}

function later(clock: Clock, run: () => void): Alarm {
  let cancelled = false;
  clock.soon(() => {
    if (!cancelled) run();
  });
  return {
    cancel: () => {
      cancelled = true;
    },
  };
}
