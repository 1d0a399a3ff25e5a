// A network in memory, driven by the FakeClock: hosts with addresses, listeners, connections. Whole speakers can be joined
// by it without sockets. Every hop takes one clock.soon; failures, silence and chunk sizes are set by the test.

import type { Alarm } from "../../src/base/clock.js";
import type { Bytes } from "../../src/base/bytes.js";
import { addressFamily, formatBytes, type IpAddress, parseAddress } from "../../src/base/ip.js";
import type {
  Connection,
  ConnectionHandler,
  ConnectOptions,
  SegmentDrops,
  SocketFailure,
  Transport,
} from "../../src/session/ports.js";
import type { Listener, ListenerFactory, ListenOptions } from "../../src/speaker/ports.js";
import type { FakeClock } from "./fake-clock.js";

const FIRST_EPHEMERAL_PORT = 40000;

interface Binding {
  readonly host: MemoryHost;
  readonly options: ListenOptions;
  readonly onConnection: (connection: Connection) => void;
}

/** Address of a literal that the test knows to be right. */
export function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
}

export class MemoryNetwork {
  readonly clock: FakeClock;
  /** Longest chunk given to onBytes. */
  chunkSize = Infinity;
  /** `write` gives false while more octets are queued. */
  highWaterMark = 64 * 1024;
  /** Every connection ever made, both ends. */
  readonly connections: MemoryConnection[] = [];
  readonly #bindings: Binding[] = [];
  readonly #hosts: MemoryHost[] = [];
  readonly #failures = new Map<string, SocketFailure | "silent">();
  readonly #frozen = new Set<string>();
  #nextPort = FIRST_EPHEMERAL_PORT;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  /** A machine with these addresses: its Transport and ListenerFactory. */
  host(...addresses: string[]): MemoryHost {
    const host = new MemoryHost(this, addresses.map(address));
    this.#hosts.push(host);
    return host;
  }

  /** Connecting to `remote` fails from now on, or gets no answer (`silent`); undefined: works again. */
  setFailure(remote: string, failure: SocketFailure | "silent" | undefined): void {
    if (failure === undefined) this.#failures.delete(remote);
    else this.#failures.set(remote, failure);
  }

  /** Nothing is delivered between two addresses, in either direction, until thaw. */
  freeze(a: string, b: string): void {
    this.#frozen.add(pairKey(a, b));
  }

  thaw(a: string, b: string): void {
    this.#frozen.delete(pairKey(a, b));
    for (const connection of this.connections) connection.pump();
  }

  isFrozen(a: IpAddress, b: IpAddress): boolean {
    return this.#frozen.has(pairKey(formatBytes(a.bytes), formatBytes(b.bytes)));
  }

  /** Open connections between two addresses, the ends that lie at `a`. */
  between(a: string, b: string): MemoryConnection[] {
    return this.connections.filter(
      (end) => end.isOpen && formatBytes(end.localAddress.bytes) === a && formatBytes(end.remoteAddress.bytes) === b,
    );
  }

  /** Resets every connection between two addresses; both ends hear of it. */
  cut(a: string, b: string): void {
    for (const end of this.between(a, b)) {
      end.fail({ code: "ECONNRESET", message: `connection reset by ${b}` });
      end.other?.fail({ code: "ECONNRESET", message: `connection reset by ${a}` });
    }
  }

  bind(binding: Binding): void {
    this.#bindings.push(binding);
  }

  unbind(binding: Binding): void {
    this.#bindings.splice(this.#bindings.indexOf(binding), 1);
  }

  connect(host: MemoryHost, options: ConnectOptions, done: (result: Connection | SocketFailure) => void): Alarm {
    let cancelled = false;
    this.clock.soon(() => {
      if (cancelled) return;
      const result = this.#open(host, options);
      if (result !== undefined) done(result);
    });
    return {
      cancel: () => {
        cancelled = true;
      },
    };
  }

  #open(host: MemoryHost, options: ConnectOptions): Connection | SocketFailure | undefined {
    const { remoteAddress, remotePort } = options;
    const remote = formatBytes(remoteAddress.bytes);
    const failure = this.#failures.get(remote);
    if (failure === "silent") return undefined;
    if (failure !== undefined) return failure;
    const binding = this.#bindings.find((candidate) => isBoundTo(candidate, remoteAddress, remotePort));
    if (binding === undefined)
      return { code: "ECONNREFUSED", message: `connection refused by ${remote} port ${remotePort}` };
    const local = options.localAddress ?? host.addressFor(remoteAddress);
    const client = new MemoryConnection(this, local, this.#nextPort++, remoteAddress, remotePort);
    const server = new MemoryConnection(this, remoteAddress, remotePort, local, client.localPort);
    client.other = server;
    server.other = client;
    this.connections.push(client, server);
    this.clock.soon(() => binding.onConnection(server));
    return client;
  }
}

function pairKey(a: string, b: string): string {
  return [a, b].sort().join(" ");
}

function isBoundTo(binding: Binding, remote: IpAddress, port: number): boolean {
  const { options, host } = binding;
  if (options.port !== port) return false;
  const owned = host.addresses.some((own) => formatBytes(own.bytes) === formatBytes(remote.bytes));
  if (!owned || options.address.bytes.length !== remote.bytes.length) return false;
  return (
    options.address.bytes.every((octet) => octet === 0) ||
    formatBytes(options.address.bytes) === formatBytes(remote.bytes)
  );
}

/** One machine. */
export class MemoryHost implements Transport, ListenerFactory {
  readonly addresses: readonly IpAddress[];
  readonly #network: MemoryNetwork;
  /** What connect was called with, in order. */
  readonly attempts: ConnectOptions[] = [];

  constructor(network: MemoryNetwork, addresses: readonly IpAddress[]) {
    this.#network = network;
    this.addresses = addresses;
  }

  connect(options: ConnectOptions, done: (result: Connection | SocketFailure) => void): Alarm {
    this.attempts.push(options);
    return this.#network.connect(this, options, done);
  }

  listen(options: ListenOptions, onConnection: (connection: Connection) => void): Promise<Listener> {
    return Promise.resolve(this.listenNow(options, onConnection));
  }

  /** Like listen, without the promise. */
  listenNow(options: ListenOptions, onConnection: (connection: Connection) => void): Listener {
    const binding = { host: this, options, onConnection };
    this.#network.bind(binding);
    return { address: options.address, port: options.port, close: () => this.#network.unbind(binding) };
  }

  /** What segmentDrops tells. */
  drops: SegmentDrops | undefined;

  segmentDrops(): SegmentDrops | undefined {
    return this.drops;
  }

  addressFor(remote: IpAddress): IpAddress {
    const own = this.addresses.find((candidate) => addressFamily(candidate) === addressFamily(remote));
    if (own === undefined) throw new Error(`host has no address to reach ${formatBytes(remote.bytes)}`);
    return own;
  }
}

interface QueuedChunk {
  readonly chunk: Bytes;
  readonly onWritten: (() => void) | undefined;
}

/** One end of a connection. */
export class MemoryConnection implements Connection {
  readonly localAddress: IpAddress;
  readonly localPort: number;
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  other: MemoryConnection | undefined;
  /** Everything that was ever written here, one entry per write. */
  readonly written: Bytes[] = [];
  isPaused = false;
  /** What setHops was called with. */
  hops: { readonly ttl: number; readonly minTtl: number | undefined } | undefined;
  /** What setHops answers. */
  hopsFailure: SocketFailure | undefined;
  readonly #network: MemoryNetwork;
  readonly #queue: QueuedChunk[] = [];
  #handler: ConnectionHandler | undefined;
  #state: "open" | "closing" | "closed" = "open";
  #failure: SocketFailure | undefined;
  #corked = false;
  #pumping = false;
  #writableLength = 0;
  #taken = 0;
  #needsDrain = false;

  constructor(network: MemoryNetwork, local: IpAddress, localPort: number, remote: IpAddress, remotePort: number) {
    this.#network = network;
    this.localAddress = local;
    this.localPort = localPort;
    this.remoteAddress = remote;
    this.remotePort = remotePort;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  get handler(): ConnectionHandler | undefined {
    return this.#handler;
  }

  set handler(handler: ConnectionHandler | undefined) {
    this.#handler = handler;
    if (handler === undefined) return;
    this.other?.pump();
    if (this.#failure !== undefined) this.#network.clock.soon(() => this.#tellFailure());
  }

  get writableLength(): number {
    return this.#writableLength;
  }

  get outputProgress(): number {
    return this.#taken;
  }

  write(chunk: Bytes, onWritten?: () => void): boolean {
    if (this.#state !== "open") return false;
    this.written.push(chunk.slice());
    this.#queue.push({ chunk, onWritten });
    this.#writableLength += chunk.length;
    this.pump();
    if (this.#writableLength <= this.#network.highWaterMark) return true;
    this.#needsDrain = true;
    return false;
  }

  cork(): void {
    this.#corked = true;
  }

  uncork(): void {
    this.#corked = false;
    this.pump();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.other?.pump();
  }

  hasUnreadBytes(): boolean {
    const { other } = this;
    if (other === undefined || this.#network.isFrozen(this.localAddress, this.remoteAddress)) return false;
    return other.#queue.length > 0;
  }

  setHops(ttl: number, minTtl: number | undefined): SocketFailure | undefined {
    this.hops = { ttl, minTtl };
    return this.hopsFailure;
  }

  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#corked = false;
    this.#handler = undefined;
    this.pump();
  }

  destroy(): void {
    if (this.#state === "closed") return;
    this.#end();
    const { other } = this;
    const message = `connection reset by ${formatBytes(this.localAddress.bytes)}`;
    this.#network.clock.soon(() => other?.fail({ code: "ECONNRESET", message }));
  }

  /** The connection breaks at this end; the handler hears of it. */
  fail(failure: SocketFailure): void {
    if (this.#state !== "open") return;
    this.#end();
    this.#failure = failure;
    this.#tellFailure();
  }

  /** Delivers what is queued to the other end, in later turns. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    this.#network.clock.soon(() => {
      this.#pumping = false;
      this.#deliver();
    });
  }

  #tellFailure(): void {
    const handler = this.#handler;
    const failure = this.#failure;
    if (handler === undefined || failure === undefined) return;
    this.#failure = undefined;
    this.#handler = undefined;
    handler.onClosed(failure);
  }

  #end(): void {
    this.#state = "closed";
    this.#queue.length = 0;
    this.#writableLength = 0;
  }

  #deliver(): void {
    const { other } = this;
    if (other === undefined || this.#corked || this.#state === "closed") return;
    if (this.#network.isFrozen(this.localAddress, this.remoteAddress)) return;
    if (other.#state === "open" && (other.#handler === undefined || other.isPaused)) return;
    const next = this.#queue.shift();
    if (next === undefined) return this.#finish();
    this.#writableLength -= next.chunk.length;
    this.#taken += next.chunk.length;
    next.onWritten?.();
    // A copy: the receiver owns what it gets, the sender may change its buffer after onWritten.
    this.#hand(other, next.chunk.slice());
    if (this.#needsDrain && this.#writableLength === 0) {
      this.#needsDrain = false;
      this.#handler?.onDrain();
    }
    this.pump();
  }

  #hand(other: MemoryConnection, bytes: Bytes): void {
    for (let at = 0; at < bytes.length; at += this.#network.chunkSize) {
      other.#handler?.onBytes(bytes.subarray(at, Math.min(bytes.length, at + this.#network.chunkSize)));
    }
  }

  #finish(): void {
    if (this.#state !== "closing") return;
    this.#end();
    this.other?.fail({ code: "closed", message: `connection closed by ${formatBytes(this.localAddress.bytes)}` });
  }
}
