// A kernel for tests, at the level of system calls: netlink sockets over a route table in memory. It answers requests and
// dumps, notifies groups, honours the port filter, and has the habits that matter: EXCL, REPLACE over foreign routes,
// IPv4 routes that vanish silently with their link, lost notifications.

import type { Bytes } from "../../src/base/bytes.js";
import { readI32 } from "../../src/base/bytes.js";
import type { Clock } from "../../src/base/clock.js";
import type { Family } from "../../src/base/family.js";
import { formatBytes, parsePrefix } from "../../src/base/ip.js";
import { eachMessage, type MessageHeader, received, RequestBuffer } from "../../src/kernel/netlink.js";
import {
  encodePath,
  encodeRoute,
  decodeRoute,
  readPath,
  RouteMessage,
  type RouteOwner,
} from "../../src/kernel/route-message.js";
import { type RouteWriter, WRITER_MEMORY_BYTES, type WriteResult } from "../../src/kernel/route-writer.js";
import type { Poll, Sys } from "../../src/native/sys.js";
import type { FibRoute } from "../../src/speaker/ports.js";

const ESRCH = 3;
const EAGAIN = 11;
const EEXIST = 17;
const ENETUNREACH = 101;
const ENOBUFS = 105;

interface Socket {
  readonly portId: number;
  readonly groups: Set<number>;
  readonly queue: (Bytes | number)[];
  ignoredPort: number | undefined;
  onReadable: (() => void) | undefined;
}

interface KernelRoute {
  readonly family: Family;
  readonly table: number;
  readonly protocol: number;
  readonly metric: number;
  readonly interfaces: readonly number[];
  /** rtmsg and attributes, as in a message of the kernel. */
  readonly payload: Bytes;
  readonly text: string;
}

interface Link {
  readonly index: number;
  readonly name: string;
  up: boolean;
}

export class SimulatedKernel implements Sys {
  readonly routes = new Map<string, KernelRoute>();
  readonly links: Link[] = [
    { index: 1, name: "lo", up: true },
    { index: 2, name: "eth0", up: true },
    { index: 3, name: "eth1", up: true },
  ];
  readonly addresses: { readonly index: number; readonly bytes: Bytes; readonly length: number }[] = [];
  /** Requests that changed or would change routes: `add 10.0.0.0/8 …`. */
  readonly requests: string[] = [];
  /** Prefixes whose creation is refused with ENETUNREACH and these words. */
  readonly refused = new Map<string, string>();
  dumps = 0;
  /** Errno that ends the next dumps of routes, while set. */
  dumpErrno = 0;
  readonly #clock: Clock;
  readonly #sockets = new Map<number, Socket>();
  readonly #message = new RouteMessage();
  #nextFd = 10;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  // ---- What other programs and people do ------------------------------------------------------------------------

  /** Writes a route as another program; `portId` 0: the kernel itself. */
  write(
    request: "add" | "replace" | "delete",
    owner: RouteOwner & { readonly metric: number },
    prefixText: string,
    route?: FibRoute,
    portId = 4242,
  ): void {
    const prefix = parsePrefix(prefixText);
    if (prefix === undefined) throw new Error(prefixText);
    const word = (i: number): number => (4 * i < prefix.bytes.length ? readI32(prefix.bytes, 4 * i) : 0);
    const words = { w0: word(0), w1: word(1), w2: word(2), w3: word(3), length: prefix.length };
    const path = route === undefined ? undefined : encodePath(prefix.family, route, (name) => this.#indexOf(name));
    if (typeof path === "string") throw new Error(path);
    const out = new RequestBuffer(new ArrayBuffer(4096));
    encodeRoute(out, request, 1, owner, prefix.family, words, route?.metric ?? owner.metric, path);
    this.#eachRequest(out.bytes.subarray(0, out.length), (bytes, message) => {
      const errno = this.#change(bytes, message, portId);
      if (errno !== 0) throw new Error(`${request} ${prefixText}: errno ${errno}`);
    });
    this.requests.pop(); // not ours
  }

  setLink(name: string, up: boolean): void {
    const link = this.links.find((candidate) => candidate.name === name);
    if (link === undefined) throw new Error(name);
    link.up = up;
    if (!up) {
      for (const [key, route] of this.routes) {
        if (route.family === 0 && route.interfaces.includes(link.index)) this.routes.delete(key);
      }
    }
    this.#notify(1, 16, linkPayload(link), 0, 0);
  }

  addLink(name: string): void {
    const link = { index: this.links.length + 1, name, up: true };
    this.links.push(link);
    this.#notify(1, 16, linkPayload(link), 0, 0);
  }

  /** Drops what is queued on notification sockets; their next read tells ENOBUFS. */
  loseNotifications(): void {
    for (const socket of this.#sockets.values()) {
      if (socket.groups.size > 0) socket.queue.splice(0, socket.queue.length, -ENOBUFS);
      this.#wake(socket);
    }
  }

  /** `10.0.0.0/8 via 192.0.2.2 if 2 proto 12`, sorted. */
  lines(): string[] {
    return [...this.routes.values()].map((route) => route.text).sort();
  }

  // ---- Sys ------------------------------------------------------------------------------------------------------

  socket(): number {
    const fd = this.#nextFd++;
    this.#sockets.set(fd, {
      portId: 1000 + fd,
      groups: new Set(),
      queue: [],
      ignoredPort: undefined,
      onReadable: undefined,
    });
    return fd;
  }

  close(fd: number): number {
    return this.#sockets.delete(fd) ? 0 : -9;
  }

  bind(): number {
    return 0;
  }

  getsockname(fd: number, address: Bytes): number {
    new DataView(address.buffer).setUint32(4, this.#socket(fd).portId, true);
    return 12;
  }

  setsockopt(fd: number, level: number, name: number, value: number | Bytes): number {
    if (level === 270 && name === 1) this.#socket(fd).groups.add(Number(value));
    return 0;
  }

  attachFilter(fd: number, program: Bytes): number {
    const swapped = new DataView(program.buffer, program.byteOffset).getUint32(8 + 4, true);
    this.#socket(fd).ignoredPort = new DataView(Uint32Array.of(swapped).buffer).getUint32(0, false);
    return 0;
  }

  send(fd: number, bytes: Bytes, offset: number, length: number): number {
    const socket = this.#socket(fd);
    this.#eachRequest(bytes.slice(offset, offset + length), (all, message) => {
      if (message.type === 24 || message.type === 25) {
        const errno = this.#change(all, message, socket.portId);
        if (errno !== 0 || (message.flags & 4) !== 0)
          socket.queue.push(answer(all, message, errno, this.#wordsOf(errno)));
      } else this.#answerDump(socket, all, message);
    });
    return length;
  }

  recvmany(fd: number, bytes: Bytes, _flags: number, room: number): number {
    const { queue } = this.#socket(fd);
    if (queue.length === 0) return -EAGAIN;
    let end = 0;
    while (queue.length > 0 && bytes.length - end >= room) {
      const next = queue[0];
      if (typeof next === "number") {
        if (end > 0) break;
        queue.shift();
        return next;
      }
      queue.shift();
      bytes.set(next, end);
      end += next.length;
    }
    return end;
  }

  readonly Poll = ((kernel: SimulatedKernel) =>
    class implements Poll {
      readonly #fd: number;
      constructor(fd: number, callback: (status: number, events: number) => void) {
        this.#fd = fd;
        kernel.#socket(fd).onReadable = () => callback(0, 1);
      }
      start(): number {
        return 0;
      }
      stop(): number {
        return 0;
      }
      ref(): void {
        this.start();
      }
      unref(): void {
        this.stop();
      }
      close(): void {
        kernel.#socket(this.#fd).onReadable = undefined;
      }
    })(this);

  connect = unused;
  listen = unused;
  accept4 = unused;
  shutdown = unused;
  fcntl = unused;
  getsockopt = unused;
  ioctl = unused;
  recv = unused;
  recvmsg = unused;
  sendv = unused;

  // ---- Inside ---------------------------------------------------------------------------------------------------

  #socket(fd: number): Socket {
    const socket = this.#sockets.get(fd);
    if (socket === undefined) throw new Error(`no socket ${fd}`);
    return socket;
  }

  #indexOf(name: string): number | undefined {
    return this.links.find((link) => link.name === name)?.index;
  }

  #eachRequest(bytes: Bytes, handle: (bytes: Bytes, message: MessageHeader) => void): void {
    if (!eachMessage(received(bytes), bytes.length, (message) => handle(bytes, message))) throw new Error("cut off");
  }

  #wordsOf(errno: number): string | undefined {
    return errno === ENETUNREACH ? "Nexthop has invalid gateway" : undefined;
  }

  /** Runs RTM_NEWROUTE or RTM_DELROUTE; gives an errno. */
  #change(bytes: Bytes, message: MessageHeader, portId: number): number {
    const route = this.#message;
    if (!decodeRoute(received(bytes), message, route)) return 22;
    const prefix = prefixText(route);
    const shown = `${prefix}${metricText(route)}`;
    const key = `${prefix} ${route.table} ${route.metric}`;
    const held = this.routes.get(key);
    const group = route.family === 0 ? 7 : 11;
    if (message.type === 25) {
      this.requests.push(`delete ${shown}`);
      const isOfProtocol = (each: KernelRoute): boolean => route.protocol === 0 || each.protocol === route.protocol;
      const exact = held !== undefined && isOfProtocol(held) ? ([key, held] as const) : undefined;
      const found =
        exact ??
        (route.family === 0 && route.metric === 0 ? this.#least(prefix, route.table, isOfProtocol) : undefined);
      if (found === undefined) return ESRCH;
      this.routes.delete(found[0]);
      this.#notify(group, 25, found[1].payload, portId, 0);
      return 0;
    }
    const isReplace = (message.flags & 0x100) !== 0;
    this.requests.push(`${isReplace ? "replace" : "add"} ${shown}`);
    if (held !== undefined && !isReplace) return EEXIST;
    const { hops } = readPath(route.path);
    const interfaces = hops.map((hop) => hop.interfaceIndex || 2);
    const isDown = interfaces.some((index) => this.links.find((link) => link.index === index)?.up !== true);
    if (this.refused.has(prefix) || isDown) return ENETUNREACH;
    const payload = withInterface(bytes.slice(message.start + 16, message.end), route);
    this.routes.set(key, {
      family: route.family,
      table: route.table,
      protocol: route.protocol,
      metric: route.metric,
      interfaces,
      payload,
      text: describe(prefix, route, interfaces),
    });
    this.#notify(group, 24, payload, portId, isReplace && held !== undefined ? 0x100 : 0x400);
    return 0;
  }

  /** Without a metric any IPv4 route of the prefix and protocol is meant, the one with the least first. */
  #least(
    prefix: string,
    table: number,
    fits: (route: KernelRoute) => boolean,
  ): readonly [string, KernelRoute] | undefined {
    const there = [...this.routes].filter(([key, route]) => key.startsWith(`${prefix} ${table} `) && fits(route));
    return there.sort(([, a], [, b]) => a.metric - b.metric).at(0);
  }

  #answerDump(socket: Socket, bytes: Bytes, message: MessageHeader): void {
    const put = (type: number, payload: Bytes): void => {
      socket.queue.push(frame(type, 2, message.sequence, socket.portId, payload));
    };
    if (message.type === 18) for (const link of this.links) put(16, linkPayload(link));
    if (message.type === 22) for (const address of this.addresses) put(20, addressPayload(address));
    if (message.type === 26) {
      this.dumps++;
      const table = new DataView(bytes.buffer, bytes.byteOffset + message.start).getUint32(16 + 12 + 4, true);
      const family = bytes[message.start + 16] === 2 ? 0 : 1;
      for (const route of this.routes.values())
        if (route.family === family && route.table === table) put(24, route.payload);
      put(3, int32(-this.dumpErrno));
      return;
    }
    put(3, int32(0));
  }

  #notify(group: number, type: number, payload: Bytes, portId: number, flags: number): void {
    for (const socket of this.#sockets.values()) {
      if (!socket.groups.has(group) || (portId !== 0 && socket.ignoredPort === portId)) continue;
      socket.queue.push(frame(type, flags, 0, portId, payload));
      this.#wake(socket);
    }
  }

  #wake(socket: Socket): void {
    this.#clock.soon(() => {
      if (socket.queue.length > 0) socket.onReadable?.();
    });
  }
}

/** Writes into a simulated kernel as the worker thread would; the test may hold back answers or lose them. */
export class SimulatedWriter implements RouteWriter {
  readonly portId: number;
  readonly memory = new SharedArrayBuffer(WRITER_MEMORY_BYTES);
  /** While true answers wait in `held`. */
  holding = false;
  /** Errno for which the next batch's answers are lost, although its requests run. */
  loseNext = 0;
  closed = false;
  readonly #kernel: SimulatedKernel;
  readonly #clock: Clock;
  readonly #fd: number;
  #held: (() => void)[] = [];

  constructor(kernel: SimulatedKernel, clock: Clock) {
    this.#kernel = kernel;
    this.#clock = clock;
    this.#fd = kernel.socket();
    this.portId = 1000 + this.#fd;
  }

  write(at: number, length: number, lastSequence: number, done: (result: WriteResult) => void): void {
    this.#kernel.send(this.#fd, new Uint8Array(this.memory).slice(at, at + length), 0, length);
    const input = new Uint8Array(1 << 20);
    const end = this.#kernel.recvmany(this.#fd, input, 0, 65536);
    const errors: number[] = [];
    const texts: string[] = [];
    let acknowledged = false;
    eachMessage(received(input), Math.max(0, end), (message) => {
      const errno = -new DataView(input.buffer).getInt32(message.start + 16, true);
      if (errno !== 0) errors.push(message.sequence, errno);
      if (errno !== 0) texts.push(errno === ENETUNREACH ? "Nexthop has invalid gateway" : "");
      acknowledged ||= message.sequence === lastSequence;
    });
    if (!acknowledged) throw new Error("the last request of the batch asks for no acknowledgement");
    const failure = this.loseNext;
    this.loseNext = 0;
    const result = failure === 0 ? { failure, errors, texts } : { failure, errors: [], texts: [] };
    if (this.holding) this.#held.push(() => done(result));
    else this.#clock.soon(() => done(result));
  }

  release(): void {
    this.holding = false;
    for (const give of this.#held.splice(0)) give();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

function unused(): number {
  throw new Error("not simulated");
}

function int32(value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}

/** A message with its header, padded. */
function frame(type: number, flags: number, sequence: number, portId: number, payload: Bytes): Bytes {
  const bytes = new Uint8Array((16 + payload.length + 3) & ~3);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 16 + payload.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  view.setUint32(12, portId, true);
  bytes.set(payload, 16);
  return bytes;
}

function attribute(type: number, value: Bytes): Bytes {
  const bytes = new Uint8Array((4 + value.length + 3) & ~3);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 4 + value.length, true);
  view.setUint16(2, type, true);
  bytes.set(value, 4);
  return bytes;
}

function join(...parts: readonly Bytes[]): Bytes {
  return Uint8Array.from(Buffer.concat(parts));
}

function answer(bytes: Bytes, message: MessageHeader, errno: number, words: string | undefined): Bytes {
  const echo = join(int32(-errno), bytes.subarray(message.start, message.start + 16));
  const text = words === undefined ? new Uint8Array(0) : attribute(1, Uint8Array.from(Buffer.from(`${words}\0`)));
  return frame(2, words === undefined ? 0x100 : 0x300, message.sequence, 0, join(echo, text));
}

function linkPayload(link: Link): Bytes {
  const head = new Uint8Array(16);
  new DataView(head.buffer).setInt32(4, link.index, true);
  new DataView(head.buffer).setUint32(8, link.up ? 0x10001 : 0, true);
  return join(head, attribute(3, Uint8Array.from(Buffer.from(`${link.name}\0`))));
}

function addressPayload(address: { readonly index: number; readonly bytes: Bytes; readonly length: number }): Bytes {
  const head = new Uint8Array(8);
  head[0] = address.bytes.length === 4 ? 2 : 10;
  head[1] = address.length;
  new DataView(head.buffer).setUint32(4, address.index, true);
  return join(head, attribute(1, address.bytes));
}

/** The kernel adds the interface that the gateway is reached by: eth0 here. */
function withInterface(payload: Bytes, route: RouteMessage): Bytes {
  const { type, hops } = readPath(route.path);
  const lacks = type === 1 && hops.length === 1 && hops[0].interfaceIndex === 0;
  return lacks ? join(payload, attribute(4, int32(2))) : payload;
}

function prefixText(route: RouteMessage): string {
  const bytes = new Uint8Array(route.family === 0 ? 4 : 16);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of [route.w0, route.w1, route.w2, route.w3].slice(0, bytes.length / 4).entries())
    view.setInt32(4 * i, word);
  return `${formatBytes(bytes)}/${route.length}`;
}

/** Where it is not what the kernel gives to a route that names none. */
function metricText({ family, metric }: RouteMessage): string {
  return metric === 0 || (family === 1 && metric === 1024) ? "" : ` metric ${metric}`;
}

function describe(prefix: string, route: RouteMessage, interfaces: readonly number[]): string {
  const { type, hops } = readPath(route.path);
  const ways = hops.map(
    (hop, i) => `${hop.gateway === undefined ? "" : `via ${formatBytes(hop.gateway)} `}if ${interfaces[i]}`,
  );
  return `${prefix} ${type === 1 ? ways.join(" + ") : `type ${type}`} proto ${route.protocol}${metricText(route)}`;
}
