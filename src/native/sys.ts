// The interface of our C addon (sys.c): system calls and readiness, no protocols. Every call returns a value or −errno.

import type { Bytes } from "../base/bytes.js";

/** Readiness of a file descriptor on the event loop (uv_poll). */
export interface Poll {
  /** Watches for events: 1 readable, 2 writable. Returns 0 or −errno. */
  start(events: number): number;
  stop(): number;
  ref(): void;
  unref(): void;
  /** Ends the watch; the descriptor stays open and belongs to the caller. Must be called before close(fd). */
  close(): void;
}

export interface Sys {
  socket(domain: number, type: number, protocol: number): number;
  close(fd: number): number;
  bind(fd: number, address: Bytes): number;
  connect(fd: number, address: Bytes): number;
  listen(fd: number, backlog: number): number;
  accept4(fd: number): number;
  shutdown(fd: number, how: number): number;
  fcntl(fd: number, command: number, value: number): number;
  setsockopt(fd: number, level: number, name: number, value: number | Bytes): number;
  /** Fills `value`; returns the length used. */
  getsockopt(fd: number, level: number, name: number, value: Bytes): number;
  /** Fills `address` with the local (peer = 0) or remote (peer = 1) address; returns its length. */
  getsockname(fd: number, address: Bytes, peer: number): number;
  ioctl(fd: number, request: number, argument: Bytes): number;
  send(fd: number, bytes: Bytes, offset: number, length: number, flags: number): number;
  /** `send` of several arrays, one behind another, in one call; of more than 64 the rest is not sent. */
  sendv(fd: number, arrays: readonly Bytes[], flags: number): number;
  recv(fd: number, bytes: Bytes, offset: number, length: number, flags: number): number;
  /** Receives datagrams one behind another, each at a multiple of four, until none waits or less than `room` octets are
   *  left; gives the end offset. Never blocks. −EMSGSIZE if one was longer than `room`. */
  recvmany(fd: number, bytes: Bytes, flags: number, room: number): number;
  /** `out`: Int32 name length, control length, message flags. */
  recvmsg(fd: number, bytes: Bytes, name: Bytes, control: Bytes, flags: number, out: Int32Array): number;
  attachFilter(fd: number, program: Bytes): number;
  /** Gives free memory of the C heap back to the system: 1 if there was any, 0 if not, −ENOSYS without glibc. */
  mallocTrim?(): number;
  readonly Poll: new (fd: number, callback: (status: number, events: number) => void) => Poll;
}
