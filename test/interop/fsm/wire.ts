// One TCP connection of a scripted peer: sends octets as told and hands out what comes, message by message. Messages are
// put together by hand here, so that nothing of the program under test judges itself.

import { connect, createServer, type Server, type Socket } from "node:net";

export const MARKER = "ff".repeat(16);
export const KEEPALIVE = message(4, "");
/** No withdrawn routes, no attributes, no NLRI: End-of-RIB of IPv4. */
export const UPDATE = message(2, "00000000");
export const ROUTE_REFRESH = message(5, "00010001");

const TYPES: Readonly<Record<number, string>> = {
  1: "OPEN",
  2: "UPDATE",
  3: "NOTIFICATION",
  4: "KEEPALIVE",
  5: "REFRESH",
};

function hex(value: number, octets: number): string {
  return value.toString(16).padStart(2 * octets, "0");
}

/** A message with a right header; `body` in hexadecimal. */
export function message(type: number, body: string): string {
  return `${MARKER}${hex(19 + body.length / 2, 2)}${hex(type, 1)}${body}`;
}

export function notification(code: number, subcode: number, data = ""): string {
  return message(3, `${hex(code, 1)}${hex(subcode, 1)}${data}`);
}

export interface OpenFields {
  readonly version?: number;
  readonly as?: number;
  readonly holdTimeSeconds?: number;
  /** Four octets in hexadecimal. */
  readonly identifier?: string;
  /** Capabilities as code and value in hexadecimal. */
  readonly capabilities?: readonly (readonly [number, string])[];
  /** Optional parameters as they are, instead of capabilities. */
  readonly parameters?: string;
}

/** An OPEN of AS 65009, Hold Time 90, identifier 10.0.0.99; IPv4 unicast and ROUTE-REFRESH, unless said otherwise. */
export function open(fields: OpenFields = {}): string {
  const capabilities = fields.capabilities ?? [
    [1, "00010001"],
    [2, ""],
  ];
  const list = capabilities.map(([code, value]) => `${hex(code, 1)}${hex(value.length / 2, 1)}${value}`).join("");
  const parameters = fields.parameters ?? (list === "" ? "" : `02${hex(list.length / 2, 1)}${list}`);
  const { version = 4, as = 65009, holdTimeSeconds = 90, identifier = "0a000063" } = fields;
  const fixed = `${hex(version, 1)}${hex(as, 2)}${hex(holdTimeSeconds, 2)}${identifier}`;
  return message(1, `${fixed}${hex(parameters.length / 2, 1)}${parameters}`);
}

/** What came: a message, or the end of the connection (`closed`, `reset`). */
export interface Heard {
  /** `OPEN`, `KEEPALIVE`, `NOTIFICATION 6/7`, `closed` … */
  readonly text: string;
  /** Behind the header, in hexadecimal; of a NOTIFICATION its data. */
  readonly body: string;
  /** Milliseconds of performance.now(). */
  readonly at: number;
}

export class Wire {
  readonly #socket: Socket;
  readonly #heard: Heard[] = [];
  readonly #waiting: (() => void)[] = [];
  #rest = Buffer.alloc(0);

  /** `isReset`: the connection is over already. */
  constructor(socket: Socket, isReset = false) {
    this.#socket = socket;
    if (isReset) this.#add("reset", "");
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#take(chunk));
    socket.on("end", () => this.#add("closed", ""));
    socket.on("error", () => this.#add("reset", ""));
  }

  send(...messages: readonly string[]): void {
    this.#socket.write(Buffer.from(messages.join(""), "hex"));
  }

  /** The next thing that comes; `nothing` after `timeoutMs`. */
  async next(timeoutMs = 5000): Promise<Heard> {
    const deadline = performance.now() + timeoutMs;
    while (this.#heard.length === 0) {
      const left = deadline - performance.now();
      if (left <= 0) return { text: "nothing", body: "", at: performance.now() };
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return this.#heard.shift() ?? { text: "nothing", body: "", at: performance.now() };
  }

  /** The next thing that is no KEEPALIVE and no UPDATE. */
  async nextEvent(timeoutMs = 5000): Promise<Heard> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const heard = await this.next(Math.max(1, deadline - performance.now()));
      if (heard.text !== "KEEPALIVE" && heard.text !== "UPDATE") return heard;
    }
  }

  /** From now on nothing is taken. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** FIN. */
  close(): void {
    this.#socket.end();
  }

  /** RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 19) {
      const length = this.#rest.readUInt16BE(16);
      if (this.#rest.length < length) return;
      const type = this.#rest[18];
      const body = this.#rest.subarray(19, length);
      this.#rest = this.#rest.subarray(length);
      if (type === 3) this.#add(`NOTIFICATION ${body[0]}/${body[1]}`, body.toString("hex", 2));
      else this.#add(TYPES[type] ?? `type ${type}`, body.toString("hex"));
    }
  }

  #add(text: string, body: string): void {
    this.#heard.push({ text, body, at: performance.now() });
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** A peer with an address of its own on the loopback network. */
export class ScriptedPeer {
  readonly address: string;
  readonly #port: number;
  readonly #subject: { readonly address: string; readonly port: number };
  readonly #wires: Wire[] = [];
  readonly #arrived: Wire[] = [];
  readonly #waiting: ((wire: Wire) => void)[] = [];
  #server: Server | undefined;
  /** When each connection of the subject came in. */
  readonly arrivals: number[] = [];

  constructor(address: string, port: number, subject: { readonly address: string; readonly port: number }) {
    this.address = address;
    this.#port = port;
    this.#subject = subject;
  }

  /** A connection to the subject. */
  connect(): Promise<Wire> {
    const { address, port } = this.#subject;
    return new Promise((resolve, reject) => {
      const socket = connect({ host: address, port, localAddress: this.address });
      // A subject that refuses may be quicker than our own event loop: the connection was there, and is reset already.
      const failed = (error: NodeJS.ErrnoException): void => {
        if (error.code === "ECONNRESET") resolve(this.#keep(socket, true));
        else reject(error);
      };
      socket.once("error", failed);
      socket.once("connect", () => {
        socket.off("error", failed);
        resolve(this.#keep(socket));
      });
    });
  }

  /** From now on the subject can connect. */
  async listen(): Promise<void> {
    const server = createServer((socket) => {
      this.arrivals.push(performance.now());
      const wire = this.#keep(socket);
      const waiter = this.#waiting.shift();
      if (waiter === undefined) this.#arrived.push(wire);
      else waiter(wire);
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, this.address, resolve);
    });
  }

  /** The next connection that the subject makes. */
  async accept(timeoutMs = 15_000): Promise<Wire> {
    const wire = this.#arrived.shift();
    if (wire !== undefined) return wire;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.address}: the subject did not connect`)), timeoutMs);
      this.#waiting.push((next) => {
        clearTimeout(timer);
        resolve(next);
      });
    });
  }

  /** No more connections; those that exist stay. */
  stopListening(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  end(): void {
    this.stopListening();
    for (const wire of this.#wires) wire.destroy();
  }

  #keep(socket: Socket, isReset = false): Wire {
    const wire = new Wire(socket, isReset);
    this.#wires.push(wire);
    return wire;
  }
}
