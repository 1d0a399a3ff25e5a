// Drives all vectors against a speaker over TCP, all at the same time, and prints what became of them: a program of its own,
// because it must run in the namespace of the peers.
//
//   node drive.js FILE      FILE: a DriveOrder as JSON; the answer on standard output is a DriveReport

import { readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { Observer, type Reaction, VectorPeer, type Wire } from "../../vectors/scripted-peer.js";
import { VECTORS } from "../../vectors/all-vectors.js";
import type { Place } from "../../vectors/vector.js";

export interface DriveOrder {
  /** Address of the speaker under test, port 179. */
  readonly us: string;
  readonly observer: string;
  readonly peers: readonly { readonly index: number; readonly address: string; readonly place: Place }[];
  readonly timeoutMs: number;
  /** Connections that may wait for the speaker's OPEN at a time: some have a short queue for them. */
  readonly handshakes: number;
  /** False: the speaker under test knows IPv4 alone. */
  readonly hasIpv6: boolean;
}

/** Attributes of a route by type, as they pass through JSON. */
type Listed = readonly (readonly [number, string])[];

export interface DriveReport {
  readonly reactions: readonly (readonly [index: number, reaction: Exclude<Reaction, { is: "alive" }> | ListedAlive])[];
  /** Where those are that had no result in time. */
  readonly unfinished: readonly (readonly [index: number, stage: string])[];
  readonly observerFailure: string | undefined;
}

interface ListedAlive {
  readonly is: "alive";
  readonly isEstablished: boolean;
  readonly p4: Listed | undefined;
  readonly p6: Listed | undefined;
}

const RETRY_MS = 500;
const OBSERVER_PATIENCE_MS = 15_000;

interface Script {
  onBytes(chunk: Uint8Array): void;
  onClosed(): void;
}

function connect(us: string, local: string, make: (wire: Wire) => Script, onRefused: () => void): void {
  const socket = createConnection({ host: us, port: 179, localAddress: local, noDelay: true });
  let isOpen = false;
  const script = make({
    send: (bytes) => void socket.write(bytes),
    close: () => socket.end(),
    later: (ms, callback) => void setTimeout(callback, ms),
  });
  socket.on("connect", () => (isOpen = true));
  socket.on("data", (chunk) => script.onBytes(chunk));
  // A reset is followed by "close" like any other end.
  socket.on("error", (error) => process.stderr.write(`${local}: ${error.message}\n`));
  socket.on("close", () => (isOpen ? script.onClosed() : onRefused()));
}

function startObserver(order: DriveOrder): Promise<Observer> {
  const deadline = performance.now() + OBSERVER_PATIENCE_MS;
  return new Promise((resolve, reject) => {
    const attempt = (): void => {
      let observer: Observer | undefined;
      const retry = (): void => {
        if (performance.now() > deadline)
          reject(new Error(`the observer has no session: ${observer?.failure ?? "no answer"}`));
        else setTimeout(attempt, RETRY_MS);
      };
      const make = (wire: Wire): Script => {
        const made = new Observer(wire);
        observer = made;
        return made;
      };
      connect(order.us, order.observer, make, retry);
      const watch = setInterval(() => {
        if (observer?.isEstablished === true) {
          clearInterval(watch);
          resolve(observer);
        } else if (observer?.failure !== undefined) {
          clearInterval(watch);
          retry();
        }
      }, 50);
    };
    attempt();
  });
}

function listed(reaction: Reaction): DriveReport["reactions"][number][1] {
  if (reaction.is !== "alive") return reaction;
  const list = (route: ReadonlyMap<number, string> | undefined): Listed | undefined =>
    route === undefined ? undefined : [...route];
  return { ...reaction, p4: list(reaction.p4), p6: list(reaction.p6) };
}

/** The peers of all vectors, begun as fast as the speaker takes their connections. */
class Drive {
  readonly #order: DriveOrder;
  readonly #observer: Observer;
  readonly #waiting: DriveOrder["peers"][number][];
  readonly #running = new Map<number, VectorPeer>();
  readonly #reactions: DriveReport["reactions"][number][] = [];
  #handshakes = 0;
  #done: () => void = () => undefined;

  constructor(order: DriveOrder, observer: Observer) {
    this.#order = order;
    this.#observer = observer;
    this.#waiting = [...order.peers];
  }

  async run(): Promise<DriveReport> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#order.timeoutMs);
      this.#done = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#begin();
    });
    const unfinished = [...this.#running].map(([index, peer]) => [index, peer.stage] as const);
    return { reactions: this.#reactions, unfinished, observerFailure: this.#observer.failure };
  }

  #begin(): void {
    while (this.#handshakes < this.#order.handshakes) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#handshakes++;
      this.#start(next);
    }
  }

  #start({ index, address, place }: DriveOrder["peers"][number]): void {
    let isShaking = true;
    const shaken = (): void => {
      if (isShaking) this.#handshakes--;
      isShaking = false;
      this.#begin();
    };
    const finish = (reaction: Reaction): void => {
      this.#reactions.push([index, listed(reaction)]);
      this.#running.delete(index);
      shaken();
      if (this.#running.size === 0 && this.#waiting.length === 0) this.#done();
    };
    const make = (wire: Wire): Script => {
      const peer = new VectorPeer(VECTORS[index], place, wire, this.#observer, finish, this.#order.hasIpv6);
      this.#running.set(index, peer);
      return {
        onBytes: (chunk) => {
          peer.onBytes(chunk);
          if (isShaking) shaken();
        },
        onClosed: () => peer.onClosed(),
      };
    };
    const attempt = (): void => connect(this.#order.us, address, make, () => void setTimeout(attempt, RETRY_MS));
    attempt();
  }
}

/** The report with its routes as maps again. */
export function reactionsOf(report: DriveReport): ReadonlyMap<number, Reaction> {
  const routeOf = (list: Listed | undefined): ReadonlyMap<number, string> | undefined =>
    list === undefined ? undefined : new Map(list);
  return new Map(
    report.reactions.map(([index, reaction]) => [
      index,
      reaction.is === "alive" ? { ...reaction, p4: routeOf(reaction.p4), p6: routeOf(reaction.p6) } : reaction,
    ]),
  );
}

if (process.argv[2] !== undefined && process.argv[1]?.endsWith("drive.js") === true) {
  const order = JSON.parse(readFileSync(process.argv[2], "utf8")) as DriveOrder;
  const report = await new Drive(order, await startObserver(order)).run();
  process.stdout.write(JSON.stringify(report), () => process.exit(0));
}
