// Connecting a descriptor of our own: the call returns at once, the event loop tells when it has come to something.

import type { Alarm, Clock } from "../base/clock.js";
import type { Sys } from "../native/sys.js";
import { type Connection, type ConnectOptions, isFailure, type SocketFailure } from "../session/ports.js";
import { endsOfDescriptor } from "./connection-ends.js";
import { PolledConnection } from "./polled-connection.js";
import { encodeSockaddr, pendingError, SocketError } from "./socket-options.js";
import { closedByPeer, peerFailure } from "./socket-words.js";

const WRITABLE = 2;
const EINPROGRESS = -115;

/** Connects `fd`, which belongs to the connection, or is closed, from now on. Calls back exactly once, in a later turn,
 *  unless cancelled. Throws nothing but what a wrong zone brings about; then `fd` is still the caller's. */
export function connectDescriptor(
  sys: Sys,
  fd: number,
  options: ConnectOptions,
  clock: Clock,
  done: (result: Connection | SocketFailure) => void,
): Alarm {
  const result = sys.connect(fd, encodeSockaddr(options.remoteAddress, options.remotePort));
  let isOver = false;
  const poll = new sys.Poll(fd, () => finish(pendingError(sys, fd)));
  const release = (): boolean => {
    if (isOver) return false;
    isOver = true;
    poll.close();
    return true;
  };
  const finish = (error: number): void => {
    if (!release()) return;
    const outcome = error === 0 ? opened(sys, fd, options, clock) : failed(error, options);
    if (isFailure(outcome)) sys.close(fd);
    done(outcome);
  };
  if (result === 0 || result === EINPROGRESS) poll.start(WRITABLE);
  else clock.soon(() => finish(result));
  return {
    cancel: () => {
      if (release()) sys.close(fd);
    },
  };
}

function opened(sys: Sys, fd: number, options: ConnectOptions, clock: Clock): Connection | SocketFailure {
  const ends = endsOfDescriptor(sys, fd);
  return ends === undefined ? closedByPeer(options.remoteAddress) : new PolledConnection(sys, fd, ends, clock);
}

function failed(negativeErrno: number, options: ConnectOptions): SocketFailure {
  const error = new SocketError("connect", negativeErrno);
  return peerFailure(error, options.remoteAddress, options.remotePort, options.localAddress);
}
