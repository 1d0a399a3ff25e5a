// A netlink socket: opening with the options every use needs, sending, receiving, readiness. Which messages travel over
// it is the caller's business. A socket for dumps must not be shared (a second dump gives EBUSY); only one that has
// joined groups needs readable events.

import type { Bytes } from "../base/bytes.js";
import type { Poll, Sys } from "../native/sys.js";
import { describeAnswer, errnoName, KernelError } from "./kernel-error.js";
import {
  AF_NETLINK,
  eachMessage,
  LITTLE_ENDIAN,
  type MessageHeader,
  type NetlinkAnswer,
  NLMSG_DONE,
  NLMSG_ERROR,
  readAnswer,
  type Received,
  type RequestBuffer,
} from "./netlink.js";

const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const NETLINK_ROUTE = 0;

const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;

const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;

const SOCKADDR_NL_LENGTH = 12;
const UV_READABLE = 1;

export const RTNLGRP_LINK = 1;
export const RTNLGRP_IPV4_IFADDR = 5;
export const RTNLGRP_IPV4_ROUTE = 7;
export const RTNLGRP_IPV6_IFADDR = 9;
export const RTNLGRP_IPV6_ROUTE = 11;

/** No datagram of the kernel is larger: dumps use skbs of at most 32 KB. */
const DATAGRAM_ROOM = 65536;

export interface NetlinkSocketOptions {
  /** Octets the kernel may queue for us; an acknowledgement or notification counts 832. */
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes?: number;
}

export class NetlinkSocket {
  /** Identifies us in the kernel: notifications carry the port id of whoever caused them. */
  readonly portId: number;
  readonly #sys: Sys;
  readonly #fd: number;
  #poll: Poll | undefined;
  #closed = false;

  /** Opens and binds. Throws KernelError. */
  constructor(options: NetlinkSocketOptions, sys: Sys) {
    this.#sys = sys;
    this.#fd = this.#check(
      "open a netlink socket",
      sys.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE),
    );
    try {
      this.#sizeBuffer(SO_RCVBUFFORCE, SO_RCVBUF, options.receiveBufferBytes);
      this.#sizeBuffer(SO_SNDBUFFORCE, SO_SNDBUF, options.sendBufferBytes ?? 1 << 20);
      // Strict checking makes the kernel apply the filters of a dump instead of ignoring them.
      this.#option("check netlink requests strictly", NETLINK_GET_STRICT_CHK, 1);
      this.#option("ask for error texts", NETLINK_EXT_ACK, 1);
      this.#option("ask for short acknowledgements", NETLINK_CAP_ACK, 1);
      this.portId = this.#bind();
    } catch (error) {
      sys.close(this.#fd);
      throw error;
    }
  }

  /** Subscribes to a multicast group (RTNLGRP_…). Throws KernelError. */
  join(group: number): void {
    this.#option(`join netlink group ${group}`, NETLINK_ADD_MEMBERSHIP, group);
  }

  /** Drops notifications of changes that the socket with `portId` made, before they fill the receive buffer: 100,000
   *  routes of our own would overflow it. A second call replaces the filter. Throws KernelError. */
  ignoreChangesBy(portId: number): void {
    this.#check("filter netlink notifications", this.#sys.attachFilter(this.#fd, portFilter(portId)));
  }

  /** Sends octets; the kernel runs the requests before this returns. Gives their number or −errno. */
  send(bytes: Bytes, length: number): number {
    return this.#sys.send(this.#fd, bytes, 0, length, 0);
  }

  /** Receives what is queued, as much as fits. Gives the number of octets, or −errno: −EAGAIN (nothing), −ENOBUFS (the
   *  kernel dropped notifications). */
  receive(into: Received): number {
    return this.#sys.recvmany(this.#fd, into.bytes, 0, DATAGRAM_ROOM);
  }

  /** Calls `onReadable` whenever there is something to receive. At most once per socket. */
  watch(onReadable: () => void): void {
    this.#poll = new this.#sys.Poll(this.#fd, onReadable);
    this.#check("watch a netlink socket", this.#poll.start(UV_READABLE));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#poll?.close(); // before the descriptor, whose number may be given out again
    this.#sys.close(this.#fd);
  }

  /** Above the limit of rmem_max the forced form is needed, which only a privileged process may use. */
  #sizeBuffer(forced: number, plain: number, size: number): void {
    if (this.#sys.setsockopt(this.#fd, SOL_SOCKET, forced, size) < 0) {
      this.#check("size a netlink buffer", this.#sys.setsockopt(this.#fd, SOL_SOCKET, plain, size));
    }
  }

  #option(what: string, name: number, value: number): void {
    this.#check(what, this.#sys.setsockopt(this.#fd, SOL_NETLINK, name, value));
  }

  #bind(): number {
    const address = new Uint8Array(SOCKADDR_NL_LENGTH);
    const view = new DataView(address.buffer);
    view.setUint16(0, AF_NETLINK, LITTLE_ENDIAN);
    this.#check("bind a netlink socket", this.#sys.bind(this.#fd, address));
    this.#check("read the netlink port", this.#sys.getsockname(this.#fd, address, 0));
    return view.getUint32(4, LITTLE_ENDIAN);
  }

  #check(what: string, result: number): number {
    if (result < 0) throw new KernelError(what, -result);
    return result;
  }
}

/** Runs a dump to its end at once: for lists that are short by nature. Gives undefined, or in words what went wrong. */
export function dumpNow(
  socket: NetlinkSocket,
  request: RequestBuffer,
  input: Received,
  onMessage: (message: MessageHeader) => void,
): string | undefined {
  const sent = socket.send(request.bytes, request.length);
  if (sent < 0) return `cannot send a netlink request (${errnoName(-sent)})`;
  for (let answer: NetlinkAnswer | undefined; ;) {
    const end = socket.receive(input);
    if (end < 0) return `the answer of the kernel has no end (${errnoName(-end)})`;
    eachMessage(input, end, (message) => {
      if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) answer = readAnswer(input, message);
      else onMessage(message);
    });
    if (answer !== undefined) return answer.errno === 0 ? undefined : describeAnswer(answer);
  }
}

/** Classic BPF, struct sock_filter each: load nlmsg_pid; equal to portId: drop (0); else keep all. */
export function portFilter(portId: number): Bytes {
  const BPF_LD_W_ABS = 0x20;
  const BPF_JEQ_K = 0x15;
  const BPF_RET_K = 0x06;
  const NLMSG_PID_AT = 12;
  // BPF loads in network order, the header is in host order.
  const k = LITTLE_ENDIAN ? swap32(portId) : portId;
  const code = new Uint8Array(4 * 8);
  const view = new DataView(code.buffer);
  const instructions: readonly (readonly [number, number, number, number])[] = [
    [BPF_LD_W_ABS, 0, 0, NLMSG_PID_AT],
    [BPF_JEQ_K, 0, 1, k],
    [BPF_RET_K, 0, 0, 0],
    [BPF_RET_K, 0, 0, 0xffffffff],
  ];
  for (const [i, [operation, ifTrue, ifFalse, operand]] of instructions.entries()) {
    view.setUint16(i * 8, operation, LITTLE_ENDIAN);
    view.setUint8(i * 8 + 2, ifTrue);
    view.setUint8(i * 8 + 3, ifFalse);
    view.setUint32(i * 8 + 4, operand, LITTLE_ENDIAN);
  }
  return code;
}

function swap32(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
